//! What is read from files, and what is said about them.

use std::time::Duration;

use peegeeq_domain::time::Timestamp;
use rcgen::{CertificateParams, KeyPair};

use super::*;

fn contents(setting: &'static str, text: &str) -> Contents {
    Contents { setting, path: "/etc/it.pem".into(), bytes: text.as_bytes().to_vec() }
}

fn made() -> (String, String) {
    let key = KeyPair::generate().expect("a key");
    let parameters = CertificateParams::new(vec!["m.example".to_owned(), "10.0.0.1".to_owned()]).expect("parameters");
    (parameters.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

fn read(chain: &str, key: &str) -> Result<Pair, String> {
    Pair::read(&contents("cert", chain), &contents("key", key))
}

#[test]
fn a_pair_tells_its_names() {
    let (chain, key) = made();
    assert_eq!(read(&chain, &key).expect("a pair").facts.names, ["m.example", "10.0.0.1"]);
}

#[test]
fn what_is_wrong_with_a_pair_is_told() {
    let ((chain, key), (_, other)) = (made(), made());
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (chain, key, said) in [
        (chain.as_str(), other.as_str(), "is not the key of the certificate in"),
        (chain.as_str(), chain.as_str(), "holds no private key"),
        (chain.as_str(), encrypted, "protected by a password"),
        (key.as_str(), key.as_str(), "holds no certificate"),
        ("", key.as_str(), "holds no certificate"),
        (broken, key.as_str(), "no X.509 certificate"),
    ] {
        let sentence = read(chain, key).expect_err(said);
        assert!(sentence.contains(said) && sentence.contains("/etc/it.pem"), "{sentence}");
    }
}

#[test]
fn it_is_to_be_renewed_some_days_before_its_end_or_in_its_last_quarter() {
    const DAY: i64 = 86_400_000;
    let facts = |days: i64| Facts {
        not_before: Timestamp::from_epoch_millis(0),
        not_after: Timestamp::from_epoch_millis(days * DAY),
        names: Vec::new(),
    };
    let at = |days: i64, facts: &Facts| facts.standing(Timestamp::from_epoch_millis(days * DAY), Duration::from_secs(30 * 86_400));
    let year = facts(365);
    assert_eq!(at(334, &year), Standing::Good);
    assert_eq!(at(335, &year), Standing::Ending { days: 30 });
    assert_eq!(at(365, &year), Standing::Ending { days: 0 });
    assert_eq!(at(366, &year), Standing::Expired);
    assert_eq!(at(-1, &year), Standing::Early);
    let week = facts(8);
    assert_eq!((at(5, &week), at(6, &week)), (Standing::Good, Standing::Ending { days: 2 }));
    let said = week.complaint(Timestamp::from_epoch_millis(7 * DAY), Duration::MAX);
    assert_eq!(said.as_deref(), Some("expires in 1 day, on 1970-01-09T00:00:00.000Z: renew it"));
}
