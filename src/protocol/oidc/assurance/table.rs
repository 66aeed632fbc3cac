//! Which values prove what, provider by provider: ordered allow-lists, the strongest first. What is in none of them is
//! ignored, and whole values are compared, in their case.

use super::{
    Class, Evidence,
    rules::{Rules, context, never},
};
use crate::protocol::oidc::Preset;

/// On what a rule looks.
pub(super) enum Test {
    /// `acr` is one of these.
    Acr(&'static [&'static str]),
    /// `acr` is one of `rules.acr`.
    AcrNamed,
    /// `acr` is one of `rules.acr_phr`.
    AcrPhrNamed,
    /// `amr` holds one of these.
    Amr(&'static [&'static str]),
    /// `amr` holds one of `rules.amr`.
    AmrNamed,
    /// `acrs` holds `rules.acrs`.
    Context,
    /// `amr` holds two methods of different kinds, if `rules.two_classes` says that this counts.
    TwoClasses,
    /// Nothing is said of how it was done, and an administrator has stated it.
    Stated,
}

/// A rule: its name in records, what it proves, on what it looks.
pub(super) struct Rule(pub &'static str, pub Class, pub Test);

use Class::{Attested, Mfa, PhishingResistant as Phr};
use Test::{Acr, AcrNamed, AcrPhrNamed, Amr, AmrNamed, Context, Stated, TwoClasses};

const ENTRA: &[Rule] =
    &[Rule("entra:acrs", Attested, Context), Rule("entra:attested", Attested, Stated)];
const ENTRA_V1: &[Rule] = &[
    Rule("entra_v1:amr", Mfa, Amr(&["mfa", "ngcmfa"])),
    Rule("entra_v1:acrs", Attested, Context),
    Rule("entra_v1:attested", Attested, Stated),
];
const OKTA: &[Rule] = &[
    Rule("okta:acr-phr", Phr, Acr(&["phr", "phrh"])),
    Rule("okta:acr-phr", Phr, AcrPhrNamed),
    Rule("okta:acr", Mfa, Acr(&["urn:okta:loa:2fa:any"])),
    Rule("okta:acr", Mfa, AcrNamed),
    Rule("okta:amr", Mfa, Amr(&["mfa"])),
    Rule("okta:two-classes", Mfa, TwoClasses),
    Rule("okta:attested", Attested, Stated),
];
const GOOGLE: &[Rule] = &[
    Rule("google:amr", Mfa, Amr(&["mfa"])),
    Rule("google:two-classes", Mfa, TwoClasses),
    Rule("google:attested", Attested, Stated),
];
const AUTH0: &[Rule] = &[
    Rule("auth0:amr", Mfa, Amr(&["mfa"])),
    Rule("auth0:two-classes", Mfa, TwoClasses),
    Rule("auth0:attested", Attested, Stated),
];
const KEYCLOAK: &[Rule] = &[
    Rule("keycloak:acr-phr", Phr, AcrPhrNamed),
    Rule("keycloak:acr", Mfa, AcrNamed),
    Rule("keycloak:amr", Mfa, AmrNamed),
    Rule("keycloak:two-classes", Mfa, TwoClasses),
    Rule("keycloak:attested", Attested, Stated),
];
const PING: &[Rule] = &[
    Rule("ping:acr-phr", Phr, AcrPhrNamed),
    Rule("ping:acr", Mfa, AcrNamed),
    Rule("ping:amr", Mfa, AmrNamed),
    Rule("ping:two-classes", Mfa, TwoClasses),
    Rule("ping:attested", Attested, Stated),
];
const ADFS: &[Rule] = &[
    Rule("adfs:amr", Mfa, Amr(&["ngcmfa", "http://schemas.microsoft.com/claims/multipleauthn"])),
    Rule("adfs:amr", Mfa, AmrNamed),
    Rule("adfs:two-classes", Mfa, TwoClasses),
    Rule("adfs:attested", Attested, Stated),
];
const GENERIC: &[Rule] = &[
    Rule("generic:acr-phr", Phr, AcrPhrNamed),
    Rule("generic:acr", Mfa, AcrNamed),
    Rule("generic:amr", Mfa, AmrNamed),
    Rule("generic:two-classes", Mfa, TwoClasses),
    Rule("generic:attested", Attested, Stated),
];

/// The rules of a preset, and the name of none of them.
pub(super) fn of(preset: Preset) -> (&'static [Rule], &'static str) {
    match preset {
        Preset::Entra => (ENTRA, "entra:none"),
        Preset::EntraV1 => (ENTRA_V1, "entra_v1:none"),
        Preset::Okta => (OKTA, "okta:none"),
        Preset::Google => (GOOGLE, "google:none"),
        Preset::Auth0 => (AUTH0, "auth0:none"),
        Preset::Keycloak => (KEYCLOAK, "keycloak:none"),
        Preset::Ping => (PING, "ping:none"),
        Preset::Adfs => (ADFS, "adfs:none"),
        Preset::Generic => (GENERIC, "generic:none"),
    }
}

/// Which kind of factor a method is; `None` for one that is none by itself (RFC 8176).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Knows,
    Has,
    Is,
}
fn kind(method: &str) -> Option<Kind> {
    Some(match method {
        "pwd" | "pin" | "kba" => Kind::Knows,
        "otp" | "hwk" | "swk" | "sc" | "pop" | "sms" | "tel" => Kind::Has,
        "face" | "fpt" | "iris" | "retina" | "vbm" => Kind::Is,
        _ => return None,
    })
}

/// Whether a PIN beside a key in hardware is a factor of its own. Elsewhere it may only unlock that key, which is one thing.
fn pin_beside_key(preset: Preset) -> bool {
    preset == Preset::Okta
}

/// Whether two methods are of different kinds.
fn two_classes(preset: Preset, amr: &[String]) -> bool {
    let one_thing = |a: &str, b: &str| {
        !pin_beside_key(preset) && matches!((a, b), ("pin", "hwk") | ("hwk", "pin"))
    };
    let differ = |a: &str, b: &str| matches!((kind(a), kind(b)), (Some(x), Some(y)) if x != y);
    amr.iter().any(|a| amr.iter().any(|b| differ(a, b) && !one_thing(a, b)))
}

impl Test {
    /// Whether it holds of what a token says.
    pub(super) fn holds(&self, e: &Evidence, preset: Preset, rules: &Rules) -> bool {
        let amr = |v: &str| !never(v) && e.amr.as_ref().is_some_and(|l| l.iter().any(|a| a == v));
        let acr = |v: &str| !never(v) && e.acr.as_deref() == Some(v);
        match self {
            Self::Acr(list) => list.iter().any(|v| acr(v)),
            Self::AcrNamed => rules.acr.iter().any(|v| acr(v)),
            Self::AcrPhrNamed => rules.acr_phr.iter().any(|v| acr(v)),
            Self::Amr(list) => list.iter().any(|v| amr(v)),
            Self::AmrNamed => rules.amr.iter().any(|v| amr(v)),
            Self::Context => rules
                .acrs
                .as_ref()
                .is_some_and(|want| context(want) && e.acrs.iter().flatten().any(|a| a == want)),
            Self::TwoClasses => {
                rules.two_classes && e.amr.as_ref().is_some_and(|l| two_classes(preset, l))
            }
            // A statement about all logins does not outweigh what this one says of itself.
            Self::Stated => rules.attested.is_some() && e.is_silent(),
        }
    }
    /// What it looks for, for people.
    pub(super) fn says(&self, rules: &Rules) -> String {
        let named = |list: &[String]| list.join(", ");
        match self {
            Self::Acr(list) => format!("'acr' is one of {}", list.join(", ")),
            Self::AcrNamed => format!("'acr' is one of rules.acr ({})", named(&rules.acr)),
            Self::AcrPhrNamed => {
                format!("'acr' is one of rules.acr_phr ({})", named(&rules.acr_phr))
            }
            Self::Amr(list) => format!("'amr' holds one of {}", list.join(", ")),
            Self::AmrNamed => format!("'amr' holds one of rules.amr ({})", named(&rules.amr)),
            Self::Context => match &rules.acrs {
                Some(c) => format!("'acrs' holds {c}"),
                None => "'acrs' holds the context of rules.acrs, which names none".to_owned(),
            },
            Self::TwoClasses if rules.two_classes => {
                "'amr' holds two methods of different kinds".to_owned()
            }
            Self::TwoClasses => {
                "'amr' holds two methods of different kinds (rules.two_classes is off)".to_owned()
            }
            Self::Stated if rules.attested.is_some() => {
                "the token says nothing of how it was done, and an administrator stated it"
                    .to_owned()
            }
            Self::Stated => "an administrator stated it (nobody did)".to_owned(),
        }
    }
}
