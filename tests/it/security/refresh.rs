//! Refresh tokens.

use crate::{
    store::proxy::{Cut, Proxy},
    story,
    support::{TestServer, person::READ_ONLY},
};
use muster::{
    clock::Clock,
    store::{Database, Options, Store},
};
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use std::time::Duration;

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

story!(
    /// Somebody holds the row of one family: its refresh waits, and no other does, though they came together.
    async fn a_family_that_is_held_holds_up_no_other(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        let mut chains = Vec::new();
        for _ in 0..12 {
            let code = s.code(&app, &who, &[]).await;
            let given = s.redeem(&app, &code).await.expect(200).json();
            chains.push(given["refresh_token"].as_str().unwrap().to_owned());
        }
        let (held, rest) = chains.split_first().unwrap();
        let mut other = match t.url() {
            // One writer there: nothing holds a row beside it.
            None => None,
            Some(url) => {
                let mut c = PgConnection::connect(&url).await.unwrap();
                c.execute("SET muster.scope = '*'; BEGIN").await.unwrap();
                let selector = &held["mst_rt_".len()..];
                let n = sqlx::query("SELECT id FROM refresh_families WHERE starts_with($1, selector) FOR UPDATE")
                    .bind(selector)
                    .execute(&mut c)
                    .await
                    .unwrap();
                assert_eq!(n.rows_affected(), 1);
                Some(c)
            }
        };
        let waiting = s.refresh(&app, held);
        let all = futures::future::join_all(rest.iter().map(|c| s.refresh(&app, c)));
        let others = async {
            let all = tokio::time::timeout(Duration::from_millis(4500), all).await.expect("they wait for another's row");
            assert!(all.iter().all(|a| a.status == 200));
            if let Some(c) = &mut other {
                c.execute("ROLLBACK").await.unwrap();
            }
        };
        // Having waited, it was used once; or, after the five seconds that a lock is waited for, not at all.
        let (waited, ()) = futures::join!(waiting, others);
        let young = match waited.status.as_u16() {
            503 => held.clone(),
            _ => waited.expect(200).json()["refresh_token"].as_str().unwrap().to_owned(),
        };
        s.refresh(&app, &young).await.expect(200);
    }
);

story!(
    /// Those that shared a statement whose answer never came back hear what became of it: a token whose next one nobody
    /// was given is not a used one.
    async fn refreshes_whose_connection_is_cut_hear_what_became_of_them(t) {
        // There is no wire on SQLite: there it is the same without one.
        let proxy = match t.url() {
            Some(url) => Some((Proxy::before(&url).await, url)),
            None => None,
        };
        let store = match &proxy {
            Some((p, url)) => {
                let o = Options { database: Database::Postgres(p.url(url)), ..t.options.clone() };
                Store::open(&o, Clock::System).await.unwrap()
            }
            None => t.store.clone(),
        };
        let s = TestServer::on(store, |_| {}).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        let mut chains = Vec::new();
        for _ in 0..12 {
            let code = s.code(&app, &who, &[]).await;
            let given = s.redeem(&app, &code).await.expect(200).json();
            chains.push(given["refresh_token"].as_str().unwrap().to_owned());
        }
        for cut in [Cut::AfterCommit, Cut::BeforeCommit, Cut::AfterCommit] {
            if let Some((p, _)) = &proxy {
                // The selector is the first part of a token, and stays the same.
                p.watch(&chains[11]["mst_rt_".len()..][..12]);
                p.set(cut);
            }
            let all = futures::future::join_all(chains.iter().map(|c| s.refresh(&app, c))).await;
            if let Some((p, _)) = &proxy {
                assert!(p.was_cut(), "{cut:?}: nothing was cut");
            }
            chains = all
                .into_iter()
                .map(|a| a.expect(200).json()["refresh_token"].as_str().unwrap().to_owned())
                .collect();
        }
        for c in &chains {
            assert!(s.active(&app, c).await, "nobody was signed out");
        }
    }
);

/// How often the families' table was read whole, and how often by the index of their selectors.
async fn reads(c: &mut PgConnection) -> (i64, i64) {
    let text = "SELECT t.seq_scan, i.idx_scan FROM pg_stat_user_tables t JOIN pg_stat_user_indexes i USING (relid)
                WHERE i.indexrelname = 'refresh_families_selector'";
    let row = c.fetch_one(text).await.unwrap();
    (row.get(0), row.get(1))
}

story!(
    /// The plan that is made while there are few families is kept: it must be the one for many.
    async fn a_refresh_finds_its_family_by_the_selector_from_the_first_one_on(t) {
        let s = TestServer::start(&t).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let who = s.session(tenant, user, "single").await;
        let app = s.app(tenant, |_| {}).await;
        let code = s.code(&app, &who, &[]).await;
        let mut token = s.redeem(&app, &code).await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
        let mut before = None;
        for n in 0..20 {
            if n == 10 && let Some(url) = t.url() {
                // What a connection counted is told a second later at the latest, by its next statement.
                tokio::time::sleep(Duration::from_millis(1100)).await;
                let given = s.refresh(&app, &token).await.expect(200).json();
                given["refresh_token"].as_str().unwrap().clone_into(&mut token);
                let mut c = PgConnection::connect(&url).await.unwrap();
                before = Some((reads(&mut c).await, c));
            }
            let given = s.refresh(&app, &token).await.expect(200).json();
            let next = given["refresh_token"].as_str().unwrap().to_owned();
            assert_ne!(next, token);
            token = next;
        }
        let Some(((whole, indexed), mut c)) = before else { return };
        tokio::time::sleep(Duration::from_millis(1100)).await;
        s.refresh(&app, &token).await.expect(200);
        let mut after = reads(&mut c).await;
        for _ in 0..100 {
            if after.1 >= indexed + 10 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            after = reads(&mut c).await;
        }
        assert!(after.1 >= indexed + 10, "ten refreshes read the index {} times", after.1 - indexed);
        assert_eq!(after.0, whole, "the table was read whole");
    }
);
