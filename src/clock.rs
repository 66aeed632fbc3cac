//! Time is passed in: one [`Clock`] per process, which tests can hold still and move.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Microseconds since 1970-01-01 UTC, as both databases store them.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The microseconds of a day.
    pub const DAY: i64 = 86_400_000_000;
    /// Whole seconds since 1970 (the form of JWT and OAuth).
    pub fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
    /// From whole seconds since 1970; saturates.
    pub fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }
    /// RFC 3339 in UTC with milliseconds (the form of the admin API).
    pub fn rfc3339(self) -> String {
        let ms = i128::from(self.0.div_euclid(1000)) * 1_000_000;
        OffsetDateTime::from_unix_timestamp_nanos(ms)
            .ok()
            .and_then(|t| t.format(&Rfc3339).ok())
            .unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
    }
    /// RFC 3339 in UTC with microseconds, always as many digits: its order as a text is the order in time.
    pub fn sortable(self) -> String {
        let form = time::macros::format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
        );
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000)
            .ok()
            .and_then(|t| t.format(form).ok())
            .unwrap_or_default()
    }
    /// Year, month (1 to 12), day, hour and minute in UTC.
    pub fn calendar(self) -> (i32, u8, u8, u8, u8) {
        let t =
            OffsetDateTime::from_unix_timestamp(self.secs()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        (t.year(), u8::from(t.month()), t.day(), t.hour(), t.minute())
    }
    /// The day and the minute in UTC, for people: `31 January 2026, 12:00 UTC`.
    pub fn for_people(self) -> String {
        let form = time::macros::format_description!(
            "[day padding:none] [month repr:long] [year], [hour]:[minute] UTC"
        );
        OffsetDateTime::from_unix_timestamp(self.secs())
            .ok()
            .and_then(|t| t.format(form).ok())
            .unwrap_or_default()
    }
    /// Reads RFC 3339. A moment whose year in UTC has not four digits, as an offset can make it, is none: it could be
    /// neither written nor ordered as a text.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let t = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let t = t.checked_to_offset(UtcOffset::UTC).filter(|t| (0..=9999).contains(&t.year()))?;
        i64::try_from(t.unix_timestamp_nanos().div_euclid(1000)).ok().map(Self)
    }
    /// Later by `d`; saturates.
    #[must_use]
    pub fn plus(self, d: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(d.as_micros()).unwrap_or(i64::MAX)))
    }
    /// Earlier by `d`; saturates.
    #[must_use]
    pub fn minus(self, d: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(d.as_micros()).unwrap_or(i64::MAX)))
    }
    /// How long after `earlier` this is; zero if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Where "now" comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that a test sets; microseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until it is moved.
    pub fn manual(at: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.0)))
    }
    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let d = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
            }
            Self::Manual(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }
    /// Moves a manual clock forward; the system's stays.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(at) = self {
            at.fetch_add(i64::try_from(by.as_micros()).unwrap_or(0), Ordering::SeqCst);
        }
    }
}
