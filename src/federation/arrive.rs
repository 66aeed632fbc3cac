//! People and groups that a sign-in brings, where the directory's settings let it: somebody whom nobody provisioned, in a
//! domain that is the tenant's; the groups that the id token lists. Unknown is never empty: a claim that is missing, or that
//! cannot be read, leaves everything as it was.

use super::{admit::Attempt, caller, graph, invited::vouched, provider::Provider};
use crate::{
    app::App,
    directories::{People, SignIn},
    domains,
    error::{Error, Kind, Result},
    groups::{self, claimed},
    id::TenantId,
    protocol::oidc::Claims,
    signins::Reason,
    store::Scope,
    users::{self, Draft, User},
};
use serde_json::{Value, json};

/// The person whom the directory vouches for and nobody brought. `None`: its settings let nobody in so.
///
/// # Errors
/// By the reason: an address outside the tenant's domains, a guest, somebody who is here otherwise.
pub(super) async fn person(
    a: &Attempt<'_>,
    s: &SignIn,
    claims: &Claims,
    subject: &str,
) -> Result<Option<User>> {
    let tenant = a.up.tenant;
    let Some(address) = address(a.app, tenant, s, claims).await? else { return Ok(None) };
    let permit = caller::directory(a.app, tenant, a.up.directory, a.request).await?;
    let display = claims.name.as_deref().map(str::trim).filter(|n| !n.is_empty());
    let mut doc = json!({
        "userName": address, "emails": [{ "value": address, "type": "work", "primary": true }],
    });
    if let Some(name) = display {
        doc["displayName"] = name.into();
    }
    let draft = Draft {
        user_name: address.clone(),
        external_id: Some(subject.to_owned()),
        display_name: display.map(str::to_owned),
        email: Some(address.clone()),
        active: true,
        doc,
        emails: vec![(address, Some("work".to_owned()))],
    };
    match users::create(&a.app.store, &permit, draft).await {
        Ok(user) => Ok(Some(user)),
        // Two browsers at once: the other one was quicker, and it is the same person.
        Err(e) if e.kind() == Kind::Conflict => {
            let mut reader = a.app.store.read(Scope::Tenant(tenant)).await?;
            let there =
                users::find_by_external_id(&mut reader, tenant, a.up.directory, subject).await?;
            there.map(Some).ok_or_else(|| Reason::LinkRequired.error(e.detail().to_owned()))
        }
        Err(e) => Err(e),
    }
}

/// The address by which somebody whom nobody brought comes in. `None`: the directory's settings let nobody in so.
///
/// # Errors
/// By the reason: an address outside the tenant's domains, a guest. They name nobody.
pub(super) async fn address(
    app: &App,
    tenant: TenantId,
    s: &SignIn,
    claims: &Claims,
) -> Result<Option<String>> {
    if s.newcomers.people == People::Nobody {
        return Ok(None);
    }
    if guest(claims) && !s.newcomers.guests {
        let why = "the account is a guest in the directory, and its settings let no guests in";
        return Err(Reason::GuestNotAllowed.error(why));
    }
    let mut reader = app.store.read(Scope::Tenant(tenant)).await?;
    for address in vouched(s.preset, claims) {
        if domains::confirmed(&mut reader, tenant, address).await? {
            return Ok(Some(address.to_owned()));
        }
    }
    let why = "the directory vouches for no address of the person in a domain that is confirmed for the tenant";
    Err(Reason::DomainNotVerified.error(why))
}

/// Whether the account is somebody's of another organisation: Entra says so in `acct`, or by another `idp` than its own.
fn guest(claims: &Claims) -> bool {
    claims.rest.get("acct").and_then(Value::as_i64) == Some(1)
        || claims.rest.get("idp").and_then(Value::as_str).is_some_and(|idp| idp != claims.iss)
}

/// What a token says of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listed {
    /// Nothing.
    Absent,
    /// Something that is no list of texts.
    Malformed,
    /// That there are more than it has room for (Entra).
    Elsewhere,
    /// Exactly these.
    These(Vec<String>),
}

/// Reads the claim `name`.
pub(super) fn listed(claims: &Claims, name: &str) -> Listed {
    let elsewhere = claims.rest.get("_claim_names").and_then(|n| n.get(name)).is_some()
        || name == "groups" && claims.rest.get("hasgroups") == Some(&Value::Bool(true));
    match claims.rest.get(name) {
        None if elsewhere => Listed::Elsewhere,
        None => Listed::Absent,
        Some(Value::Array(all)) if all.len() <= claimed::MOST => {
            let texts: Option<Vec<String>> =
                all.iter().map(|v| v.as_str().map(str::to_owned)).collect();
            texts.map_or(Listed::Malformed, Listed::These)
        }
        Some(_) => Listed::Malformed,
    }
}

/// Puts the person into the groups that the sign-in lists; says in `seen` what was done, or why nothing was. A directory
/// that cannot be asked keeps nobody out: what they had stays.
///
/// # Errors
/// The database's.
pub(super) async fn groups(
    a: &Attempt<'_>,
    (s, provider): (&SignIn, &Provider),
    claims: &Claims,
    user: &User,
    seen: &mut Value,
) -> Result<()> {
    let Some(name) = s.newcomers.groups.as_deref() else { return Ok(()) };
    // Whom another way brought is not this directory's to sort.
    if user.directory_id != Some(a.up.directory) {
        return Ok(());
    }
    let ids = match listed(claims, name) {
        Listed::These(ids) => ids,
        Listed::Elsewhere if s.preset.is_entra() => {
            match graph::groups(a.app, s, provider, claims).await {
                Ok(ids) => ids,
                Err(e) => {
                    tracing::warn!(directory = %a.up.directory, error = ?e, "a person's groups cannot be asked for");
                    seen["groups"] =
                        json!({ "kept": "they could not be asked for", "why": e.detail() });
                    return Ok(());
                }
            }
        }
        Listed::Elsewhere => {
            seen["groups"] = json!({ "kept": "the token has no room for them" });
            return Ok(());
        }
        Listed::Absent => {
            seen["groups"] = json!({ "kept": format!("the token has no claim '{name}'") });
            return Ok(());
        }
        Listed::Malformed => {
            let why = format!("the claim '{name}' is no list of at most {} texts", claimed::MOST);
            seen["groups"] = json!({ "kept": why });
            return Ok(());
        }
    };
    let permit = caller::directory(a.app, a.up.tenant, a.up.directory, a.request).await?;
    match groups::claimed::claim(&a.app.store, &permit, user.id, &ids).await {
        Ok(done) => {
            seen["groups"] = json!({ "listed": ids.len(), "came": done.came, "left": done.left });
            Ok(())
        }
        Err(e) if matches!(e.kind(), Kind::Internal | Kind::Unavailable) => Err(e),
        Err(e) => Err(Error::forbidden(format!("its groups: {}", e.detail()))),
    }
}
