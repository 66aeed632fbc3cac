//! Signing in through a company's own login. The company's login is another Muster, over real HTTP, with its own
//! people: one with a one-time code as well, one with a password only.

mod arrivals;
mod ends;
mod enforced;
mod glass;
mod hostile;
mod life;
mod newcomers;
mod promises;
pub(crate) mod signals;
mod silent;
mod step_up;
pub(crate) mod stub;
mod whole;

use crate::{
    story,
    support::{
        TestDb, TestServer,
        server::{Answer, Client},
    },
};
use muster::{
    actor::{Actor, Principal},
    id::{DirectoryId, RequestId, TenantId},
    users::{self, Draft},
};
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "violet harbour 27 lanterns";

struct World {
    ours: TestServer,
    theirs: TestServer,
    tenant: TenantId,
    directory: DirectoryId,
    /// Id at the company and one-time code.
    anna: (String, Option<String>),
    ben: (String, Option<String>),
}

/// The two servers, and the client that ours is at the company's.
async fn world(t: &TestDb) -> World {
    let theirs = TestServer::company().await;
    let allow = theirs.address.to_string();
    world_of(theirs, TestServer::at_localhost(t, |c| c.outbound.allow = vec![allow]).await).await
}

async fn world_of(theirs: TestServer, ours: TestServer) -> World {
    let company = theirs.tenant("contoso").await;
    let person = async |name: &str, code: bool| {
        let users = format!("/api/v1/tenants/{company}/users");
        let new = json!({ "kind": "tenant", "user_name": name });
        let made = theirs.post(&users, new).await.expect(201).json();
        let id = made["id"].as_str().unwrap().to_owned();
        let body = Some(json!({ "password": PASSWORD }));
        theirs.as_owner(Method::PUT, &format!("{users}/{id}/password"), body).await.expect(204);
        let path = format!("{users}/{id}/one-time-code");
        let otpauth = if code {
            theirs.post(&path, json!({})).await.expect(201).json()["otpauth"].take()
        } else {
            Value::Null
        };
        (id, otpauth.as_str().map(str::to_owned))
    };
    let (anna, ben) = (person("anna", true).await, person("ben", false).await);
    let tenant = ours.tenant("contoso").await;
    let path = format!("/api/v1/tenants/{tenant}/directories");
    let made = ours
        .post(&path, json!({ "name": "Contoso", "preset": "generic" }))
        .await
        .expect(201)
        .json();
    let directory: DirectoryId = made["id"].as_str().unwrap().parse().unwrap();
    // What is registered at the provider is the directory's own.
    let app = json!({ "name": "Muster", "redirect_uris": [made["redirect_uri"]], "trusted": true });
    let apps = format!("/api/v1/tenants/{company}/apps");
    let client = theirs.post(&apps, app).await.expect(201).json();
    let signin = json!({
        "issuer": theirs.url, "client_id": client["client_id"],
        "client_secret": client["client_secret"], "rules": { "amr": ["mfa"] },
    });
    let path = format!("{path}/{directory}");
    ours.as_owner(Method::PATCH, &path, Some(json!({ "signin": signin }))).await.expect(200);
    World { ours, theirs, tenant, directory, anna, ben }
}

impl World {
    /// The directory brings somebody; with a role that demands two factors, if wanted.
    async fn provision(&self, object_id: &str, name: &str, role: Option<&str>) -> String {
        let who = Principal::Directory { tenant: self.tenant, directory: self.directory };
        let actor = Actor::prove(who, RequestId::new());
        let permit = self.ours.app.access.provision(&actor).await.unwrap();
        let draft = Draft {
            user_name: name.to_owned(),
            external_id: Some(object_id.to_owned()),
            display_name: None,
            email: None,
            active: true,
            doc: json!({ "userName": name }),
            emails: Vec::new(),
        };
        let id = users::create(&self.ours.app.store, &permit, draft).await.unwrap().id.to_string();
        if let Some(role) = role {
            let body = json!({ "user": id, "role": role });
            self.ours
                .post(&format!("/api/v1/tenants/{}/grants", self.tenant), body)
                .await
                .expect(201);
        }
        id
    }
    /// From our first page to the company's: the address the browser is sent to.
    async fn leave(&self, browser: &Client) -> String {
        let begun = browser.get("/signin?tenant=contoso").await.expect(303);
        let flow = begun.header("location").strip_prefix("/signin/").unwrap().to_owned();
        let form = [("flow", flow), ("directory", self.directory.to_string())];
        let form: Vec<(&str, &str)> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let left = browser.form("/federation/start", &form).await.expect(303);
        let refused = left.header("location").starts_with("/refused/");
        assert!(!refused, "refused: {}", self.reason(&left).await);
        left.header("location").to_owned()
    }
    /// At the company's: signs in there, and gives the address that leads back to us, not yet opened.
    async fn prove(
        &self,
        browser: &Client,
        leave: &str,
        person: &(String, Option<String>),
    ) -> String {
        let name = if person.0 == self.anna.0 { "anna" } else { "ben" };
        let at_company = |path: &str| {
            if path.starts_with('/') {
                format!("{}{path}", self.theirs.url)
            } else {
                path.to_owned()
            }
        };
        let flow = browser.get(leave).await.expect(303).header("location").to_owned();
        let flow = at_company(&flow);
        let typed = [("user_name", name), ("password", PASSWORD)];
        browser.form(&format!("{flow}/password"), &typed).await.expect(303);
        if let Some(otpauth) = &person.1 {
            let totp = totp_rs::Totp::from_url(otpauth).unwrap();
            let code = totp.generate_current().to_string();
            browser.form(&format!("{flow}/code"), &[("code", &code)]).await.expect(303);
        }
        let mut at = flow;
        for _ in 0..5 {
            at = at_company(browser.get(&at).await.expect(303).header("location"));
            if at.starts_with(&self.ours.url) {
                return at;
            }
        }
        panic!("the company's login does not lead back; it led to {at}");
    }
    async fn whole(&self, browser: &Client, person: &(String, Option<String>)) -> Answer {
        let leave = self.leave(browser).await;
        let back = self.prove(browser, &leave, person).await;
        let answer = browser.get(&back).await.expect(303);
        if !answer.header("location").starts_with("/federation/step-up?") {
            return answer;
        }
        // The company is asked for more, once, and has the person sign in anew.
        let leave = browser.get(answer.header("location")).await.expect(303);
        let leave = leave.header("location").to_owned();
        assert!(leave.contains("prompt=login"), "{leave}");
        let back = self.prove(browser, &leave, person).await;
        browser.get(&back).await.expect(303)
    }
    /// The administrator's record of a refusal, by the page the browser was sent to.
    async fn reason(&self, refused: &Answer) -> String {
        let page = refused.header("location");
        let reference = page.strip_prefix("/refused/").unwrap_or_else(|| panic!("{page}"));
        let path = format!("/api/v1/tenants/{}/signins/{reference}", self.tenant);
        let record = self.ours.get(&path).await.expect(200).json();
        assert_ne!(record["outcome"], "success", "{record}");
        record["reason"].as_str().unwrap().to_owned()
    }
}

async fn signed_in(browser: &Client) -> bool {
    browser.get("/api/v1/me").await.status.as_u16() == 200
}

story! {
    async fn a_person_with_two_factors_comes_in_and_one_without_is_refused(t) {
        let w = world(&t).await;
        let anna = w.provision(&w.anna.0, "anna@contoso.example", Some("Tenant Administrator")).await;
        w.provision(&w.ben.0, "ben@contoso.example", Some("Tenant Administrator")).await;
        let browser = w.ours.browser();
        let done = w.whole(&browser, &w.anna).await;
        assert!(done.header("location").starts_with("/signin/"), "{:?}", done.headers);
        assert!(signed_in(&browser).await);
        let path = format!("/api/v1/tenants/{}/users/{anna}/sessions", w.tenant);
        let session = w.ours.get(&path).await.expect(200).json()["items"][0].take();
        assert_eq!(session["class"], "mfa");
        assert_eq!(session["evidence"]["rule"], "generic:amr");
        let other = w.ours.browser();
        let refused = w.whole(&other, &w.ben).await;
        assert_eq!(w.reason(&refused).await, "mfa_not_proved");
        assert!(!signed_in(&other).await);
    }
}

story! {
    async fn one_factor_is_enough_for_whoever_may_do_little(t) {
        let w = world(&t).await;
        w.provision(&w.ben.0, "ben@contoso.example", Some("Read-Only")).await;
        let browser = w.ours.browser();
        w.whole(&browser, &w.ben).await;
        assert!(signed_in(&browser).await);
    }
}

story! {
    async fn whom_the_directory_did_not_bring_stays_outside(t) {
        let w = world(&t).await;
        // The same address as somebody's is no identity.
        w.provision("another-id", "anna", None).await;
        let browser = w.ours.browser();
        let refused = w.whole(&browser, &w.anna).await;
        assert_eq!(w.reason(&refused).await, "identity_unknown_jit_off");
        assert!(!signed_in(&browser).await);
    }
}

story! {
    async fn somebody_deactivated_is_refused_though_linked(t) {
        let w = world(&t).await;
        let anna = w.provision(&w.anna.0, "anna", None).await;
        let browser = w.ours.browser();
        w.whole(&browser, &w.anna).await;
        let path = format!("/api/v1/tenants/{}/users/{anna}", w.tenant);
        w.ours.as_owner(Method::PATCH, &path, Some(json!({ "enabled": false }))).await.expect(200);
        assert!(!signed_in(&browser).await);
        // The company still knows the browser: it answers at once.
        let leave = w.leave(&browser).await;
        let back = browser.get(&leave).await.expect(303).header("location").to_owned();
        let refused = browser.get(&back).await.expect(303);
        assert_eq!(w.reason(&refused).await, "user_disabled");
    }
}

story! {
    async fn an_answer_counts_once_and_in_its_own_browser(t) {
        let w = world(&t).await;
        w.provision(&w.anna.0, "anna", None).await;
        let browser = w.ours.browser();
        let leave = w.leave(&browser).await;
        let back = w.prove(&browser, &leave, &w.anna).await;
        let other = w.ours.browser();
        let refused = other.get(&back).await.expect(303);
        assert_eq!(w.reason(&refused).await, "state_foreign");
        assert!(!signed_in(&other).await);
        // Shown by another browser, it is used up: the person begins again.
        browser.get(&back).await.expect(400);
        assert!(!signed_in(&browser).await);
        let again = w.leave(&browser).await;
        let back = browser.get(&again).await.expect(303).header("location").to_owned();
        browser.get(&back).await.expect(303);
        assert!(signed_in(&browser).await);
        browser.get(&back).await.expect(400);
    }
}

story! {
    async fn settings_changed_meanwhile_and_errors_of_the_provider_are_on_record(t) {
        let w = world(&t).await;
        w.provision(&w.anna.0, "anna", None).await;
        let browser = w.ours.browser();
        let leave = w.leave(&browser).await;
        let back = w.prove(&browser, &leave, &w.anna).await;
        let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
        let edit = json!({ "preset": "google" });
        w.ours.as_owner(Method::PATCH, &path, Some(edit)).await.expect(200);
        let refused = browser.get(&back).await.expect(303);
        assert_eq!(w.reason(&refused).await, "generation_changed");

        let state = |leave: &str| {
            let url = url::Url::parse(leave).unwrap();
            url.query_pairs().find(|(k, _)| k == "state").unwrap().1.into_owned()
        };
        let leave = w.leave(&browser).await;
        // The company's login states that it always says who it is (RFC 9207).
        let from = format!("&iss={}", w.theirs.url);
        let back = format!("/federation/callback/{}", w.directory);
        let denied = format!("{back}?state={}&error=access_denied{from}", state(&leave));
        let refused = browser.get(&denied).await.expect(303);
        assert_eq!(w.reason(&refused).await, "idp_error");

        let leave = w.leave(&browser).await;
        let mixed = format!("{back}?state={}&code=x&iss=https%3A%2F%2Fevil.example", state(&leave));
        let refused = browser.get(&mixed).await.expect(303);
        assert_eq!(w.reason(&refused).await, "issuer_mismatch");

        let leave = w.leave(&browser).await;
        let wrong = format!("{back}?state={}&code=made-up{from}", state(&leave));
        let refused = browser.get(&wrong).await.expect(303);
        assert_eq!(w.reason(&refused).await, "code_refused");

        browser.get(&format!("{back}?state=guessed&code=x")).await.expect(400);
        browser.get(&format!("{back}?state=a&state=b")).await.expect(400);
        browser.get(&back).await.expect(400);
    }
}

story! {
    async fn the_provider_may_rotate_its_keys_between_two_sign_ins(t) {
        let w = world(&t).await;
        w.provision(&w.anna.0, "anna", None).await;
        let browser = w.ours.browser();
        w.whole(&browser, &w.anna).await;
        assert!(signed_in(&browser).await);
        w.theirs.post("/api/v1/keys/rotate", json!({ "at_once": true })).await.expect(200);
        let leave = w.leave(&browser).await;
        let back = browser.get(&leave).await.expect(303).header("location").to_owned();
        let done = browser.get(&back).await.expect(303);
        assert!(done.header("location").starts_with("/signin/"), "{}", w.reason(&done).await);
    }
}

story! {
    async fn a_private_address_that_nobody_allowed_is_not_asked(t) {
        let w = world_of(TestServer::company().await, TestServer::at_localhost(&t, |_| {}).await).await;
        let browser = w.ours.browser();
        let begun = browser.get("/signin?tenant=contoso").await.expect(303);
        let flow = begun.header("location").strip_prefix("/signin/").unwrap().to_owned();
        let directory = w.directory.to_string();
        let form = [("flow", flow.as_str()), ("directory", directory.as_str())];
        let refused = browser.form("/federation/start", &form).await.expect(303);
        assert_eq!(w.reason(&refused).await, "outbound_refused");
    }
}
