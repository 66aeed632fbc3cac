//! Acting as somebody: whoever sets a person's credentials, sends them their link or has an integration user's secret holds
//! what they hold. So it takes somebody who holds as much anyway, and for as long.

use super::{Access, Extent, db, effective};
use crate::{
    actor::Actor,
    clock::Timestamp,
    error::{Error, Result},
    id::{TenantId, UserId},
    store::{Conn, Scope, Tx},
};
use std::{collections::BTreeSet, sync::Arc};

/// The permissions that are chosen for an integration user (`None`: all); a person has no such bounds.
#[derive(Debug, Clone)]
pub struct Chosen(Option<Arc<BTreeSet<String>>>);
impl Chosen {
    /// These, or all.
    pub fn these(some: Option<&[String]>) -> Self {
        Self(some.map(|s| Arc::new(s.iter().cloned().collect())))
    }
}

/// What somebody comes to hold who can act as a user, and whether they hold as much.
#[derive(Debug, Clone)]
pub struct Acting {
    user: (TenantId, UserId),
    chosen: Option<Chosen>,
    extent: Extent,
    covered: bool,
}
impl Acting {
    /// Whether they do. Only what [`Self::check`] says counts for what is written.
    pub fn covered(&self) -> bool {
        self.covered
    }
    /// Refuses, with `text`, who holds less, or as much for a while only; and when the user holds more by now than was
    /// looked at.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`], [`crate::error::Kind::Conflict`].
    pub async fn check(&self, access: &Access, tx: &mut Tx, text: &str) -> Result<()> {
        if !self.covered {
            return Err(Error::forbidden(text));
        }
        let was = db::widen(tx).await?;
        let now = access.of_user(tx, self.user, self.chosen.as_ref()).await?;
        db::narrow(tx, &was).await?;
        if now.within(&self.extent) {
            return Ok(());
        }
        Err(Error::conflict("what they hold was changed meanwhile"))
    }
}

impl Access {
    /// What an actor would hold by acting as a user until then (`None`: without an end), against what they hold: wherever
    /// the user has anything or will have it. That the user is switched off makes no difference.
    ///
    /// # Errors
    /// The database's.
    pub async fn acting(
        &self,
        actor: &Actor,
        user: (TenantId, UserId),
        chosen: Option<Chosen>,
        until: Option<Timestamp>,
    ) -> Result<Acting> {
        // platform: what somebody has may come from the provider's roles.
        let mut c = self.0.store.read(Scope::Platform).await?;
        let extent = self.of_user(&mut c, user, chosen.as_ref()).await?;
        drop(c);
        let covered = self.reaches(actor, &extent, until).await?;
        Ok(Acting { user, chosen, extent, covered })
    }
    /// What a user holds or will hold; `chosen` instead of what is chosen for it.
    pub(super) async fn of_user(
        &self,
        c: &mut Conn,
        (home, user): (TenantId, UserId),
        chosen: Option<&Chosen>,
    ) -> Result<Extent> {
        let Some((_, mut subject, _)) = db::subjects(c, home, &[user]).await?.pop() else {
            return Ok(Extent::default());
        };
        if let Some(Chosen(chosen)) = chosen {
            subject.chosen.clone_from(chosen);
        }
        let now = self.0.store.clock().now();
        let paths = db::paths(c, self.catalogue(), home, &[user], now).await?;
        let counts = paths.into_iter().map(|(_, p)| p);
        let counts: Vec<_> = counts.filter(|p| effective::void(&subject, p).is_none()).collect();
        Ok(Extent::of(&subject, &counts))
    }
}
