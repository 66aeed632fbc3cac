//! Resources as they are sent: the stored document, what the columns know better, `meta`, and nothing empty.

use super::Call;
use crate::{
    crypto,
    error::Result,
    groups::{GroupRow, Membership},
    id::UserId,
    protocol::scim::{
        Body, ENTERPRISE, GROUP, Projection, Resource, Rule, Rules, Schemas, USER, keep_immutable,
        read_body,
    },
    users::{self, Draft, User},
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// What of an answer is to be shown.
pub(super) fn projection(call: &Call, resource: Resource) -> Projection {
    let text = |n: &str| call.params.get(n).map(String::as_str);
    Projection::read(
        &call.schemas,
        call.rules,
        resource,
        text("attributes"),
        text("excludedattributes"),
    )
}

/// What every resource has. Times are shown as exactly as they are kept: a client that asks by what it was told means
/// the same moment.
fn meta(base: &str, kind: &str, id: &str, at: &(String, String), tag: &str) -> Value {
    json!({
        "resourceType": kind,
        "created": at.0,
        "lastModified": at.1,
        "location": format!("{base}/{kind}s/{id}"),
        "version": tag,
    })
}

/// The entity tag of a group.
pub(super) fn tag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// The entity tag of a user: its version, and of what is shown of others, its groups and how its manager is called, what
/// these are: they change without a change of the user.
pub(super) fn tag_of(u: &User, groups: &[Membership], names: &Names) -> String {
    let manager = manager_of(u).and_then(|m| names.get(&m));
    if groups.is_empty() && manager.is_none() {
        return tag(u.version);
    }
    let mut shown: Vec<String> =
        groups.iter().map(|m| format!("{} {}", m.group, m.display)).collect();
    shown.extend(manager.map(|name| format!("manager {name}")));
    let shown: String = crypto::sha256_hex(shown.join("\n")).chars().take(8).collect();
    format!("W/\"{}.{shown}\"", u.version)
}

/// A user's document as PATCH sees it: the stored one with what stands in columns.
pub(super) fn whole(u: &User) -> Map<String, Value> {
    let mut doc = u.doc.0.as_object().cloned().unwrap_or_default();
    doc.insert("userName".to_owned(), json!(u.user_name));
    doc.insert("active".to_owned(), json!(u.active));
    if let Some(x) = &u.external_id {
        doc.insert("externalId".to_owned(), json!(x));
    }
    doc
}

/// The attributes in which two documents differ.
pub(super) fn differing(a: &Map<String, Value>, b: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter(|n| a.get(*n) != b.get(*n)).cloned().collect()
}

/// The id of a user's manager, where it is one of ours.
fn manager_of(u: &User) -> Option<UserId> {
    UserId::parse(u.doc.0.get(ENTERPRISE)?.get("manager")?.get("value")?.as_str()?)
}

/// How the managers of these users are named, if that is asked for.
pub(super) async fn managers<'a>(
    call: &Call,
    p: &Projection,
    users: impl IntoIterator<Item = &'a User>,
) -> Result<Names> {
    if !p.asks(ENTERPRISE, "manager", "displayName") {
        return Ok(Names::new());
    }
    let mut ids: Vec<UserId> = users.into_iter().filter_map(manager_of).collect();
    ids.sort_unstable();
    ids.dedup();
    users::labels(&call.app.store, &call.permit, &ids).await
}

/// Names of people, by id.
pub(super) type Names = HashMap<UserId, String>;

/// A user as it is sent. `groups` are its memberships, where they are shown; `names` has its manager's.
pub(super) fn user(
    call: &Call,
    u: &User,
    groups: &[Membership],
    names: &Names,
    p: &Projection,
) -> Value {
    let id = u.id.to_string();
    let mut doc = whole(u);
    if let Some(ext) = doc.get_mut(ENTERPRISE) {
        manager(call, ext, names);
    }
    // What was kept of a schema that is no longer declared is not shown.
    let mut schemas = vec![json!(USER)];
    doc.retain(|name, _| {
        if !name.contains(':') {
            return true;
        }
        let known = call.schemas.extension(Rules::NONE, Resource::User, name).is_some();
        if known {
            schemas.push(json!(name));
        }
        known
    });
    doc.insert("schemas".to_owned(), Value::from(schemas));
    doc.insert("id".to_owned(), json!(id));
    if !groups.is_empty() {
        let list: Vec<Value> = groups
            .iter()
            .map(|m| {
                json!({
                    "value": m.group, "$ref": format!("{}/Groups/{}", call.base, m.group), "display": m.display,
                    "type": "direct",
                })
            })
            .collect();
        doc.insert("groups".to_owned(), Value::from(list));
    }
    let at = (u.created_at.sortable(), u.updated_at.sortable());
    doc.insert("meta".to_owned(), meta(&call.base, "User", &id, &at, &tag_of(u, groups, names)));
    Value::Object(p.apply(doc))
}

/// The manager is always an object; one of ours gets its URL (1.6), and its name where that is asked for.
fn manager(call: &Call, ext: &mut Value, names: &Names) {
    let Some(m) = ext.get_mut("manager").and_then(Value::as_object_mut) else { return };
    let Some(id) = m.get("value").and_then(Value::as_str).and_then(UserId::parse) else { return };
    if !m.contains_key("$ref") {
        m.insert("$ref".to_owned(), json!(format!("{}/Users/{id}", call.base)));
    }
    if let Some(name) = names.get(&id) {
        m.insert("displayName".to_owned(), json!(name));
    }
}

/// A group as it is sent, with these of its members.
pub(super) fn group(
    base: &str,
    g: &GroupRow,
    members: &[UserId],
    p: &Projection,
) -> Map<String, Value> {
    let id = g.id.to_string();
    let mut doc = self::members(base, members);
    doc.insert("schemas".to_owned(), json!([GROUP]));
    doc.insert("id".to_owned(), json!(id));
    doc.insert("displayName".to_owned(), json!(g.display_name));
    if let Some(x) = &g.external_id {
        doc.insert("externalId".to_owned(), json!(x));
    }
    let at = (g.created_at.sortable(), g.updated_at.sortable());
    doc.insert("meta".to_owned(), meta(base, "Group", &id, &at, &tag(g.version)));
    p.apply(doc)
}

/// The attribute `members` alone; nothing without members.
pub(super) fn members(base: &str, members: &[UserId]) -> Map<String, Value> {
    let one =
        |id: &UserId| json!({ "value": id, "$ref": format!("{base}/Users/{id}"), "type": "User" });
    let mut doc = Map::new();
    if !members.is_empty() {
        doc.insert("members".to_owned(), members.iter().map(one).collect());
    }
    doc
}

/// A body of POST or PUT as a draft, and why what was left out of it was. What a PUT leaves out of `active` and `externalId` stays as it `was`: a PUT that
/// silently lets somebody in or out, or loses who they are at the directory (2.1), is a known trap.
///
/// # Errors
/// `invalidValue`, `invalidSyntax`.
pub(super) fn draft(
    schemas: &Schemas,
    rules: Rules,
    body: &Value,
    was: Option<&User>,
) -> Result<(Draft, Vec<String>)> {
    let Body { mut doc, ignored } = read_body(schemas, rules, Resource::User, body)?;
    if let Some(u) = was {
        keep_immutable(schemas, &whole(u), &mut doc)?;
        doc.entry("active").or_insert(json!(u.active));
        if let Some(x) = u.external_id.as_ref().filter(|_| rules.has(Rule::PutKeeps)) {
            doc.entry("externalId").or_insert(json!(x));
        }
    }
    Ok((columns(doc), ignored))
}

/// Takes out of a document what columns hold.
pub(super) fn columns(mut doc: Map<String, Value>) -> Draft {
    let text = |v: Option<&Value>| v.and_then(Value::as_str).map(str::to_owned);
    let external_id = text(doc.remove("externalId").as_ref());
    let active = doc.remove("active").and_then(|v| v.as_bool()).unwrap_or(true);
    let emails: Vec<&Map<String, Value>> = doc
        .get("emails")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .collect();
    let of = |e: &Map<String, Value>, n: &str| text(e.get(n));
    let primary = emails
        .iter()
        .find(|e| e.get("primary") == Some(&Value::Bool(true)))
        .or_else(|| {
            emails.iter().find(|e| of(e, "type").is_some_and(|t| t.eq_ignore_ascii_case("work")))
        })
        .or_else(|| emails.first());
    Draft {
        user_name: text(doc.get("userName")).unwrap_or_default(),
        external_id,
        display_name: text(doc.get("displayName")),
        email: primary.and_then(|e| of(e, "value")),
        active,
        emails: emails.iter().filter_map(|e| Some((of(e, "value")?, of(e, "type")))).collect(),
        doc: Value::Object(doc),
    }
}
