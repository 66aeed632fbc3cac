//! What is not as it should be. Pure.

use super::Counts;
use crate::{clock::Timestamp, directories::Token};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// A token that was never used for so long is told of, and one that was not used for so long any more.
const NEVER: Duration = Duration::from_secs(7 * 24 * 3600);
const NO_LONGER: Duration = Duration::from_secs(90 * 24 * 3600);
/// So few requests in an hour say nothing about a rate.
const FEW: i64 = 10;

/// How grave it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[schemars(rename = "AlarmLevel")]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Somebody may want to know.
    Note,
    /// The tenant's administrators are written to.
    Alarm,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "ProvisioningAlarm")]
pub struct Alarm {
    /// A word for programs: `silent`, `failing`, `no_token`, `token_expires`, `token_unused`, `entries_lost`.
    pub code: &'static str,
    /// How grave it is.
    pub level: Level,
    /// In words.
    pub detail: String,
    /// Another key is another state, of which administrators are told anew.
    #[serde(skip)]
    pub key: String,
}
impl Alarm {
    fn new(code: &'static str, level: Level, detail: String) -> Self {
        Self { code, level, detail, key: code.to_owned() }
    }
    fn key(mut self, of: impl std::fmt::Display) -> Self {
        self.key = format!("{}:{of}", self.code);
        self
    }
}

/// What the decision is about.
pub(super) struct Facts<'a> {
    pub now: Timestamp,
    pub last_request: Option<Timestamp>,
    pub last_success: Option<Timestamp>,
    pub last_error: Option<Timestamp>,
    pub last_lost: Option<Timestamp>,
    pub silence: Option<Duration>,
    pub hour: Counts,
    pub tokens: &'a [Token],
}

/// What is not as it should be; `was`: the keys of what was so when it was last looked at. A directory that never asked
/// is not set up yet: nothing is expected of it.
pub(super) fn alarms(f: &Facts<'_>, was: &[String]) -> Vec<Alarm> {
    let Some(last) = f.last_request else { return Vec::new() };
    let mut out = Vec::new();
    if let Some(most) = f.silence
        && f.now.since(last) > most
    {
        let text = format!(
            "no request since {}; longer than {} is not expected of it",
            last.for_people(),
            span(most)
        );
        out.push(Alarm::new("silent", Level::Alarm, text));
    }
    let many = f.hour.requests >= FEW && f.hour.errors * 2 >= f.hour.requests;
    // A client that slows down because it is refused is not well again before it was answered well.
    let still = was.iter().any(|w| w == "failing")
        && (f.hour.requests == 0 || f.last_success < f.last_error);
    if many || still {
        let text = format!(
            "{} of {} requests of the last hour were refused",
            f.hour.errors, f.hour.requests
        );
        out.push(Alarm::new("failing", Level::Alarm, text));
    }
    tokens(f, last, &mut out);
    if f.last_lost.is_some_and(|at| f.now.since(at) < DAY) {
        let text = "the log had no room for some entries of the last day".to_owned();
        out.push(Alarm::new("entries_lost", Level::Note, text));
    }
    out
}

fn tokens(f: &Facts<'_>, last: Timestamp, out: &mut Vec<Alarm>) {
    let live: Vec<&Token> =
        f.tokens.iter().filter(|t| t.expires_at.is_none_or(|e| e > f.now)).collect();
    // The one in use, or, where none is, the newest.
    let Some(used) = live.iter().max_by_key(|t| (t.last_used_at, t.created_at)) else {
        let text = "it has no token that is valid: whatever it asks is refused".to_owned();
        out.push(Alarm::new("no_token", Level::Alarm, text));
        return;
    };
    if let Some(end) = used.expires_at {
        let left = end.since(f.now);
        let within = [1u32, 7, 30].into_iter().find(|days| left <= DAY * *days);
        if let Some(days) = within {
            let text = format!(
                "the token in use (...{}) ends on {}; make another one and give it to the directory",
                used.hint,
                end.for_people()
            );
            out.push(Alarm::new("token_expires", Level::Alarm, text).key(days));
        }
    }
    for t in &live {
        let text = match t.last_used_at {
            None if f.now.since(t.created_at) > NEVER => {
                format!("the token ...{} was never used", t.hint)
            }
            Some(at) if f.now.since(at) > NO_LONGER && last > at.plus(DAY) => {
                format!("the token ...{} was last used on {}", t.hint, at.for_people())
            }
            _ => continue,
        };
        let text = format!("{text}; revoke what nobody needs");
        out.push(Alarm::new("token_unused", Level::Note, text).key(t.id));
    }
}

/// A time in words.
pub(super) fn span(d: Duration) -> String {
    let hours = d.as_secs() / 3600;
    match (hours / 24, hours % 24) {
        (0, 1) => "1 hour".to_owned(),
        (0, h) => format!("{h} hours"),
        (1, 0) => "1 day".to_owned(),
        (d, 0) => format!("{d} days"),
        _ => format!("{hours} hours"),
    }
}
