//! `muster scim-check`: plays whole conversations of real directories against any SCIM server and says what
//! differed. A plain HTTP client: it knows the protocol and the files of `scim-tests/`, and nothing of our server.
//! [`file`] reads a conversation, [`server`] is who is
//! spoken to, [`play`] holds the conversation, [`differ`] compares answers, [`report`] tells.

mod built_in;
mod differ;
mod file;
mod play;
mod report;
mod server;

pub use differ::differ;
pub use file::{Conversation, built_in};
pub use report::{Outcome, Played, Report};

use crate::error::{Error, Result};
use std::{io::IsTerminal as _, path::PathBuf, time::Duration};

/// What to check and how to tell it.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = "Examples:
  muster scim-check https://id.example.com/scim/0198.../v2 --token mst_scim_...
  muster scim-check http://127.0.0.1:8080/scim/0198.../v2 --token T --only entra --only rfc/errors
  MUSTER_SCIM_TOKEN=T muster scim-check https://other.example/scim/v2 --json > report.json

People and groups are made under names of this run only and deleted at its end. What the server itself says it does
not support is left out.
Exit status: 0 when every exchange that was held was answered as expected, 1 otherwise.")]
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
    let told = std::io::stderr().is_terminal();
    let json = options.json;
    let report = check_aloud(options, &mut |heard| match heard {
        // A line that the next one overwrites, where somebody looks.
        Heard::Begins { name, nth, of } if told => eprint!("\r\x1b[K{nth} of {of}: {name} ..."),
        Heard::Begins { .. } => {}
        Heard::Ended(played) => {
            if told {
                eprint!("\r\x1b[K");
            }
            if !json {
                played.print(options.verbose);
            }
        }
    })
    .await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report).map_err(Error::internal)?);
    } else {
        report.print();
    }
    Ok(report.passed())
}

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Heard<'a> {
    /// A conversation begins.
    Begins {
        /// Its name.
        name: &'a str,
        /// Its place, from 1.
        nth: usize,
        /// How many there are.
        of: usize,
    },
    /// It has ended.
    Ended(&'a Played),
}

/// Runs what `options` ask for.
///
/// # Errors
/// See [`run`].
pub async fn check(options: &Options) -> Result<Report> {
    check_aloud(options, &mut |_| ()).await
}

/// The same, and tells how far it is.
///
/// # Errors
/// See [`run`].
pub async fn check_aloud(
    options: &Options,
    tell: &mut (dyn FnMut(Heard<'_>) + Send),
) -> Result<Report> {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_mins(1))
        .redirect(reqwest::redirect::Policy::none())
        // A connection for each exchange: a server that closes one after an answer would otherwise fail the next
        // exchange now and then, and which one is found depends on who is faster.
        .pool_max_idle_per_host(0)
        .user_agent(concat!("muster-scim-check/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(Error::internal)?;
    let conversations = file::load(options)?;
    let server = server::Server::meet(http, &options.base_url, &options.token).await?;
    let mut report = Report::new(&options.base_url);
    for (i, conversation) in conversations.iter().enumerate() {
        let (nth, of) = (i + 1, conversations.len());
        tell(Heard::Begins { name: &conversation.name, nth, of });
        let played = play::play(&server, conversation).await;
        tell(Heard::Ended(&played));
        report.add(played);
    }
    Ok(report)
}
