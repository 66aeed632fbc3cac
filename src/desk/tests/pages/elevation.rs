//! Roles for a while, on the pages: what they ask the API, and what they show of its answers.

use super::api::{Asked, HOME, list, me, sent};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

const ADA: &str = super::api::ADA;

fn request(id: &str, user: &str, state: &str, scope: &str) -> Value {
    json!({
        "id": id, "state": state, "user": user, "home": HOME, "user_name": "bo", "role": "r",
        "role_name": "Fireman", "scope": { "kind": scope, "text": "the whole instance" },
        "minutes": 90, "reason": "case 4711", "asked_at": "2026-01-01T10:00:00Z",
        "expires_at": "2026-01-02T10:00:00Z",
    })
}

fn answer(method: &Method, path: &str, global: bool) -> (StatusCode, Value) {
    let ok = match (method.as_str(), path) {
        ("GET", p) if p.starts_with("/me?") => me(global, p),
        ("GET", "/elevations?limit=50") => list(vec![
            request("e-open", "bo", "open", "instance"),
            request("e-own", ADA, "open", "instance"),
        ]),
        ("GET", "/elevations/e-open") => request("e-open", "bo", "open", "instance"),
        ("GET", "/elevations/e-own") => request("e-own", ADA, "open", "instance"),
        ("GET", "/elevations/e-over") => request("e-over", "bo", "ended", "instance"),
        ("GET", p) if p.starts_with("/tenants/") && p.ends_with("/elevations?limit=50") => {
            list(vec![request("t-open", "bo", "open", "tenant")])
        }
        ("GET", p) if p.starts_with("/eligibilities?") => list(vec![]),
        ("GET", p) if p.contains("/roles?") => {
            list(vec![json!({ "id": "r", "name": "Fireman", "tenant": HOME, "built_in": false })])
        }
        ("GET", p) if p.contains("/users?") => list(vec![]),
        ("POST", "/elevations/e-open") => json!({}),
        ("POST", "/eligibilities") => {
            let p = json!({ "detail": "user 'nobody' not found", "code": "not_found", "field": "user" });
            return (StatusCode::NOT_FOUND, p);
        }
        _ => return super::api::nothing(),
    };
    (StatusCode::OK, ok)
}

async fn seen(global: bool, path: &str, form: Option<&str>) -> (StatusCode, String, Asked) {
    super::api::seen(move |method, path| answer(method, path, global), path, form).await
}

#[tokio::test]
async fn the_instances_requests_are_decided_among_its_own_pages() {
    let (status, text, _) = seen(true, "/admin/system/elevation", None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains(r#"href="/admin/system/elevation/e-open""#), "{text}");
    assert!(text.contains("your own") && !text.contains(r#"href="/admin/system/elevation/e-own""#));
    assert!(
        text.contains(r#"<a href="/admin/system/elevation" aria-current="page">Instance roles"#)
    );
    // In a tenant they are where letters say.
    let (status, text, _) = seen(true, "/admin/in/contoso/elevation", None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains(r#"href="/elevations/t-open""#), "{text}");
    assert!(text.contains(r#"href="/admin/in/contoso/elevation/eligible/add""#));
}

#[tokio::test]
async fn the_instances_pages_are_for_global_administrators() {
    for path in ["", "/eligible", "/eligible/add", "/eligible/x/withdraw", "/e-open"] {
        let (status, _, asked) = seen(false, &format!("/admin/system/elevation{path}"), None).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(asked.lock().unwrap().len(), 1, "nothing but who asks is asked: {path}");
    }
    let form = Some("decision=approve");
    let (status, _, asked) = seen(false, "/admin/system/elevation/e-open", form).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(sent(&asked).is_empty(), "{asked:?}");
}

#[tokio::test]
async fn who_may_ask_on_the_instance_is_sent_with_their_home() {
    let (status, text, _) = seen(true, "/admin/system/elevation/eligible", None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("Nobody may ask for a role yet") && text.contains("eligible/add"));
    let form = Some("user=nobody&role=r&max_minutes=2&unit=60&reason=on+call");
    let (status, text, asked) = seen(true, "/admin/system/elevation/eligible/add", form).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (path, body) = sent(&asked).pop().unwrap();
    assert_eq!(path, "/eligibilities");
    assert_eq!(body["home"], HOME);
    assert_eq!(body["max_minutes"], 120);
    assert_eq!(body["scope"], Value::Null);
    assert!(text.contains(r#"id="f-user-problem""#), "the problem is at the field: {text}");
    assert!(text.contains(r#"value="nobody""#) && text.contains(r#"value="on call""#), "{text}");
}

#[tokio::test]
async fn a_refusal_says_why_before_it_is_sent() {
    let (status, text, _) = seen(true, "/admin/system/elevation/e-open", None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("Fireman") && text.contains("1 hour 30 minutes"), "{text}");
    let at = "/admin/system/elevation/e-open";
    let (status, text, asked) = seen(true, at, Some("decision=refuse&reason=+")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains(r#"id="f-reason-problem""#), "{text}");
    assert!(sent(&asked).is_empty(), "{asked:?}");
    let (status, to, asked) = seen(true, at, Some("decision=refuse&reason=ask+Ben")).await;
    assert_eq!(
        (status, to.as_str()),
        (StatusCode::SEE_OTHER, "/admin/system/elevation?done=decided")
    );
    let body = json!({ "decision": "refuse", "reason": "ask Ben" });
    assert_eq!(sent(&asked), [("/elevations/e-open".to_owned(), body)]);
}

#[tokio::test]
async fn what_cannot_be_decided_offers_no_decision() {
    for (id, why) in [("e-own", r#"id="own""#), ("e-over", r#"id="closed""#)] {
        let (status, text, _) = seen(true, &format!("/admin/system/elevation/{id}"), None).await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.contains(why) && !text.contains(r#"name="decision""#), "{id}: {text}");
    }
}
