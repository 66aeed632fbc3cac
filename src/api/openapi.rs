//! The description of the API, OpenAPI 3.1, made from [`TABLE`] and the types of its handlers. Schemas are JSON Schema
//! 2020-12: of what is sent as it is read, inline; of what is answered as it is written, by name.

use super::{
    Needs, Route, TABLE,
    answer::Shown,
    call::Call,
    called,
    error::{Problem, STATUSES},
    param::{IDEMPOTENCY_KEY, Param},
};
use crate::error::Result;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// The whole description; it is the same for all instances of one version.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(build);
    &DOCUMENT
}

/// An OpenAPI document.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Document(Map<String, Value>);

pub(super) async fn show(_: Call) -> Result<Shown<Document>> {
    Ok(Shown::of(Document(document().as_object().cloned().unwrap_or_default())))
}

const TAGS: [(&str, &str); 14] = [
    ("tenants", "Companies, and what they demand of those who sign in."),
    (
        "directories",
        "Where a company's people come from, and the SCIM tokens of those directories.",
    ),
    ("domains", "E-mail domains, by which a sign-in finds its company."),
    ("users", "People: their details, switch, access, sessions and local credentials."),
    ("invitations", "Letters that let somebody in."),
    ("groups", "The groups that directories brought."),
    ("roles", "Sets of permissions, and who gets them by which group."),
    ("grants", "Roles given by hand, and what is held back."),
    ("elevations", "Roles for a while: who may ask, what was asked, what became of it."),
    ("reviews", "Who has what, decided about again, with evidence."),
    ("apps", "Applications that sign people in."),
    ("integrations", "Integration users: programs that call APIs."),
    ("logs", "What was done, and who tried to sign in."),
    ("instance", "The instance itself: keys, checks, the catalogue, who you are."),
];

/// The tag of a route: what its path is about.
fn tag(path: &str) -> &'static str {
    let about = path.strip_prefix("/tenants/{tenant}/").or_else(|| path.strip_prefix("/me/"));
    let about = about.unwrap_or(&path[1..]);
    match about.split('/').next().unwrap_or_default() {
        "mappings" | "default-role" | "explain" | "who-can" | "role-templates" => "roles",
        "holds" => "grants",
        "eligibilities" => "elevations",
        "review-plans" => "reviews",
        "audit" | "signins" | "statistics" => "logs",
        "checklist" | "policy" | "tenants" => "tenants",
        "suppressions" | "letters" => "invitations",
        "administrators" => "users",
        word => TAGS.iter().map(|(t, _)| *t).find(|t| *t == word).unwrap_or("instance"),
    }
}

/// `PATCH /tenants/{tenant}/users/{user}` -> `patchTenantUser`: a collection and the name of one of its things are one
/// word, so that an id tells them apart: `getTenantUsers`, `getTenantUser`.
fn operation(r: &Route) -> String {
    let mut words: Vec<&str> = Vec::new();
    for part in r.path.split('/').filter(|p| !p.is_empty()) {
        match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            Some(name) => {
                words.pop();
                words.push(name);
            }
            None => words.push(part),
        }
    }
    let mut out = r.method.to_lowercase();
    for piece in words.iter().flat_map(|w| w.split(['-', '_', '.'])) {
        let mut letters = piece.chars();
        out.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

fn path_parameters(path: &str) -> impl Iterator<Item = Value> {
    path.split('/').filter_map(|p| p.strip_prefix('{')?.strip_suffix('}')).map(|name| {
        let (about, schema) = match name {
            "tenant" => ("The tenant's id or slug.".to_owned(), json!({ "type": "string" })),
            "attempt" => {
                ("The reference that the person was shown.".to_owned(), json!({ "type": "string" }))
            }
            "domain" => ("The domain, as in an address.".to_owned(), json!({ "type": "string" })),
            _ => (format!("The {name}'s id."), json!({ "type": "string", "format": "uuid" })),
        };
        json!({
            "name": name, "in": "path", "required": true, "description": about, "schema": schema,
        })
    })
}

fn parameter(p: &Param) -> Value {
    json!({
        "name": p.name, "in": if p.in_query() { "query" } else { "header" },
        "required": p.needed, "description": p.about, "schema": p.schema(),
    })
}

/// Who may, in words and for programs.
fn needs(r: &Route) -> (String, Value) {
    match r.needs {
        Needs::Caller => ("Anybody with a session or an access token may.".into(), Value::Null),
        Needs::Permission(p) => (format!("Needs `{p}` in the tenant."), p.into()),
        Needs::Global => {
            ("For Global Administrators, with a session.".into(), "global_administrator".into())
        }
        Needs::Owner => {
            ("For the owner of the data directory, over the socket in it.".into(), "owner".into())
        }
    }
}

fn content(kind: &str, schema: &Value) -> Value {
    json!({ kind: { "schema": schema } })
}

fn describe(r: &Route, sent: &mut SchemaGenerator, answered: &mut SchemaGenerator) -> Value {
    let (who, permission) = needs(r);
    let status = r.contract.status;
    let mut done = json!({ "description": status.canonical_reason().unwrap_or("Done") });
    if let Some(schema) = (r.contract.answer)(answered) {
        let kinds = r.contract.kinds.iter();
        let of = |kind: &&str| ((*kind).to_owned(), json!({ "schema": schema.as_value() }));
        done["content"] = Value::Object(kinds.map(of).collect());
    }
    if r.params.iter().any(|p| !p.in_query()) && r.method != "DELETE" && status == 200 {
        let tag = json!({ "description": "Its version, for `If-Match`.", "schema": { "type": "string" } });
        done["headers"] = json!({ "ETag": tag });
    }
    if status == 201 {
        let at = json!({ "description": "Where it is.", "schema": { "type": "string" } });
        done["headers"] = json!({ "Location": at });
    }
    let mut out = json!({
        "operationId": operation(r),
        "tags": [tag(r.path)],
        "summary": r.about,
        "description": who,
        "x-permission": permission,
        "responses": {
            status.as_str(): done,
            "default": { "$ref": "#/components/responses/Problem" },
        },
    });
    let key = (r.method == "POST").then_some(&IDEMPOTENCY_KEY);
    let parameters: Vec<Value> =
        path_parameters(r.path).chain(r.params.iter().chain(key).map(parameter)).collect();
    if !parameters.is_empty() {
        out["parameters"] = parameters.into();
    }
    if let Some(schema) = (r.contract.request)(sent) {
        let needed = schema.get("required").is_some();
        let content = content("application/json", schema.as_value());
        out["requestBody"] = json!({ "required": needed, "content": content });
    }
    if r.needs == Needs::Owner {
        out["security"] = json!([]);
    }
    out
}

fn build() -> Value {
    let settings = || {
        SchemaSettings::draft2020_12().with(|s| {
            s.meta_schema = None;
            s.definitions_path = "/components/schemas".into();
        })
    };
    let mut sent = settings().with(|s| s.inline_subschemas = true).into_generator();
    let mut answered = settings().for_serialize().into_generator();
    let problem = answered.subschema_for::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for r in TABLE {
        let at = paths.entry(r.path).or_insert_with(|| json!({}));
        at[r.method.to_lowercase()] = describe(r, &mut sent, &mut answered);
    }
    let mut schemas = Value::Object(answered.take_definitions(true));
    called::describe(&mut schemas);
    let statuses: Vec<String> = STATUSES.iter().map(|(s, t)| format!("{s}: {t}")).collect();
    let tags = TAGS.iter().filter(|(t, _)| TABLE.iter().any(|r| tag(r.path) == *t));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Muster's admin API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "JSON in and out. Lists come in pages: `next` of one is the `cursor` of the one after, at the \
                same address with the same filters. \
                What has an `ETag` is changed under `If-Match`. A refusal is a problem document (RFC 9457) whose \
                `code` is for programs and whose `detail` is for people. Unknown fields and parameters are refused.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/api/v1" }],
        "tags": tags.map(|(t, about)| json!({ "name": t, "description": about })).collect::<Vec<_>>(),
        "security": [{ "token": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                "Problem": {
                    "description": format!("It was refused, and nothing happened. {}.", statuses.join("; ")),
                    "content": content("application/problem+json", problem.as_value()),
                },
            },
            "securitySchemes": {
                "token": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "An access token of this issuer: a person's by the code flow, an integration \
                        user's by client credentials. It counts in the tenant it was issued for, with its scopes.",
                },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "__Host-muster_session",
                    "description": "A person's session in the browser.",
                },
            },
        },
    })
}
