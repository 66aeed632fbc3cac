//! Logout that an application asks for (OpenID Connect RP-Initiated Logout 1.0).

use crate::{
    story,
    support::{
        TestServer,
        person::{Person, READ_ONLY, TestApp, field},
        tab::Tab,
    },
};
use serde_json::Value;

pub const GOODBYE: &str = "https://app.example/goodbye?from=muster";

/// A person with a session, an application, and the tokens it has of them.
pub async fn signed_in(s: &TestServer) -> (Person, TestApp, Value) {
    let tenant = s.tenant("contoso").await;
    let user = s.person(tenant, "ada", READ_ONLY).await;
    let who = s.session(tenant, user, "single").await;
    let app = s
        .app(tenant, |new| {
            new.settings.post_logout_redirect_uris = vec![GOODBYE.to_owned()];
            new.settings.client_uri = Some("https://app.example/".to_owned());
        })
        .await;
    let code = s.code(&app, &who, &[]).await;
    let tokens = s.redeem(&app, &code).await.expect(200).json();
    (who, app, tokens)
}

pub fn url(fields: &[(&str, &str)]) -> String {
    let q = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    format!("/oauth/logout?{q}")
}

/// Whether somebody is still signed in, asked without a page.
pub async fn alive(s: &TestServer, app: &TestApp, who: &Person) -> bool {
    let a = s.authorize(app, who, &[("prompt", "none")]).await.expect(303);
    match field(a.header("location"), "error") {
        None => true,
        Some(e) => {
            assert_eq!(e, "login_required");
            false
        }
    }
}

story!(
    async fn with_a_hint_of_the_session_it_ends_and_the_browser_goes_back(t) {
        let s = TestServer::start(&t).await;
        let (who, app, tokens) = signed_in(&s).await;
        assert!(alive(&s, &app, &who).await);
        let hint = tokens["id_token"].as_str().unwrap();
        let mut tab = Tab::of(&s, &who);
        let all = [
            ("id_token_hint", hint), ("post_logout_redirect_uri", GOODBYE), ("state", "a&b"),
            ("client_id", app.client_id.as_str()), ("ui_locales", "de"), ("logout_hint", "x"), ("unknown", "y"),
        ];
        let a = tab.get(&url(&all)).await.expect(303);
        assert_eq!(a.header("location"), format!("{GOODBYE}&state=a%26b"));
        assert!(!tab.cookies.contains_key("muster_session"), "the cookie is taken away");
        assert!(!alive(&s, &app, &who).await);
        let refresh = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(s.refresh(&app, refresh).await.expect(400).json()["error"], "invalid_grant");
        assert!(!s.active(&app, tokens["access_token"].as_str().unwrap()).await);
        // Once more, with nobody signed in: the same way back.
        let a = tab.get(&url(&all[..2])).await.expect(303);
        assert_eq!(a.header("location"), GOODBYE, "and no state where none was given");
    }
);

story!(
    async fn without_a_return_address_it_ends_on_a_page_of_ours(t) {
        let s = TestServer::start(&t).await;
        let (who, app, tokens) = signed_in(&s).await;
        let mut tab = Tab::of(&s, &who);
        let hint = tokens["id_token"].as_str().unwrap();
        let a = tab.get(&url(&[("id_token_hint", hint)])).await.expect(200);
        assert!(a.text.contains("id=\"signed-out\"") && a.text.contains("You are signed out"), "{}", a.text);
        assert!(a.text.contains("href=\"https://app.example/\""), "the way back to the application's own page");
        assert!(!alive(&s, &app, &who).await);
        let nobody = Tab::new(&s).get("/oauth/logout").await.expect(200);
        assert!(nobody.text.contains("id=\"signed-out\""));
    }
);

story!(
    async fn whoever_proves_nothing_is_asked(t) {
        let s = TestServer::start(&t).await;
        let (who, app, _) = signed_in(&s).await;
        let mut tab = Tab::of(&s, &who);
        let with_client = [
            ("client_id", app.client_id.as_str()), ("post_logout_redirect_uri", GOODBYE), ("state", "x\"y"),
        ];
        for query in [vec![], vec![("state", "only")], with_client.to_vec()] {
            let page = tab.get(&url(&query)).await.expect(200);
            assert!(page.text.contains("id=\"logout-yes\"") && page.text.contains("id=\"logout-no\""), "{}", page.text);
            assert!(alive(&s, &app, &who).await, "a GET ends nothing");
            let stay = tab.press(&page, "/oauth/logout/answer", "no").await.expect(303);
            assert_eq!(stay.header("location"), "/me");
            assert!(alive(&s, &app, &who).await, "nor does a no");
        }
        let page = tab.get(&url(&with_client)).await.expect(200);
        assert!(page.text.contains("Portal"), "who asks");
        let a = tab.press(&page, "/oauth/logout/answer", "yes").await.expect(303);
        assert_eq!(field(a.header("location"), "state").as_deref(), Some("x\"y"));
        assert!(a.header("location").starts_with(GOODBYE));
        assert!(!alive(&s, &app, &who).await);
    }
);

story!(
    async fn a_hint_of_another_session_is_not_enough(t) {
        let s = TestServer::start(&t).await;
        let (who, app, tokens) = signed_in(&s).await;
        let hint = tokens["id_token"].as_str().unwrap();
        let elsewhere = s.session(who.tenant, who.user, "single").await;
        let bob = s.person(who.tenant, "bob", READ_ONLY).await;
        let bob = s.session(who.tenant, bob, "single").await;
        for other in [&elsewhere, &bob] {
            let mut tab = Tab::of(&s, other);
            let page = tab.get(&url(&[("id_token_hint", hint), ("post_logout_redirect_uri", GOODBYE)])).await;
            assert!(page.expect(200).text.contains("id=\"logout-yes\""));
            assert!(alive(&s, &app, other).await);
        }
        assert!(alive(&s, &app, &who).await, "the hint's own session lives: its browser did not ask");
    }
);

story!(
    /// What another site's form sends comes without cookies: the browser is sent once more, by GET, and brings them.
    async fn a_post_is_a_get_with_cookies(t) {
        let s = TestServer::start(&t).await;
        let (who, app, tokens) = signed_in(&s).await;
        let hint = tokens["id_token"].as_str().unwrap();
        let fields = [("id_token_hint", hint), ("post_logout_redirect_uri", GOODBYE), ("state", "s 1")];
        let mut foreign = Tab::new(&s);
        let r = foreign.request(reqwest::Method::POST, "/oauth/logout").form(&fields);
        let r = r.header("origin", "https://app.example").header("sec-fetch-site", "cross-site");
        let a = foreign.send(r).await.expect(303);
        assert!(alive(&s, &app, &who).await);
        let mut tab = Tab::of(&s, &who);
        let a = tab.follow(&a).await.expect(303);
        assert_eq!(a.header("location"), format!("{GOODBYE}&state=s+1"));
        assert!(!alive(&s, &app, &who).await);
    }
);
