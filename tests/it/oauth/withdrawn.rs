//! What was narrowed or taken back counts at once: for tokens that are out as well.

use crate::{
    story,
    support::{
        TestServer,
        person::{Person, READ_ONLY, TECHNICIAN, TestApp, field},
        tab::Tab,
    },
};
use reqwest::Method;
use serde_json::{Value, json};

const ALL: &str = "openid offline_access computers.view";

async fn world(s: &TestServer) -> (Person, TestApp, TestApp) {
    let tenant = s.tenant("contoso").await;
    let user = s.person(tenant, "ada", READ_ONLY).await;
    let who = s.session(tenant, user, "single").await;
    let asks = s
        .app(tenant, |new| {
            "Guest <book>".clone_into(&mut new.name);
            new.settings.trusted = false;
        })
        .await;
    (who, asks, s.app(tenant, |_| {}).await)
}

/// Tokens that the person agreed to.
async fn agreed(s: &TestServer, tab: &mut Tab, app: &TestApp) -> Value {
    let a = tab.authorize(app, &[("scope", ALL)]).await.expect(303);
    let page = tab.follow(&a).await.expect(200);
    assert!(page.text.contains("id=\"allow\""), "{}", page.text);
    let a = tab.press(&page, "/oauth/consent", "allow").await.expect(303);
    let code = field(a.header("location"), "code").expect("a code");
    s.redeem(app, &code).await.expect(200).json()
}

async fn scope(s: &TestServer, app: &TestApp, token: &str) -> Value {
    let a = s.form_as(app, "/oauth/introspect", &[("token", token)]).await.expect(200);
    a.json()["scope"].clone()
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

story!(
    async fn a_person_takes_their_consent_back_and_what_relied_on_it_ends(t) {
        let s = TestServer::start(&t).await;
        let (who, app, other) = world(&s).await;
        let mut tab = Tab::of(&s, &who);
        let page = tab.get("/me").await.expect(200).text;
        assert!(!page.contains("id=\"consents\""), "nothing was allowed yet");
        let tokens = agreed(&s, &mut tab, &app).await;
        let code = s.code(&other, &who, &[]).await;
        let others = s.redeem(&other, &code).await.expect(200).json();
        assert!(s.active(&app, text(&tokens, "access_token")).await);

        let page = tab.get("/me").await.expect(200).text;
        assert!(page.contains(&format!("id=\"consent-{}\"", app.id)) && page.contains("Guest &#60;book&#62;"), "{page}");
        assert!(page.contains("stay connected while you are away") && page.contains("Computers: View"), "{page}");
        let id = app.id.to_string();
        let whose = [("app", id.as_str())];
        let foreign = tab.request(Method::POST, "/me/consents/withdraw").form(&whose);
        tab.send(foreign.header("sec-fetch-site", "cross-site")).await.expect(403);
        let mut stranger = Tab::new(&s);
        stranger.form("/me/consents/withdraw", &whose).await.expect(401);
        assert!(s.active(&app, text(&tokens, "access_token")).await);
        // A code that is out counts no more either.
        let a = tab.authorize(&app, &[("scope", ALL)]).await.expect(303);
        let pending = field(a.header("location"), "code").expect("a code");

        let done = tab.form("/me/consents/withdraw", &whose).await.expect(303);
        let page = tab.follow(&done).await.expect(200).text;
        assert!(page.contains("id=\"done\"") && !page.contains("id=\"consents\""), "{page}");
        assert!(!s.active(&app, text(&tokens, "access_token")).await);
        assert!(!s.active(&app, text(&tokens, "refresh_token")).await);
        s.browser().bearer(text(&tokens, "access_token")).get("/oauth/userinfo").await.expect(401);
        assert_eq!(s.refresh(&app, text(&tokens, "refresh_token")).await.expect(400).json()["error"], "invalid_grant");
        assert_eq!(s.redeem(&app, &pending).await.expect(400).json()["error"], "invalid_grant");
        assert!(s.active(&other, text(&others, "access_token")).await, "others are not touched");
        s.refresh(&other, text(&others, "refresh_token")).await.expect(200);
        tab.form("/me/consents/withdraw", &whose).await.expect(404);
        // Asked anew; what is over stays over.
        agreed(&s, &mut tab, &app).await;
        s.refresh(&app, text(&tokens, "refresh_token")).await.expect(400);
        let log = s.get("/api/v1/tenants/contoso/audit").await.expect(200).text;
        assert!(log.contains("consent.withdraw"), "{log}");
    }
);

story!(
    async fn an_administrator_lists_and_withdraws_what_people_agreed_to(t) {
        let s = TestServer::start(&t).await;
        let (who, app, _) = world(&s).await;
        let mut tab = Tab::of(&s, &who);
        let tokens = agreed(&s, &mut tab, &app).await;
        let path = format!("/api/v1/tenants/contoso/users/{}/consents", who.user);
        let list = s.get(&path).await.expect(200).json();
        assert_eq!((&list["items"][0]["app"], &list["items"][0]["name"]), (&json!(app.id), &json!("Guest <book>")));
        assert_eq!(list["items"][0]["scopes"], json!(["openid", "offline_access", "computers.view"]));
        // Whoever may only look does not withdraw.
        let bob = s.person(who.tenant, "bob", READ_ONLY).await;
        let mut bob = Tab::of(&s, &s.session(who.tenant, bob, "single").await);
        let r = bob.request(Method::DELETE, &format!("{path}/{}", app.id));
        bob.send(r).await.expect(403);
        assert!(s.active(&app, text(&tokens, "access_token")).await);
        s.as_owner(Method::DELETE, &format!("{path}/{}", app.id), None).await.expect(204);
        assert!(!s.active(&app, text(&tokens, "access_token")).await);
        s.refresh(&app, text(&tokens, "refresh_token")).await.expect(400);
        s.as_owner(Method::DELETE, &format!("{path}/{}", app.id), None).await.expect(404);
        // Of another tenant's people nothing is told.
        s.tenant("fabrikam").await;
        s.get(&format!("/api/v1/tenants/fabrikam/users/{}/consents", who.user)).await.expect(404);
    }
);

story!(
    async fn what_an_application_may_ask_for_is_narrowed_for_tokens_that_are_out(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", TECHNICIAN).await;
        let who = s.session(tenant, user, "mfa").await;
        let app = s.app(tenant, |_| {}).await;
        let code = s.code(&app, &who, &[("scope", "openid offline_access computers.view computers.edit")]).await;
        let tokens = s.redeem(&app, &code).await.expect(200).json();
        let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
        assert_eq!(scope(&s, &app, access).await, "openid offline_access computers.view computers.edit");
        let at = format!("/api/v1/tenants/contoso/apps/{}", app.id);
        let narrow = json!({ "scopes": ["computers.view"] });
        s.as_owner(Method::PATCH, &at, Some(narrow)).await.expect(200);
        let less = "openid offline_access computers.view";
        assert_eq!(scope(&s, &app, access).await, less);
        assert_eq!(scope(&s, &app, refresh).await, less);
        let next = s.refresh(&app, refresh).await.expect(200).json();
        assert_eq!(next["scope"], less);
        // Rights that are taken away are gone from what is out as well.
        let grants = s.get("/api/v1/tenants/contoso/grants").await.expect(200).json();
        let grant = grants["items"][0]["id"].as_str().unwrap();
        s.as_owner(Method::DELETE, &format!("/api/v1/tenants/contoso/grants/{grant}"), None).await.expect(204);
        assert_eq!(scope(&s, &app, access).await, "openid offline_access");
    }
);

story!(
    /// A service that is sent a token could send it on to us in its person's name.
    async fn a_token_for_another_service_is_none_for_the_api(t) {
        let s = TestServer::start(&t).await;
        let (who, _, app) = world(&s).await;
        let far = s.app(who.tenant, |new| {
            new.settings.audience = Some("https://files.contoso.example".to_owned());
        }).await;
        for (app, status) in [(&app, 200), (&far, 401)] {
            let code = s.code(app, &who, &[]).await;
            let tokens = s.redeem(app, &code).await.expect(200).json();
            let token = text(&tokens, "access_token");
            s.browser().bearer(token).get("/api/v1/me").await.expect(status);
            s.browser().bearer(token).get("/oauth/userinfo").await.expect(200);
            assert!(s.active(app, token).await);
        }
    }
);
