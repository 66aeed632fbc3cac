//! How far somebody's rights go, whatever the switches and the day: who is switched off may be switched on, and what
//! begins tomorrow begins without anybody's doing. Whoever lets others act as somebody must hold as much.

use super::{
    Access, Path, Reach, Subject,
    catalogue::{GLOBAL_ADMINISTRATOR, SELF_SERVICE},
    db, effective, roles,
};
use crate::{
    actor::{Actor, UserKind},
    error::{Error, Result},
    id::{RoleId, TenantId, UserId},
    store::{Conn, Scope, Tx},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};

/// What somebody holds or will hold, scope by scope; without Self-Service, which is everybody's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Whether they are a Global Administrator.
    global: bool,
    /// Scopes as they are written in the database, with what is held there.
    held: Vec<(String, Option<TenantId>, BTreeSet<String>)>,
}

impl Extent {
    fn of(subject: &Subject, paths: &[Path]) -> Self {
        let mut out = Self::default();
        for p in paths {
            let theirs = p.permissions.iter().filter(|p| subject.can_hold(p)).cloned().collect();
            out.add(&p.reach, p.role.id, &theirs);
        }
        out
    }
    pub(super) fn add(&mut self, reach: &Reach, role: RoleId, permissions: &BTreeSet<String>) {
        self.global |= role == GLOBAL_ADMINISTRATOR;
        let permissions = permissions.iter().filter(|p| *p != SELF_SERVICE).cloned();
        let (scope, tenant) = (reach.column(), reach.tenant());
        let known = self.held.iter_mut().find(|(s, t, _)| *s == scope && *t == tenant);
        match known {
            Some((_, _, held)) => held.extend(permissions),
            None => {
                let permissions: BTreeSet<String> = permissions.collect();
                if !permissions.is_empty() {
                    self.held.push((scope, tenant, permissions));
                }
            }
        }
    }
    /// Scope by scope.
    fn scopes(&self) -> impl Iterator<Item = (Reach, &BTreeSet<String>)> {
        self.held.iter().map(|(scope, tenant, held)| (Reach::read(scope, *tenant), held))
    }
    /// Whether there is nothing in it that is not in the other, by how both are made.
    pub fn within(&self, other: &Self) -> bool {
        let covered = |reach: &Reach, p: &String| {
            other.scopes().any(|(wider, held)| wider.includes(reach) && held.contains(p))
        };
        self.global <= other.global
            && self.scopes().all(|(reach, held)| held.iter().all(|p| covered(&reach, p)))
    }
}

/// What another kind of user would let count, and whether whoever sets the kind holds as much.
#[derive(Debug, Clone)]
pub struct Gains {
    kind: UserKind,
    extent: Extent,
    covered: bool,
}

impl Gains {
    /// Refuses who holds less; and when more would count by now than was looked at.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`], [`crate::error::Kind::Conflict`].
    pub async fn check(
        &self,
        access: &Access,
        tx: &mut Tx,
        user: (TenantId, UserId),
    ) -> Result<()> {
        if !self.covered {
            let text = format!(
                "as '{}' the person would hold more than you do: what was given to them, or to groups that they are in, \
                 would begin to count",
                self.kind.as_str()
            );
            return Err(Error::forbidden(text).attr("kind"));
        }
        let was = db::widen(tx).await?;
        let now = access.let_count(tx, user, self.kind).await?;
        db::narrow(tx, &was).await?;
        if now.within(&self.extent) {
            return Ok(());
        }
        Err(Error::conflict("what the person would hold was changed meanwhile"))
    }
}

impl Access {
    /// What would count for a user of another kind and does not count for them now, against what an actor holds.
    ///
    /// # Errors
    /// The database's.
    pub async fn gains(
        &self,
        actor: &Actor,
        user: (TenantId, UserId),
        kind: UserKind,
    ) -> Result<Gains> {
        // platform: what somebody has may come from the provider's roles.
        let mut c = self.0.store.read(Scope::Platform).await?;
        let extent = self.let_count(&mut c, user, kind).await?;
        drop(c);
        let covered = self.reaches(actor, &extent).await?;
        Ok(Gains { kind, extent, covered })
    }
    async fn let_count(
        &self,
        c: &mut Conn,
        (home, user): (TenantId, UserId),
        kind: UserKind,
    ) -> Result<Extent> {
        let Some((_, was, _)) = db::subjects(c, home, &[user]).await?.pop() else {
            return Ok(Extent::default());
        };
        let then = Subject { kind, ..was.clone() };
        let now = self.0.store.clock().now();
        let paths = db::paths(c, self.catalogue(), home, &[user], now).await?;
        let mut paths: Vec<Path> = paths.into_iter().map(|(_, p)| p).collect();
        let counts = |s: &Subject, p: &Path| effective::void(s, p).is_none();
        paths.retain(|p| counts(&then, p) && !counts(&was, p));
        Ok(Extent::of(&then, &paths))
    }
    /// What somebody holds or will hold, with the roles that are planned for them, each with where.
    ///
    /// # Errors
    /// The database's.
    pub async fn extent(
        &self,
        (home, user): (TenantId, UserId),
        planned: &[(Reach, RoleId)],
    ) -> Result<Extent> {
        // platform: what somebody has may come from the provider's roles.
        let mut c = self.0.store.read(Scope::Platform).await?;
        self.measured(&mut c, (home, user), planned).await
    }
    /// The same, inside a transaction.
    ///
    /// # Errors
    /// The database's.
    pub async fn extent_in(
        &self,
        tx: &mut Tx,
        (home, user): (TenantId, UserId),
        planned: &[(Reach, RoleId)],
    ) -> Result<Extent> {
        let was = db::widen(tx).await?;
        let found = self.measured(tx, (home, user), planned).await?;
        db::narrow(tx, &was).await?;
        Ok(found)
    }
    async fn measured(
        &self,
        c: &mut Conn,
        (home, user): (TenantId, UserId),
        planned: &[(Reach, RoleId)],
    ) -> Result<Extent> {
        let Some((_, subject, _)) = db::subjects(c, home, &[user]).await?.pop() else {
            return Ok(Extent::default());
        };
        let now = self.0.store.clock().now();
        let paths = db::paths(c, self.catalogue(), home, &[user], now).await?;
        let mut paths: Vec<Path> = paths.into_iter().map(|(_, p)| p).collect();
        paths.retain(|p| effective::void(&subject, p).is_none());
        let mut out = Extent::of(&subject, &paths);
        for (reach, role) in planned {
            let at = reach.tenant().unwrap_or(home);
            if let Some(role) = roles::named(c, self, at, *role).await? {
                out.add(reach, role.id, &role.permissions);
            }
        }
        Ok(out)
    }
    /// Whether an actor holds, wherever it gives anything, at least so much.
    ///
    /// # Errors
    /// The database's.
    pub async fn reaches(&self, actor: &Actor, extent: &Extent) -> Result<bool> {
        let everywhere = self.held(actor, TenantId::PLATFORM).await?;
        if everywhere.global {
            return Ok(true);
        }
        if extent.global {
            return Ok(false);
        }
        for (reach, wanted) in extent.scopes() {
            if !wanted.is_subset(&self.held_over(actor, &reach).await?.permissions) {
                return Ok(false);
            }
        }
        Ok(true)
    }
    /// Whether an actor holds, wherever a user has anything or will have it, at least what the user has: whoever may act
    /// as somebody (set their credentials) must. That the user is switched off makes no difference.
    ///
    /// # Errors
    /// The database's.
    pub async fn covers(&self, actor: &Actor, user: (TenantId, UserId)) -> Result<bool> {
        let extent = self.extent(user, &[]).await?;
        self.reaches(actor, &extent).await
    }
    /// The same of an integration user for whom these permissions are chosen (`None`: all).
    ///
    /// # Errors
    /// The database's.
    pub async fn covers_chosen(
        &self,
        actor: &Actor,
        (home, user): (TenantId, UserId),
        chosen: Option<&[String]>,
    ) -> Result<bool> {
        // platform: what it has may come from the provider's roles.
        let mut c = self.0.store.read(Scope::Platform).await?;
        let Some((_, was, _)) = db::subjects(&mut c, home, &[user]).await?.pop() else {
            return Ok(true);
        };
        let chosen = chosen.map(|c| Arc::new(c.iter().cloned().collect()));
        let then = Subject { chosen, ..was };
        let now = self.0.store.clock().now();
        let paths = db::paths(&mut c, self.catalogue(), home, &[user], now).await?;
        drop(c);
        let mut paths: Vec<Path> = paths.into_iter().map(|(_, p)| p).collect();
        paths.retain(|p| effective::void(&then, p).is_none());
        self.reaches(actor, &Extent::of(&then, &paths)).await
    }
}
