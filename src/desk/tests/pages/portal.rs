//! The pages behind a setup link act on the directory they showed, over what they showed of it, and ask before people's
//! sign-in changes.

use super::api::{Asked, HOME, changed, list, seen, sent};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

pub(super) fn directory(stage: &str) -> Value {
    json!({
        "id": "d1", "name": "Entra", "preset": "generic", "status": "active", "stage": stage,
        "provisioning": {
            "unique_group_names": true, "unknown_members": "skip", "rules_off": [],
            "log": { "bodies": "off", "names": false, "days": 30, "most": 1000 },
            "silence_hours": null,
            "mass_change": { "on": true, "percent": 10, "minutes": 60, "people": 5 },
        },
        "signin": {
            "issuer": "https://idp.example", "client_id": "c1", "scopes": [], "end_upstream": false,
            "rules": {
                "amr": [], "acr": [], "acr_phr": [], "acrs": null, "two_classes": false, "max_age": null,
            },
            "newcomers": {
                "people": "nobody", "guests": false, "groups": null, "absent_is_none": false,
                "graph": null,
            },
        },
        "generation": 1, "scim_base_url": "https://muster.example/scim/d1",
        "redirect_uri": "https://muster.example/federation/callback/d1",
        "post_logout_redirect_uri": "https://muster.example/out", "version": 4,
        "created_at": "2026-01-01T10:00:00Z", "updated_at": "2026-01-01T10:00:00Z",
    })
}

fn answer(method: &Method, path: &str, stage: &str) -> (StatusCode, Value) {
    let d = format!("/tenants/{HOME}/directories/d1");
    let counted = json!({ "requests": 0, "errors": 0, "ignored": 0, "denied": 0, "lost": 0 });
    let ok = match (method.as_str(), path) {
        (_, "/me") if stage == "over" => {
            let p = json!({ "detail": "the setup link is over, or was taken back", "code": "invalid_token" });
            return (StatusCode::UNAUTHORIZED, p);
        }
        ("GET", "/me") => json!({
            "actor": "portal:l1",
            "portal": { "tenant": HOME, "company": "Contoso", "directory": "d1" },
        }),
        ("PATCH", p) if p == d && stage == "draft" => {
            let p = json!({ "detail": "'issuer' is empty", "code": "invalid", "field": "issuer" });
            return (StatusCode::BAD_REQUEST, p);
        }
        ("GET" | "PATCH", p) if p == d => directory(stage),
        ("GET", p) if p == format!("{d}/scim-tokens") => list(["t1", "t2"].map(
            |id| json!({ "id": id, "created_at": "2026-01-01T10:00:00Z", "last_used_at": null }),
        )),
        ("DELETE", p) if p == format!("{d}/scim-tokens/t1") => json!({}),
        ("GET", p) if p == format!("{d}/health") => json!({
            "ok": true, "alarms": [], "last_request_at": null, "last_success_at": null,
            "last_error_at": null, "last_error": null, "last_denied_at": null, "last_denied": null,
            "hour": counted, "day": counted, "silence_hours": null,
        }),
        ("GET", p) if p == format!("/tenants/{HOME}/domains") => list([json!({
            "domain": "contoso.con", "state": "asked",
            "record": { "name": "_muster.contoso.con", "value": "v", "problem": null },
        })]),
        ("GET", _) => list([]),
        _ => return super::api::nothing(),
    };
    (StatusCode::OK, ok)
}

async fn page(stage: &'static str, path: &str, form: Option<&str>) -> (StatusCode, String, Asked) {
    seen(move |m, p| answer(m, p, stage), path, form).await
}

const SAME: &str =
    "directory=d1&version=4&issuer=https%3A%2F%2Fidp.example&client_id=c1&client_secret=s";
const OTHER: &str =
    "directory=d1&version=4&issuer=https%3A%2F%2Fidp.example&client_id=c2&client_secret=topsecret";

#[tokio::test]
async fn every_form_says_which_directory_and_which_version_it_showed() {
    let (status, text, _) = page("active", "/portal", None).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let forms = text.matches(r#"method="post""#).count();
    assert!(forms >= 4, "{text}");
    assert_eq!(text.matches(r#"name="directory" value="d1""#).count(), forms);
    assert!(
        text.contains(r#"name="version" value="4""#) && text.contains(r#"id="in-use""#),
        "{text}"
    );
    assert!(text.contains(r#"id="full""#) && !text.contains(r#"id="make-token""#), "{text}");
    assert!(text.contains("tell whoever sent you the link"), "{text}");
}

#[tokio::test]
async fn nothing_is_done_to_the_directory_of_another_link() {
    for path in ["signin", "test", "activate", "token", "token/revoke", "domain", "domain/check"] {
        let (status, text, asked) =
            page("active", &format!("/portal/{path}"), Some("directory=d0&token=t1")).await;
        assert_eq!(status, StatusCode::CONFLICT, "{path}: {text}");
        assert!(text.contains("This page is of another setup link"), "{text}");
        assert!(asked.lock().unwrap().iter().all(|a| a.0 == Method::GET), "{path}: {asked:?}");
    }
}

#[tokio::test]
async fn people_are_not_shut_out_by_one_click() {
    let (status, text, asked) = page("active", "/portal/signin", Some(OTHER)).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(changed(&asked).is_empty(), "{asked:?}");
    assert!(text.contains("nobody of Contoso can sign in by it"), "{text}");
    assert!(!text.contains("topsecret") && text.contains(r#"id="f-client_secret""#), "{text}");
    assert!(
        text.contains(r#"name="step" value="save""#) && text.contains(r#"value="c2""#),
        "{text}"
    );
    let again = format!("{OTHER}&step=save");
    let (_, to, asked) = page("active", "/portal/signin", Some(&again)).await;
    assert_eq!(to, "/portal?done=saved");
    let (_, body, version) = changed(&asked).pop().unwrap();
    assert_eq!((&body["signin"]["client_id"], version.as_deref()), (&json!("c2"), Some("\"4\"")));
    assert_eq!(body["signin"]["client_secret"], "topsecret");
    // A new secret alone, and what nobody signs in by, is saved as it comes.
    let (_, to, _) = page("active", "/portal/signin", Some(SAME)).await;
    assert_eq!(to, "/portal?done=saved");
    let (_, to, _) = page("testing", "/portal/signin", Some(OTHER)).await;
    assert_eq!(to, "/portal?done=saved");
}

#[tokio::test]
async fn a_problem_is_told_by_the_fields_own_name() {
    let (status, text, _) =
        page("draft", "/portal/signin", Some("directory=d1&client_id=c1")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("“Issuer” is empty") && !text.contains("&#39;issuer&#39;"), "{text}");
    assert!(text.contains(r#"id="f-issuer-problem""#), "{text}");
    // What was not tried is not done.
    assert!(!text.contains(r#"tag good">done"#), "{text}");
}

#[tokio::test]
async fn a_token_is_taken_back_after_its_page() {
    let (status, text, asked) = page("active", "/portal/token/revoke?token=t1", None).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert!(text.contains("The other token goes on") && text.contains(r#"id="confirm""#), "{text}");
    assert!(asked.lock().unwrap().iter().all(|a| a.0 == Method::GET));
    let (_, to, _) = page("active", "/portal/token/revoke", None).await;
    assert_eq!(to, "/portal");
    let form = Some("directory=d1&token=t1");
    let (_, to, asked) = page("active", "/portal/token/revoke", form).await;
    assert_eq!(to, "/portal?done=revoked");
    assert!(sent(&asked).is_empty());
}

#[tokio::test]
async fn a_link_that_is_over_leads_nowhere() {
    let (status, text, _) = page("over", "/portal", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(text.contains("This link does not work any more"), "{text}");
    assert!(
        text.contains("Ask whoever sent it to you for another") && !text.contains("<a "),
        "{text}"
    );
}
