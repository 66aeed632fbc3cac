//! The figures of the main job. `bench/run main` builds what it needs and runs this; every comparison is measured in
//! one run, its sides taking turns.

#![expect(clippy::cast_precision_loss, reason = "a program, measuring")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program, measuring"
)]

mod bare;
mod create;
mod revoke;
#[path = "../shared/mod.rs"]
#[allow(dead_code, reason = "each benchmark uses its part")]
mod shared;
mod start;
mod tokens;

use shared::{Fail, Setting, figures::Figures};
use std::process::ExitCode;

fn main() -> ExitCode {
    shared::start(run)
}

async fn run(arguments: Vec<String>) -> Result<bool, Fail> {
    if let [word, port, token, scope] = arguments.as_slice()
        && word == "bare"
    {
        bare::serve(port.parse()?, token, scope).await?;
        return Ok(true);
    }
    let set = Setting::read(&arguments)?;
    let mut figures = Figures::default();
    if set.wants("tokens") {
        tokens::run(&set, &mut figures).await?;
    }
    if set.wants("create") {
        create::run(&set, &mut figures).await?;
    }
    if set.wants("revoke") {
        revoke::run(&set, &mut figures).await?;
    }
    if set.wants("start") {
        start::run(&set, &mut figures).await?;
    }
    Ok(figures.done())
}
