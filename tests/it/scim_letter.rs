//! What directories do and the RFC's letter answers: no rule switches it off, so a server in between breaks it, and an
//! exchange that is marked with its number notices.

use crate::{
    story,
    support::{TestServer, server::Scim},
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Uri, header},
    response::Response,
};
use muster::{
    cli::scim_check::{Options, Outcome, built_in, check},
    protocol::scim::quirks::LETTER,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// A server that does one thing wrong.
struct Faulty {
    fault: &'static str,
    http: reqwest::Client,
    right: String,
    token: String,
    seen: Mutex<BTreeSet<String>>,
    busy: AtomicUsize,
}

fn answer(status: u16, kind: &str, body: String) -> Response {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body))
        .unwrap()
}

fn error(status: u16, detail: &str) -> Response {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status.to_string(), "detail": detail,
    });
    answer(status, "application/scim+json", body.to_string())
}

impl Faulty {
    async fn pass_on(
        &self,
        method: &Method,
        to: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> (u16, HeaderMap, String) {
        let mut request =
            self.http.request(method.clone(), format!("{}{to}", self.right)).body(body);
        for name in
            [header::CONTENT_TYPE, header::AUTHORIZATION, header::IF_MATCH, header::IF_NONE_MATCH]
        {
            if let Some(v) = headers.get(&name) {
                request = request.header(name, v);
            }
        }
        if self.fault == "1.27" {
            request = self
                .http
                .request(method.clone(), format!("{}{to}", self.right))
                .bearer_auth(&self.token);
        }
        let got = request.send().await.unwrap();
        (got.status().as_u16(), got.headers().clone(), got.text().await.unwrap())
    }

    /// One by one, and not as one: 1.10.
    async fn apart(&self, to: &str, headers: &HeaderMap, sent: &Value) -> (u16, HeaderMap, String) {
        let mut last = None;
        for op in sent["Operations"].as_array().unwrap() {
            let one = json!({"schemas": sent["schemas"], "Operations": [op]});
            let got = self.pass_on(&Method::PATCH, to, headers, one.to_string().into()).await;
            let bad = got.0 >= 400;
            last = Some(got);
            if bad {
                break;
            }
        }
        last.unwrap()
    }
}

async fn wrong(
    State(f): State<Arc<Faulty>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut to = uri.path_and_query().unwrap().to_string();
    let mut sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let busy = f.busy.fetch_add(1, Ordering::SeqCst);
    let again = !f.seen.lock().unwrap().insert(format!("{method} {to} {sent}"));
    match f.fault {
        "1.25" if busy > 4 => {
            f.busy.fetch_sub(1, Ordering::SeqCst);
            return error(429, "too many at once");
        }
        // Long enough that others come meanwhile.
        "1.25" => tokio::time::sleep(Duration::from_millis(30)).await,
        "1.26" if again && method != Method::GET => return error(429, "not again"),
        "2.8" => tokio::time::sleep(Duration::from_millis(700)).await,
        "3.2" => to = to.replace("count=1", ""),
        "3.3" if method == Method::DELETE => return answer(204, "", String::new()),
        "3.5" => to = to.replace("startIndex=", "start="),
        "3.6" => {
            to = to.replace("sortOrder=", "order=");
            if method == Method::PUT && sent["nickName"] == "Nn" {
                sent["title"] = json!("T");
            }
        }
        "2.2" => {
            for op in sent["Operations"].as_array_mut().into_iter().flatten() {
                if op["path"].is_null()
                    && let Some(o) = op["value"].as_object_mut()
                {
                    o.remove("active");
                }
            }
        }
        _ => {}
    }
    let body = if sent.is_object() { Bytes::from(sent.to_string()) } else { body };
    let several = sent["Operations"].as_array().is_some_and(|l| l.len() > 1);
    let (status, had, mut text) = if f.fault == "1.10" && method == Method::PATCH && several {
        f.apart(&to, &headers, &sent).await
    } else {
        f.pass_on(&method, &to, &headers, body).await
    };
    f.busy.fetch_sub(1, Ordering::SeqCst);
    let mut kind =
        had.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let mut said: Value = serde_json::from_str(&text).unwrap_or_default();
    match f.fault {
        "1.16" if method == Method::GET && said["active"] == false => return error(404, "nobody"),
        "1.18" | "2.11" if status == 404 => return error(400, "what is that"),
        "1.19" if said["userName"].is_string() => {
            said["userName"] = said["userName"].as_str().unwrap().to_lowercase().into();
            text = said.to_string();
        }
        "1.28" if status >= 400 => return error(status, "Bad Request"),
        "2.7" if status >= 400 => {
            "text/plain".clone_into(&mut kind);
            "Bad Request".clone_into(&mut text);
        }
        _ => {}
    }
    let mut passed = answer(status, &kind, text);
    for name in [header::LOCATION, header::WWW_AUTHENTICATE, header::ETAG] {
        if let Some(v) = had.get(&name) {
            passed.headers_mut().insert(name, v.clone());
        }
    }
    passed
}

/// A server before `scim`'s that does what stands under a number wrong.
async fn before(scim: &Scim, fault: &'static str) -> String {
    let f = Faulty {
        fault,
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
        right: scim.base.clone(),
        token: scim.token.clone(),
        seen: Mutex::default(),
        busy: AtomicUsize::new(0),
    };
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", tcp.local_addr().unwrap());
    let app = Router::new().fallback(wrong).with_state(Arc::new(f));
    tokio::spawn(async move { axum::serve(tcp, app).await });
    url
}

story!(
    async fn each_habit_that_the_letter_answers_is_noticed_when_it_is_not(t) {
        let server = TestServer::start(&t).await;
        for habit in LETTER {
            let marked = |c: &muster::cli::scim_check::Conversation| {
                c.step.iter().any(|s| s.rules.iter().any(|r| r == habit.id))
            };
            let only: Vec<String> =
                built_in().unwrap().into_iter().filter(marked).map(|c| c.name).collect();
            assert!(!only.is_empty(), "no exchange is marked with {}", habit.id);
            let tenant = server.tenant(&format!("t{}", habit.id.replace('.', "-"))).await;
            let scim = server.directory(tenant).await;
            let options = Options {
                base_url: before(&scim, habit.id).await, token: scim.token.clone(), only, ..Options::default()
            };
            let report = check(&options).await.unwrap();
            let noticed = report.conversations.iter().flat_map(|c| &c.exchanges).any(|e| {
                e.outcome == Outcome::Failed && e.rules.iter().any(|r| r == habit.id)
            });
            assert!(noticed, "{} ({}) is done wrong and no exchange marked with it fails", habit.id, habit.name);
        }
    }
);

story!(
    async fn a_server_in_between_that_does_nothing_wrong_is_not_accused(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let only = ["entra/person", "okta/spec", "okta/catalogue", "rfc/errors", "rfc/sort", "google"];
        let options = Options {
            base_url: before(&scim, "none").await,
            token: scim.token.clone(),
            only: only.map(str::to_owned).into(),
            ..Options::default()
        };
        let report = check(&options).await.unwrap();
        assert_eq!(report.differences(), Vec::<String>::new());
        assert!(report.passed() && report.exchanges_skipped == 0);
    }
);
