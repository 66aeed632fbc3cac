//! No token outlives what it is for: the id token as little as the access token.

use crate::{
    access::person,
    people::world::World,
    story,
    support::{
        TestServer,
        person::{Person, TENANT_ADMIN, claims},
    },
};
use muster::{
    access::grants::{self, NewGrant},
    actor::UserKind,
    clock::Timestamp,
    secret::ExposeSecret as _,
    sessions::{self, NewSession},
    tx,
};
use serde_json::json;
use std::time::Duration;

story!(async fn an_id_token_ends_with_the_role_and_with_the_session(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let contoso = s.tenant("contoso").await;
    let app = s.app(contoso, |_| {}).await;
    let now = s.app.store.clock().now();
    let soon = now.plus(Duration::from_mins(2));
    let ends = async |who: &Person| {
        let code = s.code(&app, who, &[]).await;
        let got = s.redeem(&app, &code).await.expect(200).json();
        let exp = |t: &str| claims(got[t].as_str().unwrap())["exp"].as_i64().unwrap();
        (exp("access_token"), exp("id_token"))
    };
    let ann = person(&w, contoso, "ann", UserKind::Tenant).await;
    let new = NewGrant { valid_to: Some(soon), ..NewGrant::manual(contoso, ann.id, TENANT_ADMIN.parse().unwrap()) };
    grants::add(&w.access, &w.may(contoso).await, new).await.unwrap();
    let who = s.session(contoso, ann.id, "mfa").await;
    assert_eq!(ends(&who).await, (soon.secs(), soon.secs()), "with the role");
    let bob = s.person(contoso, "bob", TENANT_ADMIN).await;
    let limits = s.app.session_limits();
    let session = |not_after: Option<Timestamp>| NewSession {
        home: contoso,
        user: bob,
        acting: contoso,
        directory: None,
        class: "mfa".into(),
        evidence: json!({"amr": ["pwd", "otp", "mfa"]}),
        auth_time: now,
        client: json!({}),
        not_after,
        upstream_sid: None,
        upstream_hint: None,
    };
    for not_after in [Some(soon), None] {
        let new = session(not_after);
        let (id, cookie) = tx!(s.app.store, &s.app.system(), [new], |tx| {
            tx.unaudited("a test");
            sessions::create(tx, &new, limits).await
        })
        .unwrap();
        let who = Person { tenant: contoso, user: bob, session: id, cookie: cookie.expose_secret().to_owned() };
        let (access, id) = ends(&who).await;
        match not_after {
            Some(end) => assert_eq!((access, id), (end.secs(), end.secs()), "with the session"),
            None => assert!(id >= now.secs() + 300, "five minutes as shipped"),
        }
    }
});
