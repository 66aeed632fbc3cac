//! The checks of an installation: each says ok of what is well, and names what is not.

mod shell;

use crate::{
    mail, pure, story,
    support::{TestDb, TestServer, op::Op},
    tls::Authority,
};
use muster::{
    actor::{Actor, Principal},
    checks::{Status, examine, room},
    clock::{Clock, Timestamp},
    config::Config,
    directories::{self, Provisioning, SignInSettings},
    error::Error,
    id::{RequestId, TenantId},
    outbox,
    protocol::oidc::{Preset, Rules},
    secret::{ExposeSecret as _, Secret},
    store::{Cx, Database, Options, Scope, Store},
    tx,
};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};
use time::OffsetDateTime;
use tokio::net::TcpListener;

/// An installation in a folder of its own.
struct Ward {
    server: TestServer,
    dir: tempfile::TempDir,
}

/// All of a test's servers share their database's master key.
fn settings(config: &mut Config, dir: &Path) {
    let key = dir.join("master.key");
    fs::write(&key, "A".repeat(43)).unwrap();
    mode(&key, 0o600);
    config.server.data_dir = dir.into();
    config.keys.master_key_file = key;
}

fn private_folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    dir
}

impl Ward {
    async fn with(t: &TestDb, change: impl FnOnce(&mut Config)) -> Self {
        Self::on(t.store.clone(), change).await
    }
    async fn on(store: Store, change: impl FnOnce(&mut Config)) -> Self {
        let dir = private_folder();
        let path = dir.path().to_owned();
        let server = TestServer::on(store, |c| {
            settings(c, &path);
            change(c);
        })
        .await;
        Self { server, dir }
    }
    async fn ask(&self, body: Value) -> Vec<Value> {
        let told = self.server.post("/api/v1/doctor", body).await.expect(200).json();
        let all = told["checks"].as_array().unwrap().clone();
        assert_eq!(told["ok"], !all.iter().any(|f| f["status"] == "fail"));
        all
    }
    /// What a check says: its worst status, and all its words.
    async fn says(&self, name: &str) -> (String, String) {
        let all = self.ask(json!({})).await;
        let found =
            all.iter().filter(|f| f["name"].as_str().unwrap().split(' ').next() == Some(name));
        let found: Vec<&Value> = found.collect();
        let worst = |s: &str| found.iter().any(|f| f["status"] == s);
        let status = ["fail", "warn", "ok"].into_iter().find(|s| worst(s)).unwrap_or("nothing");
        (status.to_owned(), found.iter().map(ToString::to_string).collect())
    }
    #[track_caller]
    fn demand(told: &(String, String), status: &str, part: &str) {
        assert_eq!(told.0, status, "{}", told.1);
        assert!(told.1.contains(part), "no '{part}' in {}", told.1);
    }
    async fn directory(&self, name: &str, issuer: &str) {
        let tenant = self.server.tenant(name).await;
        let signin = SignInSettings {
            client_secret_expires_at: None,
            issuer: issuer.to_owned(),
            client_id: "us".to_owned(),
            client_secret: Some(Secret::from("s3cret")),
            scopes: Vec::new(),
            rules: Rules::default(),
            newcomers: muster::directories::Newcomers::default(),
            end_upstream: false,
        };
        let new = directories::New {
            name: "Directory".to_owned(),
            preset: Preset::Generic,
            provisioning: Provisioning::default(),
            signin: Some(signin),
        };
        let app = &self.server.app;
        let permit = self.server.permit(tenant).await;
        directories::create(&app.store, &permit, new, &app.master).await.expect("a directory");
    }
    /// Its directory is offered to nobody any more.
    async fn draft(&self, tenant: &str) {
        let path = format!("/api/v1/tenants/{tenant}/directories");
        let all = self.server.get(&path).await.expect(200).json();
        let path = format!("{path}/{}", all["items"][0]["id"].as_str().unwrap());
        let draft = Some(json!({ "stage": "draft" }));
        self.server.as_owner(reqwest::Method::PATCH, &path, draft).await.expect(200);
    }
    async fn administrator(&self, name: &str) {
        self.server.post("/api/v1/administrators", json!({ "user_name": name })).await.expect(201);
    }
}

story! {
    async fn what_is_well_is_said_to_be(t) {
        let ca = Authority::new();
        ca.issue(&["127.0.0.1"], 90);
        let op = Op::start("acme").await;
        let (port, letters) = mail::server().await;
        let ward = Ward::with(&t, |c| {
            c.server.tls_cert = ca.path("cert.pem");
            c.server.tls_key = ca.path("key.pem");
            c.outbound.ca_file = ca.path("ca.pem");
            c.outbound.allow = vec![op.address.to_string()];
            c.mail.server = Secret::from(format!("smtp://127.0.0.1:{port}"));
            c.mail.from = "Muster <muster@example.com>".into();
        })
        .await;
        ward.server.provider().await;
        ward.directory("acme", &op.issuer).await;
        ward.administrator("ada").await;
        ward.administrator("bert").await;
        let all = ward.ask(json!({ "send_test_mail": "ops@example.com" })).await;
        let mut names: Vec<&str> = all.iter().map(|f| f["name"].as_str().unwrap()).collect();
        for f in &all {
            // The doors that this test opened itself are told.
            let open = f["name"] == "outbound";
            assert_eq!(f["status"], if open { "warn" } else { "ok" }, "{f}");
            assert_eq!(f["mend"].is_string(), open, "{f}");
        }
        if t.store.is_postgres() {
            names.retain(|n| *n != "isolation");
        }
        names.dedup();
        assert_eq!(names, [
            "files", "disk", "database", "clock", "master-key", "signing-keys", "tls", "public-url", "outbound",
            "directory acme/Directory", "provisioning", "mail", "outbox", "secrets", "administrators", "test-mail",
        ]);
        let letter = letters.lock().unwrap().clone();
        assert!(letter.contains("To: ops@example.com") && letter.contains("mail arrives"), "{letter}");
        // Whoever is no Global Administrator learns nothing.
        let url = ward.server.url.clone();
        let anyone = ca.client().build().unwrap().post(format!("{url}/api/v1/doctor")).json(&json!({}));
        assert_eq!(anyone.send().await.unwrap().status(), 401);
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

story! {
    async fn files_that_others_can_open_and_keys_that_are_gone(t) {
        let ward = Ward::with(&t, |_| {}).await;
        Ward::demand(&ward.says("files").await, "ok", "owner only");
        mode(ward.dir.path(), 0o750);
        Ward::demand(&ward.says("files").await, "fail", "chmod 700");
        mode(ward.dir.path(), 0o700);
        let key = ward.dir.path().join("master.key");
        mode(&key, 0o640);
        Ward::demand(&ward.says("files").await, "fail", "chmod 600");
        mode(&key, 0o600);
        Ward::demand(&ward.says("files").await, "ok", "");
        Ward::demand(&ward.says("master-key").await, "ok", "opens what is sealed");
        let text = fs::read(&key).unwrap();
        fs::write(&key, "B".repeat(42) + "A").unwrap();
        Ward::demand(&ward.says("master-key").await, "fail", "another key than the one in use");
        fs::write(&key, "nonsense").unwrap();
        Ward::demand(&ward.says("master-key").await, "fail", "not a master key");
        fs::remove_file(&key).unwrap();
        Ward::demand(&ward.says("master-key").await, "fail", "No such file");
        fs::write(&key, text).unwrap();
        Ward::demand(&ward.says("master-key").await, "ok", "");
    }
}

pure! {
    fn a_disk_has_room_for_a_day() {
        assert_eq!(room(2 << 30, 1 << 20), Status::Ok);
        assert_eq!(room(500 << 20, 1 << 20), Status::Warn);
        assert_eq!(room(50 << 20, 1 << 20), Status::Fail);
        assert_eq!(room(2 << 30, 5), Status::Fail);
    }
}

story! {
    async fn values_sealed_with_another_key(t) {
        let before = Ward::with(&t, |_| {}).await;
        let op = Op::start("acme").await;
        before.directory("acme", &op.issuer).await;
        Ward::demand(&before.says("master-key").await, "ok", "");
        // The signing keys are those of the first key as well: a start with another one is refused by name.
        let dir = private_folder();
        let mut config = muster::config::load(None, [], []).unwrap().config;
        settings(&mut config, dir.path());
        config.settle("127.0.0.1:1".parse().unwrap()).unwrap();
        let other = muster::crypto::seal::MasterKey::generate().unwrap();
        let Err(e) = muster::server::assemble(config, t.store.clone(), other).await else {
            panic!("it started");
        };
        assert!(e.operator_text().unwrap().contains("another master key"), "{e:?}");
    }
}

/// The test's database again, with a clock of one's own.
async fn with_clock(t: &TestDb, clock: &Clock) -> Store {
    t.store.close().await;
    let options = Options { demand_audit: false, ..t.options.clone() };
    Store::open(&options, clock.clone()).await.unwrap()
}

const DAY: Duration = Duration::from_secs(24 * 3600);

story! {
    async fn clocks_apart_and_keys_that_nobody_replaced(t) {
        let clock = Clock::manual(Clock::System.now());
        let ward = Ward::on(with_clock(&t, &clock).await, |_| {}).await;
        let permit = ward.server.global().await;
        ward.server.app.keys.rotate(&permit, true).await.unwrap();
        Ward::demand(&ward.says("clock").await, "ok", "as the database's");
        Ward::demand(&ward.says("signing-keys").await, "ok", "RS256");
        clock.advance(Duration::from_secs(60));
        Ward::demand(&ward.says("clock").await, "fail", "s apart from the database's");
        clock.advance(93 * DAY);
        Ward::demand(&ward.says("signing-keys").await, "warn", "was not replaced");
    }
}

story! {
    async fn a_directory_with_another_time_or_no_answer(t) {
        let op = Op::start("acme").await;
        let allow = op.address.to_string();
        let ward = Ward::with(&t, |c| c.outbound.allow = vec![allow, "127.0.0.1:9".to_owned()]).await;
        Ward::demand(&ward.says("directory").await, "ok", "nobody signs in");
        ward.directory("acme", &op.issuer).await;
        Ward::demand(&ward.says("directory").await, "ok", "answers, 1 keys");
        Ward::demand(&ward.says("clock").await, "ok", "and a directory's");
        op.set(|s| s.date = "Sun, 06 Nov 1994 08:49:37 GMT".into());
        Ward::demand(&ward.says("clock").await, "fail", "apart from that of http://");
        Ward::demand(&ward.says("directory").await, "warn", "s behind ours: sign-ins are refused");
        let date = |seconds: u64| {
            let at = OffsetDateTime::now_utc() - Duration::from_secs(seconds);
            at.format(&time::format_description::well_known::Rfc2822).unwrap().replace("+0000", "GMT")
        };
        op.set(|s| s.date = date(90));
        Ward::demand(&ward.says("directory").await, "warn", "sign-ins will soon be refused");
        op.set(|s| s.date = date(40));
        Ward::demand(&ward.says("directory").await, "ok", "answers, 1 keys");
        op.set(|s| s.about = json!({ "issuer": "https://somebody.else" }));
        Ward::demand(&ward.says("directory").await, "fail", "calls itself 'https://somebody.else'");
        op.set(|s| s.about = json!({ "jwks_uri": format!("{}/v2.0/nothing", op.issuer) }));
        Ward::demand(&ward.says("directory").await, "fail", "has no keys");
        op.set(|s| s.status = 500);
        Ward::demand(&ward.says("directory").await, "fail", "answers 500");
        ward.directory("beta", "http://127.0.0.1:9").await;
        Ward::demand(&ward.says("directory").await, "fail", "directory beta/Directory");
        // Nobody signs in through what is being set up.
        ward.draft("acme").await;
        ward.draft("beta").await;
        Ward::demand(&ward.says("directory").await, "warn", "directory beta/Directory");
    }
}

story! {
    async fn a_certificate_that_does_not_serve(t) {
        let ca = Authority::new();
        ca.issue(&["127.0.0.1"], 90);
        let ward = Ward::with(&t, |c| {
            c.server.tls_cert = ca.path("cert.pem");
            c.server.tls_key = ca.path("key.pem");
            c.outbound.ca_file = ca.path("ca.pem");
        })
        .await;
        Ward::demand(&ward.says("tls").await, "ok", "days left");
        mode(&ca.path("key.pem"), 0o644);
        Ward::demand(&ward.says("tls").await, "fail", "chmod o=");
        ca.issue(&["127.0.0.1"], 9);
        Ward::demand(&ward.says("tls").await, "warn", "the certificate ends in");
        ca.issue(&["id.example.com"], 90);
        Ward::demand(&ward.says("tls").await, "fail", "is for id.example.com, not for 127.0.0.1");
        ca.issue(&["127.0.0.1"], 0);
        Ward::demand(&ward.says("tls").await, "fail", "ended on");
    }
}

story! {
    async fn a_public_url_that_leads_elsewhere(t) {
        let ward = Ward::with(&t, |_| {}).await;
        Ward::demand(&ward.says("public-url").await, "ok", "leads here");
        Ward::demand(&ward.says("tls").await, "warn", "the public URL is http://");
        let other = TestServer::company().await;
        // Our port stands at its end: a host that is nobody's, then the port of somebody else by way of a redirect.
        let nobody = Ward::with(&t, |c| c.server.public_url = "http://127.0.0.9".into()).await;
        Ward::demand(&nobody.says("public-url").await, "fail", "do DNS, firewall and proxy lead");
        let elsewhere = directed(&other.address.to_string()).await;
        let url = format!("http://{elsewhere}");
        let stranger = Stranger::start(&t, url).await;
        let told = stranger.0.says("public-url").await;
        Ward::demand(&told, "fail", "calls itself");
    }
}

/// An address that passes every connection on.
async fn directed(to: &str) -> std::net::SocketAddr {
    let (tcp, to) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), to.to_owned());
    let at = tcp.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut a, _)) = tcp.accept().await {
            let to = to.clone();
            tokio::spawn(async move {
                let mut b = tokio::net::TcpStream::connect(to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut a, &mut b).await;
            });
        }
    });
    at
}

/// A server whose public URL is not where it listens.
struct Stranger(Ward);
impl Stranger {
    async fn start(t: &TestDb, url: String) -> Self {
        let dir = private_folder();
        let path = dir.path().to_owned();
        let server = TestServer::behind(t.store.clone(), &url, |c| settings(c, &path)).await;
        Self(Ward { server, dir })
    }
}

story! {
    async fn mail_that_cannot_leave(t) {
        let ward = Ward::with(&t, |_| {}).await;
        Ward::demand(&ward.says("mail").await, "warn", "no mail server is set");
        let ward = Ward::with(&t, |c| {
            c.mail.server = Secret::from("smtp://127.0.0.1:9");
            c.mail.from = "muster@example.com".into();
        })
        .await;
        Ward::demand(&ward.says("mail").await, "fail", "efused");
        let all = ward.ask(json!({ "send_test_mail": "ops@example.com" })).await;
        let test = all.iter().find(|f| f["name"] == "test-mail").unwrap();
        assert_eq!(test["status"], "fail", "{test}");
        // One that says nothing is not waited for.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = silent.local_addr().unwrap().port();
        let ward = Ward::with(&t, |c| {
            c.mail.server = Secret::from(format!("smtp://127.0.0.1:{port}"));
            c.mail.from = "muster@example.com".into();
        })
        .await;
        Ward::demand(&ward.says("mail").await, "fail", "does not answer within 5 s");
    }
}

story! {
    async fn messages_that_were_given_up(t) {
        // No server runs: it would deliver them.
        let clock = Clock::manual(Clock::System.now());
        let store = with_clock(&t, &clock).await;
        let dir = private_folder();
        let mut config = muster::config::load(None, [], []).unwrap().config;
        settings(&mut config, dir.path());
        config.settle("127.0.0.1:1".parse().unwrap()).unwrap();
        let master = muster::crypto::seal::MasterKey::generate().unwrap();
        let app = muster::server::assemble(config, store.clone(), master).await.unwrap();
        let actor = Actor::prove(Principal::System("test"), RequestId::new());
        let permit = app.access.require_global(&actor).await.unwrap();
        let demand = async |status: Status, part: &str| {
            let all = examine(&app, &permit, false).await;
            let found = all.iter().find(|f| f.name == "outbox").unwrap();
            assert!(found.status == status && found.what.contains(part), "{found:?}");
        };
        let cx = Cx::new(actor.clone(), Scope::Platform);
        tx!(store, &cx, [], |tx| {
            tx.unaudited("test");
            outbox::push(tx, TenantId::PLATFORM, "invitation.mail", &json!({})).await
        })
        .unwrap();
        demand(Status::Ok, "nothing is stuck").await;
        clock.advance(Duration::from_secs(3600));
        demand(Status::Warn, "letters (invitation.mail): 1 wait since").await;
        let worker = outbox::Worker::new(store.clone(), cx)
            .on("invitation.mail", |_| Box::pin(async { Err(Error::invalid("the letter came back")) }));
        for _ in 0..24 {
            worker.once().await.unwrap();
            clock.advance(Duration::from_secs(2 * 3600));
        }
        let what = "1 messages of invitation.mail were given up: the letter came back";
        demand(Status::Warn, what).await;
    }
}

story! {
    async fn secrets_that_end_and_administrators_that_are_missing(t) {
        let ward = Ward::with(&t, |_| {}).await;
        Ward::demand(&ward.says("administrators").await, "fail", "no Global Administrator");
        ward.server.provider().await;
        ward.administrator("ada").await;
        Ward::demand(&ward.says("administrators").await, "warn", "there is one");
        ward.administrator("bert").await;
        Ward::demand(&ward.says("administrators").await, "ok", "2 Global Administrators");
        Ward::demand(&ward.says("secrets").await, "ok", "none ends");
        let tenant = ward.server.tenant("acme").await;
        let scim = ward.server.directory(tenant).await;
        let permit = ward.server.permit(tenant).await;
        let at = |days: u32| Some(Clock::System.now().plus(days * DAY));
        let store = &ward.server.app.store;
        directories::token_create(store, &ward.server.app.access, &permit, scim.directory, at(3)).await.unwrap();
        Ward::demand(&ward.says("secrets").await, "warn", "of Directory in acme ends on");
    }
}

story! {
    async fn postgresql_must_hold_tenants_apart(t) {
        let Database::Postgres(url) = &t.options.database else { return };
        let ward = Ward::with(&t, |_| {}).await;
        Ward::demand(&ward.says("isolation").await, "ok", "row-level security guards");
        let mut raw = PgConnection::connect(url.expose_secret()).await.unwrap();
        raw.execute("ALTER TABLE users NO FORCE ROW LEVEL SECURITY").await.unwrap();
        Ward::demand(&ward.says("isolation").await, "fail", "no row-level security on: users");
        let mut superuser = url::Url::parse(url.expose_secret()).unwrap();
        superuser.set_username("postgres").unwrap();
        let options = Options {
            database: Database::Postgres(Secret::from(String::from(superuser))),
            ..t.options.clone()
        };
        let store = Store::open(&options, Clock::System).await.unwrap();
        let found = store.isolation().await.unwrap().unwrap();
        assert!(found.unbound && found.unguarded.len() > 10, "{found:?}");
        store.close().await;
    }
}

story! {
    async fn a_damaged_database(t) {
        let Some(file) = t.file().map(PathBuf::from) else { return };
        let ward = Ward::with(&t, |_| {}).await;
        Ward::demand(&ward.says("database").await, "ok", "whole");
        drop(ward);
        t.store.close().await;
        let mut bytes = fs::read(&file).unwrap();
        // A root page of a table: its header is overwritten.
        let at = bytes.len() / 4096 / 2 * 4096;
        bytes[at..at + 512].fill(0xff);
        fs::write(&file, bytes).unwrap();
        let store = Store::open(&t.options, Clock::manual(Timestamp(0))).await;
        if let Ok(store) = store {
            match store.examine().await {
                Ok(found) => assert_ne!(found.integrity.as_deref(), Some("ok")),
                Err(e) => assert!(format!("{e:?}").contains("malformed"), "{e:?}"),
            }
        }
    }
}
