//! Signing in with local credentials, as a browser does it.

mod kept;
mod nobody;
mod standing;

use crate::{
    story,
    support::{
        TestDb, TestServer,
        server::{Answer, Client},
    },
};
use muster::id::TenantId;
use reqwest::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "violet harbour 27 lanterns";

struct Person {
    id: String,
    otpauth: Option<String>,
}

/// A person of `contoso` with a password and, if wanted, a one-time code.
async fn person(server: &TestServer, tenant: TenantId, name: &str, code: bool) -> Person {
    let users = format!("/api/v1/tenants/{tenant}/users");
    let new = json!({ "kind": "tenant", "user_name": name, "display_name": "Anna <Keller>" });
    let id = server.post(&users, new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let body = json!({ "password": PASSWORD });
    let path = format!("{users}/{id}/password");
    server.as_owner(Method::PUT, &path, Some(body)).await.expect(204);
    let mut otpauth = None;
    if code {
        let made = server.post(&format!("{users}/{id}/one-time-code"), json!({})).await;
        otpauth = made.expect(201).json()["otpauth"].as_str().map(str::to_owned);
    }
    Person { id, otpauth }
}

fn code_of(person: &Person) -> String {
    let totp = totp_rs::Totp::from_url(person.otpauth.as_ref().unwrap()).unwrap();
    totp.generate_current().to_string()
}

async fn granted(server: &TestServer, tenant: TenantId, person: &Person, role: &str) {
    let body = json!({ "user": person.id, "role": role });
    server.post(&format!("/api/v1/tenants/{tenant}/grants"), body).await.expect(201);
}

/// Begins a sign-in: the flow's path.
async fn begin(browser: &Client, slug: &str) -> String {
    let begun = browser.get(&format!("/signin?tenant={slug}")).await.expect(303);
    let flow = begun.header("location").to_owned();
    assert!(flow.starts_with("/signin/"), "{flow}");
    flow
}

async fn typed(browser: &Client, flow: &str, name: &str, password: &str) -> Answer {
    let form = [("user_name", name), ("password", password)];
    browser.form(&format!("{flow}/password"), &form).await
}

async fn setting(t: &TestDb) -> (TestServer, TenantId, Client) {
    let server = TestServer::start(t).await;
    let contoso = server.tenant("contoso").await;
    let browser = server.browser();
    (server, contoso, browser)
}

async fn me(browser: &Client) -> u16 {
    browser.get("/api/v1/me").await.status.as_u16()
}

story! {
    async fn a_password_opens_a_session_and_signing_out_ends_it(t) {
        let (server, contoso, browser) = setting(&t).await;
        person(&server, contoso, "anna", false).await;
        assert_eq!(browser.get("/me").await.expect(303).header("location"), "/signin");
        let flow = begin(&browser, "contoso").await;
        assert!(browser.get(&flow).await.expect(200).text.contains("id=\"password-form\""));
        let done = typed(&browser, &flow, "Anna", PASSWORD).await.expect(303);
        assert_eq!(done.header("location"), flow);
        assert!(done.header("set-cookie").contains("HttpOnly"), "{:?}", done.headers);
        assert_eq!(browser.get(&flow).await.expect(303).header("location"), "/me");
        let page = browser.get("/me").await.expect(200).text;
        assert!(page.contains("Anna &#60;Keller&#62;") && page.contains("with one factor"), "{page}");
        assert!(page.contains("id=\"this-session\"") && !page.contains("/me/sessions/end"), "{page}");
        assert_eq!(me(&browser).await, 200);
        browser.form("/me/signout", &[]).await.expect(303);
        assert_eq!(me(&browser).await, 401);
        browser.get("/me").await.expect(303);
    }
}

story! {
    async fn a_person_sees_their_sessions_and_ends_one(t) {
        let (server, contoso, browser) = setting(&t).await;
        for name in ["anna", "ben"] {
            person(&server, contoso, name, false).await;
        }
        let (other, ben) = (server.browser(), server.browser());
        for (b, name) in [(&browser, "anna"), (&other, "anna"), (&ben, "ben")] {
            let flow = begin(b, "contoso").await;
            typed(b, &flow, name, PASSWORD).await.expect(303);
        }
        let page = browser.get("/me").await.expect(200).text;
        let id = page.split("name=\"session\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let end = [("session", id)];
        ben.form("/me/sessions/end", &end).await.expect(404);
        let foreign = browser.request(Method::POST, "/me/sessions/end").form(&end);
        browser.send(foreign.header("sec-fetch-site", "cross-site")).await.expect(403);
        assert_eq!(me(&other).await, 200);
        let done = browser.form("/me/sessions/end", &end).await.expect(303);
        let page = browser.get(done.header("location")).await.expect(200).text;
        assert!(page.contains("id=\"done\"") && !page.contains(id), "{page}");
        assert_eq!((me(&browser).await, me(&other).await, me(&ben).await), (200, 401, 200));
        assert!(!page.contains("id=\"end-others\""), "there is no other: {page}");
    }
}

story! {
    async fn a_person_ends_all_their_sessions_but_this_one(t) {
        let (server, contoso, browser) = setting(&t).await;
        for name in ["anna", "ben"] {
            person(&server, contoso, name, false).await;
        }
        let (ben, mut others) = (server.browser(), Vec::new());
        for (b, name) in [(&browser, "anna"), (&ben, "ben")] {
            let flow = begin(b, "contoso").await;
            typed(b, &flow, name, PASSWORD).await.expect(303);
        }
        for _ in 0..3 {
            let b = server.browser();
            let flow = begin(&b, "contoso").await;
            typed(&b, &flow, "anna", PASSWORD).await.expect(303);
            others.push(b);
        }
        let foreign = browser.request(Method::POST, "/me/sessions/end-others");
        browser.send(foreign.header("sec-fetch-site", "cross-site")).await.expect(403);
        assert_eq!(me(&others[0]).await, 200);
        let done = browser.form("/me/sessions/end-others", &[]).await.expect(303);
        let page = browser.get(done.header("location")).await.expect(200).text;
        assert!(page.contains("signed out now") && !page.contains("id=\"end-others\""), "{page}");
        for b in &others {
            assert_eq!(me(b).await, 401);
        }
        assert_eq!((me(&browser).await, me(&ben).await), (200, 200));
        let trail = server.get("/api/v1/tenants/contoso/audit").await.expect(200).json();
        let told = trail["items"].as_array().unwrap().iter().find(|e| e["action"] == "session.end").unwrap();
        assert_eq!(told["detail"]["sessions"], 3, "{told}");
    }
}

story! {
    async fn whoever_has_a_code_is_asked_for_it(t) {
        let (server, contoso, browser) = setting(&t).await;
        let anna = person(&server, contoso, "anna", true).await;
        granted(&server, contoso, &anna, "Tenant Administrator").await;
        let flow = begin(&browser, "contoso").await;
        typed(&browser, &flow, "anna", PASSWORD).await.expect(303);
        assert_eq!(me(&browser).await, 401, "a password alone is no session");
        assert!(browser.get(&flow).await.expect(200).text.contains("one-time-code"));
        let code = code_of(&anna);
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let again = browser.form(&format!("{flow}/code"), &[("code", wrong)]).await.expect(200);
        assert!(again.text.contains("id=\"problem\""));
        browser.form(&format!("{flow}/code"), &[("code", &code)]).await.expect(303);
        assert_eq!(me(&browser).await, 200);
        let sessions = server
            .get(&format!("/api/v1/tenants/{contoso}/users/{}/sessions", anna.id))
            .await
            .expect(200)
            .json();
        assert_eq!(sessions["items"][0]["class"], "mfa");
        // The same code, a second time, in another sign-in.
        let other = server.browser();
        let flow = begin(&other, "contoso").await;
        typed(&other, &flow, "anna", PASSWORD).await.expect(303);
        other.form(&format!("{flow}/code"), &[("code", &code)]).await.expect(200);
        assert_eq!(me(&other).await, 401);
    }
}

story! {
    async fn a_role_that_demands_two_factors_refuses_one_with_a_reference(t) {
        let (server, contoso, browser) = setting(&t).await;
        let anna = person(&server, contoso, "anna", false).await;
        granted(&server, contoso, &anna, "Tenant Administrator").await;
        let flow = begin(&browser, "contoso").await;
        let refused = typed(&browser, &flow, "anna", PASSWORD).await.expect(303);
        let page = refused.header("location").to_owned();
        let reference = page.strip_prefix("/refused/").expect("a refusal").to_owned();
        let shown = browser.get(&page).await.expect(403).text;
        assert!(shown.contains(&reference) && shown.contains("second factor"), "{shown}");
        assert_eq!(me(&browser).await, 401);
        let path = format!("/api/v1/tenants/{contoso}/signins/{reference}");
        let record: Value = server.get(&path).await.expect(200).json();
        assert_eq!(record["reason"], "second_factor_missing");
        assert_eq!(record["user"], anna.id.as_str());
    }
}

story! {
    async fn wrong_names_and_wrong_passwords_look_the_same(t) {
        let (server, contoso, browser) = setting(&t).await;
        person(&server, contoso, "anna", false).await;
        let flow = begin(&browser, "contoso").await;
        let wrong = typed(&browser, &flow, "anna", "not it").await.expect(200).text;
        let unknown = typed(&browser, &flow, "nobody", "not it").await.expect(200).text;
        assert_eq!(crate::support::unsealed(&wrong.replace("anna", "nobody")), crate::support::unsealed(&unknown));
        assert_eq!(me(&browser).await, 401);
    }
}

story! {
    /// What went wrong is on record for the administrator, without what was typed.
    async fn tries_that_fail_are_on_record(t) {
        let server = TestServer::with(&t, |c| c.signin.failures = 3).await;
        let (contoso, browser) = (server.tenant("contoso").await, server.browser());
        let anna = person(&server, contoso, "anna", true).await;
        let flow = begin(&browser, "contoso").await;
        typed(&browser, &flow, "nobody", "Correct-Horse-1").await.expect(200);
        typed(&browser, &flow, "anna", "Correct-Horse-2").await.expect(200);
        typed(&browser, &flow, "anna", PASSWORD).await.expect(303);
        for _ in 0..4 {
            browser.form(&format!("{flow}/code"), &[("code", "12")]).await.expect(200);
        }
        let list = server.get(&format!("/api/v1/tenants/{contoso}/signins?bad=true")).await;
        let list = list.expect(200);
        assert!(!list.text.contains("Correct") && !list.text.contains("nobody"), "{}", list.text);
        let items = list.json()["items"].as_array().unwrap().clone();
        let seen: Vec<(&str, bool)> = items
            .iter()
            .rev()
            .map(|i| (i["reason"].as_str().unwrap(), i["user"] == anna.id.as_str()))
            .collect();
        let code = ("code_wrong", true);
        let wanted = [
            ("password_wrong", false), ("password_wrong", true), code, code, code, ("rate_limited", true),
        ];
        assert_eq!(seen, wanted);
        assert!(items.iter().all(|i| i["outcome"] == "failed" && i["next"].is_string()));
    }
}

story! {
    async fn a_flow_belongs_to_its_browser_and_to_our_own_pages(t) {
        let (server, contoso, browser) = setting(&t).await;
        person(&server, contoso, "anna", false).await;
        let flow = begin(&browser, "contoso").await;
        let other = server.browser();
        other.get(&flow).await.expect(400);
        typed(&other, &flow, "anna", PASSWORD).await.expect(400);
        let form = [("user_name", "anna"), ("password", PASSWORD)];
        let request = browser.request(Method::POST, &format!("{flow}/password")).form(&form);
        browser.send(request.header("sec-fetch-site", "cross-site")).await.expect(403);
        let twice = [("user_name", "anna"), ("user_name", "ben"), ("password", PASSWORD)];
        browser.form(&format!("{flow}/password"), &twice).await.expect(400);
        assert_eq!(me(&browser).await, 401);
    }
}

story! {
    async fn a_person_may_choose_the_company(t) {
        let (server, contoso, browser) = setting(&t).await;
        person(&server, contoso, "anna", false).await;
        let begun = browser.get("/signin").await.expect(303);
        let flow = begun.header("location").to_owned();
        assert!(browser.get(&flow).await.expect(200).text.contains("id=\"tenant-form\""));
        let nobody = [("tenant", "<script>")];
        browser.form(&format!("{flow}/tenant"), &nobody).await.expect(303);
        let asked = browser.get(&flow).await.expect(200).text;
        assert!(asked.contains("id=\"tenant-slug\"") && !asked.contains("<script>"), "{asked}");
        browser.form(&format!("{flow}/tenant"), &[("tenant", " Contoso ")]).await.expect(303);
        assert!(browser.get(&flow).await.expect(200).text.contains("id=\"password-form\""));
        browser.form(&format!("{flow}/tenant"), &[("tenant", "")]).await.expect(303);
        assert!(browser.get(&flow).await.expect(200).text.contains("id=\"tenant-form\""));
    }
}

story! {
    async fn pages_load_nothing_foreign_and_say_nothing_on_an_unknown_reference(t) {
        let (_server, _, browser) = setting(&t).await;
        let page = browser.get("/refused/no-such-reference").await.expect(403);
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
        assert!(!page.text.contains("id=\"reference\"") && !page.text.contains("no-such-reference"), "{}", page.text);
        let style = page.text.split("href=\"").find(|p| p.starts_with("/assets/")).unwrap();
        let style = browser.get(style.split('"').next().unwrap()).await.expect(200);
        assert!(style.header("content-type").starts_with("text/css"));
        assert!(style.header("cache-control").contains("immutable"), "its name changes with it");
        // What is refused before any voice is a page as well, with the same headers.
        for path in ["/nothing-here", "/signin;x"] {
            let page = browser.get(path).await;
            assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
            assert!(page.text.contains("id=\"explanation\""), "{}", page.text);
        }
        // A refusal that says all there is to it names nothing that the log had more under.
        let page = browser.get("/signin?tenant=a&tenant=b").await.expect(400);
        assert!(!page.text.contains("id=\"reference\""), "{}", page.text);
        assert!(!page.header("x-request-id").is_empty());
    }
}
