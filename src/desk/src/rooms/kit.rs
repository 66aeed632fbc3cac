//! What several rooms share: forms that are filled from what is there, times as people type them, lists that say what is
//! wrong with a filter.

use crate::{
    api::Page,
    ask::{Answer, Ask, Trouble, on},
    form::Form,
    problem::Problem,
    shell::Shell,
    text,
};
use serde::de::DeserializeOwned;

/// A form with these values, as if they had been typed.
pub(super) fn filled<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Form {
    Form::read(text::query(values).trim_start_matches('?').as_bytes())
}

/// A length of time, as people say it.
pub(super) fn lasting(seconds: i64) -> String {
    let count = |n: i64, one: &str, many: &str| text::count(n.unsigned_abs(), one, many);
    match seconds {
        s if s >= 86_400 && s % 86_400 == 0 => count(s / 86_400, "day", "days"),
        s if s >= 3600 && s % 3600 == 0 => count(s / 3600, "hour", "hours"),
        s if s >= 60 && s % 60 == 0 => count(s / 60, "minute", "minutes"),
        s => count(s, "second", "seconds"),
    }
}

/// The units in which a length of time is typed, with their seconds.
pub(super) const UNITS: [(&str, &str, i64); 4] =
    [("m", "minutes", 60), ("h", "hours", 3600), ("d", "days", 86_400), ("s", "seconds", 1)];

/// A length of time as the two fields of a form have it: how many, and of which unit.
pub(super) fn span(seconds: Option<i64>) -> (String, &'static str) {
    let Some(s) = seconds else { return (String::new(), "m") };
    let fits = |u: &&(&str, &str, i64)| s % u.2 == 0;
    let unit = [UNITS[2], UNITS[1], UNITS[0], UNITS[3]].iter().find(fits).copied();
    let (word, _, of) = unit.unwrap_or(UNITS[3]);
    ((s / of).to_string(), word)
}

/// Reads such two fields: `name` and `name.unit`.
pub(super) fn seconds(form: &Form, name: &str) -> Result<Option<i64>, Problem> {
    let Some(n) = form.number(name)? else { return Ok(None) };
    let unit = form.get(&format!("{name}.unit"));
    let of = UNITS.iter().find(|u| u.0 == unit).map_or(60, |u| u.2);
    let wrong = || Problem::typed(name, "that is too long a time");
    n.checked_mul(of).map(Some).ok_or_else(wrong)
}

/// A day as a moment: its beginning, or its end. What is no bare day stays as it is.
pub(super) fn moment(word: &str, end: bool) -> String {
    match word.len() {
        10 if end => format!("{word}T23:59:59.999Z"),
        10 => format!("{word}T00:00:00Z"),
        _ => word.to_owned(),
    }
}

/// The day of a moment, as a field of a form takes it.
pub(super) fn day(word: &str) -> &str {
    word.get(..10).unwrap_or(word)
}

/// A page of a list. Of a filter that cannot be, the frame says so, and the list is empty.
pub(super) async fn listed<T: DeserializeOwned>(
    ask: &Ask,
    path: &str,
    shell: &mut Shell,
) -> Result<Page<T>, Trouble> {
    match ask.get(path).await {
        Ok(page) => Ok(page),
        Err(p) if matches!(p.status, 400 | 409) => {
            shell.problem = Some(p);
            Ok(Page { items: Vec::new(), next: None })
        }
        Err(p) => Err(p.into()),
    }
}

/// What is there, or nothing where the API says that it is not: no such thing, or none that they may see.
pub(super) async fn if_any<T: DeserializeOwned>(
    ask: &Ask,
    path: &str,
) -> Result<Option<T>, Trouble> {
    match ask.get(path).await {
        Ok(found) => Ok(Some(found)),
        Err(p) if matches!(p.status, 400 | 403 | 404 | 405) && !p.wants_proof() => Ok(None),
        Err(p) => Err(p.into()),
    }
}

/// Who did something, for people: the name where the API knows one.
pub(super) fn who(label: &str, name: Option<&String>) -> String {
    match (name, label.split_once(':')) {
        (Some(name), _) if !name.is_empty() => name.clone(),
        (_, Some(("system", what))) => format!("Muster ({what})"),
        (_, Some(("directory", _))) => "a directory".to_owned(),
        (_, Some(("user", _))) => "a user".to_owned(),
        (_, Some(("app", _))) => "an application".to_owned(),
        (_, Some(("portal", _))) => "whoever had the setup link".to_owned(),
        _ if label == "owner" => "the owner of the data directory".to_owned(),
        _ => label.to_owned(),
    }
}

/// A document, to be read.
pub(super) fn pretty(v: &serde_json::Value) -> String {
    serde_json::to_string_pretty(v).unwrap_or_default()
}

/// So many days from now, as RFC 3339 says it: what is told of moments can be compared with it as text.
pub(super) fn in_days(more: i64) -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    stamp(since.map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(0)) + more * 86_400)
}

/// Seconds since 1970 as RFC 3339 says it.
pub(super) fn stamp(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 1970 as a date of our calendar: Hinnant's `civil_from_days`.
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `GET` of an address that takes a form, `N` parts below the page that the form is on: whose session was over is sent here
/// after a fresh sign-in, without what was typed.
pub(super) async fn above<const N: usize>(ask: Ask) -> Answer {
    on(ask.above(N), "")
}

/// Whether two texts say the same: what a choice has, and what is chosen.
pub(super) fn same(one: impl AsRef<str>, other: impl AsRef<str>) -> bool {
    one.as_ref() == other.as_ref()
}

/// A page is for somebody else.
pub(super) fn forbidden() -> Problem {
    Problem {
        status: 403,
        detail: "your roles here do not permit this".to_owned(),
        code: "forbidden".to_owned(),
        ..Problem::default()
    }
}
