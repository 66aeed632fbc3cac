//! The life of a sign-in half: a draft, a test login, offered, the only way in; how it is, and sign-ins that the provider
//! begins.

use super::stub::{World, signed_in, world};
use crate::{
    api::call,
    passkeys::{begin, make, me, person, setting, show, with_password},
    remote::{Shell, token},
    story,
    support::{
        TestDb,
        authenticator::Authenticator,
        op::Seal,
        person::TENANT_ADMIN,
        server::{Answer, Client},
    },
};
use muster::{
    actor::{Actor, Principal, UserKind},
    directories,
    id::{FlowId, RequestId, UserId},
    row, sql,
    store::{J, Scope},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};

const PASSWORD: &str = "violet harbour 27 lanterns";

/// An administrator of the tenant's, as the API knows them.
struct Boss {
    actor: Actor,
}

impl Boss {
    async fn new(w: &World, name: &str) -> Self {
        let user = w.ours.person(w.tenant, name, TENANT_ADMIN).await;
        Self::of(w, user)
    }
    fn of(w: &World, user: UserId) -> Self {
        let who = Principal::User {
            home: w.tenant,
            user,
            kind: UserKind::Tenant,
            session: None,
            app: None,
            scopes: None,
            bound: None,
        };
        Self { actor: Actor::prove(who, RequestId::new()) }
    }
    async fn call(&self, w: &World, method: &str, below: &str, body: Value) -> Answer {
        let path = format!("/tenants/{}/directories/{}{below}", w.tenant, w.directory);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        call(&w.ours, Some(&self.actor), method, &path, &body).await
    }
    async fn stage(&self, w: &World) -> Value {
        self.call(w, "GET", "", Value::Null).await.expect(200).json()["stage"].take()
    }
    /// The link to a test login, without our address.
    async fn link(&self, w: &World) -> String {
        let made = self.call(w, "POST", "/signin-tests", json!({})).await.expect(201).json();
        let link = made["link"].as_str().unwrap();
        link.strip_prefix(&w.ours.url).unwrap_or_else(|| panic!("{link}")).to_owned()
    }
    /// Another client at the provider: what was tried says nothing about it.
    async fn another_client(&self, w: &World, client: &str) -> Value {
        let signin = json!({ "issuer": w.op.issuer, "client_id": client, "client_secret": "s2" });
        self.call(w, "PATCH", "", json!({ "signin": signin })).await.expect(200).json()
    }
    async fn test(&self, w: &World, browser: &Client, change: impl FnOnce(&mut Value)) -> Answer {
        let link = self.link(w).await;
        let asked = left(&browser.get(&link).await.expect(303));
        answer(w, browser, &asked, change).await
    }
}

/// What the provider is asked.
fn left(a: &Answer) -> HashMap<String, String> {
    let url = url::Url::parse(a.header("location")).expect("the provider's address");
    url.query_pairs().into_owned().collect()
}

async fn answer(
    w: &World,
    browser: &Client,
    asked: &HashMap<String, String>,
    change: impl FnOnce(&mut Value),
) -> Answer {
    let mut claims = w.op.claims(&asked["client_id"], &asked["nonce"], "u1");
    change(&mut claims);
    w.op.set(|s| (s.claims, s.seal) = (claims, Seal::Good));
    browser.get(&format!("{}?state={}&code=c", asked["redirect_uri"], asked["state"])).await
}

async fn offered(w: &World) -> bool {
    !directories::ways_in(&w.ours.app.store, w.tenant).await.unwrap().is_empty()
}

async fn the_world(t: &TestDb) -> World {
    world(t, "generic", json!({ "amr": ["mfa"] })).await
}

story! {
    async fn what_a_person_sets_up_is_tried_by_them_before_it_is_offered(t) {
        let w = the_world(&t).await;
        let (ada, bea) = (Boss::new(&w, "ada").await, Boss::new(&w, "bea").await);
        // Whoever owns the data directory made it: active, and the trail says that nobody tried it.
        assert_eq!(ada.stage(&w).await, "active");
        assert!(offered(&w).await);
        let early = w.ours.browser();
        w.sign_in(&early, Seal::Good, |_| {}).await;
        let changed = ada.another_client(&w, "second").await;
        assert_eq!((&changed["stage"], &changed["generation"]), (&json!("draft"), &json!(2)));
        assert!(!offered(&w).await);
        assert!(signed_in(&early).await, "sessions go on");
        let browser = w.ours.browser();
        let flow = browser.get("/signin?tenant=contoso").await.expect(303);
        let flow = flow.header("location").strip_prefix("/signin/").unwrap().to_owned();
        let directory = w.directory.to_string();
        let form = [("flow", flow.as_str()), ("directory", directory.as_str())];
        let refused = browser.form("/federation/start", &form).await;
        assert_eq!(refused.status, 404, "nobody signs in by a draft");
        let by_get = browser.get(&format!("/federation/start?flow={flow}&directory={directory}")).await;
        assert_eq!(by_get.status, 404);
        let by_address = format!("/federation/{}/initiate?iss={}", w.directory, w.op.issuer);
        assert_eq!(browser.get(&by_address).await.status, 404, "nor by its address");
        // Not tried at all.
        let no = ada.call(&w, "POST", "/activate", json!({})).await.expect(409).json();
        assert_eq!(no["code"], "untested", "{no}");
        let no = ada.call(&w, "PATCH", "", json!({ "stage": "enforced" })).await.expect(409).json();
        assert_eq!(no["code"], "not_active", "{no}");
        // Tried: nobody comes in and nobody is brought in.
        let page = ada.test(&w, &browser, |c| c["nickname"] = json!("Sparrow")).await.expect(200);
        assert!(page.text.contains("Sparrow") && page.text.contains("una@contoso.example"), "{}", page.text);
        assert!(!signed_in(&browser).await);
        assert_eq!(ada.stage(&w).await, "testing");
        let kept = ada.call(&w, "GET", "/signin-tests", Value::Null).await.expect(200);
        assert!(!kept.text.contains("Sparrow") && !kept.text.contains("una@"), "names, no values: {}", kept.text);
        let test = &kept.json()["items"][0];
        assert_eq!((&test["passed"], &test["current"]), (&json!(true), &json!(true)));
        assert!(test["result"]["claims"].as_array().unwrap().contains(&json!("nickname")), "{test}");
        // By somebody else's test nobody activates.
        let no = bea.call(&w, "POST", "/activate", json!({})).await.expect(403).json();
        assert_eq!(no["code"], "tested_by_another", "{no}");
        // Nor of settings that are others by now.
        ada.another_client(&w, "third").await;
        let no = ada.call(&w, "POST", "/activate", json!({})).await.expect(409).json();
        assert_eq!(no["code"], "untested", "{no}");
        ada.test(&w, &browser, |_| {}).await.expect(200);
        let active = ada.call(&w, "POST", "/activate", json!({})).await.expect(200).json();
        assert_eq!(active["stage"], "active");
        assert!(offered(&w).await);
        // Who tries what is offered does not come in either, known as they are.
        let other = w.ours.browser();
        let page = ada.test(&w, &other, |_| {}).await.expect(200);
        assert!(page.text.contains("id=\"found\"><strong>una@contoso.example"), "{}", page.text);
        assert!(!signed_in(&other).await);
        // Another secret is of the same client.
        let signin = json!({
            "issuer": w.op.issuer, "client_id": "third", "client_secret": "s3", "rules": { "amr": ["mfa"] },
        });
        let same = ada.call(&w, "PATCH", "", json!({ "signin": signin })).await.expect(200).json();
        assert_eq!(same["stage"], "active");
        let trail = w.ours.get(&format!("/api/v1/tenants/{}/audit?limit=200", w.tenant)).await.expect(200).json();
        let made = trail["items"].as_array().unwrap().iter().find(|e| e["action"] == "directory.create").unwrap();
        assert_eq!(made["detail"]["untested"], true, "{made}");
    }
}

story! {
    async fn a_link_to_a_test_login_is_good_once_and_a_failure_is_told(t) {
        let w = the_world(&t).await;
        let ada = Boss::new(&w, "ada").await;
        ada.another_client(&w, "second").await;
        let browser = w.ours.browser();
        let link = ada.link(&w).await;
        browser.get(&link).await.expect(303);
        browser.get(&link).await.expect(400);
        // One of settings that are others by now.
        let link = ada.link(&w).await;
        ada.another_client(&w, "third").await;
        let page = browser.get(&link).await.expect(200);
        assert!(page.text.contains("generation_changed"), "{}", page.text);
        // The wrong audience.
        let page = ada.test(&w, &browser, |c| c["aud"] = json!("somebody else")).await.expect(200);
        assert!(page.text.contains("audience_mismatch"), "{}", page.text);
        let test = ada.call(&w, "GET", "/signin-tests", Value::Null).await.expect(200).json()["items"][0].take();
        assert_eq!((&test["passed"], &test["result"]["reason"]), (&json!(false), &json!("audience_mismatch")));
        let no = ada.call(&w, "POST", "/activate", json!({})).await.expect(409).json();
        assert_eq!(no["code"], "untested", "{no}");
        // What a test login left with opens no other way in.
        let link = ada.link(&w).await;
        let asked = left(&browser.get(&link).await.expect(303));
        assert!(asked.contains_key("code_challenge") && asked.contains_key("nonce"), "{asked:?}");
        let mut c = w.ours.app.store.read(Scope::Platform).await.unwrap();
        let flow: FlowId = sql!(c, one<FlowId>, "SELECT id FROM flows ORDER BY id DESC LIMIT 1").unwrap();
        drop(c);
        for path in [
            format!("/signin/{flow}"),
            format!("/federation/start?flow={flow}&directory={}", w.directory),
            format!("/federation/step-up?flow={flow}"),
            format!("/oauth/resume?flow={flow}"),
            format!("/enrol/{flow}"),
        ] {
            assert_eq!(browser.get(&path).await.status, 400, "{path}");
        }
        let other = w.ours.browser();
        let refused = answer(&w, &other, &asked, |_| {}).await.expect(303);
        assert_eq!(w.reason(&refused).await, "state_foreign");
        assert!(!signed_in(&other).await);
    }
}

story! {
    async fn enforced_it_is_the_only_way_in_for_its_people(t) {
        let w = the_world(&t).await;
        let s = &w.ours;
        let person = async |name: &str| {
            let new = json!({ "kind": "tenant", "user_name": name });
            let users = format!("/api/v1/tenants/{}/users", w.tenant);
            let id = s.post(&users, new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
            let path = format!("/api/v1/tenants/{}/users/{id}/password", w.tenant);
            s.as_owner(Method::PUT, &path, Some(json!({ "password": PASSWORD }))).await.expect(204);
        };
        person("ina@contoso.example").await;
        person("otto@elsewhere.example").await;
        s.post("/api/v1/domains", json!({ "domain": "contoso.example", "tenant": "contoso" })).await.expect(201);
        let by_password = async |name: &str| {
            let browser = s.browser();
            let flow = browser.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
            let form = [("user_name", name), ("password", PASSWORD)];
            (browser.form(&format!("{flow}/password"), &form).await.expect(303), browser)
        };
        // Una is of the directory, whatever her address.
        let users = format!("/api/v1/tenants/{}/users/{}/password", w.tenant, w.person);
        let una = s.as_owner(Method::PUT, &users, Some(json!({ "password": PASSWORD }))).await.status;
        assert_eq!(una, 403, "whom a directory signs in gets no password here");
        let (_, browser) = by_password("ina@contoso.example").await;
        assert!(signed_in(&browser).await);
        let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
        let edit = Some(json!({ "stage": "enforced" }));
        let done = s.as_owner(Method::PATCH, &path, edit).await.expect(200).json();
        assert_eq!(done["stage"], "enforced");
        assert!(signed_in(&browser).await, "what lives goes on");
        let (refused, other) = by_password("ina@contoso.example").await;
        assert_eq!(w.reason(&refused).await, "directory_enforced");
        assert!(!signed_in(&other).await);
        // Whoever is neither of the directory nor of the company's domains signs in as before.
        let (_, other) = by_password("otto@elsewhere.example").await;
        assert!(signed_in(&other).await);
        // Who types an address of the company is sent there at once.
        let browser = s.browser();
        let flow = browser.get("/signin").await.expect(303).header("location").to_owned();
        let sent = browser.form(&format!("{flow}/email"), &[("email", "ina@contoso.example")]).await.expect(303);
        let to = sent.header("location").to_owned();
        assert!(to.starts_with("/federation/start?"), "{to}");
        let asked = left(&browser.get(&to).await.expect(303));
        assert_eq!(asked["login_hint"], "ina@contoso.example");
    }
}

row! {
    struct Noted { payload: J<Value> }
}

story! {
    async fn administrators_are_told_once_that_a_client_secret_ends(t) {
        let w = the_world(&t).await;
        let s = &w.ours;
        let now = s.app.store.clock().now();
        let ends = |days: u64| now.plus(Duration::from_secs(days * 24 * 3600)).rfc3339();
        let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
        let set = async |days: u64| {
            let signin = json!({
                "issuer": w.op.issuer, "client_id": "muster", "rules": { "amr": ["mfa"] },
                "client_secret_expires_at": ends(days),
            });
            let done = s.as_owner(Method::PATCH, &path, Some(json!({ "signin": signin }))).await.expect(200).json();
            assert_eq!((&done["generation"], &done["stage"]), (&json!(1), &json!("active")));
        };
        let warn = async || directories::warn_of_secrets(&s.app.store, &s.app.system()).await.unwrap();
        set(40).await;
        assert_eq!(warn().await, 0);
        set(30).await;
        assert_eq!((warn().await, warn().await), (1, 0), "one letter");
        // Another end is another matter.
        set(7).await;
        assert_eq!((warn().await, warn().await), (1, 0));
        set(1).await;
        assert_eq!((warn().await, warn().await), (1, 0));
        set(0).await;
        assert_eq!((warn().await, warn().await), (1, 0));
        let mut c = s.app.store.read(Scope::Platform).await.unwrap();
        let told = sql!(c, all<Noted>,
            "SELECT payload FROM outbox WHERE tenant_id = $1 AND topic = 'directory.secret_ends' ORDER BY id", w.tenant).unwrap();
        drop(c);
        let subjects: Vec<&str> = told.iter().map(|n| n.payload.0["subject"].as_str().unwrap()).collect();
        let ways = ["ends in 30 days", "ends in 7 days", "ends tomorrow", "has ended"];
        assert_eq!(subjects, ways.map(|how| format!("The client secret of Contoso {how}")));
        let trail = s.get(&format!("/api/v1/tenants/{}/audit?limit=200", w.tenant)).await.expect(200).text;
        assert_eq!(trail.matches("directory.secret_ends").count(), 4, "{trail}");
    }
}

story! {
    async fn how_a_sign_in_half_is(t) {
        let w = the_world(&t).await;
        let path = format!("/api/v1/tenants/{}/directories/{}/signin-health", w.tenant, w.directory);
        let how = async || w.ours.get(&path).await.expect(200).json();
        let fresh = how().await;
        assert_eq!((&fresh["reachable"], &fresh["published_keys"]), (&json!(true), &json!(1)), "{fresh}");
        assert_eq!((&fresh["keys"], &fresh["last_success"]), (&Value::Null, &Value::Null), "{fresh}");
        assert_eq!(fresh["clock_warning"], Value::Null, "{fresh}");
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        assert!(signed_in(&browser).await);
        let refused = w.sign_in(&w.ours.browser(), Seal::Forged, |_| {}).await;
        let reason = w.reason(&refused).await;
        w.op.set(|s| s.date = "Tue, 01 Jan 2030 00:00:00 GMT".into());
        let how_now = how().await;
        assert_eq!((&how_now["keys"]["number"], &how_now["last_failure"]["reason"]), (&json!(1), &json!(reason)), "{how_now}");
        assert!(how_now["last_success"]["at"].is_string(), "{how_now}");
        assert!(how_now["clock_ahead_seconds"].as_i64().unwrap().abs() > 60, "{how_now}");
        assert!(how_now["clock_warning"].as_str().unwrap().contains("ours: sign-ins are refused"), "{how_now}");
        w.op.set(|s| s.status = 500);
        let down = how().await;
        assert_eq!(down["reachable"], false, "{down}");
        assert!(down["why_not"].as_str().unwrap().contains("500"), "{down}");
        let time = |name: &str| muster::clock::Timestamp::parse_rfc3339(down[name].as_str().unwrap()).unwrap();
        assert!(time("answered_at") < time("asked_at"), "{down}");
    }
}

story! {
    async fn a_provider_begins_a_sign_in_and_chooses_nothing(t) {
        let w = the_world(&t).await;
        let home = "https://portal.example/start";
        w.ours.app(w.tenant, |new| new.settings.client_uri = Some(home.to_owned())).await;
        let at = |iss: &str, target: &str| {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("iss", iss)
                .append_pair("login_hint", "una@contoso.example")
                .append_pair("target_link_uri", target)
                .finish();
            format!("/federation/{}/initiate?{query}", w.directory)
        };
        let ends = async |target: &str| {
            let browser = w.ours.browser();
            let asked = left(&browser.get(&at(&w.op.issuer, target)).await.expect(303));
            assert_eq!(asked["login_hint"], "una@contoso.example");
            assert!(asked.contains_key("state") && asked.contains_key("nonce") && asked.contains_key("code_challenge"));
            let back = answer(&w, &browser, &asked, |_| {}).await.expect(303).header("location").to_owned();
            assert!(signed_in(&browser).await);
            browser.get(&back).await.expect(303).header("location").to_owned()
        };
        assert_eq!(ends(home).await, home);
        assert_eq!(ends("https://portal.example/start?x=1").await, "/me");
        assert_eq!(ends("https://evil.example/").await, "/me");
        assert_eq!(ends(&format!("{}/me/factors", w.ours.url)).await, "/me/factors");
        w.ours.browser().get(&at("https://evil.example", home)).await.expect(400);
        // A form of the provider's page.
        let browser = w.ours.browser();
        let path = format!("/federation/{}/initiate", w.directory);
        let form = [("iss", w.op.issuer.as_str())];
        let again = browser.form(&path, &form).await.expect(303);
        // Another site's form comes without our cookies: it begins nothing itself, and takes none away.
        assert_eq!(again.headers.get("set-cookie"), None);
        let again = again.header("location").to_owned();
        assert!(again.starts_with(&format!("{path}?iss=")), "{again}");
        left(&browser.get(&again).await.expect(303));
        // Begun in another browser, it ends in none.
        let asked = left(&browser.get(&at(&w.op.issuer, home)).await.expect(303));
        let other = w.ours.browser();
        answer(&w, &other, &asked, |_| {}).await.expect(303);
        assert!(!signed_in(&other).await);
    }
}

story! {
    async fn a_test_login_says_who_would_come_in_and_brings_nobody(t) {
        let w = the_world(&t).await;
        let ada = Boss::new(&w, "ada").await;
        let set = async |newcomers: Value| {
            let signin = json!({ "issuer": w.op.issuer, "client_id": "muster", "newcomers": newcomers });
            ada.call(&w, "PATCH", "", json!({ "signin": signin })).await.expect(200);
        };
        let nina = |c: &mut Value| {
            (c["sub"], c["email"], c["email_verified"]) = (json!("n1"), json!("nina@contoso.example"), json!(true));
        };
        let kept = async || ada.call(&w, "GET", "/signin-tests", Value::Null).await.expect(200).json()["items"][0].take();
        let browser = w.ours.browser();
        let page = ada.test(&w, &browser, nina).await.expect(200).text;
        assert!(page.contains("its settings let nobody in"), "{page}");
        set(json!({ "people": "domains", "groups": "groups" })).await;
        let page = ada.test(&w, &browser, nina).await.expect(200).text;
        assert!(page.contains("domain_not_verified") && page.contains("should list groups"), "{page}");
        assert_eq!(kept().await["result"]["comes"], false);
        w.ours.post("/api/v1/domains", json!({ "domain": "contoso.example", "tenant": "contoso" })).await.expect(201);
        let with_groups = |c: &mut Value| {
            nina(c);
            c["groups"] = json!(["g1"]);
        };
        let page = ada.test(&w, &browser, with_groups).await.expect(200).text;
        assert!(page.contains("as <strong>nina@contoso.example</strong>") && !page.contains("should list groups"), "{page}");
        let test = kept().await;
        assert_eq!((&test["result"]["comes"], &test["result"]["found"]), (&json!(true), &json!(false)), "{test}");
        assert!(!test.to_string().contains("nina"), "names of claims, no values: {test}");
        let path = format!("/api/v1/tenants/{}/users?text=nina", w.tenant);
        assert_eq!(w.ours.get(&path).await.expect(200).json()["items"], json!([]));
        assert!(!signed_in(&browser).await);
    }
}

story! {
    async fn enforced_no_passkey_and_no_invitation_leads_around_it(t) {
        let (s, contoso) = setting(&t).await;
        person(&s, contoso, "anna").await;
        let browser = s.browser();
        with_password(&browser, "anna").await;
        let mut device = Authenticator::at(&s.url);
        make(&browser, &mut device).await;
        s.post("/api/v1/domains", json!({ "domain": "contoso.example", "tenant": "contoso" })).await.expect(201);
        let path = format!("/api/v1/tenants/{contoso}/directories");
        let signin = json!({ "issuer": "https://login.example", "client_id": "muster" });
        let new = json!({ "name": "Login", "preset": "generic", "signin": signin });
        let made = s.post(&path, new).await.expect(201).json();
        let other = s.browser();
        let flow = begin(&other).await;
        show(&other, &flow, &mut device).await.expect(303);
        assert_eq!(me(&other).await, 200, "as long as it is one way of several");
        let set = async |stage: &str| {
            let path = format!("{path}/{}", made["id"].as_str().unwrap());
            s.as_owner(Method::PATCH, &path, Some(json!({ "stage": stage }))).await.expect(200);
        };
        let invited = async |email: &str| {
            let body = json!({ "email": email, "roles": [{ "role": "Read-Only" }] });
            let made = s.post("/api/v1/tenants/contoso/invitations", body).await.expect(201).json();
            let link = made["link"].as_str().unwrap().strip_prefix(&s.url).unwrap().to_owned();
            let browser = s.browser();
            let flow = browser.form(&link, &[]).await.expect(303).header("location").to_owned();
            (browser, flow.replace("/signin/", "/enrol/"))
        };
        let (cleo, enrol) = invited("cleo@contoso.example").await;
        cleo.get(&enrol).await.expect(200);
        set("enforced").await;
        let other = s.browser();
        let flow = begin(&other).await;
        let refused = show(&other, &flow, &mut device).await.expect(303);
        assert!(refused.header("location").starts_with("/refused/"), "{:?}", refused.headers);
        assert_eq!(me(&other).await, 401);
        let all = s.get("/api/v1/tenants/contoso/signins?bad=true").await.expect(200).json();
        assert_eq!(all["items"][0]["reason"], "directory_enforced");
        // Also who was already at it.
        let both = [("password", PASSWORD), ("password_again", PASSWORD)];
        cleo.form(&enrol, &both).await.expect(403);
        assert_eq!(me(&cleo).await, 401);
        let (elsewhere, enrol) = invited("dora@elsewhere.example").await;
        elsewhere.get(&enrol).await.expect(200);
        set("active").await;
        let again = s.browser();
        let flow = begin(&again).await;
        show(&again, &flow, &mut device).await.expect(303);
        assert_eq!(me(&again).await, 200);
    }
}

story! {
    async fn the_life_of_a_sign_in_half_at_the_shell(t) {
        let w = the_world(&t).await;
        let sh = Shell::new(&w.ours, &token(&w.ours, w.tenant).await);
        let which = ["contoso", "Contoso"];
        let verb = |verb: &'static str| ["directory", verb, which[0], which[1]];
        sh.run(&["directory", "edit", "contoso", "Contoso", "--client-id", "second", "--client-secret-ends", "2099-01-31T00:00:00Z"]).await;
        let shown = sh.run(&verb("show")).await;
        assert_eq!((&shown["stage"], &shown["signin"]["client_secret_expires_at"]),
                   (&json!("draft"), &json!("2099-01-31T00:00:00Z")), "{shown}");
        assert!(sh.refused(&verb("activate")).await.contains("ask for a test login first"));
        assert!(sh.refused(&verb("enforce")).await.contains("activate it first"));
        let made = sh.run(&verb("test")).await;
        let link = made["link"].as_str().unwrap().strip_prefix(&w.ours.url).unwrap().to_owned();
        let browser = w.ours.browser();
        let asked = left(&browser.get(&link).await.expect(303));
        answer(&w, &browser, &asked, |_| {}).await.expect(200);
        let told = sh.run(&["directory", "test", "contoso", "Contoso", "--result"]).await;
        assert_eq!(told["items"][0]["passed"], true, "{told}");
        for (step, stage) in [("activate", "active"), ("enforce", "enforced"), ("activate", "active"), ("draft", "draft")] {
            assert_eq!(sh.run(&verb(step)).await["stage"], stage);
        }
        let how = sh.run(&verb("signin-health")).await;
        assert_eq!((&how["stage"], &how["reachable"], &how["last_test"]["passed"]),
                   (&json!("draft"), &json!(true), &json!(true)), "{how}");
        assert_eq!(how["client_secret_expires_at"], "2099-01-31T00:00:00Z");
    }
}
