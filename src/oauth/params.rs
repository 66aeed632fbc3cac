//! OAuth parameters, read strictly: a parameter that stands twice is an error (RFC 6749 3.1), an empty one is absent,
//! an unknown one is ignored.

use super::error::OAuthError;
use std::collections::BTreeMap;

/// The longest query or form we read.
const MAX: usize = 16 * 1024;

/// The parameters of a request.
#[derive(Debug, Default)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads `application/x-www-form-urlencoded` text.
    ///
    /// # Errors
    /// `invalid_request`, naming the parameter.
    pub fn read(text: &str) -> Result<Self, OAuthError> {
        if text.len() > MAX {
            return Err(OAuthError::invalid_request("the request is too long"));
        }
        let mut map = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if value.contains(['\0', '\u{fffd}']) || name.contains(['\0', '\u{fffd}']) {
                let name = crate::text::excerpt(&name);
                return Err(OAuthError::invalid_request(&format!("'{name}' is not text we take")));
            }
            if map.insert(name.to_string(), value.to_string()).is_some() {
                let name = crate::text::excerpt(&name);
                return Err(OAuthError::invalid_request(&format!("'{name}' is repeated")));
            }
        }
        Ok(Self(map))
    }
    /// Parameters that were read already.
    pub fn of(pairs: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self(pairs.into_iter().map(|(n, v)| (n.to_owned(), v)).collect())
    }
    /// The same as a query.
    pub fn query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
    /// A parameter, if it is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
    /// A parameter that must be there.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn need(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid_request(&format!("'{name}' is missing")))
    }
    /// `scope`, split: each word of the characters RFC 6749 3.3 allows.
    ///
    /// # Errors
    /// `invalid_scope`.
    pub fn scopes(&self) -> Result<Vec<String>, OAuthError> {
        let mut out: Vec<String> = Vec::new();
        for s in self.get("scope").unwrap_or_default().split(' ').filter(|s| !s.is_empty()) {
            if !s.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
                return Err(OAuthError::new(
                    "invalid_scope",
                    "'scope' has characters that no scope has",
                ));
            }
            if !out.iter().any(|o| o == s) {
                out.push(s.to_owned());
            }
        }
        Ok(out)
    }
}
