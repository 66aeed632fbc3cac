//! What every answer gets besides: the names of those whom it names as the trail does, and where that is which was made.
//! Each answer's names are read in one go, whatever its length; that one has no name, or none that the caller may know, is
//! null.

use super::{
    Route, TABLE,
    call::{Call, Reply},
};
use crate::{actor::Actor, app::App, error::Result, id::TenantId, tenants};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Where an answer says who or what by `kind:id`; the name stands beside it, as `by_name` beside `by`.
const SAID: [&str; 13] = [
    "actor",
    "adopted_by",
    "asked_by",
    "by",
    "closed_by",
    "confirmed_by",
    "created_by",
    "decided_by",
    "granted_by",
    "made_by",
    "noted_by",
    "set_by",
    "target",
];
/// What is told as it was written down elsewhere: nothing in it is the API's own.
const TOLD: [&str; 12] = [
    "detail",
    "personal",
    "result",
    "before",
    "after",
    "headers",
    "body",
    "answer",
    "client",
    "evidence",
    "settings",
    "components",
];
/// An object that has this besides says what demands something, not who.
const DEMAND: &str = "class";

/// The name of the field beside one of [`SAID`].
fn beside(field: &str) -> String {
    format!("{field}_name")
}

/// Whether this is an object whose `field` says who or what.
fn says(all: &Map<String, Value>, field: &str) -> bool {
    let text = all.get(field).is_some_and(|v| v.is_string() || v.is_null());
    text && !(field == "by" && all.contains_key(DEMAND))
}

fn collect(v: &Value, out: &mut BTreeSet<String>) {
    match v {
        Value::Array(all) => all.iter().for_each(|v| collect(v, out)),
        Value::Object(all) => {
            for field in SAID.iter().filter(|f| says(all, f)) {
                out.extend(all[*field].as_str().map(str::to_owned));
            }
            all.iter()
                .filter(|(k, _)| !TOLD.contains(&k.as_str()))
                .for_each(|(_, v)| collect(v, out));
        }
        _ => {}
    }
}

fn fill(v: &mut Value, names: &HashMap<String, String>) {
    match v {
        Value::Array(all) => all.iter_mut().for_each(|v| fill(v, names)),
        Value::Object(all) => {
            for field in SAID {
                if says(all, field) {
                    let name = all[field].as_str().and_then(|l| names.get(l)).cloned();
                    all.insert(beside(field), name.into());
                }
            }
            let ours = all.iter_mut().filter(|(k, _)| !TOLD.contains(&k.as_str()));
            ours.for_each(|(_, v)| fill(v, names));
        }
        _ => {}
    }
}

/// Says in the schemas of answers that names stand there.
pub(super) fn describe(v: &mut Value) {
    match v {
        Value::Array(all) => all.iter_mut().for_each(describe),
        Value::Object(all) => {
            let mut needed = Vec::new();
            if let Some(fields) = all.get_mut("properties").and_then(Value::as_object_mut) {
                let demand = fields.contains_key(DEMAND);
                for field in SAID.iter().filter(|f| !(**f == "by" && demand)) {
                    let text = |v: &Value| *v == "string" || *v == json!(["string", "null"]);
                    if !fields.get(*field).is_some_and(|f| text(&f["type"])) {
                        continue;
                    }
                    let about = format!(
                        "What `{field}` is called; null where it has no name, or none for you to know."
                    );
                    let schema = json!({ "type": ["string", "null"], "description": about });
                    fields.insert(beside(field), schema);
                    needed.push(*field);
                }
            }
            if let Some(required) = all.get_mut("required").and_then(Value::as_array_mut) {
                for field in needed {
                    if required.iter().any(|r| r == field) {
                        required.push(beside(field).into());
                    }
                }
            }
            all.values_mut().for_each(describe);
        }
        _ => {}
    }
}

/// What a segment of a path holds as it is.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@').remove(b':');

/// The address of what was made under this route, where it has one.
fn location(route: &Route, path: &HashMap<String, String>, made: &Value) -> Option<String> {
    let text = |name: &str| made[name].as_str();
    let (pattern, last) = match route.path {
        "/administrators" | "/break-glass" => {
            let user = if made["user"].is_object() { &made["user"] } else { made };
            let (tenant, id) =
                (user["tenant"].as_str()?, user["id"].as_str().or(user["user"].as_str())?);
            return Some(format!("/api/v1/tenants/{tenant}/users/{id}"));
        }
        at => 'of: {
            let below = |r: &&Route| {
                let rest = r.path.strip_prefix(at).and_then(|r| r.strip_prefix("/{"));
                rest.is_some_and(|r| r.ends_with('}') && !r.contains('/'))
            };
            // What has no address of its own is where it was asked for.
            let Some(r) = TABLE.iter().find(below) else { break 'of (at.to_owned(), None) };
            let of_a_domain = r.path.ends_with("{domain}");
            (at.to_owned(), text(if of_a_domain { "domain" } else { "id" }))
        }
    };
    let encode = |t: &str| utf8_percent_encode(t, PATH).to_string();
    let mut out = "/api/v1".to_owned();
    for part in pattern.split('/').filter(|p| !p.is_empty()) {
        out.push('/');
        match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            Some(name) => out.push_str(&encode(path.get(name)?)),
            None => out.push_str(part),
        }
    }
    if let Some(last) = last {
        out.push('/');
        out.push_str(&encode(last));
    }
    Some(out)
}

/// Names those whom a document names as the trail does, shown in the tenant `here`. Whether or not the names can be read,
/// what was done is done and what was found is told.
pub(super) async fn name(app: &App, actor: &Actor, here: TenantId, document: &mut Value) {
    let mut labels = BTreeSet::new();
    collect(document, &mut labels);
    let mut names = HashMap::new();
    if !labels.is_empty() {
        match app.access.called(actor, here, &labels).await {
            Ok(found) => names = found,
            Err(e) => tracing::warn!(error = ?e, "an answer goes without names"),
        }
    }
    fill(document, &names);
}

/// The tenant in which an answer is shown: the one of the path, or else the caller's own.
async fn shown_in(app: &App, actor: &Actor, path: &HashMap<String, String>) -> Option<TenantId> {
    match path.get("tenant") {
        Some(name) => match TenantId::parse(name) {
            Some(id) => Some(id),
            None => tenants::by_slug(&app.store, name).await.ok()?.map(|t| t.id),
        },
        None => actor.user().map(|(home, _)| home),
    }
}

/// Does what a route does, and completes its answer.
pub(super) async fn handled(route: &'static Route, call: Call) -> Result<Reply> {
    let (app, actor, path) = (call.app.clone(), call.actor().clone(), call.path.clone());
    let about = Arc::clone(&call.about);
    let list = call.list.clone();
    let mut reply = (route.handler)(call).await?;
    let made = reply.made();
    let Some(document) = reply.document() else { return Ok(reply) };
    let at = if made { location(route, &path, document) } else { None };
    if let Some(document) = reply.document_mut() {
        let here = match about.get() {
            Some(said) => Some(*said),
            None => shown_in(&app, &actor, &path).await,
        };
        let here = here.unwrap_or(TenantId::PLATFORM);
        name(&app, &actor, here, document).await;
        // What a page says of where it ends is a key, until here.
        if let (Some(list), Some(Value::String(next))) = (&list, document.get_mut("next")) {
            *next = list.cursor(next);
        }
    }
    if let Some(at) = at {
        reply.at(at);
    }
    Ok(reply)
}
