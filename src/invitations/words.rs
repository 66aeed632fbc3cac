//! The words of the letters, one file for each language. What is put into them are others' names, so it is put in once:
//! a name that holds `{brand}` stays a name.

use crate::{
    clock::Timestamp,
    error::{Error, Result},
    text,
};
use serde::Deserialize;
use std::sync::LazyLock;

/// The languages, English first: it is what is spoken where nobody chose another.
pub const LOCALES: [(&str, &str); 2] = [
    ("en", include_str!("../../templates/letters/en.toml")),
    ("de", include_str!("../../templates/letters/de.toml")),
];

/// The words of a language.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    date: String,
    months: [String; 12],
    pub from: String,
    pub greeting: String,
    pub company: String,
    pub inviter: String,
    pub person: String,
    pub invitation: InvitationWords,
    pub asked: AskedWords,
    pub page: PageWords,
}

/// Of the letter with the link.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InvitationWords {
    pub subject: String,
    pub title: String,
    pub invites: String,
    pub open: String,
    pub button: String,
    pub once: String,
    pub unexpected: String,
}

/// Of the letter that tells of somebody who asks for a new link.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedWords {
    pub subject: String,
    pub title: String,
    pub asks: String,
    pub decide: String,
    pub nothing: String,
}

/// Of the pages behind the link.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageWords {
    title: String,
    /// Between inviter and address.
    pub invites: String,
    /// Between address and company.
    pub invites_to: String,
    /// Above the roles.
    pub roles: String,
    /// Between a role and its tenant.
    pub place: String,
    /// Of a role on the whole instance.
    pub everywhere: String,
    /// Before whoever is signed in already.
    pub other: String,
    /// After them.
    pub other_then: String,
    /// On a button.
    pub sign_out: String,
    /// On a button.
    pub accept: String,
    until: String,
    join: String,
    /// Before the address.
    pub as_whom: String,
    /// On a button, before the directory.
    pub go_on: String,
    /// To where a password is set.
    pub password: String,
}

/// The pages of an invitation, in its language.
#[derive(Debug, Clone)]
pub struct Told {
    /// The language.
    pub lang: &'static str,
    /// Its words.
    pub words: &'static PageWords,
    /// The first page's title.
    pub title: String,
    /// The title of the page with the ways in.
    pub join: String,
    /// Who invites.
    pub inviter: String,
    /// Until when it can be accepted.
    pub until: String,
}

/// What the pages of an invitation to `company` say, in the first of these languages that there is.
pub(super) fn told(
    wanted: [Option<&str>; 2],
    (company, inviter): (&str, Option<&str>),
    until: Timestamp,
) -> Told {
    let (lang, all) = of(wanted);
    let moment = all.moment(until);
    let parts = [("company", company), ("until", moment.as_str())];
    let put = |text: &str| fill(text, &parts);
    Told {
        lang,
        words: &all.page,
        title: put(&all.page.title),
        join: put(&all.page.join),
        inviter: inviter.unwrap_or(&all.inviter).to_owned(),
        until: put(&all.page.until),
    }
}

static ALL: LazyLock<Vec<(&str, Words)>> = LazyLock::new(|| {
    let read = |(name, file): &(&'static str, &str)| match toml::from_str::<Words>(file) {
        Ok(words) => Some((*name, words)),
        Err(e) => {
            tracing::error!(locale = name, error = %e, "the words of this language cannot be read");
            None
        }
    };
    LOCALES.iter().filter_map(read).collect()
});

/// The words of the first of these languages that there is, and its name; else of English.
pub(super) fn of(wanted: [Option<&str>; 2]) -> (&'static str, &'static Words) {
    static NONE: LazyLock<Words> = LazyLock::new(Words::default);
    let found = |name: &str| ALL.iter().find(|(n, _)| *n == name);
    let chosen = wanted.into_iter().flatten().find_map(found).or_else(|| ALL.first());
    chosen.map_or(("en", &*NONE), |(name, words)| (*name, words))
}

/// A language that letters are written in.
///
/// # Errors
/// `Invalid`, naming those there are.
pub fn locale(name: &str) -> Result<String> {
    if LOCALES.iter().any(|(n, _)| *n == name) {
        return Ok(name.to_owned());
    }
    let all: Vec<&str> = LOCALES.iter().map(|(n, _)| *n).collect();
    let (all, name) = (all.join(", "), text::excerpt(name));
    Err(Error::invalid(format!("'locale' is one of {all}, and not '{name}'")).attr("locale"))
}

/// The text with these put in where their names stand in braces.
pub(super) fn fill(text: &str, parts: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let named = after.split_once('}').and_then(|(name, after)| {
            parts.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value, after))
        });
        if let Some((value, after)) = named {
            out.push_str(value);
            rest = after;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

impl Words {
    /// A moment in UTC, to the minute.
    pub(super) fn moment(&self, at: Timestamp) -> String {
        let (year, month, day, hour, minute) = at.calendar();
        let month = self.months.get(usize::from(month) - 1).map_or("", String::as_str);
        let (year, day, time) =
            (year.to_string(), day.to_string(), format!("{hour:02}:{minute:02}"));
        let parts = [
            ("day", day.as_str()),
            ("month", month),
            ("year", year.as_str()),
            ("time", time.as_str()),
        ];
        fill(&self.date, &parts)
    }
}
