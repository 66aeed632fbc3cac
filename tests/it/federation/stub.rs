//! A person of a directory whose provider answers as the test tells it to.

use crate::support::{
    TestDb, TestServer,
    op::{Op, Seal},
    server::{Answer, Client},
};
use muster::{
    actor::{Actor, Principal},
    id::{DirectoryId, RequestId, TenantId},
    users::{self, Draft},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

pub(crate) const TID: &str = "72f988bf-0000-4000-8000-2d7cd011db47";

pub(crate) struct World {
    pub(crate) ours: TestServer,
    pub(crate) op: Op,
    pub(crate) tenant: TenantId,
    pub(crate) directory: DirectoryId,
    pub(crate) person: String,
}

/// A person `u1` of a directory whose provider is the test's.
pub(crate) async fn world(t: &TestDb, preset: &str, rules: Value) -> World {
    world_beside(t, preset, rules, &[]).await
}

/// The same, where other providers can be asked too.
pub(crate) async fn world_beside(t: &TestDb, preset: &str, rules: Value, others: &[&Op]) -> World {
    let op = Op::start(TID).await;
    let allow = others.iter().copied().chain([&op]).map(|o| o.address.to_string()).collect();
    let ours = TestServer::with(t, |c| c.outbound.allow = allow).await;
    let tenant = ours.tenant("contoso").await;
    let directory = json!({
        "name": "Contoso", "preset": preset,
        "signin": { "issuer": op.issuer, "client_id": "muster", "client_secret": "s", "rules": rules },
    });
    let path = format!("/api/v1/tenants/{tenant}/directories");
    let made = ours.post(&path, directory).await.expect(201).json();
    let directory = made["id"].as_str().unwrap().parse().unwrap();
    let person = provisioned(&ours, tenant, directory, "u1").await;
    World { ours, op, tenant, directory, person }
}

/// Somebody whom a directory brings.
pub(crate) async fn provisioned(
    s: &TestServer,
    tenant: TenantId,
    directory: DirectoryId,
    external_id: &str,
) -> String {
    provisioned_as(s, (tenant, directory), external_id, "una@contoso.example").await
}

/// The same under another name.
pub(crate) async fn provisioned_as(
    s: &TestServer,
    (tenant, directory): (TenantId, DirectoryId),
    external_id: &str,
    name: &str,
) -> String {
    let who = Principal::Directory { tenant, directory };
    let permit = s.app.access.provision(&Actor::prove(who, RequestId::new())).await.unwrap();
    let draft = Draft {
        user_name: name.to_owned(),
        external_id: Some(external_id.to_owned()),
        display_name: None,
        email: None,
        active: true,
        doc: json!({ "userName": name }),
        emails: Vec::new(),
    };
    users::create(&s.app.store, &permit, draft).await.unwrap().id.to_string()
}

impl World {
    /// Sets the tenant's policy.
    pub(crate) async fn policy(&self, policy: Value) {
        let path = format!("/api/v1/tenants/{}/policy", self.tenant);
        self.ours.put(&path, policy).await.expect(200);
    }
    /// The sign-in half of its directory, changed.
    pub(crate) async fn rules(&self, rules: Value) {
        let path = format!("/api/v1/tenants/{}/directories/{}", self.tenant, self.directory);
        let signin = json!({ "issuer": self.op.issuer, "client_id": "muster", "rules": rules });
        let edit = Some(json!({ "signin": signin }));
        self.ours.as_owner(Method::PATCH, &path, edit).await.expect(200);
    }
    /// The person's newest session, as it is listed.
    pub(crate) async fn session(&self) -> Value {
        let path = format!("/api/v1/tenants/{}/users/{}/sessions", self.tenant, self.person);
        self.ours.get(&path).await.expect(200).json()["items"][0].take()
    }
    /// The newest record of a sign-in.
    pub(crate) async fn newest(&self) -> Value {
        let path = format!("/api/v1/tenants/{}/signins", self.tenant);
        self.ours.get(&path).await.expect(200).json()["items"][0].take()
    }
    /// Goes where a step-up leads, and gives what the provider is asked.
    pub(crate) async fn asked(&self, browser: &Client, step_up: &str) -> HashMap<String, String> {
        let left = browser.get(step_up).await.expect(303);
        let url = url::Url::parse(left.header("location")).expect("the provider's address");
        url.query_pairs().into_owned().collect()
    }
    /// The provider's answer to what was asked, with the good claims as `change` makes them.
    pub(crate) async fn answer(
        &self,
        browser: &Client,
        asked: &HashMap<String, String>,
        change: impl FnOnce(&mut Value),
    ) -> Answer {
        let mut claims = self.op.claims("muster", &asked["nonce"], "u1");
        change(&mut claims);
        self.op.set(|s| (s.claims, s.seal) = (claims, Seal::Good));
        browser.get(&format!("{}?state={}&code=c", asked["redirect_uri"], asked["state"])).await
    }
    pub(crate) async fn grant(&self, role: &str) {
        let body = json!({ "user": self.person, "role": role });
        self.ours.post(&format!("/api/v1/tenants/{}/grants", self.tenant), body).await.expect(201);
    }
    /// What its provider states that it signs with, from now on.
    pub(crate) fn stated(&self, algs: &[&str]) {
        self.op.set(|s| s.about = json!({ "id_token_signing_alg_values_supported": algs }));
    }
    /// To the provider: what we ask of it. `None` when we refuse before.
    pub(crate) async fn leave(&self, browser: &Client) -> (Answer, HashMap<String, String>) {
        let begun = browser.get("/signin?tenant=contoso").await.expect(303);
        let flow = begun.header("location").strip_prefix("/signin/").unwrap().to_owned();
        let directory = self.directory.to_string();
        let form = [("flow", flow.as_str()), ("directory", directory.as_str())];
        let left = browser.form("/federation/start", &form).await.expect(303);
        let asked = url::Url::parse(left.header("location"))
            .map(|u| u.query_pairs().into_owned().collect())
            .unwrap_or_default();
        (left, asked)
    }
    /// A whole sign-in with the good claims as `change` makes them.
    pub(crate) async fn sign_in(
        &self,
        browser: &Client,
        seal: Seal,
        change: impl FnOnce(&mut Value),
    ) -> Answer {
        let (_, mut asked) = self.leave(browser).await;
        let mut claims = self.op.claims("muster", &asked["nonce"], "u1");
        change(&mut claims);
        self.op.set(|s| (s.claims, s.seal) = (claims.clone(), seal));
        loop {
            let path = format!("{}?state={}&code=c", asked["redirect_uri"], asked["state"]);
            let answer = browser.get(&path).await.expect(303);
            if !answer.header("location").starts_with("/federation/step-up?") {
                return answer;
            }
            // Asked for more, the provider says the same again.
            let left = browser.get(answer.header("location")).await.expect(303);
            let url = url::Url::parse(left.header("location")).expect("the provider's address");
            asked = url.query_pairs().into_owned().collect();
            assert_eq!((asked["prompt"].as_str(), asked["max_age"].as_str()), ("login", "0"));
            claims["nonce"] = json!(asked["nonce"]);
            self.op.set(|s| s.claims = claims.clone());
        }
    }
    pub(crate) async fn record(&self, refused: &Answer) -> Value {
        let page = refused.header("location");
        let reference = page.strip_prefix("/refused/").unwrap_or_else(|| panic!("went to {page}"));
        let path = format!("/api/v1/tenants/{}/signins/{reference}", self.tenant);
        self.ours.get(&path).await.expect(200).json()
    }
    pub(crate) async fn reason(&self, refused: &Answer) -> String {
        let record = self.record(refused).await;
        assert!(!record["next"].as_str().unwrap().is_empty(), "{record}");
        record["reason"].as_str().unwrap().to_owned()
    }
}

pub(crate) async fn signed_in(browser: &Client) -> bool {
    browser.get("/api/v1/me").await.status.as_u16() == 200
}
