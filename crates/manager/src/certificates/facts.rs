//! What a certificate says of itself.

use std::time::Duration;

use peegeeq_domain::time::Timestamp;
use rustls_pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::clock;

/// More names than this are not told.
const NAMES_MAX: usize = 20;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// The facts that people need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The first moment at which it is valid.
    pub not_before: Timestamp,
    /// The last moment at which it is valid.
    pub not_after: Timestamp,
    /// The names and addresses it is for.
    pub names: Vec<String>,
}

/// How a certificate stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Valid, and not to be renewed yet.
    Good,
    /// Not valid yet.
    Early,
    /// To be renewed: so many whole days are left.
    Ending {
        /// Days.
        days: i64,
    },
    /// No longer valid.
    Expired,
}

impl Facts {
    /// Reads them from the first certificate of a chain. The error says why it is no certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, String> {
        let (_, read) = X509Certificate::from_der(certificate).map_err(|error| format!("it is no X.509 certificate: {error}"))?;
        let moment = |seconds: i64| Timestamp::from_epoch_millis(seconds.saturating_mul(1000));
        let (from, to) = (read.validity().not_before, read.validity().not_after);
        Ok(Self { not_before: moment(from.timestamp()), not_after: moment(to.timestamp()), names: names(&read) })
    }

    /// Time left at `now`; below zero once it has expired.
    pub fn left_millis(&self, now: Timestamp) -> i64 {
        self.not_after.epoch_millis().saturating_sub(now.epoch_millis())
    }

    /// How it stands at `now`. It is to be renewed `warning` before its end, or in the last quarter of its life if that is shorter, so
    /// that certificates of a few days are not complained about from their first.
    pub fn standing(&self, now: Timestamp, warning: Duration) -> Standing {
        let left = self.left_millis(now);
        let life = self.not_after.epoch_millis().saturating_sub(self.not_before.epoch_millis());
        let warning = i64::try_from(warning.as_millis()).unwrap_or(i64::MAX).min(life / 4);
        if left < 0 {
            Standing::Expired
        } else if now.epoch_millis() < self.not_before.epoch_millis() {
            Standing::Early
        } else if left <= warning {
            Standing::Ending { days: left / DAY }
        } else {
            Standing::Good
        }
    }

    /// The same in steps that are worth telling anew: at 30, 7 and 1 days, and at the end.
    pub fn step(&self, now: Timestamp, warning: Duration) -> Standing {
        match self.standing(now, warning) {
            Standing::Ending { days } => Standing::Ending { days: [1, 7].into_iter().find(|step| days < *step).unwrap_or(30) },
            other => other,
        }
    }

    /// The same as the end of a sentence about the certificate; `None` while it is good.
    pub fn complaint(&self, now: Timestamp, warning: Duration) -> Option<String> {
        match self.standing(now, warning) {
            Standing::Good => None,
            Standing::Early => Some(format!("is valid only from {}: is a clock wrong?", clock::iso(self.not_before))),
            Standing::Ending { days: 0 } => Some(format!("expires within a day, on {}: renew it", clock::iso(self.not_after))),
            Standing::Ending { days } => {
                let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
                Some(format!("expires in {days}, on {}: renew it", clock::iso(self.not_after)))
            }
            Standing::Expired => Some(format!("expired on {}: renew it", clock::iso(self.not_after))),
        }
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(alternative)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    alternative.value.general_names.iter().filter_map(name).take(NAMES_MAX).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string());
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(|bytes| std::net::IpAddr::from(bytes).to_string())).ok()
}
