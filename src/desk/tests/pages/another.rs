//! On a directory's own pages, too, people are not shut out by one click.

use super::{
    api::{HOME, changed, list, me, nothing, seen},
    portal::directory,
};
use axum::http::{Method, StatusCode};
use serde_json::Value;

fn answer(method: &Method, path: &str, stage: &str) -> (StatusCode, Value) {
    let d = format!("/tenants/{HOME}/directories/d1");
    let ok = match (method.as_str(), path) {
        ("GET", p) if p.starts_with("/me?") => me(false, p),
        ("GET" | "PATCH", p) if p == d => directory(stage),
        ("GET", _) => list([]),
        _ => return nothing(),
    };
    (StatusCode::OK, ok)
}

#[tokio::test]
async fn another_client_or_issuer_is_asked_about_first() {
    for path in ["/steps", "/signin/settings"] {
        let at = format!("/admin/in/contoso/directories/d1{path}");
        let other =
            "version=4&issuer=https%3A%2F%2Fother.example&client_id=c1&client_secret=topsecret";
        let (status, text, asked) = seen(|m, p| answer(m, p, "enforced"), &at, Some(other)).await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        assert!(changed(&asked).is_empty(), "{path}: {asked:?}");
        assert!(text.contains("The sessions of all who came by it end"), "{path}: {text}");
        assert!(text.contains("the only way in no more"), "{path}: {text}");
        assert!(!text.contains("topsecret") && text.contains(r#"id="f-client_secret""#), "{text}");
        assert!(text.contains(r#"name="version" value="4""#), "{path}: {text}");
        let client = "version=4&issuer=https%3A%2F%2Fidp.example&client_id=c2";
        let (_, text, asked) = seen(|m, p| answer(m, p, "active"), &at, Some(client)).await;
        assert!(changed(&asked).is_empty() && text.contains("Sessions that run go on"), "{text}");
        assert!(!text.contains(r#"id="f-client_secret""#), "{path}: {text}");

        let meant = format!("{other}&step=save");
        let (_, to, asked) = seen(|m, p| answer(m, p, "enforced"), &at, Some(&meant)).await;
        assert!(to.contains("?done=saved"), "{path}: {to}");
        let (_, body, version) = changed(&asked).pop().unwrap();
        assert_eq!(body["signin"]["issuer"], "https://other.example", "{path}");
        assert_eq!(version.as_deref(), Some("\"4\""), "{path}");
        // A new secret alone, and what nobody signs in by, is saved as it comes.
        let same = "version=4&issuer=https%3A%2F%2Fidp.example&client_id=c1&client_secret=s";
        let (_, to, _) = seen(|m, p| answer(m, p, "active"), &at, Some(same)).await;
        assert!(to.contains("?done=saved"), "{path}: {to}");
        let (_, to, _) = seen(|m, p| answer(m, p, "testing"), &at, Some(other)).await;
        assert!(to.contains("?done=saved"), "{path}: {to}");
    }
}
