//! Where settings come from, and what is said when one is misspelt.

use super::Config;
use crate::error::{Error, Result};
use std::path::Path;
use toml::{Table, Value};

/// Every setting with its default and what it means.
pub const MANUAL: &str = include_str!("../../config/muster.toml");

/// Names under `MUSTER_` that are no settings of the server: read by tests and by commands.
const OTHERS: [&str; 5] =
    ["MUSTER_TEST_", "MUSTER_SCIM_TOKEN", "MUSTER_CONFIG", "MUSTER_SERVER_URL", "MUSTER_API_TOKEN"];

/// Settings, and what was odd about where they came from.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Names in the environment that look like settings and are none.
    pub warnings: Vec<String>,
}

/// Reads the manual's defaults, then `file`, then `environment`, then `line` (from the command line: the name as
/// in `server.listen`, and the value).
///
/// # Errors
/// [`crate::error::Kind::Invalid`] naming the setting, where it was given and, for an unknown one, the nearest.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    line: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded> {
    let manual: Table = MANUAL.parse().map_err(Error::internal)?;
    let known = names(&manual);
    let toml = config::FileFormat::Toml;
    let mut builder = config::Config::builder().add_source(config::File::from_str(MANUAL, toml));
    if let Some(path) = file {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|e| Error::invalid(format!("cannot read the settings in {shown}: {e}")))?;
        let table: Table = text
            .parse()
            .map_err(|e| Error::invalid(format!("{shown} is not a TOML document: {e}")))?;
        for name in names(&table) {
            if !known.contains(&name) {
                return Err(unknown(&name, &known, &shown.to_string()));
            }
        }
        builder = builder.add_source(config::File::from_str(&text, toml));
    }
    let mut warnings = Vec::new();
    for (variable, value) in environment {
        if !variable.starts_with("MUSTER_") || OTHERS.iter().any(|o| variable.starts_with(o)) {
            continue;
        }
        match known.iter().find(|k| in_environment(k).contains(&variable)) {
            Some(name) => builder = set(builder, name, value)?,
            None => warnings.push(format!("{variable} in the environment is no setting of Muster")),
        }
    }
    for (name, value) in line {
        if !known.contains(&name) {
            return Err(unknown(&name, &known, "the command line"));
        }
        builder = set(builder, &name, value)?;
    }
    let merged = builder.build().map_err(|e| Error::invalid(format!("settings: {e}")))?;
    let config = merged.try_deserialize().map_err(|e| Error::invalid(format!("settings: {e}")))?;
    Ok(Loaded { config, warnings })
}

type Builder = config::ConfigBuilder<config::builder::DefaultState>;

fn set(builder: Builder, name: &str, value: String) -> Result<Builder> {
    builder.set_override(name, value).map_err(|e| Error::invalid(format!("{name}: {e}")))
}

/// `server.data_dir` -> `MUSTER_SERVER_DATA_DIR`; this section may be left out: `MUSTER_DATA_DIR`.
fn in_environment(name: &str) -> [String; 2] {
    let variable = |n: &str| format!("MUSTER_{}", n.replace('.', "_").to_uppercase());
    [variable(name), variable(name.strip_prefix("server.").unwrap_or(name))]
}

/// The names of all values, with their sections.
fn names(table: &Table) -> Vec<String> {
    fn walk(at: &str, table: &Table, out: &mut Vec<String>) {
        for (key, value) in table {
            let name = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
            match value {
                Value::Table(inner) if !inner.is_empty() => walk(&name, inner, out),
                Value::Table(_) => {}
                _ => out.push(name),
            }
        }
    }
    let mut out = Vec::new();
    walk("", table, &mut out);
    out
}

fn unknown(name: &str, known: &[String], place: &str) -> Error {
    let nearest = known.iter().min_by_key(|k| distance(k, name));
    let near = |most| nearest.filter(|k| distance(k, name) <= most);
    // A setting at home in another section is the other common slip.
    let last = |n: &str| n.rsplit('.').next().unwrap_or_default().to_owned();
    let moved = known.iter().find(|k| last(k) == last(name));
    let hint = near(2)
        .or(moved)
        .or(near(4))
        .map_or_else(String::new, |k| format!("; did you mean '{k}'?"));
    Error::invalid(format!(
        "{place}: there is no setting '{name}'{hint} (`muster config` prints all of them)"
    ))
    .attr(name)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (above + 1).min(row[j] + 1).min(diagonal + usize::from(x != y));
            diagonal = above;
        }
    }
    row[b.len()]
}
