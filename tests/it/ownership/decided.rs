//! What an administrator decided about somebody whom a directory wants holds for what was seen, and for as long.

use super::{arrives, confirm, decide, kept_out, local, requests};
use crate::{
    access::{READ_ONLY, TECHNICIAN, give, id, person, role, session},
    people::world::{World, change, draft},
    story,
    support::TestServer,
};
use muster::{
    access::{
        grants::{self, NewGrant},
        perm,
    },
    actor::UserKind,
    error::Kind,
    id::{DirectoryId, TenantId, UserId},
    provisioning::adoption::{self, Reason, State},
    store::Scope,
    tx, users,
};
use serde_json::json;
use std::time::Duration;

/// Somebody signs in through a directory.
async fn linked(
    w: &World,
    t: TenantId,
    d: DirectoryId,
    user: UserId,
    subject: &'static str,
) -> muster::error::Result<bool> {
    let system = w.access.system(&World::owner(), t).await.unwrap();
    tx!(w.store, &system.cx(), [], |tx| {
        users::link(tx, t, d, "https://login.example", subject, user).await
    })
}

story!(async fn roles_that_came_after_the_decision_are_asked_about(t) {
    let w = World::new(&t.store);
    let (msp, _, p) = w.company("msp", true).await;
    let cal = person(&w, msp.id, "cal@elsewhere.example", UserKind::Technician).await;
    give(&w, &cal, msp.id, id(READ_ONLY)).await;
    kept_out(&w, &p, "cal@elsewhere.example").await;
    decide(&w, &requests(&w, msp.id).await[0], true).await;
    // The same reasons, and another thing altogether.
    give(&w, &cal, msp.id, id(TECHNICIAN)).await;
    let told = kept_out(&w, &p, "cal@elsewhere.example").await;
    assert!(told.contains("more than Self-Service"), "{told}");
    let asked = requests(&w, msp.id).await;
    assert_eq!((asked[0].state, asked[0].reasons.0.as_slice()), (State::Pending, &[Reason::Domain, Reason::Roles][..]));
    decide(&w, &asked[0], true).await;
    // What they have lost since makes no difference.
    let q = grants::Query { user: Some(cal.id), ..grants::Query::default() };
    let given = grants::list(&w.access, &w.may(msp.id).await, q).await.unwrap();
    grants::remove(&w.access, &w.may(msp.id).await, given[0].id).await.unwrap();
    let (u, taken) = arrives(&w, &p, draft("cal@elsewhere.example")).await.unwrap();
    assert!(taken && u.id == cal.id);
});

story!(async fn nobody_gives_away_who_is_switched_off_or_gets_more_tomorrow(t) {
    let w = World::new(&t.store);
    let (msp, _, p) = w.company("msp", true).await;
    let off = person(&w, msp.id, "off@example.com", UserKind::Technician).await;
    give(&w, &off, msp.id, id(TECHNICIAN)).await;
    muster::credentials::person::set_enabled(&w.store, &w.may(msp.id).await, off.id, false).await.unwrap();
    let soon = person(&w, msp.id, "soon@example.com", UserKind::Technician).await;
    let tomorrow = w.store.clock().now().plus(Duration::from_secs(24 * 3600));
    let new = NewGrant { valid_from: Some(tomorrow), ..NewGrant::manual(msp.id, soon.id, id(TECHNICIAN)) };
    grants::add(&w.access, &w.may(msp.id).await, new).await.unwrap();
    for name in ["off@example.com", "soon@example.com"] {
        kept_out(&w, &p, name).await;
    }
    let desk = role(&w, msp.id, "Desk", &["users.manage_roles"], false).await;
    let helper = person(&w, msp.id, "helper", UserKind::Technician).await;
    give(&w, &helper, msp.id, desk.id).await;
    let may = w.access.require::<perm::UsersManageRoles>(&session(&helper), msp.id).await.unwrap();
    let asked = requests(&w, msp.id).await;
    assert_eq!(asked.len(), 2);
    for a in asked {
        let e = adoption::decide(&w.store, &w.access, &may, a.id, true).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden, "{a:?}");
        decide(&w, &a, true).await;
    }
    for name in ["off@example.com", "soon@example.com"] {
        let (u, taken) = arrives(&w, &p, draft(name)).await.unwrap();
        assert!(taken && u.enabled == (name == "soon@example.com"));
    }
});

story!(async fn what_an_invitation_will_give_counts_as_held(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let (acme, _, p) = w.company("acme", false).await;
    confirm(&w, acme.id, "example.com").await;
    let invite = async |name: &str, role: &str| {
        let body = json!({ "email": name, "roles": [{ "role": role }] });
        s.post("/api/v1/tenants/acme/invitations", body).await.expect(201);
    };
    invite("ann@example.com", "Technician").await;
    invite("bob@example.com", "Self-Service").await;
    assert!(arrives(&w, &p, draft("bob@example.com")).await.unwrap().1);
    let told = kept_out(&w, &p, "ann@example.com").await;
    assert!(told.contains("more than Self-Service"), "{told}");
    let asked = requests(&w, acme.id).await;
    let desk = role(&w, acme.id, "Desk", &["users.manage_roles"], false).await;
    let helper = person(&w, acme.id, "helper", UserKind::Tenant).await;
    give(&w, &helper, acme.id, desk.id).await;
    let may = w.access.require::<perm::UsersManageRoles>(&session(&helper), acme.id).await.unwrap();
    let e = adoption::decide(&w.store, &w.access, &may, asked[0].id, true).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    decide(&w, &asked[0], true).await;
    assert!(arrives(&w, &p, draft("ann@example.com")).await.unwrap().1);
});

story!(async fn who_is_taken_over_comes_in_by_that_directory_alone(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let other = w.directory(acme.id, "Okta").await;
    confirm(&w, acme.id, "example.com").await;
    let ann = local(&w, acme.id, "ann@example.com", None).await;
    assert!(linked(&w, acme.id, other.id, ann.id, "o-1").await.unwrap());
    assert!(linked(&w, acme.id, d.id, ann.id, "e-1").await.unwrap());
    let cookie = w.signs_in(&users::User { directory_id: Some(other.id), ..ann.clone() }).await;
    assert!(w.signed_in(&cookie).await);
    let (u, taken) = arrives(&w, &p, draft("ann@example.com")).await.unwrap();
    assert!(taken && u.id == ann.id);
    assert!(!w.signed_in(&cookie).await, "what came in by another way has ended");
    let found = async |d: DirectoryId, subject: &str| {
        let mut c = w.store.read(Scope::Tenant(acme.id)).await.unwrap();
        users::find_by_identity(&mut c, acme.id, d, "https://login.example", subject).await.unwrap()
    };
    assert!(found(other.id, "o-1").await.is_none());
    assert_eq!(found(d.id, "e-1").await.map(|u| u.id), Some(ann.id));
    // Nor does a sign-in that was under way bring the other way back.
    let e = linked(&w, acme.id, other.id, ann.id, "o-1").await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("of_another_directory")));
    assert!(!linked(&w, acme.id, d.id, ann.id, "e-1").await.unwrap(), "through theirs they come in");
});

story!(async fn a_refusal_stands_whatever_the_directory_calls_them(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let ann = local(&w, acme.id, "ann", Some("ann@example.com")).await;
    kept_out(&w, &p, "ann@example.com").await;
    decide(&w, &requests(&w, acme.id).await[0], false).await;
    let refused = requests(&w, acme.id).await;
    let mut another = draft("ann@example.com");
    another.external_id = Some("another".into());
    let mut renamed = draft("Ann");
    renamed.email = Some("ann@example.com".into());
    for again in [another, renamed, draft("ann@example.com")] {
        let e = arrives(&w, &p, again).await.unwrap_err();
        assert!(e.detail().contains("refused"), "{}", e.detail());
    }
    // Nor does it matter that nothing else would be in the way by now.
    confirm(&w, acme.id, "example.com").await;
    let told = kept_out(&w, &p, "ann@example.com").await;
    assert!(told.contains("refused"), "{told}");
    assert_eq!(requests(&w, acme.id).await, refused, "and nobody is asked again");
    decide(&w, &refused[0], true).await;
    assert_eq!(arrives(&w, &p, draft("ann@example.com")).await.unwrap().0.id, ann.id);
});

story!(async fn nobody_becomes_a_person_of_no_directory_by_another_name(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let boss = local(&w, acme.id, "boss@example.com", Some("the.boss@example.com")).await;
    let x = w.user(&p, "x@example.com").await;
    let name = change(|d| d.user_name = "Boss@example.com".into());
    let address = change(|d| d.user_name = "the.boss@example.com".into());
    let email = change(|d| d.email = Some("boss@example.com".into()));
    for (to, attr) in [(name, "userName"), (address, "userName"), (email, "emails")] {
        let e = users::modify(&w.store, &p, x.id, None, to).await.unwrap_err();
        assert_eq!((e.kind(), e.code_str(), e.attr_str()), (Kind::Conflict, Some("uniqueness"), Some(attr)));
        assert!(e.detail().contains("whom no directory has") && e.detail().contains(&boss.id.to_string()), "{}", e.detail());
    }
    assert!(requests(&w, acme.id).await.is_empty(), "there is nothing to decide");
    assert_eq!(users::get(&w.store, &p, x.id).await.unwrap(), x);
    assert_eq!(users::view(&w.store, &w.may(acme.id).await, boss.id).await.unwrap(), boss);
    // Who has the name already may be changed otherwise, and to what is nobody's.
    local(&w, acme.id, "X@example.com", None).await;
    let title = change(|d| d.display_name = Some("X".into()));
    assert!(users::modify(&w.store, &p, x.id, None, title).await.unwrap().1);
    let free = change(|d| d.user_name = "free@example.com".into());
    assert!(users::modify(&w.store, &p, x.id, None, free).await.unwrap().1);
});
