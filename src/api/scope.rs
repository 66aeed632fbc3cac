//! Scopes beyond one tenant, as documents have them. Who sees a scope learns of no tenant that they do not see
//! themselves: those are counted, not named.

use super::call::Call;
use crate::{
    access::{Over, Permit, Reach, perm::UsersManageRoles},
    actor::Principal,
    error::{Error, Result},
    id::TenantId,
    tenants,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// What kind of scope it is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScopeKind {
    /// One tenant.
    Tenant,
    /// Each of `tenants`.
    Tenants,
    /// Every tenant that has the tag, as long as it has it.
    Tag,
    /// Every tenant, those to come too; not the platform itself.
    AllTenants,
    /// The same without `tenants`.
    AllTenantsExcept,
    /// The whole instance: every tenant and the platform itself.
    Instance,
}

/// Where a role holds.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Scope")]
pub(super) struct ScopeShown {
    kind: ScopeKind,
    /// In words, with names.
    text: String,
    /// The tenants that it names, of those that you see.
    tenants: Vec<TenantId>,
    tag: Option<String>,
}

/// The names of tenants that scopes name, as far as the caller sees them.
#[derive(Default)]
pub(super) struct Names(HashMap<TenantId, String>);

impl Names {
    /// Of these scopes, shown in the tenant `here`.
    pub(super) async fn of<'a>(
        c: &Call,
        here: TenantId,
        reaches: impl IntoIterator<Item = &'a Reach>,
    ) -> Result<Self> {
        let mut ids: BTreeSet<TenantId> = BTreeSet::new();
        for r in reaches {
            ids.extend(r.named());
        }
        if ids.iter().any(|t| *t != here) {
            match c.actor().principal() {
                Principal::Owner | Principal::System(_) => {}
                _ if c.app.access.require_global(c.actor()).await.is_ok() => {}
                Principal::User { home, user, .. } => {
                    let seen = c.app.access.tenants_of(*home, *user).await?;
                    ids.retain(|t| *t == here || seen.contains(t));
                }
                Principal::Directory { .. } | Principal::App { .. } | Principal::Portal { .. } => {
                    ids.retain(|t| *t == here);
                }
            }
        }
        let ids: Vec<TenantId> = ids.into_iter().collect();
        let found = tenants::some(&c.app.store, &ids).await?;
        Ok(Self(found.into_iter().map(|t| (t.id, t.name)).collect()))
    }
    pub(super) fn shown(&self, reach: &Reach) -> ScopeShown {
        let kind = match reach {
            Reach::Tenant(_) => ScopeKind::Tenant,
            Reach::Tenants(_) => ScopeKind::Tenants,
            Reach::Tag(_) => ScopeKind::Tag,
            Reach::Every => ScopeKind::AllTenants,
            Reach::Except(_) => ScopeKind::AllTenantsExcept,
            Reach::All => ScopeKind::Instance,
        };
        ScopeShown {
            kind,
            text: reach.words(|t| self.0.get(&t).cloned()),
            tenants: reach.named().filter(|t| self.0.contains_key(t)).collect(),
            tag: match reach {
                Reach::Tag(tag) => Some(tag.to_string()),
                _ => None,
            },
        }
    }
}

/// The right to give roles in a scope that stands already, to people and groups of the permit's tenant.
pub(super) async fn over(c: &Call, home: &Permit<UsersManageRoles>, reach: Reach) -> Result<Over> {
    if let Reach::Tenants(some) = &reach {
        for t in some.iter() {
            c.require::<UsersManageRoles>(*t).await?;
        }
    }
    c.app.access.over(home, reach).await
}

/// A scope of many tenants; for the provider's people and groups.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ScopeWanted {
    /// Each of these tenants (ids or slugs).
    Tenants { tenants: Vec<String> },
    /// Every tenant that has the tag, as long as it has it.
    Tag { tag: String },
    /// Every tenant, those to come too; not the platform itself.
    AllTenants {},
    /// The same without these (ids or slugs).
    AllTenantsExcept { tenants: Vec<String> },
}

impl ScopeWanted {
    /// The right to give roles there to people and groups of the permit's tenant.
    pub(super) async fn over(&self, c: &Call, home: &Permit<UsersManageRoles>) -> Result<Over> {
        let mut named = BTreeSet::new();
        let reach = match self {
            Self::Tenants { tenants } => {
                for t in tenants {
                    let there = c.other::<UsersManageRoles>(t).await;
                    named.insert(there.map_err(|e| e.attr("scope.tenants"))?.tenant());
                }
                Reach::set(named)?
            }
            Self::Tag { tag } => Reach::tagged(tag).map_err(|e| e.attr("scope"))?,
            Self::AllTenants {} => Reach::Every,
            Self::AllTenantsExcept { tenants } => {
                // Whoever holds no such scope learns of no tenant by its name.
                c.app.access.over_most(home).await?;
                for t in tenants {
                    let id = c.find_tenant(t).await;
                    named.insert(id.map_err(|e: Error| e.attr("scope"))?);
                }
                Reach::except(named)?
            }
        };
        c.app.access.over(home, reach).await
    }
}
