//! What the benchmarks share: the settings of a run, servers in processes of their own, a client that costs little,
//! and how a figure is printed.

pub mod browser;
pub mod figures;
pub mod http;
pub mod muster;
pub mod signin;
pub mod upstream;

use std::{path::PathBuf, process::ExitCode, time::Duration};

/// Whatever stops a benchmark.
pub type Fail = Box<dyn std::error::Error + Send + Sync>;

/// What is measured, and how long.
pub struct Setting {
    /// The server's binary.
    pub muster: PathBuf,
    /// A folder of this run.
    pub work: PathBuf,
    /// A database on PostgreSQL, made by `bench/run`.
    pub postgres: Option<String>,
    /// Node.js and the folder of the peer, where there is one.
    pub node: Option<(PathBuf, PathBuf)>,
    /// A Python with the peer's packages.
    pub python: Option<PathBuf>,
    /// Shorter, to see that everything still runs.
    pub quick: bool,
    only: Option<String>,
}

impl Setting {
    /// Reads the options that `bench/run` gives.
    pub fn read(arguments: &[String]) -> Result<Self, Fail> {
        let option = |name: &str| {
            arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1)).cloned()
        };
        let node = option("--node").map(PathBuf::from);
        Ok(Self {
            muster: option("--muster").ok_or("--muster BINARY is missing")?.into(),
            work: option("--work").ok_or("--work FOLDER is missing")?.into(),
            postgres: option("--postgres"),
            node: node.zip(option("--peer").map(PathBuf::from)),
            python: option("--python").map(PathBuf::from),
            quick: arguments.iter().any(|a| a == "--quick"),
            only: option("--only"),
        })
    }
    /// Whether a part of the benchmark is asked for: all are, unless `--only` names some, with commas between.
    pub fn wants(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|o| o.split(',').any(|o| o == name))
    }
    /// A time, shorter in a quick run.
    pub fn seconds(&self, n: u64) -> Duration {
        if self.quick { Duration::from_millis(300 * n) } else { Duration::from_secs(n) }
    }
    /// How often each side has its turn.
    pub fn rounds(&self) -> u32 {
        if self.quick { 2 } else { 5 }
    }
}

/// Runs a benchmark to its end; `true` says that nothing fell short.
pub fn start<F: Future<Output = Result<bool, Fail>>>(
    run: impl FnOnce(Vec<String>) -> F,
) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(r) => r.block_on(run(arguments)),
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
