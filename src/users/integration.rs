//! The user behind an integration. `apps` makes, switches and removes it together with its client, in one
//! transaction, under its own permit; it never has an interactive session.

use super::{User, by_hand::switch, db, directory::gone_for_good, name_taken, rules};
use crate::{
    access::guard::By,
    actor::UserKind,
    audit::{self, Event},
    error::{Error, Result},
    id::{TenantId, UserId},
    store::{Lock, Topic, Tx},
};

/// An integration user to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntegration {
    /// Unique in the tenant among users that no directory brought.
    pub name: String,
    /// For people to read.
    pub description: Option<String>,
}

/// Makes the user; `t` is the permit's tenant.
///
/// # Errors
/// `Invalid`; `Conflict` with the code `uniqueness` for a name that is taken.
pub async fn add_integration(tx: &mut Tx, t: TenantId, new: &NewIntegration) -> Result<User> {
    let draft = rules::by_hand(&new.name, new.description.clone(), None);
    rules::checked(&draft)?;
    rules::no_id("name", &new.name)?;
    let (id, folded) = (UserId::new(), rules::folded(&draft.doc)?);
    let user = db::insert_local(tx, t, id, UserKind::Integration, &draft, &folded)
        .await
        .map_err(|e| name_taken(e, &new.name, "name"))?;
    let event = Event::new("user.add").target("user", id);
    let event = event.detail(serde_json::json!({ "kind": "integration", "name": new.name }));
    audit::record(tx, t, event).await?;
    tx.changed(Topic::User(t, id));
    Ok(user)
}

async fn locked(tx: &mut Tx, t: TenantId, id: UserId) -> Result<User> {
    tx.lock(Lock::User(id)).await?;
    let user = db::get(tx, t, id).await?;
    user.filter(|u| u.kind == UserKind::Integration)
        .ok_or_else(|| Error::not_found(format!("integration user {id}")))
}

/// Switches the user off (its tokens end) or on.
///
/// # Errors
/// `NotFound`.
pub async fn set_integration_enabled(
    tx: &mut Tx,
    t: TenantId,
    id: UserId,
    on: bool,
) -> Result<User> {
    let was = locked(tx, t, id).await?;
    switch(tx, was, on, "integration disabled").await
}

/// Gives the user another name.
///
/// # Errors
/// `NotFound`; `Invalid`; `Conflict` with the code `uniqueness` for a name that is taken.
pub async fn rename_integration(tx: &mut Tx, t: TenantId, id: UserId, name: &str) -> Result<()> {
    let was = locked(tx, t, id).await?;
    let draft = rules::by_hand(name, was.display_name.clone(), None);
    rules::checked(&draft)?;
    if was.user_name != draft.user_name {
        rules::no_id("name", name)?;
    }
    let folded = rules::folded(&draft.doc)?;
    db::update_by_hand(tx, t, id, UserKind::Integration, &draft, &folded)
        .await
        .map_err(|e| name_taken(e, name, "name"))?;
    let event = Event::new("user.edit").target("user", id);
    audit::record(tx, t, event.detail(serde_json::json!({ "name": name }))).await?;
    tx.changed(Topic::User(t, id));
    Ok(())
}

/// Deletes the user, and by the schema its client and secrets; its tokens end.
///
/// # Errors
/// `NotFound`.
pub async fn remove_integration(tx: &mut Tx, t: TenantId, id: UserId) -> Result<()> {
    let was = locked(tx, t, id).await?;
    gone_for_good(tx, &was, By::Hand, "integration removed", None).await?;
    Ok(())
}
