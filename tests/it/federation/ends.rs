//! Where a session ends with the provider's: not after `session_expiry`; and who signs out here is sent to the provider's
//! own logout, where the directory's settings say so.

use super::stub::{World, provisioned_as, signed_in, world, world_beside};
use crate::{
    pure, story,
    support::{
        op::{Op, Seal, now},
        person::{Person, TestApp, fields},
        server::{Answer, Client},
    },
};
use muster::{
    clock::Timestamp,
    flows::goodbye::{self, Goodbye},
    id::{DirectoryId, FlowId, TenantId, UserId},
    sql,
    store::Scope,
    tx,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;

const GOODBYE: &str = "https://app.example/goodbye?from=muster";

story!(
    async fn a_session_ends_no_later_than_the_provider_says(t) {
        let w = world(&t, "generic", json!({})).await;
        let browser = w.ours.browser();
        let ends = async || {
            let s = w.session().await;
            Timestamp::parse_rfc3339(s["expires_at"].as_str().unwrap()).unwrap().secs()
        };
        let soon = now() + 600;
        w.sign_in(&browser, Seal::Good, |c| c["session_expiry"] = json!(soon)).await;
        assert!(signed_in(&browser).await);
        assert_eq!(ends().await, soon);
        // A later one is no reason to last longer than we let any session last.
        let day = 24 * 3600;
        w.sign_in(&browser, Seal::Good, |c| c["session_expiry"] = json!(now() + 30 * day)).await;
        assert!((ends().await - now() - day).abs() < 60);
        w.policy(json!({ "sessions": { "max": 3600 } })).await;
        w.sign_in(&browser, Seal::Good, |c| c["session_expiry"] = json!(now() + day)).await;
        assert!((ends().await - now() - 3600).abs() < 60);
        for bad in [json!(now() - 1), json!("soon"), json!([now() + 600])] {
            let other = w.ours.browser();
            let refused = w.sign_in(&other, Seal::Good, |c| c["session_expiry"] = bad.clone()).await;
            assert!(refused.header("location").starts_with("/refused/"), "{bad}");
            assert!(!signed_in(&other).await);
        }
    }
);

impl World {
    /// Has its people's sign-outs go on at the provider, which publishes this address for that.
    async fn ends_at(&self, address: &str) {
        self.op.set(|s| s.about = json!({ "end_session_endpoint": address }));
        self.end_upstream(true).await.expect(200);
    }
    async fn end_upstream(&self, on: bool) -> Answer {
        let path = format!("/api/v1/tenants/{}/directories/{}", self.tenant, self.directory);
        let signin = json!({ "issuer": self.op.issuer, "client_id": "muster", "end_upstream": on });
        self.ours.as_owner(Method::PATCH, &path, Some(json!({ "signin": signin }))).await
    }
    async fn shown(&self) -> Value {
        let path = format!("/api/v1/tenants/{}/directories/{}", self.tenant, self.directory);
        self.ours.get(&path).await.expect(200).json()
    }
    /// Signs out, and gives where the provider's address is, with what it is asked.
    async fn sent(&self, browser: &Client, left: &Answer) -> (String, HashMap<String, String>) {
        let to = left.header("location");
        assert!(to.starts_with("/federation/logout?flow="), "{to}");
        assert!(!signed_in(browser).await, "our own session ends first");
        let away = browser.get(to).await.expect(303).header("location").to_owned();
        let url = url::Url::parse(&away).unwrap_or_else(|_| panic!("went to {away}"));
        (away.clone(), url.query_pairs().into_owned().collect())
    }
}

async fn sign_out(browser: &Client) -> Answer {
    browser.form("/me/signout", &[]).await.expect(303)
}

/// At our own page, which says that it is done.
async fn at_the_end(browser: &Client, to: &str) {
    let page = browser.get(to).await.expect(200).text;
    assert!(page.contains("id=\"signed-out\""), "{page}");
}

story!(
    async fn who_signs_out_is_sent_to_the_provider_and_comes_back(t) {
        let w = world(&t, "generic", json!({})).await;
        w.ends_at(&format!("{}/logout?x=1", w.op.issuer)).await;
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        assert!(signed_in(&browser).await);
        let left = sign_out(&browser).await;
        let (away, asked) = w.sent(&browser, &left).await;
        assert!(away.starts_with(&format!("{}/logout?x=1&", w.op.issuer)), "{away}");
        let shown = w.shown().await;
        assert_eq!(shown["signin"]["end_upstream"], true);
        let back = format!("{}/federation/signed-out/{}", w.ours.url, w.directory);
        assert_eq!(shown["post_logout_redirect_uri"], back);
        let mut names: Vec<&str> = asked.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["client_id", "id_token_hint", "post_logout_redirect_uri", "state", "x"]);
        let hint = crate::support::person::claims(&asked["id_token_hint"]);
        assert_eq!((&hint["iss"], &hint["aud"]), (&json!(w.op.issuer), &json!("muster")), "the provider's own id token");
        assert_eq!((asked["client_id"].as_str(), asked["post_logout_redirect_uri"].as_str()), ("muster", back.as_str()));
        let done = browser.get(&format!("{back}?state={}&iss=x", asked["state"])).await.expect(303);
        assert_eq!(done.header("location"), "/oauth/logout");
        at_the_end(&browser, done.header("location")).await;
        // It counts once; whoever goes back in their browser is at the page that says it is done.
        for over in [format!("{back}?state={}", asked["state"]), left.header("location").to_owned()] {
            assert_eq!(browser.get(&over).await.expect(303).header("location"), "/oauth/logout");
        }
    }
);

/// An application to which the browser's person is signed in, and its id token.
async fn application(w: &World, browser: &Client) -> (TestApp, String) {
    let app = w
        .ours
        .app(w.tenant, |new| {
            new.settings.post_logout_redirect_uris = vec![GOODBYE.to_owned()];
            new.settings.client_uri = Some("https://app.example/".to_owned());
        })
        .await;
    let asked = browser.request(Method::GET, "/oauth/authorize").query(&fields(&app, &[]));
    let answer = browser.send(asked).await.expect(303);
    let code = crate::support::person::field(answer.header("location"), "code").expect("a code");
    let tokens = w.ours.redeem(&app, &code).await.expect(200).json();
    (app, tokens["id_token"].as_str().unwrap().to_owned())
}

story!(
    /// Signed out by an application: first here, then at the provider, then back to the application.
    async fn an_application_gets_its_person_back_from_the_provider(t) {
        let w = world(&t, "generic", json!({})).await;
        w.ends_at(&format!("{}/logout", w.op.issuer)).await;
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        let (app, hint) = application(&w, &browser).await;
        // An address that is not registered: nothing ends, and nobody goes anywhere.
        let evil = crate::oauth::logout::url(&[("id_token_hint", &hint), ("post_logout_redirect_uri", "https://evil.example/")]);
        browser.get(&evil).await.expect(400);
        assert!(signed_in(&browser).await);
        let url = crate::oauth::logout::url(&[
            ("id_token_hint", &hint), ("post_logout_redirect_uri", GOODBYE), ("state", "a&b"),
        ]);
        let left = browser.get(&url).await.expect(303);
        let (_, asked) = w.sent(&browser, &left).await;
        assert!(!asked.values().any(|v| v.contains("app.example")), "{asked:?}");
        let back = format!("{}?state={}", asked["post_logout_redirect_uri"], asked["state"]);
        let done = browser.get(&back).await.expect(303);
        assert_eq!(done.header("location"), format!("{GOODBYE}&state=a%26b"));
        // Without an address to return to, our page leads back to the application.
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        let page = browser.get(&format!("/oauth/logout?client_id={}", app.client_id)).await.expect(200);
        let mut sent = crate::support::tab::hidden(&page.text);
        sent.push(("answer".to_owned(), "yes".to_owned()));
        let left = browser.send(browser.request(Method::POST, "/oauth/logout/answer").form(&sent)).await.expect(303);
        let (_, asked) = w.sent(&browser, &left).await;
        let back = format!("{}?state={}", asked["post_logout_redirect_uri"], asked["state"]);
        let done = browser.get(&back).await.expect(303).header("location").to_owned();
        let page = browser.get(&done).await.expect(200).text;
        assert!(page.contains("id=\"signed-out\"") && page.contains("href=\"https://app.example/\""), "{page}");
    }
);

story!(
    async fn nobody_is_sent_where_the_settings_do_not_say_so(t) {
        let w = world(&t, "generic", json!({})).await;
        w.op.set(|s| s.about = json!({ "end_session_endpoint": "https://login.example/logout" }));
        assert_eq!(w.shown().await["signin"]["end_upstream"], false);
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        assert_eq!(sign_out(&browser).await.header("location"), "/oauth/logout");
        at_the_end(&browser, "/oauth/logout").await;
        // Somebody who came by a password of ours has no provider, whatever their directory says.
        w.end_upstream(true).await.expect(200);
        let user = w.person.parse().unwrap();
        let Person { cookie, .. } = w.ours.session(w.tenant, user, "single").await;
        let cookie = format!("muster_session={cookie}");
        let other = w.ours.browser();
        let left = other.send(other.request(Method::POST, "/me/signout").header("cookie", cookie)).await;
        assert_eq!(left.expect(303).header("location"), "/oauth/logout");
        // Switched off while the browser is on its way.
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        let left = sign_out(&browser).await.header("location").to_owned();
        assert!(left.starts_with("/federation/logout?"), "{left}");
        w.end_upstream(false).await.expect(200);
        assert_eq!(browser.get(&left).await.expect(303).header("location"), "/oauth/logout");
    }
);

story!(
    /// The id token is kept for the provider's logout alone: only where it is asked, sealed, and as long as the session.
    async fn an_id_token_is_kept_where_it_is_wanted_again(t) {
        let kept = async |w: &World| {
            let mut c = w.ours.app.store.read(Scope::Tenant(w.tenant)).await.unwrap();
            sql!(c, all<String>, "SELECT hint FROM session_hints WHERE tenant_id = $1", w.tenant).unwrap()
        };
        let w = world(&t, "generic", json!({})).await;
        let at = format!("{}/logout", w.op.issuer);
        w.op.set(|s| s.about = json!({ "end_session_endpoint": at }));
        let early = w.ours.browser();
        w.sign_in(&early, Seal::Good, |_| {}).await;
        assert!(kept(&w).await.is_empty(), "nobody wants it");
        w.end_upstream(true).await.expect(200);
        let left = sign_out(&early).await;
        let (_, asked) = w.sent(&early, &left).await;
        assert!(!asked.contains_key("id_token_hint"), "they came before: {asked:?}");
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        let all = kept(&w).await;
        // As a token's header begins: three letters of it alone are somewhere in one sealed text of three hundred.
        let plain = ["eyJhbGciO", "eyJ0eXAiO", "eyJraWQiO"].iter().any(|begins| all[0].contains(begins));
        assert!(all.len() == 1 && all[0].starts_with("v1.") && !plain, "sealed: {all:?}");
        // Proved anew in the same session: the newest counts, and there is one.
        w.sign_in(&browser, Seal::Good, |c| c["round"] = json!(2)).await;
        assert_eq!(kept(&w).await.len(), 1);
        let left = sign_out(&browser).await;
        let (_, asked) = w.sent(&browser, &left).await;
        assert_eq!(crate::support::person::claims(&asked["id_token_hint"])["round"], 2);
        // One that would not fit into an address is not kept.
        w.sign_in(&browser, Seal::Good, |c| c["long"] = json!("x".repeat(6000))).await;
        let left = sign_out(&browser).await;
        let (_, asked) = w.sent(&browser, &left).await;
        assert!(!asked.contains_key("id_token_hint"), "{}", asked.len());
        // With the session's row it goes.
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        assert!(!kept(&w).await.is_empty());
        let path = format!("/api/v1/tenants/{}/users/{}", w.tenant, w.person);
        w.ours.as_owner(Method::DELETE, &path, None).await.expect(204);
        assert!(kept(&w).await.is_empty());
    }
);

story!(
    /// What a provider publishes is an address for browsers of ours: by the rules of every other address of a provider.
    async fn an_address_that_no_provider_should_have_is_not_gone_to(t) {
        let bad = [
            "http://login.example/logout", "javascript:alert(1)", "https://10.0.0.1/logout", "https://a:b@login.example/logout",
            "/oauth/authorize", "",
        ];
        let mut providers = Vec::new();
        for _ in bad {
            providers.push(Op::start("other").await);
        }
        let mut w = world_beside(&t, "generic", json!({}), &providers.iter().collect::<Vec<_>>()).await;
        for (bad, provider) in bad.into_iter().zip(providers) {
            w.op = provider;
            w.ends_at(bad).await;
            let browser = w.ours.browser();
            w.sign_in(&browser, Seal::Good, |_| {}).await;
            assert!(signed_in(&browser).await, "{bad}");
            let left = sign_out(&browser).await.header("location").to_owned();
            assert!(!signed_in(&browser).await, "{bad}");
            let to = browser.get(&left).await.expect(303);
            assert_eq!(to.header("location"), "/oauth/logout", "{bad}");
        }
    }
);

story!(
    /// The way back is this browser's, this directory's, and no sign-in.
    async fn a_way_back_that_is_not_ones_own_leads_nowhere(t) {
        let op = Op::start("other").await;
        let w = world_beside(&t, "generic", json!({}), &[&op]).await;
        w.ends_at(&format!("{}/logout", w.op.issuer)).await;
        let path = format!("/api/v1/tenants/{}/directories", w.tenant);
        let signin = json!({ "issuer": op.issuer, "client_id": "muster", "end_upstream": true });
        let second = w.ours.post(&path, json!({ "name": "Second", "preset": "generic", "signin": signin })).await;
        let second = second.expect(201).json()["post_logout_redirect_uri"].as_str().unwrap().to_owned();
        provisioned_as(&w.ours, (w.tenant, w.directory), "u2", "udo@contoso.example").await;
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        let (_, hint) = application(&w, &browser).await;
        let url = crate::oauth::logout::url(&[("id_token_hint", &hint), ("post_logout_redirect_uri", GOODBYE)]);
        let left = browser.get(&url).await.expect(303);
        let (_, asked) = w.sent(&browser, &left).await;
        let (back, state) = (asked["post_logout_redirect_uri"].as_str(), asked["state"].as_str());
        let done = "/oauth/logout";
        let stranger = w.ours.browser();
        for (who, at) in [
            (&stranger, format!("{back}?state={state}")),
            (&stranger, left.header("location").to_owned()),
            (&browser, format!("{second}?state={state}")),
            (&browser, format!("{back}?state=guessed")),
            (&browser, back.to_owned()),
            (&browser, format!("{back}?post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F")),
        ] {
            assert_eq!(who.get(&at).await.expect(303).header("location"), done, "{at}");
        }
        browser.get(&format!("{back}?state={state}&state={state}")).await.expect(400);
        // Nor is it a sign-in, for anybody.
        browser.get(&format!("/signin/{state}")).await.expect(400);
        let directory = w.directory.to_string();
        browser.form("/federation/start", &[("flow", state), ("directory", directory.as_str())]).await.expect(400);
        assert_eq!(browser.get(&format!("{back}?state={state}")).await.expect(303).header("location"), GOODBYE);
    }
);

story!(
    /// Auth0 takes the name of its own session, and no other is told one.
    async fn the_provider_is_told_whom_we_mean_where_it_takes_that(t) {
        let w = world(&t, "auth0", json!({})).await;
        w.ends_at(&format!("{}/logout", w.op.issuer)).await;
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |c| c["sid"] = json!("s 1")).await;
        let left = sign_out(&browser).await;
        let (_, asked) = w.sent(&browser, &left).await;
        assert_eq!(asked["logout_hint"], "s 1");
    }
);

pure!(
    fn a_sign_out_that_an_earlier_version_began_can_be_read() {
        let (tenant, directory, user) = (TenantId::new(), DirectoryId::new(), UserId::new());
        let older =
            json!({ "tenant": tenant, "directory": directory, "sid": "s1", "to": "/oauth/logout" });
        let read: Goodbye = serde_json::from_value(older).expect("the older form");
        let (sid, to) = (Some("s1".to_owned()), "/oauth/logout".to_owned());
        let known = Goodbye { tenant, directory, sid, user: None, hint: None, to };
        assert_eq!(read, known);
        let whole = Goodbye { user: Some(user), hint: Some("sealed".to_owned()), ..known };
        let written = serde_json::to_value(&whole).unwrap();
        assert_eq!(written["user"], json!(user), "an earlier version reads it as it wrote it");
        assert_eq!(serde_json::from_value::<Goodbye>(written).unwrap(), whole);
    }
);

story!(
    async fn who_was_on_their_way_out_during_an_update_gets_there(t) {
        let w = world(&t, "generic", json!({})).await;
        w.ends_at(&format!("{}/logout", w.op.issuer)).await;
        let browser = w.ours.browser();
        // Once as the row was before there was a person in it, once with what is sealed for somebody it does not name.
        for left_out in [vec!["user", "hint"], vec!["user"]] {
            w.sign_in(&browser, Seal::Good, |_| {}).await;
            let left = sign_out(&browser).await;
            let to = left.header("location").to_owned();
            let flow: FlowId = to.strip_prefix("/federation/logout?flow=").unwrap().parse().unwrap();
            let mut c = w.ours.app.store.read(Scope::Platform).await.unwrap();
            let all = sql!(c, all<String>, {
                lite: "SELECT state FROM flows /* platform: test */ WHERE id = $1",
                pg: "SELECT state::text FROM flows /* platform: test */ WHERE id = $1",
            }, flow).unwrap();
            drop(c);
            let mut row: Value = serde_json::from_str(&all[0]).unwrap();
            for name in left_out {
                assert!(row.as_object_mut().unwrap().remove(name).is_some(), "{name} is written");
            }
            let cx = w.ours.app.system();
            tx!(w.ours.app.store, &cx, [row], |tx| {
                tx.unaudited("a test");
                let row = muster::store::J(&row);
                sql!(tx, exec, "UPDATE flows SET state = $2 WHERE id = $1", flow, row)
            })
            .unwrap();
            let (_, asked) = w.sent(&browser, &left).await;
            assert!(!asked.contains_key("id_token_hint"), "nobody knows whose it is");
            let back = format!("{}?state={}", asked["post_logout_redirect_uri"], asked["state"]);
            let done = browser.get(&back).await.expect(303);
            at_the_end(&browser, done.header("location")).await;
        }
        // What is there no more leads to the page that says it is done.
        assert!(goodbye::get(&w.ours.app.store, FlowId::new(), "nobody").await.unwrap().is_none());
    }
);
