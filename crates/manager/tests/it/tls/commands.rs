//! The command line and the Rust client over HTTPS.

use crate::support::tls::Authority;
use crate::support::{Launch, Plan};

#[tokio::test]
async fn commands_speak_https_to_a_manager_of_an_own_authority() {
    let authority = Authority::new("ours");
    let app = Plan::new().secure(&authority).start().await;
    let server = format!("--server={}", app.base());
    let command = |words: &[&str]| Launch::command(words).file("ca.pem", authority.pem()).arg(&server);
    let good = command(&["instances", "list", "--ca-file", "ca.pem"]).run().await;
    assert_eq!(good.code, Some(0), "{good:?}");
    let by_variable = command(&["instances", "list"]).variable("PEEGEEQ_CA_FILE", "ca.pem").run().await;
    assert_eq!(by_variable.code, Some(0), "{by_variable:?}");
    let unknown = command(&["instances", "list"]).run().await;
    assert_eq!(unknown.code, Some(5), "{unknown:?}");
    assert!(unknown.err.contains("authority that is not known here") && unknown.err.contains("--ca-file"), "{unknown:?}");
    let plain = Launch::command(&["instances", "list"]).arg(&format!("--server={}", app.address())).run().await;
    assert!(plain.err.contains("use https://"), "{plain:?}");
}

#[tokio::test]
async fn a_context_remembers_the_authority() {
    let authority = Authority::new("ours");
    let app = Plan::new().secure(&authority).start().await;
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("ca.pem"), authority.pem()).expect("a file");
    let (home, ca) = (home.path().display().to_string(), home.path().join("ca.pem").display().to_string());
    let set = Launch::command(&["context", "set", "safe", "--server", &app.base(), "--ca-file", &ca]).variable("XDG_CONFIG_HOME", &home);
    let set = set.run().await;
    assert_eq!(set.code, Some(0), "{set:?}");
    let listed = Launch::command(&["instances", "list"]).variable("XDG_CONFIG_HOME", &home).run().await;
    assert_eq!(listed.code, Some(0), "{listed:?}");
}

#[tokio::test]
async fn a_containers_check_knows_the_manager_by_its_certificate() {
    let (ours, others) = (Authority::new("ours"), Authority::new("others"));
    let made = ours.pair_of(|parameters| parameters.subject_alt_names.clear());
    let launch = |made: &crate::support::tls::Made, words: &[&str]| {
        let launch = Launch::command(words).file("cert.pem", &made.cert).file("key.pem", &made.key);
        launch.arg("-Dserver.tls.cert.file=cert.pem").arg("-Dserver.tls.key.file=key.pem")
    };
    let manager = launch(&made, &["serve", "-Dservice.port=0", "-Dregistry.backend=embedded"]).start().await;
    let port = manager.base().rsplit(':').next().expect("a port").to_owned();
    let port = format!("-Dservice.port={port}");
    let asked = launch(&made, &["health", &port]).run().await;
    assert_eq!(asked.code, Some(0), "{asked:?}");
    let another = launch(&others.pair(), &["health", &port]).run().await;
    assert_eq!(another.code, Some(1), "{another:?}");
}

#[tokio::test]
async fn the_doctor_looks_at_certificates() {
    let authority = Authority::new("ours");
    let app = Plan::new().secure_with(&authority, &authority.pair_for(-300, 5)).start().await;
    let doctor = Launch::command(&["doctor", "--ca-file", "ca.pem"]).file("ca.pem", authority.pem());
    let finished = doctor.arg(&format!("--server={}", app.base())).run().await;
    assert!(finished.out.contains("expires in 4 days"), "{finished:?}");
}
