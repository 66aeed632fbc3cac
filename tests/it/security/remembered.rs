//! What is remembered of sessions and tokens never outlives the truth, and never ends what still lives.

use crate::{
    story,
    support::{TestServer, person::READ_ONLY},
};
use muster::{
    access::grants::{self, NewGrant},
    actor::UserKind,
    clock::Clock,
    id::RoleId,
    sessions::{self, Who},
    store::Store,
    tx,
    users::{self, NewUser},
};

story!(
    /// A person of one tenant acts in another: ending their own tenant's sessions is seen, though the token's tenant
    /// goes on; and it stays so.
    async fn a_session_ends_with_its_own_tenant(t) {
        let s = TestServer::start(&t).await;
        let (home, customer) = (s.provider().await, s.tenant("customer").await);
        let new = NewUser {
            kind: UserKind::Technician,
            user_name: "ada".to_owned(),
            display_name: None,
            email: None,
        };
        let user = users::add(&s.app.store, &s.permit(home).await, new).await.unwrap().id;
        let permit = s.permit(customer).await;
        let role = RoleId::parse(READ_ONLY).unwrap();
        grants::add(&s.app.access, &permit, NewGrant::manual(home, user, role)).await.unwrap();
        let who = s.session(home, user, "mfa").await;
        let app = s.app(home, |new| new.platform = true).await;
        let code = s.code(&app, &who, &[("tenant", &customer.to_string())]).await;
        let tokens = s.redeem(&app, &code).await.expect(200).json();
        let access = tokens["access_token"].as_str().unwrap().to_owned();
        for _ in 0..2 {
            assert!(s.active(&app, &access).await);
        }
        tx!(s.app.store, &s.app.system(), [], |tx| {
            tx.unaudited("a test");
            sessions::revoke(tx, Who::Tenant(home), "a test").await
        })
        .unwrap();
        for _ in 0..2 {
            assert!(!s.active(&app, &access).await);
        }
    }
);

story!(
    /// The last use of a session is written down by others; who remembers an earlier one asks again before a no.
    async fn a_session_in_use_is_not_idle(t) {
        let clock = Clock::manual(t.store.clock().now());
        let store = Store::open(&t.options, clock.clone()).await.unwrap();
        let s = TestServer::on(store, |_| {}).await;
        let tenant = s.tenant("contoso").await;
        let user = s.person(tenant, "ada", READ_ONLY).await;
        let (used, unused) = (s.session(tenant, user, "single").await, s.session(tenant, user, "single").await);
        let app = s.app(tenant, |_| {}).await;
        let mut tokens = Vec::new();
        for who in [&used, &unused] {
            let code = s.code(&app, who, &[]).await;
            let given = s.redeem(&app, &code).await.expect(200).json();
            let token = given["refresh_token"].as_str().unwrap().to_owned();
            assert!(s.active(&app, &token).await);
            tokens.push(token);
        }
        let idle = s.app.session_limits().idle;
        clock.advance(idle.saturating_sub(std::time::Duration::from_secs(60)));
        let now = clock.now();
        sessions::touch(&s.app.store, &s.app.system(), vec![(tenant, used.session, now)]).await.unwrap();
        clock.advance(std::time::Duration::from_secs(120));
        assert!(s.active(&app, &tokens[0]).await, "it was used a little while ago");
        assert!(!s.active(&app, &tokens[1]).await, "nobody used this one");
    }
);
