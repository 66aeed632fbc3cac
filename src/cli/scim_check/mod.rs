//! `muster scim-check`: plays whole conversations of real directories against any SCIM server and says what
//! differed. A plain HTTP client: it knows the protocol and the files of `scim-tests/`, and nothing of our server.
//! [`file`] reads a conversation, [`play`] holds it, [`differ`] compares answers, [`report`] tells.

mod built_in;
mod differ;
mod file;
mod play;
mod report;

pub use differ::differ;
pub use file::{Conversation, built_in};
pub use report::{Outcome, Report};

use crate::error::{Error, Result};
use std::{path::PathBuf, time::Duration};

/// What to check and how to tell it.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = "Examples:
  muster scim-check https://id.example.com/scim/0198.../v2 --token mst_scim_...
  muster scim-check http://127.0.0.1:8080/scim/0198.../v2 --token T --only entra --only rfc/errors
  MUSTER_SCIM_TOKEN=T muster scim-check https://other.example/scim/v2 --json > report.json

People and groups are made under names of this run only and deleted at its end.
Exit status: 0 when every exchange was answered as expected, 1 otherwise.")]
pub struct Options {
    /// The server's SCIM base URL, as a directory would be given it
    pub base_url: String,
    /// Bearer token of a directory meant for tests
    #[arg(long, env = "MUSTER_SCIM_TOKEN", hide_env_values = true)]
    pub token: String,
    /// Only conversations whose name starts so (entra, okta, rfc/errors); may be given several times
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Conversations from this folder instead of the ones inside the program
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
    /// Print one JSON document instead of the table
    #[arg(long)]
    pub json: bool,
    /// List the conversations and stop
    #[arg(long)]
    pub list: bool,
    /// Print every exchange, not only the ones that failed
    #[arg(long, short)]
    pub verbose: bool,
}

/// Runs what `options` ask for and prints the report; true when everything was as expected.
///
/// # Errors
/// When a conversation cannot be read, or the base URL is not one.
pub async fn run(options: &Options) -> Result<bool> {
    if options.list {
        for c in file::load(options)? {
            println!("{:<28} {:>3} exchanges  {}", c.name, c.exchanges(), c.title);
        }
        return Ok(true);
    }
    let report = check(options).await?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report).map_err(Error::internal)?);
    } else {
        report.print(options.verbose);
    }
    Ok(report.passed())
}

/// Runs what `options` ask for.
///
/// # Errors
/// See [`run`].
pub async fn check(options: &Options) -> Result<Report> {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_mins(1))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("muster-scim-check/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(Error::internal)?;
    let server = play::Server::meet(http, &options.base_url, &options.token).await?;
    let mut report = Report::new(&options.base_url);
    for conversation in file::load(options)? {
        report.add(play::play(&server, &conversation).await);
    }
    Ok(report)
}
