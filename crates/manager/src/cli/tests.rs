//! Command lines as people type them.

use super::*;
use crate::config;

fn parsed(line: &str) -> Result<Invocation, Report> {
    parse(line.split(' ').map(OsString::from))
}

fn invocation(line: &str) -> Invocation {
    parsed(line).unwrap_or_else(|report| panic!("{line}: {}", report.errors))
}

#[test]
fn nothing_means_serve() {
    assert_eq!(invocation("prog"), Invocation { command: Command::Serve, settings: RawArgs::default() });
}

#[test]
fn the_port_stands_before_or_after_the_command() {
    for line in ["prog 9191", "prog serve 9191", "prog 9191 serve", "prog -Dregion=eu 9191", "prog 9191 serve 9191"] {
        let invocation = invocation(line);
        assert_eq!((invocation.command, invocation.settings.port.as_deref()), (Command::Serve, Some("9191")), "{line}");
    }
    let demo = invocation("prog demo --instances 5 --seed 7 9191");
    assert_eq!(demo.command, Command::Demo { instances: 5, seed: Some(7) });
    assert_eq!(demo.settings.port.as_deref(), Some("9191"));
    assert_eq!(invocation("prog demo --instances 5").settings.port, None);
    assert_eq!(invocation("prog config print 9191 --json").settings.port.as_deref(), Some("9191"));
    assert_eq!(parsed("prog 9191 serve 9192").map_err(|report| report.code), Err(2));
}

#[test]
fn a_port_that_is_none_is_left_to_the_settings() {
    let settings = invocation("prog 99999").settings;
    let faults = config::load(&settings, &|_| None, std::path::Path::new("/nonexistent")).expect_err("no port");
    assert!(faults[0].to_string().starts_with("service.port is '99999' on the command line (port argument)"), "{}", faults[0]);
}

#[test]
fn settings_stand_before_and_after_the_command() {
    let line = "prog -Da=1 config print --json -Db=2 --config other.json -Xmx2g";
    let invocation = invocation(line);
    assert_eq!(invocation.command, Command::ConfigPrint { json: true });
    assert_eq!(invocation.settings.defines.len(), 2);
    assert_eq!(invocation.settings.config_file, Some("other.json".into()));
    assert_eq!(invocation.settings.java_options, ["-Xmx2g"]);
}

#[test]
fn every_command_is_reached() {
    let cases = [
        ("prog demo", Command::Demo { instances: 3, seed: None }),
        ("prog config check", Command::ConfigCheck { json: false }),
        ("prog openapi", Command::Openapi),
        ("prog token hash --name ops --role read", Command::TokenHash { name: "ops".to_owned(), role: Role::Read }),
        ("prog health", Command::Health { url: None }),
        ("prog health http://a:9090", Command::Health { url: Some("http://a:9090".to_owned()) }),
    ];
    for (line, command) in cases {
        assert_eq!(invocation(line).command, command, "{line}");
    }
}

#[test]
fn what_cannot_be_understood_is_met_with_advice() {
    let cases = [
        ("prog sevre", "'sevre' is neither a command nor a port; did you mean serve?"),
        ("prog mvn", "the commands are serve, demo"),
        ("prog --health.check.interval=5", "settings are written -Dhealth.check.interval=value"),
        ("prog -Dfoo", "-Dfoo has no value; write -Dkey=value"),
        ("prog demo --instances 0", "1..=500"),
        ("prog --nonsense", "--nonsense"),
    ];
    for (line, advice) in cases {
        let report = parsed(line).expect_err("not understood");
        assert_eq!((report.code, report.output.as_str()), (2, ""), "{line}");
        assert!(report.errors.contains(advice), "{line}: {}", report.errors);
    }
}

#[test]
fn help_lists_every_setting() {
    let help = parsed("prog --help").expect_err("help");
    assert_eq!((help.code, help.errors.as_str()), (0, ""));
    assert!(help.output.contains("health.check.interval [10000]") && help.output.contains("Examples:"));
    let short = parsed("prog -h").expect_err("help").output;
    assert!(short.lines().count() < 50 && short.contains("--help also lists the settings"), "{short}");
    assert_eq!(parsed("prog --version").expect_err("version").code, 0);
}

#[test]
fn faults_are_reported_together_with_the_exit_code_for_configurations() {
    let settings = invocation("prog -Dfoo=1 -Dbar=2").settings;
    let loaded = config::load(&settings, &|_| None, std::path::Path::new("/nonexistent"));
    for report in [config_print(&loaded, true), config_check(&loaded, false)] {
        assert_eq!((report.code, report.output.as_str()), (78, ""));
        assert!(report.errors.starts_with("the configuration has 2 faults, nothing was started:\n  - unknown setting foo"));
    }
    let json: serde_json::Value = serde_json::from_str(&config_check(&loaded, true).output).expect("JSON");
    assert_eq!(json["ok"], false);
    assert_eq!(json["faults"][1]["setting"], "bar");
}

#[test]
fn a_sound_configuration_is_printed_and_its_warnings_beside_it() {
    let settings = invocation("prog -Xmx2g").settings;
    let loaded = config::load(&settings, &|_| None, std::path::Path::new("/nonexistent"));
    let report = config_check(&loaded, false);
    assert_eq!((report.code, report.output.as_str()), (0, "the configuration has no faults\n"));
    assert!(report.errors.starts_with("warning: -Xmx2g:"));
    assert!(config_print(&loaded, false).output.contains("service.port"));
}
