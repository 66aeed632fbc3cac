//! A page looks its reader's session up once; what goes on after the page was made asks anew.

use super::own;
use crate::{
    story,
    support::{TestServer, person::TENANT_ADMIN},
};
use axum::http::Request;
use futures::StreamExt as _;
use muster::{actor::UserKind, users};
use serde_json::Value;
use tower::ServiceExt as _;

story!(async fn a_table_that_is_sent_breaks_off_when_its_readers_session_ends(t) {
    let s = TestServer::start(&t).await;
    let tenant = s.tenant("contoso").await;
    let admin = s.person(tenant, "admin", TENANT_ADMIN).await;
    let signed_in = s.session(tenant, admin, "mfa").await;
    let permit = s.permit(tenant).await;
    // More than are read at once.
    for n in 0..1010 {
        let new = users::NewUser {
            kind: UserKind::Tenant,
            user_name: format!("p{n}"),
            display_name: None,
            email: None,
        };
        users::add(&s.app.store, &permit, new).await.expect("a user");
    }
    let get = async |path: &str| {
        let request = Request::builder().uri(path).header("cookie", format!("muster_session={}", signed_in.cookie));
        s.router().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap()
    };
    // The page itself asks several things, as one reader.
    assert_eq!(get("/admin/in/contoso/users").await.status(), 200);
    let whole = get("/admin/in/contoso/users?format=csv").await;
    let whole = axum::body::to_bytes(whole.into_body(), 1 << 24).await.expect("to its end");
    assert_eq!(String::from_utf8_lossy(&whole).lines().count(), 1012);
    let table = get("/admin/in/contoso/users?format=csv").await;
    assert_eq!(table.status(), 200);
    let mut pieces = table.into_body().into_data_stream();
    let first = pieces.next().await.expect("a piece").expect("the first");
    assert!(first.starts_with(b"name,"), "{first:?}");
    let sessions = format!("/tenants/contoso/users/{admin}/sessions");
    own(&s, "DELETE", &sessions, Value::Null).await.expect(200);
    // One piece may be on its way already; the one after asks.
    let mut rest = Vec::new();
    while let Some(piece) = pieces.next().await {
        rest.push(piece.is_ok());
    }
    assert_eq!(rest.last(), Some(&false), "it went to its end: {rest:?}");
    assert!(rest.len() <= 2, "{rest:?}");
    assert_ne!(get("/admin/in/contoso/users").await.status(), 200);
});
