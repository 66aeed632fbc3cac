//! Decisions for applications: what enforcement computes, asked about somebody by their id alone.

use super::{Access, db};
use crate::{
    error::Result,
    id::{TenantId, UserId},
    store::Scope,
};

impl Access {
    /// Whether a user holds a permission (or `self_service`) in a tenant now. Who is not there holds nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn decide(&self, user: UserId, tenant: TenantId, permission: &str) -> Result<bool> {
        let Some(home) = self.home(user, tenant).await? else { return Ok(false) };
        Ok(self.effective(home, user, tenant).await?.allows(permission))
    }
    /// Where somebody is at home who may hold anything in `tenant`: in it, or in the provider's. It never changes.
    async fn home(&self, user: UserId, tenant: TenantId) -> Result<Option<TenantId>> {
        if let Some(home) = self.0.homes.get(&user) {
            return Ok(Some(home));
        }
        let ticket = self.0.homes.ticket();
        // platform: the provider's people work in other tenants.
        let mut c = self.0.store.read(Scope::Platform).await?;
        let home = db::home(&mut c, user, tenant).await?;
        if let Some(home) = home {
            self.0.homes.fill(ticket, user, home);
        }
        Ok(home)
    }
}
