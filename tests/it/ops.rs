//! What operators see: settings, health, figures, limits, request ids.

use crate::{
    pure, story,
    support::{TestDb, TestServer, person::READ_ONLY, tab::Tab},
};
use muster::config::{self, MANUAL};
use reqwest::Method;

/// Where something is to be guessed.
const PASSWORD: &str = "/signin/01a224a9-ca07-734a-9dc2-bb53b070cd81/password";

story! {
    async fn health_readiness_and_figures(t) {
        let server = TestServer::start(&t).await;
        let anyone = server.browser();
        anyone.get("/healthz").await.expect(200);
        anyone.get("/readyz").await.expect(200);
        let figures = anyone.get("/metrics").await.expect(200).text;
        assert!(figures.contains("muster_http_requests_total{method=\"GET\",route=\"/readyz\",status=\"200\"} 1"), "{figures}");
        // Through a proxy that nobody named, this machine's address proves nothing.
        let request = anyone.request(Method::GET, "/metrics").header("x-forwarded-for", "203.0.113.9");
        anyone.send(request).await.expect(404);
    }
}

story! {
    async fn every_answer_names_its_request(t) {
        let server = TestServer::start(&t).await;
        let one = server.browser().get("/healthz").await;
        let other = server.browser().get("/nothing/here").await.expect(404);
        assert_ne!(one.header("x-request-id"), "");
        assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    }
}

story! {
    async fn a_body_too_large_is_refused_in_its_protocol(t) {
        let server = TestServer::with(&t, |c| c.limits.scim_body = config::Size(1000)).await;
        let body = serde_json::json!({ "userName": "x".repeat(2000) });
        let path = format!("/scim/{}/v2/Users", uuid::Uuid::now_v7());
        let answer = server.browser().post(&path, body).await.expect(413);
        assert_eq!(answer.json()["status"], "413");
    }
}

story! {
    async fn one_address_may_not_guess_forever(t) {
        let server = TestServer::with(&t, |c| c.limits.tries_per_minute = 5).await;
        let anyone = server.browser();
        for _ in 0..5 {
            assert_ne!(anyone.form(PASSWORD, &[("user", "x")]).await.status, 429);
        }
        let refused = anyone.form(PASSWORD, &[("user", "x")]).await.expect(429);
        assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|s| s > 0 && s <= 60));
        for path in ["/setup/abc", "/invite/abc", "/enrol/01a224a9-ca07-734a-9dc2-bb53b070cd81/code"] {
            anyone.form(path, &[("x", "x")]).await.expect(429);
        }
        // What has nothing to guess is open: a neighbour's guesses keep nobody from signing out.
        let tenant = server.tenant("contoso").await;
        let ann = server.person(tenant, "ann", READ_ONLY).await;
        let ann = server.session(tenant, ann, "single").await;
        let mut tab = Tab::of(&server, &ann);
        tab.form("/me/signout", &[]).await.expect(303);
        assert_eq!(tab.get("/me").await.expect(303).header("location"), "/signin", "signed out");
    }
}

story! {
    /// Beginning a sign-in writes: whichever method it comes by.
    async fn one_address_may_not_begin_forever(t) {
        let server = TestServer::with(&t, |c| {
            c.limits.signins_per_minute = 5;
            c.server.trusted_proxies = "127.0.0.0/8".parse().into_iter().collect();
        })
        .await;
        let anyone = server.browser();
        let ways = [
            (Method::GET, "/signin"), (Method::HEAD, "/signin"),
            (Method::HEAD, "/oauth/authorize?client_id=x"), (Method::POST, "/oauth/authorize"),
        ];
        for (n, (method, path)) in ways.into_iter().enumerate() {
            let mut last = 0;
            for _ in 0..6 {
                let request = anyone.request(method.clone(), path).header("x-forwarded-for", format!("203.0.113.{n}"));
                let form = "application/x-www-form-urlencoded";
                last = anyone.send(request.header("content-type", form)).await.status.as_u16();
            }
            assert_eq!(last, 429, "{method} {path}");
        }
    }
}

/// A server that knows this proxy and takes five tries a minute from one address.
async fn behind(t: &TestDb, proxy: &str) -> TestServer {
    let proxies = proxy.parse().into_iter().collect();
    TestServer::with(t, |c| {
        c.limits.tries_per_minute = 5;
        c.server.trusted_proxies = proxies;
    })
    .await
}

/// Whether a try that says it comes from there is still taken.
async fn may_try(server: &TestServer, forwarded: &str) -> bool {
    let anyone = server.browser();
    let request = anyone.request(Method::POST, PASSWORD).form(&[("user", "x")]);
    anyone.send(request.header("x-forwarded-for", forwarded)).await.status != 429
}

story! {
    async fn behind_a_known_proxy_each_client_has_its_own_address(t) {
        let server = behind(&t, "127.0.0.0/8").await;
        for _ in 0..5 {
            assert!(may_try(&server, "203.0.113.1").await);
        }
        assert!(!may_try(&server, "203.0.113.1").await);
        assert!(may_try(&server, "203.0.113.2").await, "others are not held up");
        // What a client wrote itself stands before what the proxy added: it counts for nothing.
        assert!(!may_try(&server, "203.0.113.77, 203.0.113.1").await);
        // A second proxy on the way, which is not known, is the client.
        assert!(may_try(&server, "203.0.113.1, 10.0.0.1").await);
    }
}

story! {
    async fn what_others_write_of_their_address_is_not_read(t) {
        let server = behind(&t, "10.0.0.0/8").await;
        for n in 0..5 {
            assert!(may_try(&server, &format!("203.0.113.{n}")).await);
        }
        assert!(!may_try(&server, "203.0.113.9").await);
    }
}

story! {
    async fn a_proxy_does_not_say_who_we_are(t) {
        let server = TestServer::with(&t, |c| {
            c.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        })
        .await;
        let anyone = server.browser();
        let mut request = anyone.request(Method::GET, "/.well-known/openid-configuration");
        for (name, value) in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "8443"),
            ("forwarded", "host=evil.example;proto=https"),
        ] {
            request = request.header(name, value);
        }
        let answer = anyone.send(request).await.expect(200);
        assert_eq!(answer.json()["issuer"], server.url);
        assert!(!answer.text.contains("evil.example") && !answer.text.contains("https://"), "{}", answer.text);
        assert_eq!(answer.header("strict-transport-security"), "");
    }
}

story! {
    async fn browsers_are_told_to_come_by_https_only_where_we_are_https(t) {
        let server = TestServer::behind(t.store.clone(), "https://id.example.com", |_| {}).await;
        for path in ["/healthz", "/nothing/here", "/scim/x/v2/Users"] {
            let answer = server.client(&format!("http://{}", server.address)).get(path).await;
            assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{path}");
        }
        // For this machine's own name browsers would apply it to every other program on it.
        let url = |url: &str| {
            let mut c = config::load(None, [], [("server.public_url".to_owned(), url.to_owned())]).unwrap().config;
            c.settle("127.0.0.1:9".parse().unwrap()).unwrap();
            c.only_https()
        };
        assert!(url("https://id.example.com"));
        assert!(!url("https://localhost:8443"));
        assert!(!url("http://id.example.com"));
    }
}

fn refused(file: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("muster.toml");
    std::fs::write(&path, file).unwrap();
    config::load(Some(&path), [], []).unwrap_err().detail().to_owned()
}

pure! {
    fn the_manual_is_complete_and_parses() {
        let c = config::load(None, [], []).unwrap();
        assert!(c.warnings.is_empty());
        assert_eq!(c.config.server.listen.port(), 8080);
        assert!(c.config.database.durable);
        // Every setting has a comment above it or above the group it stands in.
        for paragraph in MANUAL.split("\n\n") {
            assert!(paragraph.lines().any(|l| l.starts_with('#')), "uncommented: {paragraph}");
        }
    }
}

pure! {
    fn settings_rise_from_file_to_environment_to_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("muster.toml");
        std::fs::write(&path, "[server]\nlisten = \"127.0.0.1:1\"\n[sessions]\nidle = \"2m\"\nmax=\"3m\"").unwrap();
        let env = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        let env = [
            env("MUSTER_SESSIONS_IDLE", "4m"),
            env("MUSTER_LISTEN", "127.0.0.1:2"),
            env("MUSTER_OUTBOUND_ALLOW", "10.0.0.1:443, 10.1.0.0/16"),
            env("MUSTER_DATABASE_CONNECTIONS", "3"),
            env("MUSTER_LIMITS_BODY", "4096"),
            env("MUSTER_TOKENZ", "x"),
            env("HOME", "/root"),
        ];
        let line = [("server.listen".to_owned(), "127.0.0.1:3".to_owned())];
        let c = config::load(Some(&path), env, line).unwrap();
        assert_eq!(c.config.server.listen.port(), 3);
        assert_eq!(c.config.sessions.idle.as_secs(), 240);
        assert_eq!(c.config.sessions.max.as_secs(), 180);
        assert_eq!(c.config.outbound.allow, ["10.0.0.1:443", "10.1.0.0/16"]);
        assert_eq!(c.config.database.connections, 3);
        assert_eq!(c.config.limits.body.0, 4096);
        assert_eq!(c.warnings.len(), 1, "{:?}", c.warnings);
    }
}

pure! {
    fn unknown_settings_are_refused_with_the_nearest() {
        assert!(refused("[server]\nlisten_on = \"x\"").contains("did you mean 'server.listen'?"));
        assert!(refused("[server]\ndurable = true").contains("did you mean 'database.durable'?"));
        assert!(refused("[sessions]\nidle = \"soon\"").contains("'soon' is not a time"));
        assert!(refused("[server").contains("not a TOML document"));
        assert!(refused("[database]\ndurable = \"perhaps\"").contains("database.durable"));
    }
}

pure! {
    fn the_public_url_is_an_origin() {
        let settle = |url: &str| {
            let mut c = config::load(None, [], [("server.public_url".to_owned(), url.to_owned())]).unwrap().config;
            c.settle("127.0.0.1:9".parse().unwrap()).map(|()| c.issuer().to_owned())
        };
        assert_eq!(settle("").unwrap(), "http://127.0.0.1:9");
        assert_eq!(settle("https://ID.example.com:443/").unwrap(), "https://id.example.com");
        assert!(settle("https://id.example.com/muster").is_err());
        assert!(settle("id.example.com").is_err());
    }
}
