//! Muster's SCIM at work: beside PyPI's scim2-server and npm's scimmy-routers (both in memory, while every write of
//! Muster's is durable), beside what the databases themselves do with the same rows, and at sizes: large groups, a first
//! synchronisation, alone and beside a stream of security events, a million people, ten thousand tenants, a tenant that asks
//! too much.

#![expect(clippy::cast_precision_loss, reason = "a program, measuring")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program, measuring"
)]

mod beside;
#[allow(dead_code, reason = "each benchmark uses its part")]
mod bulk;
mod fair;
mod group;
mod load;
mod million;
mod rates;
mod raw;
#[path = "../shared/mod.rs"]
#[allow(dead_code, reason = "each benchmark uses its part")]
mod shared;
mod sides;
mod sync;
mod tenants;

use shared::{Fail, Setting, figures::Figures};
use std::process::ExitCode;

fn main() -> ExitCode {
    shared::start(run)
}

async fn run(arguments: Vec<String>) -> Result<bool, Fail> {
    let set = Setting::read(&arguments)?;
    let mut figures = Figures::default();
    rates::run(&set, &mut figures).await?;
    if set.wants("fair") {
        fair::run(&set, &mut figures).await?;
    }
    if set.wants("group") {
        group::run(&set, &mut figures).await?;
    }
    if set.wants("sync") {
        sync::run(&set, &mut figures).await?;
    }
    if set.wants("beside") {
        beside::run(&set, &mut figures).await?;
    }
    if set.wants("million") {
        million::run(&set, &mut figures).await?;
    }
    if set.wants("tenants") {
        tenants::run(&set, &mut figures).await?;
    }
    Ok(figures.done())
}
