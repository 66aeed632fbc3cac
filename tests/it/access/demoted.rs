//! The last administrator, who is one by the word of somebody who is demoted by what is done to roles, groups, tags and
//! the like: the guard is asked on every such path.

use super::{SELF_SERVICE, give, id, person, role, session};
use crate::{people::world::World, story};
use muster::{
    access::{
        Permit,
        catalogue::TENANT_ADMINISTRATOR,
        defaults,
        grants::{self, NewGrant, Query},
        mappings::{self, Target},
        parked::{self, Decision as Decide},
        perm::{Provision, UsersManageRoles},
        reviews::{self, Decision, Filter, New, Outcome, Undecided, Verdict, Wanted},
        roles::{self, Role, RoleEdit},
    },
    actor::UserKind,
    error::Error,
    groups::{self, GroupChange},
    id::{GroupId, MappingId, RoleId, TenantId, UserId},
    users::{self, User},
};
use std::time::Duration;

/// A tenant with a role of its own that permits all, and a group of administrators; nobody administers it yet.
struct Scene {
    w: World,
    t: TenantId,
    p: Permit<Provision>,
    all: Role,
    ann: UserId,
    admins: GroupId,
}
impl Scene {
    async fn of(t: &crate::support::TestDb, slug: &str) -> Self {
        let w = World::new(&t.store);
        let (acme, _, p) = w.company(slug, false).await;
        let words: Vec<String> = w.access.catalogue().all().iter().cloned().collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let all = role(&w, acme.id, "All", &words, false).await;
        let ann = w.user(&p, "ann@example.com").await.id;
        let admins = w.group(&p, "Administrators", &[ann]).await.id;
        Self { w, t: acme.id, p, all, ann, admins }
    }
    async fn maps(&self, by: &User, group: GroupId, role: RoleId) -> MappingId {
        let may = self.w.access.require::<UsersManageRoles>(&session(by), self.t).await.unwrap();
        mappings::create(&self.w.access, &may, Target::Own, group, role).await.unwrap().id
    }
    /// The owner maps a group.
    async fn mapped(&self, group: GroupId, role: RoleId) -> MappingId {
        let may = self.w.may(self.t).await;
        mappings::create(&self.w.access, &may, Target::Own, group, role).await.unwrap().id
    }
    async fn administers(&self) -> bool {
        self.w
            .access
            .effective(self.t, self.ann, self.t)
            .await
            .unwrap()
            .roles
            .iter()
            .any(|r| r.id == TENANT_ADMINISTRATOR)
    }
    async fn holds(&self) -> usize {
        let q = Query { holds: true, ..Query::default() };
        grants::list(&self.w.access, &self.w.may(self.t).await, q).await.unwrap().len()
    }
    async fn less(&self) -> Result<Role, Error> {
        let permissions = Some(["users.manage_roles".to_owned()].into());
        let edit = RoleEdit { permissions, ..RoleEdit::default() };
        roles::edit(&self.w.access, &self.w.may(self.t).await, self.all.id, None, edit).await
    }
    /// Somebody else administers it too.
    async fn spare(&self) {
        let spare = person(&self.w, self.t, "spare", UserKind::Tenant).await;
        give(&self.w, &spare, self.t, TENANT_ADMINISTRATOR).await;
    }
}

fn last(e: &Error) {
    assert_eq!(e.code_str(), Some("last_administrator"), "{e:?}");
}

story!(async fn by_an_edit_of_a_role_that_was_given_by_hand(t) {
    let s = Scene::of(&t, "acme").await;
    let boss = person(&s.w, s.t, "boss", UserKind::Tenant).await;
    give(&s.w, &boss, s.t, s.all.id).await;
    s.maps(&boss, s.admins, TENANT_ADMINISTRATOR).await;
    assert!(s.administers().await);
    last(&s.less().await.unwrap_err());
    assert!(s.administers().await, "nothing was done");
    let edit = RoleEdit { description: Some("all of it".into()), ..RoleEdit::default() };
    roles::edit(&s.w.access, &s.w.may(s.t).await, s.all.id, None, edit).await.unwrap();
    s.spare().await;
    s.less().await.unwrap();
    assert!(!s.administers().await);
});

story!(async fn by_what_is_done_to_the_group_of_an_author(t) {
    for how in ["role", "mapping", "member", "group"] {
        let s = Scene::of(&t, how).await;
        let boss = s.w.user(&s.p, "boss@example.com").await;
        let g = s.w.group(&s.p, "Leads", &[boss.id]).await.id;
        let m = s.mapped(g, s.all.id).await;
        s.maps(&boss, s.admins, TENANT_ADMINISTRATOR).await;
        let may = s.w.may(s.t).await;
        match how {
            "role" => last(&s.less().await.unwrap_err()),
            "mapping" => last(&mappings::delete(&s.w.access, &may, m).await.unwrap_err()),
            // What a directory does, it does: what the last one would lose is held.
            "member" => {
                s.w.apply(&s.p, g, vec![GroupChange::Clear]).await;
            }
            _ => {
                groups::delete(&s.w.store, &s.p, g, None).await.unwrap();
            }
        }
        assert!(s.administers().await, "{how}");
        assert_eq!(s.holds().await, usize::from(["member", "group"].contains(&how)), "{how}");
    }
});

story!(async fn by_what_was_parked_and_is_let_go(t) {
    let s = Scene::of(&t, "acme").await;
    let boss = s.w.user(&s.p, "boss@example.com").await;
    let mut leads = s.w.people(&s.p, 12).await;
    leads.push(boss.id);
    let g = s.w.group(&s.p, "Leads", &leads).await.id;
    s.mapped(g, s.all.id).await;
    s.maps(&boss, s.admins, TENANT_ADMINISTRATOR).await;
    let (cleared, _) = s.w.apply(&s.p, g, vec![GroupChange::Clear]).await;
    let change = cleared.parked.unwrap().change;
    assert!(s.administers().await, "the author's role is parked, and counts");
    assert_eq!(s.holds().await, 0);
    let decision = || Decide { keep: false, users: None, reason: None };
    let may = s.w.may::<UsersManageRoles>(s.t).await;
    last(&parked::decide(&s.w.access, &may, change, decision()).await.unwrap_err());
    assert!(s.administers().await);
    s.spare().await;
    parked::decide(&s.w.access, &may, change, decision()).await.unwrap();
    assert!(!s.administers().await);
});

story!(async fn through_an_author_of_an_author(t) {
    let s = Scene::of(&t, "acme").await;
    let ada = person(&s.w, s.t, "ada", UserKind::Tenant).await;
    give(&s.w, &ada, s.t, s.all.id).await;
    let boss = s.w.user(&s.p, "boss@example.com").await;
    let g = s.w.group(&s.p, "Leads", &[boss.id]).await.id;
    s.maps(&ada, g, s.all.id).await;
    s.maps(&boss, s.admins, TENANT_ADMINISTRATOR).await;
    let may = s.w.may(s.t).await;
    let q = Query { user: Some(ada.id), ..Query::default() };
    let grant = grants::list(&s.w.access, &may, q).await.unwrap()[0].id;
    last(&grants::remove(&s.w.access, &may, grant).await.unwrap_err());
    last(&grants::set(&s.w.access, &may, ada.id, vec![grants::Wanted::there(&may, [].into())], grants::Wide::Stays).await.unwrap_err());
    assert!(s.administers().await);
    s.spare().await;
    grants::remove(&s.w.access, &may, grant).await.unwrap();
    assert!(!s.administers().await);
});

story!(async fn by_an_end_that_a_review_gives(t) {
    let s = Scene::of(&t, "acme").await;
    let boss = person(&s.w, s.t, "boss", UserKind::Tenant).await;
    give(&s.w, &boss, s.t, s.all.id).await;
    s.maps(&boss, s.admins, TENANT_ADMINISTRATOR).await;
    let lead = person(&s.w, s.t, "lead", UserKind::Tenant).await;
    give(&s.w, &lead, s.t, role(&s.w, s.t, "Roles", &["users.manage_roles"], false).await.id).await;
    let (may, now) = (s.w.may(s.t).await, s.w.store.clock().now());
    let new = New {
        name: "Autumn".into(),
        filter: Filter { role: Some(s.all.id), ..Filter::default() },
        reviewers: vec![(s.t, lead.id)],
        due_at: now.plus(Duration::from_secs(3600)),
        undecided: Undecided::Keep,
        every_days: None,
    };
    let r = reviews::open(&s.w.access, &may, new).await.unwrap();
    let items = reviews::items(&s.w.access, &may, r.id, Wanted::default(), None, 10).await.unwrap();
    let until = Some(now.plus(Duration::from_secs(90_000)));
    let decision = Decision { verdict: Verdict::Shorten, until, note: None };
    reviews::decide(&s.w.access, &may, r.id, &[items[0].id], decision).await.unwrap();
    reviews::close(&s.w.access, &may, r.id, true).await.unwrap();
    let items = reviews::items(&s.w.access, &may, r.id, Wanted::default(), None, 10).await.unwrap();
    assert_eq!(items[0].outcome, Some(Outcome::Held), "{:?}", items[0]);
});

story!(async fn by_who_adopts_a_mapping_for_a_while_only(t) {
    let s = Scene::of(&t, "acme").await;
    let boss = person(&s.w, s.t, "boss", UserKind::Tenant).await;
    give(&s.w, &boss, s.t, s.all.id).await;
    let m = s.maps(&boss, s.admins, TENANT_ADMINISTRATOR).await;
    let guest = person(&s.w, s.t, "guest", UserKind::Tenant).await;
    let mut new = NewGrant::manual(s.t, guest.id, s.all.id);
    new.valid_to = Some(s.w.store.clock().now().plus(Duration::from_secs(3600)));
    grants::add(&s.w.access, &s.w.may(s.t).await, new).await.unwrap();
    let may = s.w.access.require::<UsersManageRoles>(&session(&guest), s.t).await.unwrap();
    last(&mappings::adopt(&s.w.access, &may, Target::Own, m).await.unwrap_err());
    s.spare().await;
    mappings::adopt(&s.w.access, &may, Target::Own, m).await.unwrap();
});

story!(async fn by_a_default_role_that_goes_or_stands_back(t) {
    let s = Scene::of(&t, "acme").await;
    let may = s.w.may::<UsersManageRoles>(s.t).await;
    defaults::set(&s.w.access, &may, None, Some(s.all.id)).await.unwrap();
    let boss = s.w.user(&s.p, "boss@example.com").await;
    s.maps(&boss, s.admins, TENANT_ADMINISTRATOR).await;
    assert!(s.administers().await);
    for role in [None, Some(id(SELF_SERVICE))] {
        last(&defaults::set(&s.w.access, &may, None, role).await.unwrap_err());
    }
    last(&s.less().await.unwrap_err());
    let g = s.w.group(&s.p, "Plain", &[boss.id]).await.id;
    last(&mappings::create(&s.w.access, &may, Target::Own, g, id(SELF_SERVICE)).await.unwrap_err());
    // The directory puts the author into a mapped group: what the last administrator would lose is held.
    let mapped = s.w.group(&s.p, "Mapped", &[]).await.id;
    s.mapped(mapped, id(SELF_SERVICE)).await;
    assert_eq!(s.holds().await, 0);
    s.w.apply(&s.p, mapped, vec![GroupChange::Add(vec![boss.id])]).await;
    assert_eq!(s.holds().await, 1);
    assert!(s.administers().await, "by the hold");
    let boss = users::view(&s.w.store, &s.w.may(s.t).await, boss.id).await.unwrap();
    assert!(s.w.access.require::<UsersManageRoles>(&session(&boss), s.t).await.is_err());
});
