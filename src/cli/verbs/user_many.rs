//! `muster user disable`, `enable` and `delete` of many people at once: each by itself, and what became of each.

use super::{at, text_of, user_at};
use crate::{
    cli::{print, reach::Reach},
    error::{Error, Result},
};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Rows of one request, and of one dry run.
const ROWS: usize = 500;
const DRY_ROWS: usize = 100;

#[derive(Debug, Args)]
pub(crate) struct Whom {
    /// Tenant: id or slug
    pub(super) tenant: String,
    /// Their ids or names
    #[arg(value_name = "USER", required_unless_present = "file")]
    users: Vec<String>,
    /// File with more of them, one on each line; `-` reads it from stdin
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Whom {
    /// The one person that is named, if it is one.
    pub(super) fn one(&self) -> Option<&str> {
        match (self.users.as_slice(), &self.file) {
            ([one], None) => Some(one),
            _ => None,
        }
    }
    fn all(&self) -> Result<Vec<String>> {
        let mut all = self.users.clone();
        if let Some(file) = &self.file {
            let text = text_of(file)?;
            let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
            all.extend(lines.map(str::to_owned));
        }
        if all.is_empty() {
            return Err(Error::invalid("nobody is named"));
        }
        Ok(all)
    }
}

/// Switches people off or on.
pub(super) async fn switch(whom: Whom, on: bool, r: &Reach) -> Result<Value> {
    if let Some(user) = whom.one() {
        return r.patch(&user_at(r, &whom.tenant, user).await?, &json!({ "enabled": on })).await;
    }
    let action = if on { "enable" } else { "disable" };
    let rows = whom.all()?.into_iter().map(|u| json!({ "user": u, "action": action }));
    let done = bulk(r, &whom.tenant, rows.collect(), false).await?;
    told(&done);
    settled(done)
}

/// Deletes people, after it was shown what goes with them.
pub(super) async fn delete(whom: &Whom, yes: bool, dry_run: bool, r: &Reach) -> Result<Value> {
    let rows = whom.all()?.into_iter().map(|u| json!({ "user": u, "action": "delete" }));
    let would = bulk(r, &whom.tenant, rows.collect(), true).await?;
    if dry_run {
        return settled(would);
    }
    let goes = would["done"].as_u64().unwrap_or_default();
    for row in rows_of(&would) {
        eprintln!("{}", line(row));
    }
    if goes == 0 {
        return settled(would);
    }
    confirmed(goes, &whom.tenant, yes)?;
    // The people that were shown are those that go, or nobody.
    let rows = rows_of(&would).iter().map(|row| {
        let user = if row["id"].is_null() { &row["user"] } else { &row["id"] };
        json!({ "user": user, "action": "delete", "version": row["person"]["version"] })
    });
    let done = bulk(r, &whom.tenant, rows.collect(), false).await?;
    told(&done);
    settled(done)
}

/// Asks for as many requests as it takes; the answer is as of one.
async fn bulk(r: &Reach, tenant: &str, rows: Vec<Value>, dry_run: bool) -> Result<Value> {
    let path = format!("{}/users/bulk", at(tenant));
    let (mut out, mut counts) = (Vec::new(), [("done", 0), ("refused", 0), ("stopped", 0)]);
    for piece in rows.chunks(if dry_run { DRY_ROWS } else { ROWS }) {
        let body = json!({ "rows": piece, "dry_run": dry_run });
        let mut answer = r.post(&path, &body).await?;
        for (name, n) in &mut counts {
            *n += answer[*name].as_u64().unwrap_or_default();
        }
        if let Value::Array(rows) = answer["rows"].take() {
            for mut row in rows {
                row["row"] = json!(out.len() + 1);
                out.push(row);
            }
        }
    }
    let mut all = json!({ "dry_run": dry_run, "rows": out });
    for (name, n) in counts {
        all[name] = json!(n);
    }
    Ok(all)
}

fn rows_of(done: &Value) -> &[Value] {
    done["rows"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What became of each, for people.
fn told(done: &Value) {
    for row in rows_of(done) {
        eprintln!("{}", line(row));
    }
}

/// A row as a line of a table: what became of it, who, and what there is to say.
fn line(row: &Value) -> String {
    let name = row["person"]["user_name"].as_str().or_else(|| row["user"].as_str());
    let more = match row["problem"]["detail"].as_str() {
        Some(why) => why.to_owned(),
        None => removes(row),
    };
    let outcome = row["outcome"].as_str().unwrap_or_default();
    format!("  {outcome:<8} {:<32} {more}", name.unwrap_or_default()).trim_end().to_owned()
}

/// What goes with somebody: `2 sessions, 1 grants`.
fn removes(row: &Value) -> String {
    let counted = row["removes"].as_object().into_iter().flatten();
    let counted = counted.filter(|(_, n)| n.as_i64().is_some_and(|n| n > 0));
    let mut all: Vec<String> =
        counted.map(|(what, n)| format!("{n} {}", what.replace('_', " "))).collect();
    let warnings = row["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str);
    all.extend(warnings.map(str::to_owned));
    all.join(", ")
}

/// The answer, if all of it was done; else it is printed, and the command fails.
fn settled(done: Value) -> Result<Value> {
    let all = rows_of(&done).len();
    let good = done["done"].as_u64().unwrap_or_default();
    let bad = all as u64 - good.min(all as u64);
    if bad == 0 {
        return Ok(done);
    }
    print(&done);
    let would = if done["dry_run"] == true { "would not be" } else { "were not" };
    Err(Error::conflict(format!("{bad} of {all} {would} done; 'problem' of each row says why")))
}

/// Makes sure that somebody who deletes many means it: they type how many, or said `--yes`.
fn confirmed(n: u64, tenant: &str, yes: bool) -> Result<()> {
    use std::io::IsTerminal as _;
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        let text = format!("to delete {n} users of '{tenant}' without being asked, say --yes");
        return Err(Error::invalid(text));
    }
    eprint!("To delete these {n} users of '{tenant}', type {n}: ");
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(Error::internal)?;
    if typed.trim() == n.to_string() {
        return Ok(());
    }
    Err(Error::invalid("that is another number; nothing was deleted"))
}
