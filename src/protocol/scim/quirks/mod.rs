//! What directories do differently from the RFC, as named rules: one row of [`TABLE`](table::TABLE) each. A rule is
//! a rewrite in front of the strict reading, or a choice that the RFC leaves open; all are on unless a directory's
//! settings switch them off, and all off is the RFC's letter. What directories do and the RFC's letter answers anyway has
//! a number and no switch: [`LETTER`](table::LETTER). `docs/scim.md` shows both tables.

pub mod body;
pub mod operation;
mod table;
pub mod value;

pub use table::{LETTER, Letter, Row, TABLE};

use crate::error::{Error, Result};

/// A rule; its number and meaning stand in [`TABLE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is a row of the table, which says what it does")]
pub enum Rule {
    Texts,
    Verbs,
    Elements,
    Roles,
    UrnDot,
    Manager,
    Keys,
    RemoveValues,
    Bare,
    Whole,
    Empty,
    EmptyList,
    FilterPath,
    Probes,
    GroupNames,
    Schemas,
    Media,
    LargeGroups,
    Paging,
    Slashes,
    Foreign,
    PutKeeps,
    LargePages,
    Echo,
    Strangers,
    BareToken,
    Password,
    Scim1,
    Unquoted,
}

impl Rule {
    /// Its row.
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
    /// Its number in `docs/scim.md`: `1.1`.
    pub fn id(self) -> &'static str {
        self.row().id
    }
    /// The rule of a number.
    pub fn parse(id: &str) -> Option<Self> {
        TABLE.iter().find(|r| r.id == id).map(|r| r.rule)
    }
}

/// Whether a number is a rule's, or that of a habit without one.
pub fn known(id: &str) -> bool {
    Rule::parse(id).is_some() || LETTER.iter().any(|l| l.id == id)
}

/// A set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rules(u64);

impl Rules {
    /// Every rule: how directories are listened to.
    pub const ALL: Self = Self((1 << TABLE.len()) - 1);
    /// The RFC's letter.
    pub const NONE: Self = Self(0);
    /// Whether a rule is on.
    pub const fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u8) != 0
    }
    /// These without one.
    #[must_use]
    pub const fn without(self, rule: Rule) -> Self {
        Self(self.0 & !(1 << rule as u8))
    }
    /// These and one more.
    #[must_use]
    pub const fn with(self, rule: Rule) -> Self {
        Self(self.0 | (1 << rule as u8))
    }
    /// All but those of these numbers; `all` leaves none.
    ///
    /// # Errors
    /// `Invalid` for what is no rule's number.
    pub fn all_but<S: AsRef<str>>(off: &[S]) -> Result<Self> {
        off.iter().try_fold(Self::ALL, |rules, id| match (id.as_ref(), Rule::parse(id.as_ref())) {
            ("all", _) => Ok(Self::NONE),
            (_, Some(rule)) => Ok(rules.without(rule)),
            (id, None) => {
                let id = crate::text::excerpt(id);
                Err(Error::invalid(format!("there is no rule '{id}'; docs/scim.md lists them")))
            }
        })
    }
}
impl Default for Rules {
    fn default() -> Self {
        Self::ALL
    }
}
