//! A conversation as a file: TOML, one `[[step]]` per exchange. `scim-tests/README.md` is its manual.

use super::{Options, built_in::CONVERSATIONS};
use crate::{
    error::{Error, Result},
    protocol::scim::quirks,
};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// One conversation: what a directory says to a server in the course of one piece of work.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// Path below `scim-tests/` without the ending: `entra/person`.
    #[serde(skip)]
    pub name: String,
    /// One line for the report.
    pub title: String,
    /// What the server must say it supports in its `ServiceProviderConfig` (`etag`, `sort`, ...), or a schema it must
    /// list (its URN), else skipped.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Words used in the steps as `${word}`.
    #[serde(default)]
    pub vars: BTreeMap<String, String>,
    /// The exchanges, in order.
    pub step: Vec<Step>,
}

/// One exchange.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What happens here, in a few words.
    pub name: String,
    /// Method and target, written as a person would: `GET /Users?filter=userName eq "${mail}"`.
    pub send: String,
    /// Request headers beside `Authorization` and `Content-Type: application/scim+json`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// `token` (as given), `bare` (without `Bearer`), `none`, `wrong` or `malformed`.
    #[serde(default)]
    pub auth: Auth,
    /// The request body, sent as written.
    pub body: Option<String>,
    /// The request body as hexadecimal, where it is not text.
    pub body_hex: Option<String>,
    /// Sent this many times, with `${n}` counting from 1.
    #[serde(default = "one")]
    pub repeat: u32,
    /// The repetitions go out at the same time.
    #[serde(default)]
    pub at_once: bool,
    /// The status, or the statuses that are all right.
    pub status: Statuses,
    /// What the answer must hold; see [`super::differ`].
    pub answer: Option<String>,
    /// Answer headers, each a text or a pattern as in `answer`.
    #[serde(default)]
    pub answer_headers: BTreeMap<String, String>,
    /// Words taken from the answer: a JSON pointer, or `header:name`.
    #[serde(default)]
    pub capture: BTreeMap<String, String>,
    /// The answer must come within this many milliseconds.
    pub within_ms: Option<u64>,
    /// The rules of `docs/scim.md` that this exchange needs, by number: without any one of them it is answered
    /// otherwise. What the RFC's letter asks for anyway has numbers as well.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Words without which the step is skipped: what it asks makes sense only after the step that gives them.
    #[serde(default)]
    pub after: Vec<String>,
    /// As for a conversation: without these the step is skipped, and if it changes something what follows it is too.
    #[serde(default)]
    pub needs: Vec<String>,
}
impl Step {
    /// Whether it leaves everything as it is.
    pub(super) fn reads(&self) -> bool {
        let target = self.send.split('?').next().unwrap_or("");
        target.starts_with("GET ") || target.ends_with("/.search")
    }
    /// Which of the features that a server may lack it uses, by what is sent.
    pub(super) fn uses(&self) -> Vec<&'static str> {
        let body = self.body.as_deref().unwrap_or("");
        let search = self.send.contains("/.search");
        let asks = |name: &str| {
            self.send.contains(&format!("{name}="))
                || (search && body.contains(&format!("\"{name}\"")))
        };
        // How discovery is not filtered is everybody's to answer.
        let discovery = [" /Schemas", " /ResourceTypes"].iter().any(|p| self.send.contains(p));
        let has = |h: &str| self.headers.keys().any(|k| k.eq_ignore_ascii_case(h));
        let mut uses = Vec::new();
        if self.send.starts_with("PATCH ") {
            uses.push("patch");
        }
        if asks("filter") && !discovery {
            uses.push("filter");
        }
        if asks("sortBy") {
            uses.push("sort");
        }
        if has("if-match") || has("if-none-match") {
            uses.push("etag");
        }
        if self.send.contains(" /Bulk") {
            uses.push("bulk");
        }
        uses
    }
    /// Whether it speaks of groups.
    pub(super) fn of_groups(&self) -> bool {
        self.send.contains(" /Groups")
    }
}

/// With which credential a step is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// The token the run was given.
    #[default]
    Token,
    /// The same without its scheme.
    Bare,
    /// No header at all.
    None,
    /// A bearer token the server has never seen.
    Wrong,
    /// A header that is not even a bearer token.
    Malformed,
}

/// One status or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Statuses {
    /// Exactly this.
    One(u16),
    /// Any of these.
    Any(Vec<u16>),
}
impl Statuses {
    /// Whether `status` is among them.
    pub fn allow(&self, status: u16) -> bool {
        match self {
            Self::One(s) => *s == status,
            Self::Any(all) => all.contains(&status),
        }
    }
}
impl std::fmt::Display for Statuses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(s) => write!(f, "{s}"),
            Self::Any(all) => {
                write!(f, "{}", all.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "))
            }
        }
    }
}

fn one() -> u32 {
    1
}

impl Conversation {
    /// How many requests it sends.
    pub fn exchanges(&self) -> u32 {
        self.step.iter().map(|s| s.repeat).sum()
    }

    /// Reads one file.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`] with the file's name and what is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let wrong = |what: String| Error::invalid(format!("scim-tests/{name}.toml: {what}"));
        let mut c: Self = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        name.clone_into(&mut c.name);
        for s in &c.step {
            if let Some(answer) = &s.answer {
                serde_json::from_str::<Value>(answer)
                    .map_err(|e| wrong(format!("step {:?}: answer is not JSON: {e}", s.name)))?;
            }
            if let Some(id) = s.rules.iter().find(|id| !quirks::known(id)) {
                return Err(wrong(format!("step {:?}: there is no rule '{id}'", s.name)));
            }
            if !s.send.contains(" /") {
                return Err(wrong(format!("step {:?}: send wants METHOD /path", s.name)));
            }
        }
        Ok(c)
    }
}

/// The conversations inside the program.
///
/// # Errors
/// See [`Conversation::parse`].
pub fn built_in() -> Result<Vec<Conversation>> {
    CONVERSATIONS.iter().map(|(name, text)| Conversation::parse(name, text)).collect()
}

/// The conversations that `options` choose, by name.
pub(super) fn load(options: &Options) -> Result<Vec<Conversation>> {
    let mut all = match &options.dir {
        Some(dir) => from_folder(dir)?,
        None => built_in()?,
    };
    all.retain(|c| {
        options.only.is_empty() || options.only.iter().any(|o| c.name.starts_with(o.as_str()))
    });
    if all.is_empty() {
        return Err(Error::invalid(format!(
            "no conversation is named {}; --list shows them",
            options.only.join(", ")
        )));
    }
    Ok(all)
}

fn from_folder(dir: &Path) -> Result<Vec<Conversation>> {
    let cannot = |p: &Path, e| Error::invalid(format!("cannot read {}: {e}", p.display()));
    let mut found = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| cannot(&folder, e))? {
            let path = entry.map_err(|e| cannot(&folder, e))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "toml") {
                let text = std::fs::read_to_string(&path).map_err(|e| cannot(&path, e))?;
                let name = path.strip_prefix(dir).unwrap_or(&path).with_extension("");
                found.push(Conversation::parse(&name.to_string_lossy(), &text)?);
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
