//! A company proves by DNS that a domain is its own: what it is told to publish, what is found, and what follows when it is
//! gone.

use crate::{
    story,
    support::{TestDb, TestServer, dns::Dns, person::TENANT_ADMIN},
};
use muster::{
    clock::Timestamp,
    domains::{self, claims},
    id::TenantId,
    row, sql,
    store::{J, Scope},
    tx,
};
use reqwest::Method;
use serde_json::{Value, json};

const DAY: i64 = 24 * 3600;

async fn world(t: &TestDb) -> (TestServer, Dns) {
    let dns = Dns::start().await;
    let at = dns.address.to_string();
    (TestServer::with(t, |c| c.outbound.dns_servers = vec![at]).await, dns)
}

async fn ask(s: &TestServer, tenant: TenantId, domain: &str) -> Value {
    let path = format!("/api/v1/tenants/{tenant}/domains");
    s.post(&path, json!({ "domain": domain })).await.expect(201).json()
}

async fn check(s: &TestServer, tenant: TenantId, domain: &str) -> Value {
    let path = format!("/api/v1/tenants/{tenant}/domains/{domain}/check");
    s.post(&path, json!({})).await.expect(200).json()
}

async fn state(s: &TestServer, tenant: TenantId) -> String {
    let all = s.get(&format!("/api/v1/tenants/{tenant}/domains")).await.expect(200).json();
    all["items"][0]["state"].as_str().unwrap_or("none").to_owned()
}

/// Publishes what an answer says.
fn publish(dns: &Dns, asked: &Value) {
    let text = |name: &str| asked["record"][name].as_str().unwrap().to_owned();
    dns.publish(&text("name"), &["v=spf1 -all", &text("value")]);
}

/// As if the domain had been looked for last, and lost, so many days ago.
async fn days_ago(s: &TestServer, tenant: TenantId, looked: i64, lost: Option<i64>) {
    let now = s.app.store.clock().now().secs();
    let looked = Timestamp::from_secs(now - looked * DAY - 60);
    let lost = lost.map(|d| Timestamp::from_secs(now - d * DAY - 60));
    tx!(s.app.store, &s.app.system(), [], |tx| {
        tx.unaudited("the test's time");
        sql!(tx, exec, "UPDATE domains SET checked_at = $2, lost_at = COALESCE($3, lost_at) WHERE tenant_id = $1", tenant, looked, lost)
    })
    .unwrap();
}

async fn again(s: &TestServer) -> usize {
    claims::look_again(&s.app.store, &s.app.dns, &s.app.system()).await.unwrap()
}

async fn counts(s: &TestServer, tenant: TenantId, address: &str) -> bool {
    let mut c = s.app.store.read(Scope::Tenant(tenant)).await.unwrap();
    domains::confirmed(&mut c, tenant, address).await.unwrap()
}

row! {
    struct Noted { payload: J<Value> }
}

/// The subjects of what administrators are to be told.
async fn told(s: &TestServer, tenant: TenantId) -> Vec<String> {
    let mut c = s.app.store.read(Scope::Platform).await.unwrap();
    let all = sql!(
        c,
        all<Noted>,
        "SELECT payload FROM outbox WHERE tenant_id = $1 AND topic = 'domain.notice' ORDER BY id",
        tenant
    );
    all.unwrap().into_iter().map(|n| n.payload.0["subject"].as_str().unwrap().to_owned()).collect()
}

story! {
    async fn a_company_proves_its_domain_by_a_record(t) {
        let (s, dns) = world(&t).await;
        let contoso = s.tenant("contoso").await;
        let asked = ask(&s, contoso, "Contoso.example").await;
        assert_eq!((&asked["domain"], &asked["state"]), (&json!("contoso.example"), &json!("asked")));
        assert_eq!(asked["record"]["name"], "_muster-challenge.contoso.example");
        assert_eq!(ask(&s, contoso, "contoso.example").await["record"]["value"], asked["record"]["value"], "the same text");
        let looked = check(&s, contoso, "contoso.example").await;
        assert_eq!(looked["state"], "asked");
        assert!(looked["record"]["problem"].as_str().unwrap().contains("there is no TXT record"), "{looked}");
        dns.publish("_muster-challenge.contoso.example", &["muster-domain-verification=another"]);
        let looked = check(&s, contoso, "contoso.example").await;
        assert!(looked["record"]["problem"].as_str().unwrap().contains("another text"), "{looked}");
        dns.fails(true);
        let looked = check(&s, contoso, "contoso.example").await;
        assert!(looked["record"]["problem"].as_str().unwrap().contains("too few DNS servers answer"), "{looked}");
        dns.fails(false);
        assert!(!counts(&s, contoso, "ada@contoso.example").await);
        publish(&dns, &asked);
        let looked = check(&s, contoso, "contoso.example").await;
        assert_eq!((&looked["state"], &looked["method"], &looked["record"]["problem"]), (&json!("confirmed"), &json!("dns"), &Value::Null));
        assert!(counts(&s, contoso, "ada@contoso.example").await);
        assert_eq!(domains::tenant_of(&s.app.store, "ada@contoso.example").await.unwrap(), Some(contoso));
        // Taken back, it is nobody's.
        let path = format!("/api/v1/tenants/{contoso}/domains/contoso.example");
        s.as_owner(Method::DELETE, &path, None).await.expect(204);
        assert!(!counts(&s, contoso, "ada@contoso.example").await);
        s.as_owner(Method::DELETE, &path, None).await.expect(404);
        assert_eq!(state(&s, contoso).await, "none");
    }
}

story! {
    async fn of_several_servers_the_one_that_has_a_text_says_what_is_wrong(t) {
        let (first, second) = (Dns::start().await, Dns::start().await);
        let both = vec![first.address.to_string(), second.address.to_string()];
        let s = TestServer::with(&t, |c| c.outbound.dns_servers = both).await;
        let contoso = s.tenant("contoso").await;
        ask(&s, contoso, "contoso.example").await;
        first.publish("_muster-challenge.contoso.example", &["muster-domain-verification=another"]);
        let looked = check(&s, contoso, "contoso.example").await;
        assert!(looked["record"]["problem"].as_str().unwrap().contains("another text"), "{looked}");
    }
}

story! {
    async fn what_is_nobodys_own_cannot_be_asked_for(t) {
        let (s, _) = world(&t).await;
        let contoso = s.tenant("contoso").await;
        let path = format!("/api/v1/tenants/{contoso}/domains");
        for no in ["co.uk", "com", "Gmail.com", "github.io", "contoso", "1.2.3.4", ""] {
            let refused = s.post(&path, json!({ "domain": no })).await.expect(400);
            assert!(refused.text.contains("\"domain\""), "{no}: {}", refused.text);
            // Nor does the word of an administrator make it a company's.
            let by_hand = json!({ "tenant": "contoso", "domain": no });
            s.post("/api/v1/domains", by_hand).await.expect(400);
        }
        s.post(&format!("{path}/contoso.example/check"), json!({})).await.expect(404);
    }
}

story! {
    /// That a domain is another customer's is told to nobody but who owns it; what is lost goes to who proves it.
    async fn a_domain_is_of_one_company(t) {
        let (s, dns) = world(&t).await;
        let (contoso, fabrikam) = (s.tenant("contoso").await, s.tenant("fabrikam").await);
        let first = ask(&s, contoso, "shared.example").await;
        let second = ask(&s, fabrikam, "shared.example").await;
        assert_ne!(first["record"]["value"], second["record"]["value"]);
        publish(&dns, &first);
        assert_eq!(check(&s, contoso, "shared.example").await["state"], "confirmed");
        let looked = check(&s, fabrikam, "shared.example").await;
        assert!(looked["record"]["problem"].as_str().unwrap().contains("another text"), "{looked}");
        publish(&dns, &second);
        let path = format!("/api/v1/tenants/{fabrikam}/domains/shared.example/check");
        assert_eq!(s.post(&path, json!({})).await.expect(409).json()["code"], "uniqueness");
        // A day later contoso's record is not there any more.
        days_ago(&s, contoso, 1, None).await;
        assert_eq!(again(&s).await, 1);
        assert_eq!(state(&s, contoso).await, "lost");
        s.post(&path, json!({})).await.expect(409);
        days_ago(&s, contoso, 1, Some(15)).await;
        again(&s).await;
        assert_eq!(state(&s, contoso).await, "lapsed");
        assert_eq!(check(&s, fabrikam, "shared.example").await["state"], "confirmed");
        assert_eq!(told(&s, contoso).await.last().unwrap(), "shared.example is not yours any more");
        assert_eq!(state(&s, contoso).await, "asked");
        assert_eq!(domains::tenant_of(&s.app.store, "a@shared.example").await.unwrap(), Some(fabrikam));
    }
}

story! {
    /// One server that lies decides nothing while the others are silent; what a person confirmed stays whatever DNS says.
    async fn most_servers_must_say_so(t) {
        let (one, two, three) = (Dns::start().await, Dns::start().await, Dns::start().await);
        let all: Vec<String> = [&one, &two, &three].iter().map(|d| d.address.to_string()).collect();
        let s = TestServer::with(&t, |c| c.outbound.dns_servers = all).await;
        let contoso = s.tenant("contoso").await;
        let asked = ask(&s, contoso, "contoso.example").await;
        publish(&one, &asked);
        let looked = check(&s, contoso, "contoso.example").await;
        assert!(looked["record"]["problem"].as_str().unwrap().contains("not every DNS server"), "{looked}");
        two.fails(true);
        three.fails(true);
        let looked = check(&s, contoso, "contoso.example").await;
        assert!(looked["record"]["problem"].as_str().unwrap().contains("too few"), "{looked}");
        publish(&two, &asked);
        two.fails(false);
        assert_eq!(check(&s, contoso, "contoso.example").await["state"], "confirmed");
        // The one that has no answer takes nothing away either.
        one.publish("_muster-challenge.contoso.example", &[]);
        two.fails(true);
        days_ago(&s, contoso, 1, None).await;
        again(&s).await;
        assert_eq!(state(&s, contoso).await, "confirmed");
        let fabrikam = s.tenant("fabrikam").await;
        let by_hand = json!({ "tenant": "fabrikam", "domain": "hand.example" });
        s.post("/api/v1/domains", by_hand).await.expect(201);
        let asked = ask(&s, fabrikam, "hand.example").await;
        for dns in [&one, &two, &three] {
            dns.fails(false);
            publish(dns, &asked);
        }
        assert_eq!(check(&s, fabrikam, "hand.example").await["method"], "hand");
        // As it came by a Global Administrator, so it goes.
        let boss = s.person(fabrikam, "boss", TENANT_ADMIN).await;
        let boss = s.session(fabrikam, boss, "mfa").await;
        let path = format!("/api/v1/tenants/{fabrikam}/domains/hand.example");
        let browser = s.browser();
        let cookie = format!("muster_session={}", boss.cookie);
        let request = browser.request(Method::DELETE, &path).header("cookie", cookie);
        let refused = browser.send(request).await.expect(403);
        assert!(refused.text.contains("a Global Administrator confirmed"), "{}", refused.text);
        s.as_owner(Method::DELETE, &path, None).await.expect(204);
    }
}

story! {
    async fn a_proof_that_is_gone_is_told_and_lapses_after_two_weeks(t) {
        let (s, dns) = world(&t).await;
        let contoso = s.tenant("contoso").await;
        let asked = ask(&s, contoso, "contoso.example").await;
        publish(&dns, &asked);
        check(&s, contoso, "contoso.example").await;
        assert_eq!(again(&s).await, 0, "it was looked for a moment ago");
        days_ago(&s, contoso, 1, None).await;
        assert_eq!(again(&s).await, 1);
        assert_eq!(state(&s, contoso).await, "confirmed");
        // Servers that do not answer take nothing away, and are asked again within the hour.
        dns.fails(true);
        days_ago(&s, contoso, 1, None).await;
        again(&s).await;
        assert_eq!((state(&s, contoso).await, again(&s).await), ("confirmed".to_owned(), 0));
        dns.fails(false);
        dns.publish("_muster-challenge.contoso.example", &[]);
        days_ago(&s, contoso, 1, None).await;
        again(&s).await;
        assert_eq!(state(&s, contoso).await, "lost");
        assert!(counts(&s, contoso, "ada@contoso.example").await, "for two weeks it counts");
        days_ago(&s, contoso, 1, Some(13)).await;
        again(&s).await;
        assert!(counts(&s, contoso, "ada@contoso.example").await);
        days_ago(&s, contoso, 1, Some(15)).await;
        again(&s).await;
        assert_eq!(state(&s, contoso).await, "lapsed");
        assert!(!counts(&s, contoso, "ada@contoso.example").await, "nobody new is let in by it");
        let home = domains::tenant_of(&s.app.store, "ada@contoso.example").await.unwrap();
        assert_eq!(home, Some(contoso), "who is known finds their company");
        days_ago(&s, contoso, 1, None).await;
        again(&s).await;
        publish(&dns, &asked);
        days_ago(&s, contoso, 1, None).await;
        again(&s).await;
        assert_eq!(state(&s, contoso).await, "confirmed");
        let told = told(&s, contoso).await;
        assert_eq!(told, [
            "The proof of contoso.example is gone",
            "contoso.example lets nobody new in any more",
            "The proof of contoso.example is there again",
        ]);
        let trail = s.get(&format!("/api/v1/tenants/{contoso}/audit?limit=50")).await.expect(200).json();
        let trail: Vec<&str> = trail["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap())
            .filter(|a| a.starts_with("domain.")).collect();
        assert_eq!(trail, ["domain.found", "domain.lapse", "domain.lost", "domain.prove", "domain.ask"]);
    }
}

story! {
    /// Where a company's login is the only way in, a domain shuts what its people have here of their own.
    async fn a_proof_shuts_nobody_out_who_is_the_last_to_administer(t) {
        let (s, dns) = world(&t).await;
        let contoso = s.tenant("contoso").await;
        let signin = json!({ "issuer": "https://login.example", "client_id": "muster" });
        let new = json!({ "name": "Login", "preset": "generic", "signin": signin });
        let made = s.post(&format!("/api/v1/tenants/{contoso}/directories"), new).await.expect(201).json();
        let administers = async |name: &str| {
            let new = json!({ "kind": "tenant", "user_name": name, "email": name });
            let made = s.post(&format!("/api/v1/tenants/{contoso}/users"), new).await.expect(201).json();
            let grant = json!({ "user": made["id"], "role": TENANT_ADMIN });
            s.post(&format!("/api/v1/tenants/{contoso}/grants"), grant).await.expect(201);
            let id = made["id"].as_str().unwrap().to_owned();
            crate::support::way_in(&s.app.store, contoso, id.parse().unwrap()).await;
            id
        };
        administers("ida@contoso.example").await;
        let path = format!("/api/v1/tenants/{contoso}/directories/{}", made["id"].as_str().unwrap());
        s.as_owner(Method::PATCH, &path, Some(json!({ "stage": "enforced" }))).await.expect(200);
        let asked = ask(&s, contoso, "contoso.example").await;
        publish(&dns, &asked);
        let path = format!("/api/v1/tenants/{contoso}/domains/contoso.example/check");
        let no = s.post(&path, json!({})).await.expect(409).json();
        assert_eq!((&no["code"], &no["field"]), (&json!("last_administrator"), &json!("domain")), "{no}");
        assert_eq!(state(&s, contoso).await, "asked");
        let otto = administers("otto@elsewhere.example").await;
        check(&s, contoso, "contoso.example").await;
        // Nor does one that is found again after weeks, while nobody looked.
        dns.publish("_muster-challenge.contoso.example", &[]);
        for lost in [None, Some(15)] {
            days_ago(&s, contoso, 1, lost).await;
            again(&s).await;
        }
        assert_eq!(state(&s, contoso).await, "lapsed");
        let path = format!("/api/v1/tenants/{contoso}/users/{otto}");
        let switch = async |on: bool| {
            s.as_owner(Method::PATCH, &path, Some(json!({ "enabled": on }))).await.expect(200);
        };
        switch(false).await;
        publish(&dns, &asked);
        days_ago(&s, contoso, 1, None).await;
        again(&s).await;
        assert_eq!(state(&s, contoso).await, "lapsed");
        switch(true).await;
        days_ago(&s, contoso, 1, None).await;
        again(&s).await;
        assert_eq!(state(&s, contoso).await, "confirmed");
    }
}
