//! A directory's halves as the API tells of them, and as it takes them back.

use crate::{rooms::signins::reasons, text::When};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::{SystemTime, UNIX_EPOCH};

/// A preset: its word, its name for people, what is said of it.
pub(in crate::rooms) type Presets = [(&'static str, &'static str, &'static str); 9];

/// Whose products are known.
pub(in crate::rooms) const PRESETS: Presets = [
    ("entra", "Microsoft Entra ID", "People, groups and sign-in of a Microsoft 365 company."),
    ("okta", "Okta", "People, groups and sign-in, and Okta's word when somebody's access ends."),
    ("google", "Google Workspace", "Sign-in; people come in at their first sign-in."),
    ("auth0", "Auth0", "Sign-in by an application of an Auth0 tenant."),
    ("keycloak", "Keycloak", "Sign-in by a client of a realm."),
    ("ping", "Ping Identity", "PingOne, PingFederate and PingAM."),
    ("adfs", "AD FS", "Sign-in by Active Directory Federation Services."),
    ("generic", "Another provider", "Anything that speaks OpenID Connect or SCIM 2.0."),
    ("entra_v1", "Microsoft Entra ID, tokens of v1.0", "Only where its older tokens are wanted."),
];

/// What a preset is called.
pub(in crate::rooms) fn preset_name(word: &str) -> &'static str {
    PRESETS.iter().find(|p| p.0 == word).map_or("Another provider", |p| p.1)
}

/// The provisioning half. What is not shown here goes back as it came.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(in crate::rooms) struct Provisioning {
    pub(in crate::rooms) unique_group_names: bool,
    pub(in crate::rooms) unknown_members: String,
    pub(in crate::rooms) rules_off: Vec<String>,
    pub(in crate::rooms) log: Logging,
    pub(in crate::rooms) silence_hours: Option<i64>,
    pub(in crate::rooms) mass_change: Limits,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What the provisioning log keeps.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(in crate::rooms) struct Logging {
    pub(in crate::rooms) bodies: String,
    pub(in crate::rooms) names: bool,
    pub(in crate::rooms) days: i64,
    pub(in crate::rooms) most: i64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// How much the directory may take away by itself.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(in crate::rooms) struct Limits {
    pub(in crate::rooms) on: bool,
    pub(in crate::rooms) percent: i64,
    pub(in crate::rooms) minutes: i64,
    pub(in crate::rooms) people: i64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The sign-in half.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::rooms) struct SignIn {
    pub(in crate::rooms) issuer: String,
    pub(in crate::rooms) client_id: Option<String>,
    #[serde(default)]
    pub(in crate::rooms) client_secret_expires_at: Option<When>,
    pub(in crate::rooms) scopes: Vec<String>,
    pub(in crate::rooms) rules: Rules,
    pub(in crate::rooms) newcomers: Newcomers,
    pub(in crate::rooms) end_upstream: bool,
}

/// How claims prove factors.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(in crate::rooms) struct Rules {
    pub(in crate::rooms) amr: Vec<String>,
    pub(in crate::rooms) acr: Vec<String>,
    pub(in crate::rooms) acr_phr: Vec<String>,
    pub(in crate::rooms) acrs: Option<String>,
    pub(in crate::rooms) two_classes: bool,
    #[serde(default)]
    pub(in crate::rooms) attested: Option<String>,
    pub(in crate::rooms) max_age: Option<i64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Whom a sign-in lets in whom nobody brought.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(in crate::rooms) struct Newcomers {
    pub(in crate::rooms) people: People,
    pub(in crate::rooms) guests: bool,
    pub(in crate::rooms) groups: Option<String>,
    pub(in crate::rooms) absent_is_none: bool,
    pub(in crate::rooms) graph: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Who comes in at their first sign-in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::rooms) enum People {
    #[default]
    Nobody,
    Domains,
}

impl People {
    /// The word of the API.
    pub(in crate::rooms) fn word(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Domains => "domains",
        }
    }
    /// Reads it.
    pub(in crate::rooms) fn read(word: &str) -> Self {
        if word == "domains" { Self::Domains } else { Self::Nobody }
    }
}

impl Newcomers {
    /// Whether a sign-in brings anything.
    pub(in crate::rooms) fn any(&self) -> bool {
        self.people != People::Nobody || self.groups.is_some()
    }
}

/// The sign-in half as it is sent.
#[derive(Debug, Serialize)]
pub(in crate::rooms) struct HalfSent {
    issuer: String,
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<String>,
    scopes: Vec<String>,
    rules: Rules,
    newcomers: Newcomers,
    end_upstream: bool,
}

impl SignIn {
    /// As it is sent: with a new secret, where one was typed.
    pub(in crate::rooms) fn sent(self, secret: &str) -> HalfSent {
        let secret = secret.trim();
        HalfSent {
            issuer: self.issuer,
            client_id: self.client_id.unwrap_or_default(),
            client_secret: (!secret.is_empty()).then(|| secret.to_owned()),
            client_secret_expires_at: self.client_secret_expires_at.map(|w| w.exact),
            scopes: self.scopes,
            rules: self.rules,
            newcomers: self.newcomers,
            end_upstream: self.end_upstream,
        }
    }
}

/// How a directory's provisioning is.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct Health {
    pub(in crate::rooms) ok: bool,
    pub(in crate::rooms) alarms: Vec<Alarm>,
    pub(in crate::rooms) last_request_at: Option<When>,
    pub(in crate::rooms) last_success_at: Option<When>,
    pub(in crate::rooms) last_error_at: Option<When>,
    pub(in crate::rooms) last_error: Option<LastError>,
    pub(in crate::rooms) last_denied_at: Option<When>,
    pub(in crate::rooms) last_denied: Option<String>,
    pub(in crate::rooms) hour: Counted,
    pub(in crate::rooms) day: Counted,
    pub(in crate::rooms) silence_hours: Option<u64>,
}

impl Health {
    /// In a word, and how that is coloured.
    pub(in crate::rooms) fn state(&self) -> (&'static str, &'static str) {
        match (self.ok, &self.last_request_at) {
            (false, _) => ("needs attention", "bad"),
            (true, None) => ("no request yet", ""),
            (true, Some(_)) if self.alarms.is_empty() => ("well", "good"),
            (true, Some(_)) => ("well, with a note", "good"),
        }
    }
}

/// Something that is not as it should be.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct Alarm {
    pub(in crate::rooms) level: String,
    pub(in crate::rooms) detail: String,
}

impl Alarm {
    /// As a sentence.
    pub(in crate::rooms) fn sentence(&self) -> String {
        crate::text::sentence(&self.detail)
    }
    /// Whether administrators are written to.
    pub(in crate::rooms) fn grave(&self) -> bool {
        self.level != "note"
    }
}

/// The last refusal.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct LastError {
    pub(in crate::rooms) status: u16,
    pub(in crate::rooms) scim_type: Option<String>,
    pub(in crate::rooms) request: String,
}

/// Numbers of some time.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct Counted {
    pub(in crate::rooms) requests: u64,
    pub(in crate::rooms) errors: u64,
    pub(in crate::rooms) ignored: u64,
    pub(in crate::rooms) denied: u64,
    pub(in crate::rooms) lost: u64,
}

/// An attempt to sign in, as far as lists of directories show it.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct LastTry {
    pub(in crate::rooms) reference: String,
    pub(in crate::rooms) at: When,
    pub(in crate::rooms) outcome: String,
    pub(in crate::rooms) reason: Option<String>,
}

impl LastTry {
    /// In a word.
    pub(in crate::rooms) fn said(&self) -> &str {
        match (self.outcome.as_str(), &self.reason) {
            ("success", _) => "worked",
            (_, Some(reason)) => reasons::words(reason),
            (other, None) => other,
        }
    }
}

/// A test login.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct Test {
    pub(in crate::rooms) id: String,
    pub(in crate::rooms) asked_by: String,
    #[serde(default)]
    pub(in crate::rooms) asked_by_name: Option<String>,
    pub(in crate::rooms) current: bool,
    pub(in crate::rooms) created_at: When,
    pub(in crate::rooms) expires_at: When,
    pub(in crate::rooms) opened_at: Option<When>,
    pub(in crate::rooms) ended_at: Option<When>,
    pub(in crate::rooms) passed: bool,
    #[serde(default)]
    pub(in crate::rooms) result: Found,
}

/// What a test login found.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::rooms) struct Found {
    pub(in crate::rooms) claims: Vec<String>,
    pub(in crate::rooms) class: Option<String>,
    pub(in crate::rooms) rule: Option<String>,
    pub(in crate::rooms) missing: Vec<String>,
    #[serde(rename = "found")]
    pub(in crate::rooms) known: bool,
    pub(in crate::rooms) comes: bool,
    pub(in crate::rooms) reason: Option<String>,
    pub(in crate::rooms) next: Option<String>,
}

impl Test {
    /// Who asked for it.
    pub(in crate::rooms) fn who(&self) -> &str {
        self.asked_by_name.as_deref().unwrap_or(&self.asked_by)
    }
    /// Whether this person asked for it.
    pub(in crate::rooms) fn of(&self, user: &str) -> bool {
        self.asked_by.strip_prefix("user:") == Some(user)
    }
    /// Whether it still may end.
    pub(in crate::rooms) fn open(&self) -> bool {
        self.ended_at.is_none() && !self.over()
    }
    fn over(&self) -> bool {
        self.expires_at.exact.get(..19).is_some_and(|until| until <= now().as_str())
    }
    /// How it stands, in words, and how that is coloured.
    pub(in crate::rooms) fn state(&self) -> (&'static str, &'static str) {
        match (self.ended_at.is_some(), self.passed, self.current) {
            (true, true, true) => ("succeeded", "good"),
            (true, true, false) => ("succeeded, with other settings", "warn"),
            (true, false, _) => ("did not succeed", "bad"),
            (false, ..) if self.over() => ("was not finished", "warn"),
            (false, ..) if self.opened_at.is_some() => ("under way", "warn"),
            (false, ..) => ("waits to be opened", "warn"),
        }
    }
}

impl Found {
    /// The class that was proved, in words.
    pub(in crate::rooms) fn class(&self) -> &str {
        class(self.class.as_deref().unwrap_or_default())
    }
}

/// A class of proof, in words.
pub(in crate::rooms) fn class(word: &str) -> &str {
    match word {
        "none" => "nothing",
        "single" => "one factor",
        "attested" => "two factors, by an administrator's word",
        "mfa" => "two factors",
        "phr" => "two factors that cannot be phished",
        other => other,
    }
}

/// How soon that is, as a colour.
pub(in crate::rooms) fn urgency(ends: &When) -> &'static str {
    match ends.exact.get(..10) {
        Some(day) if day <= today(0).as_str() => "bad",
        Some(day) if day <= today(30).as_str() => "warn",
        _ => "",
    }
}

/// The day that is so many days from now, as `2026-11-29`.
pub(in crate::rooms) fn today(days: i64) -> String {
    let (year, month, day) = civil(seconds().div_euclid(86_400) + days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Now, as `2026-11-29T12:00:00`.
fn now() -> String {
    let rest = seconds().rem_euclid(86_400);
    format!("{}T{:02}:{:02}:{:02}", today(0), rest / 3600, rest / 60 % 60, rest % 60)
}

fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    i64::try_from(since).unwrap_or(i64::MAX)
}

/// A day by its number since 1970, as year, month and day.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// A day that was typed, as a moment; the one there was, where it is the same day.
pub(in crate::rooms) fn moment(typed: &str, was: Option<&When>) -> Option<String> {
    if typed.is_empty() {
        return None;
    }
    if let Some(w) = was.filter(|w| w.exact.starts_with(typed)) {
        return Some(w.exact.clone());
    }
    Some(match typed.len() {
        10 => format!("{typed}T00:00:00Z"),
        16 => format!("{typed}:00Z"),
        _ => typed.to_owned(),
    })
}
