//! `muster keys`: signing keys.

use crate::{cli::reach::Reach, error::Result};
use clap::Subcommand;
use serde_json::{Value, json};

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Begin to use new signing keys
    #[command(
        after_help = "The new key is published now and signs a day later, so that whoever caches our key set has it by then.
With --at-once it signs now: for the day a key leaked.

Examples:
  muster keys rotate
  muster keys rotate --at-once"
    )]
    Rotate {
        /// Sign with the new key now
        #[arg(long)]
        at_once: bool,
    },
    /// All keys
    List,
}

pub(super) async fn run(v: Keys, r: &Reach) -> Result<Value> {
    match v {
        Keys::List => r.get("/keys").await,
        Keys::Rotate { at_once } => r.post("/keys/rotate", &json!({ "at_once": at_once })).await,
    }
}
