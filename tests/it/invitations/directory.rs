//! An invitation that is accepted through the company's own login: the account must be the address that was invited, by
//! the directory's word, and what is refused uses nothing up.

use super::{accept, invite, me, path, state};
use crate::{
    access,
    api::call,
    people::world::World as People,
    story,
    support::{
        TestDb, TestServer,
        op::{Op, Seal},
        server::{Answer, Client},
    },
};
use muster::{
    access::{
        catalogue::TENANT_ADMINISTRATOR,
        grants::{self, NewGrant},
    },
    actor::{Actor, Principal, UserKind},
    id::{DirectoryId, RequestId, TenantId},
    users::{self, Draft},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

const TID: &str = "72f988bf-0000-4000-8000-2d7cd011db47";

struct World {
    s: TestServer,
    op: Op,
    tenant: TenantId,
    directory: DirectoryId,
}

async fn world(t: &TestDb, preset: &str) -> World {
    let op = Op::start(TID).await;
    let allow = op.address.to_string();
    let s = TestServer::with(t, |c| c.outbound.allow = vec![allow]).await;
    let tenant = s.tenant("contoso").await;
    let new = json!({
        "name": "Contoso", "preset": preset,
        "signin": { "issuer": op.issuer, "client_id": "muster", "client_secret": "s" },
    });
    let made = s.post("/api/v1/tenants/contoso/directories", new).await.expect(201).json();
    let directory = made["id"].as_str().unwrap().parse().unwrap();
    World { s, op, tenant, directory }
}

impl World {
    async fn invited(&self, email: &str) -> Value {
        let body = json!({ "email": email, "roles": [{ "role": "Read-Only" }] });
        invite(&self.s, "contoso", body).await
    }
    /// From our page to the provider: what we ask of it.
    async fn leave(&self, browser: &Client, flow: &str) -> HashMap<String, String> {
        let directory = self.directory.to_string();
        let id = flow.strip_prefix("/signin/").unwrap();
        let form = [("flow", id), ("directory", directory.as_str())];
        let left = browser.form("/federation/start", &form).await.expect(303);
        url::Url::parse(left.header("location")).unwrap().query_pairs().into_owned().collect()
    }
    /// The provider's answer for the account `sub`, with what it says of the address.
    async fn answer(
        &self,
        browser: &Client,
        asked: &HashMap<String, String>,
        sub: &str,
        more: &Value,
    ) -> Answer {
        let mut claims = self.op.claims("muster", &asked["nonce"], sub);
        claims["tid"] = TID.into();
        claims["oid"] = sub.into();
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.op.set(|s| (s.claims, s.seal) = (claims, Seal::Good));
        let callback = format!("{}?state={}&code=c", asked["redirect_uri"], asked["state"]);
        browser.get(&callback).await.expect(303)
    }
    /// The link, the button, the way by the directory.
    async fn come(&self, browser: &Client, made: &Value, sub: &str, more: &Value) -> Answer {
        let flow = accept(browser, &path(&self.s, made)).await;
        let ways = browser.get(&flow).await.expect(200).text;
        assert!(ways.contains(&format!("id=\"way-{}\"", self.directory)), "{ways}");
        assert!(ways.contains("id=\"set-password\""), "{ways}");
        let asked = self.leave(browser, &flow).await;
        self.answer(browser, &asked, sub, more).await
    }
    async fn reason(&self, refused: &Answer) -> String {
        let page = refused.header("location");
        let reference = page.strip_prefix("/refused/").unwrap_or_else(|| panic!("went to {page}"));
        let record = format!("/api/v1/tenants/contoso/signins/{reference}");
        self.s.get(&record).await.expect(200).json()["reason"].as_str().unwrap().to_owned()
    }
    /// An ordinary sign-in of the account.
    async fn sign_in(&self, browser: &Client, sub: &str) -> Answer {
        self.sign_in_as(browser, sub, &json!({})).await
    }
    /// The same, with what the directory says of the address.
    async fn sign_in_as(&self, browser: &Client, sub: &str, more: &Value) -> Answer {
        let begun = browser.get("/signin?tenant=contoso").await.expect(303);
        let asked = self.leave(browser, begun.header("location")).await;
        self.answer(browser, &asked, sub, more).await
    }
    async fn confirm(&self, domain: &str) {
        let domain = json!({ "domain": domain, "tenant": "contoso" });
        self.s.post("/api/v1/domains", domain).await.expect(201);
    }
}

story!(async fn the_directory_vouches_for_the_address(t) {
    let w = world(&t, "generic").await;
    let made = w.invited("Bert@Contoso.example").await;
    let browser = w.s.browser();
    let flow = accept(&browser, &path(&w.s, &made)).await;
    let asked = w.leave(&browser, &flow).await;
    assert_eq!(asked["login_hint"], "Bert@Contoso.example");
    assert!(asked["scope"].split(' ').any(|s| s == "email"), "{asked:?}");
    let said = json!({ "email": "bert@contoso.EXAMPLE", "email_verified": true });
    let back = w.answer(&browser, &asked, "b-1", &said).await;
    assert_eq!(back.header("location"), flow);
    assert_eq!(browser.get(&flow).await.expect(303).header("location"), "/me?done=invited");
    let who = me(&browser).await.expect("signed in");
    assert_eq!(who["in"][0]["roles"], json!(["Read-Only"]));
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    let now = w.s.get(&at).await.expect(200).json();
    assert_eq!((&now["state"], &now["accepted_by"]), (&"accepted".into(), &"directory".into()));
    // The account is theirs from now on, whatever its address becomes; another account is not.
    let later = w.s.browser();
    w.sign_in(&later, "b-1").await;
    assert_eq!(me(&later).await.expect("signed in")["user"], who["user"]);
    let refused = w.sign_in(&w.s.browser(), "b-2").await;
    assert_eq!(w.reason(&refused).await, "identity_unknown_jit_off");
});

story!(async fn another_address_is_refused_and_uses_nothing_up(t) {
    let w = world(&t, "generic").await;
    let made = w.invited("bert@contoso.example").await;
    let browser = w.s.browser();
    for said in [
        json!({ "email": "anna@contoso.example", "email_verified": true }),
        json!({ "email": "bert+x@contoso.example", "email_verified": true }),
        json!({ "email": "bert@contoso.example.evil.example", "email_verified": true }),
        json!({ "email": "bert@contoso.example", "email_verified": false }),
        json!({ "email": "bert@contoso.example", "email_verified": "true" }),
        json!({ "email": "bert@contoso.example", "xms_edov": true }),
        json!({ "email": "bert@contoso.example" }),
        json!({ "preferred_username": "bert@contoso.example", "email_verified": true }),
        json!({}),
    ] {
        let refused = w.come(&browser, &made, "b-1", &said).await;
        assert_eq!(w.reason(&refused).await, "invitation_other_address", "{said}");
        let page = browser.get(refused.header("location")).await.text;
        assert!(page.contains("id=\"explanation\"") && page.contains("id=\"reference\""), "{page}");
        assert!(me(&browser).await.is_none(), "{said}");
    }
    assert_eq!(state(&w.s, &made).await, "pending");
    let refused = w.sign_in(&w.s.browser(), "b-1").await;
    assert_eq!(w.reason(&refused).await, "identity_unknown_jit_off", "no link was left behind");
    // A password still does.
    let enrol = accept(&browser, &path(&w.s, &made)).await.replace("/signin/", "/enrol/");
    let both = [("password", super::PASSWORD), ("password_again", super::PASSWORD)];
    browser.form(&enrol, &both).await.expect(303);
    assert_eq!(state(&w.s, &made).await, "accepted");
});

story!(async fn entra_vouches_for_the_name_and_for_addresses_in_proved_domains(t) {
    let w = world(&t, "entra").await;
    for (n, said, fits) in [
        (1, json!({ "preferred_username": "BERT1@contoso.example" }), true),
        (2, json!({ "preferred_username": "b@corp.example", "email": "bert2@contoso.example", "xms_edov": true }), true),
        (3, json!({ "email": "bert3@contoso.example" }), false),
        (4, json!({ "email": "bert4@contoso.example", "email_verified": true }), false),
        (5, json!({ "email": "bert5@contoso.example", "xms_edov": "true" }), false),
        (6, json!({ "preferred_username": "eve@contoso.example", "email": "bert6@contoso.example" }), false),
    ] {
        let made = w.invited(&format!("bert{n}@contoso.example")).await;
        let browser = w.s.browser();
        let back = w.come(&browser, &made, &format!("oid-{n}"), &said).await;
        assert_eq!(me(&browser).await.is_some(), fits, "{said}");
        if !fits {
            assert_eq!(w.reason(&back).await, "invitation_other_address", "{said}");
            assert_eq!(state(&w.s, &made).await, "pending");
        }
    }
});

story!(async fn an_account_that_is_another_persons_is_not_taken_over(t) {
    let w = world(&t, "generic").await;
    // The directory has brought the account itself.
    let who = Principal::Directory { tenant: w.tenant, directory: w.directory };
    let permit = w.s.app.access.provision(&Actor::prove(who, RequestId::new())).await.unwrap();
    let draft = Draft {
        user_name: "bert".to_owned(),
        external_id: Some("b-1".to_owned()),
        display_name: None,
        email: None,
        active: true,
        doc: json!({ "userName": "bert" }),
        emails: Vec::new(),
    };
    users::create(&w.s.app.store, &permit, draft).await.unwrap();
    let made = w.invited("bert@contoso.example").await;
    let said = json!({ "email": "bert@contoso.example", "email_verified": true });
    let browser = w.s.browser();
    let refused = w.come(&browser, &made, "b-1", &said).await;
    assert_eq!(w.reason(&refused).await, "wrong_account");
    assert_eq!(state(&w.s, &made).await, "pending");
    // Somebody has linked it by an invitation of their own.
    let first = w.invited("anna@contoso.example").await;
    let anna = json!({ "email": "anna@contoso.example", "email_verified": true });
    w.come(&w.s.browser(), &first, "a-1", &anna).await;
    assert_eq!(state(&w.s, &first).await, "accepted");
    let refused = w.come(&browser, &made, "a-1", &said).await;
    assert_eq!(w.reason(&refused).await, "wrong_account");
    assert_eq!(state(&w.s, &made).await, "pending");
    assert!(me(&browser).await.is_none());
});

story!(async fn what_ended_while_the_person_was_away_stays_ended(t) {
    let w = world(&t, "generic").await;
    let said = |name: &str| json!({ "email": format!("{name}@contoso.example"), "email_verified": true });
    // Accepted with a password in another browser.
    let made = w.invited("bert@contoso.example").await;
    let slow = w.s.browser();
    let flow = accept(&slow, &path(&w.s, &made)).await;
    let asked = w.leave(&slow, &flow).await;
    let fast = w.s.browser();
    let quick = accept(&fast, &path(&w.s, &made)).await.replace("/signin/", "/enrol/");
    let both = [("password", super::PASSWORD), ("password_again", super::PASSWORD)];
    fast.form(&quick, &both).await.expect(303);
    assert!(me(&fast).await.is_some());
    let refused = w.answer(&slow, &asked, "b-1", &said("bert")).await;
    assert_eq!(w.reason(&refused).await, "invitation_used");
    // Taken back.
    let made = w.invited("cora@contoso.example").await;
    let flow = accept(&slow, &path(&w.s, &made)).await;
    let asked = w.leave(&slow, &flow).await;
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    w.s.as_owner(Method::DELETE, &at, None).await.expect(204);
    let refused = w.answer(&slow, &asked, "c-1", &said("cora")).await;
    assert_eq!(w.reason(&refused).await, "invitation_used");
    assert!(me(&slow).await.is_none());
});

story!(async fn whoever_came_in_through_a_directory_goes_out_with_it(t) {
    let w = world(&t, "generic").await;
    let made = w.invited("bert@contoso.example").await;
    let browser = w.s.browser();
    let said = json!({ "email": "bert@contoso.example", "email_verified": true });
    w.come(&browser, &made, "b-1", &said).await;
    assert!(me(&browser).await.is_some());
    let at = format!("/api/v1/tenants/contoso/directories/{}", w.directory);
    let gone = w.s.as_owner(Method::DELETE, &at, None).await;
    assert!(gone.status.is_success(), "{}", gone.text);
    assert!(me(&browser).await.is_none(), "the session went with the directory");
});

story!(async fn google_vouches_for_addresses_of_the_company_that_manages_the_account(t) {
    let w = world(&t, "google").await;
    let made = w.invited("bert@contoso.example").await;
    // A private account that once verified the address of a former employer.
    let private = json!({ "email": "bert@contoso.example", "email_verified": true });
    let mut elsewhere = private.clone();
    elsewhere["hd"] = "other.example".into();
    for said in [private, elsewhere] {
        let refused = w.come(&w.s.browser(), &made, "g-1", &said).await;
        assert_eq!(w.reason(&refused).await, "invitation_other_address");
    }
    let said =
        json!({ "email": "bert@contoso.example", "email_verified": true, "hd": "Contoso.example" });
    let browser = w.s.browser();
    w.come(&browser, &made, "g-2", &said).await;
    assert!(me(&browser).await.is_some());
});

story!(async fn whoever_is_invited_and_begins_at_their_companys_login_has_accepted(t) {
    let w = world(&t, "generic").await;
    w.confirm("contoso.example").await;
    let made = w.invited("Carl@Contoso.example").await;
    let said = json!({ "email": "carl@contoso.EXAMPLE", "email_verified": true });
    let browser = w.s.browser();
    let back = w.sign_in_as(&browser, "c-1", &said).await;
    assert!(back.header("location").starts_with("/signin/"), "{}", back.header("location"));
    assert_eq!(browser.get(back.header("location")).await.expect(303).header("location"), "/me");
    let who = me(&browser).await.expect("signed in");
    assert_eq!((&who["user"], &who["in"][0]["roles"]), (&made["user"], &json!(["Read-Only"])));
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    let now = w.s.get(&at).await.expect(200).json();
    assert_eq!((&now["state"], &now["accepted_by"]), (&"accepted".into(), &"directory".into()));
    w.s.browser().get(&path(&w.s, &made)).await.expect(410);
    // The account is theirs from now on, and nobody else's.
    let later = w.s.browser();
    w.sign_in(&later, "c-1").await;
    assert_eq!(me(&later).await.expect("signed in")["user"], who["user"]);
    let refused = w.sign_in_as(&w.s.browser(), "c-2", &said).await;
    assert_eq!(w.reason(&refused).await, "identity_unknown_jit_off");
    // In the other spelling of its domain an address is the same.
    w.confirm("bücher.example").await;
    let made = w.invited("dora@bücher.example").await;
    let said = json!({ "email": "dora@xn--bcher-kva.example", "email_verified": true });
    w.sign_in_as(&w.s.browser(), "d-1", &said).await;
    assert_eq!(state(&w.s, &made).await, "accepted");
});

story!(async fn without_proof_of_the_address_the_link_is_the_way(t) {
    let w = world(&t, "generic").await;
    let made = w.invited("carl@contoso.example").await;
    let proved = json!({ "email": "carl@contoso.example", "email_verified": true });
    let browser = w.s.browser();
    let demand = async |said: &Value, reason: &str| {
        let refused = w.sign_in_as(&browser, "c-1", said).await;
        assert_eq!(w.reason(&refused).await, reason, "{said}");
        let page = browser.get(refused.header("location")).await.expect(403).text;
        let told = page.contains("You are invited") && page.contains("Open the link");
        assert_eq!(told, reason == "invitation_waits", "{page}");
        assert!(me(&browser).await.is_none(), "{said}");
        assert_eq!(state(&w.s, &made).await, "pending");
    };
    // The domain is nobody's yet; another tenant's.
    demand(&proved, "invitation_waits").await;
    w.s.tenant("fabrikam").await;
    let domain = json!({ "domain": "contoso.example", "tenant": "fabrikam" });
    w.s.post("/api/v1/domains", domain).await.expect(201);
    demand(&proved, "invitation_waits").await;
    w.s.as_owner(Method::DELETE, "/api/v1/domains/contoso.example", None).await.expect(204);
    w.confirm("contoso.example").await;
    for said in [
        json!({ "email": "carl@contoso.example" }),
        json!({ "email": "carl@contoso.example", "email_verified": false }),
        json!({ "preferred_username": "carl@contoso.example", "email_verified": true }),
    ] {
        demand(&said, "invitation_waits").await;
    }
    for said in [
        json!({}),
        json!({ "email": "carla@contoso.example", "email_verified": true }),
        json!({ "email": "carl+x@contoso.example", "email_verified": true }),
        json!({ "email": "%@contoso.example", "email_verified": true }),
    ] {
        demand(&said, "identity_unknown_jit_off").await;
    }
    // Whom two are called by is nobody's to guess.
    let body = json!({ "email": "carl@contoso.example", "user_name": "second" });
    let second = invite(&w.s, "contoso", body).await;
    demand(&proved, "invitation_waits").await;
    let at = format!("/api/v1/tenants/contoso/invitations/{}", second["id"].as_str().unwrap());
    w.s.as_owner(Method::DELETE, &at, None).await.expect(204);
    // One that is suspended does not open in this way either.
    let user = format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
    let enable = async |yes: bool| {
        w.s.as_owner(Method::PATCH, &user, Some(json!({ "enabled": yes }))).await.expect(200);
    };
    enable(false).await;
    let refused = w.sign_in_as(&browser, "c-1", &proved).await;
    assert_eq!(w.reason(&refused).await, "identity_unknown_jit_off");
    enable(true).await;
    w.sign_in_as(&browser, "c-1", &proved).await;
    assert!(me(&browser).await.is_some());
    assert_eq!(state(&w.s, &made).await, "accepted");
});

story!(async fn whoever_chose_who_vouches_for_an_address_holds_what_is_planned_for_it(t) {
    let w = world(&t, "generic").await;
    w.confirm("contoso.example").await;
    let people = People {
        store: w.s.app.store.clone(),
        access: w.s.app.access.clone(),
        master: w.s.app.master.clone(),
    };
    let words = ["system.view_settings", "system.edit_settings"];
    let settings = access::role(&people, w.tenant, "Settings", &words, false).await;
    let setter = access::person(&people, w.tenant, "setter", UserKind::Tenant).await;
    access::give(&people, &setter, w.tenant, settings.id).await;
    let at = format!("/tenants/{}/directories/{}", w.tenant, w.directory);
    let set = async |by: &Actor, secret: &str| {
        let signin = json!({ "issuer": w.op.issuer, "client_id": "muster", "client_secret": secret });
        call(&w.s, Some(by), "PATCH", &at, &json!({ "signin": signin }).to_string()).await
    };
    let carl = json!({ "email": "carl@contoso.example", "email_verified": true });
    let waits = async |made: &Value| {
        let browser = w.s.browser();
        let refused = w.sign_in_as(&browser, "c-1", &carl).await;
        assert_eq!(w.reason(&refused).await, "invitation_waits");
        assert_eq!(state(&w.s, made).await, "pending");
    };
    // It hangs on nothing yet; whoever set it says from now on who is whom.
    set(&access::session(&setter), "theirs").await.expect(200);
    let made = w.invited("carl@contoso.example").await;
    waits(&made).await;
    // Somebody who holds all that is planned, but for an hour.
    let temp = access::person(&people, w.tenant, "temp", UserKind::Tenant).await;
    let hour = people.store.clock().now().plus(std::time::Duration::from_secs(3600));
    let new = NewGrant::manual(w.tenant, temp.id, TENANT_ADMINISTRATOR);
    let new = NewGrant { valid_to: Some(hour), ..new };
    grants::add(&people.access, &people.may(w.tenant).await, new).await.unwrap();
    set(&access::session(&temp), "hour").await.expect(200);
    waits(&made).await;
    // Somebody who does sets it again, to the same.
    let admin = access::person(&people, w.tenant, "admin", UserKind::Tenant).await;
    access::give(&people, &admin, w.tenant, TENANT_ADMINISTRATOR).await;
    set(&access::session(&admin), "hour").await.expect(200);
    let browser = w.s.browser();
    w.sign_in_as(&browser, "c-1", &carl).await;
    assert!(me(&browser).await.is_some());
    assert_eq!(state(&w.s, &made).await, "accepted");
    // What they hold hangs on it from now on.
    for by in [&setter, &temp] {
        let refused = set(&access::session(by), "other").await.expect(403).json();
        assert_eq!(refused["code"], "directory_holds_more");
    }
    set(&access::session(&admin), "other").await.expect(200);
});
