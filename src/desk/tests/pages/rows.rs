//! Links to what has no page of its own: they lead to its row.

use super::api::{HOME, list, me, nothing, seen};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

fn event(action: &str, target: &str, detail: &Value) -> Value {
    json!({
        "id": format!("e-{action}-{target}"), "at": "2026-01-01T10:00:00Z", "action": action,
        "actor": "owner", "target": target, "detail": detail, "digest": "d",
    })
}

fn events() -> Vec<Value> {
    let here = json!({ "tenant": HOME, "user": "u1", "group": "g1", "domain": "contoso.com" });
    let there = json!({ "tenant": "another", "user": "u1", "group": "g1" });
    let all = [
        ("grant.add", "grant:g-1", &here),
        ("grant.hold", "grant:g-2", &here),
        ("grant.remove", "grant:g-3", &here),
        ("grant.add", "grant:g-4", &there),
        ("mapping.create", "mapping:m-1", &here),
        ("mapping.delete", "mapping:m-2", &here),
        ("eligibility.add", "eligibility:l-1", &here),
        ("eligibility.withdraw", "eligibility:l-2", &here),
        ("elevation.ask", "elevation:a-1", &here),
        ("domain.prove", "tenant:t-1", &here),
        ("key.activate", "key:k-1", &here),
        ("app.secret.create", "app:c-1", &here),
        ("integration.create", "app:c-2", &here),
        ("user.edit", "user:u-1", &here),
    ];
    all.into_iter().map(|(action, target, detail)| event(action, target, detail)).collect()
}

fn way(via: &Value, scope: &str) -> Value {
    json!({
        "role": { "id": "r", "name": "Fireman", "demands_mfa": false }, "via": via,
        "scope": { "kind": scope, "text": "somewhere" }, "since": "2026-01-01T10:00:00Z",
        "until": null, "by": "owner", "standing": null, "does_not_count": null,
    })
}

fn answer(method: &Method, path: &str, global: bool) -> (StatusCode, Value) {
    let assigned =
        |id, source| json!({ "kind": "assignment", "grant": id, "source": source, "reason": null });
    let mapped = json!({
        "kind": "mapping", "mapping": "m-1", "group": "g1", "group_name": "Firemen",
        "directory": "d1", "directory_name": "Entra",
    });
    let ok = match (method.as_str(), path) {
        ("GET", p) if p.starts_with("/me?") => me(global, p),
        ("GET", p) if p.contains("/audit?") => list(events()),
        ("GET", p) if p.contains("/explain?") => json!({
            "allowed": true, "permission": "users.view", "first": null, "nothing_counts": null,
            "user": { "id": "u1", "tenant": HOME, "user_name": "bo" }, "void": [], "needed": [],
            "paths": [
                way(&assigned("g-1", "manual"), "tenant"), way(&assigned("g-2", "hold"), "tenant"),
                way(&assigned("g-3", "manual"), "instance"), way(&mapped, "tenant"),
            ],
        }),
        ("GET", p) if p.starts_with("/tenants?") => list(vec![]),
        ("GET", "/catalogue") => json!({ "categories": [] }),
        _ => return nothing(),
    };
    (StatusCode::OK, ok)
}

async fn page(global: bool, path: &str) -> String {
    let (status, text, _) = seen(move |m, p| answer(m, p, global), path, None).await;
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    text
}

/// Whether a page has exactly these links to rows.
fn leads(text: &str, to: &[&str]) {
    let links = text.split(r#"href=""#).skip(1).filter_map(|l| l.split('"').next());
    let row = |l: &&str| l.contains('#') && !l.starts_with('#') || l.contains("/elevation/");
    let links: Vec<&str> = links.filter(|l| !l.contains("&#")).filter(row).collect();
    assert_eq!(links, to);
}

#[tokio::test]
async fn the_trail_leads_to_what_is_there() {
    let text = page(false, "/admin/in/contoso/audit").await;
    leads(
        &text,
        &[
            "/admin/in/contoso/assignments?user=u1#grant-g-1",
            "/admin/in/contoso/assignments/holds?user=u1#hold-g-2",
            "/admin/in/contoso/mappings?group=g1#mapping-m-1",
            "/admin/in/contoso/elevation/eligible#eligibility-l-1",
            "/admin/in/contoso/elevation#request-a-1",
        ],
    );
    assert!(text.contains(r#"<a href="/admin/in/contoso/domains/contoso.com">Open</a>"#));
    // Which client it was, the address finds out; what they may not see is no link.
    assert!(text.contains(r#"<a href="/admin/in/contoso/clients/c-1">Open</a>"#), "{text}");
    assert!(!text.contains("/integrations/c-2") && !text.contains("/users/u-1"), "{text}");
}

#[tokio::test]
async fn the_instances_trail_leads_to_its_own_pages() {
    leads(
        &page(true, "/admin/instance/audit").await,
        &[
            "/admin/instance/assignments?user=u1#grant-g-1",
            "/admin/instance/assignments/holds?user=u1#hold-g-2",
            "/admin/instance/assignments?user=u1#grant-g-4",
            "/admin/system/elevation/eligible#eligibility-l-1",
            "/admin/system/elevation/a-1",
            "/admin/system#key-k-1",
        ],
    );
    // Of a tenant that is gone nothing has a page.
    leads(&page(true, &format!("/admin/instance/audit?tenant={HOME}")).await, &[]);
}

#[tokio::test]
async fn an_explanation_leads_to_what_gives_the_role() {
    let ask = "/admin/in/contoso/explain?user=u1&permission=users.view";
    let here = [
        "/admin/in/contoso/assignments?user=u1#grant-g-1",
        "/admin/in/contoso/assignments/holds?user=u1#hold-g-2",
        "/admin/instance/assignments?user=u1#grant-g-3",
        "/admin/in/contoso/mappings?group=g1#mapping-m-1",
    ];
    leads(&page(true, ask).await, &here);
    // The instance's list is for Global Administrators.
    leads(&page(false, ask).await, &[here[0], here[1], here[3]]);
}

#[tokio::test]
async fn moments_in_the_checklist_are_told_as_elsewhere() {
    let answer = |m: &Method, p: &str| match (m.as_str(), p) {
        ("GET", p) if p.starts_with("/me?") => (StatusCode::OK, me(false, p)),
        ("GET", p) if p.ends_with("/checklist") => (
            StatusCode::OK,
            json!({ "setup": [{
            "id": "provisioning", "done": false, "title": "Let people come",
            "detail": "the last request came at 2026-11-29T21:36:16.233Z, and not at T or 2026",
        }] }),
        ),
        ("GET", p) if p.contains("/directories?") => (StatusCode::OK, list(vec![])),
        _ => nothing(),
    };
    let (status, text, _) = seen(answer, "/admin/in/contoso", None).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let says = "The last request came at 2026-11-29 21:36 UTC, and not at T or 2026.";
    assert!(text.contains(says), "{text}");
}
