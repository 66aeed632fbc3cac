//! Decisions for applications (OpenID AuthZEN Authorization API 1.0): may this subject do that there, one question or
//! many in a request. It is the computation that enforces our own permissions, at this moment; tokens only carry what it
//! said when they were made.
//!
//! A subject is `{"type": "user", "id": <sub>}`, an action's name is a permission of the catalogue or `self_service`, and
//! where it is asked about is a tenant: the resource itself (`{"type": "tenant", "id": ...}`, by id or short name), or
//! the property `tenant` of a resource of any other type. An application of a tenant hears about its own tenant alone.

use super::{
    caller,
    error::{OAuthError, no_store},
    params::Params,
};
use crate::{
    access::catalogue::SELF_SERVICE,
    app::App,
    apps::{Client, Kind},
    error::Result,
    id::{TenantId, UserId},
    tenants,
    web::{ClientAddr, strict},
};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Questions in one request at most.
const MOST: usize = 1000;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who or what: a type, an id, and what else is said of it.
#[derive(Debug, Clone, Deserialize)]
struct Entity {
    r#type: String,
    id: String,
    #[serde(default)]
    properties: HashMap<String, Value>,
}

/// What is to be done.
#[derive(Debug, Clone, Deserialize)]
struct Action {
    name: String,
}

/// A question, or what questions of one request have in common. What the standard has besides means nothing here.
#[derive(Debug, Clone, Default, Deserialize)]
struct Question {
    subject: Option<Entity>,
    action: Option<Action>,
    resource: Option<Entity>,
}

impl Question {
    /// With what is missing taken from `common`.
    fn or(&self, common: &Self) -> Self {
        Self {
            subject: self.subject.clone().or_else(|| common.subject.clone()),
            action: self.action.clone().or_else(|| common.action.clone()),
            resource: self.resource.clone().or_else(|| common.resource.clone()),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Batch {
    #[serde(flatten)]
    common: Question,
    #[serde(default)]
    evaluations: Vec<Question>,
    #[serde(default)]
    options: Options,
}

#[derive(Debug, Default, Deserialize)]
struct Options {
    #[serde(default)]
    evaluations_semantic: Semantic,
}

/// How far the questions of a request are gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Semantic {
    /// All of them.
    #[default]
    ExecuteAll,
    /// To the first "no".
    DenyOnFirstDeny,
    /// To the first "yes".
    PermitOnFirstPermit,
}

/// A tenant that is not there.
const NOWHERE: TenantId = TenantId(uuid::Uuid::max());

/// Why something is refused, besides that it is not held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    NotHeld,
    NoSuchSubject,
    NoSuchAction,
    NoSuchResource,
}
impl Why {
    fn text(self) -> &'static str {
        match self {
            Self::NotHeld => "no role gives it there",
            Self::NoSuchSubject => "a subject is of the type 'user', its id the 'sub' of a token",
            Self::NoSuchAction => "the action's name is no permission of the catalogue",
            Self::NoSuchResource => {
                "the resource is no tenant that this application serves, nor has it the property \
                 'tenant' with one"
            }
        }
    }
}

/// Whom a request comes from, and the tenants that it has named by a short name.
struct Asker<'a> {
    app: &'a App,
    client: &'a Client,
    named: HashMap<String, Option<TenantId>>,
}

impl Asker<'_> {
    /// # Errors
    /// The database's; a question that lacks something.
    async fn decide(&mut self, q: &Question) -> Result<Result<(), Why>, OAuthError> {
        let missing =
            |what: &str| OAuthError::invalid_request(&format!("the question lacks '{what}'"));
        let subject = q.subject.as_ref().ok_or_else(|| missing("subject"))?;
        let action = q.action.as_ref().ok_or_else(|| missing("action"))?;
        let resource = q.resource.as_ref().ok_or_else(|| missing("resource"))?;
        let permission = action.name.as_str();
        if permission != SELF_SERVICE && !self.app.access.catalogue().all().contains(permission) {
            return Ok(Err(Why::NoSuchAction));
        }
        let user = UserId::parse(&subject.id).filter(|_| subject.r#type == "user");
        let Some(user) = user else { return Ok(Err(Why::NoSuchSubject)) };
        let Some(tenant) = self.tenant(resource).await? else {
            return Ok(Err(Why::NoSuchResource));
        };
        let held = self.app.access.decide(user, tenant, permission).await?;
        Ok(if held { Ok(()) } else { Err(Why::NotHeld) })
    }
    /// The tenant that a resource is or belongs to, if the application may hear of it.
    async fn tenant(&mut self, resource: &Entity) -> Result<Option<TenantId>> {
        let name = if resource.r#type == "tenant" {
            Some(resource.id.as_str())
        } else {
            resource.properties.get("tenant").and_then(Value::as_str)
        };
        let Some(name) = name else { return Ok(None) };
        let found = match TenantId::parse(name) {
            Some(id) => Some(id),
            // Like any tenant in which nothing is held.
            None => Some(self.by_name(name).await?.unwrap_or(NOWHERE)),
        };
        let own = self.client.app.tenant_id;
        Ok(found.filter(|t| *t != TenantId::PLATFORM && (self.client.app.platform || *t == own)))
    }
    async fn by_name(&mut self, name: &str) -> Result<Option<TenantId>> {
        if let Some(known) = self.named.get(name) {
            return Ok(*known);
        }
        let found = tenants::by_slug(&self.app.store, name).await?.map(|t| t.id);
        self.named.insert(name.to_owned(), found);
        Ok(found)
    }
}

/// A decision as it is sent.
fn shown(decision: Result<(), Why>) -> Value {
    match decision {
        Ok(()) => json!({"decision": true}),
        Err(why) => json!({"decision": false, "context": {"reason": why.text()}}),
    }
}

/// The client: an application with a secret. (A public one proves nothing, an integration user asks for itself.)
async fn client(
    app: &App,
    headers: &HeaderMap,
    from: &ClientAddr,
) -> Result<std::sync::Arc<Client>, OAuthError> {
    let none = Params::read("")?;
    let client = caller::client(app, headers, &none, from.ip()).await?;
    if client.app.public || client.app.kind != Kind::App {
        let text = "decisions are for applications that have a secret";
        return Err(OAuthError::new("unauthorized_client", text).status(StatusCode::FORBIDDEN));
    }
    Ok(client)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, OAuthError> {
    strict::json(body).map_err(|e| OAuthError::invalid_request(e.detail()))
}

/// An answer, or a refusal, with the request's own id where it has one (10.1.3).
fn sent(headers: &HeaderMap, answer: Result<Value, OAuthError>) -> Response {
    let mut r = match answer {
        Ok(body) => {
            let mut r = body.to_string().into_response();
            let json = HeaderValue::from_static("application/json");
            r.headers_mut().insert(header::CONTENT_TYPE, json);
            r
        }
        Err(e) => e.into_response(),
    };
    let h = r.headers_mut();
    no_store(h);
    if let Some(id) = headers.get(&REQUEST_ID) {
        h.insert(REQUEST_ID, id.clone());
    }
    r
}

/// `POST /access/v1/evaluation`
pub async fn one(
    State(app): State<App>,
    from: ClientAddr,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        let client = client(&app, &headers, &from).await?;
        let question: Question = read(&body)?;
        let mut asker = Asker { app: &app, client: &client, named: HashMap::new() };
        Ok(shown(asker.decide(&question).await?))
    };
    sent(&headers, answer.await)
}

/// `POST /access/v1/evaluations`
pub async fn many(
    State(app): State<App>,
    from: ClientAddr,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        let client = client(&app, &headers, &from).await?;
        all(&app, &client, &read(&body)?).await
    };
    sent(&headers, answer.await)
}

async fn all(app: &App, client: &Client, batch: &Batch) -> Result<Value, OAuthError> {
    let mut asker = Asker { app, client, named: HashMap::new() };
    if batch.evaluations.is_empty() {
        // As a single question (7.1).
        return Ok(shown(asker.decide(&batch.common).await?));
    }
    if batch.evaluations.len() > MOST {
        let text = format!("at most {MOST} questions at once");
        return Err(OAuthError::invalid_request(&text));
    }
    let mut answers = Vec::with_capacity(batch.evaluations.len());
    for question in &batch.evaluations {
        // One that lacks something is refused by itself (7.2.1).
        let (yes, answer) = match asker.decide(&question.or(&batch.common)).await {
            Ok(decision) => (decision.is_ok(), shown(decision)),
            Err(e) if e.status == StatusCode::BAD_REQUEST => {
                let error = json!({"status": 400, "message": e.description});
                (false, json!({"decision": false, "context": {"error": error}}))
            }
            Err(e) => return Err(e),
        };
        answers.push(answer);
        let last = match batch.options.evaluations_semantic {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !yes,
            Semantic::PermitOnFirstPermit => yes,
        };
        if last {
            break;
        }
    }
    Ok(json!({"evaluations": answers}))
}

/// `GET /.well-known/authzen-configuration` (9)
pub async fn document(State(app): State<App>) -> Response {
    let i = app.config.issuer();
    let doc = json!({
        "policy_decision_point": i,
        "access_evaluation_endpoint": format!("{i}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{i}/access/v1/evaluations"),
    });
    let mut r = doc.to_string().into_response();
    r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    r
}
