//! How the document is written: Markdown for people, CSV for spreadsheets. Pure.

use crate::clock::Timestamp;
use std::{borrow::Cow, fmt::Write as _};

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One table for each kind of assignment, to be read.
    Markdown,
    /// One table for all, a kind in its first column.
    Csv,
}

/// What a line of a table tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub kind: &'static str,
    pub id: String,
    /// Who has it: a person, a group, or of a role its name.
    pub name: String,
    /// The tenant they are of.
    pub home: String,
    pub role: String,
    /// Where it counts.
    pub place: String,
    pub directory: String,
    pub source: String,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub by: String,
    pub reason: String,
    pub members: Option<i64>,
    pub permissions: String,
    pub description: String,
    /// How whoever answers for it stands, of what somebody answers for.
    pub standing: &'static str,
    pub adopted_by: String,
    pub adopted: Option<Timestamp>,
}

/// A table of the Markdown document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    People,
    Groups,
    Default,
    Parked,
}

impl Line {
    /// How it stands and who has adopted it, for people.
    fn stands(&self) -> String {
        let mut out = self.standing.to_owned();
        if !self.adopted_by.is_empty() {
            let _ = write!(out, ", adopted by {}", self.adopted_by);
            if let Some(at) = self.adopted {
                let _ = write!(out, " at {}", at.rfc3339());
            }
        }
        out
    }
}

const COLUMNS: [&str; 18] = [
    "kind",
    "id",
    "name",
    "home",
    "role",
    "in",
    "directory",
    "source",
    "since",
    "until",
    "by",
    "reason",
    "members",
    "permissions",
    "description",
    "standing",
    "adopted_by",
    "adopted_at",
];

fn time(t: Option<Timestamp>) -> String {
    t.map(Timestamp::rfc3339).unwrap_or_default()
}

fn number(n: Option<i64>) -> String {
    n.map(|n| n.to_string()).unwrap_or_default()
}

/// The first line of the CSV document.
pub(super) fn csv_head() -> String {
    COLUMNS.join(",") + "\r\n"
}

/// One line of the CSV document (RFC 4180).
pub(super) fn csv(l: &Line) -> String {
    let (since, until, members) = (time(l.since), time(l.until), number(l.members));
    let adopted = time(l.adopted);
    let values = [
        l.kind,
        &l.id,
        &l.name,
        &l.home,
        &l.role,
        &l.place,
        &l.directory,
        &l.source,
        &since,
        &until,
        &l.by,
        &l.reason,
        &members,
        &l.permissions,
        &l.description,
        l.standing,
        &l.adopted_by,
        &adopted,
    ];
    values.map(value).join(",") + "\r\n"
}

/// A value of CSV. A spreadsheet takes what begins with one of these for a formula, and names come from directories and
/// from whoever was invited: an apostrophe before it makes it a text.
pub fn value(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let guarded = if formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) };
    if guarded.contains([',', '"', '\r', '\n', '\'']) {
        return format!("\"{}\"", guarded.replace('"', "\"\""));
    }
    guarded.into_owned()
}

/// A text in Markdown that is nothing but that text, on one line.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '!' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

impl Table {
    /// Its heading and its first two lines.
    pub(super) fn head(self) -> String {
        let (title, columns): (_, &[&str]) = match self {
            Self::People => (
                "Given to people",
                &["Who", "Of", "Role", "Where", "Source", "Since", "Until", "By", "Reason"],
            ),
            Self::Groups => (
                "Given to groups",
                &[
                    "Group",
                    "Of",
                    "Directory",
                    "Members",
                    "Role",
                    "Where",
                    "Since",
                    "By",
                    "Standing",
                ],
            ),
            Self::Default => (
                "Given by default, to its own people without a mapped group",
                &["Role", "Where", "Since", "By", "Standing"],
            ),
            Self::Parked => (
                "Kept until somebody decides, after a directory took it away",
                &["Who", "Of", "Role", "Where", "Directory", "Group", "Since", "By"],
            ),
        };
        let rule = "|---".repeat(columns.len());
        format!("\n## {title}\n\n| {} |\n{rule}|\n", columns.join(" | "))
    }
    /// A line of it.
    pub(super) fn line(self, l: &Line) -> String {
        let (since, members, standing) = (time(l.since), number(l.members), l.stands());
        // A gap could be taken for something that was forgotten.
        let until = l.until.map_or_else(|| "no end".to_owned(), Timestamp::rfc3339);
        let cells: Vec<&str> = match self {
            Self::People => vec![
                &l.name, &l.home, &l.role, &l.place, &l.source, &since, &until, &l.by, &l.reason,
            ],
            Self::Groups => vec![
                &l.name,
                &l.home,
                &l.directory,
                &members,
                &l.role,
                &l.place,
                &since,
                &l.by,
                &standing,
            ],
            Self::Default => vec![&l.role, &l.place, &since, &l.by, &standing],
            Self::Parked => {
                vec![&l.name, &l.home, &l.role, &l.place, &l.directory, &l.reason, &since, &l.by]
            }
        };
        let mut out = String::from("|");
        for cell in cells {
            let _ = write!(out, " {} |", plain(cell));
        }
        out.push('\n');
        out
    }
}
