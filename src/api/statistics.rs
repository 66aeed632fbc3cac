//! Figures of a tenant, day by day.

use super::{answer::Shown, call::Call, provisioning::written};
use crate::{
    access::perm::SystemViewLogs,
    clock::Timestamp,
    error::{Error, Result},
    usage::{self, days::Of},
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// The most days that are told of.
pub(super) const DAYS: u32 = 90;

/// How many signed in.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct SigninFigures {
    /// Came in.
    entered: i64,
    /// Were refused by a rule.
    refused: i64,
    /// Did not come to a decision.
    unfinished: i64,
}

/// How many requests directories made.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct ProvisioningFigures {
    /// Were done.
    ok: i64,
    /// Were refused (status 4xx).
    refused: i64,
    /// Failed here, or went without an answer.
    failed: i64,
}

/// How many access tokens were asked for.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct TokenFigures {
    /// Were given to applications, for people.
    people: i64,
    /// Were given to integration users.
    integrations: i64,
    /// Were refused to a client that had proved who it is.
    refused: i64,
}

/// The figures of a day.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct DayFigures {
    /// In UTC, like 2026-01-31.
    #[schemars(extend("format" = "date"))]
    day: String,
    signins: SigninFigures,
    provisioning: ProvisioningFigures,
    tokens: TokenFigures,
}

/// Figures, day by day.
#[derive(Serialize, JsonSchema)]
pub(super) struct Statistics {
    /// Oldest first; the last is today, so far.
    days: Vec<DayFigures>,
    /// Whether all that is kept was counted: where there is very much of it, the oldest is not yet.
    complete: bool,
}

fn name(day: i64) -> String {
    let (year, month, day, ..) = Timestamp(day.saturating_mul(Timestamp::DAY)).calendar();
    format!("{year:04}-{month:02}-{day:02}")
}

pub(super) async fn by_day(c: Call) -> Result<Shown<Statistics>> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let days = c.read::<u32>("days")?.unwrap_or(30);
    if !(1..=DAYS).contains(&days) {
        let text = format!("'days' is {days}, and may be 1 to {DAYS}");
        return Err(Error::invalid(text).attr("days"));
    }
    let today = c.app.store.clock().now().0.div_euclid(Timestamp::DAY);
    let first = today - i64::from(days) + 1;
    let since = Timestamp(first.saturating_mul(Timestamp::DAY));
    let mut all: BTreeMap<i64, DayFigures> = (first..=today)
        .map(|d| (d, DayFigures { day: name(d), ..DayFigures::default() }))
        .collect();
    let days = &c.app.days;
    let (came, all_came) = days.figures(&c.app.store, &p, Of::Signins, first).await?;
    for (day, n) in came {
        let Some(day) = all.get_mut(&day) else { continue };
        day.signins = SigninFigures { entered: n.well, refused: n.refused, unfinished: n.failed };
    }
    written(&c).await;
    let (asked, all_asked) = days.figures(&c.app.store, &p, Of::Requests, first).await?;
    for (day, n) in asked {
        let Some(day) = all.get_mut(&day) else { continue };
        day.provisioning = ProvisioningFigures { ok: n.well, refused: n.refused, failed: n.failed };
    }
    if let Err(e) = c.app.gate.flush_counts(&c.app.system()).await {
        tracing::warn!(error = ?e, "how many tokens were given cannot be written");
    }
    for n in usage::by_day(&c.app.store, &p, since).await? {
        let Some(day) = all.get_mut(&n.day) else { continue };
        day.tokens.refused += n.refused;
        if n.integration {
            day.tokens.integrations = n.issued;
        } else {
            day.tokens.people = n.issued;
        }
    }
    let complete = all_came && all_asked;
    Ok(Shown::of(Statistics { days: all.into_values().collect(), complete }))
}
