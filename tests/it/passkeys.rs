//! Passkeys, with an authenticator in software at the pages of a server.

mod enrol;
mod own;
mod refused;

use crate::{
    story,
    support::{
        TestDb, TestServer,
        authenticator::{AAGUID, Authenticator},
        server::{Answer, Client},
    },
};
use muster::{
    id::TenantId,
    sql,
    store::{J, Scope},
};
use reqwest::Method;
use serde_json::{Value, json};

pub const PASSWORD: &str = "violet harbour 27 lanterns";

/// A server that browsers have passkeys of.
pub async fn setting(t: &TestDb) -> (TestServer, TenantId) {
    let s = TestServer::at_localhost(t, |_| {}).await;
    let contoso = s.tenant("contoso").await;
    (s, contoso)
}

/// A person of `contoso` with an address and a password: their path in the API.
pub async fn person(s: &TestServer, t: TenantId, name: &str) -> String {
    let users = format!("/api/v1/tenants/{t}/users");
    let email = format!("{name}@contoso.example");
    let new = json!({ "kind": "tenant", "user_name": name, "email": email });
    let id = s.post(&users, new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let path = format!("{users}/{id}");
    let password = json!({ "password": PASSWORD });
    s.as_owner(Method::PUT, &format!("{path}/password"), Some(password)).await.expect(204);
    path
}

/// Signs in with a password, at contoso.
pub async fn with_password(browser: &Client, name: &str) {
    let flow =
        browser.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
    let typed = [("user_name", name), ("password", PASSWORD)];
    browser.form(&format!("{flow}/password"), &typed).await.expect(303);
}

/// The question of a page's form.
pub async fn asked(browser: &Client, action: &str) -> Value {
    browser.form(&format!("{action}/begin"), &[]).await.expect(200).json()
}

pub async fn answered(browser: &Client, action: &str, asked: &Value, credential: &str) -> Answer {
    let ceremony = asked["ceremony"].as_str().unwrap();
    let mut form = vec![("ceremony", ceremony), ("credential", credential)];
    if !action.starts_with("/signin") {
        form.push(("name", "My  key"));
    }
    browser.form(action, &form).await
}

/// Makes a passkey on the person's own page.
pub async fn make(browser: &Client, device: &mut Authenticator) {
    let action = "/me/factors/passkey";
    let question = asked(browser, action).await;
    let made = device.create(&question["options"]);
    let done = answered(browser, action, &question, &made).await.expect(303);
    assert_eq!(done.header("location"), "/me/factors?done=added");
}

/// Begins a sign-in without saying who: the flow's path.
pub async fn begin(browser: &Client) -> String {
    browser.get("/signin").await.expect(303).header("location").to_owned()
}

/// Shows the passkey.
pub async fn show(browser: &Client, flow: &str, device: &mut Authenticator) -> Answer {
    let action = format!("{flow}/passkey");
    let question = asked(browser, &action).await;
    let shown = device.get(&question["options"]);
    answered(browser, &action, &question, &shown).await
}

pub async fn me(browser: &Client) -> u16 {
    browser.get("/api/v1/me").await.status.as_u16()
}

/// What people were told by mail, in the order it was written.
pub async fn told(s: &TestServer) -> Vec<Value> {
    let mut c = s.app.store.read(Scope::Platform).await.unwrap();
    let all = sql!(
        c,
        all<crate::passkeys::Payload>,
        "SELECT payload FROM outbox WHERE topic = 'credentials.mail' ORDER BY id"
    );
    all.unwrap().into_iter().map(|p| p.payload.0).collect()
}

muster::row! {
    #[derive(Debug, Clone)]
    pub struct Payload {
        pub payload: J<Value>,
    }
}

story! {
    async fn a_passkey_made_on_ones_own_page_signs_in_without_a_name(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let browser = s.browser();
        with_password(&browser, "anna").await;
        let page = browser.get("/me/factors").await.expect(200);
        assert!(page.header("content-security-policy").ends_with("; script-src 'self'; connect-src 'self'"));
        assert!(page.text.contains("id=\"no-passkey\"") && page.text.contains("data-passkey=\"create\""));
        let mut device = Authenticator::at(&s.url);
        let question = asked(&browser, "/me/factors/passkey").await;
        let options = &question["options"];
        assert_eq!((&options["rp"]["id"], &options["user"]["name"]), (&"localhost".into(), &"anna".into()));
        let selection = &options["authenticatorSelection"];
        assert_eq!((&selection["residentKey"], &selection["userVerification"]), (&"required".into(), &"required".into()));
        make(&browser, &mut device).await;
        let page = browser.get("/me/factors").await.expect(200).text;
        assert!(page.contains("<h3>My key</h3>") && page.contains("never used") && !page.contains(AAGUID), "{page}");
        let letters = told(&s).await;
        assert_eq!(letters.len(), 1);
        assert_eq!((&letters[0]["to"], &letters[0]["what"]), (&"anna@contoso.example".into(), &json!({"passkey_added": "My key"})));

        // Somewhere else, and nobody is named.
        let other = s.browser();
        let flow = begin(&other).await;
        let page = other.get(&flow).await.expect(200);
        assert!(page.header("content-security-policy").contains("script-src 'self'"));
        for part in ["data-passkey=\"get\"", "autocomplete=\"username webauthn\"", "id=\"passkey-noscript\""] {
            assert!(page.text.contains(part), "{part}");
        }
        let script = page.text.split("<script type=\"module\" src=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(other.get(script).await.expect(200).text.contains("navigator.credentials.get"));
        assert_eq!(show(&other, &flow, &mut device).await.expect(303).header("location"), flow);
        assert_eq!(other.get(&flow).await.expect(303).header("location"), "/me");
        assert_eq!(me(&other).await, 200);
        let sessions = s.get(&format!("{anna}/sessions")).await.expect(200).json();
        let class = sessions["items"].as_array().unwrap().iter().filter(|x| x["class"] == "phr").count();
        assert_eq!(class, 1, "{sessions}");
        let page = other.get("/me/factors").await.expect(200).text;
        assert!(page.contains("last used"), "{page}");
        let log = s.get("/api/v1/tenants/contoso/audit").await.expect(200).text;
        assert!(log.contains("passkey.add"), "{log}");
    }
}

story! {
    async fn a_tenant_that_demands_what_cannot_be_phished_gets_it(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let browser = s.browser();
        with_password(&browser, "anna").await;
        let mut device = Authenticator::at(&s.url);
        make(&browser, &mut device).await;
        let id = anna.rsplit('/').next().unwrap();
        let grant = json!({ "user": id, "role": "Tenant Administrator" });
        s.post("/api/v1/tenants/contoso/grants", grant).await.expect(201);
        let other = s.browser();
        let flow = other.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
        let typed = [("user_name", "anna"), ("password", PASSWORD)];
        let no = other.form(&format!("{flow}/password"), &typed).await.expect(303);
        assert_eq!((no.header("location"), me(&other).await), (flow.as_str(), 401), "a password alone does not do");
        let page = other.get(&flow).await.expect(200).text;
        assert!(page.contains("id=\"passkey-form\"") && !page.contains("id=\"code-form\""), "{page}");
        show(&other, &flow, &mut device).await.expect(303);
        assert_eq!(me(&other).await, 200);
        other.get("/api/v1/tenants/contoso/users").await.expect(200);
    }
}

story! {
    async fn an_address_without_a_name_has_no_passkeys(t) {
        let s = TestServer::start(&t).await;
        let contoso = s.tenant("contoso").await;
        person(&s, contoso, "anna").await;
        let browser = s.browser();
        let flow = begin(&browser).await;
        let page = browser.get(&flow).await.expect(200);
        assert!(!page.text.contains("passkey") && !page.text.contains("<script"), "{}", page.text);
        assert!(!page.header("content-security-policy").contains("script-src"));
        browser.form(&format!("{flow}/passkey/begin"), &[]).await.expect(400);
    }
}
