//! `muster export` and `muster apply`: a server's configuration as a file that is kept, reviewed and applied. Both ask the
//! admin API alone, so they work on a server elsewhere as well.

mod current;
mod document;
mod plan;
mod run;

use super::reach::Reach;
use crate::error::{Error, Result};
use clap::Args;
use current::Current;
use document::Document;
use plan::Plan;
use serde_json::Value;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "TOML on standard output: tenants with tags, domains, default role, policy, roles, directories (without secrets),
mappings and applications, by their names. People, groups and what is given by hand are not configuration.

Examples:
  muster export > muster.toml
  muster export contoso | diff - contoso.toml"
)]
pub(super) struct Export {
    /// Tenants (slugs); without any: all that you see
    tenants: Vec<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The plan is shown before anything is done: `+` is made, `~` changed, `-` deleted, `?` waits for a
group that its directory has not sent, `=` differs and stays. The server tries all of it first, with nothing that stays:
what it would refuse is shown (`!`), and nothing is done then. What the file does not say is left alone; of the tenants it
names, --prune deletes roles, mappings, applications and domains that it does not. Applied twice, it does nothing the
second time.

Examples:
  muster apply muster.toml --dry-run
  muster apply muster.toml --yes | jq '.steps[] | select(.done | not)'"
)]
pub(super) struct Apply {
    /// The file; `-` reads standard input
    file: PathBuf,
    /// Show the plan and stop
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Delete what the file does not name
    #[arg(long)]
    prune: bool,
}

impl Apply {
    /// Whether it may change anything.
    pub(super) fn writes(&self) -> bool {
        !self.dry_run
    }
}

/// The document's text.
///
/// # Errors
/// The server's; `NotFound` for a tenant that is not there.
pub(super) async fn export(options: Export, r: &Reach) -> Result<String> {
    let wanted =
        |slug: &str| options.tenants.is_empty() || options.tenants.iter().any(|t| t == slug);
    let current = Current::read(r, wanted).await?;
    for t in &options.tenants {
        if current.tenant(t).is_none() {
            return Err(Error::not_found(format!("tenant '{t}'")));
        }
    }
    current.document.text()
}

/// Plans, asks, does.
///
/// # Errors
/// `Invalid` for a file that cannot be read, for a plan that would be refused, or when nobody said yes; the server's.
pub(super) async fn apply(options: Apply, r: &Reach) -> Result<Value> {
    let wanted = Document::read(&options.file)?;
    let named = |slug: &str| wanted.tenants.iter().any(|t| t.slug == slug);
    let current = Current::read(r, named).await?;
    let mut plan = Plan::of(r, &wanted, &current, options.prune).await?;
    let checked = plan.check(r).await?;
    if !options.yes {
        eprint!("{}", plan.lines(&checked));
    }
    checked.whole(&plan)?;
    if options.dry_run || plan.len() == 0 {
        return Ok(plan.told(0, &checked));
    }
    if !options.yes {
        agreed(plan.len())?;
    }
    plan.run(r).await?;
    Ok(plan.told(plan.len(), &checked))
}

fn agreed(steps: usize) -> Result<()> {
    use std::io::IsTerminal as _;
    if !std::io::stdin().is_terminal() {
        let what = if steps == 1 { "this step".to_owned() } else { format!("these {steps} steps") };
        let text = format!("to do {what} without being asked, say --yes");
        return Err(Error::invalid(text));
    }
    if steps == 1 {
        eprint!("Do this step? [y/N] ");
    } else {
        eprint!("Do these {steps} steps? [y/N] ");
    }
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(Error::internal)?;
    if matches!(typed.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Error::invalid("nothing was done"))
}
