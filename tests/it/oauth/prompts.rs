//! What an application may ask of a sign-in.

use crate::{
    oauth::logout::signed_in,
    story,
    support::{
        TestServer,
        person::{READ_ONLY, TENANT_ADMIN, field, fields},
        tab::Tab,
    },
};

story!(
    async fn what_is_only_a_wish_changes_nothing(t) {
        let s = TestServer::start(&t).await;
        let (who, app, _) = signed_in(&s).await;
        for (name, value) in [
            ("display", "popup"), ("display", "page"), ("ui_locales", "de en"), ("claims_locales", "de"),
            ("acr_values", "urn:muster:loa:1"), ("extra", "foobar"), ("max_age", "10000"), ("prompt", ""), ("nonce", ""),
        ] {
            let a = s.authorize(&app, &who, &[(name, value)]).await.expect(303);
            assert!(field(a.header("location"), "code").is_some(), "{name}={value}: {}", a.header("location"));
        }
    }
);

story!(
    async fn a_new_sign_in_is_wanted(t) {
        let s = TestServer::start(&t).await;
        let (who, app, _) = signed_in(&s).await;
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        for more in [
            [("prompt", "login")], [("prompt", "select_account")], [("prompt", "login consent")], [("max_age", "0")],
        ] {
            let mut tab = Tab::of(&s, &who);
            let a = tab.authorize(&app, &more).await.expect(303);
            assert!(a.header("location").starts_with("/signin/"), "{more:?}: {}", a.header("location"));
            let flow = a.header("location").trim_start_matches("/signin/").to_owned();
            let a = tab.get(&format!("/oauth/resume?flow={flow}")).await.expect(303);
            assert_eq!(a.header("location"), format!("/signin/{flow}"), "the old session does not do");
            let fresh = s.session(who.tenant, who.user, "single").await;
            tab.cookies.insert("muster_session".to_owned(), fresh.cookie.clone());
            let a = tab.get(&format!("/oauth/resume?flow={flow}")).await;
            if more[0].1.contains("consent") {
                assert!(a.expect(200).text.contains("id=\"allow\""), "and then the other question");
            } else {
                assert!(field(a.expect(303).header("location"), "code").is_some(), "{more:?}");
            }
        }
        let none = s.authorize(&app, &who, &[("prompt", "none"), ("max_age", "0")]).await.expect(303);
        assert_eq!(field(none.header("location"), "error").as_deref(), Some("login_required"));
    }
);

story!(
    async fn a_hint_names_who_is_meant(t) {
        let s = TestServer::start(&t).await;
        let (who, app, tokens) = signed_in(&s).await;
        let hint = tokens["id_token"].as_str().unwrap();
        let bob = s.person(who.tenant, "bob", READ_ONLY).await;
        let bob = s.session(who.tenant, bob, "single").await;
        let silent = [("prompt", "none"), ("id_token_hint", hint)];
        let a = s.authorize(&app, &who, &silent).await.expect(303);
        assert!(field(a.header("location"), "code").is_some());
        let a = s.authorize(&app, &bob, &silent).await.expect(303);
        assert_eq!(field(a.header("location"), "error").as_deref(), Some("login_required"));
        // With pages, somebody else is asked to sign in; if that is somebody else again, the application is told so.
        let mut tab = Tab::of(&s, &bob);
        let a = tab.authorize(&app, &silent[1..]).await.expect(303);
        let flow = a.header("location").strip_prefix("/signin/").expect("the sign-in").to_owned();
        let again = s.session(bob.tenant, bob.user, "single").await;
        tab.cookies.insert("muster_session".to_owned(), again.cookie.clone());
        let a = tab.get(&format!("/oauth/resume?flow={flow}")).await.expect(303);
        assert_eq!(field(a.header("location"), "error").as_deref(), Some("login_required"));
        // Another application's, another kind of token, nonsense.
        let other = s.app(who.tenant, |_| {}).await;
        for (app, hint) in [(&other, hint), (&app, tokens["access_token"].as_str().unwrap()), (&app, "x.y.z")] {
            // A page of ours: nothing is sent to anybody.
            let a = s.authorize(app, &who, &[("id_token_hint", hint)]).await.expect(400);
            assert_eq!(a.header("location"), "");
            assert!(a.text.contains("id=\"title\""));
        }
    }
);

story!(
    async fn a_request_comes_by_post_as_well(t) {
        let s = TestServer::start(&t).await;
        let (who, app, _) = signed_in(&s).await;
        let all = fields(&app, &[]);
        let mut tab = Tab::of(&s, &who);
        let r = tab.request(reqwest::Method::POST, "/oauth/authorize").form(&all);
        let a = tab.send(r).await.expect(303);
        assert!(field(a.header("location"), "code").is_some(), "{}", a.header("location"));
        // From another site's page: without cookies, so the browser asks once more and brings them.
        let mut foreign = Tab::new(&s);
        let r = foreign.request(reqwest::Method::POST, "/oauth/authorize").form(&all);
        let a = foreign.send(r.header("origin", "https://app.example").header("sec-fetch-site", "cross-site")).await.expect(303);
        assert_eq!(a.header("set-cookie"), "", "no cookie replaces the browser's own");
        let a = tab.follow(&a).await.expect(303);
        assert!(field(a.header("location"), "code").is_some());
        // What is wrong is answered as by GET.
        for (name, value) in [("client_id", "app_x"), ("redirect_uri", "https://evil.example/")] {
            let r = tab.request(reqwest::Method::POST, "/oauth/authorize").form(&fields(&app, &[(name, value)]));
            let a = tab.send(r).await.expect(400);
            assert_eq!(a.header("location"), "");
            assert!(a.text.contains("id=\"title\""));
        }
        let r = tab.request(reqwest::Method::POST, "/oauth/authorize").header("content-type", "text/plain").body("x");
        tab.send(r).await.expect(400);
    }
);

story!(
    /// With a page there would be a way on, so it is no refusal.
    async fn a_silent_request_that_wants_a_second_factor_is_told_to_sign_in(t) {
        let s = TestServer::start(&t).await;
        let (who, app, _) = signed_in(&s).await;
        let silent = [("prompt", "none")];
        let a = s.authorize(&app, &who, &silent).await.expect(303);
        assert!(field(a.header("location"), "code").is_some(), "{}", a.header("location"));
        let mia = s.person(who.tenant, "mia", TENANT_ADMIN).await;
        let mia = s.session(who.tenant, mia, "single").await;
        let a = s.authorize(&app, &mia, &silent).await.expect(303);
        assert_eq!(field(a.header("location"), "error").as_deref(), Some("login_required"));
        // Numbers of seconds are digits, however many.
        for (age, fits) in [("99999999999", true), ("+5", false), ("5.0", false), ("", true), ("-1", false)] {
            let a = s.authorize(&app, &who, &[("max_age", age)]).await.expect(303);
            let error = field(a.header("location"), "error");
            assert_eq!(error.is_none(), fits, "{age}: {}", a.header("location"));
        }
    }
);
