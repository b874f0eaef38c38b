//! What the guide tells a user to type and to write, unchanged but for the address.

use std::process::Command;

use peegeeq_testkit::{Dialect, World};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Cluster, Launch, Plan, node, source};

fn contract(name: &str) -> String {
    source::read(&source::repository().join("contract/guide").join(name))
}

#[tokio::test]
async fn the_settings_of_the_guides_file_are_known() {
    let checked = Launch::command(&["config", "check"]).file("config.json", contract("config.json")).run().await;
    assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""), "its Consul is used too");
}

#[tokio::test]
async fn every_option_of_the_guide_is_accepted() {
    let options = [
        "-Denvironment=production",
        "-Dregion=us-east-1",
        "-Dload.balancing.strategy=round_robin",
        "-Dhealth.check.interval=10000",
        "-Dhealth.check.timeout=5000",
        "-Dhealth.max.failures=3",
        "-Dhealth.retry.interval=30000",
        "-Dmetrics.enabled=true",
        "-Dmetrics.reporting.interval=60",
        "-Dmetrics.jvm.enabled=true",
        "-Dmetrics.export.format=prometheus",
        "-Dlogging.level.root=INFO",
        "-Dlogging.level.dev.mars.peegeeq.servicemanager=DEBUG",
        "-Dlogging.level.io.vertx.ext.consul=WARN",
        "-Dlogging.level.io.vertx.ext.web=DEBUG",
        "-Dlogging.file.name=logs/service-manager.log",
        "-Dlogging.file.max-size=100MB",
        "-Dlogging.file.max-history=30",
        "-Dlogging.pattern.console=%d{HH:mm:ss.SSS} [%thread] %-5level %logger{36} - %msg%n",
        "-Dhttp.client.max.pool.size=100",
        "-Drequest.timeout=15000",
        "-Dconnection.timeout=5000",
        "-Xmx2g",
        "-Xms1g",
        "-XX:+UseG1GC",
    ];
    let launch = options.iter().fold(Launch::command(&["config", "check"]), |launch, option| launch.arg(option));
    let checked = launch.run().await;
    assert_eq!(checked.code, Some(0), "{}", checked.err);
}

#[tokio::test]
async fn the_load_test_of_the_guide_registers_a_hundred() {
    let manager = Launch::serve().start().await;
    let script = format!(
        r#"for i in {{1..100}}; do
  curl -s -o /dev/null -X POST {}/api/v1/instances/register \
    -H "Content-Type: application/json" \
    -d "{{\"instanceId\":\"test-$i\",\"host\":\"localhost\",\"port\":$((8080+i))}}" &
done
wait"#,
        manager.base()
    );
    match Command::new("bash").args(["-c", &format!("command -v curl >/dev/null || exit 42\n{script}")]).status() {
        Ok(status) if status.code() == Some(42) => eprintln!("not run: the load test of the guide: curl is not on PATH"),
        status => {
            assert!(status.is_ok_and(|status| status.success()));
            assert_eq!(manager.ids().await.len(), 100);
        }
    }
    manager.signal(Signal::TERM);
    assert_eq!(manager.finish().await.code, Some(0));
}

/// The guide's class, then these lines, as one program.
fn run_class(cluster: &Cluster, lines: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("client.mjs");
    std::fs::write(&script, format!("{}\n{lines}\nprocess.exit(0);\n", contract("client.js"))).expect("a script");
    let output = node::run(&script, &[&cluster.app.base()]);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

const EVERY_METHOD: &str = r"
const client = new PeeGeeQServiceManagerClient(process.argv[2]);
const show = (name, value) => console.log(JSON.stringify({name, value}));
show('registerInstance', await client.registerInstance({instanceId: 'web 01', host: '127.0.0.1', port: 1, environment: 'test'}));
show('getAllInstances', await client.getAllInstances());
show('filtered', await client.getAllInstances({environment: 'production', status: 'healthy'}));
show('getInstance', await client.getInstance('peegeeq-a'));
show('checkInstanceHealth', await client.checkInstanceHealth('peegeeq-a'));
show('getFederatedOverview', await client.getFederatedOverview());
show('getFederatedQueues', await client.getFederatedQueues());
show('getFederatedConsumerGroups', await client.getFederatedConsumerGroups());
show('getFederatedEventStores', await client.getFederatedEventStores());
show('getFederatedMetrics', await client.getFederatedMetrics());
show('getInstanceOverview', await client.getInstanceOverview('peegeeq-a'));
show('getInstanceQueues', await client.getInstanceQueues('peegeeq-a'));
show('getInstanceMetrics', await client.getInstanceMetrics('peegeeq-a'));
show('getServiceHealth', await client.getServiceHealth());
show('deregisterInstance', await client.deregisterInstance(encodeURIComponent('web 01')));
show('error', await client.getInstance('nosuch').catch(error => error.message));
const polled = await new Promise(resolve => client.startPolling(resolve, 60000));
show('polled', polled);
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_of_the_guides_class_works() {
    if !node::node_or_not_run("every_method_of_the_guides_class_works") {
        return;
    }
    let cluster = Cluster::start(Plan::new(), Dialect::Guide, vec![World::sample("alpha")]).await;
    let shown = run_class(&cluster, EVERY_METHOD);
    let value = |name: &str| {
        shown.iter().find(|line| line["name"] == name).map(|line| &line["value"]).unwrap_or_else(|| panic!("{name}: {shown:?}"))
    };
    assert_eq!(value("registerInstance")["instanceId"], "web 01");
    assert_eq!((&value("getAllInstances")["count"], &value("filtered")["count"]), (&json!(2), &json!(1)));
    assert_eq!(value("getInstance")["instance"]["status"], "healthy");
    assert_eq!(value("checkInstanceHealth")["healthData"]["status"], "UP");
    assert_eq!(value("getFederatedOverview")["aggregatedData"]["totalMessages"], 42);
    assert_eq!(value("getFederatedQueues")["queueCount"], 2);
    assert_eq!(value("getFederatedConsumerGroups")["groupCount"], 3);
    assert_eq!(value("getFederatedEventStores")["eventStoreCount"], 2);
    assert!(value("getFederatedMetrics")["metrics"]["system"].is_object());
    for name in ["getInstanceOverview", "getInstanceQueues", "getInstanceMetrics"] {
        assert!(value(name).is_object(), "{name}");
    }
    assert_eq!(value("getServiceHealth")["status"], "UP");
    assert_eq!(value("deregisterInstance")["message"], "Instance unregistered successfully");
    assert_eq!(value("error"), "HTTP 404: instance 'nosuch' is not registered");
    assert!(value("polled")["instances"]["count"].is_u64());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guides_examples_of_use_work() {
    if !node::node_or_not_run("the_guides_examples_of_use_work") {
        return;
    }
    let cluster = Cluster::start(Plan::new(), Dialect::Guide, vec![World::sample("alpha")]).await;
    let usage =
        contract("client-usage.js").replace("new PeeGeeQServiceManagerClient()", "new PeeGeeQServiceManagerClient(process.argv[2])");
    run_class(&cluster, &usage);
    let row = cluster.app.row("peegeeq-web-01").await;
    assert_eq!((&row["host"], &row["metadata"]["role"]), (&json!("web-server-01.example.com"), &json!("primary")));
}
