//! Logout: what looks like a wish to sign out and is none.

use crate::{
    oauth::logout::{GOODBYE, alive, signed_in, url},
    story,
    support::{TestServer, keys::ClientKey, person::claims, tab::Tab},
};
use muster::crypto::{b64, jwt::Alg};
use serde_json::json;

story!(
    /// An open redirect by way of the logout endpoint: compared to the letter, for the application that is named.
    async fn a_return_address_that_is_not_registered_leads_nowhere(t) {
        let s = TestServer::start(&t).await;
        let (who, app, tokens) = signed_in(&s).await;
        let other = s.app(who.tenant, |_| {}).await;
        let hint = tokens["id_token"].as_str().unwrap();
        let mut tab = Tab::of(&s, &who);
        let mut nobody = Tab::new(&s);
        let mut refused = async |fields: &[(&str, &str)]| {
            for tab in [&mut tab, &mut nobody] {
                let a = tab.get(&url(fields)).await;
                assert_eq!(a.status, 400, "{fields:?}");
                assert_eq!(a.header("location"), "", "{fields:?}");
                assert!(a.text.contains("id=\"title\""), "a page of ours");
                assert_eq!(a.header("set-cookie"), "", "nothing was ended");
            }
        };
        for bad in [
            "https://app.example/goodbye", "https://app.example/goodbye?from=muster&x=1", "https://app.example/goodbye?from=muster#f",
            "https://APP.example/goodbye?from=muster", "https://app.example:443/goodbye?from=muster",
            "https://app.example.evil.example/goodbye?from=muster", "https://app.example@evil.example/goodbye?from=muster",
            "https://app.example/x/../goodbye?from=muster", "//app.example/goodbye?from=muster", "javascript:alert(1)",
            "https://app.example/callback?x=1", "/me", " ",
        ] {
            refused(&[("id_token_hint", hint), ("post_logout_redirect_uri", bad)]).await;
            refused(&[("client_id", &app.client_id), ("post_logout_redirect_uri", bad)]).await;
        }
        // A good one that nobody is named for, or another application.
        refused(&[("post_logout_redirect_uri", GOODBYE)]).await;
        refused(&[("client_id", &other.client_id), ("post_logout_redirect_uri", GOODBYE)]).await;
        refused(&[("client_id", &other.client_id), ("id_token_hint", hint)]).await;
        refused(&[("client_id", "app_unknown"), ("post_logout_redirect_uri", GOODBYE)]).await;
        refused(&[("id_token_hint", hint), ("id_token_hint", hint)]).await;
        assert!(alive(&s, &app, &who).await);
    }
);

story!(
    /// `alg` none, a key of somebody else's, another kind of token of ours: no hint (OpenID's own module tests the same).
    async fn a_hint_is_an_id_token_that_we_signed(t) {
        let s = TestServer::start(&t).await;
        let (who, app, tokens) = signed_in(&s).await;
        let good = tokens["id_token"].as_str().unwrap();
        let c = claims(good);
        let kid = muster::crypto::jwt::header(good).unwrap().kid.unwrap();
        let stranger = ClientKey::new(&kid, Alg::ES256);
        let parts: Vec<&str> = good.split('.').collect();
        let mut other = c.clone();
        other["sub"] = json!(who.tenant);
        let bad = [
            format!("{}.{}.", b64(json!({"alg": "none"}).to_string()), parts[1]),
            format!("{}.{}.{}", b64(json!({"alg": "none", "kid": kid}).to_string()), parts[1], parts[2]),
            stranger.sign(&stranger.header(), &c),
            format!("{}.{}.{}", parts[0], b64(other.to_string()), parts[2]),
            format!("{}.{}.{}", parts[0], parts[1], &parts[2][2..]),
            tokens["access_token"].as_str().unwrap().to_owned(),
            tokens["refresh_token"].as_str().unwrap().to_owned(),
            "x".to_owned(), "..".to_owned(),
        ];
        let mut tab = Tab::of(&s, &who);
        for hint in &bad {
            for fields in [vec![("id_token_hint", hint.as_str())],
                           vec![("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", GOODBYE),
                                ("client_id", app.client_id.as_str())]] {
                let a = tab.get(&url(&fields)).await.expect(400);
                assert_eq!((a.header("location"), a.header("set-cookie")), ("", ""), "{hint}");
            }
        }
        assert!(alive(&s, &app, &who).await);
        // A logout token is no id token either.
        let client = s.app.apps.find(&app.client_id).await.unwrap().unwrap();
        let token = s.app.gate.logout_token(&client, who.user, who.session, "m").unwrap();
        tab.get(&url(&[("id_token_hint", &token)])).await.expect(400);
        assert!(s.app.gate.hint(good).is_ok());
    }
);

story!(
    /// Another site's page answers the question: it does not count (logout CSRF).
    async fn the_question_is_answered_on_our_own_page(t) {
        let s = TestServer::start(&t).await;
        let (who, app, _) = signed_in(&s).await;
        for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")] {
            let mut tab = Tab::of(&s, &who);
            let r = tab.request(reqwest::Method::POST, "/oauth/logout/answer").form(&[("answer", "yes")]).header(name, value);
            tab.send(r).await.expect(403);
            assert!(alive(&s, &app, &who).await, "{name}: {value}");
        }
        let mut tab = Tab::of(&s, &who);
        tab.form("/oauth/logout/answer", &[("answer", "maybe")]).await.expect(400);
        tab.form("/oauth/logout/answer", &[("answer", "yes"), ("post_logout_redirect_uri", "https://evil.example/")]).await.expect(400);
        assert!(alive(&s, &app, &who).await);
        let a = tab.get("/oauth/logout").await.expect(200);
        assert!(a.header("content-security-policy").contains("frame-ancestors 'none'"), "no frame to click in");
        assert!(a.header("cache-control").contains("no-store"));
    }
);
