//! Tenants and their policies; their export and their end.

use super::{
    answer::{Lines, Made, Page, Shown, Time, With},
    call::{Call, cut, sift},
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    error::{Error, Kind, Result},
    farewell,
    id::TenantId,
    tenants::{self, New, Policy, Status, Tenant},
};
use axum::body::Body;
use futures::{TryStreamExt as _, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};

/// Whether a tenant's people and programs may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "TenantState")]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// They may.
    Active,
    /// Nobody of it may, and nothing of it is answered.
    Suspended,
    /// As suspended, and it does not come back: what is its own is being removed.
    Deleting,
}

impl State {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "active" => Some(Self::Active),
            "suspended" => Some(Self::Suspended),
            "deleting" => Some(Self::Deleting),
            _ => None,
        }
    }
}

pub(super) fn state(t: &Tenant) -> State {
    match (&t.deleting, t.status) {
        (Some(_), _) => State::Deleting,
        (None, Status::Active) => State::Active,
        (None, Status::Suspended) => State::Suspended,
    }
}

/// A tenant; what is of its settings only for those who may see them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tenant")]
pub(super) struct TenantShown {
    id: TenantId,
    slug: String,
    name: String,
    /// Whether it is the platform's own company.
    provider: bool,
    status: State,
    #[serde(flatten)]
    more: Option<TenantSettings>,
}

/// What only those see who may see a tenant's settings.
#[derive(Serialize, JsonSchema)]
pub(super) struct TenantSettings {
    policy: Policy,
    /// By what roles can be given in many tenants at once.
    tags: BTreeSet<String>,
    version: i64,
    created_at: Time,
    updated_at: Time,
    /// Of one that is being deleted: how far that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion: Option<Deletion>,
}

/// A deletion under way.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TenantDeletion")]
struct Deletion {
    /// Since when.
    since: Time,
    /// By whom: `user:<id>` or `owner`.
    by: String,
    /// How many rows are gone.
    removed: i64,
}

fn show(t: &Tenant) -> TenantShown {
    let more = TenantSettings {
        policy: t.policy.0.clone(),
        tags: t.tags.0.clone(),
        version: t.version,
        created_at: t.created_at.into(),
        updated_at: t.updated_at.into(),
        deletion: t.deleting.as_ref().map(|d| Deletion {
            since: d.0.since.into(),
            by: d.0.by.clone(),
            removed: d.0.removed,
        }),
    };
    TenantShown { more: Some(more), ..brief(t) }
}

/// For who is in it, no more.
fn brief(t: &Tenant) -> TenantShown {
    TenantShown {
        id: t.id,
        slug: t.slug.clone(),
        name: t.name.clone(),
        provider: t.provider,
        status: state(t),
        more: None,
    }
}

pub(super) async fn list(c: Call) -> Result<Shown<Page<TenantShown>>> {
    let (limit, after, store) = (c.limit()?, c.cursor::<String>()?, &c.app.store);
    let wanted = wanted(&c)?;
    let slug = |t: &Tenant| t.slug.clone();
    if let Ok(p) = c.global().await {
        let p = &p;
        let fetch = |after: Option<String>, n| tenants::page(store, p, after, n);
        let (items, next) = sift(limit, after, fetch, slug, |t| wanted(t, true)).await?;
        return Ok(Shown::page(items.iter().map(show), next));
    }
    let Some((home, user)) = c.actor().user() else {
        return Err(Error::forbidden("a directory has no business here"));
    };
    let ids = c.app.access.tenants_of(home, user).await?;
    let mut some = tenants::some(store, &ids).await?;
    some.retain(|t| wanted(t, false) && after.as_ref().is_none_or(|a| t.slug > *a));
    let (items, next) = cut(some, limit, slug);
    Ok(Shown::page(items.iter().map(brief), next))
}

/// Which tenants the query asks for. By tags only who sees them does (the flag): they are a setting.
fn wanted(c: &Call) -> Result<impl Fn(&Tenant, bool) -> bool + use<>> {
    let named = c.named();
    let tag = c.word("tag").map(str::to_owned);
    let status = c.among("status", State::parse, "it is active, suspended or deleting")?;
    Ok(move |t: &Tenant, all: bool| {
        named(&[&t.slug, &t.name])
            && tag.as_ref().is_none_or(|w| all && t.tags.0.contains(w))
            && status.is_none_or(|s| s == state(t))
    })
}

pub(super) async fn create(c: With<New>) -> Result<Made<TenantShown>> {
    let p = c.global().await?;
    let t = tenants::create(&c.app.store, &p, c.json()?).await?;
    Ok(Made::of(show(&t)).version(t.version))
}

pub(super) async fn get(c: Call) -> Result<Shown<TenantShown>> {
    let t = match c.tenant::<SystemViewSettings>().await {
        Ok(p) => p.tenant(),
        // In a suspended tenant nobody holds anything; who may let it act again sees what it is.
        Err(e) if e.kind() == Kind::Forbidden => match c.global().await {
            Ok(_) => c.tenant_id().await?,
            Err(_) => return Err(e),
        },
        Err(e) => return Err(e),
    };
    let t = tenants::get(&c.app.store, t).await?;
    Ok(Shown::of(show(&t)).version(t.version))
}

/// A change of a tenant; what is left out stays. Its slug stays in any case.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangeTenant")]
#[schemars(example = json!({ "name": "Contoso Ltd", "tags": ["gold"] }))]
pub(super) struct Edit {
    /// Its name for people.
    name: Option<String>,
    /// `suspended` ends everything of it at once.
    status: Option<Status>,
    /// All its tags from now on; roles that were given by a tag follow at once.
    tags: Option<Vec<String>>,
    /// Refused, and why it is.
    #[schemars(skip)]
    slug: Option<String>,
}

pub(super) async fn edit(c: With<Edit>) -> Result<Shown<TenantShown>> {
    let p = c.global().await?;
    let t = c.tenant_id().await?;
    let Edit { name, status, tags, slug } = c.json()?;
    if slug.is_some() {
        let text = "'slug' stays as it is: it stands in links, in what applications and scripts send as a tenant, and in \
                    files of the configuration; 'name' is for people";
        return Err(Error::invalid(text).attr("slug"));
    }
    if name.is_none() && status.is_none() && tags.is_none() {
        return Err(Error::invalid("'name', 'status' and 'tags' are missing").attr("name"));
    }
    let edit = tenants::Edit { name, status, tags };
    let t = tenants::edit(&c.app.store, &p, t, c.if_match, edit).await?;
    Ok(Shown::of(show(&t)).version(t.version))
}

/// What became of a deletion.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TenantRemoval")]
pub(super) struct Removal {
    id: TenantId,
    slug: String,
    /// Whether nothing is left; if not, the server goes on by itself.
    gone: bool,
}

/// What a request waits for; a small tenant is gone by then.
const AT_ONCE: Duration = Duration::from_secs(2);

pub(super) async fn delete(c: Call) -> Result<Shown<Removal>> {
    let p = c.global().await?;
    let t = c.tenant_id().await?;
    let said = (c.needed("confirm")?, c.if_match);
    let tenant = tenants::mark(&c.app.store, &p, t, said).await?;
    // What a request has begun is the server's own work from here on.
    let gone = farewell::go_on(&c.app.store, &c.app.system(), t, AT_ONCE).await?;
    Ok(Shown::of(Removal { id: t, slug: tenant.slug, gone }))
}

pub(super) async fn export(c: Call) -> Result<Lines> {
    let p = c.global().await?;
    let t = c.tenant_id().await?;
    let mut export = farewell::Export::begin(&c.app.store, &p, t).await?;
    let first = export.next().await?.unwrap_or_default();
    // It may take long: whose right or session ends meanwhile is sent no more of it.
    let rest = stream::try_unfold((export, c), |(mut export, c)| async move {
        c.caller.still(&c.app).await?;
        c.global().await?;
        Ok::<_, Error>(export.next().await?.map(|text| (text, (export, c))))
    });
    let all = stream::once(async { Ok(first) });
    let all = futures::StreamExt::chain(all, rest).inspect_err(|e| {
        let why = e.operator_text().unwrap_or(e.detail());
        tracing::warn!(why, "an export broke off");
    });
    Ok(Lines(Body::from_stream(all)))
}

pub(super) async fn policy(c: Call) -> Result<Shown<Policy>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    let t = tenants::get(&c.app.store, p.tenant()).await?;
    Ok(Shown::of(t.policy.0).version(t.version))
}

pub(super) async fn set_policy(c: With<Policy>) -> Result<Shown<Policy>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let policy: Policy = c.json()?;
    let was = tenants::get(&c.app.store, p.tenant()).await?;
    // One that was named before may be gone by now, and stays named.
    for id in policy.apps.keys().filter(|id| !was.policy.0.apps.contains_key(*id)) {
        if !c.app.apps.find(id).await?.is_some_and(|a| a.serves(p.tenant())) {
            let id = crate::text::excerpt(id);
            let text = format!("'{id}' is the client id of no application that serves this tenant");
            return Err(Error::invalid(text).attr(format!("apps.{id}")));
        }
    }
    let (store, access) = (&c.app.store, &c.app.access);
    let to = (policy, c.if_match);
    let t = tenants::set_policy(store, access, &p, to, c.app.longest()).await?;
    Ok(Shown::of(t.policy.0).version(t.version))
}
