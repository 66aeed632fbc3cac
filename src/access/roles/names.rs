//! What a role may be called: people decide by the name whom they give what.

use super::db;
use crate::{
    access::{
        catalogue::Catalogue,
        db::{narrow, widen},
    },
    error::{Error, Result},
    id::TenantId,
    store::Tx,
    text,
};
use unicode_security::confusable_detection::skeleton;

/// A name as it looks (Unicode Technical Standard 39, 4), in small letters and as it is written: a capital may look like
/// another's while the small ones do not. Names of one look are taken for each other.
struct Look(String, String);

fn look(name: &str) -> Look {
    let of = |text: &str| skeleton(text).collect::<String>();
    Look(of(&text::fold(name)), of(&text::fold(&of(name))))
}
impl Look {
    fn like(&self, other: &Self) -> bool {
        self.0 == other.0 || self.1 == other.1
    }
}

/// A role's name, unless it would be taken for a built-in role's, and its description.
pub(super) fn checked(catalogue: &Catalogue, name: &str, description: &str) -> Result<String> {
    let name = text::checked("name", text::name("name", name)?, 200)?;
    text::checked("description", description, 2000)?;
    let looks = look(name);
    if catalogue.roles().iter().any(|r| look(&r.name).like(&looks)) {
        let text = format!("'{name}' is a built-in role's name, or looks like it");
        return Err(Error::conflict(text).attr("name"));
    }
    Ok(name.to_owned())
}

/// Refuses a name that would be taken for the one of a role that another tenant offers to all.
pub(super) async fn not_an_offered_ones(tx: &mut Tx, t: TenantId, name: &str) -> Result<()> {
    let was = widen(tx).await?;
    let all = db::list(tx, t).await;
    narrow(tx, &was).await?;
    let looks = look(name);
    if all?.iter().any(|r| r.tenant_id != t && look(&r.name).like(&looks)) {
        let text = format!("'{name}' is the name of a role that is offered to all");
        return Err(Error::conflict(text).attr("name"));
    }
    Ok(())
}
