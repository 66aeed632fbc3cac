//! What a login proves: an allow-list of rules over `amr`, `acr` and `acrs`, a deny-list after it, freshness by
//! `auth_time` alone. Absent is never trusted; unknown is ignored; nothing is compared but whole values in their case.

use super::{Claims, Preset, SKEW};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How well a login is proved; ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nothing.
    None,
    /// One factor.
    Single,
    /// Two, by the word of an administrator about the directory's policy; not by this login's own proof.
    Attested,
    /// Two.
    Mfa,
    /// Two, and none that can be phished.
    #[serde(rename = "phr")]
    PhishingResistant,
}
impl Class {
    /// The word in the database and in evidence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Single => "single",
            Self::Attested => "attested",
            Self::Mfa => "mfa",
            Self::PhishingResistant => "phr",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "none" => Self::None,
            "single" => Self::Single,
            "attested" => Self::Attested,
            "mfa" => Self::Mfa,
            "phr" => Self::PhishingResistant,
            _ => return None,
        })
    }
}

/// What a directory's settings add to its preset. An unknown field is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// `amr` values of which one proves two factors (generic).
    pub amr: Vec<String>,
    /// `acr` values that prove two factors (generic; Okta in addition to its own). The first is what is asked for.
    pub acr: Vec<String>,
    /// `acr` values that prove a phishing-resistant login (generic; Okta in addition to its own).
    pub acr_phr: Vec<String>,
    /// The authentication context (`c1` ... `c99`) that the Entra tenant binds to a second factor. Without it Entra
    /// proves nothing: its v2.0 tokens carry neither `amr` nor `acr`.
    pub acrs: Option<String>,
    /// Seconds after which a proof is too old; needs `auth_time`.
    pub max_age: Option<i64>,
}

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
                let shown = crate::text::excerpt(v);
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
            let shown = crate::text::excerpt(c);
            return bad("acrs", format!("'{shown}' is not an authentication context (c1 to c99)"));
        }
        if self.max_age.is_some_and(|s| !(0..=31_536_000).contains(&s)) {
            return bad("max_age", "'max_age' is not a number of seconds up to a year".to_owned());
        }
        Ok(self)
    }
}

/// What was decided, by which rule, on what.
#[derive(Debug, Clone, PartialEq)]
pub struct Assurance {
    /// The class.
    pub class: Class,
    /// The rule that matched.
    pub rule: &'static str,
    /// The raw values seen, for the record.
    pub evidence: Value,
}

const OKTA_MFA: [&str; 1] = ["urn:okta:loa:2fa:any"];
const OKTA_PHR: [&str; 2] = ["phr", "phrh"];

/// Values that never prove a second factor, whatever a setting says: single factors, the word of another provider, and
/// "if possible".
fn never(value: &str) -> bool {
    let weak = [
        "pwd",
        "fed",
        "wia",
        "rba",
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

/// Decides what the claims of a verified id token prove. Only this login's id token: never userinfo, an access token or
/// the answer to a refresh.
pub fn assurance(c: &Claims, preset: Preset, rules: &Rules) -> Assurance {
    let amr = |v: &str| !never(v) && c.amr.as_ref().is_some_and(|l| l.iter().any(|a| a == v));
    let acr = |v: &str| !never(v) && c.acr.as_deref() == Some(v);
    let named = |list: &[String]| list.iter().any(|v| acr(v));
    let (class, rule) = match preset {
        Preset::Entra => match &rules.acrs {
            // Entra issues a context that no policy is bound to as well: it is worth what the administrator says.
            Some(want) if context(want) && c.acrs.iter().flatten().any(|a| a == want) => {
                (Class::Attested, "entra:acrs")
            }
            _ => (Class::Single, "entra:none"),
        },
        Preset::Okta => {
            if OKTA_PHR.iter().any(|v| acr(v)) || named(&rules.acr_phr) {
                (Class::PhishingResistant, "okta:acr-phr")
            } else if OKTA_MFA.iter().any(|v| acr(v)) || named(&rules.acr) {
                (Class::Mfa, "okta:acr")
            } else if amr("mfa") {
                (Class::Mfa, "okta:amr")
            } else {
                (Class::Single, "okta:none")
            }
        }
        Preset::Google if amr("mfa") => (Class::Mfa, "google:amr"),
        Preset::Google => (Class::Single, "google:none"),
        Preset::Generic => {
            if named(&rules.acr_phr) {
                (Class::PhishingResistant, "generic:acr-phr")
            } else if named(&rules.acr) {
                (Class::Mfa, "generic:acr")
            } else if rules.amr.iter().any(|v| amr(v)) {
                (Class::Mfa, "generic:amr")
            } else {
                (Class::Single, "generic:none")
            }
        }
    };
    let mut evidence = json!({
        "amr": c.amr, "acr": c.acr, "acrs": c.acrs, "auth_time": c.auth_time, "rule": rule, "class": class.as_str(),
    });
    if !c.malformed.is_empty() {
        let names = c.malformed.join(", ");
        evidence["note"] =
            json!(format!("not of the shape it must have, and not looked at: {names}"));
    }
    Assurance { class, rule, evidence }
}

fn context(name: &str) -> bool {
    name.strip_prefix('c').and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| (1..=99).contains(&n))
}

/// Whether a proof is fresh enough: `auth_time` must be there and not older than `max_age` seconds (with the clocks'
/// skew). `iat` is never looked at: it moves with every silent sign-in.
pub fn freshness(c: &Claims, max_age: Option<i64>, now: crate::clock::Timestamp) -> bool {
    match max_age {
        None => true,
        Some(age) => {
            c.auth_time.is_some_and(|t| now.secs() - t <= age.saturating_add(SKEW.cast_signed()))
        }
    }
}

/// What is asked of the provider so that it proves what the rules look for: the name and value of one parameter of the
/// authorization request. The answer is judged by [`assurance`] alone: providers ignore what they do not know, and
/// people can change addresses.
pub fn request(preset: Preset, rules: &Rules) -> Option<(&'static str, String)> {
    let first = rules.acr.first().or(rules.acr_phr.first());
    match preset {
        Preset::Entra => {
            let context = rules.acrs.as_ref().filter(|c| context(c))?;
            let claims = json!({ "id_token": { "acrs": { "essential": true, "value": context } } });
            Some(("claims", claims.to_string()))
        }
        // Without a rule of its own, two factors of whoever has them; what was done is read from `amr` then, and whoever
        // has one factor still reaches what needs no more.
        Preset::Okta => {
            let wanted = first.map_or("urn:okta:loa:2fa:any:ifpossible", String::as_str);
            Some(("acr_values", wanted.to_owned()))
        }
        Preset::Generic => first.map(|_| {
            let all: Vec<&str> =
                rules.acr.iter().chain(&rules.acr_phr).map(String::as_str).collect();
            ("acr_values", all.join(" "))
        }),
        Preset::Google => None,
    }
}

/// What is asked of the provider when its first answer proved too little: the parameters that, besides signing the person
/// in anew, may make it prove more. `None` where nothing would: no rule reads a second factor out of its answers.
/// `phishing_resistant`: two factors are not enough.
pub fn step_up(
    preset: Preset,
    rules: &Rules,
    phishing_resistant: bool,
) -> Option<Vec<(&'static str, String)>> {
    let anew = ("prompt", "login".to_owned());
    let context = |list: &[String]| (!list.is_empty()).then(|| ("acr_values", list.join(" ")));
    let asked = match preset {
        Preset::Entra if phishing_resistant => return None,
        Preset::Entra => Some(request(preset, rules)?),
        Preset::Google => return None,
        Preset::Okta if phishing_resistant => {
            let wanted = rules.acr_phr.first().map_or("phr", String::as_str);
            Some(("acr_values", wanted.to_owned()))
        }
        Preset::Okta => {
            let wanted = rules.acr.first().map_or("urn:okta:loa:2fa:any", String::as_str);
            Some(("acr_values", wanted.to_owned()))
        }
        Preset::Generic if phishing_resistant => Some(context(&rules.acr_phr)?),
        Preset::Generic => {
            let all: Vec<String> = rules.acr.iter().chain(&rules.acr_phr).cloned().collect();
            if all.is_empty() && rules.amr.is_empty() {
                return None;
            }
            context(&all)
        }
    };
    Some(asked.into_iter().chain([anew]).collect())
}
