//! What people and things are called, where documents and the trail name them by `kind:id`. Nobody learns the name of a
//! person of another tenant whom they do not see: that is told of people who have something in the tenant in question, as
//! [`super::explain`] tells it, and of those whose own tenant's people the caller sees.

mod db;

use super::{Access, Site, db as paths};
use crate::{
    actor::{Actor, Principal},
    error::Result,
    id::{RoleId, TenantId, UserId},
    store::Scope,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Who owns the data directory.
const OWNER: &str = "the owner of the data directory";
/// Who does what nobody asked for.
const SERVER: &str = "the server";
/// Whoever has a setup link; with its note in brackets, while there is one.
const LINK: &str = "a setup link";
/// One of the provider's people, of whom no more is told.
const PROVIDER: &str = "somebody of the provider";

/// A kind and an id, as [`Actor::label`] and the trail write them.
fn parts(label: &str) -> Option<(&str, Uuid)> {
    let (kind, id) = label.split_once(':')?;
    Some((kind, Uuid::try_parse(id).ok()?))
}

impl Access {
    /// What those behind these labels are called, as far as the caller may know it; shown in the tenant `here`. What is gone,
    /// or has no name, has none.
    ///
    /// # Errors
    /// The database's.
    pub async fn called(
        &self,
        actor: &Actor,
        here: TenantId,
        labels: &BTreeSet<String>,
    ) -> Result<HashMap<String, String>> {
        let mut out = HashMap::new();
        let mut ids: BTreeMap<&str, BTreeSet<Uuid>> = BTreeMap::new();
        for label in labels {
            match parts(label) {
                None if label == "owner" => drop(out.insert(label.clone(), OWNER.to_owned())),
                None if label.starts_with("system:") => {
                    out.insert(label.clone(), SERVER.to_owned());
                }
                None => {}
                Some(("role", id)) if let Some(r) = self.catalogue().role(RoleId(id)) => {
                    out.insert(label.clone(), r.name.clone());
                }
                Some((kind, id)) => {
                    if kind == "portal" {
                        out.insert(label.clone(), LINK.to_owned());
                    }
                    ids.entry(kind).or_default().insert(id);
                }
            }
        }
        if ids.is_empty() {
            return Ok(out);
        }
        // platform: the provider's people act in other tenants.
        let mut c = self.0.store.read_steadily(Scope::Platform).await?;
        let mut found = Vec::new();
        for (kind, ids) in ids {
            found.extend(db::names(&mut c, here, kind, ids).await?);
        }
        drop(c);
        let strangers = found.iter().filter(|n| n.home != here);
        let strangers: Vec<(TenantId, UserId)> =
            strangers.filter(|n| n.kind == "user").map(|n| (n.home, UserId(n.id))).collect();
        let everything = self.sees_everything(actor).await;
        let known =
            if everything { HashSet::new() } else { self.tied(actor, here, &strangers).await? };
        for n in found {
            let name = match n.kind.as_str() {
                "portal" if n.name.is_empty() => continue,
                "portal" => format!("{LINK} ({})", n.name),
                // Of the tenant, or offered to it.
                "role" => n.name,
                _ if everything || n.home == here => n.name,
                "user" if known.contains(&UserId(n.id)) => n.name,
                "user" => PROVIDER.to_owned(),
                _ => continue,
            };
            out.insert(format!("{}:{}", n.kind, n.id.hyphenated()), name);
        }
        Ok(out)
    }
    async fn sees_everything(&self, actor: &Actor) -> bool {
        match actor.principal() {
            Principal::Owner | Principal::System(_) => true,
            _ => self.require_global(actor).await.is_ok(),
        }
    }
    /// Those of these people of the provider's who have something in `here`, or whose tenant's people the caller sees.
    async fn tied(
        &self,
        actor: &Actor,
        here: TenantId,
        who: &[(TenantId, UserId)],
    ) -> Result<HashSet<UserId>> {
        // There is one provider.
        let Some((home, _)) = who.first() else { return Ok(HashSet::new()) };
        let users: Vec<UserId> = who.iter().map(|(_, u)| *u).collect();
        if self.demand(actor, *home, "users.view").await.is_ok() {
            return Ok(users.into_iter().collect());
        }
        let row = self.0.people.tenant(here).await?;
        let none = BTreeSet::new();
        let site = Site { tenant: here, tags: row.as_ref().map_or(&none, |r| &r.tags.0) };
        let now = self.0.people.now();
        // platform: what somebody has may come from the provider's roles.
        let mut c = self.0.store.read(Scope::Platform).await?;
        let all = paths::paths(&mut c, self.catalogue(), *home, &users, now).await?;
        Ok(all.into_iter().filter(|(_, p)| p.reach.covers(site)).map(|(u, _)| u).collect())
    }
}
