//! Whoever's session is over when they send a form signs in again and comes back by `GET`: there is a page for it
//! wherever a form is sent to.

use super::api::{me, nothing, seen};
use axum::http::{Method, StatusCode};
use std::{collections::HashMap, fs, path::Path};

/// The sources of the rooms.
fn sources(below: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

/// What stands in the first quotation marks.
fn quoted(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}

/// What ends where the parenthesis does that it began behind.
fn within(text: &str) -> &str {
    let mut depth = 1;
    let end = text.find(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    &text[..end.unwrap()]
}

/// The paths to which forms are sent, with what answers there.
fn posted(source: &str) -> Vec<(String, String)> {
    // `let t = "/admin/...";`, and `let at = |path: &str| format!("/admin/...{path}");`
    let mut known: HashMap<&str, String> = HashMap::new();
    for line in source.lines().map(str::trim).filter(|l| l.starts_with("let ")) {
        let Some((name, value)) = line["let ".len()..].split_once(" = ") else { continue };
        let begin = quoted(value).filter(|v| v.contains("/admin") || v.contains("{d}"));
        if let Some(begin) = begin {
            let begin = begin.replace("{{", "{").replace("}}", "}");
            let begin = begin.replace("{d}", known.get("d").map_or("", String::as_str));
            let plain = begin.strip_suffix("{path}").or_else(|| begin.strip_suffix("{rest}"));
            known.insert(name, plain.unwrap_or(&begin).to_owned());
        }
    }
    let routes = source.split(".route(").skip(1).map(within);
    let forms = routes.filter(|r| r.contains("post("));
    forms
        .map(|route| {
            let (path, answers) = route.trim().split_once(',').unwrap();
            let path = match quoted(path) {
                Some(part) if path.starts_with("&at(") => format!("{}{part}", known["at"]),
                Some(part) if path.starts_with("&format!(") => {
                    let (name, rest) = part[1..].split_once('}').unwrap();
                    format!("{}{}", known[name], rest.replace("{{", "{").replace("}}", "}"))
                }
                Some(whole) => whole.to_owned(),
                None => known[path].clone(),
            };
            (path, answers.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn whatever_takes_a_form_has_a_page_to_come_back_to() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rooms"), &mut all);
    let routes: Vec<_> = all.iter().flat_map(|s| posted(s)).collect();
    assert!(routes.len() > 80, "only {} are seen", routes.len());
    for (path, answers) in routes {
        assert!(answers.contains("get("), "{path}: {answers}");
        assert!(path.starts_with("/admin/") || path.starts_with("/portal/"), "{path}: {answers}");
        let filled = path.split('/').map(|part| match part {
            "{tenant}" => "contoso",
            p if p.starts_with('{') => "x",
            p => p,
        });
        let at = filled.collect::<Vec<_>>().join("/");
        let answer = |m: &Method, p: &str| match (m.as_str(), p) {
            ("GET", p) if p.starts_with("/me?") => (StatusCode::OK, me(true, p)),
            _ => nothing(),
        };
        let (status, text, _) = seen(answer, &at, None).await;
        assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{at}");
        // It is an address of ours, with a page of its own or a way to one.
        assert!(status == StatusCode::SEE_OTHER || text.contains("<h1"), "{at}: {status} {text}");
    }
}

#[tokio::test]
async fn it_leads_to_the_page_that_the_form_is_on() {
    for (form, page) in [
        ("/policy/mfa", "/policy"),
        ("/audit/views", "/audit"),
        ("/audit/views/x/forget", "/audit"),
        ("/reviews/x/decide", "/reviews/x"),
        ("/integrations/x/adopt", "/integrations/x"),
        ("/apps/x/stream", "/apps/x"),
        ("/mappings/default/adopt", "/mappings/default"),
        ("/mappings/x/adopt", "/mappings"),
    ] {
        let at = format!("/admin/in/contoso{form}");
        let (status, to, _) = seen(|_, _| nothing(), &at, None).await;
        assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("/admin/in/contoso{page}")));
    }
}

#[tokio::test]
async fn a_client_of_the_trail_is_found_whatever_it_is() {
    let home = super::api::HOME;
    let client = serde_json::json!({
        "id": "i1", "name": "Sync", "client_id": "c1", "public": false, "platform": false,
        "settings": {}, "enabled": true, "created_by": "owner", "created_at": "2026-01-01T10:00:00Z",
    });
    let answer = move |m: &Method, p: &str| match (m.as_str(), p) {
        ("GET", p) if p.starts_with("/me?") => (StatusCode::OK, me(false, p)),
        ("GET", p) if p == format!("/tenants/{home}/integrations/i1") => {
            (StatusCode::OK, client.clone())
        }
        _ => nothing(),
    };
    let (_, to, _) = seen(answer.clone(), "/admin/in/contoso/clients/i1", None).await;
    assert_eq!(to, "/admin/in/contoso/integrations/i1");
    let (status, text, _) = seen(answer, "/admin/in/contoso/clients/gone", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.contains("which your roles here do not show"), "{text}");
}
