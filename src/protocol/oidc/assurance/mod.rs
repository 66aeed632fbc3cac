//! What a login proves: an allow-list of rules over `amr`, `acr` and `acrs`, a deny-list after it, freshness by
//! `auth_time` alone. Absent is never trusted; unknown is ignored; nothing is compared but whole values in their case.
//!
//! [`decide`] is the one procedure. A login and its step-up ask it, and a simulation does.

mod ask;
mod rules;
mod table;

pub use ask::{request, step_up};
pub use rules::{Attested, Rules};

use super::{Claims, Preset, SKEW};
use crate::clock::Timestamp;
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
    /// For people to read.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "nothing",
            Self::Single => "one factor",
            Self::Attested => "two factors, as the company states",
            Self::Mfa => "two factors",
            Self::PhishingResistant => "two factors, none to be phished",
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
    /// Our own words for it to applications (`acr`). What is only attested is not passed on as proved.
    pub fn acr(self) -> &'static str {
        match self {
            Self::PhishingResistant => "urn:muster:loa:3",
            Self::Mfa => "urn:muster:loa:2",
            Self::None | Self::Single | Self::Attested => "urn:muster:loa:1",
        }
    }
}

/// What an id token says of how its person was proved, and nothing else of it. Only this login's id token: never userinfo,
/// an access token or the answer to a refresh.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Methods; `None` when absent or not an array of texts.
    pub amr: Option<Vec<String>>,
    /// Context class; `None` when absent or not a text.
    pub acr: Option<String>,
    /// Entra's authentication contexts; `None` when absent or not an array of texts.
    pub acrs: Option<Vec<String>>,
    /// When the person proved who they are, seconds.
    pub auth_time: Option<i64>,
    /// Which of them were there in another shape than theirs, and are not looked at.
    pub malformed: Vec<String>,
}
impl Evidence {
    /// Of a verified token.
    pub fn of(c: &Claims) -> Self {
        Self {
            amr: c.amr.clone(),
            acr: c.acr.clone(),
            acrs: c.acrs.clone(),
            auth_time: c.auth_time,
            malformed: c.malformed.iter().map(|m| (*m).to_owned()).collect(),
        }
    }
    /// As [`Decision::evidence`] wrote it down; `None` for what it did not.
    pub fn read(v: &Value) -> Option<Self> {
        let texts = |name: &str| serde_json::from_value(v.get(name)?.clone()).ok();
        v.get("rule")?;
        Some(Self {
            amr: texts("amr").flatten(),
            acr: v["acr"].as_str().map(str::to_owned),
            acrs: texts("acrs").flatten(),
            auth_time: v["auth_time"].as_i64(),
            malformed: texts("malformed").flatten().unwrap_or_default(),
        })
    }
    /// Whether it says nothing at all of how the person was proved, rightly or wrongly.
    fn is_silent(&self) -> bool {
        self.amr.as_ref().is_none_or(Vec::is_empty)
            && self.acr.is_none()
            && self.acrs.as_ref().is_none_or(Vec::is_empty)
            && self.malformed.is_empty()
    }
}

/// What was decided of the evidence alone, by which rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Assurance {
    /// The class.
    pub class: Class,
    /// The rule that matched.
    pub rule: &'static str,
    /// What was looked at on the way.
    pub steps: Vec<Step>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule, or what else it is.
    pub rule: &'static str,
    /// Whether it held.
    pub passed: bool,
    /// What it looks for, for people.
    pub says: String,
}

/// Methods that are one factor at most, all of them together.
const ALONE: [&str; 8] = ["fed", "wia", "rba", "geo", "user", "pwd", "email", "kba"];

/// What the evidence proves: the first rule of the preset's list that holds, unless something on the deny-list speaks against
/// it.
pub fn assurance(e: &Evidence, preset: Preset, rules: &Rules) -> Assurance {
    let (list, none) = table::of(preset);
    let mut steps = Vec::new();
    let (mut class, mut rule) = (Class::Single, none);
    for table::Rule(name, proves, test) in list {
        let passed = test.holds(e, preset, rules);
        steps.push(Step { rule: name, passed, says: test.says(rules) });
        if passed {
            (class, rule) = (*proves, name);
            break;
        }
    }
    if class > Class::Single {
        let only = |l: &Vec<String>| !l.is_empty() && l.iter().all(|m| ALONE.contains(&m.as_str()));
        let denied: [(&'static str, bool, &str); 2] = [
            (
                "deny:acr-0",
                e.acr.as_deref() == Some("0"),
                "'acr' is not 0, which says that nothing was proved",
            ),
            (
                "deny:amr",
                e.amr.as_ref().is_some_and(only),
                "'amr' names more than methods of one factor",
            ),
        ];
        for (name, denies, says) in denied {
            steps.push(Step { rule: name, passed: !denies, says: says.to_owned() });
            if denies {
                (class, rule) = (Class::Single, name);
            }
        }
    }
    Assurance { class, rule, steps }
}

/// Whether the proof is as fresh as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Nobody asked.
    Any,
    /// It is.
    Fresh,
    /// It is from before.
    Stale,
    /// The token does not say when (`auth_time`).
    Unknown,
}
impl Freshness {
    /// The word in evidence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
        }
    }
    /// Whether it is enough.
    pub fn suffices(self) -> bool {
        matches!(self, Self::Any | Self::Fresh)
    }
}

/// Whether a proof is fresh enough: `auth_time` must be there, not more than `max_age` seconds before `left_at` (when the
/// person left us for the provider: how long they took there does not make it older) and not after `now`, both with the
/// clocks' skew. `iat` is never looked at: it moves with every silent sign-in.
pub fn freshness(
    auth_time: Option<i64>,
    max_age: Option<i64>,
    left_at: Timestamp,
    now: Timestamp,
) -> Freshness {
    let skew = SKEW.cast_signed();
    match (max_age, auth_time) {
        (None, _) => Freshness::Any,
        (Some(_), None) => Freshness::Unknown,
        (Some(age), Some(t)) => {
            let since = left_at.secs().saturating_sub(t);
            let future = t > now.secs().saturating_add(skew);
            if since <= age.saturating_add(skew) && !future {
                Freshness::Fresh
            } else {
                Freshness::Stale
            }
        }
    }
}

/// By what a directory's evidence is read.
#[derive(Debug, Clone, Copy)]
pub struct Connection<'a> {
    /// Whose product it is.
    pub preset: Preset,
    /// What its settings add.
    pub rules: &'a Rules,
    /// Who stated what its settings state.
    pub attested: Option<&'a Attested>,
    /// Which of its settings these are.
    pub generation: i64,
}

/// What is demanded of a login.
#[derive(Debug, Clone, Copy)]
pub struct Demand {
    /// At least this.
    pub class: Class,
    /// Proved not longer ago than this, in seconds. The directory's own limit counts beside it.
    pub max_age: Option<i64>,
    /// When the person left us for the provider.
    pub left_at: Timestamp,
    /// When the answer came.
    pub now: Timestamp,
    /// Whether the provider may be asked once more.
    pub again: bool,
    /// Of which version of the tenant, and so of its policy, this is; `None`: nobody is known yet who owes anything.
    pub policy: Option<i64>,
}

/// What comes of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is enough.
    Enough,
    /// It is not, and the provider is asked once for more.
    AskOnce,
    /// It is not: too little is proved.
    TooWeak,
    /// It is not: it is too old, or does not say how old it is.
    TooOld,
}

/// What was decided, by which rule, on what.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What is proved.
    pub class: Class,
    /// By which rule.
    pub rule: &'static str,
    /// Whether it is fresh enough.
    pub freshness: Freshness,
    /// What comes of it.
    pub verdict: Verdict,
    /// All of this and what it was decided on, for the session and the record.
    pub evidence: Value,
    /// What was looked at on the way.
    pub steps: Vec<Step>,
    /// Why, for an administrator.
    pub why: String,
}

/// Decides about a login: what its evidence proves, whether it is fresh, whether that suffices. Whose token it is, and
/// whether it answers us, was checked before ([`Claims::check`]).
pub fn decide(c: &Connection<'_>, e: &Evidence, demand: &Demand) -> Decision {
    let Assurance { class, rule, mut steps } = assurance(e, c.preset, c.rules);
    let max_age = demand.max_age.into_iter().chain(c.rules.max_age).min();
    let fresh = freshness(e.auth_time, max_age, demand.left_at, demand.now);
    if let Some(age) = max_age {
        let says = format!("'auth_time' is there and not older than {age} seconds");
        steps.push(Step { rule: "fresh", passed: fresh.suffices(), says });
    }
    let strong = class >= demand.class;
    let says = format!("at least '{}' is demanded", demand.class.as_str());
    steps.push(Step { rule: "enough", passed: strong, says });
    let more = strong || step_up(c.preset, c.rules, demand.class).is_some();
    let verdict = match (strong, fresh.suffices()) {
        (true, true) => Verdict::Enough,
        _ if demand.again && more => Verdict::AskOnce,
        (false, _) => Verdict::TooWeak,
        (true, false) => Verdict::TooOld,
    };
    let why = match (verdict, fresh) {
        (Verdict::TooOld, Freshness::Unknown) => {
            "a fresh proof is demanded, and the id token has no 'auth_time'".to_owned()
        }
        (Verdict::TooOld, _) => {
            "a fresh proof is demanded, and 'auth_time' is from before".to_owned()
        }
        _ => {
            let (class, wanted) = (class.as_str(), demand.class.as_str());
            format!("proved is the class '{class}' by the rule '{rule}'; demanded is '{wanted}'")
        }
    };
    let mut evidence = json!({
        "amr": e.amr, "acr": e.acr, "acrs": e.acrs, "auth_time": e.auth_time, "rule": rule,
        "class": class.as_str(), "freshness": fresh.as_str(), "preset": c.preset.as_str(),
        "generation": c.generation, "policy": demand.policy,
    });
    if let Some(a) = c.attested.filter(|_| rule.ends_with(":attested")) {
        evidence["attested"] = json!({
            "by": a.by, "at": a.at.rfc3339(), "statement": c.rules.attested,
        });
    }
    if !e.malformed.is_empty() {
        let names = e.malformed.join(", ");
        evidence["malformed"] = json!(e.malformed);
        evidence["note"] =
            json!(format!("not of the shape it must have, and not looked at: {names}"));
    }
    Decision { class, rule, freshness: fresh, verdict, evidence, steps, why }
}
