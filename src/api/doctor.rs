//! Is this installation well?

use super::answer::{Shown, With};
use crate::{
    checks::{self, Finding, Status},
    error::Result,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What to try besides the checks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AskDoctor")]
#[schemars(example = json!({ "send_test_mail": "you@example.com" }))]
pub(super) struct Ask {
    /// Send a letter to this address.
    #[serde(default)]
    send_test_mail: Option<String>,
}

/// What the checks found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Health")]
pub(super) struct Told {
    /// Whether nothing failed.
    ok: bool,
    /// Each check, in order.
    checks: Vec<Finding>,
}

pub(super) async fn examine(c: With<Ask>) -> Result<Shown<Told>> {
    let permit = c.global().await?;
    let ask = c.json()?;
    let mut checks = checks::examine(&c.app, &permit, true).await;
    if let Some(to) = &ask.send_test_mail {
        checks.push(checks::test_mail(&c.app, &permit, to).await);
    }
    Ok(Shown::of(Told { ok: checks.iter().all(|f| f.status != Status::Fail), checks }))
}
