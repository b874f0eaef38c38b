//! New files without a restart: looked at now and then, and when asked. What cannot be used changes nothing and is told.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::load::{Loaded, files};
use super::{CertificateStatus, ServerTls};
use crate::certificates::{Contents, Standing};
use crate::clock;
use crate::tasks::Tasks;

/// How often the certificate's age is looked at when the files are not.
const AGE_EVERY: Duration = Duration::from_secs(60);

/// What was seen at the last look, to tell a pair that is being written from one that is wrong.
#[derive(Default)]
struct Seen {
    files: Option<Vec<Contents>>,
    fault: Option<String>,
    standing: Option<Standing>,
}

/// Follows the files until the tasks stop.
pub async fn follow(tls: Arc<ServerTls>, tasks: Tasks) {
    let stop = tasks.stop_signal();
    let mut seen = Seen::default();
    tls.loaded.load().tell_oddities(&tls.settings);
    loop {
        tell_age(&tls.status(), &tls, &mut seen);
        let interval = tls.settings.reload_interval;
        let is_asked = tokio::select! {
            () = stop.cancelled() => return,
            () = tls.asked.notified() => true,
            () = tokio::time::sleep(if interval.is_zero() { AGE_EVERY } else { interval }) => false,
        };
        if is_asked || !interval.is_zero() {
            let (looking, was) = (tls.clone(), std::mem::take(&mut seen));
            // A disk that hangs must not hold up anything else.
            let looked = tasks.short_blocking(move || look(&looking, was, is_asked)).await;
            seen = looked.unwrap_or_default();
        }
    }
}

/// Looks at the files, and takes them if they are new and good.
fn look(tls: &ServerTls, mut seen: Seen, is_asked: bool) -> Seen {
    tls.looked_at.store(clock::wall().epoch_millis(), Ordering::Relaxed);
    let read = files(&tls.settings);
    if read.as_ref().is_ok_and(|files| *files == tls.loaded.load().files) {
        if tls.fault.swap(None).is_some() {
            tracing::info!("the certificate's files are again those in use");
        } else if is_asked {
            tracing::info!("the certificate's files have not changed");
        }
        return Seen { standing: seen.standing, ..Seen::default() };
    }
    let now = read.as_ref().ok().cloned();
    match read.and_then(|files| Loaded::of(&tls.settings, files)) {
        Ok(loaded) => {
            take(tls, loaded);
            Seen::default()
        }
        // The two files are rarely written in one moment: what is wrong is told when it is still the same at the next look.
        Err(fault) if !is_asked && (seen.fault.as_ref() != Some(&fault) || seen.files != now) => {
            Seen { files: now, fault: Some(fault), standing: seen.standing }
        }
        Err(fault) => {
            if tls.fault.load().as_deref() != Some(&fault) {
                metrics::counter!("peegeeq_server_certificate_reloads_total", "outcome" => "refused").increment(1);
                tracing::error!("the new files of the certificate cannot be used, the earlier certificate is kept: {fault}");
                tls.fault.store(Some(Arc::new(fault.clone())));
            }
            (seen.files, seen.fault) = (now, Some(fault));
            seen
        }
    }
}

fn take(tls: &ServerTls, loaded: Loaded) {
    let until = clock::iso(loaded.facts.not_after);
    let names = loaded.facts.names.join(", ");
    loaded.tell_oddities(&tls.settings);
    tls.loaded.store(Arc::new(loaded));
    tls.fault.store(None);
    metrics::counter!("peegeeq_server_certificate_reloads_total", "outcome" => "taken").increment(1);
    tracing::info!("new connections get the new certificate from {}, valid until {until}, for {names}", tls.settings.cert_file.display());
}

/// Shows the age, and tells the log when it gets worse: at 30, 7 and 1 days, and at the end.
fn tell_age(status: &CertificateStatus, tls: &ServerTls, seen: &mut Seen) {
    let now = clock::wall();
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; milliseconds of centuries stay below 2^53")]
    metrics::gauge!("peegeeq_server_certificate_expiry_seconds").set(status.facts.left_millis(now) as f64 / 1000.0);
    metrics::gauge!("peegeeq_server_certificate_reload_failed").set(if tls.fault.load().is_some() { 1.0 } else { 0.0 });
    let standing = status.facts.step(now, tls.settings.expiry_warning);
    if seen.standing.replace(standing) == Some(standing) {
        return;
    }
    let Some(complaint) = status.facts.complaint(now, tls.settings.expiry_warning) else { return };
    let file = status.file.display();
    match standing {
        Standing::Expired => tracing::error!("the certificate in {file} {complaint}; it is shown all the same, and clients will refuse it"),
        _ => tracing::warn!("the certificate in {file} {complaint}"),
    }
}
