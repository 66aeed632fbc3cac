//! `muster mail`: whether letters arrive.

use super::given;
use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Mail {
    /// Send a letter now, and say what the mail server answered
    #[command(after_help = "Examples:
  muster mail test --to you@example.com")]
    Test {
        /// Where to; your own address where none is given
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
    },
}

pub(super) async fn run(v: Mail, r: &Reach) -> Result<Value> {
    match v {
        Mail::Test { to } => r.post("/mail/test", &given(json!({ "to": to }))).await,
    }
}
