//! The last administrator, who is one by a mapping: counted by how whoever answers for it stands.

use super::{give, person, session};
use crate::{people::world::World, story, support::way_in};
use muster::{
    access::{
        Permit, Reach,
        catalogue::TENANT_ADMINISTRATOR,
        grants::{self, NewGrant, Query},
        guard, holds,
        mappings::{self, Mapping, Target},
        perm::{Provision, SystemManageIntegrations, UsersManageRoles},
    },
    actor::UserKind,
    apps::{self, IntegrationPlan},
    directories::{Edit, Status},
    error::Error,
    id::{GrantId, TenantId, UserId},
    store::{Cx, Scope},
    tenants, tx,
    users::{self, User},
};

/// A tenant whose only administrator is one by a mapping of somebody's.
struct Scene {
    w: World,
    t: TenantId,
    p: Permit<Provision>,
    ann: UserId,
    m: Mapping,
}

impl Scene {
    async fn mapped(w: World, t: TenantId, p: Permit<Provision>, by: &User) -> Self {
        let ann = w.user(&p, "ann@example.com").await.id;
        let g = w.group(&p, "Administrators", &[ann]).await.id;
        let may = w.access.require::<UsersManageRoles>(&session(by), t).await.unwrap();
        let m =
            mappings::create(&w.access, &may, Target::Own, g, TENANT_ADMINISTRATOR).await.unwrap();
        assert!(w.access.effective(t, ann, t).await.unwrap().allows("users.delete"));
        Self { w, t, p, ann, m }
    }
    /// Made by an integration user of the tenant's own.
    async fn of_an_integration(t: &crate::support::TestDb) -> (Self, User) {
        let w = World::new(&t.store);
        let (acme, _, p) = w.company("acme", false).await;
        let (id, may) = (acme.id, w.may::<SystemManageIntegrations>(acme.id).await);
        let plan = IntegrationPlan {
            name: "Bot".into(),
            description: None,
            scopes: w.access.catalogue().all().iter().cloned().collect(),
            expires_at: None,
            jwks: None,
            jwks_uri: None,
        };
        let (app, _) = apps::integration_create(&w.store, &w.access, &may, plan).await.unwrap();
        let bot = users::view(&w.store, &w.may(id).await, app.user_id.unwrap()).await.unwrap();
        give(&w, &bot, id, TENANT_ADMINISTRATOR).await;
        (Self::mapped(w, id, p, &bot).await, bot)
    }
    /// Made by somebody of the provider's who holds the role in all tenants of a tag.
    async fn of_a_wide_scope(t: &crate::support::TestDb) -> (Self, GrantId) {
        let w = World::new(&t.store);
        let us = w.tenant("us", true).await.id;
        let (acme, _, p) = w.company("acme", false).await;
        let gold = tenants::Edit { tags: Some(vec!["gold".into()]), ..Default::default() };
        tenants::edit(&w.store, &w.global().await, acme.id, None, gold).await.unwrap();
        let tom = person(&w, us, "tom", UserKind::Technician).await;
        let o = w.access.over(&w.may(us).await, Reach::tagged("gold").unwrap()).await.unwrap();
        let new = NewGrant::manual(us, tom.id, TENANT_ADMINISTRATOR);
        let wide = grants::add_over(&w.access, &o, new).await.unwrap();
        (Self::mapped(w, acme.id, p, &tom).await, wide.id)
    }
    async fn holds(&self) -> usize {
        let q = Query { holds: true, ..Query::default() };
        grants::list(&self.w.access, &self.w.may(self.t).await, q).await.unwrap().len()
    }
    async fn told(&self) -> Vec<(TenantId, UserId)> {
        let (cx, t) = (Cx::new(World::owner(), Scope::Platform), self.t);
        tx!(self.w.store, &cx, [], |tx| { guard::to_be_told(tx, t).await }).unwrap()
    }
    /// The mapping stays as long as nobody else administers the tenant; what the directory takes away is held.
    async fn is_the_last(&self) {
        assert_eq!(self.told().await, [(self.t, self.ann)]);
        let e = mappings::delete(&self.w.access, &self.w.may(self.t).await, self.m.id).await;
        last(&e.unwrap_err());
        assert_eq!(self.holds().await, 0);
        self.w.set_active(&self.p, self.ann, false).await.unwrap();
        assert_eq!(self.holds().await, 1, "what the last administrator would lose stays as a hold");
    }
}

fn last(e: &Error) {
    assert_eq!(e.code_str(), Some("last_administrator"), "{e:?}");
}

story!(async fn by_a_mapping_of_an_integration_users(t) {
    let (s, _) = Scene::of_an_integration(&t).await;
    s.is_the_last().await;
});

story!(async fn an_integration_that_is_removed_leaves_what_it_made(t) {
    let (s, bot) = Scene::of_an_integration(&t).await;
    let may = s.w.may::<SystemManageIntegrations>(s.t).await;
    let all = apps::page(&s.w.store, &may, None, 500).await.unwrap();
    let app = all.iter().find(|a| a.user_id == Some(bot.id)).unwrap();
    apps::remove(&s.w.store, &may, app.id, None).await.unwrap();
    assert!(s.w.access.effective(s.t, s.ann, s.t).await.unwrap().allows("users.manage_roles"));
    assert_eq!(s.told().await, [(s.t, s.ann)]);
    let m = mappings::get(&s.w.access, &s.w.may(s.t).await, s.m.id).await.unwrap();
    assert!(m.suspended_at.is_none(), "it has left and was not demoted");
    assert!(users::view(&s.w.store, &s.w.may(s.t).await, bot.id).await.is_err());
});

story!(async fn by_a_mapping_of_somebody_with_a_role_in_many_tenants(t) {
    let (s, _) = Scene::of_a_wide_scope(&t).await;
    s.is_the_last().await;
});

story!(async fn an_author_is_not_demoted_where_that_leaves_no_administrator(t) {
    let (s, bot) = Scene::of_an_integration(&t).await;
    let q = Query { user: Some(bot.id), ..Query::default() };
    let may = s.w.may(s.t).await;
    let g = grants::list(&s.w.access, &may, q).await.unwrap()[0].id;
    last(&grants::remove(&s.w.access, &may, g).await.unwrap_err());
    let spare = person(&s.w, s.t, "spare", UserKind::Tenant).await;
    give(&s.w, &spare, s.t, TENANT_ADMINISTRATOR).await;
    grants::remove(&s.w.access, &may, g).await.unwrap();
    assert!(s.w.access.effective(s.t, s.ann, s.t).await.unwrap().is_empty());
    assert_eq!(s.told().await, [(s.t, spare.id)]);
    // Suspended, it counts for nobody: the spare one is the last.
    let q = Query { user: Some(spare.id), ..Query::default() };
    let g = grants::list(&s.w.access, &may, q).await.unwrap()[0].id;
    last(&grants::remove(&s.w.access, &may, g).await.unwrap_err());
});

story!(async fn an_author_of_the_providers_is_not_demoted_where_that_leaves_a_customer_without(t) {
    let (s, wide) = Scene::of_a_wide_scope(&t).await;
    let us = tenants::provider(&s.w.store).await.unwrap().unwrap().id;
    let may = s.w.may(us).await;
    last(&grants::remove(&s.w.access, &may, wide).await.unwrap_err());
    let spare = person(&s.w, s.t, "spare", UserKind::Tenant).await;
    give(&s.w, &spare, s.t, TENANT_ADMINISTRATOR).await;
    grants::remove(&s.w.access, &may, wide).await.unwrap();
    assert!(s.w.access.effective(s.t, s.ann, s.t).await.unwrap().is_empty());
});

story!(async fn a_tag_stays_by_which_somebody_answers_for_the_last_one(t) {
    let (s, _) = Scene::of_a_wide_scope(&t).await;
    let tags = async |tags: &[&str]| {
        let tags = Some(tags.iter().map(|t| (*t).to_owned()).collect());
        tenants::edit(&s.w.store, &s.w.global().await, s.t, None, tenants::Edit { tags, ..tenants::Edit::default() }).await
    };
    last(&tags(&[]).await.unwrap_err());
    tags(&["gold", "north"]).await.unwrap();
    let spare = person(&s.w, s.t, "spare", UserKind::Tenant).await;
    give(&s.w, &spare, s.t, TENANT_ADMINISTRATOR).await;
    tags(&["north"]).await.unwrap();
    assert!(s.w.access.effective(s.t, s.ann, s.t).await.unwrap().is_empty());
});

story!(async fn an_integration_user_keeps_the_permissions_with_which_it_answers_for_the_last_one(t) {
    let (s, bot) = Scene::of_an_integration(&t).await;
    let may = s.w.may::<SystemManageIntegrations>(s.t).await;
    let app = apps::page(&s.w.store, &may, None, 500).await.unwrap().into_iter().find(|a| a.user_id == Some(bot.id)).unwrap();
    let less = || apps::Change { scopes: Some(Some(vec!["users.view".into()])), ..apps::Change::default() };
    let e = apps::integration_edit(&s.w.store, &s.w.access, &may, app.id, less()).await;
    last(&e.unwrap_err());
    let spare = person(&s.w, s.t, "spare", UserKind::Tenant).await;
    give(&s.w, &spare, s.t, TENANT_ADMINISTRATOR).await;
    apps::integration_edit(&s.w.store, &s.w.access, &may, app.id, less()).await.unwrap();
    assert!(s.w.access.effective(s.t, s.ann, s.t).await.unwrap().is_empty());
});

story!(async fn who_cannot_sign_in_is_nobodys_last_administrator(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let t = acme.id;
    let ann = person(&w, t, "ann", UserKind::Tenant).await;
    let may = w.may::<UsersManageRoles>(t).await;
    let hers = grants::add(&w.access, &may, NewGrant::manual(t, ann.id, TENANT_ADMINISTRATOR)).await.unwrap().id;
    // Added by hand, with nothing to sign in with.
    let new = users::NewUser { kind: UserKind::Tenant, user_name: "bob".into(), display_name: None, email: None };
    let bob = users::add(&w.store, &w.may(t).await, new).await.unwrap();
    give(&w, &bob, t, TENANT_ADMINISTRATOR).await;
    last(&grants::remove(&w.access, &may, hers).await.unwrap_err());
    // Of a directory, as long as people sign in through it.
    let cid = w.user(&p, "cid@example.com").await;
    give(&w, &cid, t, TENANT_ADMINISTRATOR).await;
    let status = async |to: Status| {
        w.edit(t, d.id, Edit { status: Some(to), ..Edit::default() }).await.unwrap()
    };
    status(Status::Disabled).await;
    last(&grants::remove(&w.access, &may, hers).await.unwrap_err());
    status(Status::Active).await;
    grants::remove(&w.access, &may, hers).await.unwrap();
    // A directory that takes away the last one who can sign in succeeds, and leaves a hold, whoever else has the role.
    w.set_active(&p, cid.id, false).await.unwrap();
    let holds = holds::list(&w.access, &may, Query::default()).await.unwrap();
    assert_eq!(holds.iter().map(|h| h.user_id).collect::<Vec<_>>(), [cid.id]);
    // Whoever gets a password counts.
    w.set_active(&p, cid.id, true).await.unwrap();
    way_in(&w.store, t, bob.id).await;
    for h in holds {
        holds::resolve(&w.access, &may, h.id, grants::Resolve::Drop).await.unwrap();
    }
    let his = grants::list(&w.access, &may, Query::default()).await.unwrap();
    let his = his.iter().find(|g| g.user_id == cid.id).unwrap().id;
    grants::remove(&w.access, &may, his).await.unwrap();
});
