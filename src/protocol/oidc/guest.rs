//! Whether an account is somebody's of another organisation.

use super::{Claims, Preset};
use serde_json::Value;
use url::Url;

/// Whether the id token says, or may say, that the account is a guest in the directory. Only Entra says it: in the optional
/// claim `acct`, by an `idp` that is another tenant's, or by the name that a guest's account has. What is there and cannot be
/// read counts as a guest. Elsewhere `idp` means something else (Okta: which of its own providers was used).
pub fn is_guest(preset: Preset, claims: &Claims) -> bool {
    if !preset.is_entra() {
        return false;
    }
    let said = |name: &str| claims.rest.get(name);
    let member = |acct: &Value| acct.as_i64() == Some(0) || acct.as_str() == Some("0");
    let names = [claims.preferred_username.as_deref(), said("upn").and_then(Value::as_str)];
    said("acct").is_some_and(|acct| !member(acct))
        || said("idp").is_some_and(|idp| !own(claims, idp))
        || names.into_iter().flatten().any(|n| n.to_ascii_uppercase().contains("#EXT#"))
}

/// Whether an `idp` is the very tenant that issued the token, by its issuer of either version.
fn own(claims: &Claims, idp: &Value) -> bool {
    let Some(idp) = idp.as_str() else { return false };
    let url = Url::parse(idp).ok();
    let tenant = url.as_ref().and_then(|u| u.path_segments()?.next());
    idp == claims.iss || tenant.is_some() && tenant == claims.tid.as_deref()
}
