//! An account for emergencies is no directory's: not by what SCIM creates, and not by a sign-in.

use crate::{
    story,
    support::{
        TestDb, TestServer,
        op::{Op, Seal},
    },
};
use muster::{
    actor::{Actor, Principal},
    id::{DirectoryId, RequestId, TenantId, UserId},
    provisioning::adoption,
    tx,
    users::{self, Draft},
};
use serde_json::{Value, json};
use std::collections::HashMap;

struct World {
    s: TestServer,
    op: Op,
    provider: TenantId,
    directory: DirectoryId,
    glass: UserId,
}

const ISSUED: &str = "g-1";

/// The provider's directory, which calls an account for emergencies by an id that both hold immutable.
async fn setting(t: &TestDb) -> World {
    let op = Op::start("provider").await;
    let allow = vec![op.address.to_string()];
    let s = TestServer::with(t, |c| c.outbound.allow = allow).await;
    let provider = s.provider().await;
    let ada = json!({ "user_name": "ada", "email": "ada@provider.example" });
    s.post("/api/v1/administrators", ada).await.expect(201);
    let signin = json!({ "issuer": op.issuer, "client_id": "muster", "rules": { "amr": ["mfa"] } });
    let new = json!({ "name": "Ours", "preset": "generic", "signin": signin });
    let made = s.post("/api/v1/tenants/provider/directories", new).await.expect(201).json();
    let directory: DirectoryId = made["id"].as_str().unwrap().parse().unwrap();
    let new = json!({ "user_name": "glass-1" });
    let made = s.post("/api/v1/break-glass", new).await.expect(201).json();
    let glass: UserId = made["user"].as_str().unwrap().parse().unwrap();
    let (cx, issuer) = (s.app.system(), op.issuer.clone());
    tx!(s.app.store, &cx, [issuer], |tx| {
        users::link(tx, provider, directory, &issuer, ISSUED, glass).await
    })
    .unwrap();
    World { s, op, provider, directory, glass }
}

impl World {
    /// Whose the account is now.
    async fn is(&self) -> Value {
        let path = format!("/api/v1/tenants/provider/users/{}", self.glass);
        self.s.get(&path).await.expect(200).json()
    }
}

story! {
    async fn no_directory_takes_over_an_account_for_emergencies(t) {
        let w = setting(&t).await;
        let who = Principal::Directory { tenant: w.provider, directory: w.directory };
        let actor = Actor::prove(who, RequestId::new());
        let permit = w.s.app.access.provision(&actor).await.unwrap();
        for (name, external_id) in [("glass-1", None), ("somebody@provider.example", Some(ISSUED.to_owned()))] {
            let draft = Draft {
                user_name: name.to_owned(),
                external_id,
                display_name: None,
                email: None,
                active: true,
                doc: json!({ "userName": name }),
                emails: Vec::new(),
            };
            let e = adoption::create(&w.s.app.store, &w.s.app.access, &permit, draft).await.unwrap_err();
            assert!(e.detail().contains("account for emergencies"), "{name}: {e}");
        }
        let adoptions = w.s.get("/api/v1/tenants/provider/adoptions").await.expect(200).json();
        assert_eq!(adoptions["items"], json!([]), "there is nothing to accept");
        assert_eq!(w.is().await["directory"], Value::Null);
    }
}

story! {
    async fn nobody_comes_in_as_an_account_for_emergencies_through_a_directory(t) {
        let w = setting(&t).await;
        let browser = w.s.browser();
        let flow = browser.get("/signin?tenant=provider").await.expect(303);
        let flow = flow.header("location").strip_prefix("/signin/").unwrap().to_owned();
        let directory = w.directory.to_string();
        let form = [("flow", flow.as_str()), ("directory", directory.as_str())];
        let left = browser.form("/federation/start", &form).await.expect(303);
        let url = url::Url::parse(left.header("location")).unwrap();
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let claims = w.op.claims("muster", &asked["nonce"], ISSUED);
        w.op.set(|s| (s.claims, s.seal) = (claims, Seal::Good));
        let back = browser.get(&format!("{}?state={}&code=c", asked["redirect_uri"], asked["state"])).await.expect(303);
        let reference = back.header("location").strip_prefix("/refused/").expect("a refusal").to_owned();
        let record = w.s.get(&format!("/api/v1/tenants/provider/signins/{reference}")).await.expect(200).json();
        assert_eq!(record["reason"], "wrong_account", "{record}");
        browser.get("/api/v1/me").await.expect(401);
    }
}
