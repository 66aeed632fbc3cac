//! Three at once: what looks for administrators, what makes one, and what takes the other away.

use super::{SELF_SERVICE, give, id, person, role, session};
use crate::{people::world::World, story, support::TestDb};
use muster::{
    access::{
        Permit,
        catalogue::TENANT_ADMINISTRATOR,
        defaults,
        grants::{self, Query},
        guard,
        mappings::{self, Target},
        perm::{Provision, UsersManageRoles},
    },
    actor::UserKind,
    error::Result,
    groups::{self, GroupChange},
    id::{GroupId, RoleId, TenantId, UserId},
    store::{Cx, Scope},
    tx,
    users::{self, User},
};
use sqlx::Connection as _;
use std::{sync::Arc, time::Duration};

/// A company with an administrator by hand, and its directory.
struct Scene {
    w: Arc<World>,
    t: TenantId,
    p: Permit<Provision>,
    root: User,
}

impl Scene {
    async fn new(t: &TestDb) -> Self {
        let w = World::new(&t.store);
        let (acme, _, p) = w.company("acme", false).await;
        let root = person(&w, acme.id, "root", UserKind::Tenant).await;
        give(&w, &root, acme.id, TENANT_ADMINISTRATOR).await;
        Self { w: Arc::new(w), t: acme.id, p, root }
    }
    async fn map(w: &World, t: TenantId, g: GroupId, role: RoleId) -> Result<()> {
        let p = w.may::<UsersManageRoles>(t).await;
        mappings::create(&w.access, &p, Target::Own, g, role).await.map(drop)
    }
    /// Takes the administrator's role that was given by hand away.
    async fn dismiss(w: &World, t: TenantId, root: UserId) -> Result<()> {
        let p = w.may::<UsersManageRoles>(t).await;
        let q = Query { user: Some(root), ..Query::default() };
        for g in grants::list(&w.access, &p, q).await? {
            grants::remove(&w.access, &p, g.id).await?;
        }
        Ok(())
    }
    /// Somebody administers the tenant, or a hold says who did.
    async fn is_administered(&self) {
        let (cx, t) = (Cx::new(World::owner(), Scope::Platform), self.t);
        let told = tx!(self.w.store, &cx, [], |tx| { guard::to_be_told(tx, t).await }).unwrap();
        let q = Query { holds: true, ..Query::default() };
        let holds = grants::list(&self.w.access, &self.w.may(self.t).await, q).await.unwrap();
        assert!(!told.is_empty() || !holds.is_empty(), "nobody administers the tenant any more");
    }
}

/// Holds a row on PostgreSQL, so that whoever writes or refers to it stops there, until this is dropped. On SQLite there is
/// one writer, and nobody stops in the middle.
async fn stopped_at(t: &TestDb, table: &str, row: uuid::Uuid) -> Option<sqlx::PgConnection> {
    let mut c = sqlx::PgConnection::connect(&t.url()?).await.unwrap();
    for text in [
        "SET muster.scope = '*'".to_owned(),
        "BEGIN".to_owned(),
        format!("SELECT 1 FROM {table} WHERE id = '{row}' FOR UPDATE"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(text)).execute(&mut c).await.unwrap();
    }
    Some(c)
}

async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}

/// The first stops in the middle; the second does all it wants beside it, as far as it is let.
async fn beside<A: Send + 'static, B: Send + 'static>(
    held: Option<sqlx::PgConnection>,
    a: impl Future<Output = A> + Send + 'static,
    b: impl Future<Output = B> + Send + 'static,
) -> (A, B) {
    let a = tokio::spawn(a);
    a_moment().await;
    let b = tokio::spawn(b);
    a_moment().await;
    drop(held);
    (a.await.unwrap(), b.await.unwrap())
}

story!(async fn somebody_is_switched_off_while_a_mapping_makes_them_the_last_administrator(t) {
    for by_group in [false, true] {
        let s = Scene::new_in(&t, by_group).await;
        let u = s.w.user(&s.p, "ann@example.com").await.id;
        let g = s.w.group(&s.p, "Desk", if by_group { &[] } else { std::slice::from_ref(&u) }).await.id;
        if by_group {
            Scene::map(&s.w, s.t, g, TENANT_ADMINISTRATOR).await.unwrap();
        }
        let held = stopped_at(&t, "users", u.0).await;
        let off = { let (w, p) = (s.w.clone(), s.p.clone()); async move { w.set_active(&p, u, false).await.map(drop) } };
        let on = { let (w, p, t, root) = (s.w.clone(), s.p.clone(), s.t, s.root.id); async move {
            if by_group {
                groups::apply(&w.store, &p, g, None, vec![GroupChange::Add(vec![u])]).await?;
            } else {
                Scene::map(&w, t, g, TENANT_ADMINISTRATOR).await?;
            }
            Scene::dismiss(&w, t, root).await
        } };
        let (off, on) = Box::pin(beside(held, off, on)).await;
        off.expect("a directory's word holds");
        let e = on.unwrap_err();
        assert_eq!(e.code_str(), Some("last_administrator"), "{e:?}");
        s.is_administered().await;
    }
});

story!(async fn those_who_are_only_switched_off_do_not_wait_for_each_other(t) {
    let s = Scene::new(&t).await;
    let (a, b) = (s.w.user(&s.p, "a@example.com").await.id, s.w.user(&s.p, "b@example.com").await.id);
    let held = stopped_at(&t, "users", a.0).await;
    let first = { let (w, p) = (s.w.clone(), s.p.clone()); async move { w.set_active(&p, a, false).await.map(drop) } };
    let first = tokio::spawn(first);
    a_moment().await;
    let second = s.w.set_active(&s.p, b, false);
    tokio::time::timeout(Duration::from_secs(3), second).await.expect("it waits for nobody").unwrap();
    drop(held);
    first.await.unwrap().unwrap();
});

story!(async fn a_default_role_is_set_while_a_group_takes_it_from_who_answers_by_it(t) {
    for by_group in [false, true] {
        let s = Scene::new_in(&t, by_group).await;
        let all = s.w.access.catalogue().role(TENANT_ADMINISTRATOR).unwrap().permissions.clone();
        let all: Vec<&str> = all.iter().map(String::as_str).filter(|p| *p != "self_service").collect();
        let lead = role(&s.w, s.t, "Lead", &all, false).await.id;
        let ann = s.w.user(&s.p, "ann@example.com").await;
        let bob = s.w.user(&s.p, "bob@example.com").await.id;
        let (mine, theirs) = (s.w.group(&s.p, "Plain", if by_group { &[] } else { std::slice::from_ref(&ann.id) }).await.id,
            s.w.group(&s.p, "Administrators", &[bob]).await.id);
        // Ann answers for Bob by the default role, which is taken back for now.
        let set = async |w: Arc<World>, t: TenantId, role: Option<RoleId>| {
            defaults::set(&w.access, &w.may(t).await, None, role).await.map(drop)
        };
        set(s.w.clone(), s.t, Some(lead)).await.unwrap();
        let p = s.w.access.require::<UsersManageRoles>(&session(&ann), s.t).await.unwrap();
        mappings::create(&s.w.access, &p, Target::Own, theirs, TENANT_ADMINISTRATOR).await.unwrap();
        set(s.w.clone(), s.t, None).await.unwrap();
        if by_group {
            Scene::map(&s.w, s.t, mine, id(SELF_SERVICE)).await.unwrap();
        }
        // Where her group is mapped, or she comes to it, that stops before it is written.
        let held = if by_group { stopped_at(&t, "users", ann.id.0).await } else { stopped_at(&t, "groups", mine.0).await };
        let takes = { let (w, p, t, ann) = (s.w.clone(), s.p.clone(), s.t, ann.id); async move {
            if by_group {
                groups::apply(&w.store, &p, mine, None, vec![GroupChange::Add(vec![ann])]).await.map(drop)
            } else {
                Scene::map(&w, t, mine, id(SELF_SERVICE)).await
            }
        } };
        let sets = { let (w, t, root) = (s.w.clone(), s.t, s.root.id); async move {
            defaults::set(&w.access, &w.may(t).await, None, Some(lead)).await?;
            Scene::dismiss(&w, t, root).await
        } };
        let (took, _) = Box::pin(beside(held, takes, sets)).await;
        let taken = took.is_ok();
        s.is_administered().await;
        assert!(taken || users::view(&s.w.store, &s.w.may(s.t).await, ann.id).await.is_ok());
    }
});

impl Scene {
    /// The same once more in a database: another company.
    async fn new_in(t: &TestDb, second: bool) -> Self {
        if !second {
            return Self::new(t).await;
        }
        let w = World::new(&t.store);
        let (bern, _, p) = w.company("bern", false).await;
        let root = person(&w, bern.id, "root", UserKind::Tenant).await;
        give(&w, &root, bern.id, TENANT_ADMINISTRATOR).await;
        Self { w: Arc::new(w), t: bern.id, p, root }
    }
}
