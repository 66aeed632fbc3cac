//! The ways in which somebody has a role, as `access` and `explain` list them.

use crate::{rooms::roles::kit::rows, text::When};
use serde::Deserialize;

/// One way.
#[derive(Debug, Deserialize)]
pub(super) struct Way {
    pub(super) role: RoleName,
    via: Via,
    pub(super) scope: Scope,
    pub(super) since: When,
    pub(super) until: Option<When>,
    by: String,
    #[serde(default)]
    by_name: Option<String>,
    standing: Option<String>,
    #[serde(default)]
    pub(super) does_not_count: Option<String>,
}

/// A role by name.
#[derive(Debug, Deserialize)]
pub(super) struct RoleName {
    pub(super) id: String,
    pub(super) name: String,
}

/// Where it holds.
#[derive(Debug, Deserialize)]
pub(super) struct Scope {
    pub(super) text: String,
}

/// How it came; which fields there are depends on the kind.
#[derive(Debug, Default, Deserialize)]
struct Via {
    kind: String,
    #[serde(default)]
    grant: Option<String>,
    #[serde(default)]
    mapping: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    group_name: Option<String>,
    #[serde(default)]
    directory: Option<String>,
    #[serde(default)]
    directory_name: Option<String>,
    #[serde(default)]
    parked: Option<String>,
}

impl Way {
    /// Whether it was given by hand in one place, and can be taken there.
    pub(super) fn by_hand(&self) -> bool {
        let source = self.via.source.as_deref();
        self.via.kind == "assignment"
            && matches!(source, Some("manual" | "invitation" | "bootstrap"))
    }
    /// How it came, in words.
    pub(super) fn how(&self) -> String {
        let called = |name: &Option<String>| name.clone().unwrap_or_else(|| "?".to_owned());
        match self.via.kind.as_str() {
            "mapping" => "by the group".to_owned(),
            "default" => "by the company's default role".to_owned(),
            "parked" => match &self.via.group_name {
                Some(group) => format!(
                    "kept until somebody decides: {} took away the group {group}",
                    called(&self.via.directory_name)
                ),
                None => format!(
                    "kept until somebody decides: {} took it away",
                    called(&self.via.directory_name)
                ),
            },
            _ => match self.via.source.as_deref().unwrap_or_default() {
                "manual" => "by hand",
                "invitation" => "with an invitation",
                "elevation" => "for a while, on request",
                "bootstrap" => "as the first administrator",
                "break_glass" => "as an account for emergencies",
                "hold" => "held: they were the last who had it when their directory took it away",
                _ => "by an assignment",
            }
            .to_owned(),
        }
    }
    /// The group and its directory, where it came by one.
    pub(super) fn group(&self) -> Option<(&str, &str)> {
        let v = &self.via;
        v.group.as_deref().filter(|_| v.kind == "mapping").zip(v.group_name.as_deref())
    }
    /// The row of the grant or the mapping, in the lists below `base`: what it is, and where.
    pub(super) fn row(&self, base: &str, user: &str) -> Option<(&'static str, String)> {
        let v = &self.via;
        match v.kind.as_str() {
            "assignment" => {
                let held = v.source.as_deref() == Some("hold");
                let to = rows::grant(base, user, (v.grant.as_deref()?, held));
                Some((if held { "Decide" } else { "Assignment" }, to))
            }
            "mapping" => {
                Some(("Mapping", rows::mapping(base, v.group.as_deref()?, v.mapping.as_deref()?)))
            }
            _ => None,
        }
    }
    /// The directory of that group.
    pub(super) fn directory(&self) -> Option<(&str, &str)> {
        let v = &self.via;
        v.directory.as_deref().filter(|_| v.kind == "mapping").zip(v.directory_name.as_deref())
    }
    /// The change that waits for a decision.
    pub(super) fn parked(&self) -> Option<&str> {
        self.via.parked.as_deref()
    }
    /// Why it was given.
    pub(super) fn reason(&self) -> Option<&str> {
        self.via.reason.as_deref().filter(|r| !r.is_empty())
    }
    /// Who gave it, or answers for the mapping.
    pub(super) fn giver(&self) -> &str {
        called(self.by_name.as_deref(), &self.by)
    }
    /// What is wrong with whoever answers for it.
    pub(super) fn standing(&self) -> Option<&'static str> {
        match self.standing.as_deref() {
            Some("author_left") => {
                Some("whoever answered for it has left; somebody should adopt it")
            }
            Some("suspended") => {
                Some("suspended: whoever answers for it does not hold all of it any more")
            }
            _ => None,
        }
    }
}

/// Who did something: by name, where the API says one.
pub(super) fn called<'a>(name: Option<&'a str>, label: &'a str) -> &'a str {
    match (name, label) {
        (Some(name), _) if !name.is_empty() => name,
        (_, "owner") => "the owner of the data directory",
        (_, label) => label,
    }
}
