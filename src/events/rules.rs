//! What an event of the audit trail is to those outside: no I/O.

use super::kinds::{
    ACCOUNT_DISABLED, ACCOUNT_ENABLED, ACCOUNT_PURGED, ACTIVATE, CREATE, CREDENTIAL_CHANGE,
    DEACTIVATE, DELETE, PATCH,
};
use crate::{
    audit::Told,
    clock::Timestamp,
    id::{GroupId, UserId},
};
use serde_json::{Map, Value, json};

/// Whom an event may interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interest {
    /// Applications that its person signed in to.
    pub security: bool,
    /// Applications that hear of all people and groups.
    pub provisioning: bool,
}

/// By its name alone, before it happened to anybody.
pub(super) fn interest(action: &str) -> Interest {
    let (security, provisioning) = match action {
        "user.disable" | "user.enable" | "user.deactivate" | "user.reactivate" | "user.delete" => {
            (true, true)
        }
        "user.create" | "user.add" | "user.adopt" | "user.modify" | "user.edit"
        | "group.create" | "group.modify" | "group.delete" => (false, true),
        action => (credential(action).is_some() || several(action), false),
    };
    Interest { security, provisioning }
}

/// What something is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Person(UserId),
    Group(GroupId),
}

/// Something that happened, as applications hear of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Happened {
    pub kind: &'static str,
    pub about: About,
    pub at: Timestamp,
    pub body: Map<String, Value>,
}

/// A way to sign in, and what was done to it (CAEP 1.0, 3.3).
fn credential(action: &str) -> Option<(&'static str, &'static str)> {
    Some(match action {
        "password.set" | "password.change" | "password.reset" => ("password", "update"),
        "passkey.add" => (PASSKEY, "create"),
        "passkey.remove" => (PASSKEY, "delete"),
        "passkey.cloned" => (PASSKEY, "revoke"),
        "one_time_code.set" => ("app", "create"),
        "one_time_code.remove" => ("app", "delete"),
        "recovery_codes.set" => (RECOVERY, "create"),
        _ => return None,
    })
}

/// Several of them at once.
fn several(action: &str) -> bool {
    matches!(action, "factors.reset" | "credentials.remove")
}

/// Words of ours where CAEP has none: whether a passkey is in a device or on a key is not known here.
const PASSKEY: &str = "passkey";
const RECOVERY: &str = "recovery-code";

/// What of it was there, by the names in the event's detail.
const PARTS: [(&str, &str); 4] = [
    ("password", "password"),
    ("one_time_code", "app"),
    ("passkeys", PASSKEY),
    ("recovery_codes", RECOVERY),
];

/// Who began it (CAEP 1.0, 2): a directory speaks for its company's administrators.
pub(super) fn initiator(by: &str, about: Option<UserId>) -> &'static str {
    match by.split_once(':') {
        Some(("user", id)) if about.is_some_and(|u| u.to_string() == id) => "user",
        Some(("user" | "directory", _)) | None => "admin",
        _ => "system",
    }
}

/// What every event says of itself: when, who began it, and why in words.
pub(super) fn body(
    at: Timestamp,
    by: &'static str,
    why: &str,
    for_people: &str,
) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("event_timestamp".into(), json!(at.secs()));
    body.insert("initiating_entity".into(), json!(by));
    body.insert("reason_admin".into(), json!({ "en": why }));
    body.insert("reason_user".into(), json!({ "en": for_people }));
    body
}

/// What an event of the trail is to applications: nothing, or several things.
pub(super) fn happened(t: &Told) -> Vec<Happened> {
    if t.detail["kind"] == "integration" {
        return Vec::new();
    }
    let Some((kind, id)) = t.target.as_deref().and_then(|t| t.split_once(':')) else {
        return Vec::new();
    };
    match kind {
        "user" => UserId::parse(id).map_or_else(Vec::new, |u| of_person(t, u)),
        "group" => GroupId::parse(id).map_or_else(Vec::new, |g| of_group(t, g)),
        _ => Vec::new(),
    }
}

fn attributes(t: &Told) -> Vec<&str> {
    t.detail["attributes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn notice((kind, about, at): (&'static str, About, Timestamp), attributes: &[&str]) -> Happened {
    let mut body = Map::new();
    body.insert("attributes".into(), json!(attributes));
    Happened { kind, about, at, body }
}

fn bare(kind: &'static str, about: About, at: Timestamp) -> Happened {
    Happened { kind, about, at, body: Map::new() }
}

fn of_person(t: &Told, user: UserId) -> Vec<Happened> {
    let about = About::Person(user);
    let by = initiator(&t.by, Some(user));
    let said = |kind, why: &str, for_people: &str| Happened {
        kind,
        about,
        at: t.at,
        body: body(t.at, by, why, for_people),
    };
    let off = |why: &str| {
        let text = "Your account was switched off.";
        vec![said(ACCOUNT_DISABLED, why, text), bare(DEACTIVATE, about, t.at)]
    };
    let on = |why: &str| {
        let text = "Your account was switched on again.";
        vec![said(ACCOUNT_ENABLED, why, text), bare(ACTIVATE, about, t.at)]
    };
    let mut out = match t.action.as_str() {
        // With the names of all that there is of them.
        "user.create" | "user.add" => vec![notice((CREATE, about, t.at), &[])],
        "user.adopt" | "user.modify" | "user.edit" => Vec::new(),
        "user.disable" => off("switched off by an administrator"),
        "user.deactivate" => off("deactivated by the directory"),
        "user.enable" => on("switched on by an administrator"),
        "user.reactivate" => on("reactivated by the directory"),
        "user.delete" => {
            vec![
                said(ACCOUNT_PURGED, "deleted", "Your account was deleted."),
                bare(DELETE, about, t.at),
            ]
        }
        action => return credentials(t, action, &said),
    };
    let changed: Vec<&str> = attributes(t).into_iter().filter(|a| *a != "active").collect();
    if !changed.is_empty() {
        out.push(notice((PATCH, about, t.at), &changed));
    }
    out
}

fn credentials(
    t: &Told,
    action: &str,
    said: &dyn Fn(&'static str, &str, &str) -> Happened,
) -> Vec<Happened> {
    let change = |what: &'static str, how: &'static str| {
        let why = format!("{what}: {how}");
        let mut h = said(CREDENTIAL_CHANGE, &why, "How you sign in was changed.");
        h.body.insert("credential_type".into(), json!(what));
        h.body.insert("change_type".into(), json!(how));
        if let Some(model) = t.detail["aaguid"].as_str() {
            h.body.insert("fido2_aaguid".into(), json!(model));
        }
        h
    };
    if several(action) {
        let how = if action == "factors.reset" { "revoke" } else { "delete" };
        let was = |v: &Value| v == true || v.as_i64().is_some_and(|n| n > 0);
        // With the factors goes the password, which the event does not name.
        let all = action == "factors.reset";
        let parts = PARTS
            .into_iter()
            .filter(|(name, _)| was(&t.detail[*name]) || all && *name == "password");
        return parts.map(|(_, what)| change(what, how)).collect();
    }
    credential(action).map(|(what, how)| change(what, how)).into_iter().collect()
}

fn of_group(t: &Told, group: GroupId) -> Vec<Happened> {
    let about = About::Group(group);
    let came = |of: &str| t.detail[of]["count"].as_i64().is_some_and(|n| n > 0);
    match t.action.as_str() {
        "group.create" => {
            let members = t.detail["members"].as_i64().is_some_and(|n| n > 0);
            let all: &[&str] = if members { &["displayName", "members"] } else { &["displayName"] };
            vec![notice((CREATE, about, t.at), all)]
        }
        "group.modify" => {
            let mut changed = Vec::new();
            if !t.detail["display_name"].is_null() {
                changed.push("displayName");
            }
            if !t.detail["external_id"].is_null() {
                changed.push("externalId");
            }
            if came("added") || came("removed") {
                changed.push("members");
            }
            if changed.is_empty() {
                Vec::new()
            } else {
                vec![notice((PATCH, about, t.at), &changed)]
            }
        }
        "group.delete" => vec![bare(DELETE, about, t.at)],
        _ => Vec::new(),
    }
}

/// Whom it is about: as an application knows them from its id token, or as SCIM names resources (RFC 9967).
pub(super) fn subject(issuer: &str, kind: &str, about: About) -> Value {
    match about {
        _ if kind.starts_with("urn:ietf:params:scim:") => {
            let uri = match about {
                About::Person(u) => format!("/Users/{u}"),
                About::Group(g) => format!("/Groups/{g}"),
            };
            json!({ "format": "scim", "uri": uri })
        }
        About::Person(u) => person(issuer, u),
        About::Group(g) => json!({ "format": "scim", "uri": format!("/Groups/{g}") }),
    }
}

/// A person, as the application's id tokens name them.
pub(super) fn person(issuer: &str, user: UserId) -> Value {
    json!({ "format": "iss_sub", "iss": issuer, "sub": user })
}
