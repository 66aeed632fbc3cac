//! What went on, day by day: sign-ins, what directories asked and which tokens were given, as pictures made on the server, with the table behind
//! each.

mod chart;

use self::chart::Chart;
use super::kit::if_any;
use crate::{
    Desk,
    ask::{Answer, Ask, page},
    nav::Section,
    shell::Shell,
    text,
};
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use serde::Deserialize;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/admin/in/{tenant}/activity", get(activity))
}

/// Sign-ins of a day.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Signins {
    entered: u64,
    refused: u64,
    unfinished: u64,
}

/// What directories asked on a day.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Provisioning {
    ok: u64,
    refused: u64,
    failed: u64,
}

/// Tokens of a day.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tokens {
    people: u64,
    integrations: u64,
    refused: u64,
}

/// A day.
#[derive(Debug, Deserialize)]
pub(super) struct Day {
    #[serde(rename = "day")]
    name: String,
    #[serde(default)]
    signins: Signins,
    #[serde(default)]
    provisioning: Provisioning,
    #[serde(default)]
    tokens: Tokens,
}

/// Days, oldest first.
#[derive(Debug, Deserialize)]
pub(super) struct Days {
    days: Vec<Day>,
    #[serde(default)]
    complete: bool,
}

impl Days {
    fn sum(&self, of: impl Fn(&Day) -> u64) -> String {
        text::thousands(self.days.iter().map(of).sum())
    }
    /// How many came in.
    pub(super) fn entered(&self) -> String {
        self.sum(|d| d.signins.entered)
    }
    /// How many were refused.
    pub(super) fn refused(&self) -> String {
        self.sum(|d| d.signins.refused)
    }
    /// How many did not come to a decision.
    pub(super) fn unfinished(&self) -> String {
        self.sum(|d| d.signins.unfinished)
    }
    /// How many requests directories made.
    pub(super) fn asked(&self) -> String {
        self.sum(|d| d.provisioning.ok + d.provisioning.refused + d.provisioning.failed)
    }
}

/// A picture, and what is in it.
struct Picture {
    id: &'static str,
    title: &'static str,
    /// What there is nothing of.
    none: &'static str,
    chart: Chart,
    rows: Vec<(String, [u64; 3])>,
}

impl Picture {
    fn new(
        (id, title, none): (&'static str, &'static str, &'static str),
        names: [&'static str; 3],
        days: &Days,
        of: impl Fn(&Day) -> [u64; 3],
    ) -> Self {
        let rows: Vec<(String, [u64; 3])> =
            days.days.iter().map(|d| (d.name.clone(), of(d))).collect();
        Self { id, title, none, chart: Chart::new(names, &rows), rows }
    }
    fn says(&self) -> String {
        format!("{}: {}. The table below has each day.", self.title, self.chart.says())
    }
}

#[derive(Template)]
#[template(path = "activity.html")]
struct Activity {
    shell: Shell,
    days: u32,
    pictures: Vec<Picture>,
    known: bool,
    complete: bool,
}

/// How many days can be looked at.
const SPANS: [u32; 4] = [7, 14, 30, 90];

async fn activity(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Activity, "Activity").await?;
    let days = ask.word("days").parse().ok().filter(|d| SPANS.contains(d)).unwrap_or(30);
    let path = shell.api(&format!("/statistics?days={days}"));
    let found: Option<Days> = if shell.may("system.view_logs") {
        if_any(&ask, &path).await?
    } else {
        Some(ask.get(&path).await?)
    };
    let known = found.is_some();
    let complete = found.as_ref().is_none_or(|f| f.complete);
    let pictures = found.as_ref().map(pictures).unwrap_or_default();
    page(&Activity { shell, days, pictures, known, complete })
}

fn pictures(days: &Days) -> Vec<Picture> {
    vec![
        Picture::new(
            ("signins", "Sign-ins", "Nobody tried to sign in in these days."),
            ["signed in", "refused", "not finished"],
            days,
            |d| [d.signins.entered, d.signins.refused, d.signins.unfinished],
        ),
        Picture::new(
            (
                "provisioning",
                "Requests by directories",
                "No directory sent a provisioning request in these days.",
            ),
            ["done", "refused", "failed"],
            days,
            |d| [d.provisioning.ok, d.provisioning.refused, d.provisioning.failed],
        ),
        Picture::new(
            (
                "tokens",
                "Access tokens",
                "No application and no integration asked for a token in these days.",
            ),
            ["for people", "for integrations", "refused"],
            days,
            |d| [d.tokens.people, d.tokens.integrations, d.tokens.refused],
        ),
    ]
}
