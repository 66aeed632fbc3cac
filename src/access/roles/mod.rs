//! Roles: the built-in ones, a tenant's own, and the provider's that are offered to all.

mod called;
mod db;
pub mod export;
mod fit;
mod like;
mod names;
mod page;
mod uses;

use super::{
    Access, Permit, Reach, RoleRef,
    catalogue::{BuiltIn, Catalogue, SELF_SERVICE},
    db::{narrow, tenant, widen},
    grants,
    guard::{self, By},
    parked,
    perm::UsersManageRoles,
    rules,
};
use crate::{
    audit::{self, Event},
    clock::Timestamp,
    error::{Error, Kind, Result},
    id::{RoleId, TenantId},
    store::{Conn, J, Lock, Scope, Topic, Tx},
    text, tx,
};
pub use called::called;
pub(super) use called::name_in;
use db::RoleRow;
pub use fit::must_fit;
pub use like::{Difference, create_like, difference};
use names::{checked, not_an_offered_ones};
pub use page::page;
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
pub use uses::{Counts, Holder, Holders, Uses, counts, uses};

/// A role.
#[derive(Debug, Clone)]
pub struct Role {
    /// Fixed for the built-in ones.
    pub id: RoleId,
    /// The owner; `None` for the built-in ones.
    pub tenant: Option<TenantId>,
    /// Unique in its tenant, whatever the case.
    pub name: String,
    /// For people.
    pub description: String,
    /// Of the catalogue (or `self_service`, in the built-in role of that name).
    pub permissions: BTreeSet<String>,
    /// The provider's, usable in every tenant.
    pub offered: bool,
    /// Counts edits.
    pub version: i64,
    /// When it was made; `None` for the built-in ones.
    pub created_at: Option<Timestamp>,
    /// When it was last edited.
    pub updated_at: Option<Timestamp>,
}
impl Role {
    /// What tokens and policies need of it.
    pub fn to_ref(&self) -> RoleRef {
        RoleRef {
            id: self.id,
            name: self.name.clone(),
            mfa: rules::role_demands_mfa(self.permissions.iter()),
        }
    }
    fn built_in(b: &BuiltIn) -> Self {
        Self {
            id: b.id,
            tenant: None,
            name: b.name.clone(),
            description: b.description.clone(),
            permissions: (*b.permissions).clone(),
            offered: true,
            version: 1,
            created_at: None,
            updated_at: None,
        }
    }
    fn custom(r: RoleRow) -> Self {
        Self {
            id: r.id,
            tenant: Some(r.tenant_id),
            name: r.name,
            description: r.description,
            permissions: r.permissions.0,
            offered: r.offered,
            version: r.version,
            created_at: Some(r.created_at),
            updated_at: Some(r.updated_at),
        }
    }
}

/// A role to be made.
#[derive(Debug, Clone, Default)]
pub struct NewRole {
    /// Unique in the tenant, and not a built-in role's.
    pub name: String,
    /// For people.
    pub description: String,
    /// Of the catalogue.
    pub permissions: BTreeSet<String>,
    /// To all tenants; only in the provider's tenant.
    pub offered: bool,
}

/// What an edit changes.
#[derive(Debug, Clone, Default)]
pub struct RoleEdit {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// The permissions it has from now on.
    pub permissions: Option<BTreeSet<String>>,
    /// Whether it is offered from now on.
    pub offered: Option<bool>,
}

/// The lock of everything that gives a role and everything that changes it.
pub(super) fn lock(id: RoleId) -> Lock {
    Lock::Named(format!("role:{id}"))
}

/// A role that can be used in the tenant: built-in, its own, or offered.
pub(super) async fn find(
    c: &mut Conn,
    catalogue: &Catalogue,
    tenant: TenantId,
    id: RoleId,
) -> Result<Role> {
    if let Some(b) = catalogue.role(id) {
        return Ok(Role::built_in(b));
    }
    let row = db::get(c, tenant, id).await?;
    row.map(Role::custom).ok_or_else(|| Error::not_found("role").attr("role"))
}

/// A role that can be used in the tenant, for a reader that shows what was planned; `None` when it is gone.
///
/// # Errors
/// The database's.
pub async fn named(
    c: &mut Conn,
    access: &Access,
    tenant: TenantId,
    id: RoleId,
) -> Result<Option<Role>> {
    match find(c, access.catalogue(), tenant, id).await {
        Ok(role) => Ok(Some(role)),
        Err(e) if e.kind() == Kind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Refuses to give `wanted` for good to whoever holds only `held` there, or only for a while.
pub(super) fn ceiling(wanted: &BTreeSet<String>, held: &super::Effective) -> Result<()> {
    ceiling_until(wanted, held, None)
}

/// The same, to give it until then.
pub(super) fn ceiling_until(
    wanted: &BTreeSet<String>,
    held: &super::Effective,
    until: Option<Timestamp>,
) -> Result<()> {
    ceiling_now(wanted, held)?;
    let short = wanted.iter().map(String::as_str);
    let short: Vec<&str> = short.filter(|w| *w != SELF_SERVICE && !held.lasts(w, until)).collect();
    if short.is_empty() {
        return Ok(());
    }
    Err(Error::forbidden(format!(
        "nobody gives for longer than they hold: {} there ends by itself",
        listed(short.iter().copied())
    )))
}

/// The same, to give it for as long as the giver answers for it.
pub(super) fn ceiling_now(wanted: &BTreeSet<String>, held: &super::Effective) -> Result<()> {
    let beyond = rules::beyond(wanted, &held.permissions);
    if beyond.is_empty() {
        return Ok(());
    }
    let lack = listed(beyond.iter().copied());
    Err(Error::forbidden(if held.by_scopes {
        format!("nobody gives what they do not hold: this token's scopes lack {lack} there")
    } else {
        format!("nobody gives what they do not hold: you lack {lack} there")
    }))
}

/// The first few of a list, and how many more there are.
fn listed<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = items.collect();
    let first = all.iter().take(3).map(|s| format!("'{s}'")).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(3) {
        0 => first,
        n => format!("{first} and {n} more"),
    }
}

fn known(catalogue: &Catalogue, permissions: &BTreeSet<String>) -> Result<()> {
    match permissions.iter().find(|p| !catalogue.all().contains(*p)) {
        None => Ok(()),
        Some(p) => Err(Error::invalid(format!(
            "'{}' is not a permission of the catalogue",
            text::excerpt(p)
        ))
        .attr("permissions")),
    }
}

async fn may_offer(tx: &mut Tx, t: TenantId) -> Result<()> {
    if tenant(tx, t).await?.is_some_and(|t| t.provider) {
        return Ok(());
    }
    Err(Error::forbidden("only the provider's roles can be offered to all tenants").attr("offered"))
}

fn taken(e: Error, name: &str) -> Error {
    if e.violates("roles_name") {
        return Error::conflict(format!("there is a role '{name}' already")).attr("name");
    }
    e
}

/// Announces that whoever has the role may have something else now.
fn changed(tx: &mut Tx, r: &RoleRow) {
    tx.changed(Topic::Access(if r.offered { TenantId::PLATFORM } else { r.tenant_id }));
}

fn built_in_stays(access: &Access, id: RoleId) -> Result<()> {
    match access.catalogue().role(id) {
        None => Ok(()),
        Some(b) => Err(Error::forbidden(format!(
            "'{}' is a built-in role; it is neither edited nor deleted",
            b.name
        ))),
    }
}

/// The roles that can be used in the permit's tenant: built-in, own, offered.
///
/// # Errors
/// The database's.
pub async fn list(access: &Access, permit: &Permit<UsersManageRoles>) -> Result<Vec<Role>> {
    // platform: the provider's roles are offered to all.
    let rows = db::list(&mut access.0.store.read(Scope::Platform).await?, permit.tenant()).await?;
    let built_in = access.catalogue().roles().iter().map(Role::built_in);
    Ok(built_in.chain(rows.into_iter().map(Role::custom)).collect())
}

/// One of [`list`].
///
/// # Errors
/// [`Kind::NotFound`].
pub async fn get(access: &Access, permit: &Permit<UsersManageRoles>, id: RoleId) -> Result<Role> {
    // platform: the provider's roles are offered to all.
    let mut c = access.0.store.read(Scope::Platform).await?;
    find(&mut c, access.catalogue(), permit.tenant(), id).await
}

/// Makes a role of the permit's tenant.
///
/// # Errors
/// [`Kind::Invalid`] for a permission the catalogue does not have, [`Kind::Forbidden`] for one the maker does not
/// hold, [`Kind::Conflict`] for a name that is taken.
pub async fn create(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    new: NewRole,
) -> Result<Role> {
    make(access, permit, new, None).await
}

/// Makes a role; `like` is what it was made like, for the audit trail.
async fn make(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    new: NewRole,
    like: Option<String>,
) -> Result<Role> {
    let name = checked(access.catalogue(), &new.name, &new.description)?;
    known(access.catalogue(), &new.permissions)?;
    ceiling(&new.permissions, permit.held())?;
    let t = permit.tenant();
    let id = RoleId::new();
    tx!(access.0.store, &permit.cx(), [new, name, like], |tx| {
        not_an_offered_ones(tx, t, &name).await?;
        if new.offered {
            may_offer(tx, t).await?;
        }
        let now = tx.now();
        let row = RoleRow {
            tenant_id: t,
            id,
            name: name.clone(),
            description: new.description,
            offered: new.offered,
            permissions: J(new.permissions),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        db::insert(tx, &row, &text::fold(&name)).await.map_err(|e| taken(e, &name))?;
        let mut detail =
            json!({"name": name, "permissions": row.permissions.0, "offered": row.offered});
        if let Some(like) = like {
            detail["like"] = like.into();
        }
        audit::record(tx, t, Event::new("role.create").target("role", id).detail(detail)).await?;
        Ok(Role::custom(row))
    })
}

/// Changes a role. What is added must be held by whoever edits, in the role's tenant and wherever it is used.
///
/// # Errors
/// As [`create`]; [`Kind::NotFound`] for a role of another tenant, [`Kind::Forbidden`] for a built-in one,
/// [`Kind::Precondition`] when `if_match` is not its version, [`Kind::Conflict`] when it is no longer to be offered
/// but used elsewhere; [`Kind::Forbidden`] when the last administrator is one by the word of somebody who would be
/// demoted.
pub async fn edit(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    id: RoleId,
    if_match: Option<i64>,
    edit: RoleEdit,
) -> Result<Role> {
    built_in_stays(access, id)?;
    if let Some(p) = &edit.permissions {
        known(access.catalogue(), p)?;
    }
    // The ceiling elsewhere is worked out beforehand; the transaction then demands that it was worked out for
    // every tenant in which the role is used by then.
    let own = Reach::Tenant(permit.tenant());
    let mut held = HashMap::from([(own, permit.held().clone())]);
    // platform: a role offered to all is used in tenants that its owner does not know.
    let used = db::uses(&mut access.0.store.read(Scope::Platform).await?, id).await?;
    for u in &used {
        if let std::collections::hash_map::Entry::Vacant(v) = held.entry(u.reach()) {
            let there = access.held_over(permit.actor(), v.key()).await?;
            v.insert((*there).clone());
        }
    }
    let (t, catalogue) = (permit.tenant(), access.catalogue().clone());
    let held = std::sync::Arc::new(held);
    tx!(access.0.store, &permit.cx(), [edit, held, catalogue], |tx| {
        tx.lock(lock(id)).await?;
        let row = db::get(tx, t, id).await?.filter(|r| r.tenant_id == t);
        let mut row = row.ok_or_else(|| Error::not_found("role"))?;
        fresh(&row, if_match)?;
        let was = widen(tx).await?;
        let used = db::uses(tx, id).await?;
        narrow(tx, &was).await?;
        let mut guard = None;
        if let Some(p) = edit.permissions {
            let added: BTreeSet<String> = p.difference(&row.permissions.0).cloned().collect();
            let places = used.iter().map(db::Use::reach);
            for place in places.chain([Reach::Tenant(t)]) {
                let held = held.get(&place).ok_or_else(|| {
                    Error::conflict("the role was given to somebody in the meantime; try again")
                })?;
                ceiling(&added, held)?;
            }
            somebody_answers(&used, &added)?;
            if !row.permissions.0.is_subset(&p) {
                let places = used.iter().filter_map(|u| u.scope_tenant);
                guard = guard::before_less(tx, (t, id), places).await?;
            }
            row.permissions = J(p);
        }
        let before = row.offered;
        match edit.offered {
            Some(true) if !before => may_offer(tx, t).await?,
            Some(false) if used.iter().any(|u| u.scope_tenant != Some(t)) => {
                return Err(Error::conflict("the role is used in other tenants").attr("offered"));
            }
            _ => {}
        }
        row.offered = edit.offered.unwrap_or(before);
        row.description = edit.description.unwrap_or(row.description);
        let name = edit.name.as_ref().unwrap_or(&row.name);
        let name = checked(&catalogue, name, &row.description)?;
        if text::fold(&name) != text::fold(&row.name) {
            not_an_offered_ones(tx, t, &name).await?;
        }
        row.name = name;
        row.version += 1;
        row.updated_at = tx.now();
        let folded = text::fold(&row.name);
        db::update(tx, &row, &folded).await.map_err(|e| taken(e, &row.name))?;
        if let Some(guard) = guard {
            guard.after(tx, By::Hand).await?;
        }
        let detail =
            json!({"name": row.name, "permissions": row.permissions.0, "offered": row.offered});
        audit::record(tx, t, Event::new("role.edit").target("role", id).detail(detail)).await?;
        changed(tx, &row);
        if before {
            tx.changed(Topic::Access(TenantId::PLATFORM));
        }
        Ok(Role::custom(row))
    })
}

fn fresh(row: &RoleRow, if_match: Option<i64>) -> Result<()> {
    if if_match.is_some_and(|v| v != row.version) {
        return Err(Error::new(Kind::Precondition, "the role was changed in the meantime"));
    }
    Ok(())
}

/// Refuses to widen a role that a mapping or a default role gives whose author has left.
fn somebody_answers(used: &[db::Use], added: &BTreeSet<String>) -> Result<()> {
    match used.iter().find(|u| u.left && !added.is_empty()) {
        None => Ok(()),
        Some(u) => {
            let what = if u.by_default { "default role of" } else { "mapping of the group" };
            Err(Error::conflict(format!(
                "whoever answers for the {what} '{}' has left; it gives no more than it does until somebody adopts it",
                u.label
            ))
            .attr("permissions")
            .code("mapping_without_author"))
        }
    }
}

/// Deletes a role that nobody has.
///
/// # Errors
/// [`Kind::Conflict`] saying who has it; otherwise as [`edit`].
pub async fn delete(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    id: RoleId,
    if_match: Option<i64>,
) -> Result<()> {
    built_in_stays(access, id)?;
    let t = permit.tenant();
    tx!(access.0.store, &permit.cx(), [], |tx| {
        tx.lock(lock(id)).await?;
        let row = db::get(tx, t, id).await?.filter(|r| r.tenant_id == t);
        let row = row.ok_or_else(|| Error::not_found("role"))?;
        fresh(&row, if_match)?;
        let was = widen(tx).await?;
        let now = tx.now();
        let used = uses::gather(tx, id, t, now, 3).await?;
        narrow(tx, &was).await?;
        if !used.none() {
            return Err(Error::conflict(format!("the role is in use: {}", used.words())));
        }
        let was = widen(tx).await?;
        parked::role_gone(tx, id).await?;
        grants::role_gone(tx, id, now).await?;
        narrow(tx, &was).await?;
        db::delete(tx, t, id).await?;
        let detail = json!({"name": row.name});
        audit::record(tx, t, Event::new("role.delete").target("role", id).detail(detail)).await?;
        changed(tx, &row);
        Ok(())
    })
}

/// Where a role of the permit's tenant is given, for whoever thinks of changing what it permits (or, with `None`, of
/// deleting it), refused as [`edit`] would refuse it.
pub(super) async fn thought(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    id: RoleId,
    permissions: Option<&BTreeSet<String>>,
) -> Result<Vec<Reach>> {
    built_in_stays(access, id)?;
    // platform: a role offered to all is used in tenants that its owner does not know.
    let mut c = access.0.store.read(Scope::Platform).await?;
    let t = permit.tenant();
    let row = db::get(&mut c, t, id).await?.filter(|r| r.tenant_id == t);
    let row = row.ok_or_else(|| Error::not_found("role"))?;
    let used = db::uses(&mut c, id).await?;
    drop(c);
    let reaches: BTreeSet<Reach> = used.iter().map(db::Use::reach).collect();
    if let Some(p) = permissions {
        known(access.catalogue(), p)?;
        let added: BTreeSet<String> = p.difference(&row.permissions.0).cloned().collect();
        for reach in reaches.iter().chain([&Reach::Tenant(t)]) {
            ceiling(&added, &*access.held_over(permit.actor(), reach).await?)?;
        }
        somebody_answers(&used, &added)?;
    }
    Ok(reaches.into_iter().collect())
}
