//! Pure decisions: what demands MFA, what a kind of user may hold, what may be given.

use super::{
    Reach,
    catalogue::{GLOBAL_ADMINISTRATOR, SELF_SERVICE},
};
use crate::{actor::UserKind, id::RoleId, id::TenantId};
use std::collections::BTreeSet;

/// The permissions of Muster's own that do not demand a second factor: they only look.
pub const WITHOUT_MFA: &[&str] = &["users.view", "system.view_settings", "system.view_logs"];

/// Whether a permission is Muster's own.
pub fn is_reserved(permission: &str) -> bool {
    permission.starts_with("users.") || permission.starts_with("system.")
}

/// Whether a half of a permission's id is made of what a scope in a token may hold.
pub fn well_formed(half: &str) -> bool {
    !half.is_empty()
        && half.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether a role with these permissions demands MFA where no policy says otherwise.
pub fn role_demands_mfa<'a>(permissions: impl IntoIterator<Item = &'a String>) -> bool {
    permissions.into_iter().any(|p| is_reserved(p) && !WITHOUT_MFA.contains(&p.as_str()))
}

/// Why a user of this kind cannot hold the role there; `None` if they can. Asked when a grant is written, and
/// again at every use, since kinds change and mappings are computed.
pub fn out_of_bounds(
    kind: UserKind,
    home: TenantId,
    home_is_provider: bool,
    role: RoleId,
    reach: &Reach,
) -> Option<&'static str> {
    let instance_wide = *reach == Reach::All;
    if role == GLOBAL_ADMINISTRATOR && !instance_wide {
        return Some("Global Administrator is held on the whole instance, not in one tenant");
    }
    if instance_wide && kind != UserKind::Administrator {
        return Some("only users of the kind administrator hold roles on the whole instance");
    }
    if *reach == Reach::Tenant(home) {
        return None;
    }
    if kind == UserKind::Tenant {
        return Some("users of the kind tenant hold roles in their own tenant only");
    }
    if !home_is_provider {
        return Some("only the provider's people hold roles beyond their own tenant");
    }
    None
}

/// The permissions of a role that somebody who holds `held` cannot give. Self-service is everybody's to give.
pub fn beyond<'a>(wanted: &'a BTreeSet<String>, held: &BTreeSet<String>) -> Vec<&'a str> {
    wanted.iter().filter(|p| *p != SELF_SERVICE && !held.contains(*p)).map(String::as_str).collect()
}
