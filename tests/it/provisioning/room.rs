//! Room for entries: what does not fit is counted, what waits is written at the end, what is old goes.

use super::{at, log, patch, raw, set};
use crate::{
    story,
    support::{TestDb, TestServer, server::Scim},
};
use muster::{
    actor::{Actor, Principal},
    clock::{Clock, Timestamp},
    directories::Logging,
    error::Result,
    id::{DirectoryId, RequestId, TenantId},
    provisioning::log::{Entry, Recorder, sweep},
    server::{Listeners, assemble, run},
    store::{Cx, Scope, Store},
};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

fn cx() -> Cx {
    let actor = Actor::prove(Principal::System("test"), RequestId::new());
    Cx::new(actor, Scope::Platform)
}

fn entry(tenant: TenantId, directory: DirectoryId, at: Timestamp, body: &bytes::Bytes) -> Entry {
    Entry {
        tenant,
        directory,
        at,
        request: RequestId::new(),
        method: "POST".to_owned(),
        path: "v2/Users".to_owned(),
        query: None,
        headers: Vec::new(),
        agent: None,
        body: body.clone(),
        status: Some(201),
        answer: None,
        refused: None,
        outcomes: Vec::new(),
        changed: Vec::new(),
        resource: Some(("User", None)),
        took: Duration::from_micros(5),
        log: Logging::default(),
        replay_of: None,
    }
}

story!(
    async fn what_does_not_fit_is_counted_and_the_log_says_so(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        // Nobody writes what this one takes, until it is told to.
        let recorder = Recorder::new(&t.store, &server.app.master);
        let (now, body) = (t.store.clock().now(), bytes::Bytes::from(vec![b'x'; 60_000]));
        let sent = 450;
        for _ in 0..sent {
            recorder.push(entry(scim.tenant, scim.directory, now, &body));
        }
        recorder.flush(&cx()).await.unwrap();
        let first = server.get(&at(&scim, "/log?limit=199")).await.expect(200).json();
        let next = log(&server, &scim, &format!("?limit=499&cursor={}", first["next"].as_str().unwrap())).await;
        let all: Vec<_> = first["items"].as_array().unwrap().iter().cloned().chain(next).collect();
        let gaps: Vec<_> = all.iter().filter(|e| e["lost"].as_i64().unwrap() > 0).collect();
        assert_eq!(gaps.len(), 1, "one entry says so");
        let lost = gaps[0]["lost"].as_i64().unwrap();
        assert!(lost > 100 && lost < 300, "{lost}");
        assert_eq!(all.len() - 1 + usize::try_from(lost).unwrap(), sent);
        assert_eq!((&gaps[0]["method"], &gaps[0]["request"]), (&json!(""), &json!(null)));
        // The counts are whole.
        let health = server.get(&at(&scim, "/health")).await.expect(200).json();
        assert_eq!((&health["day"]["requests"], &health["day"]["lost"]), (&json!(sent), &json!(lost)));
        assert_eq!(health["alarms"][0]["code"], "entries_lost");
        let nothing = gaps[0]["id"].as_str().unwrap();
        let refused = server.post(&at(&scim, &format!("/log/{nothing}/replay")), json!({})).await.expect(409);
        assert!(refused.text.contains("missing"), "{}", refused.text);
        // There is room again.
        recorder.push(entry(scim.tenant, scim.directory, now, &body));
        recorder.flush(&cx()).await.unwrap();
        assert_eq!(log(&server, &scim, "?status=201&limit=1").await.len(), 1);
    }
);

story!(
    async fn an_entry_that_cannot_be_made_is_counted_and_costs_no_other(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let recorder = Recorder::making(&t.store, &server.app.master, |e, names| {
            if e.path == "v2/bad" {
                // As a panic, without its noise.
                std::panic::resume_unwind(Box::new("what nobody has thought of"));
            }
            muster::provisioning::log::row(e, names)
        });
        let (now, body) = (t.store.clock().now(), bytes::Bytes::new());
        for path in ["v2/Users", "v2/bad", "v2/Groups"] {
            let e = entry(scim.tenant, scim.directory, now, &body);
            recorder.push(Entry { path: path.to_owned(), ..e });
        }
        recorder.flush(&cx()).await.unwrap();
        let all = log(&server, &scim, "").await;
        let mut paths: Vec<_> = all.iter().map(|e| e["path"].as_str().unwrap()).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["", "/v2/Groups", "/v2/Users"]);
        let lost: i64 = all.iter().map(|e| e["lost"].as_i64().unwrap()).sum();
        assert_eq!(lost, 1);
        let health = server.get(&at(&scim, "/health")).await.expect(200).json();
        assert_eq!((&health["day"]["requests"], &health["day"]["lost"]), (&json!(3), &json!(1)));
    }
);

story!(
    async fn directories_that_nobody_has_cost_one_question_together(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let recorder = Recorder::new(&t.store, &server.app.master);
        recorder.refused(scim.directory, "a wrong token");
        for _ in 0..5000 {
            recorder.refused(DirectoryId::new(), "a wrong token");
        }
        // Others are at work beside this.
        let before = muster::store::statements();
        recorder.flush(&cx()).await.unwrap();
        let asked = muster::store::statements() - before;
        assert!(asked < 500, "{asked} statements");
        let health = server.get(&at(&scim, "/health")).await.expect(200).json();
        assert_eq!(health["last_denied"], "a wrong token");
    }
);

story!(
    async fn what_waits_when_the_server_stops_is_written(t) {
        let first = TestServer::start(&t).await;
        let scim = first.directory(first.tenant("contoso").await).await;
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let mut config = muster::config::load(None, [], []).unwrap().config;
        config.settle(address).unwrap();
        let app = assemble(config, t.store.clone(), first.app.master.clone()).await.unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(run(app, Listeners { tcp, socket: None, tls: None }, stop.clone()));
        // A request that is still under way when the server is told to stop, and when its workers already have ended.
        let body = json!({ "userName": "late" }).to_string();
        let head = format!(
            "POST /scim/{}/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
            scim.directory, scim.token, body.len(),
        );
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body.as_bytes()[..5]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.cancel();
        tokio::time::sleep(Duration::from_millis(700)).await;
        stream.write_all(&body.as_bytes()[5..]).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        served.await.unwrap().unwrap();
        let rows = raw::of_the_log(&t).await;
        assert!(rows.contains("POST"), "{rows}");
    }
);

story!(
    async fn who_goes_away_before_the_answer_leaves_an_entry(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        let head = format!(
            "POST /scim/{}/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 100\r\n\r\n{{",
            scim.directory, scim.token,
        );
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(stream);
        for _ in 0..50 {
            let all = log(&server, &scim, "").await;
            if let Some(e) = all.first() {
                // Cut off while we read, it is a body that broke off, or no answer at all.
                assert!(e["status"].is_null() || e["status"] == 400, "{e}");
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no entry");
    }
);

async fn at_noon(t: &TestDb) -> (Store, Clock) {
    let clock = Clock::manual(Timestamp::from_secs(1_900_000_000));
    (Store::open(&t.options, clock.clone()).await.unwrap(), clock)
}

async fn made(server: &TestServer, scim: &Scim, n: usize) -> Result<()> {
    for _ in 0..n {
        scim.get("/Users?count=0").await.expect(200);
    }
    server.app.log.flush(&cx()).await
}

story!(
    async fn a_directory_of_which_nothing_is_new_is_not_counted_again(t) {
        let (store, clock) = at_noon(&t).await;
        let server = TestServer::on(store.clone(), |_| {}).await;
        let tenant = server.tenant("contoso").await;
        let (busy, idle) = (server.directory(tenant).await, server.directory(tenant).await);
        let day = Duration::from_secs(24 * 3600);
        for scim in [&busy, &idle] {
            made(&server, scim, 103).await.unwrap();
            set(&server, scim, json!({ "log": { "most": 100 } })).await;
        }
        // Nobody swept since.
        clock.advance(day);
        made(&server, &busy, 1).await.unwrap();
        let last = Some(clock.now());
        assert_eq!(sweep(&store, &cx(), last).await.unwrap(), 4, "of the one that asked");
        assert_eq!(log(&server, &idle, "?limit=499").await.len(), 103);
        // Changed, it is counted.
        set(&server, &idle, json!({ "log": { "most": 101 } })).await;
        assert_eq!(sweep(&store, &cx(), last).await.unwrap(), 2);
        // What was answered shortly before the last sweep may have been written after it.
        made(&server, &idle, 1).await.unwrap();
        clock.advance(Duration::from_secs(60));
        assert_eq!(sweep(&store, &cx(), Some(clock.now())).await.unwrap(), 1);
        // Age is seen of all of them.
        clock.advance(31 * day);
        assert_eq!(sweep(&store, &cx(), Some(clock.now())).await.unwrap(), 201);
    }
);

story!(
    async fn entries_go_by_age_and_by_number(t) {
        let (store, clock) = at_noon(&t).await;
        let server = TestServer::on(store.clone(), |_| {}).await;
        let tenant = server.tenant("contoso").await;
        let (scim, other) = (server.directory(tenant).await, server.directory(tenant).await);
        let day = Duration::from_secs(24 * 3600);
        made(&server, &scim, 3).await.unwrap();
        made(&server, &other, 1).await.unwrap();
        clock.advance(29 * day);
        made(&server, &scim, 2).await.unwrap();
        assert_eq!(sweep(&store, &cx(), None).await.unwrap(), 0, "30 days are kept");
        clock.advance(2 * day);
        assert_eq!(sweep(&store, &cx(), None).await.unwrap(), 4);
        assert_eq!((log(&server, &scim, "").await.len(), log(&server, &other, "").await.len()), (2, 0));
        // Fewer days, and another directory keeps its own.
        made(&server, &other, 1).await.unwrap();
        set(&server, &scim, json!({ "log": { "days": 1 } })).await;
        assert_eq!(sweep(&store, &cx(), None).await.unwrap(), 2);
        // A number.
        set(&server, &scim, json!({ "log": { "most": 100 } })).await;
        made(&server, &scim, 103).await.unwrap();
        let newest = log(&server, &scim, "?limit=1").await;
        assert_eq!(sweep(&store, &cx(), None).await.unwrap(), 3);
        let left = log(&server, &scim, "?limit=499").await;
        assert_eq!((left.len(), &left[0]["id"]), (100, &newest[0]["id"]), "the newest stay");
        assert_eq!(sweep(&store, &cx(), None).await.unwrap(), 0);
        // A directory's end is its log's.
        server.as_owner(reqwest::Method::DELETE, &at(&other, ""), None).await.expect(200);
        server.app.log.flush(&cx()).await.unwrap();
        sweep(&store, &cx(), None).await.unwrap();
        let rows = raw::rows(&t).await;
        let id = other.directory.0;
        let (plain, blob) = (id.to_string(), format!("{:?}", id.as_bytes()));
        for (table, rows) in rows.iter().filter(|(n, _)| n.starts_with("provisioning_")) {
            assert!(!rows.iter().any(|r| r.contains(&plain) || r.contains(&blob)), "{table}: {rows:?}");
        }
        let wrong = json!({ "provisioning": { "log": { "days": 0 } } });
        server.as_owner(reqwest::Method::PATCH, &at(&scim, ""), Some(wrong)).await.expect(400);
        store.close().await;
    }
);

story!(
    async fn a_rehearsal_sees_its_own_writes_and_nothing_of_it_stays(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        scim.post("/Users", json!({ "userName": "ada" })).await.expect(201);
        let (store, cx) = (t.store.clone(), server.app.system());
        let tenant = scim.tenant;
        let seen = t.store.rehearse(move |dry| Box::pin(async move {
            // The real store takes no writes meanwhile, and the other none that fail.
            let e = muster::outbox::sweep(&store, &cx, Timestamp(0)).await.unwrap_err();
            assert!(format!("{e:?}").contains("rehearsal"), "{e:?}");
            muster::outbox::sweep(&dry, &cx, Timestamp(0)).await?;
            assert_eq!(dry.is_postgres(), store.is_postgres());
            let e = dry.rehearse(|_| Box::pin(async { Ok(()) })).await.unwrap_err();
            assert!(format!("{e:?}").contains("in a rehearsal"), "{e:?}");
            Ok(tenant)
        })).await.unwrap();
        assert_eq!(seen, tenant);
        // One that panics, one that fails and one that never ends cost nobody else anything.
        let e = t.store.rehearse(|_| Box::pin(async { Err::<(), _>(muster::error::Error::invalid("no")) })).await;
        assert_eq!(e.unwrap_err().detail(), "no");
        let e = t.store.rehearse::<(), _>(|_| Box::pin(std::future::pending())).await.unwrap_err();
        assert_eq!(e.kind(), muster::error::Kind::Unavailable);
        let op = patch(&json!([{ "op": "replace", "path": "title", "value": "T" }]));
        let all = scim.get("/Users").await.expect(200).json();
        let at = format!("/Users/{}", all["Resources"][0]["id"].as_str().unwrap());
        assert_eq!(scim.patch(&at, op).await.expect(200).json()["title"], "T");
    }
);

story!(
    async fn nobody_waits_for_the_log(t) {
        let server = TestServer::start(&t).await;
        let scim = server.directory(server.tenant("contoso").await).await;
        scim.get("/Users?count=0").await.expect(200);
        // What a request pays is the same whether or not anything can be written.
        let body = bytes::Bytes::from_static(b"{\"userName\":\"ada\"}");
        let recorder = Recorder::new(&t.store, &server.app.master);
        let began = std::time::Instant::now();
        for _ in 0..8000 {
            recorder.push(entry(scim.tenant, scim.directory, t.store.clock().now(), &body));
        }
        let each = began.elapsed() / 8000;
        assert!(each < Duration::from_millis(1), "{each:?} for one entry, in a build that is not optimised");
        println!("an entry costs its request {each:?}");
        // While no write gets through, reads are answered, and their entries are there afterwards.
        let (hold, held) = tokio::sync::oneshot::channel::<()>();
        let store = t.store.clone();
        let blocked = tokio::spawn(async move {
            store.rehearse(move |dry| Box::pin(async move {
                muster::outbox::sweep(&dry, &cx(), Timestamp(0)).await?;
                let _ = held.await;
                Ok(())
            })).await
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        for _ in 0..5 {
            scim.get("/Users?count=0").await.expect(200);
        }
        // Held no longer than a rehearsal may last: where the reads took that long, the machine was too slow to tell.
        let _ = hold.send(());
        let _ = blocked.await.unwrap();
        assert_eq!(log(&server, &scim, "?method=GET").await.len(), 6);
    }
);
