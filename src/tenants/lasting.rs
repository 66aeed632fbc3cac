//! How long sessions and refresh tokens last by a tenant's policy: as long as the instance's settings say, or shorter.

use crate::{
    error::{Error, Result},
    sessions::Limits,
};
use std::time::Duration;

/// How long something lasts, in seconds; what is left out is as the instance's settings say.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct Lasting {
    /// Without use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<i64>,
    /// In all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
}

/// What the instance's settings say: a tenant may be stricter, never laxer.
#[derive(Debug, Clone, Copy)]
pub struct Longest {
    /// `sessions.idle` and `sessions.max`.
    pub sessions: Limits,
    /// `tokens.refresh_idle` and `tokens.refresh_max`.
    pub refresh: Limits,
}

/// The shortest, in seconds: when a session was last used is written down some seconds later, and an access token lives
/// about as long.
const SHORTEST: i64 = 300;

impl Lasting {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.idle.is_none() && self.max.is_none()
    }
    /// The stricter of this and `limits`.
    #[must_use]
    pub fn within(&self, limits: Limits) -> Limits {
        let least = |mine: Option<i64>, theirs: Duration| {
            mine.map_or(theirs, |s| Duration::from_secs(s.unsigned_abs()).min(theirs))
        };
        Limits { absolute: least(self.max, limits.absolute), idle: least(self.idle, limits.idle) }
    }
    /// Whether something that ran under `was` may be over by this.
    #[must_use]
    pub fn stricter_than(&self, was: &Self) -> bool {
        let less =
            |now: Option<i64>, was: Option<i64>| now.is_some_and(|n| was.is_none_or(|w| n < w));
        less(self.idle, was.idle) || less(self.max, was.max)
    }
    /// Whether it is in what the instance allows; `name` is the part of the policy.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub(super) fn checked(&self, name: &str, longest: Limits) -> Result<()> {
        for (field, value, most) in
            [("idle", self.idle, longest.idle), ("max", self.max, longest.absolute)]
        {
            let Some(value) = value else { continue };
            let field = format!("{name}.{field}");
            let most = i64::try_from(most.as_secs()).unwrap_or(i64::MAX);
            if value > most {
                let text = format!(
                    "'{field}' is longer than this instance allows: {most} seconds, as its settings say"
                );
                return Err(Error::invalid(text).attr(field));
            }
            // Where the instance itself has less, that is the shortest.
            let least = SHORTEST.min(most);
            if value < least {
                let text = format!("'{field}' is less than {least} seconds");
                return Err(Error::invalid(text).attr(field));
            }
        }
        Ok(())
    }
}
