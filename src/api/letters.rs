//! How a tenant's letters look.

use super::{
    answer::{Shown, With},
    call::Call,
};
use crate::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    error::Result,
    invitations::{self, Looks},
};

pub(super) async fn get(c: Call) -> Result<Shown<Looks>> {
    let p = c.tenant::<SystemViewSettings>().await?;
    Ok(Shown::of(invitations::looks(&c.app.store, &p).await?))
}

pub(super) async fn set(c: With<Looks>) -> Result<Shown<Looks>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    Ok(Shown::of(invitations::set_looks(&c.app.store, &p, c.json()?).await?))
}
