//! The porch: whose request it is, what another site cannot make a browser send.

use crate::{
    access::{READ_ONLY, give, id, person},
    people::world::World,
    pure, story,
    support::server::{Answer, TestServer},
};
use axum::http::Request;
use muster::{
    access::catalogue::TENANT_ADMINISTRATOR,
    actor::UserKind,
    secret::{ExposeSecret as _, Secret},
    sessions::{self, NewSession},
    tx,
    users::User,
    web::strict,
};
use proptest::prelude::*;
use serde_json::json;
use tower::ServiceExt as _;

/// Signs somebody in behind the doors: the cookie's value.
async fn sign_in(s: &TestServer, u: &User) -> Secret {
    let (home, user) = (u.tenant_id, u.id);
    let limits = s.app.session_limits();
    let cx = s.app.system();
    let now = s.app.store.clock().now();
    let new = NewSession {
        home,
        user,
        acting: home,
        directory: None,
        class: "single".to_owned(),
        evidence: json!({}),
        auth_time: now,
        client: json!({}),
        not_after: None,
        upstream_sid: None,
        upstream_hint: None,
    };
    let made = tx!(s.app.store, &cx, [new], |tx| {
        tx.unaudited("test");
        sessions::create(tx, &new, limits).await
    });
    made.unwrap().1
}

async fn send(s: &TestServer, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut r = Request::builder().method(method).uri(path);
    for (n, v) in headers {
        r = r.header(*n, *v);
    }
    let r = r.body(axum::body::Body::empty()).unwrap();
    let a = s.router().oneshot(r).await.unwrap();
    let (status, headers) = (a.status(), a.headers().clone());
    let body = axum::body::to_bytes(a.into_body(), 1 << 20).await.unwrap();
    Answer { status, headers, text: String::from_utf8(body.to_vec()).unwrap() }
}

async fn reader(s: &TestServer) -> (User, String) {
    let w = World {
        store: s.app.store.clone(),
        access: s.app.access.clone(),
        master: s.app.master.clone(),
    };
    let acme = s.tenant("acme").await;
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme, id(READ_ONLY)).await;
    let cookie = sign_in(s, &ann).await;
    let cookie = format!("muster_session={}", cookie.expose_secret());
    (ann, cookie)
}

story!(async fn a_session_calls_the_api_until_it_ends(t) {
    let s = TestServer::start(&t).await;
    let (ann, cookie) = reader(&s).await;
    let me = send(&s, "GET", "/api/v1/me", &[("cookie", &cookie)]).await.expect(200).json();
    assert_eq!(me["user"], json!(ann.id));
    let users = "/api/v1/tenants/acme/users";
    send(&s, "GET", users, &[("cookie", &cookie)]).await.expect(200);
    send(&s, "GET", users, &[]).await.expect(401);
    send(&s, "GET", users, &[("cookie", "muster_session=mst_session_no")]).await.expect(401);
    let twice = format!("{cookie}; muster_session=other");
    send(&s, "GET", users, &[("cookie", &twice)]).await.expect(401);
    muster::credentials::person::set_enabled(&s.app.store, &s.permit(ann.tenant_id).await, ann.id, false).await.unwrap();
    send(&s, "GET", users, &[("cookie", &cookie)]).await.expect(401);
});

story!(async fn another_site_cannot_use_the_session(t) {
    let s = TestServer::start(&t).await;
    let (_, cookie) = reader(&s).await;
    let c = ("cookie", cookie.as_str());
    let path = "/api/v1/tenants/acme/roles";
    let foreign = "came from another site";
    for bad in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let a = send(&s, "POST", path, &[c, bad]).await.expect(403);
        assert!(a.text.contains(foreign), "{bad:?} {}", a.text);
    }
    for good in [("origin", s.url.as_str()), ("sec-fetch-site", "same-origin"), ("x-none", "1")] {
        let a = send(&s, "POST", path, &[c, good]).await.expect(403);
        assert!(a.text.contains("users.manage_roles"), "only the right is missing: {}", a.text);
    }
    send(&s, "GET", "/api/v1/me", &[c, ("sec-fetch-site", "cross-site")]).await.expect(200);
});

story!(
    /// Rights that came after the sign-in, or that are in another tenant, are not used without the proof they demand.
    async fn a_weak_session_does_not_use_rights_that_demand_more(t) {
        let s = TestServer::start(&t).await;
        let (ann, cookie) = reader(&s).await;
        let c = ("cookie", cookie.as_str());
        let users = "/api/v1/tenants/acme/users";
        send(&s, "GET", users, &[c]).await.expect(200);
        let w = World {
            store: s.app.store.clone(),
            access: s.app.access.clone(),
            master: s.app.master.clone(),
        };
        give(&w, &ann, ann.tenant_id, TENANT_ADMINISTRATOR).await;
        let a = send(&s, "GET", users, &[c]).await.expect(403).json();
        assert_eq!(a["code"], "mfa_not_proved", "{a}");
        send(&s, "GET", "/api/v1/me", &[c]).await.expect(200);
        let provider = s.provider().await;
        let tech = person(&w, provider, "tech", UserKind::Technician).await;
        give(&w, &tech, ann.tenant_id, TENANT_ADMINISTRATOR).await;
        let cookie = format!("muster_session={}", sign_in(&s, &tech).await.expose_secret());
        let a = send(&s, "GET", users, &[("cookie", &cookie)]).await.expect(403).json();
        assert_eq!(a["code"], "mfa_not_proved", "rights in a customer's tenant: {a}");
    }
);

story!(
    /// Keycloak GHSA-gv94-wp4h-vv8p, CVE-2026-9800: a path that proxies read differently is not looked up.
    async fn a_path_means_one_thing(t) {
        let s = TestServer::start(&t).await;
        for bad in [
            "/api/v1/me;x=1", "/api;/v1/me", "/api/v1/../v1/me", "/api/v1/%2e%2e/v1/me", "/api/v1/./me",
            "/api%2fv1/me", "/api/v1%2Fme", "/api/v1\\me", "/api/v1/%5cme", "/api/v1/me%00", "/api/v1/me%0a",
            "/api/v1/%252e%252e/me", "/api/v1/me%", "/api/v1/me%2", "/api/v1/me%zz", "/scim/%2e%2e/x", "/..",
        ] {
            let Ok(uri) = bad.parse::<axum::http::Uri>() else { continue };
            assert!(!muster::web::plain(uri.path()), "{bad}");
            send(&s, "GET", bad, &[]).await.expect(400);
        }
        for good in ["/", "/signin", "/refused/K7QF-2M9X", "/a%20b", "/%C3%A9", "/.well-known/x", "/a..b", "/a//b"] {
            assert!(muster::web::plain(good), "{good}");
        }
        send(&s, "GET", "/.well-known/openid-configuration", &[]).await.expect(200);
    }
);

pure!(
    /// What meets the network is read without a panic, and what is taken is what was sent.
    fn forms_documents_and_paths_are_read_without_a_panic() {
        proptest!(|(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,60}",
                   fields in prop::collection::btree_map("[a-z]{1,6}", "[^\u{0}\u{fffd}]{0,12}", 0..5))| {
            let _ = strict::pairs(&bytes);
            let _ = strict::json::<serde_json::Value>(&bytes);
            let _ = muster::web::plain(&text);
            let _ = muster::web::plain(&String::from_utf8_lossy(&bytes));
            let _ = muster::net::Allow::read(std::slice::from_ref(&text));
            let sent: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
            let read = strict::pairs(sent.as_bytes()).unwrap();
            prop_assert_eq!(read.into_iter().collect::<std::collections::BTreeMap<_, _>>(), fields.clone());
            if let Some((name, _)) = fields.iter().next() {
                let twice = format!("{sent}&{name}=again");
                let e = strict::pairs(twice.as_bytes()).unwrap_err();
                prop_assert_eq!(e.attr_str(), Some(name.as_str()));
            }
            let document = serde_json::to_vec(&fields).unwrap();
            let read: std::collections::BTreeMap<String, String> = strict::json(&document).unwrap();
            prop_assert_eq!(read, fields);
        });
    }
);

pure!(
    fn deep_long_and_broken_documents_are_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        for bad in [
            deep.as_str(),
            "[]",
            "1",
            "{\"a\":\"\\u0000\"}",
            "{\"\\u0000\":1}",
            "{",
            "\u{feff}{}",
            "{\"a\":1}x",
        ] {
            let e = strict::json::<serde_json::Value>(bad.as_bytes()).unwrap_err();
            assert_eq!(e.kind(), muster::error::Kind::Invalid);
        }
        assert!(strict::json::<serde_json::Value>(b"{\"a\":\"\xff\"}").is_err(), "no UTF-8");
        assert!(strict::pairs(b"a=%00").is_err());
        assert!(strict::pairs(b"a=%ff").is_err());
    }
);

story!(async fn an_authorization_header_is_read_to_the_letter(t) {
    let s = TestServer::start(&t).await;
    let (_, cookie) = reader(&s).await;
    for bad in ["Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer a,b", "Bearer not.a.token", "x"] {
        let headers = [("authorization", bad), ("cookie", cookie.as_str())];
        let a = send(&s, "GET", "/api/v1/me", &headers).await;
        assert_eq!(a.status, 401, "'{bad}' with a good cookie: {}", a.text);
    }
    let two = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
    send(&s, "GET", "/api/v1/me", &two).await.expect(401);
});

crate::pure! {
    /// A form of sixty thousand fields is read in the time that it takes to read it, and not in its square.
    fn many_fields_cost_what_they_are() {
        let text = (0..60_000).map(|n| n.to_string()).collect::<Vec<_>>().join("&");
        let begun = std::time::Instant::now();
        let pairs = muster::web::strict::pairs(text.as_bytes()).unwrap();
        assert_eq!(pairs.len(), 60_000);
        assert!(begun.elapsed() < std::time::Duration::from_secs(3), "{:?}", begun.elapsed());
        assert!(muster::web::strict::pairs(b"a=1&b=2&a=3").is_err());
    }
}

story!(
    /// A page shows a reference where the log has more under it, and no other.
    async fn an_address_of_nothing_gets_a_page_and_no_reference(t) {
        let s = TestServer::start(&t).await;
        for (path, status) in [
            ("/signin/garbage", 404), ("/enrol/x", 404), ("/enrol/x/code", 404), ("/invite/%E0%80", 404),
            ("/setup/%ff", 404), ("/refused/%ff", 404), ("/oauth/resume", 400), ("/oauth/resume?flow=x", 400),
        ] {
            let a = send(&s, "GET", path, &[("accept", "text/html")]).await;
            assert_eq!(a.status, status, "{path}: {}", a.text);
            assert!(a.text.contains("id=\"title\"") && !a.text.contains("id=\"reference\""), "{path}: {}", a.text);
        }
        let id = muster::id::RequestId::new();
        let shown = async |e: muster::error::Error| {
            let page = muster::web::Refusal::new(&s.app, id, e);
            let body = axum::response::IntoResponse::into_response(page).into_body();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            String::from_utf8(body.to_vec()).unwrap()
        };
        let ours = shown(muster::error::Error::unavailable("the disk is full")).await;
        assert!(ours.contains(&format!("<code id=\"reference\">{id}</code>")) && !ours.contains("disk"), "{ours}");
        let theirs = shown(muster::error::Error::not_found("it")).await;
        assert!(!theirs.contains("id=\"reference\""), "{theirs}");
    }
);
