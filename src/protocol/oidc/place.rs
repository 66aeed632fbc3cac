//! Where a provider describes itself, and what it calls a person. Both are the issuer's and `sub` nearly everywhere; Entra
//! has words of its own.

use super::{Claims, Preset};
use crate::{
    error::{Error, Result},
    text::excerpt,
};
use serde_json::Value;
use url::Url;

/// The issuer of Entra's v1.0 tokens, before the tenant's id.
const V1_ISSUER: &str = "https://sts.windows.net/";
/// Who answers for it.
const V1_LOGIN: &str = "https://login.microsoftonline.com/";

/// Where a provider's documents are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Below its issuer, as OpenID Connect Discovery has it.
    Issuer,
    /// Entra's v1.0: at its login host, though its issuer is another.
    EntraV1 {
        /// The discovery document.
        document: String,
        /// What its endpoints begin with.
        endpoints: String,
    },
}

/// Where the provider of an issuer describes itself. The one issuer that is not where its documents are is that of Entra's
/// v1.0 tokens, and only a directory that says so (`entra_v1`) has it.
///
/// # Errors
/// `Invalid` (`issuer`) for one that is not the preset's.
pub fn place(preset: Preset, issuer: &str) -> Result<Place> {
    let no = |text: String| Err(Error::invalid(text).attr("issuer"));
    if preset != Preset::EntraV1 {
        let host = Url::parse(issuer).ok().and_then(|u| u.host_str().map(str::to_owned));
        if host.as_deref() == Some("sts.windows.net") {
            return no(
                "'sts.windows.net' is the issuer of Entra's v1.0 tokens, which the preset 'entra_v1' reads; for 'entra' it \
                 is https://login.microsoftonline.com/TENANT-ID/v2.0"
                    .to_owned(),
            );
        }
        return Ok(Place::Issuer);
    }
    let tenant = issuer.strip_prefix(V1_ISSUER).and_then(|rest| rest.strip_suffix('/'));
    let Some(tenant) = tenant.filter(|t| uuid::Uuid::try_parse(t).is_ok() && t.len() == 36) else {
        return no(format!(
            "'{}' is not the issuer of Entra's v1.0 tokens: {V1_ISSUER}TENANT-ID/",
            excerpt(issuer)
        ));
    };
    Ok(Place::EntraV1 {
        document: format!("{V1_LOGIN}{tenant}/.well-known/openid-configuration"),
        endpoints: format!("{V1_LOGIN}{tenant}/oauth2/"),
    })
}

impl Place {
    /// Whether a discovery document is what is expected here: the issuer's own, with the endpoints of v1.0 and the key set
    /// of the same host. Where documents are below the issuer, the library that reads them holds them to it.
    ///
    /// # Errors
    /// `Invalid` with the code `issuer_mismatch`.
    pub fn fits(&self, issuer: &str, document: &Value) -> Result<()> {
        let Self::EntraV1 { endpoints, .. } = self else { return Ok(()) };
        let no = |what: &str| {
            let text = format!("the discovery document's '{what}' is not that of v1.0");
            Err(Error::invalid(text).code("issuer_mismatch"))
        };
        let said = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
        if said("issuer") != issuer {
            return no("issuer");
        }
        for name in ["authorization_endpoint", "token_endpoint"] {
            let rest = said(name).strip_prefix(endpoints.as_str());
            if rest.is_none_or(|r| r.is_empty() || r.starts_with("v2.0")) {
                return no(name);
            }
        }
        if !said("jwks_uri").starts_with(V1_LOGIN) || said("jwks_uri").contains("/v2.0") {
            return no("jwks_uri");
        }
        Ok(())
    }
}

/// What the directory calls the person, for good: never an address or a name. Entra's `sub` differs for each application
/// and `oid` is what its SCIM calls the person; elsewhere it is `sub`.
///
/// # Errors
/// With the codes `tenant_mismatch` and `claim_missing`.
pub fn subject(preset: Preset, claims: &Claims) -> Result<&str> {
    if !preset.is_entra() {
        return Ok(&claims.sub);
    }
    // The issuer's path begins with the tenant; a token that names another is not of this directory.
    let url = Url::parse(&claims.iss).ok();
    let home = url.as_ref().and_then(|u| u.path_segments()?.next());
    if home.is_none() || home != claims.tid.as_deref() {
        let text = "'tid' is not the issuer's tenant";
        return Err(Error::forbidden(text).code("tenant_mismatch"));
    }
    let oid = claims.oid.as_deref().filter(|o| !o.is_empty());
    oid.ok_or_else(|| Error::invalid("the id token has no 'oid'").code("claim_missing"))
}
