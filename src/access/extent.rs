//! How far somebody's rights go, whatever the switches and the day: who is switched off may be switched on, and what
//! begins tomorrow begins without anybody's doing. Whoever lets others act as somebody must hold as much.

use super::{
    Access, Path, Reach, Subject,
    catalogue::{GLOBAL_ADMINISTRATOR, SELF_SERVICE},
    db, effective, roles,
};
use crate::{
    actor::{Actor, Principal, UserKind},
    clock::Timestamp,
    error::{Error, Result},
    id::{RoleId, TenantId, UserId},
    store::{Conn, Scope, Tx},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What somebody holds or will hold, scope by scope; without Self-Service, which is everybody's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Whether they are a Global Administrator.
    global: bool,
    /// Scopes as they are written in the database, with what is held there.
    held: Vec<(String, Option<TenantId>, BTreeSet<String>)>,
}

impl Extent {
    pub(super) fn of(subject: &Subject, paths: &[Path]) -> Self {
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
        let covered = self.reaches(actor, &extent, None).await?;
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
        let mut out = self.of_user(c, (home, user), None).await?;
        for (reach, role) in planned {
            let at = reach.tenant().unwrap_or(home);
            if let Some(role) = roles::named(c, self, at, *role).await? {
                out.add(reach, role.id, &role.permissions);
            }
        }
        Ok(out)
    }
    /// Whether an actor holds, wherever it gives anything, at least so much, and until then (`None`: without an end).
    ///
    /// # Errors
    /// The database's.
    pub async fn reaches(
        &self,
        actor: &Actor,
        extent: &Extent,
        until: Option<Timestamp>,
    ) -> Result<bool> {
        if self.held(actor, TenantId::PLATFORM).await?.global_lasts(until) {
            return Ok(true);
        }
        if extent.global {
            return Ok(false);
        }
        for (reach, wanted) in extent.scopes() {
            let held = self.held_over(actor, &reach).await?;
            if !wanted.iter().all(|p| held.lasts(p, until)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
    /// The same of whoever answers for something that they set, now: without an end. In sets of tenants nobody is found to.
    ///
    /// # Errors
    /// The database's.
    pub async fn answers_for(&self, by: &Setter, extent: &Extent) -> Result<bool> {
        let Setter::User { home, user, scopes, bound } = by else { return Ok(true) };
        let held = async |at| self.held_by((*home, *user), scopes.as_deref(), *bound, at).await;
        if held(TenantId::PLATFORM).await?.global_lasts(None) {
            return Ok(true);
        }
        if extent.global {
            return Ok(false);
        }
        for (reach, wanted) in extent.scopes() {
            let at = match reach {
                Reach::Tenant(t) => t,
                Reach::All => TenantId::PLATFORM,
                _ => return Ok(false),
            };
            let held = held(at).await?;
            if !wanted.iter().all(|p| held.lasts(p, None)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Who set something that goes on to open doors, and with what rights, as it is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setter {
    /// Whoever owns the data directory, or the server itself.
    Owner,
    /// A user.
    User {
        /// Of which tenant.
        home: TenantId,
        /// Who.
        user: UserId,
        /// By a token: of which scopes.
        scopes: Option<Vec<String>>,
        /// By a token: for which tenant.
        bound: Option<TenantId>,
    },
}
impl Setter {
    /// Of an act by this actor; `None` for a directory, which sets nothing of the kind.
    pub fn of(actor: &Actor) -> Option<Self> {
        match actor.principal() {
            Principal::Owner | Principal::System(_) | Principal::Portal { by: None, .. } => {
                Some(Self::Owner)
            }
            Principal::User { home, user, scopes, bound, .. } => Some(Self::User {
                home: *home,
                user: *user,
                scopes: scopes.as_ref().map(|s| s.to_vec()),
                bound: *bound,
            }),
            Principal::Portal { by: Some((home, user)), .. } => {
                Some(Self::User { home: *home, user: *user, scopes: None, bound: None })
            }
            Principal::Directory { .. } | Principal::App { .. } => None,
        }
    }
}
