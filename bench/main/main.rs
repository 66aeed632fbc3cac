//! The figures of the main job. `bench/run main` builds what it needs and runs this; every comparison is measured in
//! one run, its sides taking turns.

#![expect(clippy::cast_precision_loss, reason = "a program, measuring")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program, measuring"
)]

mod bare;
mod browser;
mod create;
mod figures;
mod http;
mod muster;
mod revoke;
mod start;
mod tokens;
mod upstream;

use figures::Figures;
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// Whatever stops a benchmark.
pub type Fail = Box<dyn std::error::Error + Send + Sync>;

/// What is measured, and how long.
pub struct Setting {
    /// The server's binary.
    pub muster: PathBuf,
    /// A folder of this run.
    pub work: PathBuf,
    /// Databases on PostgreSQL, made by `bench/run`, one for each figure that wants one.
    pub postgres: Option<String>,
    /// Shorter, to see that everything still runs.
    pub quick: bool,
}

impl Setting {
    fn seconds(&self, n: u64) -> Duration {
        if self.quick { Duration::from_millis(300 * n) } else { Duration::from_secs(n) }
    }
    fn rounds(&self) -> u32 {
        if self.quick { 2 } else { 5 }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(r) => r.block_on(run(&arguments)),
        Err(e) => Err(e.into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("bench: {e}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[String]) -> Result<bool, Fail> {
    if let [word, port, token, scope] = arguments
        && word == "bare"
    {
        bare::serve(port.parse()?, token, scope).await?;
        return Ok(true);
    }
    let option = |name: &str| {
        arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1)).cloned()
    };
    let set = Setting {
        muster: option("--muster").ok_or("--muster BINARY is missing")?.into(),
        work: option("--work").ok_or("--work FOLDER is missing")?.into(),
        postgres: option("--postgres"),
        quick: arguments.iter().any(|a| a == "--quick"),
    };
    let only = option("--only");
    let wanted = |name: &str| only.as_deref().is_none_or(|o| o == name);
    let mut figures = Figures::default();
    if wanted("tokens") {
        tokens::run(&set, &mut figures).await?;
    }
    if wanted("create") {
        create::run(&set, &mut figures).await?;
    }
    if wanted("revoke") {
        revoke::run(&set, &mut figures).await?;
    }
    if wanted("start") {
        start::run(&set, &mut figures).await?;
    }
    Ok(figures.done())
}
