//! Tenants: create, suspend, policy. Reads are for whoever proved their right elsewhere (the gate, a sign-in that
//! looks for its tenant); changes of a tenant's life take a [`Permit<Global>`].

mod db;
mod lasting;
mod leaving;
mod policy;
mod rules;

pub use lasting::{Lasting, Longest};
pub use leaving::{Deleting, leaving, mark, progress, remove};
pub use policy::{Demand, MfaDefault, MfaPolicy, Policy, Required, Source};

use crate::{
    access::{
        Access, Permit,
        guard::{self, By},
        perm::{Global, SystemEditSettings},
    },
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Kind, Result},
    id::{TenantId, UserId},
    sessions::{self, Who},
    store::{Conn, J, Scope, Store, Topic, Tx},
    tx,
};
use std::collections::BTreeSet;

/// Whether a tenant's people and programs may act.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[schemars(rename = "TenantStatus")]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// They may.
    Active,
    /// Nobody of it may, and nothing of it is answered.
    Suspended,
}
impl Status {
    /// The word used in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        match s {
            "active" => Some(Self::Active),
            "suspended" => Some(Self::Suspended),
            _ => None,
        }
    }
}
crate::enum_column!(Status);

crate::row! {
    /// A company.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Tenant {
        /// Its id.
        pub id: TenantId,
        /// Its name in addresses: lower case letters, digits, hyphens.
        pub slug: String,
        /// Its name for people.
        pub name: String,
        /// Whether it is the platform's own company (at most one is).
        pub provider: bool,
        /// Whether it may act.
        pub status: Status,
        /// Its sign-in policy.
        pub policy: J<Policy>,
        /// By what roles can be given in many tenants at once.
        pub tags: J<BTreeSet<String>>,
        /// Bumped with each change.
        pub version: i64,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it was last changed.
        pub updated_at: Timestamp,
        /// That it is being deleted, and how far that is; it is suspended then.
        pub deleting: Option<J<Deleting>>,
    }
}

/// A tenant to be made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[schemars(rename = "NewTenant")]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({ "slug": "contoso", "name": "Contoso", "tags": ["gold"] }))]
pub struct New {
    /// 2 to 40 characters: lower case letters, digits, hyphens inside.
    pub slug: String,
    /// For people.
    pub name: String,
    /// The platform's own company; there is one.
    #[serde(default)]
    pub provider: bool,
    /// By what roles can be given in many tenants at once: words of letters, digits, `-`, `_` and `.`.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// Makes a tenant.
///
/// # Errors
/// `Invalid` for a slug or name that does not fit, `Conflict` for a slug in use or a second provider.
pub async fn create(store: &Store, p: &Permit<Global>, new: New) -> Result<Tenant> {
    let id = TenantId::new();
    tx!(store, &p.cx(), [new], |tx| { create_in(tx, id, &new).await })
}

/// As [`create`], in the transaction of something larger, under an id that was chosen before; the caller has the right.
pub(crate) async fn create_in(tx: &mut Tx, id: TenantId, new: &New) -> Result<Tenant> {
    let (slug, name) = (rules::slug(&new.slug)?, crate::text::name("name", &new.name)?);
    let tags = J(rules::tags(&new.tags)?);
    let detail = serde_json::json!({
        "slug": slug, "name": name, "provider": new.provider, "tags": tags.0,
    });
    let inserted = db::insert(tx, id, slug, name, new.provider, tags).await;
    let t = inserted.map_err(|e| taken(e, slug))?;
    let event = Event::new("tenant.create").target("tenant", id).detail(detail);
    audit::record(tx, id, event).await?;
    tx.changed(Topic::Tenant(id));
    Ok(t)
}

fn taken(e: Error, slug: &str) -> Error {
    if e.violates("tenants_slug") {
        Error::conflict(format!("a tenant with the slug '{slug}' exists already"))
            .attr("slug")
            .code("uniqueness")
    } else if e.violates("tenants_one_provider") {
        Error::conflict("there is a provider already; an instance has one")
            .attr("provider")
            .code("uniqueness")
    } else {
        e
    }
}

/// The tenant, for a reader that has a connection over it.
pub async fn find(c: &mut Conn, id: TenantId) -> Result<Option<Tenant>> {
    db::get(c, id).await
}

/// The tenant.
///
/// # Errors
/// `NotFound`.
pub async fn get(store: &Store, id: TenantId) -> Result<Tenant> {
    let mut c = store.read(Scope::Tenant(id)).await?;
    db::get(&mut c, id).await?.ok_or_else(|| Error::not_found(format!("tenant {id}")))
}

/// The tenant of this slug (any case): where a sign-in begins, before anybody is known.
pub async fn by_slug(store: &Store, slug: &str) -> Result<Option<Tenant>> {
    let mut c = store.read(Scope::Platform).await?;
    db::by_slug(&mut c, &slug.trim().to_ascii_lowercase()).await
}

/// The tenants that are called so, a to z in any case; two at most.
///
/// # Errors
/// The database's.
pub async fn named(store: &Store, _: &Permit<Global>, name: &str) -> Result<Vec<TenantId>> {
    let mut c = store.read(Scope::Platform).await?;
    db::named(&mut c, name.trim()).await
}

/// The provider's tenant, if there is one.
pub async fn provider(store: &Store) -> Result<Option<Tenant>> {
    let mut c = store.read(Scope::Platform).await?;
    db::provider(&mut c).await
}

/// So many of all tenants, by slug, after one.
///
/// # Errors
/// The database's.
pub async fn page(
    store: &Store,
    _p: &Permit<Global>,
    after: Option<String>,
    limit: u32,
) -> Result<Vec<Tenant>> {
    let mut c = store.scan(Scope::Platform).await?;
    db::page(&mut c, after.as_deref().unwrap_or_default(), i64::from(limit)).await
}

/// Those of `ids` that exist, by slug: for a caller whose tenants `access` has told.
pub async fn some(store: &Store, ids: &[TenantId]) -> Result<Vec<Tenant>> {
    let mut c = store.read(Scope::Platform).await?;
    db::some(&mut c, ids).await
}

/// The tenants in which somebody may act, by slug: their own and where they have anything, but no suspended one.
///
/// # Errors
/// The database's.
pub async fn open_to(
    store: &Store,
    access: &Access,
    home: TenantId,
    user: UserId,
) -> Result<Vec<Tenant>> {
    let reach = access.tenants_of(home, user).await?;
    let mut all = some(store, &reach).await?;
    all.retain(|t| t.status == Status::Active);
    Ok(all)
}

/// Whether somebody may act in more than one tenant. Of most people that is known without asking the database.
///
/// # Errors
/// The database's.
pub async fn several(store: &Store, access: &Access, home: TenantId, user: UserId) -> Result<bool> {
    if access.tenants_of(home, user).await?.len() < 2 {
        return Ok(false);
    }
    Ok(open_to(store, access, home, user).await?.len() > 1)
}

/// What changes of a tenant's life. Its slug does not: it stands in links, in what applications and scripts send, and in
/// files of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// Another name for people.
    pub name: Option<String>,
    /// Suspends it (everything of it ends at once) or lets it act again.
    pub status: Option<Status>,
    /// All its tags from now on. Roles that were given by a tag follow at once: whoever has one by a tag that is new
    /// has it here from now on, by one that is gone not any more.
    pub tags: Option<Vec<String>>,
}

fn fresh(t: &Tenant, if_match: Option<i64>) -> Result<()> {
    if if_match.is_some_and(|v| v != t.version) {
        let detail = format!("the tenant is at version {}, not the one given", t.version);
        return Err(Error::new(Kind::Precondition, detail));
    }
    Ok(())
}

/// Changes a tenant.
///
/// # Errors
/// `NotFound`; `Precondition` when `if_match` is not its version; `Invalid` for what is no name or tag; `Forbidden` to
/// suspend the provider's own tenant, whose people run the instance, and to take a tag away by which somebody answers for
/// the tenant's last administrator; `Conflict` while it is being deleted.
pub async fn edit(
    store: &Store,
    p: &Permit<Global>,
    id: TenantId,
    if_match: Option<i64>,
    edit: Edit,
) -> Result<Tenant> {
    let tags = edit.tags.as_deref().map(rules::tags).transpose()?;
    let name = edit.name.as_deref().map(|n| crate::text::name("name", n)).transpose()?;
    let (name, status) = (name.map(str::to_owned), edit.status);
    tx!(store, &p.cx().urgent(), [name, tags], |tx| {
        let gone = || Error::not_found(format!("tenant {id}"));
        tx.lock(leaving::lock(id)).await?;
        let was = db::get(tx, id).await?.ok_or_else(gone)?;
        fresh(&was, if_match)?;
        rules::stays(&was)?;
        if let Some(name) = name.filter(|name| *name != was.name) {
            let detail = serde_json::json!({ "from": was.name, "to": name });
            db::set_name(tx, id, &name).await?;
            let event = Event::new("tenant.rename").target("tenant", id).detail(detail);
            audit::record(tx, id, event).await?;
            tx.changed(Topic::Tenant(id));
        }
        if let Some(tags) = tags.filter(|tags| *tags != was.tags.0) {
            let detail = serde_json::json!({ "from": was.tags.0, "to": tags });
            // Somebody with a role by a tag that goes may answer for who administers the tenant.
            let guard =
                if was.tags.0.is_subset(&tags) { None } else { Some(guard::before(tx, id).await?) };
            db::set_tags(tx, id, J(tags)).await?;
            if let Some(guard) = guard {
                guard.after(tx, By::Hand).await?;
            }
            let event = Event::new("tenant.tags").target("tenant", id).detail(detail);
            audit::record(tx, id, event).await?;
            tx.changed(Topic::Tenant(id));
        }
        if let Some(status) = status.filter(|s| *s != was.status) {
            rules::may_suspend(&was, status)?;
            db::set_status(tx, id, status).await?;
            if status == Status::Suspended {
                sessions::revoke(tx, Who::Tenant(id), "tenant suspended").await?;
            }
            let action = match status {
                Status::Active => "tenant.resume",
                Status::Suspended => "tenant.suspend",
            };
            audit::record(tx, id, Event::new(action).target("tenant", id)).await?;
            tx.changed(Topic::Tenant(id));
        }
        db::get(tx, id).await?.ok_or_else(gone)
    })
}

/// Suspends a tenant (everything of it ends at once) or lets it act again.
///
/// # Errors
/// As [`edit`].
pub async fn set_status(
    store: &Store,
    p: &Permit<Global>,
    id: TenantId,
    status: Status,
) -> Result<Tenant> {
    edit(store, p, id, None, Edit { status: Some(status), ..Edit::default() }).await
}

/// Sets a tenant's sign-in policy. What runs and is over by it ends with it: sessions and refresh families of its people
/// here and now, those of others who act in it by the worker that ends what is over (`gate` refuses them from now on).
/// Whether its applications serve the tenant, the caller has asked.
///
/// # Errors
/// `Invalid`, naming the field; `Precondition` when `if_match` is not the tenant's version.
pub async fn set_policy(
    store: &Store,
    access: &Access,
    p: &Permit<SystemEditSettings>,
    (policy, if_match): (Policy, Option<i64>),
    longest: Longest,
) -> Result<Tenant> {
    let id = p.tenant();
    policy.checked(access.catalogue().all(), longest)?;
    tx!(store, &p.cx().urgent(), [policy], |tx| {
        let t = db::get(tx, id).await?;
        let t = t.ok_or_else(|| Error::not_found(format!("tenant {id}")))?;
        fresh(&t, if_match)?;
        if t.policy.0 == policy {
            return Ok(t);
        }
        let shorter = policy.sessions.stricter_than(&t.policy.0.sessions)
            || policy.refresh.stricter_than(&t.policy.0.refresh);
        let over = shorter.then(|| {
            let sessions = policy.sessions.within(longest.sessions).before(tx.now());
            let families = policy.refresh.within(longest.refresh).before(tx.now());
            Who::Older { tenant: id, sessions, families }
        });
        let mut detail = serde_json::json!({ "from": t.policy.0, "to": policy });
        let t = db::set_policy(tx, id, J(policy)).await?;
        if let Some(over) = over {
            let ended = sessions::revoke(tx, over, "over by the tenant's policy").await?;
            detail["ended"] =
                serde_json::json!({ "sessions": ended.sessions, "families": ended.families });
        }
        let event = Event::new("tenant.policy").target("tenant", id).detail(detail);
        audit::record(tx, id, event).await?;
        tx.changed(Topic::Tenant(id));
        Ok(t)
    })
}
