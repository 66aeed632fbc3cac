//! The API in its place.

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, Response, StatusCode, header},
};
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

/// Whoever sits there.
pub const ADA: &str = "01900000-0000-7000-8000-0000000000aa";
/// Their tenant, `contoso`.
pub const HOME: &str = "01900000-0000-7000-8000-0000000000bb";

/// What the API was asked: how, where, with which document, of which version.
pub type Asked = Arc<Mutex<Vec<(Method, String, Value, Option<String>)>>>;
/// The version that the API tells of whatever it answers with.
pub const VERSION: &str = "7";

/// A list of one page.
pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
    json!({ "items": items.into_iter().collect::<Vec<_>>(), "next": null })
}

/// Who sits there, as it is asked for a tenant or for none.
pub fn me(global: bool, path: &str) -> Value {
    let here = json!([{
        "tenant": HOME, "slug": "contoso", "name": "Contoso", "status": "active",
        "roles": ["Tenant Administrator"],
        "permissions": [
            "users.manage_roles", "system.view_logs", "system.view_settings", "system.edit_settings",
        ],
    }]);
    let places = if path.ends_with("=contoso") { here } else { json!([]) };
    json!({ "user": ADA, "tenant": HOME, "user_name": "ada", "global": global, "in": places })
}

/// What is not there.
pub fn nothing() -> (StatusCode, Value) {
    (StatusCode::NOT_FOUND, json!({ "detail": "not found", "code": "not_found" }))
}

type Answers = Arc<dyn Fn(&Method, &str) -> (StatusCode, Value) + Send + Sync>;

fn backend(answers: Answers, asked: &Asked) -> desk::Backend {
    let asked = asked.clone();
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        let (asked, answers) = (asked.clone(), answers.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, 65_536).await.unwrap();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            let path = parts.uri.path_and_query().unwrap().as_str().to_owned();
            let path = path.strip_prefix("/api/v1").unwrap().to_owned();
            let (status, answer) = answers(&parts.method, &path);
            let version = parts.headers.get(header::IF_MATCH);
            let version = version.map(|v| v.to_str().unwrap().to_owned());
            asked.lock().unwrap().push((parts.method, path, body, version));
            let mut r = Response::new(Body::from(answer.to_string()));
            *r.status_mut() = status;
            r.headers_mut().insert(header::ETAG, format!("\"{VERSION}\"").parse().unwrap());
            Ok::<_, Infallible>(r)
        }
    }))
}

/// A page, or where it leads on to; a form is sent where one is given.
pub async fn seen(
    answers: impl Fn(&Method, &str) -> (StatusCode, Value) + Send + Sync + 'static,
    path: &str,
    form: Option<&str>,
) -> (StatusCode, String, Asked) {
    let asked = Asked::default();
    let settings = desk::Settings { brand: "Muster".to_owned(), stylesheet: String::new() };
    let pages = desk::routes(desk::Desk::new(settings, backend(Arc::new(answers), &asked)));
    let mut request = Request::new(Body::from(form.unwrap_or_default().to_owned()));
    *request.uri_mut() = path.parse().unwrap();
    if form.is_some() {
        *request.method_mut() = Method::POST;
        let kind = "application/x-www-form-urlencoded".parse().unwrap();
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    let r = pages.oneshot(request).await.unwrap();
    let status = r.status();
    let to = r.headers().get(header::LOCATION).map(|v| v.to_str().unwrap().to_owned());
    let text = String::from_utf8(to_bytes(r.into_body(), 1 << 20).await.unwrap().into()).unwrap();
    (status, to.unwrap_or(text), asked)
}

/// What the API was asked to change, each with the version it was to be.
pub fn changed(asked: &Asked) -> Vec<(String, Value, Option<String>)> {
    let all = asked.lock().unwrap();
    let change = |m: &Method| *m == Method::PUT || *m == Method::PATCH;
    all.iter().filter(|a| change(&a.0)).map(|a| (a.1.clone(), a.2.clone(), a.3.clone())).collect()
}

/// What was sent to the API.
pub fn sent(asked: &Asked) -> Vec<(String, Value)> {
    let all = asked.lock().unwrap();
    all.iter().filter(|a| a.0 == Method::POST).map(|a| (a.1.clone(), a.2.clone())).collect()
}
