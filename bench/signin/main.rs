//! The figures of signing in: from a signal to the last refusal for everything that ends access, whole sign-ins a second
//! with the time of each step, and decisions about proofs. `bench/run signin` builds what it needs and runs this.

#![expect(clippy::cast_precision_loss, reason = "a program, measuring")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program, measuring"
)]

mod decisions;
mod ends;
#[path = "../shared/mod.rs"]
#[allow(dead_code, reason = "each benchmark uses its part")]
mod shared;
mod whole;

use shared::{Fail, Setting, figures::Figures};
use std::process::ExitCode;

fn main() -> ExitCode {
    shared::start(run)
}

async fn run(arguments: Vec<String>) -> Result<bool, Fail> {
    let set = Setting::read(&arguments)?;
    let mut figures = Figures::default();
    if set.wants("ends") {
        ends::run(&set, &mut figures).await?;
    }
    if set.wants("whole") {
        whole::run(&set, &mut figures).await?;
    }
    if set.wants("decisions") {
        decisions::run(&mut figures);
    }
    Ok(figures.done())
}
