//! Setup links: made and taken back by who may edit settings; and what may be asked for by one, which is one directory's
//! setup and nothing else.

use super::{
    Route,
    answer::{Done, Made, Page, Shown, Time, With},
    call::Call,
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    actor::Principal,
    directories::{
        self,
        portal::{self, PortalRow},
    },
    error::{Error, Result},
    id::{DirectoryId, PortalId},
    secret::ExposeSecret as _,
};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A setup link.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SetupLink")]
pub(super) struct LinkShown {
    id: PortalId,
    directory: DirectoryId,
    /// For whom it is, in the words of who made it.
    note: String,
    /// As in the audit trail.
    made_by: String,
    created_at: Time,
    expires_at: Time,
    /// When it was first opened.
    used_at: Option<Time>,
}

fn show(l: &PortalRow) -> LinkShown {
    LinkShown {
        id: l.id,
        directory: l.directory_id,
        note: l.note.clone(),
        made_by: l.made_by.clone(),
        created_at: l.created_at.into(),
        expires_at: l.expires_at.into(),
        used_at: l.used_at.map(Into::into),
    }
}

/// A setup link to be made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewSetupLink", example = json!({ "note": "Sam at Contoso IT", "hours": 72 }))]
pub(super) struct Wanted {
    /// For how many hours it is good: 1 to 336; 72 where it is left out.
    #[serde(default = "three_days")]
    hours: u32,
    /// For whom it is; shown beside it.
    #[serde(default)]
    note: String,
}

fn three_days() -> u32 {
    72
}

/// A new setup link.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SetupLinkMade")]
pub(super) struct LinkMade {
    #[serde(flatten)]
    shown: LinkShown,
    /// To be given to whoever sets the directory up; shown this once.
    link: String,
}

pub(super) async fn make(c: With<Wanted>) -> Result<Made<LinkMade>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let wanted = c.json()?;
    let (store, id) = (&c.app.store, c.id("directory")?);
    let (row, token) = portal::make(store, &p, id, (wanted.hours, &wanted.note)).await?;
    let link = c.url(&format!("/portal/open/{}", token.expose_secret()));
    Ok(Made::of(LinkMade { shown: show(&row), link }))
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<LinkShown>>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let all = portal::list(&c.app.store, &p, c.id("directory")?).await?;
    Ok(Shown::page(all.iter().map(show), None))
}

pub(super) async fn revoke(c: Call) -> Result<Done> {
    let p = c.tenant::<SystemEditSettings>().await?;
    portal::revoke(&c.app.store, &p, c.id("directory")?, c.id("link")?).await?;
    Ok(Done)
}

/// What may be asked for by a setup link: of its tenant and directory only.
const OPEN: &[(&str, &str)] = &[
    ("GET", "/me"),
    ("GET", "/tenants/{tenant}/directories/{directory}"),
    ("PATCH", "/tenants/{tenant}/directories/{directory}"),
    ("POST", "/tenants/{tenant}/directories/{directory}/activate"),
    ("GET", "/tenants/{tenant}/directories/{directory}/signin-tests"),
    ("POST", "/tenants/{tenant}/directories/{directory}/signin-tests"),
    ("GET", "/tenants/{tenant}/directories/{directory}/signin-health"),
    ("GET", "/tenants/{tenant}/directories/{directory}/scim-tokens"),
    ("POST", "/tenants/{tenant}/directories/{directory}/scim-tokens"),
    ("DELETE", "/tenants/{tenant}/directories/{directory}/scim-tokens/{token}"),
    ("GET", "/tenants/{tenant}/directories/{directory}/health"),
    ("GET", "/tenants/{tenant}/directories/{directory}/log"),
    ("GET", "/tenants/{tenant}/domains"),
    ("POST", "/tenants/{tenant}/domains"),
    ("POST", "/tenants/{tenant}/domains/{domain}/check"),
];
/// What of the sign-in half is set by one: what a company's IT staff know of their provider.
const SET: [&str; 6] =
    ["issuer", "client_id", "client_secret", "client_secret_expires_at", "scopes", "rules"];

/// What of the rules is set by one: the value by which the provider says that two factors were used. What somebody states
/// about all logins, and what else is to count, is for whoever made the link to say.
const PROOF: [&str; 2] = ["acrs", "acr"];

/// Refuses what a setup link does not open.
pub(super) async fn within(route: &Route, c: &mut Call) -> Result<()> {
    let Principal::Portal { tenant, directory, .. } = *c.actor().principal() else { return Ok(()) };
    let missing = || Error::not_found("this address for a setup link");
    if !OPEN.contains(&(route.method, route.path)) {
        return Err(missing());
    }
    if c.path.contains_key("tenant") && c.tenant_id().await? != tenant {
        return Err(missing());
    }
    if c.path.contains_key("directory") && c.id::<DirectoryId>("directory")? != directory {
        return Err(missing());
    }
    if route.method == "PATCH" {
        c.body = settings(c, directory).await?;
    }
    Ok(())
}

/// What is sent of a directory's settings, with those of the sign-in half as they are that a setup link does not set: whom
/// it lets in is for whoever made the link to say.
async fn settings(c: &Call, directory: DirectoryId) -> Result<Bytes> {
    let refused = |field: &str| {
        let text = format!("'{field}' is not changed by a setup link");
        Err(Error::forbidden(text).attr(field))
    };
    let mut body: Map<String, Value> = c.json()?;
    if let Some(other) = body.keys().find(|k| *k != "signin") {
        return refused(other);
    }
    let Some(Value::Object(signin)) = body.get_mut("signin") else { return refused("signin") };
    let p = c.tenant::<SystemViewSettings>().await?;
    let d = directories::get(&c.app.store, &p, directory).await?;
    let now = &d.signin.0;
    let kept = [("newcomers", json!(now.newcomers)), ("end_upstream", json!(now.end_upstream))];
    for (name, value) in &signin.clone() {
        let same = kept.iter().any(|(k, v)| k == name && v == value);
        if !SET.contains(&name.as_str()) && !same {
            return refused(name);
        }
    }
    for (name, value) in kept {
        signin.insert(name.to_owned(), value);
    }
    let mut rules = json!(now.rules);
    if let Some(sent) = signin.get("rules").and_then(Value::as_object) {
        for (name, value) in sent {
            let none = [json!(null), json!([]), json!(false), json!("")].contains(value);
            if PROOF.contains(&name.as_str()) {
                rules[name] = value.clone();
            } else if rules.get(name).map_or(!none, |v| v != value) {
                return refused(&format!("rules.{name}"));
            }
        }
    }
    signin.insert("rules".to_owned(), rules);
    serde_json::to_vec(&body).map(Into::into).map_err(Error::internal)
}
