//! Another kind of user is other bounds: what it lets count, somebody must hold who sets it.

use super::{READ_ONLY, TECHNICIAN, give, id, make_global, person, role, session, token};
use crate::{api::call, people::world::World, story, support::TestServer};
use muster::{
    access::{
        Reach,
        catalogue::TENANT_ADMINISTRATOR,
        grants::{self, NewGrant},
        mappings::{self, Target},
    },
    actor::{Actor, UserKind},
    id::TenantId,
    users::User,
};

async fn sets(s: &TestServer, a: &Actor, u: &User, kind: &str) -> u16 {
    let at = format!("/tenants/{}/users/{}", u.tenant_id, u.id);
    let answer = call(s, Some(a), "PATCH", &at, &format!(r#"{{"kind":"{kind}"}}"#)).await;
    if answer.status == 403 {
        assert_eq!(answer.json()["field"], "kind", "{}", answer.text);
    }
    answer.status.as_u16()
}

story!(async fn a_kind_that_widens_is_given_by_whoever_holds_what_it_lets_count(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let us = s.provider().await;
    let contoso = s.tenant("contoso").await;
    let scim = w.scim(&w.directory(us, "Entra ID").await).await;
    let editor = role(&w, us, "Editor", &["users.view", "users.edit"], false).await;
    let eddi = person(&w, us, "eddi", UserKind::Technician).await;
    give(&w, &eddi, us, editor.id).await;
    let root = make_global(&w, us, "root").await;
    let can = async |u: &User, t: TenantId| {
        w.access.effective(us, u.id, t).await.unwrap().allows("computers.remote_control")
    };
    // Nobody loses by it, and whoever has nothing beyond their tenant gains nothing.
    let tom = w.user(&scim, "tom").await;
    for kind in ["tenant", "technician", "tenant"] {
        assert_eq!(sets(&s, &session(&eddi), &tom, kind).await, 200);
    }
    // By a group.
    let g = w.group(&scim, "Technicians", &[tom.id]).await;
    let p = w.may(us).await;
    let o = w.access.over(&w.may(us).await, Reach::Every).await.unwrap();
    let m = mappings::create(&w.access, &p, Target::Over(&o), g.id, id(TECHNICIAN)).await.unwrap();
    assert!(!can(&tom, contoso).await);
    for a in [session(&eddi), token(&root, us, &["users.view", "users.edit"])] {
        assert_eq!(sets(&s, &a, &tom, "technician").await, 403);
    }
    assert!(!can(&tom, contoso).await);
    assert_eq!(sets(&s, &session(&root), &tom, "technician").await, 200);
    assert!(can(&tom, contoso).await);
    assert_eq!(sets(&s, &session(&eddi), &tom, "tenant").await, 200, "less is theirs to say");
    mappings::delete(&w.access, &p, m.id).await.unwrap();
    // By a grant, given while they were of a kind that may have it; one that begins later, too.
    assert_eq!(sets(&s, &session(&eddi), &tom, "technician").await, 200);
    let later = NewGrant {
        valid_from: Some(w.store.clock().now().plus(std::time::Duration::from_hours(1))),
        ..NewGrant::manual(us, tom.id, id(READ_ONLY))
    };
    grants::add(&w.access, &w.may(contoso).await, later).await.unwrap();
    assert_eq!(sets(&s, &session(&eddi), &tom, "tenant").await, 200);
    assert_eq!(sets(&s, &session(&eddi), &tom, "technician").await, 403);
    give(&w, &eddi, contoso, TENANT_ADMINISTRATOR).await;
    assert_eq!(sets(&s, &session(&eddi), &tom, "technician").await, 200, "who holds it there");
});
