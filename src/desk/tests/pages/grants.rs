//! Roles given by hand, on the page.

use super::api::{HOME, list, me, nothing, seen};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

fn grant(id: &str, until: Option<&str>) -> Value {
    json!({
        "id": id, "user": "u", "home": HOME, "user_name": "bo", "role": "r", "role_name": "Fireman",
        "scope": { "kind": "tenant", "text": "Contoso" }, "source": "manual", "reason": null,
        "granted_by": "owner", "valid_from": "2026-01-01T10:00:00Z", "valid_to": until,
        "created_at": "2026-01-01T10:00:00Z",
    })
}

fn answer(method: &Method, path: &str) -> (StatusCode, Value) {
    let ok = match (method.as_str(), path) {
        ("GET", p) if p.starts_with("/me?") => me(true, p),
        ("GET", p) if p.contains("/roles?") => list(vec![]),
        ("GET", p) if p.contains("/grants?") => list([
            grant("g-over", Some("2026-01-02T10:00:00Z")),
            grant("g-ends", Some("2999-01-02T10:00:00Z")),
            grant("g-stays", None),
        ]),
        _ => return nothing(),
    };
    (StatusCode::OK, ok)
}

#[tokio::test]
async fn what_has_ended_is_not_shown_as_what_is_held() {
    let (status, text, _) = seen(answer, "/admin/in/contoso/assignments", None).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let rows: Vec<(&str, bool)> = text
        .split(r#"<tr id="grant-"#)
        .skip(1)
        .map(|r| (r.split('"').next().unwrap(), r.contains(r#"<span class="tag">ended</span>"#)))
        .collect();
    assert_eq!(rows, [("g-over", true), ("g-ends", false), ("g-stays", false)]);
}
