//! What is not done at an address: 405, with what is (RFC 9110 15.5.6), in the words of the address's protocol.

use crate::{story, support::TestServer};
use axum::{body::Body, http::Request};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};
use tower::ServiceExt as _;

/// The literal paths of all `.route(\"...\")` below a folder.
fn routes(at: &Path, out: &mut BTreeSet<String>) {
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // Tests of a crate of ours stand beside it, with routes of their own.
            if path.file_name().is_none_or(|n| n != "tests") {
                routes(&path, out);
            }
        } else {
            let text = fs::read_to_string(&path).unwrap_or_default();
            out.extend(
                text.split(".route(\"")
                    .skip(1)
                    .filter_map(|r| r.split('"').next())
                    .map(str::to_owned),
            );
        }
    }
}

/// The path with something in the place of what varies.
fn filled(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push('x');
        rest = after.split_once('}').map_or("", |(_, r)| r);
    }
    out + rest
}

struct Refused {
    allow: BTreeSet<String>,
    kind: String,
    text: String,
}

async fn refused(s: &TestServer, method: &str, path: &str, token: Option<&str>) -> Refused {
    let mut r = Request::builder().method(method).uri(path);
    if let Some(t) = token {
        r = r.header("authorization", format!("Bearer {t}"));
    }
    let a = s.router().oneshot(r.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(a.status(), 405, "{method} {path}");
    let headers = a.headers().clone();
    let header = |n: &str| headers.get(n).map(|v| v.to_str().unwrap().to_owned());
    let allow = header("allow").unwrap_or_else(|| panic!("{method} {path}: no Allow"));
    let kind = header("content-type").unwrap_or_default();
    let allow = allow.split(',').map(|m| m.trim().to_owned()).collect();
    let text = axum::body::to_bytes(a.into_body(), 1 << 20).await.unwrap();
    Refused { allow, kind, text: String::from_utf8(text.to_vec()).unwrap() }
}

fn set(methods: &[&str]) -> BTreeSet<String> {
    methods.iter().map(|m| (*m).to_owned()).collect()
}

story!(
    async fn what_is_not_done_at_an_address_says_what_is(t) {
        let s = TestServer::start(&t).await;
        let scim = s.directory(s.tenant("contoso").await).await;
        let mut all = BTreeSet::new();
        routes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        assert!(all.len() >= 35, "only {} routes were found", all.len());
        for route in all.iter().filter(|r| !r.starts_with("/scim/")) {
            let path = filled(route);
            let a = refused(&s, "TRACE", &path, None).await;
            assert!(!a.allow.is_empty() && a.allow.iter().all(|m| !m.is_empty()), "{path}: {:?}", a.allow);
            let page = ["/oauth/authorize", "/oauth/resume", "/oauth/consent", "/oauth/logout"];
            let stream = path.starts_with("/ssf/");
            let json = path.starts_with("/.well-known/")
                || path.starts_with("/access/")
                || stream
                || (path.starts_with("/oauth/") && !page.iter().any(|p| path.starts_with(p)));
            if json {
                assert_eq!(a.kind, "application/json", "{path}");
                let body: Value = serde_json::from_str(&a.text).unwrap();
                let word = if stream { "err" } else { "error" };
                assert_eq!(body[word], "invalid_request", "{path}");
            } else {
                assert!(a.kind.starts_with("text/html"), "{path}: {}", a.kind);
            }
            // What it says is done, is not refused in turn.
            for method in &a.allow {
                let r = Request::builder().method(method.as_str()).uri(&path).body(Body::empty()).unwrap();
                let a = s.router().oneshot(r).await.unwrap();
                assert_ne!(a.status(), 405, "{method} {path}");
            }
        }
        assert_eq!(refused(&s, "DELETE", "/oauth/token", None).await.allow, set(&["POST"]));
        assert_eq!(refused(&s, "PUT", "/oauth/userinfo", None).await.allow, set(&["GET", "HEAD", "POST"]));
        assert_eq!(refused(&s, "POST", "/me", None).await.allow, set(&["GET", "HEAD"]));

        // The API: what its description says.
        let doc = s.get("/api/v1/openapi.json").await.expect(200).json();
        for (path, verbs) in doc["paths"].as_object().unwrap() {
            let verbs = verbs.as_object().unwrap().keys().filter(|k| *k != "parameters");
            let mut want: BTreeSet<String> = verbs.map(|v| v.to_ascii_uppercase()).collect();
            if want.contains("GET") {
                want.insert("HEAD".to_owned());
            }
            let path = filled(path);
            let path = if path.starts_with("/api/") { path } else { format!("/api/v1{path}") };
            let a = refused(&s, "TRACE", &path, None).await;
            assert_eq!((a.allow, a.kind.as_str()), (want, "application/problem+json"), "{path}");
        }

        // SCIM, where a directory's token is asked for first.
        let (read, one) = (["GET", "HEAD"], ["GET", "HEAD", "PUT", "PATCH", "DELETE"]);
        let many = ["GET", "HEAD", "POST"];
        let below = format!("/scim/{}", scim.directory);
        for (method, path, allow) in [
            ("POST", "", &read[..]),
            ("PUT", "/", &read),
            ("DELETE", "/v2", &read),
            ("DELETE", "/v2/Users", &many),
            ("PATCH", "/v2/groups/", &many),
            ("POST", "/v2/Users/01900000-0000-7000-8000-000000000001", &one),
            ("OPTIONS", "/Groups/x", &one),
            ("GET", "/v2/Bulk", &["POST"]),
            ("GET", "/v2/.search", &["POST"]),
            ("PUT", "/v2/Users/.search", &["POST"]),
            ("POST", "/v2/ServiceProviderConfig", &read),
            ("DELETE", "/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", &read),
            ("PUT", "/v2/ResourceTypes", &read),
        ] {
            let a = refused(&s, method, &format!("{below}{path}"), Some(&scim.token)).await;
            assert_eq!((a.allow, a.kind.as_str()), (set(allow), "application/scim+json"), "{method} {path}");
            let body: Value = serde_json::from_str(&a.text).unwrap();
            assert_eq!(body["status"], "405", "{method} {path}");
        }
    }
);
