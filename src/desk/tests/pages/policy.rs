//! A policy is saved over what its form showed, and not before its saver knows that it shuts them out.

use super::api::{HOME, changed, list, me, nothing};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

/// The API: whoever sits there proved `class`; a change is answered with `status`.
fn answer(method: &Method, path: &str, class: &str, status: StatusCode) -> (StatusCode, Value) {
    let policy = json!({
        "mfa": { "default": "by_role", "level": "attested", "roles": {} },
        "permissions": { "users.delete": { "class": "phr" } },
    });
    let ok = match (method.as_str(), path) {
        ("GET", p) if p.starts_with("/me?") => me(false, p),
        ("GET", "/me/sessions") => list([
            json!({ "id": "s0", "this": false, "class": "phr" }),
            json!({ "id": "s1", "this": true, "class": class }),
        ]),
        ("GET", p) if p == format!("/tenants/{HOME}/policy") => policy,
        ("PUT", p) if p == format!("/tenants/{HOME}/policy") => {
            let p = json!({ "detail": "it is at 8", "code": "precondition", "field": "If-Match" });
            return (status, if status.is_success() { policy } else { p });
        }
        ("GET", p) if p.contains("/roles?") => list([
            json!({ "id": "r1", "name": "Tenant Administrator", "demands_mfa": true }),
            json!({ "id": "r2", "name": "Another", "demands_mfa": true }),
        ]),
        ("GET", p) if p.contains("/apps?") => list([]),
        ("GET", "/catalogue") => json!({ "categories": [{
            "id": "users", "name": "Users", "permissions": [{ "id": "delete", "name": "Delete" }],
        }] }),
        _ => return nothing(),
    };
    (StatusCode::OK, ok)
}

async fn sent(
    class: &'static str,
    status: StatusCode,
    (part, form): (&str, &str),
) -> (StatusCode, String, super::api::Asked) {
    let at = format!("/admin/in/contoso/policy/{part}");
    super::api::seen(move |m, p| answer(m, p, class, status), &at, Some(form)).await
}

#[tokio::test]
async fn a_form_carries_the_version_that_it_was_made_from() {
    let ok = StatusCode::OK;
    let page = "/admin/in/contoso/policy";
    let (_, text, _) = super::api::seen(move |m, p| answer(m, p, "mfa", ok), page, None).await;
    let version = r#"<input type="hidden" name="version" value="7">"#;
    assert_eq!(text.matches(version).count(), 4, "{text}");
    let (status, to, asked) = sent("mfa", ok, ("lasting", "version=7&sessions.idle=5")).await;
    assert_eq!(
        (status, to.as_str()),
        (StatusCode::SEE_OTHER, "/admin/in/contoso/policy?done=saved")
    );
    assert_eq!(changed(&asked)[0].2.as_deref(), Some("\"7\""));
}

#[tokio::test]
async fn an_old_form_undoes_nothing_and_keeps_what_was_typed() {
    let form = "version=6&sessions.idle=5&sessions.idle.unit=h";
    let (status, text, asked) =
        sent("mfa", StatusCode::PRECONDITION_FAILED, ("lasting", form)).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(changed(&asked)[0].2.as_deref(), Some("\"6\""));
    assert!(text.contains("Somebody changed it meanwhile") && !text.contains("If-Match"), "{text}");
    assert!(text.contains(r#"name="sessions.idle" type="number" min="0" value="5""#), "{text}");
    assert!(text.contains(r#"name="version" value="6""#), "it stays old until it is opened anew");
}

#[tokio::test]
async fn what_shuts_its_saver_out_is_said_before_it_is_saved() {
    let ok = StatusCode::OK;
    let strict = "version=7&mfa.default=always&mfa.level=phr&mfa.roles.r2=none";
    let (status, text, asked) = sent("mfa", ok, ("mfa", strict)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(changed(&asked).is_empty(), "{asked:?}");
    assert!(text.contains("cannot be phished") && text.contains("<dd>two factors</dd>"), "{text}");
    assert!(text.contains(r#"name="mfa.roles.r2" value="none""#), "{text}");
    // Back to the form, as it was typed.
    let (_, text, asked) = sent("mfa", ok, ("mfa", &format!("{strict}&step=back"))).await;
    assert!(changed(&asked).is_empty(), "{asked:?}");
    assert!(text.contains(r#"<option value="phr" selected>a second factor that"#), "{text}");
    assert!(text.contains(r#"<option value="none" selected>nothing beside"#), "{text}");
    let (status, _, asked) = sent("mfa", ok, ("mfa", &format!("{strict}&step=save"))).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(changed(&asked)[0].1["mfa"]["level"], "phr");
}

#[tokio::test]
async fn nobody_is_warned_of_what_does_not_concern_them() {
    let ok = StatusCode::OK;
    for (class, form) in [
        // Proved already.
        ("phr", "mfa.default=always&mfa.level=phr"),
        // Of a role that they have not.
        ("attested", "mfa.default=by_role&mfa.level=attested&mfa.roles.r2=phr"),
        // Their own role is named.
        ("mfa", "mfa.default=always&mfa.level=phr&mfa.roles.r1=mfa"),
        ("single", "mfa.default=never&mfa.level=phr"),
    ] {
        let (status, text, _) = sent(class, ok, ("mfa", form)).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{form}: {text}");
    }
    // Of a permission that they have.
    let form = "permissions.new=system.edit_settings&permissions.new.class=mfa";
    let (status, text, asked) = sent("attested", ok, ("permissions", form)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(changed(&asked).is_empty() && text.contains(r#"id="confirm""#), "{text}");
}

#[tokio::test]
async fn clients_are_changed_only_over_what_their_form_showed() {
    for (room, form) in [("apps", "name=Wiki+2"), ("integrations", "name=Sync+2")] {
        let answer = move |m: &Method, p: &str| {
            let at = format!("/tenants/{HOME}/{room}/x");
            match (m.as_str(), p) {
                ("GET", p) if p.starts_with("/me?") => (StatusCode::OK, me(false, p)),
                ("GET", "/catalogue") => (StatusCode::OK, json!({ "categories": [] })),
                ("GET", p) if p == at => (
                    StatusCode::OK,
                    json!({
                        "id": "x", "name": "Wiki", "client_id": "c1", "public": false, "platform": false,
                        "settings": { "access_ttl": 300 }, "enabled": true, "created_by": "owner",
                        "created_at": "2026-01-01T10:00:00Z",
                    }),
                ),
                ("PATCH", p) if p == at => (
                    StatusCode::PRECONDITION_FAILED,
                    json!({
                        "detail": "it is at 8", "code": "precondition", "field": "If-Match",
                    }),
                ),
                _ => nothing(),
            }
        };
        let at = format!("/admin/in/contoso/{room}/x/edit");
        let (status, text, _) = super::api::seen(answer, &at, None).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        assert!(text.contains(r#"<input type="hidden" name="version" value="7">"#), "{text}");
        let form = format!("version=6&access_ttl=300&{form}");
        let (status, text, asked) = super::api::seen(answer, &at, Some(&form)).await;
        assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{text}");
        assert_eq!(changed(&asked)[0].2.as_deref(), Some("\"6\""));
        assert!(text.contains("Somebody changed it meanwhile"), "{text}");
        assert!(text.contains(r#"value="6""#) && text.contains(" 2\""), "{text}");
    }
}

#[tokio::test]
async fn a_key_that_was_used_is_no_word_for_people() {
    let answer = |m: &Method, p: &str| match (m.as_str(), p) {
        ("GET", p) if p.starts_with("/me?") => (StatusCode::OK, me(false, p)),
        ("GET", "/catalogue") => (StatusCode::OK, json!({ "categories": [] })),
        ("POST", p) if p.ends_with("/apps") => (
            StatusCode::UNPROCESSABLE_ENTITY,
            json!({
                "detail": "this key was used for another request", "code": "idempotency_key_reused",
                "field": "Idempotency-Key",
            }),
        ),
        _ => nothing(),
    };
    let form = Some("key=k1&name=Wiki&kind=web");
    let (status, text, _) = super::api::seen(answer, "/admin/in/contoso/apps/add", form).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("This form was sent before with other content"), "{text}");
    assert!(text.contains(r#"value="Wiki""#), "what was typed stays: {text}");
    assert!(!text.contains(r#"name="key" value="k1""#), "the next time it goes through");
}
