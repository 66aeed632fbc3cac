//! What is entrusted to a directory: whoever has one of its SCIM tokens puts people into its groups and says which
//! account is whose, and whoever sets where its people sign in signs in as any of them. Both can come to hold whatever
//! its groups give and whatever its people have, so that both take somebody who holds as much.

mod db;

use super::{Access, Extent, Reach, defaults, roles};
use crate::{
    actor::Actor,
    clock::Timestamp,
    error::{Error, Result},
    id::{DirectoryId, TenantId},
    store::{Conn, Scope, Tx},
};

/// What hangs on a directory, and whether somebody holds as much.
#[derive(Debug, Clone)]
pub struct Entrusted {
    directory: (TenantId, DirectoryId),
    extent: Extent,
    covered: bool,
}

impl Entrusted {
    /// Refuses who holds less; and when more hangs on the directory by now than was looked at.
    ///
    /// # Errors
    /// [`crate::error::Kind::Forbidden`], [`crate::error::Kind::Conflict`].
    pub async fn check(&self, access: &Access, tx: &mut Tx) -> Result<()> {
        if !self.covered {
            return Err(Error::forbidden(
                "the directory's people and groups hold more than you do, or for longer; whoever has its token, or says \
                 where its people sign in, could act as them",
            )
            .code("directory_holds_more"));
        }
        let (t, d) = self.directory;
        let was = super::db::widen(tx).await?;
        let now = access.hangs_on(tx, t, d).await?;
        super::db::narrow(tx, &was).await?;
        if now.within(&self.extent) {
            return Ok(());
        }
        Err(Error::conflict("what the directory's people and groups hold was changed meanwhile"))
    }
}

impl Access {
    /// What hangs on a directory, against what an actor holds until then (`None`: without an end).
    ///
    /// # Errors
    /// The database's.
    pub async fn entrusted(
        &self,
        actor: &Actor,
        directory: (TenantId, DirectoryId),
        until: Option<Timestamp>,
    ) -> Result<Entrusted> {
        // platform: what hangs on it may be a role of the provider's.
        let mut c = self.0.store.read(Scope::Platform).await?;
        let extent = self.hangs_on(&mut c, directory.0, directory.1).await?;
        drop(c);
        let covered = self.reaches(actor, &extent, until).await?;
        Ok(Entrusted { directory, extent, covered })
    }
    /// What its groups' mappings give, what its people were given, what is kept for either, and what everybody has by
    /// default; whether or not it counts at this moment, as others decide about that.
    async fn hangs_on(&self, c: &mut Conn, t: TenantId, d: DirectoryId) -> Result<Extent> {
        let mut out = Extent::default();
        for g in db::gives(c, t, d, self.0.store.clock().now()).await? {
            let reach = Reach::read(&g.scope, g.scope_tenant);
            let at = reach.tenant().unwrap_or(t);
            if let Some(role) = roles::named(c, self, at, g.role_id).await? {
                out.add(&reach, role.id, &role.permissions);
            }
        }
        // Whoever it brings has that until a group says otherwise.
        if let Some(id) = defaults::role(c, t).await?
            && let Some(role) = roles::named(c, self, t, id).await?
        {
            out.add(&Reach::Tenant(t), role.id, &role.permissions);
        }
        Ok(out)
    }
}
