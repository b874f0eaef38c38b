//! The answers against their own description: no field without a description, none described that is not there.

use std::collections::BTreeSet;

use peegeeq_testkit::World;
use serde_json::Value;

use super::cluster::{Cluster, instance, pair, settings};
use crate::api::federation::routes;

/// Keys that are there only for some requests.
const SOMETIMES: [&str; 4] = ["ignoredParameters", "page", "pageSize", "totalPages"];

struct Description(Value);

impl Description {
    fn named(&self, reference: &str) -> &Value {
        &self.0["components"]["schemas"][reference.rsplit('/').next().unwrap_or_default()]
    }

    /// Goes through references and alternatives with null.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.named(reference);
        }
        let alternatives = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        alternatives.iter().find(|schema| schema["type"] != "null").map_or(schema, |schema| self.resolved(schema))
    }

    fn properties<'a>(&'a self, schema: &'a Value, into: &mut Vec<(&'a str, &'a Value)>) {
        let schema = self.resolved(schema);
        let own = schema["properties"].as_object().into_iter().flatten();
        into.extend(own.map(|(name, schema)| (name.as_str(), schema)));
        schema["allOf"].as_array().into_iter().flatten().for_each(|part| self.properties(part, into));
    }

    fn compare(&self, at: &str, value: &Value, schema: &Value, found: &mut Vec<String>) {
        match value {
            Value::Array(elements) => {
                let of = &self.resolved(schema)["items"];
                elements.iter().take(3).for_each(|element| self.compare(&format!("{at}[]"), element, of, found));
            }
            Value::Object(fields) => {
                let mut properties = Vec::new();
                self.properties(schema, &mut properties);
                if properties.is_empty() || properties.iter().any(|(name, _)| *name == "sourceInstanceId") {
                    return;
                }
                let described: BTreeSet<&str> = properties.iter().map(|(name, _)| *name).collect();
                let there: BTreeSet<&str> = fields.keys().map(String::as_str).collect();
                found.extend(there.difference(&described).map(|name| format!("{at}.{name} is not described")));
                let absent = described.difference(&there).filter(|name| !SOMETIMES.contains(name));
                found.extend(absent.map(|name| format!("{at}.{name} is described and absent")));
                for (name, schema) in properties {
                    self.compare(&format!("{at}.{name}"), &fields.get(name).cloned().unwrap_or_default(), schema, found);
                }
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn answers_are_as_described() {
    let cluster = Cluster::of(settings());
    let (a, _b) = pair(&cluster).await;
    cluster.see_setups("a", &a, |setup| setup.missing = true);
    let mut dead = instance(World::empty()).await;
    cluster.add("dead", &dead).await;
    dead.stop().await;
    let description = Description(serde_json::to_value(routes().into_openapi()).expect("a document"));
    let paths = description.0["paths"].as_object().expect("paths").clone();
    assert_eq!(paths.len(), 15);
    let mut found = Vec::new();
    for (path, operations) in paths.iter().filter(|(path, _)| path.contains("federat")) {
        let body = cluster.ok(path).await;
        description.compare(path, &body, &operations["get"]["responses"]["200"]["content"]["application/json"]["schema"], &mut found);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
