//! Names where an id is wanted, for people at a shell: a role, a group, a user by name, if only one has it.

use super::call::Call;
use crate::{
    access::{
        Permit,
        perm::{Global, UsersManageRoles, UsersView},
        roles,
    },
    error::{Error, Kind, Result},
    groups,
    id::{GroupId, RoleId, TenantId, UserId},
    tenants, text, users,
};

/// The only one, or why not.
fn only<T>(field: &'static str, name: &str, mut found: Vec<T>) -> Result<T> {
    let name = text::excerpt(name);
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (Some(_), false) => {
            Err(Error::conflict(format!("more than one {field} is called '{name}'; give the id"))
                .attr(field))
        }
        (None, _) => Err(Error::not_found(format!("{field} '{name}'")).attr(field)),
    }
}

/// A role that can be given in the permit's tenant.
pub(super) async fn role(c: &Call, p: &Permit<UsersManageRoles>, name: &str) -> Result<RoleId> {
    if let Some(id) = RoleId::parse(name) {
        return Ok(id);
    }
    let (all, folded) = (roles::list(&c.app.access, p).await?, text::fold(name));
    let called = || all.iter().filter(|r| text::fold(&r.name) == folded);
    // What the provider offers under a name that the tenant had before does not take the name away.
    if let Some(own) = called().find(|r| r.tenant == Some(p.tenant())) {
        return Ok(own.id);
    }
    only("role", name, called().map(|r| r.id).collect())
}

/// A group of the path's tenant.
pub(super) async fn group(c: &Call, name: &str) -> Result<GroupId> {
    if let Some(id) = GroupId::parse(name) {
        return Ok(id);
    }
    let p = c.tenant::<UsersView>().await?;
    let all = groups::named(&c.app.store, &p, name).await?;
    only("group", name, all.iter().filter(|g| g.display_name == name).map(|g| g.id).collect())
}

/// Whose rows a list is asked for: one of the tenant's users, or anybody by their id.
pub(super) async fn whose(c: &Call, tenant: TenantId) -> Result<Option<UserId>> {
    match c.word("user") {
        Some(name) => user(c, name, None, tenant).await.map(|(_, id)| Some(id)),
        None => Ok(None),
    }
}

/// A user: of the tenant `home` if that is said (id or slug), else of `tenant`. A home that is not there is answered like
/// one that is not seen: whether a company exists is not to be asked.
pub(super) async fn user(
    c: &Call,
    name: &str,
    home: Option<&str>,
    tenant: TenantId,
) -> Result<(TenantId, UserId)> {
    let unseen = |e: Error| match e.kind() {
        Kind::NotFound => Error::not_found("user").attr("user"),
        _ => e,
    };
    let home = match home {
        Some(h) => c.find_tenant(h).await.map_err(unseen)?,
        None => tenant,
    };
    // What has the form of an id is one, also where a directory calls somebody so: nobody takes another's place by a name.
    if let Some(id) = UserId::parse(name) {
        return Ok((home, id));
    }
    let p: Permit<UsersView> = c.require(home).await.map_err(unseen)?;
    let all = users::named(&c.app.store, &p, name).await?;
    only("user", name, all).map(|id| (home, id))
}

/// A user of the tenant by what they sign in with or else by their e-mail address, or else nobody.
pub(super) async fn person(c: &Call, name: &str, tenant: TenantId) -> Result<Option<UserId>> {
    match user(c, name, None, tenant).await {
        Ok((_, id)) => return Ok(Some(id)),
        Err(e) if e.kind() != Kind::NotFound => return Err(e),
        Err(_) => {}
    }
    let p: Permit<UsersView> = c.require(tenant).await?;
    let all = users::reached(&c.app.store, &p, name).await?;
    if all.is_empty() { Ok(None) } else { only("user", name, all).map(Some) }
}

/// A tenant by its id, also of one that is gone, by its slug or by its name, or else none.
pub(super) async fn place(c: &Call, p: &Permit<Global>, name: &str) -> Result<Option<TenantId>> {
    if let Some(id) = TenantId::parse(name) {
        return Ok(Some(id));
    }
    if let Some(t) = tenants::by_slug(&c.app.store, name).await? {
        return Ok(Some(t.id));
    }
    let all = tenants::named(&c.app.store, p, name).await?;
    if all.is_empty() { Ok(None) } else { only("tenant", name, all).map(Some) }
}
