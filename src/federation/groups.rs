//! Groups that a sign-in brings, where the directory's settings let it.

use super::{admit::Attempt, graph, provider::Provider};
use crate::{
    access::{Permit, perm::Provision},
    directories::SignIn,
    error::Result,
    gate::arrival::{Groups, grouping, put},
    protocol::oidc::Claims,
    users::User,
};
use serde_json::{Value, json};

/// Puts the person into the groups that the sign-in lists; says in `seen` what was done, or why nothing was. A directory
/// that cannot be asked keeps nobody out: what they had stays.
///
/// # Errors
/// As [`put`].
pub(super) async fn listed(
    a: &Attempt<'_>,
    permit: &Permit<Provision>,
    (s, provider): (&SignIn, &Provider),
    claims: &Claims,
    user: &User,
    seen: &mut Value,
) -> Result<()> {
    let ids = match grouping(s, claims, user) {
        None => return Ok(()),
        Some(Groups::These(ids)) => ids,
        Some(Groups::Kept(why)) => {
            seen["groups"] = json!({ "kept": why });
            return Ok(());
        }
        Some(Groups::Asked) => match graph::groups(a.app, s, provider, claims).await {
            Ok(ids) => ids,
            Err(e) => {
                tracing::warn!(directory = %a.up.directory, error = ?e, "a person's groups cannot be asked for");
                let why = e.operator_text().unwrap_or(e.detail());
                seen["groups"] = json!({ "kept": "they could not be asked for", "why": why });
                return Ok(());
            }
        },
    };
    let done = put(&a.app.store, permit, user, &ids).await?;
    seen["groups"] = json!({
        "listed": ids.len(), "came": done.came, "left": done.left, "odd": done.odd,
    });
    Ok(())
}
