//! A link is a key to an account: who may have one made, and when it opens no longer.

use super::{PASSWORD, accept, invite, path, setting};
use crate::{
    access::{give, person, role, session},
    people::world::World,
    story,
};
use muster::{
    access::{catalogue::TENANT_ADMINISTRATOR, perm::UsersAdd},
    actor::UserKind,
    error::Kind,
    id::InvitationId,
    invitations::{self, Post},
    users,
};
use reqwest::Method;
use serde_json::json;

story!(async fn whoever_has_a_link_made_holds_what_the_person_holds(t) {
    let s = setting(&t).await;
    let w = World {
        store: s.app.store.clone(),
        access: s.app.access.clone(),
        master: s.app.master.clone(),
    };
    let acme = s.tenant("acme").await;
    let made = invite(&s, "acme", json!({ "email": "boss@acme.example" })).await;
    let id: InvitationId = made["id"].as_str().unwrap().parse().unwrap();
    let help = role(&w, acme, "Help", &["users.add"], false).await;
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme, help.id).await;
    let may = w.access.require::<UsersAdd>(&session(&ann), acme).await.unwrap();
    let post = Post {
        sends: false,
        life: std::time::Duration::from_secs(3600),
        master: s.app.master.clone(),
    };
    invitations::resend(&w.store, &w.access, &may, &post, id, false).await.expect("nobody's rights yet");
    // Before the invitation is accepted, its person becomes an administrator.
    let user = made["user"].as_str().unwrap().parse().unwrap();
    let mut c = w.store.read(muster::store::Scope::Tenant(acme)).await.unwrap();
    let boss = users::find(&mut c, acme, user).await.unwrap().unwrap();
    drop(c);
    give(&w, &boss, acme, TENANT_ADMINISTRATOR).await;
    let e = invitations::resend(&w.store, &w.access, &may, &post, id, false).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden, "she could open the link and be the boss");
    let e = invitations::revoke(&w.store, &w.access, &may, id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
});

story!(async fn a_link_opens_no_account_that_can_be_signed_in_to(t) {
    let s = setting(&t).await;
    let made = invite(&s, "contoso", json!({ "email": "bert@contoso.example" })).await;
    let link = path(&s, &made);
    let (early, late) = (s.browser(), s.browser());
    let flow = accept(&early, &link).await;
    let enrol = early.get(&flow).await.expect(303).header("location").to_owned();
    // Bert does not come; an administrator gives him a password instead.
    let user = format!("/api/v1/tenants/contoso/users/{}", made["user"].as_str().unwrap());
    let body = json!({ "password": "copper meadow 51 windows" });
    s.as_owner(Method::PUT, &format!("{user}/password"), Some(body)).await.expect(204);
    late.get(&link).await.expect(410);
    let both = [("password", PASSWORD), ("password_again", PASSWORD)];
    let refused = early.form(&enrol, &both).await;
    assert!((400..=410).contains(&refused.status.as_u16()), "{}", refused.status);
    let at = format!("/api/v1/tenants/contoso/invitations/{}", made["id"].as_str().unwrap());
    s.post(&format!("{at}/resend"), json!({})).await.expect(409);
});
