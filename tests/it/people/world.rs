//! What the stories of people begin with: a tenant, its directory, a person of it.

use muster::{
    access::{Access, Catalogue, Permit, perm, perm::Permission},
    actor::{Actor, Principal},
    crypto::seal::MasterKey,
    directories::{self, Directory, Edit, Newcomers, Provisioning, SignInSettings},
    error::Result,
    groups::{self, Group, GroupChange, GroupDraft},
    id::{DirectoryId, GroupId, RequestId, TenantId, UserId},
    protocol::oidc::{Preset, Rules},
    provisioning::{self, Edited},
    secret::{ExposeSecret as _, Secret},
    sessions::{self, NewSession},
    store::Store,
    tenants::{self, Tenant},
    tx,
    users::{self, Draft, User},
};
use serde_json::json;
use std::{collections::BTreeSet, future::Future, sync::Arc};

/// A database with nobody in it.
pub struct World {
    pub store: Store,
    pub access: Access,
    pub master: MasterKey,
}

impl World {
    pub fn new(store: &Store) -> Self {
        let catalogue = Catalogue::shipped().unwrap();
        Self {
            store: store.clone(),
            access: Access::new(store.clone(), catalogue),
            master: MasterKey::generate().unwrap(),
        }
    }
    /// A change of a directory, by who may do anything.
    pub async fn edit(&self, t: TenantId, d: DirectoryId, edit: Edit) -> Result<Edited> {
        let may = self.may(t).await;
        provisioning::edit(&self.store, &self.access, &may, d, None, edit, &self.master).await
    }
    /// How its provisioning half behaves.
    pub async fn configure(&self, t: TenantId, d: DirectoryId, to: Provisioning) -> Result<Edited> {
        self.edit(t, d, Edit { provisioning: Some(to), ..Edit::default() }).await
    }
    pub fn owner() -> Actor {
        Actor::prove(Principal::Owner, RequestId::new())
    }
    /// The owner's right to do `P` in a tenant.
    pub async fn may<P: Permission>(&self, t: TenantId) -> Permit<P> {
        self.access.require::<P>(&Self::owner(), t).await.unwrap()
    }
    pub async fn global(&self) -> Permit<perm::Global> {
        self.access.require_global(&Self::owner()).await.unwrap()
    }
    pub async fn tenant(&self, slug: &str, provider: bool) -> Tenant {
        let new = tenants::New {
            slug: slug.into(),
            name: slug.to_uppercase(),
            provider,
            tags: Vec::new(),
        };
        tenants::create(&self.store, &self.global().await, new).await.unwrap()
    }
    /// A directory of both halves: whoever has no way in counts as nobody's administrator.
    pub async fn directory(&self, t: TenantId, name: &str) -> Directory {
        let half = SignInSettings {
            issuer: format!("https://login.example/{}/{}", t.0, name.replace(' ', "-")),
            client_id: "muster".into(),
            client_secret: Some(Secret::from("s3cret")),
            scopes: Vec::new(),
            rules: Rules::default(),
            newcomers: Newcomers::default(),
            end_upstream: false,
            client_secret_expires_at: None,
        };
        self.directory_of(t, name, Some(half)).await
    }
    /// A directory without a sign-in half.
    pub async fn scim_only(&self, t: TenantId, name: &str) -> Directory {
        self.directory_of(t, name, None).await
    }
    async fn directory_of(
        &self,
        t: TenantId,
        name: &str,
        signin: Option<SignInSettings>,
    ) -> Directory {
        let new = directories::New {
            name: name.into(),
            preset: Preset::Entra,
            provisioning: Provisioning::default(),
            signin,
        };
        directories::create(&self.store, &self.may(t).await, new, &self.master).await.unwrap()
    }
    /// The directory's own right.
    pub async fn scim(&self, d: &Directory) -> Permit<perm::Provision> {
        self.scim_of(d.tenant_id, d.id).await
    }
    pub async fn scim_of(
        &self,
        tenant: TenantId,
        directory: DirectoryId,
    ) -> Permit<perm::Provision> {
        let who = Principal::Directory { tenant, directory };
        self.access.provision(&Actor::prove(who, RequestId::new())).await.unwrap()
    }
    /// A tenant of this slug, its directory, and the directory's right.
    pub async fn company(
        &self,
        slug: &str,
        provider: bool,
    ) -> (Tenant, Directory, Permit<perm::Provision>) {
        let t = self.tenant(slug, provider).await;
        let d = self.directory(t.id, "Entra ID").await;
        let p = self.scim(&d).await;
        (t, d, p)
    }
    pub async fn user(&self, p: &Permit<perm::Provision>, name: &str) -> User {
        users::create(&self.store, p, draft(name)).await.unwrap()
    }
    pub async fn people(&self, p: &Permit<perm::Provision>, n: usize) -> Vec<UserId> {
        let mut out = Vec::new();
        for i in 0..n {
            out.push(self.user(p, &format!("person{i}@example.com")).await.id);
        }
        out
    }
    pub async fn group(
        &self,
        p: &Permit<perm::Provision>,
        name: &str,
        members: &[UserId],
    ) -> Group {
        let draft =
            GroupDraft { display_name: name.into(), external_id: None, members: members.to_vec() };
        groups::create(&self.store, p, draft).await.unwrap()
    }
    pub async fn members(&self, p: &Permit<perm::Provision>, id: GroupId) -> BTreeSet<UserId> {
        groups::members(&self.store, p, id, None, 10_000).await.unwrap().into_iter().collect()
    }
    pub async fn apply(
        &self,
        p: &Permit<perm::Provision>,
        id: GroupId,
        changes: Vec<GroupChange>,
    ) -> (Group, bool) {
        groups::apply(&self.store, p, id, None, changes).await.unwrap()
    }
    /// A session of a user, as a sign-in through their directory leaves it; gives the cookie.
    pub async fn signs_in(&self, u: &User) -> Secret {
        let now = self.store.clock().now();
        let (home, user, directory) = (u.tenant_id, u.id, u.directory_id);
        let permit = self.access.system(&Self::owner(), home).await.unwrap();
        tx!(self.store, &permit.cx(), [], |tx| {
            let new = NewSession {
                home,
                user,
                acting: home,
                directory,
                class: "mfa".into(),
                evidence: json!({}),
                auth_time: now,
                client: json!({}),
                not_after: None,
                upstream_sid: None,
                upstream_hint: None,
            };
            tx.unaudited("a test's session");
            let hour = std::time::Duration::from_secs(3600);
            let limits = sessions::Limits { absolute: hour, idle: hour };
            Ok(sessions::create(tx, &new, limits).await?.1)
        })
        .unwrap()
    }
    /// Whether a session is there and has not ended.
    pub async fn signed_in(&self, cookie: &Secret) -> bool {
        let live = sessions::by_cookie(&self.store, cookie.expose_secret()).await.unwrap();
        live.is_some_and(|l| l.ended_at.is_none())
    }
    /// What the directory's client does with `active`.
    pub async fn set_active(
        &self,
        p: &Permit<perm::Provision>,
        id: UserId,
        on: bool,
    ) -> Result<(User, bool)> {
        users::modify(
            &self.store,
            p,
            id,
            None,
            change(move |d| {
                d.active = on;
                d.doc["active"] = json!(on);
            }),
        )
        .await
    }
}

/// A person as Entra describes one.
pub fn draft(name: &str) -> Draft {
    Draft {
        user_name: name.into(),
        external_id: Some(format!("ext-{name}")),
        display_name: Some(format!("Display {name}")),
        email: Some(name.into()),
        active: true,
        doc: json!({
            "userName": name, "externalId": format!("ext-{name}"), "active": true,
            "displayName": format!("Display {name}"),
            "emails": [{ "value": name, "type": "work", "primary": true }],
        }),
        emails: vec![(name.into(), Some("work".into()))],
    }
}

/// The user as a draft that changes nothing.
pub fn as_is(u: &User) -> Draft {
    Draft {
        user_name: u.user_name.clone(),
        external_id: u.external_id.clone(),
        display_name: u.display_name.clone(),
        email: u.email.clone(),
        active: u.active,
        doc: u.doc.0.clone(),
        emails: u.email.iter().map(|e| (e.clone(), Some("work".into()))).collect(),
    }
}

/// A change that always wants to be written.
pub fn change(f: impl Fn(&mut Draft) + Send + Sync + 'static) -> users::Change {
    Arc::new(move |u| {
        let mut d = as_is(u);
        f(&mut d);
        Ok(Some(d))
    })
}

/// Runs both at once and gives both answers.
pub async fn race<T: Send + 'static>(
    a: impl Future<Output = T> + Send + 'static,
    b: impl Future<Output = T> + Send + 'static,
) -> (T, T) {
    let (a, b) = (tokio::spawn(a), tokio::spawn(b));
    (a.await.unwrap(), b.await.unwrap())
}
