//! What takes something away is explained before it is done, and done by its button alone.

use super::api::{HOME, list, me, nothing, seen, sent};
use axum::http::{Method, StatusCode};
use serde_json::json;

fn answer(method: &Method, path: &str) -> (StatusCode, serde_json::Value) {
    let at = format!("/tenants/{HOME}/users/u1");
    let session = json!({
        "id": "s1", "acting_in": HOME, "class": "pwd", "evidence": {}, "client": {},
        "created_at": "2026-01-01T10:00:00Z", "last_seen_at": "2026-01-01T10:00:00Z",
        "expires_at": "2099-01-01T10:00:00Z", "ended_at": null, "ended_why": null, "name": null,
    });
    let ok = match (method.as_str(), path) {
        ("GET", p) if p.starts_with("/me?") => me(false, p),
        ("GET", p) if p == at => json!({
            "id": "u1", "kind": "employee", "user_name": "bo", "display_name": "Bo", "enabled": true,
            "active": true, "version": 1, "created_at": "2026-01-01T10:00:00Z",
            "updated_at": "2026-01-01T10:00:00Z",
        }),
        ("GET", p) if p == format!("{at}/access") => json!({
            "nothing_counts": null, "access": [{
                "tenant": HOME, "slug": "contoso", "name": "Contoso", "scope": { "text": "Contoso" },
                "roles": [{
                    "role": { "id": "r1", "name": "Chief", "demands_mfa": true },
                    "via": { "kind": "assignment", "grant": "g1", "source": "manual" },
                    "scope": { "text": "Contoso" }, "since": "2026-01-01T10:00:00Z", "until": null,
                    "by": "owner", "standing": null, "does_not_count": null,
                }],
            }],
        }),
        ("GET", p) if p.contains("/roles?") => list([json!({
            "id": "r1", "permissions": ["self_service", "users.delete"],
        })]),
        ("GET", p) if p.starts_with(&format!("{at}/sessions?")) => list(vec![session]),
        ("GET", p) if p.ends_with("/consents") => list([json!({
            "app": "a1", "name": "Wiki", "scopes": ["openid"], "updated_at": "2026-01-01T10:00:00Z",
        })]),
        (_, p) if p == format!("/tenants/{HOME}/apps/a1") => json!({
            "id": "a1", "name": "Wiki", "client_id": "c1", "public": false, "platform": false,
            "settings": {}, "enabled": true, "created_by": "owner", "tenant": HOME,
            "created_at": "2026-01-01T10:00:00Z",
        }),
        ("DELETE", p) if p.starts_with(&format!("{at}/sessions")) => json!({}),
        _ => return nothing(),
    };
    (StatusCode::OK, ok)
}

#[tokio::test]
async fn sessions_end_after_their_page() {
    let at = "/admin/in/contoso/users/u1/sessions/end";
    let (status, text, _) = seen(answer, &format!("{at}?session=s1"), None).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.contains(r#"<input type="hidden" name="session" value="s1">"#), "{text}");
    assert!(text.contains("Other sessions stay") && !text.contains("End all sessions"));
    let (status, text, asked) = seen(answer, &format!("{at}?all=1"), None).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.contains("signed out everywhere") && text.contains(r#"id="confirm""#), "{text}");
    assert!(sent(&asked).is_empty());
    assert!(asked.lock().unwrap().iter().all(|a| a.0 == Method::GET), "a page does nothing");
    // Whoever comes back from proving who they are, without the words, is not offered more than they asked for.
    let (status, to, _) = seen(answer, at, None).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(to, "/admin/in/contoso/users/u1/signing-in");
    let (_, to, asked) = seen(answer, at, Some("session=s1")).await;
    assert!(to.ends_with("done=session-ended"), "{to}");
    let asked = asked.lock().unwrap();
    let ended = asked.iter().filter(|a| a.0 == Method::DELETE).map(|a| a.1.as_str());
    assert!(ended.eq([format!("/tenants/{HOME}/users/u1/sessions/s1").as_str()]), "{asked:?}");
}

#[tokio::test]
async fn an_application_is_switched_off_after_its_page() {
    let at = "/admin/in/contoso/apps/a1";
    let (status, text, _) = seen(answer, at, None).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.contains(r#"id="off" href="/admin/in/contoso/apps/a1/switch""#), "{text}");
    assert!(!text.contains(r#"id="switch""#), "nothing switches it off at once");
    let (status, text, asked) = seen(answer, &format!("{at}/switch"), None).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.contains("nobody can sign in to Wiki"), "{text}");
    assert!(asked.lock().unwrap().iter().all(|a| a.0 == Method::GET), "a page does nothing");
    let (_, to, asked) = seen(answer, &format!("{at}/switch"), Some("enabled=false")).await;
    assert_eq!(to, "/admin/in/contoso/apps/a1?done=disabled");
    let asked = asked.lock().unwrap();
    let sent: Vec<_> = asked.iter().filter(|a| a.0 == Method::PATCH).map(|a| &a.2).collect();
    assert_eq!(sent, [&json!({ "enabled": false })]);
}

#[tokio::test]
async fn a_consent_is_taken_back_after_its_page() {
    let at = "/admin/in/contoso/users/u1/consents/end";
    let (status, text, _) = seen(answer, &format!("{at}?app=a1"), None).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.contains("Wiki loses what Bo let it do"), "{text}");
    assert!(text.contains(r#"<input type="hidden" name="app" value="a1">"#), "{text}");
    let (status, to, _) = seen(answer, at, None).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(to, "/admin/in/contoso/users/u1/signing-in");
}

#[tokio::test]
async fn help_that_would_be_refused_is_not_offered() {
    // Whoever looks may edit users and manage roles; `strong` may delete users, too, as the person may.
    let as_clerk = |strong: bool| {
        move |m: &Method, p: &str| {
            if !p.starts_with("/me?") {
                return answer(m, p);
            }
            let mut me = me(false, p);
            let held = me["in"][0]["permissions"].as_array_mut().unwrap();
            held.extend(["users.view", "users.edit"].map(|p| json!(p)));
            if strong {
                held.push(json!("users.delete"));
            }
            (StatusCode::OK, me)
        }
    };
    let at = "/admin/in/contoso/users/u1";
    let (status, text, _) = seen(as_clerk(false), &format!("{at}/signing-in"), None).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.contains("They hold more here than you do") && !text.contains("/help/"), "{text}");
    let (_, to, _) = seen(as_clerk(false), &format!("{at}/help/password"), None).await;
    assert_eq!(to, format!("{at}/signing-in#help-title"));
    let (status, text, _) = seen(as_clerk(true), &format!("{at}/help/password"), None).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.contains(r#"id="f-password""#), "{text}");
}
