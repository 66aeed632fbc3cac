//! Refresh tokens.

use crate::{
    story,
    support::{TestServer, person::READ_ONLY},
};

story!(
    /// Reuse check and update were not atomic (Keycloak CVE-2026-1035).
    async fn fifty_parallel_refreshes_of_one_token_give_one_successor(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        let code = s.code(&app, &who, &[]).await;
        let first = s.redeem(&app, &code).await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
        let all = futures::future::join_all((0..50).map(|_| s.refresh(&app, &first))).await;
        let won: Vec<_> = all.iter().filter(|a| a.status == 200).collect();
        assert_eq!(won.len(), 1, "exactly one is answered");
        for a in all.iter().filter(|a| a.status != 200) {
            assert_eq!(a.json()["error"], "invalid_grant");
        }
        // The others were a second use: the family is over, its youngest token included.
        let young = won[0].json()["refresh_token"].as_str().unwrap().to_owned();
        s.refresh(&app, &young).await.expect(400);
        assert!(!s.active(&app, &young).await);
    }
);

story!(
    /// Another client's refresh token (Zitadel GHSA-xqxv-4jc2-x56x), and a client's own, unharmed by the attempt.
    async fn a_refresh_token_is_its_clients_alone(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let (app, other) = (s.app(tenant, |_| {}).await, s.app(tenant, |_| {}).await);
        let code = s.code(&app, &who, &[]).await;
        let token = s.redeem(&app, &code).await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
        assert_eq!(s.refresh(&other, &token).await.expect(400).json()["error"], "invalid_grant");
        assert!(!s.active(&other, &token).await);
        s.form_as(&other, "/oauth/revoke", &[("token", &token)]).await.expect(200);
        assert!(s.active(&app, &token).await, "another client cannot end it either");
        s.refresh(&app, &token).await.expect(200);
    }
);

story!(
    /// Scopes never widen on refresh.
    async fn a_refresh_gives_at_most_what_was_asked_for(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        let code = s.code(&app, &who, &[("scope", "openid offline_access computers.view")]).await;
        let token = s.redeem(&app, &code).await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", token.as_str()), ("scope", "openid users.view")];
        assert_eq!(s.token(&app, &fields).await.expect(400).json()["error"], "invalid_scope");
        // Having asked for too much costs the token nothing.
        s.refresh(&app, &token).await.expect(200);
    }
);

story!(
    /// Any prefix, suffix or change of case of an opaque token fails (Zitadel CVE-2026-27840).
    async fn a_truncated_token_is_no_token(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        let code = s.code(&app, &who, &[]).await;
        let token = s.redeem(&app, &code).await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
        let cut = &token[..token.len() - 1];
        let long = format!("{token}0");
        let upper = token.to_uppercase();
        for bad in [cut, &token[1..], long.as_str(), upper.as_str(), "mst_rt_"] {
            s.refresh(&app, bad).await.expect(400);
            assert!(!s.active(&app, bad).await, "{bad}");
        }
        s.refresh(&app, &token).await.expect(200);
    }
);

story!(
    /// Refreshes share a statement: each gets its own answer, and what is wrong with one is nobody else's.
    async fn refreshes_at_the_same_time_do_not_touch_each_other(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let (app, other) = (s.app(tenant, |_| {}).await, s.app(tenant, |_| {}).await);
        let mut chains = Vec::new();
        for _ in 0..24 {
            let code = s.code(&app, &who, &[]).await;
            let given = s.redeem(&app, &code).await.expect(200).json();
            chains.push(given["refresh_token"].as_str().unwrap().to_owned());
        }
        for _ in 0..4 {
            // Between them: tokens of nobody, and each token from a client that it is not for.
            let strangers = chains.iter().map(|c| s.refresh(&other, c));
            let nobody = (0..8).map(|_| s.refresh(&app, "mst_rt_nobody"));
            let (answers, refused, nothing) = futures::join!(
                futures::future::join_all(chains.iter().map(|c| s.refresh(&app, c))),
                futures::future::join_all(strangers),
                futures::future::join_all(nobody),
            );
            for a in refused.iter().chain(&nothing) {
                assert_eq!(a.clone().expect(400).json()["error"], "invalid_grant");
            }
            let next: Vec<String> = answers
                .into_iter()
                .map(|a| a.expect(200).json()["refresh_token"].as_str().unwrap().to_owned())
                .collect();
            let apart: std::collections::BTreeSet<&String> = next.iter().chain(&chains).collect();
            assert_eq!(apart.len(), next.len() + chains.len(), "every token is a new one");
            chains = next;
        }
        // One that was used before ends its own family, in the midst of the others.
        let old = chains[0].clone();
        let first = s.refresh(&app, &old).await.expect(200).json();
        let young = first["refresh_token"].as_str().unwrap();
        let all = futures::future::join_all(
            std::iter::once(&old).chain(&chains[1..]).map(|c| s.refresh(&app, c)),
        )
        .await;
        assert_eq!(all[0].status, 400);
        assert!(all[1..].iter().all(|a| a.status == 200));
        assert!(!s.active(&app, young).await);
    }
);
