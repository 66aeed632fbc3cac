//! A refresh family and what came of it end together: when somebody has a copy, and when the application gives it back.

use crate::{
    story,
    support::{
        person::{READ_ONLY, TestApp},
        server::TestServer,
    },
};
use serde_json::Value;

/// What a sign-in and two refreshes of it gave: access tokens, and the last refresh token with the ones before it.
async fn grown(s: &TestServer, app: &TestApp, first: Value) -> (Vec<String>, Vec<String>) {
    let text = |v: &Value, name: &str| v[name].as_str().expect("a token").to_owned();
    let (mut access, mut refresh) =
        (vec![text(&first, "access_token")], vec![text(&first, "refresh_token")]);
    for _ in 0..2 {
        let next = s.refresh(app, refresh.last().expect("one")).await.expect(200).json();
        access.push(text(&next, "access_token"));
        refresh.push(text(&next, "refresh_token"));
    }
    (access, refresh)
}

story!(async fn all_that_a_refresh_family_gave_ends_when_a_token_of_it_is_used_twice(t) {
    let s = TestServer::start(&t).await;
    let tenant = s.tenant("contoso").await;
    let user = s.person(tenant, "ada", READ_ONLY).await;
    let app = s.app(tenant, |_| {}).await;
    let who = s.session(tenant, user, "single").await;
    let code = s.code(&app, &who, &[]).await;
    let (stolen, refresh) = grown(&s, &app, s.redeem(&app, &code).await.expect(200).json()).await;
    // Another sign-in of the same person to the same application.
    let code = s.code(&app, &who, &[]).await;
    let (other, more) = grown(&s, &app, s.redeem(&app, &code).await.expect(200).json()).await;
    for token in stolen.iter().chain(&other) {
        assert!(s.active(&app, token).await);
    }
    s.refresh(&app, &refresh[0]).await.expect(400);
    for token in &stolen {
        assert!(!s.active(&app, token).await, "whoever has a copy has this one, too");
        s.browser().bearer(token).get("/oauth/userinfo").await.expect(401);
    }
    s.refresh(&app, &refresh[2]).await.expect(400);
    for token in &other {
        assert!(s.active(&app, token).await, "what another sign-in gave stays");
    }
    s.refresh(&app, &more[2]).await.expect(200);
});

story!(async fn an_application_that_revokes_a_refresh_token_ends_the_access_tokens_with_it(t) {
    let s = TestServer::start(&t).await;
    let tenant = s.tenant("contoso").await;
    let user = s.person(tenant, "ada", READ_ONLY).await;
    let app = s.app(tenant, |_| {}).await;
    let who = s.session(tenant, user, "single").await;
    let code = s.code(&app, &who, &[]).await;
    let (access, refresh) = grown(&s, &app, s.redeem(&app, &code).await.expect(200).json()).await;
    assert!(s.active(&app, &access[0]).await && s.active(&app, &access[2]).await);
    s.form_as(&app, "/oauth/revoke", &[("token", &refresh[2])]).await.expect(200);
    for token in &access {
        assert!(!s.active(&app, token).await);
    }
    // Signing in again is possible as before.
    let code = s.code(&app, &who, &[]).await;
    let again = s.redeem(&app, &code).await.expect(200).json();
    assert!(s.active(&app, again["access_token"].as_str().expect("one")).await);
});
