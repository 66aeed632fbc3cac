//! What an event of the audit trail is to those outside: no I/O.

use super::kinds::{
    ACCOUNT_DISABLED, ACCOUNT_ENABLED, ACCOUNT_PURGED, ACTIVATE, ASSURANCE_CHANGE, CREATE,
    CREDENTIAL_CHANGE, DEACTIVATE, DELETE, FEED_ADD, FEED_REMOVE, PATCH, PUT,
};
use crate::{
    audit::Told,
    clock::Timestamp,
    id::{GroupId, SessionId, UserId},
    protocol::oidc::Class,
    sessions::assurance,
};
use serde_json::{Map, Value, json};

/// Whom an event may interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interest {
    /// Applications that its person signed in to.
    pub security: bool,
    /// Applications that got tokens in the session that proves more, or less.
    pub assurance: bool,
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
    Interest { security, assurance: action == assurance::CHANGED, provisioning }
}

/// What something is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Person(UserId),
    Group(GroupId),
    /// A session, and whose it is.
    Session(SessionId, UserId),
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

/// A change, or a replacement (PUT), by what the trail says of it.
fn changed(t: &Told) -> &'static str {
    if t.detail["replaced"] == true { PUT } else { PATCH }
}

/// As what something is told to a stream that gets `delivered`: a replacement, which changed these attributes, as a change to
/// one that asked for changes alone. `None`: not at all.
pub(super) fn told_as(kind: &'static str, delivered: &[&'static str]) -> Option<&'static str> {
    let asked = |k: &&'static str| delivered.contains(k);
    Some(kind).filter(asked).or_else(|| Some(PATCH).filter(asked).filter(|_| kind == PUT))
}

/// What a stream is told when somebody is taken out of it, or put back.
pub(super) fn fed(wanted: bool) -> &'static str {
    if wanted { FEED_ADD } else { FEED_REMOVE }
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
        assurance::CHANGED => return level(t, user).into_iter().collect(),
        action => return credentials(t, action, &said),
    };
    let attributes: Vec<&str> = attributes(t).into_iter().filter(|a| *a != "active").collect();
    if !attributes.is_empty() {
        out.push(notice((changed(t), about, t.at), &attributes));
    }
    out
}

/// What the levels of assurance are words of, in our events: they are those of `acr`.
const NAMESPACE: &str = "urn:muster:loa";

/// A session proves more than before, or less (CAEP 1.0, 3.4).
fn level(t: &Told, user: UserId) -> Option<Happened> {
    let class = |name: &str| t.detail[name].as_str().and_then(Class::parse);
    let session = t.detail["session"].as_str().and_then(SessionId::parse)?;
    let (from, to) = (class("from")?, class("to")?);
    let more = to > from;
    let (by, why, text) = if t.detail["by"] == assurance::SIGN_IN {
        let (why, text) = if more {
            ("the person proved more in a new sign-in", "You have proved better who you are.")
        } else {
            ("a new sign-in proves less", "Your last sign-in proves less than the one before.")
        };
        ("user", why, text)
    } else {
        let why = "the directory's provider said that the proof counts no more";
        (initiator(&t.by, Some(user)), why, "Please prove again who you are.")
    };
    let mut body = body(t.at, by, why, text);
    body.insert("namespace".into(), json!(NAMESPACE));
    body.insert("current_level".into(), json!(to.acr()));
    body.insert("previous_level".into(), json!(from.acr()));
    body.insert("change_direction".into(), json!(if more { "increase" } else { "decrease" }));
    Some(Happened { kind: ASSURANCE_CHANGE, about: About::Session(session, user), at: t.at, body })
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
            let mut names = Vec::new();
            if !t.detail["display_name"].is_null() {
                names.push("displayName");
            }
            if !t.detail["external_id"].is_null() {
                names.push("externalId");
            }
            if came("added") || came("removed") {
                names.push("members");
            }
            if names.is_empty() {
                Vec::new()
            } else {
                vec![notice((changed(t), about, t.at), &names)]
            }
        }
        "group.delete" => vec![bare(DELETE, about, t.at)],
        _ => Vec::new(),
    }
}

/// Whom it is about: as an application knows them from its id token, or as SCIM names resources (RFC 9967).
pub(super) fn subject(issuer: &str, kind: &str, about: About) -> Value {
    match about {
        About::Person(u) if !kind.starts_with("urn:ietf:params:scim:") => person(issuer, u),
        About::Session(s, u) => session(issuer, s, u),
        about => resource(about),
    }
}

/// A session and whose it is, as the application's id tokens name them.
pub(super) fn session(issuer: &str, session: SessionId, user: UserId) -> Value {
    json!({
        "format": "complex",
        "user": person(issuer, user),
        "session": { "format": "opaque", "id": session },
    })
}

/// A person or group, as SCIM names resources (RFC 9967, 2.1).
pub(super) fn resource(about: About) -> Value {
    let uri = match about {
        About::Person(u) | About::Session(_, u) => format!("/Users/{u}"),
        About::Group(g) => format!("/Groups/{g}"),
    };
    json!({ "format": "scim", "uri": uri })
}

/// A person, as the application's id tokens name them.
pub(super) fn person(issuer: &str, user: UserId) -> Value {
    json!({ "format": "iss_sub", "iss": issuer, "sub": user })
}
