//! A tenant that has something in every table, and others around it; what of it is left.

use crate::{
    api::{call, own},
    story,
    support::{
        TestDb,
        person::{Person, TECHNICIAN, TENANT_ADMIN, TestApp},
        server::{Answer, Scim, TestServer},
    },
};
use muster::{
    actor::{Actor, Principal, UserKind},
    clock::Timestamp,
    crypto,
    id::{DirectoryId, EventId, FlowId, RequestId, TenantId, UserId},
    row, signins, sql,
    store::{J, Scope},
    tx,
    users::{self, NewUser},
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use std::{collections::BTreeMap, time::Duration};

/// How many rows name a tenant, by table and column: every column that holds tenants, as the schema has them.
pub async fn left(t: &TestDb, tenant: TenantId) -> BTreeMap<String, i64> {
    let holds = |c: &str| c.contains("tenant") || matches!(c, "tid" | "home");
    let mut out = BTreeMap::new();
    let Some(url) = t.url() else {
        let c = rusqlite::Connection::open(t.file().unwrap()).unwrap();
        let mut st = c
            .prepare(
                "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_xinfo(m.name) c
                 WHERE m.type = 'table' AND c.type = 'BLOB'",
            )
            .unwrap();
        let all =
            st.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?))).unwrap();
        for (table, column) in all.map(Result::unwrap).filter(|(_, c)| holds(c)) {
            let text = format!("SELECT count(*) FROM {table} WHERE {column} = ?1");
            let n = c.query_row(&text, [tenant.0.as_bytes().as_slice()], |r| r.get(0)).unwrap();
            out.insert(format!("{table}.{column}"), n);
        }
        return out;
    };
    let mut c = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::query("SET muster.scope = '*'").execute(&mut c).await.unwrap();
    let all = sqlx::query(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = current_schema() AND data_type = 'uuid'",
    );
    for row in all.fetch_all(&mut c).await.unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        if holds(&column) {
            let text = format!("SELECT count(*) FROM {table} WHERE {column} = $1");
            let n = sqlx::query_scalar(AssertSqlSafe(text)).bind(tenant.0);
            out.insert(format!("{table}.{column}"), n.fetch_one(&mut c).await.unwrap());
        }
    }
    out
}

/// The tenant `acme` with all that a tenant can have; `bern` beside it, and the provider's people who work in both.
pub struct Full {
    pub acme: TenantId,
    pub bern: TenantId,
    us: TenantId,
    scim: Scim,
    kim: Person,
    portal: TestApp,
    tokens: Value,
    tom: UserId,
}

fn id(v: &Value) -> String {
    v["id"].as_str().unwrap_or_else(|| panic!("no id: {v}")).to_owned()
}

/// Whichever way it was done.
#[track_caller]
fn done(a: Answer) -> Answer {
    assert!(a.status.is_success(), "{} {}", a.status, a.text);
    a
}

fn acts(home: TenantId, user: UserId) -> Actor {
    let who = Principal::User {
        home,
        user,
        kind: UserKind::Tenant,
        session: None,
        app: None,
        scopes: None,
        bound: None,
    };
    Actor::prove(who, RequestId::new())
}

impl Full {
    pub async fn new(s: &TestServer, us: TenantId) -> Self {
        let post = async |path: &str, body: Value| {
            let a = done(own(s, "POST", path, body).await);
            if a.text.is_empty() { Value::Null } else { a.json() }
        };
        let (acme, bern) = (s.tenant("acme").await, s.tenant("bern").await);
        let kim = s.person(acme, "kim", TECHNICIAN).await;
        let boss = s.person(acme, "boss", TENANT_ADMIN).await;
        s.person(bern, "lea", TENANT_ADMIN).await;
        post("/domains", json!({"domain": "acme.example", "tenant": "acme"})).await;
        let badge =
            json!({"id": "urn:acme:badge:User", "name": "Badge", "attributes": [{"name": "tag"}]});
        post("/tenants/acme/schemas", badge).await;
        post("/tenants/acme/roles", json!({"name": "Desk", "permissions": ["users.view"]})).await;
        let plan = json!({"name": "RMM", "scopes": ["users.view"]});
        post("/tenants/acme/integrations", plan).await;
        let default = json!({"role": "Read-Only"});
        done(own(s, "PUT", "/tenants/acme/default-role", default).await);
        let view = json!({"name": "Given", "query": "action=grant.*"}).to_string();
        done(call(s, Some(&acts(acme, boss)), "POST", "/tenants/acme/audit/views", &view).await);

        // What a directory brings, takes away, and leaves to be decided.
        let scim = s.directory(acme).await;
        let mut members = Vec::new();
        for n in 0..10 {
            let name = format!("p{n}@acme.example");
            let new = json!({"userName": name, "emails": [{"value": name, "primary": true}]});
            members.push(json!({"value": scim.post("/Users", new).await.expect(201).json()["id"]}));
        }
        for (name, role) in [("Support", "Desk"), ("Gone", "Read-Only")] {
            let g = json!({"displayName": name, "members": members});
            let g = id(&scim.post("/Groups", g).await.expect(201).json());
            post("/tenants/acme/mappings", json!({"group": g, "role": role})).await;
            if name == "Gone" {
                scim.delete(&format!("/Groups/{g}")).await.expect(204);
            }
        }
        post("/tenants/acme/users", json!({"kind": "tenant", "user_name": "gil@other.example"}))
            .await;
        scim.post("/Users", json!({"userName": "gil@other.example"})).await.expect(409);
        let hal = id(&scim.post("/Users", json!({"userName": "hal"})).await.expect(201).json());
        done(own(s, "DELETE", &format!("/tenants/acme/users/{hal}"), Value::Null).await);
        s.app.log.flush(&s.app.system()).await.unwrap();

        // Kim signs in, is given tokens, and has credentials.
        let at = format!("/tenants/acme/users/{kim}");
        let password = json!({"password": "violet harbour 27 lanterns"});
        done(own(s, "PUT", &format!("{at}/password"), password).await);
        post(&format!("{at}/one-time-code"), Value::Null).await;
        done(own(s, "DELETE", &format!("{at}/sessions"), Value::Null).await);
        s.app(acme, |new| "Wiki".clone_into(&mut new.name)).await;
        let portal = s.app(us, |new| new.platform = true).await;
        let asks = s.app(acme, |new| new.settings.trusted = false).await;
        let kim = s.session(acme, kim, "mfa").await;
        let code = s.code(&portal, &kim, &[]).await;
        let tokens = s.redeem(&portal, &code).await.expect(200).json();
        s.code(&portal, &kim, &[]).await;
        let (cx, scopes) = (s.app.system(), vec!["openid".to_owned()]);
        muster::apps::consents::allow(&s.app.store, &cx, acme, kim.user, asks.id, scopes)
            .await
            .unwrap();
        Self::under_way(s, &kim, scim.directory).await;

        // Invitations, roles on request, a review.
        let finn = json!({"email": "finn@acme.example", "roles": [{"role": "Read-Only"}]});
        let finn = id(&post("/tenants/acme/invitations", finn).await);
        post(
            &format!("/tenants/acme/invitations/{finn}/bounced"),
            json!({"email": "finn@acme.example"}),
        )
        .await;
        done(own(s, "PUT", "/tenants/acme/letters", json!({"display_name": "Acme"})).await);
        let e = json!({"user": kim.user, "role": "Read-Only", "max_minutes": 60});
        let e = id(&post("/tenants/acme/eligibilities", e).await);
        let ask = json!({"eligibility": e, "minutes": 30, "reason": "a case"}).to_string();
        done(call(s, Some(&acts(acme, kim.user)), "POST", "/me/elevations", &ask).await);
        let due = s.app.store.clock().now().plus(Duration::from_secs(3600)).rfc3339();
        post("/tenants/acme/domains", json!({"domain": "asked.example"})).await;
        post("/tenants/acme/reviews", json!({
            "name": "Autumn", "reviewers": [{"user": boss}], "due_at": due, "role": "Technician", "every_days": 90,
        })).await;
        keyed(s, "/tenants/acme/roles", json!({"name": "Once", "permissions": []})).await;

        let tom = Self::provider(s, us, acme, bern).await;
        Self { acme, bern, us, scim, kim, portal, tokens, tom }
    }

    /// What is there for minutes, or only where a company's own sign-in stands beside.
    async fn under_way(s: &TestServer, kim: &Person, d: DirectoryId) {
        let (t, user, flow) = (kim.tenant, kim.user, FlowId::new());
        let cx = s.app.system();
        tx!(s.app.store, &cx, [], |tx| {
            let new = signins::NewSignin::not(signins::Reason::MfaNotProved, None, None);
            signins::record(tx, t, &new).await?;
            sql!(tx, exec, "INSERT INTO identities (tenant_id, directory_id, issuer, subject, user_id, created_at, last_login_at)
                            VALUES ($1, $2, 'i', 's', $3, 1, 1)", t, d, user)?;
            sql!(tx, exec, "INSERT INTO signals_taken (tenant_id, directory_id, jti_hash, expires_at)
                            VALUES ($1, $2, 'h', 9000000000000000)", t, d)?;
            sql!(tx, exec, "INSERT INTO signal_streams (tenant_id, directory_id, settings, updated_at)
                            VALUES ($1, $2, '{}', 1)", t, d)?;
            sql!(tx, exec, "INSERT INTO event_streams (tenant_id, id, app_id, settings, status, queued, seq, under_way, dropped,
                                                       created_at, updated_at)
                            SELECT tenant_id, id, id, '{\"delivery\":\"poll\"}', 'enabled', 1, 1, false, 0, 1, 1 FROM apps
                            WHERE tenant_id = $1 AND kind = 'app' ORDER BY id LIMIT 1", t)?;
            sql!(tx, exec, "INSERT INTO event_queue (tenant_id, stream_id, seq, jti, claims, always, created_at)
                            SELECT tenant_id, id, 1, id, '{}', false, 1 FROM event_streams WHERE tenant_id = $1", t)?;
            sql!(tx, exec, "INSERT INTO event_subjects (tenant_id, stream_id, subject, created_at)
                            SELECT tenant_id, id, id, 1 FROM event_streams WHERE tenant_id = $1", t)?;
            sql!(tx, exec, "INSERT INTO signin_tests (tenant_id, id, directory_id, hash, asked_by, generation, created_at,
                                                      expires_at, result)
                            VALUES ($1, $2, $2, 'h', 'owner', 1, 1, 2, '{}')", t, d)?;
            sql!(tx, exec, "INSERT INTO portals (tenant_id, id, directory_id, hash, note, made_by, created_at, expires_at)
                            VALUES ($1, $2, $2, 'h', '', 'owner', 1, 2)", t, d)?;
            sql!(tx, exec, "INSERT INTO session_hints (tenant_id, session_id, hint)
                            SELECT tenant_id, id, 'h' FROM sessions WHERE tenant_id = $1 ORDER BY id LIMIT 1", t)?;
            sql!(tx, exec, "INSERT INTO token_counts (tenant_id, day, app_id, integration, issued, refused)
                            VALUES ($1, 20000, $1, true, 1, 0)", t)?;
            sql!(tx, exec, "INSERT INTO password_tries (tenant_id, name_hash, failures, tried_at) VALUES ($1, 'h', 1, 1)", t)?;
            sql!(tx, exec, "INSERT INTO passkeys (tenant_id, id, user_id, credential_id, name, passkey, created_at)
                            VALUES ($1, $2, $2, 'c', 'n', '{}', 1)", t, user)?;
            sql!(tx, exec, "INSERT INTO recovery_codes (tenant_id, user_id, hash, made_at) VALUES ($1, $2, 'h', 1)", t, user)?;
            sql!(tx, exec, "INSERT INTO password_resets (tenant_id, user_id, hash, created_at, expires_at)
                            VALUES ($1, $2, 'h', 1, 9000000000000000)", t, user)?;
            sql!(tx, exec, "INSERT INTO break_glass (tenant_id, user_id, made_at, made_by) VALUES ($1, $2, 1, 'owner')", t, user)?;
            sql!(tx, exec, "INSERT INTO factor_tries (tenant_id, user_id, factor, failures, tried_at)
                            VALUES ($1, $2, 'passkey', 1, 1)", t, user)?;
            sql!(tx, exec, "INSERT INTO flows (id, kind, browser, state, created_at, expires_at)
                            VALUES ($1, 'signin', 'b', '{}', 1, 9000000000000000)", flow)?;
            sql!(tx, exec, "INSERT INTO upstream_states (hash, flow_id, tenant_id, directory_id, generation, nonce, verifier,
                                                         request, created_at, expires_at)
                            VALUES ('h', $1, $2, $3, 1, 'n', 'v', '{}', 1, 9000000000000000)", flow, t, d)
        }).unwrap();
    }

    /// A technician of the provider's with scopes that name `acme`, and a group of its directory likewise.
    async fn provider(s: &TestServer, us: TenantId, acme: TenantId, bern: TenantId) -> UserId {
        let new = NewUser {
            kind: UserKind::Technician,
            user_name: "tom".into(),
            display_name: None,
            email: None,
        };
        let tom = users::add(&s.app.store, &s.permit(us).await, new).await.unwrap().id;
        let tenant = json!({"user": tom, "home": "provider", "role": "Read-Only"});
        done(own(s, "POST", "/tenants/acme/grants", tenant).await);
        for scope in scopes(acme, bern) {
            let g = json!({"user": tom, "role": "Technician", "scope": scope});
            done(own(s, "POST", "/tenants/provider/grants", g).await);
        }
        done(own(s, "PATCH", "/tenants/acme", json!({"tags": ["gold"]})).await);
        let scim = s.directory(us).await;
        let g = id(&scim.post("/Groups", json!({"displayName": "Night"})).await.expect(201).json());
        for scope in scopes(acme, bern) {
            let m = json!({"group": g, "role": "Read-Only", "scope": scope});
            done(own(s, "POST", "/tenants/provider/mappings", m).await);
        }
        // One that says already what the chosen set will say.
        let m = json!({"group": g, "role": "Read-Only", "in_tenant": "bern"});
        done(own(s, "POST", "/tenants/provider/mappings", m).await);
        // And what reaches this one alone.
        let m = json!({"group": g, "role": "Technician", "in_tenant": "acme"});
        done(own(s, "POST", "/tenants/provider/mappings", m).await);
        let e = json!({"user": tom, "home": "provider", "role": "Technician", "max_minutes": 60});
        done(own(s, "POST", "/tenants/acme/eligibilities", e).await);
        tom
    }

    /// The trail is what it was, event by event, without the people's names.
    pub async fn proved(&self, s: &TestServer) {
        let mut c = s.app.store.read(Scope::Platform).await.unwrap();
        let all = sql!(c, all<Stored>,
            "SELECT tenant_id, id, at, action, actor, acting_tenant, target, request, detail, commitment, digest
             FROM audit_events WHERE tenant_id = $1 ORDER BY id", self.acme).unwrap();
        assert!(all.len() > 20 && all[0].action == "tenant.create", "{}", all.len());
        assert!(all.iter().any(|e| !e.commitment.is_empty()), "names stood apart");
        for e in &all {
            let event = json!([
                e.tenant_id,
                e.id,
                e.at,
                e.action,
                e.actor,
                e.acting_tenant,
                e.target,
                e.request,
                e.detail.0,
                e.commitment
            ]);
            assert_eq!(crypto::sha256_hex(event.to_string()), e.digest, "{}", e.action);
        }
    }

    /// Nobody of it gets in.
    pub async fn refused(&self, s: &TestServer) {
        let c = s.browser();
        let r = c.request(reqwest::Method::GET, "/api/v1/me");
        let r = r.header("cookie", format!("muster_session={}", self.kim.cookie));
        c.send(r).await.expect(401);
        let access = self.tokens["access_token"].as_str().unwrap();
        assert!(!s.active(&self.portal, access).await);
        let refresh = self.tokens["refresh_token"].as_str().unwrap();
        s.refresh(&self.portal, refresh).await.expect(400);
        self.scim.get("/Users").await.expect(401);
    }

    /// Scopes of the provider's name it no more, and reach what they reached beside it.
    pub async fn narrowed(&self, s: &TestServer) {
        let hex = format!("%{}%", self.acme.0.simple());
        let mut c = s.app.store.read(Scope::Platform).await.unwrap();
        let n = sql!(c, one<i64>,
            "SELECT (SELECT count(*) FROM grants WHERE scope LIKE $1) + (SELECT count(*) FROM mappings WHERE scope LIKE $1)",
            hex).unwrap();
        drop(c);
        assert_eq!(n, 0);
        for list in ["grants", "mappings"] {
            let mut found = Vec::new();
            for at in ["provider", "bern"] {
                let all = own(s, "GET", &format!("/tenants/{at}/{list}"), Value::Null)
                    .await
                    .expect(200)
                    .json();
                for one in all["items"].as_array().unwrap() {
                    let who = one["user"] == json!(self.tom) || list == "mappings";
                    if who && !found.iter().any(|f: &Value| f["id"] == one["id"]) {
                        found.push(one.clone());
                    }
                }
            }
            let mut kinds: Vec<String> = found
                .iter()
                .map(|g| g["scope"]["kind"].as_str().unwrap_or("tenant").to_owned())
                .collect();
            kinds.sort();
            // The set is Bern alone now (of the mappings one says so), the exceptions are all, and all but Bern.
            let mut want = vec!["all_tenants", "all_tenants_except", "tag", "tenant"];
            want.sort_unstable();
            assert_eq!(kinds, want, "{list}: {found:?}");
        }
        // What reached it alone is gone, and the provider's trail says so.
        let trail =
            own(s, "GET", "/tenants/provider/audit?limit=500", Value::Null).await.expect(200);
        let trail = trail.json();
        let ended = trail["items"].as_array().unwrap().iter();
        let ended = ended.filter(|e| e["action"] == "scope.end" && e["detail"]["from"] == "tenant");
        let mut ended: Vec<String> = ended
            .map(|e| {
                assert_eq!(e["detail"]["tenant"], json!(self.acme), "{e}");
                let target = e["target"].as_str().unwrap_or_default();
                target.split([':', ' ', '/']).next().unwrap_or_default().to_owned()
            })
            .collect();
        ended.sort();
        assert_eq!(ended, ["eligibility", "mapping"], "{trail}");
        let held = s.app.access.effective(self.us, self.tom, self.bern).await.unwrap();
        assert!(held.allows("computers.edit"));
    }
}

fn scopes(acme: TenantId, bern: TenantId) -> [Value; 4] {
    [
        json!({"kind": "tenants", "tenants": [acme, bern]}),
        json!({"kind": "all_tenants_except", "tenants": [acme]}),
        json!({"kind": "all_tenants_except", "tenants": [acme, bern]}),
        json!({"kind": "tag", "tag": "gold"}),
    ]
}

async fn keyed(s: &TestServer, path: &str, body: Value) {
    let request =
        axum::http::Request::post(format!("/api/v1{path}")).header("Idempotency-Key", "k");
    let mut request = request.body(axum::body::Body::from(body.to_string())).unwrap();
    muster::server::as_owner(&mut request);
    let a = tower::ServiceExt::oneshot(s.router(), request).await.unwrap();
    assert_eq!(a.status(), 201);
}

row! {
    struct Stored {
        tenant_id: TenantId,
        id: EventId,
        at: Timestamp,
        action: String,
        actor: String,
        acting_tenant: Option<TenantId>,
        target: Option<String>,
        request: RequestId,
        detail: J<Value>,
        commitment: String,
        digest: String,
    }
}

story!(async fn nobody_of_it_acts_on_any_node(t) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("master.key");
    let s = TestServer::with(&t, |c| c.keys.master_key_file.clone_from(&file)).await;
    let store = if t.store.is_postgres() { t.second_node().await } else { t.store.clone() };
    let node = TestServer::behind(store, &s.url, |c| c.keys.master_key_file.clone_from(&file)).await;
    let us = s.provider().await;
    let acme = s.tenant("acme").await;
    let kim = s.person(acme, "kim", TECHNICIAN).await;
    let kim = s.session(acme, kim, "mfa").await;
    let portal = s.app(us, |new| new.platform = true).await;
    let code = s.code(&portal, &kim, &[]).await;
    let token = s.redeem(&portal, &code).await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
    assert!(s.app.gate.bearer(&token).await.is_ok() && node.app.gate.bearer(&token).await.is_ok());
    own(&s, "PATCH", "/tenants/acme", json!({"status": "suspended"})).await.expect(200);
    let told = own(&s, "DELETE", "/tenants/acme?confirm=acme", Value::Null).await.expect(200).json();
    assert!(s.app.gate.bearer(&token).await.is_err());
    let mut open = true;
    for _ in 0..40 {
        open = node.app.gate.bearer(&token).await.is_ok() || node.app.gate.session(&kim.cookie).await.is_ok();
        if !open {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!open, "the other node has heard of it within two seconds");
    super::gone(&s, acme).await;
    let e = node.app.gate.bearer(&token).await.unwrap_err();
    assert_eq!(e.kind(), muster::error::Kind::Unauthenticated, "{e} {told}");
});
