//! `muster export` and `muster apply`: a server's configuration as a file that is kept, reviewed and applied. Both ask the
//! admin API alone, so they work on a server elsewhere as well.

mod current;
mod document;
mod plan;
mod roles;
mod run;
mod twice;

use super::{print, reach::Reach};
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
mappings and applications, by their names. People, groups and what is given by hand are not configuration. A role that the
provider offers is `provider/Name` where the tenant has one of that name itself. What a tenant has twice under one name
cannot be applied: it is said, also on top of the file, and the exit status is 1.

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
what it would refuse is shown (`!`), and nothing is done then; what it could not try, as it is too much at once, is not
begun with --yes unless you also say --untried. What the file does not say is left alone; of the tenants it
names, --prune deletes roles, mappings, applications and domains that it does not. A name that the server has twice is
refused before anything is done. Applied twice, it does nothing the second time.

Examples:
  muster apply muster.toml --dry-run
  muster apply muster.toml --yes | jq '.steps[] | select(.done | not)'"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Apply {
    /// The file; `-` reads standard input
    file: PathBuf,
    /// Show the plan and stop
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Also when the server could not try the plan beforehand: what it refuses then ends it half-way
    #[arg(long, requires = "yes")]
    untried: bool,
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
/// The server's; `NotFound` for a tenant that is not there; `Conflict`, with the document printed, when it could not be
/// applied.
pub(super) async fn export(options: Export, r: &Reach) -> Result<String> {
    let wanted =
        |slug: &str| options.tenants.is_empty() || options.tenants.iter().any(|t| t == slug);
    let current = Current::read(r, wanted).await?;
    for t in &options.tenants {
        if current.tenant(t).is_none() {
            return Err(Error::not_found(format!("tenant '{t}'")));
        }
    }
    let text = current.document.text()?;
    let twice = current.indistinct();
    if twice.is_empty() {
        return Ok(text);
    }
    // Whoever keeps it has to notice: it is whole to be read, and says itself what it is not good for.
    let note = "`muster apply` refuses this file: a name in it does not say which of them is meant";
    print(&Value::String(format!("# {note}.\n#   {}\n\n{text}", twice.join("\n#   "))));
    Err(Error::conflict(format!("{note}:\n  {}\n{}", twice.join("\n  "), twice::RENAME)))
}

/// Plans, asks, does.
///
/// # Errors
/// `Invalid` for a file that cannot be read, for a plan that would be refused, or when nobody said yes; the server's.
pub(super) async fn apply(options: Apply, r: &Reach) -> Result<Value> {
    let wanted = Document::read(&options.file)?;
    let named = |slug: &str| wanted.tenants.iter().any(|t| t.slug == slug);
    let mut current = Current::read(r, named).await?;
    wanted.named(&options.file, |slug| current.tenant(slug).is_some())?;
    for place in
        wanted.tenants.iter().flat_map(|t| &t.mappings).filter_map(|m| m.in_tenant.as_ref())
    {
        current.learn(r, place).await?;
    }
    current.distinct(&wanted, options.prune)?;
    let mut plan = Plan::of(r, &wanted, &current, options.prune).await?;
    let checked = plan.check(r).await?;
    if !options.yes {
        eprint!("{}", plan.lines(&checked));
    }
    checked.whole(&plan)?;
    if options.dry_run || plan.len() == 0 {
        return Ok(plan.told(0, &checked));
    }
    if options.yes {
        checked.tried(&plan, options.untried)?;
    } else {
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
