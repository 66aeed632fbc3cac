//! What a directory's settings add to its preset, checked when they are written.

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    text::excerpt,
};
use serde::{Deserialize, Serialize};

/// What a directory's settings add to its preset. An unknown field is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// `amr` values of which one proves two factors (Keycloak, Ping, AD FS, generic).
    pub amr: Vec<String>,
    /// `acr` values that prove two factors (Keycloak, Ping, generic; Okta in addition to its own). The first is what is
    /// asked for.
    pub acr: Vec<String>,
    /// `acr` values that prove a phishing-resistant login (Keycloak, Ping, generic; Okta in addition to its own).
    pub acr_phr: Vec<String>,
    /// The authentication context (`c1` ... `c99`) that the Entra tenant binds to a second factor. A login with it counts as
    /// `attested`: Entra gives a context that no policy is bound to as well. Without it Entra proves nothing: its v2.0
    /// tokens carry neither `amr` nor `acr`.
    pub acrs: Option<String>,
    /// Whether an `amr` with two methods of different kinds (what one knows, has, is) proves two factors.
    pub two_classes: bool,
    /// What an administrator states in writing about all logins there, such as that the provider's policy demands two
    /// factors of everybody. A login whose token says nothing of how it was done counts as `attested` then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attested: Option<String>,
    /// Seconds after which a proof is too old; needs `auth_time`.
    pub max_age: Option<i64>,
}

/// Who stated [`Rules::attested`], and when; written by us, never by whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attested {
    /// `user:<id>` or `owner`.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// The longest statement.
const STATEMENT: usize = 500;

impl Rules {
    /// The rules, if each can ever match: a value that never proves a second factor is not believed, whoever names it,
    /// and is better refused than kept.
    ///
    /// # Errors
    /// `Invalid`, naming the rule.
    pub fn checked(self) -> Result<Self> {
        let bad =
            |name: &str, text: String| Err(Error::invalid(text).attr(format!("rules.{name}")));
        for (name, list) in [("amr", &self.amr), ("acr", &self.acr), ("acr_phr", &self.acr_phr)] {
            if list.len() > 32 {
                return bad(name, format!("'{name}' has more than 32 values"));
            }
            for v in list {
                let shown = excerpt(v);
                if never(v) {
                    let text = format!(
                        "'{shown}' never proves a second factor, so '{name}' cannot name it"
                    );
                    return bad(name, text);
                }
                if v.len() > 200 || v.chars().any(|c| c.is_whitespace() || c.is_control()) {
                    return bad(name, format!("'{shown}' is not a value of '{name}'"));
                }
            }
        }
        if let Some(c) = self.acrs.as_deref().filter(|c| !context(c)) {
            let shown = excerpt(c);
            return bad("acrs", format!("'{shown}' is not an authentication context (c1 to c99)"));
        }
        if let Some(s) = &self.attested
            && (s.trim().len() < 10 || s.len() > STATEMENT || s.chars().any(char::is_control))
        {
            let text = format!(
                "'attested' is a statement in words, of 10 to {STATEMENT} characters: what the provider demands of whom"
            );
            return bad("attested", text);
        }
        if self.max_age.is_some_and(|s| !(0..=31_536_000).contains(&s)) {
            return bad("max_age", "'max_age' is not a number of seconds up to a year".to_owned());
        }
        Ok(self)
    }
}

/// Values that never prove a second factor, whatever a setting says: single factors, the word of another provider, and
/// "if possible".
pub(super) fn never(value: &str) -> bool {
    let weak = [
        "pwd",
        "fed",
        "wia",
        "rba",
        "rsa",
        "geo",
        "user",
        "email",
        "kba",
        "mca",
        "none",
        "wiaormultiauthn",
        "0",
        "",
    ];
    weak.contains(&value)
        || value.ends_with(":ifpossible")
        || value.starts_with("urn:okta:loa:1fa:")
}

/// Whether it is the name of an authentication context.
pub(super) fn context(name: &str) -> bool {
    name.strip_prefix('c').and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| (1..=99).contains(&n))
}
