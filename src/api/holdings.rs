//! Where a person has which role and why; and what they were given by hand, set as a whole.
//!
//! Both speak of the tenants in which the caller may manage roles, and of no other: what a provider's person has at a
//! customer's is not told to, nor changed by, who has no say there.

use super::{
    answer::{Shown, Time, With},
    call::Call,
    explain::{PathShown, RefShown},
    find,
    grants::GrantShown,
    scope::{Names, ScopeShown},
};
use crate::{
    access::{
        Permit, Reach,
        grants::{self, Grant, Wanted, Wide},
        perm::{Global, UsersManageRoles},
        roles::called,
    },
    error::{Error, Kind, Result},
    id::{InvitationId, RoleId, TenantId, UserId},
    invitations, tenants,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What a person has, place by place.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Access")]
pub(super) struct AccessShown {
    user: UserId,
    tenant: TenantId,
    user_name: String,
    /// Why nothing counts at all, where that is so.
    nothing_counts: Option<String>,
    /// In each tenant that you may speak for.
    access: Vec<AccessThere>,
    /// What they get as soon as they accept an open invitation; none of it counts yet.
    pending: Vec<PendingRole>,
}

/// A role that an open invitation plans.
#[derive(Serialize, JsonSchema)]
pub(super) struct PendingRole {
    role: RefShown,
    /// Where; null for everywhere.
    in_tenant: Option<TenantId>,
    everywhere: bool,
    invitation: InvitationId,
    /// Their name, as the letter has it.
    invited_by: String,
    /// The same.
    invited_by_name: String,
    /// Until when it can be accepted.
    expires_at: Time,
}

/// What a person has in one place.
#[derive(Serialize, JsonSchema)]
pub(super) struct AccessThere {
    /// Where it is one tenant.
    tenant: Option<TenantId>,
    slug: Option<String>,
    name: Option<String>,
    /// Whether it is the whole instance.
    everywhere: bool,
    scope: ScopeShown,
    /// Each way in which they have a role there: by a grant (and where that comes from) or by a group.
    roles: Vec<PathShown>,
}

/// The right to speak for a tenant, or `None`.
async fn say(c: &Call, t: TenantId) -> Result<Option<Permit<UsersManageRoles>>> {
    settled(c.require::<UsersManageRoles>(t).await)
}
async fn say_everywhere(c: &Call) -> Result<Option<Permit<Global>>> {
    settled(c.global().await)
}
fn settled<P>(asked: Result<P>) -> Result<Option<P>> {
    match asked {
        Ok(p) => Ok(Some(p)),
        Err(e) if matches!(e.kind(), Kind::Forbidden | Kind::NotFound) => Ok(None),
        Err(e) => Err(e),
    }
}

pub(super) async fn get(c: Call) -> Result<Shown<AccessShown>> {
    let p = c.tenant::<UsersManageRoles>().await?;
    let user = c.id("user")?;
    let held = c.app.access.holdings(&p, user).await?;
    let names = Names::of(&c, p.tenant(), held.paths.iter().map(|(p, _)| &p.reach)).await?;
    let mut places: BTreeMap<Reach, Vec<PathShown>> = BTreeMap::new();
    for (path, why) in &held.paths {
        let shown = PathShown::why_not(path, &names, why.clone());
        places.entry(path.reach.clone()).or_default().push(shown);
    }
    let mut ids: Vec<TenantId> = Vec::new();
    for t in places.keys().filter_map(Reach::tenant) {
        if say(&c, t).await?.is_some() {
            ids.push(t);
        }
    }
    let mut access = Vec::new();
    // What is in many tenants is of the person's own company, and told to whom it tells its roles.
    for (reach, roles) in places.extract_if(.., |reach, _| reach.tenant().is_none()) {
        let (everywhere, scope) = (reach == Reach::All, names.shown(&reach));
        access.push(AccessThere { tenant: None, slug: None, name: None, everywhere, scope, roles });
    }
    for t in tenants::some(&c.app.store, &ids).await? {
        access.push(AccessThere {
            tenant: Some(t.id),
            slug: Some(t.slug.clone()),
            name: Some(t.name.clone()),
            everywhere: false,
            scope: names.shown(&Reach::Tenant(t.id)),
            roles: places.remove(&Reach::Tenant(t.id)).unwrap_or_default(),
        });
    }
    let mut pending = Vec::new();
    for r in invitations::pending(&c.app.store, &c.app.access, &p, user).await? {
        let told = match r.tenant {
            Some(t) => say(&c, t).await?.is_some(),
            None => true,
        };
        if told {
            pending.push(PendingRole {
                role: (&r.role).into(),
                in_tenant: r.tenant,
                everywhere: r.tenant.is_none(),
                invitation: r.invitation,
                invited_by_name: r.invited_by.clone(),
                invited_by: r.invited_by,
                expires_at: r.expires_at.into(),
            });
        }
    }
    Ok(Shown::of(AccessShown {
        user,
        tenant: p.tenant(),
        user_name: held.user_label,
        nothing_counts: held.nothing_counts,
        access,
        pending,
    }))
}

/// What a person shall have by hand, place by place. In a place that is not named, and that you may speak for, they
/// shall have nothing. What they have in many tenants at once (by a tag, a chosen set, all but some) is in none of these
/// places: it stays and is listed, unless `access` is empty, which takes everything away.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "access": [
    { "tenant": "contoso", "roles": ["Tenant Administrator"] },
    { "tenant": "fabrikam", "roles": ["Read-Only"] },
] }))]
pub(super) struct SetAccess {
    /// Each place once.
    access: Vec<WantedThere>,
}

/// What a person shall have in one place.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WantedThere {
    /// The tenant, by id or slug.
    tenant: Option<String>,
    /// Or the whole instance.
    #[serde(default)]
    everywhere: bool,
    /// Roles by id or name.
    roles: Vec<String>,
}

/// What changed.
#[derive(Serialize, JsonSchema)]
pub(super) struct AccessChanged {
    added: Vec<GrantShown>,
    removed: Vec<GrantShown>,
    kept: Vec<GrantShown>,
    /// Given by hand and still in force: what holds in many tenants at once, unless nothing at all was wanted, and what
    /// holds everywhere, where you may not take that away.
    stays: Vec<GrantShown>,
    /// How many more were given by hand and stay: in tenants where you may not take them away.
    elsewhere: usize,
}

async fn roles(
    c: &Call,
    p: &Permit<UsersManageRoles>,
    names: &[String],
) -> Result<BTreeSet<RoleId>> {
    let mut out = BTreeSet::new();
    for name in names {
        out.insert(find::role(c, p, name).await?);
    }
    Ok(out)
}

pub(super) async fn set(c: With<SetAccess>) -> Result<Shown<AccessChanged>> {
    let home = c.tenant::<UsersManageRoles>().await?;
    let user: UserId = c.id("user")?;
    let (mut wanted, mut named) = (Vec::new(), BTreeSet::new());
    let all = c.json()?.access;
    let wide = if all.is_empty() { Wide::Taken } else { Wide::Stays };
    for w in all {
        let place = match (&w.tenant, w.everywhere) {
            (None, true) => {
                wanted.push(Wanted::everywhere(
                    &c.global().await?,
                    roles(&c, &home, &w.roles).await?,
                ));
                None
            }
            (Some(t), false) => {
                let there = c.other::<UsersManageRoles>(t).await?;
                wanted.push(Wanted::there(&there, roles(&c, &there, &w.roles).await?));
                Some(there.tenant())
            }
            _ => {
                let text = "each entry names a 'tenant', or says 'everywhere'";
                return Err(Error::invalid(text).attr("access"));
            }
        };
        if !named.insert(place) {
            return Err(Error::invalid("a place is named twice").attr("access"));
        }
    }
    for place in grants::places(&c.app.access, &home, user).await? {
        if named.contains(&place) {
            continue;
        }
        let none = BTreeSet::new();
        match place {
            Some(t) => wanted.extend(say(&c, t).await?.map(|p| Wanted::there(&p, none))),
            None => wanted.extend(say_everywhere(&c).await?.map(|p| Wanted::everywhere(&p, none))),
        }
    }
    let done = grants::set(&c.app.access, &home, user, wanted, wide).await?;
    let all = done.added.iter().chain(&done.removed).chain(&done.kept).chain(&done.stays);
    let all: Vec<&Grant> = all.collect();
    let reaches: Vec<Reach> = all.iter().map(|g| g.reach()).collect();
    let names = Names::of(&c, home.tenant(), &reaches).await?;
    let roles = called(&c.app.access, all.iter().map(|g| g.role_id)).await?;
    let show = |all: &[Grant]| all.iter().map(|g| GrantShown::of(g, &names, &roles)).collect();
    Ok(Shown::of(AccessChanged {
        added: show(&done.added),
        removed: show(&done.removed),
        kept: show(&done.kept),
        stays: show(&done.stays),
        elsewhere: done.elsewhere,
    }))
}
