//! A role made like another or like a template, and how two roles differ.

use super::{NewRole, Role, get, list, make};
use crate::{
    access::{
        Access, Permit,
        catalogue::{GLOBAL_ADMINISTRATOR, SELF_SERVICE},
        perm::UsersManageRoles,
    },
    error::{Error, Result},
    id::RoleId,
    text,
};
use std::collections::BTreeSet;

/// What a role has more and less than another.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The one.
    pub role: Role,
    /// The other.
    pub with: Role,
}
impl Difference {
    /// What the one permits and the other does not.
    pub fn more(&self) -> BTreeSet<String> {
        self.role.permissions.difference(&self.with.permissions).cloned().collect()
    }
    /// What the other permits and the one does not.
    pub fn less(&self) -> BTreeSet<String> {
        self.with.permissions.difference(&self.role.permissions).cloned().collect()
    }
}

/// How a role differs from another; both can be used in the permit's tenant.
///
/// # Errors
/// [`crate::error::Kind::NotFound`], naming `role` or `with`.
pub async fn difference(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    role: RoleId,
    with: RoleId,
) -> Result<Difference> {
    let role = get(access, permit, role).await?;
    let with = get(access, permit, with).await.map_err(|e| e.attr("with"))?;
    Ok(Difference { role, with })
}

/// Makes a role of the permit's tenant with the permissions of another that can be used there, or of a template; `like`
/// is its id or name, and a role comes before a template of the same name. The description comes along where `new` has
/// none; the permissions of `new` do not count.
///
/// # Errors
/// As [`super::create`]; [`crate::error::Kind::NotFound`] and [`crate::error::Kind::Conflict`] for `like`.
pub async fn create_like(
    access: &Access,
    permit: &Permit<UsersManageRoles>,
    like: &str,
    mut new: NewRole,
) -> Result<Role> {
    let model = model(access, permit, like).await?;
    if model.permissions.contains(SELF_SERVICE) {
        let text = format!("what '{}' permits belongs to that built-in role alone", model.name);
        return Err(Error::invalid(text).attr("like"));
    }
    new.permissions = model.permissions;
    // What a built-in role of the whole instance says of itself is not so of a tenant's.
    if new.description.is_empty() && !model.instance {
        new.description = model.description;
    }
    make(access, permit, new, Some(model.name)).await
}

/// What a role is made like.
struct Model {
    name: String,
    description: String,
    permissions: BTreeSet<String>,
    instance: bool,
}
impl From<Role> for Model {
    fn from(r: Role) -> Self {
        let instance = r.id == GLOBAL_ADMINISTRATOR;
        Self { name: r.name, description: r.description, permissions: r.permissions, instance }
    }
}

async fn model(access: &Access, permit: &Permit<UsersManageRoles>, like: &str) -> Result<Model> {
    if let Some(id) = RoleId::parse(like) {
        return get(access, permit, id).await.map(Into::into).map_err(|e| e.attr("like"));
    }
    let folded = text::fold(like);
    let mut roles = list(access, permit).await?;
    roles.retain(|r| text::fold(&r.name) == folded);
    if roles.iter().any(|r| r.tenant == Some(permit.tenant())) {
        roles.retain(|r| r.tenant == Some(permit.tenant()));
    }
    match (roles.pop(), roles.is_empty()) {
        (Some(role), true) => return Ok(role.into()),
        (Some(role), false) => {
            let text = format!("more than one role is called '{}'; give the id", role.name);
            return Err(Error::conflict(text).attr("like"));
        }
        (None, _) => {}
    }
    let mut templates = access.catalogue().templates().iter();
    let found = templates.find(|t| t.id == like || text::fold(&t.name) == folded);
    let t = found.ok_or_else(|| {
        Error::not_found(format!("role or template '{}'", text::excerpt(like))).attr("like")
    })?;
    Ok(Model {
        name: t.name.clone(),
        description: t.description.clone(),
        permissions: t.permissions.clone(),
        instance: false,
    })
}
