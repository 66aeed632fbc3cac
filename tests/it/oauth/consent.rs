//! The question for consent.

use crate::{
    story,
    support::{
        TestServer,
        person::{Person, READ_ONLY, TECHNICIAN, TestApp, claims, field},
        server::Answer,
        tab::{Tab, hidden},
    },
};
use muster::{apps::consents, id::RoleId};

async fn world(s: &TestServer) -> (Person, TestApp) {
    let tenant = s.tenant("contoso").await;
    let user = s.person(tenant, "ada", READ_ONLY).await;
    let who = s.session(tenant, user, "single").await;
    let app = s
        .app(tenant, |new| {
            "Guest <book>".clone_into(&mut new.name);
            new.settings.trusted = false;
            new.settings.logo_uri = Some("https://cdn.app.example:8443/logo.svg?v=1".to_owned());
            new.settings.policy_uri = Some("https://app.example/privacy".to_owned());
            new.settings.tos_uri = Some("https://app.example/terms".to_owned());
        })
        .await;
    (who, app)
}

async fn question(tab: &mut Tab, app: &TestApp, more: &[(&str, &str)]) -> Answer {
    let a = tab.authorize(app, more).await.expect(303);
    assert!(a.header("location").starts_with("/oauth/resume?flow="), "{}", a.header("location"));
    let page = tab.follow(&a).await.expect(200);
    assert!(
        page.text.contains("id=\"allow\"") && page.text.contains("id=\"deny\""),
        "{}",
        page.text
    );
    page
}

const SOME: [(&str, &str); 1] = [("scope", "openid profile computers.view")];

story!(
    async fn a_person_is_asked_once_and_again_when_it_wants_more(t) {
        let s = TestServer::start(&t).await;
        let (who, app) = world(&s).await;
        let mut tab = Tab::of(&s, &who);
        let silent = [SOME[0], ("prompt", "none")];
        let a = tab.authorize(&app, &silent).await.expect(303);
        assert_eq!(field(a.header("location"), "error").as_deref(), Some("consent_required"));

        let page = question(&mut tab, &app, &SOME).await;
        for text in ["Guest &#60;book&#62;", "Computers: View", "see your name", "https://app.example/privacy",
                     "https://app.example/terms", "https://cdn.app.example:8443/logo.svg"] {
            assert!(page.text.contains(text), "{text}: {}", page.text);
        }
        assert!(!page.text.contains("Delete"), "what they do not hold is not asked for");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("img-src 'self' data: https://cdn.app.example:8443; "), "{policy}");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));

        let a = tab.press(&page, "/oauth/consent", "deny").await.expect(303);
        assert_eq!(field(a.header("location"), "error").as_deref(), Some("access_denied"));
        assert_eq!(field(a.header("location"), "state").as_deref(), Some("s-1"));
        assert!(consents::of(&s.app.store, who.tenant, who.user, app.id).await.unwrap().is_none());

        let page = question(&mut tab, &app, &SOME).await;
        let a = tab.press(&page, "/oauth/consent", "allow").await.expect(303);
        let code = field(a.header("location"), "code").expect("a code");
        let tokens = s.redeem(&app, &code).await.expect(200).json();
        assert_eq!(tokens["scope"], "openid profile computers.view");
        let a = tab.authorize(&app, &silent).await.expect(303);
        assert!(field(a.header("location"), "code").is_some(), "not asked twice, and silently");
        let a = tab.authorize(&app, &[("scope", "openid")]).await.expect(303);
        assert!(field(a.header("location"), "code").is_some(), "less is within it");

        let more = [("scope", "openid profile computers.view email")];
        let page = question(&mut tab, &app, &more).await;
        tab.press(&page, "/oauth/consent", "allow").await.expect(303);
        let page = question(&mut tab, &app, &[SOME[0], ("prompt", "consent")]).await;
        let a = tab.press(&page, "/oauth/consent", "allow").await.expect(303);
        assert!(field(a.header("location"), "code").is_some(), "asked because it was wanted, and once");

        let cx = s.app.system();
        assert_eq!(consents::list(&s.app.store, who.tenant, who.user).await.unwrap().len(), 1);
        consents::withdraw(&s.app.store, &cx, who.tenant, who.user, app.id).await.unwrap();
        question(&mut tab, &app, &SOME).await;
    }
);

story!(
    async fn the_platforms_own_and_trusted_ones_do_not_ask(t) {
        let s = TestServer::start(&t).await;
        let (who, app) = world(&s).await;
        let provider = s.provider().await;
        let own = s.app(provider, |new| {
            new.settings.trusted = false;
            new.platform = true;
        }).await;
        let mut tab = Tab::of(&s, &who);
        let a = tab.authorize(&own, &SOME).await.expect(303);
        assert!(field(a.header("location"), "code").is_some());
        question(&mut tab, &own, &[SOME[0], ("prompt", "consent")]).await;
        question(&mut tab, &app, &SOME).await;
        let path = format!("/api/v1/tenants/contoso/apps/{}", app.id);
        let body = serde_json::json!({"trusted": true});
        s.as_owner(reqwest::Method::PATCH, &path, Some(body)).await.expect(200);
        let a = tab.authorize(&app, &SOME).await.expect(303);
        assert!(field(a.header("location"), "code").is_some());
    }
);

story!(
    /// Rights that come later are not what the person agreed to: no refresh gives them.
    async fn what_was_not_shown_is_not_given_later(t) {
        let s = TestServer::start(&t).await;
        let (who, app) = world(&s).await;
        let mut tab = Tab::of(&s, &who);
        let wide = [("scope", "openid offline_access computers.view computers.edit")];
        let page = question(&mut tab, &app, &wide).await;
        let a = tab.press(&page, "/oauth/consent", "allow").await.expect(303);
        let code = field(a.header("location"), "code").unwrap();
        let tokens = s.redeem(&app, &code).await.expect(200).json();
        let permit = s.permit(who.tenant).await;
        let role = RoleId::parse(TECHNICIAN).unwrap();
        let grant = muster::access::grants::NewGrant::manual(who.tenant, who.user, role);
        muster::access::grants::add(&s.app.access, &permit, grant).await.unwrap();
        let next = s.refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.expect(200).json();
        assert_eq!(next["scope"], "openid offline_access computers.view");
        assert_eq!(claims(next["access_token"].as_str().unwrap())["scope"], next["scope"]);
        let page = question(&mut tab, &app, &wide).await;
        assert!(page.text.contains("Computers: Edit"), "now it is asked for");
        // A field that the page did not have: not more than would be given.
        let mut all = hidden(&page.text);
        all.retain(|(n, _)| n != "scope");
        all.push(("scope".to_owned(), "openid computers.delete".to_owned()));
        all.push(("answer".to_owned(), "allow".to_owned()));
        let r = tab.request(reqwest::Method::POST, "/oauth/consent").form(&all);
        let a = tab.send(r).await.expect(303);
        let tokens = s.redeem(&app, &field(a.header("location"), "code").unwrap()).await.expect(200).json();
        assert_eq!(tokens["scope"], "openid offline_access computers.view");
    }
);

story!(
    /// An approval that is not bound to the browser, the session and our own page (Dex CVE-2022-39222).
    async fn an_answer_counts_from_the_page_that_asked(t) {
        let s = TestServer::start(&t).await;
        let (who, app) = world(&s).await;
        let mut tab = Tab::of(&s, &who);
        let page = question(&mut tab, &app, &SOME).await;
        let none = async || consents::of(&s.app.store, who.tenant, who.user, app.id).await.unwrap().is_none();
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            let mut all = hidden(&page.text);
            all.push(("answer".to_owned(), "allow".to_owned()));
            let r = tab.request(reqwest::Method::POST, "/oauth/consent").form(&all).header(name, value);
            tab.send(r).await.expect(403);
        }
        let mut stranger = Tab::of(&s, &who);
        stranger.press(&page, "/oauth/consent", "allow").await.expect(400);
        assert!(none().await, "another browser, though the same session");
        // Somebody else signed in in the same browser meanwhile: they are shown the page themselves.
        let bob = s.person(who.tenant, "bob", READ_ONLY).await;
        let bob = s.session(who.tenant, bob, "single").await;
        let mine = tab.cookies.insert("muster_session".to_owned(), bob.cookie.clone()).unwrap();
        let a = tab.press(&page, "/oauth/consent", "allow").await.expect(303);
        assert!(a.header("location").starts_with("/oauth/resume?flow="));
        assert!(consents::of(&s.app.store, bob.tenant, bob.user, app.id).await.unwrap().is_none());
        assert!(none().await);
        tab.cookies.insert("muster_session".to_owned(), mine);
        tab.press(&page, "/oauth/consent", "perhaps").await.expect(400);
        let a = tab.press(&page, "/oauth/consent", "allow").await.expect(303);
        assert!(field(a.header("location"), "code").is_some());
        tab.press(&page, "/oauth/consent", "allow").await.expect(400);
    }
);
