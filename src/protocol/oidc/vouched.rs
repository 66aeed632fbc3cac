//! For which addresses a provider's word counts.

use super::{Claims, Preset};
use serde_json::Value;

/// The addresses that the directory vouches for. Entra sends no `email_verified`. There the name to sign in with is in a
/// domain that the customer proved, and the issuer is pinned to that customer's tenant; the address counts only with
/// `xms_edov`, as any administrator there can write any address. Google's word about
/// an address counts for its own mail, and for a company's that the account is managed by (`hd`): anybody may once have
/// verified an address of a company that they have left.
pub fn vouched(preset: Preset, claims: &Claims) -> impl Iterator<Item = &str> {
    let (verified, name) = match preset {
        Preset::Entra | Preset::EntraV1 => {
            // Tokens of v1 have the name under another claim.
            let name = claims.rest.get("upn").and_then(Value::as_str);
            (claims.email_domain_verified, claims.preferred_username.as_deref().or(name))
        }
        Preset::Google => (claims.email_verified && googles(claims), None),
        Preset::Okta
        | Preset::Auth0
        | Preset::Keycloak
        | Preset::Ping
        | Preset::Adfs
        | Preset::Generic => (claims.email_verified, None),
    };
    claims.email.as_deref().filter(|_| verified).into_iter().chain(name)
}

/// Whether Google is who knows about the address.
fn googles(claims: &Claims) -> bool {
    let domain = claims.email.as_deref().and_then(|e| e.rsplit_once('@')).map(|(_, d)| d);
    domain.is_some_and(|d| {
        d.eq_ignore_ascii_case("gmail.com")
            || claims.hd.as_deref().is_some_and(|hd| hd.eq_ignore_ascii_case(d))
    })
}
