//! Is this installation well?

use super::call::{Call, Reply};
use crate::{
    checks::{self, Finding, Status},
    error::Result,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What to try besides the checks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    /// Send a letter to this address.
    #[serde(default)]
    send_test_mail: Option<String>,
}

/// What the checks found.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Told {
    /// Whether nothing failed.
    ok: bool,
    /// Each check, in order.
    checks: Vec<Finding>,
}

pub(super) async fn examine(c: Call) -> Result<Reply> {
    let permit = c.global().await?;
    let ask: Ask = c.json()?;
    let mut checks = checks::examine(&c.app, &permit, true).await;
    if let Some(to) = &ask.send_test_mail {
        checks.push(checks::test_mail(&c.app, &permit, to).await);
    }
    Reply::ok(Told { ok: checks.iter().all(|f| f.status != Status::Fail), checks })
}
