//! The provisioning log, its replay, and the health of directories.

mod health;
mod large;
mod log;
mod raw;
mod redact;
mod replay;
mod room;

use crate::support::{TestServer, server::Scim};
use reqwest::Method;
use serde_json::{Value, json};

/// Sets how a directory's provisioning behaves.
pub async fn set(server: &TestServer, scim: &Scim, provisioning: Value) {
    let body = json!({ "provisioning": provisioning });
    server.as_owner(Method::PATCH, &at(scim, ""), Some(body)).await.expect(200);
}

/// An address of a directory in the API.
fn at(scim: &Scim, rest: &str) -> String {
    format!("/api/v1/tenants/{}/directories/{}{rest}", scim.tenant, scim.directory)
}

/// The entries of a directory that are asked for, newest first.
async fn log(server: &TestServer, scim: &Scim, query: &str) -> Vec<Value> {
    let page = server.get(&at(scim, &format!("/log{query}"))).await.expect(200).json();
    page["items"].as_array().expect("items").clone()
}

/// The newest entry, whole.
pub async fn newest(server: &TestServer, scim: &Scim) -> Value {
    let id = log(server, scim, "?limit=1").await[0]["id"].as_str().expect("an id").to_owned();
    server.get(&at(scim, &format!("/log/{id}"))).await.expect(200).json()
}

/// A PATCH body of these operations.
fn patch(ops: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": ops })
}
