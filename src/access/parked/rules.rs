//! Pure decisions: how losses add up within a time, and when they are too many.

use crate::{
    clock::Timestamp,
    error::{Error, Result},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Of how many pieces a window is made: the sum forgets one piece at a time.
const PIECES: u32 = 12;

/// How much a directory may take away by itself: up to `percent` of the tenant's active people, or up to `people` of
/// them if that is more, within `minutes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "MassChange")]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Whether anything is ever parked.
    pub on: bool,
    /// The share of the tenant's active people, in percent: 1 to 100.
    pub percent: u32,
    /// Within which time, in minutes: 1 to 10080 (a week).
    pub minutes: u32,
    /// Fewer people than this are never too many: at least 1.
    pub people: u32,
}
impl Default for Limits {
    fn default() -> Self {
        Self { on: true, percent: 20, minutes: 60, people: 10 }
    }
}
impl Limits {
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(&self) -> Result<()> {
        let wrong = |field: &str, text: &str| Err(Error::invalid(text).attr(field));
        if !(1..=100).contains(&self.percent) {
            return wrong("mass_change.percent", "'percent' is a number from 1 to 100");
        }
        if !(1..=10_080).contains(&self.minutes) {
            return wrong("mass_change.minutes", "'minutes' is a number from 1 to 10080");
        }
        if self.people == 0 {
            return wrong("mass_change.people", "'people' is at least 1");
        }
        Ok(())
    }
    /// The window.
    pub(super) fn window(&self) -> Duration {
        Duration::from_secs(u64::from(self.minutes) * 60)
    }
    /// How many people the tenant must have for so many losses to be within the share; `None` where it does not matter.
    pub(super) fn needed(&self, lost: i64) -> Option<i64> {
        let few = lost < i64::from(self.people);
        let percent = i64::from(self.percent).max(1);
        (!few).then(|| (lost * 100 + percent - 1) / percent)
    }
}

/// Losses by time: the beginning of a piece in microseconds, and how many fell into it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pieces(pub Vec<(i64, i64)>);

impl Pieces {
    /// With so many more now; what fell out of the window is gone. Gives the sum.
    pub fn add(&mut self, now: Timestamp, window: Duration, lost: i64) -> i64 {
        let piece =
            i64::try_from(window.as_micros() / u128::from(PIECES)).unwrap_or(i64::MAX).max(1);
        let at = now.0.div_euclid(piece) * piece;
        let since = now.minus(window).0;
        // A piece counts while any of it is within the window.
        self.0.retain(|(start, _)| *start + piece > since && *start <= at);
        match self.0.last_mut() {
            Some((start, n)) if *start == at => *n += lost,
            _ => self.0.push((at, lost)),
        }
        self.0.iter().map(|(_, n)| *n).sum()
    }
}
