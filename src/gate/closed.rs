//! For whom a company's login is the only way in.

use crate::{directories, domains, error::Result, store::Conn, users::User};

/// Whether what this person has here of their own opens nothing: a directory of their tenant is enforced, and they are in it,
/// or have an address in a domain of the tenant's. Accounts for emergencies are the caller's to except.
///
/// # Errors
/// The database's.
pub async fn only_by_directory(c: &mut Conn, person: &User) -> Result<bool> {
    let enforced = directories::enforced(c, person.tenant_id).await?;
    if enforced.is_empty() {
        return Ok(false);
    }
    if person.directory_id.is_some_and(|d| enforced.contains(&d)) {
        return Ok(true);
    }
    for address in person.email.iter().chain([&person.user_name]) {
        if domains::confirmed(c, person.tenant_id, address).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
