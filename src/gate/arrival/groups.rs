//! Groups that a sign-in lists. Unknown is never empty: a claim that is missing, or that cannot be read, leaves everything as
//! it was.

use crate::{
    access::{Permit, perm::Provision},
    directories::SignIn,
    error::{Error, Kind, Result},
    groups::{self, claimed},
    protocol::oidc::{Claims, Preset},
    store::Store,
    users::User,
};
use serde_json::Value;

/// What a token says of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// Nothing.
    Absent,
    /// Something that is no list of texts.
    Malformed,
    /// That there are more than it has room for (Entra).
    Elsewhere,
    /// Exactly these.
    These(Vec<String>),
}

/// Reads the claim `name`. A list beside the mark that there are more is half a list.
pub fn listed(preset: Preset, claims: &Claims, name: &str) -> Listed {
    let elsewhere = claims.rest.get("_claim_names").and_then(|n| n.get(name)).is_some()
        || name == "groups" && claims.rest.get("hasgroups") == Some(&Value::Bool(true));
    match claims.rest.get(name) {
        _ if elsewhere => Listed::Elsewhere,
        None => Listed::Absent,
        Some(Value::Array(all)) if all.len() <= claimed::MOST => {
            let texts: Option<Vec<String>> =
                all.iter().map(|v| v.as_str().map(str::to_owned)).collect();
            texts.map_or(Listed::Malformed, Listed::These)
        }
        // AD FS writes a list of one as that one.
        Some(Value::String(one)) if preset == Preset::Adfs => Listed::These(vec![one.clone()]),
        Some(_) => Listed::Malformed,
    }
}

/// What a sign-in does about somebody's groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Groups {
    /// They are in exactly these.
    These(Vec<String>),
    /// Graph is asked.
    Asked,
    /// What they are in stays, and why.
    Kept(String),
}

/// What of that follows from a token for this person; `None` where sign-ins do not sort them.
pub fn grouping(s: &SignIn, claims: &Claims, user: &User) -> Option<Groups> {
    let name = s.newcomers.groups.as_deref()?;
    // Whom another way brought is not this directory's to sort.
    if user.directory_id != Some(s.directory) {
        return None;
    }
    Some(match listed(s.preset, claims, name) {
        Listed::These(ids) => Groups::These(ids),
        Listed::Absent if s.newcomers.absent_is_none => Groups::These(Vec::new()),
        // Entra leaves the claim out for who has no group, and where an application was not set to get it.
        Listed::Elsewhere | Listed::Absent if s.preset.is_entra() => Groups::Asked,
        Listed::Elsewhere => Groups::Kept("the token has no room for them".to_owned()),
        Listed::Absent => Groups::Kept(format!("the token has no claim '{name}'")),
        Listed::Malformed => Groups::Kept(format!(
            "the claim '{name}' is no list of at most {} texts",
            claimed::MOST
        )),
    })
}

/// Puts the person into exactly these groups of the directory.
///
/// # Errors
/// `Forbidden`, saying that it is about groups; those of our own trouble.
pub async fn put(
    store: &Store,
    permit: &Permit<Provision>,
    user: &User,
    ids: &[String],
) -> Result<claimed::Claimed> {
    match groups::claimed::claim(store, permit, user.id, ids).await {
        Err(e) if matches!(e.kind(), Kind::Internal | Kind::Unavailable) => Err(e),
        Err(e) => Err(Error::forbidden(format!("its groups: {}", e.detail()))),
        done => done,
    }
}
