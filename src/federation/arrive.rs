//! People and groups that a sign-in brings, where the directory's settings let it: somebody whom nobody provisioned, in a
//! domain that is the tenant's; the groups that the id token lists. Unknown is never empty: a claim that is missing, or that
//! cannot be read, leaves everything as it was.

use super::{admit::Attempt, caller, graph, provider::Provider};
use crate::{
    app::App,
    directories::{People, SignIn},
    domains,
    error::{Error, Kind, Result},
    groups::{self, claimed},
    id::TenantId,
    protocol::oidc::{self, Claims, Preset, vouched},
    signins::Reason,
    store::Scope,
    text,
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
    let mut reader = a.app.store.read(Scope::Tenant(tenant)).await?;
    if users::is_anothers(&mut reader, tenant, a.up.directory, &address).await? {
        let why = "another directory of the company has brought somebody of this address";
        return Err(Reason::LinkRequired.error(why));
    }
    drop(reader);
    let permit = caller::directory(a.app, tenant, a.up.directory, a.request).await?;
    let display = claims.name.as_deref().and_then(|n| text::key("name", n).ok());
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
    let user = match users::create_once(&a.app.store, &permit, draft).await {
        Err(e) if e.kind() == Kind::Conflict => {
            return Err(Reason::LinkRequired.error(e.detail().to_owned()));
        }
        other => other?,
    };
    let mut reader = a.app.store.read(Scope::Tenant(tenant)).await?;
    let who = (tenant, user.id);
    if users::known_elsewhere(&mut reader, who, a.up.directory, &claims.iss).await? {
        let why = "somebody signed in by this account's id when the directory had another issuer: who that is now, the \
                   id does not say";
        return Err(Reason::LinkRequired.error(why));
    }
    Ok(Some(user))
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
    if oidc::is_guest(s.preset, claims) && !s.newcomers.guests {
        let why = "the account is a guest in the directory, and its settings let no guests in";
        return Err(Reason::GuestNotAllowed.error(why));
    }
    let mut reader = app.store.read(Scope::Tenant(tenant)).await?;
    for address in vouched(s.preset, claims).filter_map(domains::plain_address) {
        if domains::confirmed(&mut reader, tenant, &address).await? {
            return Ok(Some(address));
        }
    }
    let why = "the directory vouches for no address of the person in a domain that is confirmed for the tenant";
    Err(Reason::DomainNotVerified.error(why))
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

/// Reads the claim `name`. A list beside the mark that there are more is half a list.
pub(super) fn listed(preset: Preset, claims: &Claims, name: &str) -> Listed {
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
    let ids = match listed(s.preset, claims, name) {
        Listed::These(ids) => ids,
        Listed::Absent if s.newcomers.absent_is_none => Vec::new(),
        // Entra leaves the claim out for who has no group, and where an application was not set to get it.
        Listed::Elsewhere | Listed::Absent if s.preset.is_entra() => {
            match graph::groups(a.app, s, provider, claims).await {
                Ok(ids) => ids,
                Err(e) => {
                    tracing::warn!(directory = %a.up.directory, error = ?e, "a person's groups cannot be asked for");
                    seen["groups"] = json!({ "kept": "they could not be asked for", "why": e.operator_text().unwrap_or(e.detail()) });
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
            seen["groups"] = json!({
                "listed": ids.len(), "came": done.came, "left": done.left, "odd": done.odd,
            });
            Ok(())
        }
        Err(e) if matches!(e.kind(), Kind::Internal | Kind::Unavailable) => Err(e),
        Err(e) => Err(Error::forbidden(format!("its groups: {}", e.detail()))),
    }
}
