//! What can be permitted (`config/permissions.toml`), the built-in roles (`config/roles.toml`) and the templates of roles
//! for common jobs (`config/role_templates.toml`).

use super::{perm, rules};
use crate::{
    error::{Error, Result},
    id::RoleId,
};
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};
use uuid::Uuid;

/// Global Administrator: everything, everywhere.
pub const GLOBAL_ADMINISTRATOR: RoleId =
    RoleId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
/// Tenant Administrator: everything in one tenant.
pub const TENANT_ADMINISTRATOR: RoleId =
    RoleId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002));
/// Self-Service: what everybody may have.
pub const SELF_SERVICE_ROLE: RoleId =
    RoleId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0005));
/// The scope of the Self-Service role, outside the catalogue.
pub const SELF_SERVICE: &str = "self_service";

/// The catalogue as shipped; a platform may bring its own.
pub const PERMISSIONS: &str = include_str!("../../config/permissions.toml");
/// The built-in roles as shipped.
pub const ROLES: &str = include_str!("../../config/roles.toml");
/// The templates as shipped.
pub const TEMPLATES: &str = include_str!("../../config/role_templates.toml");

/// A group of permissions.
#[derive(Debug, Clone, Deserialize, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "CatalogueCategory")]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// The first half of its permissions' ids.
    pub id: String,
    /// For people.
    pub name: String,
    /// Its permissions.
    pub permissions: Vec<Entry>,
}

/// One permission, inside its category.
#[derive(Debug, Clone, Deserialize, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "CatalogueEntry")]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The second half of the id.
    pub id: String,
    /// For people.
    pub name: String,
}

/// A built-in role, its wildcards resolved.
#[derive(Debug, Clone)]
pub struct BuiltIn {
    /// Fixed.
    pub id: RoleId,
    /// As in tokens and on pages.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// Full ids; `self_service` for the role of that name.
    pub permissions: Arc<BTreeSet<String>>,
}

/// A role for a common job, to make one's own from.
#[derive(Debug, Clone, Deserialize, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "RoleTemplate")]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Never changes.
    pub id: String,
    /// For people.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// Full ids, all of the catalogue.
    pub permissions: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TemplatesFile {
    template: Vec<Template>,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PermissionsFile {
    category: Vec<Category>,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RolesFile {
    role: Vec<RoleEntry>,
}
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleEntry {
    id: String,
    name: String,
    description: String,
    permissions: Vec<String>,
}

/// All permissions and built-in roles. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Catalogue(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    categories: Vec<Category>,
    all: Arc<BTreeSet<String>>,
    roles: Vec<BuiltIn>,
    templates: Vec<Template>,
    left_out: Vec<Template>,
}

impl Catalogue {
    /// The one that is shipped.
    ///
    /// # Errors
    /// Never, unless the program was built from files a test refuses.
    pub fn shipped() -> Result<Self> {
        Self::read(PERMISSIONS, ROLES)
    }
    /// From the text of the two files.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`], saying what is wrong with the text.
    pub fn read(permissions: &str, roles: &str) -> Result<Self> {
        let p: PermissionsFile = toml::from_str(permissions)
            .map_err(|e| Error::invalid(format!("the permission catalogue: {e}")))?;
        let r: RolesFile = toml::from_str(roles)
            .map_err(|e| Error::invalid(format!("the built-in roles: {e}")))?;
        let mut all = BTreeSet::new();
        for c in &p.category {
            for e in &c.permissions {
                let id = format!("{}.{}", c.id, e.id);
                if !rules::well_formed(&c.id) || !rules::well_formed(&e.id) {
                    return Err(Error::invalid(format!(
                        "the permission catalogue: '{id}' is not made of a-z, 0-9 and _"
                    )));
                }
                if !all.insert(id.clone()) {
                    return Err(Error::invalid(format!(
                        "the permission catalogue names '{id}' twice"
                    )));
                }
            }
        }
        let reserved: BTreeSet<String> =
            all.iter().filter(|id| rules::is_reserved(id)).cloned().collect();
        let typed: BTreeSet<String> = perm::RESERVED.iter().map(|s| (*s).to_owned()).collect();
        if let Some(id) = reserved.symmetric_difference(&typed).next() {
            return Err(Error::invalid(format!(
                "the permission catalogue must hold users.* and system.* exactly as shipped; \
                 it differs at '{id}'"
            )));
        }
        let roles = r.role.into_iter().map(|r| built_in(r, &all)).collect::<Result<Vec<_>>>()?;
        let ids: BTreeSet<RoleId> = roles.iter().map(|r| r.id).collect();
        let complete =
            [GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR].iter().all(|id| ids.contains(id));
        if ids.len() != roles.len() || !complete {
            return Err(Error::invalid(
                "the built-in roles: each id stands once, Global and Tenant Administrator's among \
                 them",
            ));
        }
        let t: TemplatesFile = toml::from_str(TEMPLATES)
            .map_err(|e| Error::invalid(format!("the templates of roles: {e}")))?;
        let (templates, left_out) =
            t.template.into_iter().partition(|t| t.permissions.is_subset(&all));
        let all = Arc::new(all);
        Ok(Self(Arc::new(Inner { categories: p.category, all, roles, templates, left_out })))
    }
    /// The categories, in the file's order.
    pub fn categories(&self) -> &[Category] {
        &self.0.categories
    }
    /// Every permission's id.
    pub fn all(&self) -> &Arc<BTreeSet<String>> {
        &self.0.all
    }
    /// The built-in roles, in the file's order.
    pub fn roles(&self) -> &[BuiltIn] {
        &self.0.roles
    }
    /// The templates of roles, in the file's order.
    pub fn templates(&self) -> &[Template] {
        &self.0.templates
    }
    /// Those that name what this catalogue does not have.
    pub fn left_out(&self) -> &[Template] {
        &self.0.left_out
    }
    /// A built-in role.
    pub fn role(&self, id: RoleId) -> Option<&BuiltIn> {
        self.0.roles.iter().find(|r| r.id == id)
    }
}

/// What a built-in role is called as shipped: for the record of what becomes of grants where no catalogue is at hand.
pub(super) fn shipped_name(id: RoleId) -> Option<&'static str> {
    static NAMES: LazyLock<Vec<(RoleId, String)>> = LazyLock::new(|| {
        let read = toml::from_str::<RolesFile>(ROLES);
        let all = read.into_iter().flat_map(|r| r.role);
        all.filter_map(|r| Some((r.id.parse().ok()?, r.name))).collect()
    });
    NAMES.iter().find(|(known, _)| *known == id).map(|(_, name)| name.as_str())
}

fn built_in(r: RoleEntry, all: &BTreeSet<String>) -> Result<BuiltIn> {
    let id = r.id.parse::<RoleId>()?;
    let mut permissions = BTreeSet::new();
    for p in &r.permissions {
        let before = permissions.len();
        if p == SELF_SERVICE {
            permissions.insert(p.clone());
        } else if p == "*" {
            permissions.extend(all.iter().cloned());
        } else if let Some(category) = p.strip_suffix('*') {
            permissions.extend(all.iter().filter(|a| a.starts_with(category)).cloned());
        } else if all.contains(p) {
            permissions.insert(p.clone());
        }
        if permissions.len() == before {
            return Err(Error::invalid(format!(
                "the built-in role '{}' names '{p}', which adds nothing of the catalogue",
                r.name
            )));
        }
    }
    Ok(BuiltIn { id, name: r.name, description: r.description, permissions: Arc::new(permissions) })
}
