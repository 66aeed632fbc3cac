//! Bad input: each gets an answer that names what is wrong.

use super::{call, own};
use crate::{story, support::server::TestServer};
use serde_json::{Value, json};

story!(async fn a_body_that_does_not_fit_is_told_where(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    let owner = s.owner();
    let deep = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    for (path, body, field, word) in [
        ("/tenants", "{", "", "not JSON"),
        ("/tenants", "[]", "", "object"),
        ("/tenants", "\"x\"", "", "object"),
        ("/tenants", "{\"slug\":\"a\\u0000b\",\"name\":\"A\"}", "slug", "NUL"),
        ("/tenants", "{\"slug\":7,\"name\":\"A\"}", "slug", "it is a number, and should be a text"),
        ("/tenants", "{\"slug\":\"ab\",\"name\":\"A\",\"colour\":1}", "colour", "there is no field 'colour'; there are "),
        ("/tenants", "{\"slug\":\"ab\"}", "name", "'name' is missing"),
        ("/tenants", "{\"slug\":\"NO\",\"name\":\"A\"}", "slug", "slug"),
        ("/tenants", deep.as_str(), "", "recursion"),
        ("/tenants/acme/roles", "{\"name\":\"R\",\"permissions\":[1]}", "permissions", "should be a text"),
        ("/tenants/acme/roles", "{\"name\":\"\",\"permissions\":[]}", "name", "empty"),
        ("/tenants/acme/grants", "{\"user\":\"x\",\"role\":\"R\",\"valid_to\":\"soon\"}", "role", "not found"),
        ("/tenants/acme/mappings", "{\"group\":\"x\",\"role\":\"R\"}", "group", "not found"),
    ] {
        let a = call(&s, Some(&owner), "POST", path, body).await;
        assert!(a.status == 400 || a.status == 404, "{body}: {} {}", a.status, a.text);
        let p = a.json();
        assert_eq!(p["field"].as_str().unwrap_or(""), field, "{body}: {p}");
        assert!(p["detail"].as_str().unwrap().contains(word), "{body}: {p}");
        assert_eq!(p["status"], a.status.as_u16());
        assert!(p["request"].is_string() && p["type"].is_string() && p["title"].is_string());
    }
    let bytes = b"{\"slug\":\"\xff\"}";
    let request = axum::http::Request::builder().method("POST").uri("/api/v1/tenants");
    let mut request = request.body(axum::body::Body::from(bytes.to_vec())).unwrap();
    muster::server::as_owner(&mut request);
    let a = tower::ServiceExt::oneshot(s.router(), request).await.unwrap();
    assert_eq!(a.status(), 400);
    let long = json!({"slug": "x", "name": "n".repeat(300_000)});
    let a = own(&s, "POST", "/tenants", long).await;
    assert_eq!(a.status, 413, "{}", a.text);
});

story!(async fn a_query_and_a_header_that_do_not_fit_are_told(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    for (path, field) in [
        ("/tenants/acme/users?limit=2&limit=3", "limit"),
        ("/tenants/acme/users?limit=many", "limit"),
        ("/tenants/acme/users?limit=0", "limit"),
        ("/tenants/acme/users?limit=501", "limit"),
        ("/tenants/acme/users?text=a%00b", "text"),
        ("/tenants/acme/users?kind=king", "kind"),
        ("/tenants/acme/grants?cursor=first", "cursor"),
        ("/tenants/acme/explain?user=01900000-0000-7000-8000-000000000001", "permission"),
        ("/tenants/acme/explain?permission=users.view", "user"),
    ] {
        let a = own(&s, "GET", path, Value::Null).await;
        assert_eq!(a.clone().expect(400).json()["field"], field, "{path}: {}", a.text);
    }
    own(&s, "GET", "/tenants/acme/users/not-an-id", Value::Null).await.expect(404);
    own(&s, "GET", "/nothing/here", Value::Null).await.expect(404);
    let a = own(&s, "DELETE", "/tenants", Value::Null).await.expect(405);
    assert_eq!(a.header("content-type"), "application/problem+json");
});

story!(async fn what_never_reaches_a_handler_is_a_problem_document_too(t) {
    let s = TestServer::with(&t, |c| c.limits.body = muster::config::Size(5000)).await;
    let is = |a: &crate::support::server::Answer, status: u16, code: &str| {
        assert_eq!((a.status.as_u16(), a.header("content-type")), (status, "application/problem+json"), "{}", a.text);
        let p = a.json();
        assert_eq!((&p["status"], &p["code"]), (&json!(status), &json!(code)), "{p}");
        assert_eq!(p["type"], format!("urn:muster:problem:{code}"), "{p}");
        assert_eq!(p["request"], a.header("x-request-id"), "{p}");
        assert!(p["title"].is_string() && p["detail"].is_string(), "{p}");
    };
    let anyone = s.browser();
    for path in ["/tenants", "/tenants/x/users", "/me"] {
        let a = anyone.send(anyone.request(axum::http::Method::PUT, &format!("/api/v1{path}"))).await;
        is(&a, 405, "method_not_allowed");
    }
    for path in ["/api/v1/tenants/%ff", "/api/v1/tenants/x/users/%C3%28", "/api/v1/%ff", "/api/%ff", "/api/v1/nothing"] {
        is(&anyone.get(path).await, 404, "not_found");
    }
    let a = anyone.post("/api/v1/tenants", json!({ "name": "n".repeat(9000) })).await;
    is(&a, 413, "too_large");
    for path in ["/scim/%ff", "/scim/%ff/v2/Users", "/scim/01900000-0000-7000-8000-000000000001/v2/Users/%ff"] {
        let a = anyone.get(path).await;
        assert_eq!((a.status.as_u16(), a.header("content-type")), (404, "application/scim+json"), "{path}: {}", a.text);
        assert_eq!(a.json()["status"], "404", "{path}: {}", a.text);
    }
});

story!(async fn a_version_that_is_not_the_current_one_is_refused(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    let r = json!({"name": "R", "permissions": ["computers.view"]});
    let r = own(&s, "POST", "/tenants/acme/roles", r).await.expect(201);
    assert_eq!(r.header("etag"), "\"1\"");
    let path = format!("/tenants/acme/roles/{}", r.json()["id"].as_str().unwrap());
    let edit = |tag: &'static str| {
        let mut request = axum::http::Request::builder()
            .method("PATCH")
            .uri(format!("/api/v1{path}"))
            .header("if-match", tag)
            .body(axum::body::Body::from("{\"description\":\"d\"}"))
            .unwrap();
        muster::server::as_owner(&mut request);
        tower::ServiceExt::oneshot(s.router(), request)
    };
    assert_eq!(edit("\"1\"").await.unwrap().status(), 200);
    assert_eq!(edit("\"1\"").await.unwrap().status(), 412);
    assert_eq!(edit("soon").await.unwrap().status(), 412);
    assert_eq!(edit("*").await.unwrap().status(), 200);
});

story!(async fn settings_that_somebody_else_changed_are_not_written_over(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    let app = json!({"name": "Portal", "redirect_uris": ["https://portal.example/cb"]});
    let app = own(&s, "POST", "/tenants/acme/apps", app).await.expect(201).json();
    let rmm = json!({"name": "RMM", "scopes": ["computers.view"]});
    let rmm = own(&s, "POST", "/tenants/acme/integrations", rmm).await.expect(201).json();
    let id = |v: &Value| v["id"].as_str().unwrap().to_owned();
    let change = async |method: &str, path: &str, tag: &str, body: &Value| {
        let request = axum::http::Request::builder().method(method).uri(format!("/api/v1{path}"));
        let request = request.header("if-match", tag);
        let mut request = request.body(axum::body::Body::from(body.to_string())).unwrap();
        muster::server::as_owner(&mut request);
        tower::ServiceExt::oneshot(s.router(), request).await.unwrap()
    };
    for (method, path, one, other) in [
        ("PUT", "/tenants/acme/policy".to_owned(), json!({"mfa": {"default": "always"}}), json!({"mfa": {"default": "never"}})),
        ("PATCH", format!("/tenants/acme/apps/{}", id(&app)), json!({"name": "One"}), json!({"name": "Other"})),
        ("PATCH", format!("/tenants/acme/integrations/{}", id(&rmm)), json!({"name": "One"}), json!({"name": "Other"})),
    ] {
        let before = own(&s, "GET", &path, Value::Null).await.expect(200).header("etag").to_owned();
        let done = change(method, &path, &before, &one).await;
        assert_eq!(done.status(), 200, "{path}");
        let after = done.headers()["etag"].to_str().unwrap().to_owned();
        assert_ne!(before, after, "{path}");
        assert_eq!(change(method, &path, &before, &other).await.status(), 412, "{path}");
        assert_eq!(own(&s, "GET", &path, Value::Null).await.expect(200).header("etag"), after, "{path}: nothing was changed");
        assert_eq!(change(method, &path, &after, &other).await.status(), 200, "{path}");
    }
});

story!(async fn a_version_is_kept_to_or_the_request_is_refused(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let ann = s.person(acme, "ann", crate::support::person::READ_ONLY).await;
    let ask = async |method: &str, path: &str, tags: &[&str], body: &Value| {
        let mut request = axum::http::Request::builder().method(method).uri(format!("/api/v1{path}"));
        for tag in tags {
            request = request.header("if-match", *tag);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut request = request.body(axum::body::Body::from(body)).unwrap();
        muster::server::as_owner(&mut request);
        let answer = tower::ServiceExt::oneshot(s.router(), request).await.unwrap();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let told = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        (status, told)
    };
    // What knows no versions refuses them, and nothing happens.
    let grants = own(&s, "GET", "/tenants/acme/grants", Value::Null).await.expect(200).json();
    let grant = format!("/tenants/acme/grants/{}", grants["items"][0]["id"].as_str().unwrap());
    let none = Value::Null;
    let role = json!({"name": "Desk", "permissions": ["users.view"]});
    for (method, path, body) in [
        ("DELETE", grant.as_str(), &none),
        ("POST", "/tenants/acme/roles", &role),
        ("GET", "/tenants/acme/users", &none),
        ("PUT", "/tenants/acme/letters", &none),
    ] {
        for tag in ["\"1\"", "*"] {
            let (status, told) = ask(method, path, &[tag], body).await;
            assert_eq!((status, &told["field"]), (400, &json!("If-Match")), "{method} {path}: {told}");
        }
    }
    let left = own(&s, "GET", "/tenants/acme/grants", Value::Null).await.expect(200).json();
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    assert_eq!(ask("DELETE", &grant, &[], &none).await.0, 204);
    // What has a version is deleted at that version only.
    own(&s, "POST", "/tenants/acme/roles", role.clone()).await.expect(201);
    let app = json!({"name": "Portal", "redirect_uris": ["https://portal.example/cb"]});
    let badge = json!({"id": "urn:acme:badge:User", "name": "Badge", "attributes": [{"name": "tag"}]});
    for (list, new) in [
        ("roles", json!({"name": "Night", "permissions": ["users.view"]})),
        ("apps", app),
        ("integrations", json!({"name": "RMM", "scopes": ["computers.view"]})),
        ("directories", json!({"name": "Staff", "preset": "entra"})),
        ("schemas", badge),
        ("users", json!({"kind": "tenant", "user_name": "bert"})),
    ] {
        let made = own(&s, "POST", &format!("/tenants/acme/{list}"), new).await.expect(201).json();
        let path = format!("/tenants/acme/{list}/{}", made["id"].as_str().unwrap());
        let tag = own(&s, "GET", &path, Value::Null).await.expect(200).header("etag").to_owned();
        for other in [&["\"77\""][..], &["W/\"1\""], &["soon"], &["\"77\", \"78\""], &["\"77\"", "\"78\""], &["\"1,1\""], &["\"1"]] {
            let (status, told) = ask("DELETE", &path, other, &none).await;
            assert_eq!(status, 412, "{path} {other:?}: {told}");
        }
        own(&s, "GET", &path, Value::Null).await.expect(200);
        let (status, told) = ask("DELETE", &path, &[" ,\"77\",, W/\"78\", ", &tag], &none).await;
        assert!((200..300).contains(&status), "{path}: {told}");
        own(&s, "GET", &path, Value::Null).await.expect(404);
    }
    // The switch alone is a change like any.
    let user = format!("/tenants/acme/users/{ann}");
    let off = json!({"enabled": false});
    let (status, told) = ask("PATCH", &user, &["\"9\""], &off).await;
    assert_eq!(status, 412, "{told}");
    assert_eq!(own(&s, "GET", &user, Value::Null).await.expect(200).json()["enabled"], true);
    let tag = own(&s, "GET", &user, Value::Null).await.expect(200).header("etag").to_owned();
    let (status, told) = ask("PATCH", &user, &[&format!("\"9\", {tag}")], &off).await;
    assert_eq!((status, &told["enabled"]), (200, &json!(false)), "{told}");
    // A list is of any of its versions, but of so many.
    let roles = own(&s, "GET", "/tenants/acme/roles?text=desk", Value::Null).await.expect(200).json();
    let path = roles["items"].as_array().unwrap().iter().find(|r| r["name"] == "Desk").unwrap()["id"].as_str().unwrap().to_owned();
    let path = format!("/tenants/acme/roles/{path}");
    for n in 1..4 {
        let (status, told) = ask("PATCH", &path, &["\"1\", \"2\", \"3\""], &json!({"description": format!("d{n}")})).await;
        assert_eq!(status, 200, "{n}: {told}");
    }
    assert_eq!(ask("PATCH", &path, &["\"1\", \"2\", \"3\""], &json!({"description": "d"})).await.0, 412);
    let many = (1..40).map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
    let (status, told) = ask("PATCH", &path, &[&many], &json!({"description": "d"})).await;
    assert_eq!((status, &told["field"]), (400, &json!("If-Match")), "{told}");
});
