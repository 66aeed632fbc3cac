//! What `muster export` writes and `muster apply` reads: tenants with their roles, directories, mappings and
//! applications, as TOML that can be reviewed. Things are called by their names, so that a file fits another
//! installation; secrets are in none.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::HashSet, path::Path};

/// A whole file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(default, rename = "tenant")]
    pub(super) tenants: Vec<Tenant>,
}

/// Where the tenants of a file stand.
#[derive(Deserialize)]
struct Places {
    #[serde(default, rename = "tenant")]
    tenants: Vec<Place>,
}
#[derive(Deserialize)]
struct Place {
    slug: toml::Spanned<String>,
}

/// What is said of a tenant. What is left out is left alone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tenant {
    pub(super) slug: String,
    /// Wanted of a tenant that is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) domains: Option<Vec<String>>,
    /// The role that its own people have without a mapped group; empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) default_role: Option<String>,
    /// As `muster policy show` prints it, with names of roles instead of ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<Map<String, Value>>,
    #[serde(default, rename = "role", skip_serializing_if = "Vec::is_empty")]
    pub(super) roles: Vec<Role>,
    #[serde(default, rename = "directory", skip_serializing_if = "Vec::is_empty")]
    pub(super) directories: Vec<Directory>,
    #[serde(default, rename = "mapping", skip_serializing_if = "Vec::is_empty")]
    pub(super) mappings: Vec<Mapping>,
    #[serde(default, rename = "application", skip_serializing_if = "Vec::is_empty")]
    pub(super) applications: Vec<Application>,
    /// Where it stands in the file that was read.
    #[serde(skip)]
    pub(super) line: usize,
}

/// A role of the tenant's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) offered: bool,
    pub(super) permissions: Vec<String>,
}

/// A directory; its sign-in without the secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Directory {
    pub(super) name: String,
    pub(super) preset: String,
    #[serde(default = "active")]
    pub(super) status: String,
    /// How far its sign-in half has come: `draft`, `active` or `enforced`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stage: Option<String>,
    /// Of a sign-in that is made: the file that holds our secret there. It is read on the machine that applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client_secret_file: Option<std::path::PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signin: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) provisioning: Option<Map<String, Value>>,
}

/// A group of a directory that gives a role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    pub(super) directory: String,
    pub(super) group: String,
    /// The name; `provider/Name` of one that the provider offers where the tenant has one of that name itself.
    pub(super) role: String,
    /// Another tenant than the directory's own (slug).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) in_tenant: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) everywhere: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<Scope>,
}

/// A scope of many tenants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    pub(super) kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tenants: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tag: Option<String>,
}

/// An application that signs people in. (Integration users are people of a kind, and not in here.)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Application {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) public: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) platform: bool,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub(super) enabled: bool,
    /// The names of dynamic registration: `redirect_uris`, `scopes`, `trusted`...
    #[serde(flatten)]
    pub(super) settings: Map<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_false(b: &bool) -> bool {
    !b
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_true(b: &bool) -> bool {
    *b
}
fn yes() -> bool {
    true
}
fn active() -> String {
    "active".to_owned()
}

impl Document {
    /// Reads a file (`-`: stdin).
    ///
    /// # Errors
    /// `Invalid`, with the place in the file, and for what is said twice.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = crate::cli::verbs::text_of(file)?;
        let shown = file.display();
        let wrong =
            |e: toml::de::Error| Error::invalid(format!("{shown}: {}", e.to_string().trim_end()));
        let mut read: Self = toml::from_str(&text).map_err(wrong)?;
        let places: Places = toml::from_str(&text).map_err(wrong)?;
        for (t, place) in read.tenants.iter_mut().zip(places.tenants) {
            let before = text.get(..place.slug.span().start).unwrap_or_default();
            t.line = before.matches('\n').count() + 1;
        }
        read.said_once().map_err(|what| Error::invalid(format!("{shown}: {what} twice")))?;
        Ok(read)
    }
    /// Refuses a new tenant without a name.
    ///
    /// # Errors
    /// `Invalid`, with the places in the file.
    pub(super) fn named(&self, file: &Path, there: impl Fn(&str) -> bool) -> Result<()> {
        let nameless = self.tenants.iter().filter(|t| t.name.is_none() && !there(&t.slug));
        let line = |t: &Tenant| {
            let (slug, line) = (&t.slug, t.line);
            format!("line {line}: there is no tenant '{slug}', and to make it takes its 'name'")
        };
        let all: Vec<String> = nameless.map(line).collect();
        if all.is_empty() {
            return Ok(());
        }
        Err(Error::invalid(format!("{}: {}", file.display(), all.join("\n  "))))
    }
    fn said_once(&self) -> Result<(), String> {
        let mut seen = HashSet::new();
        let mut once =
            |what: String| if seen.insert(what.to_lowercase()) { Ok(()) } else { Err(what) };
        for t in &self.tenants {
            once(format!("tenant '{}'", t.slug))?;
            let of = &t.slug;
            for r in &t.roles {
                once(format!("role '{}' of {of}", r.name))?;
            }
            for d in &t.directories {
                once(format!("directory '{}' of {of}", d.name))?;
            }
            for m in &t.mappings {
                once(format!("mapping {m} of {of}"))?;
            }
            for a in &t.applications {
                once(format!("application '{}' of {of}", a.name))?;
            }
        }
        Ok(())
    }
    /// As TOML.
    ///
    /// # Errors
    /// `Internal` when a value has no form there.
    pub(super) fn text(&self) -> Result<String> {
        toml::to_string_pretty(self).map_err(Error::internal)
    }
}

impl std::fmt::Display for Mapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "'{}' of {} -> {}", self.group, self.directory, self.role)?;
        if let Some(t) = &self.in_tenant {
            write!(f, " in {t}")?;
        }
        if self.everywhere {
            f.write_str(" everywhere")?;
        }
        match &self.scope {
            None => Ok(()),
            Some(Scope { kind, tag: Some(tag), .. }) => write!(f, " in {kind} {tag}"),
            Some(Scope { kind, tenants, .. }) => write!(f, " in {kind} {}", tenants.join(", ")),
        }
    }
}

/// Without what is null, at any depth: TOML has no word for it, and the server takes what is left out for it.
pub(super) fn without_nulls(v: Value) -> Value {
    match v {
        Value::Object(o) => {
            let kept = o.into_iter().filter(|(_, v)| !v.is_null());
            Value::Object(kept.map(|(k, v)| (k, without_nulls(v))).collect())
        }
        Value::Array(a) => Value::Array(a.into_iter().map(without_nulls).collect()),
        v => v,
    }
}
