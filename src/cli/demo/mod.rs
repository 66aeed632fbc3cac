//! `muster demo`: the main job, played in front of the reader. Two servers start in this process, the company's own
//! login and Muster; everybody else (the company's directory, its people's browsers, an application, a script) is a
//! plain HTTP client that knows nothing of our insides.
//!
//! Each step has an effect and a proof, apart from each other: `--break STEP` leaves out the effect, and the proof
//! has to notice by itself.

mod browser;
mod directory;
mod play;
mod stage;
mod steps;

use crate::error::{Error, Result};
use futures::future::BoxFuture;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use play::Play;
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};
use tokio::signal::unix::{SignalKind, signal};

/// How to play.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  muster demo                            play, then stay up to be explored
  muster demo --exit                     status 0 only if every step proved what it says
  muster demo --exit --break deactivate  leave a step's effect out: its proof must fail
  muster demo --steps                    the steps' names

Everything lives in a temporary folder and is gone at the end.")]
pub struct Options {
    /// End after the last step, with status 0 only if every step proved what it says
    #[arg(long)]
    exit: bool,
    /// List the steps and stop
    #[arg(long)]
    steps: bool,
    /// Leave this step's effect out
    #[arg(long = "break", value_name = "STEP")]
    broken: Option<String>,
    /// Where Muster listens; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: std::net::SocketAddr,
}

/// One step of the play.
pub(super) struct Step {
    /// For `--break`.
    name: &'static str,
    /// What a reader may believe after it.
    proves: &'static str,
    /// What is done.
    effect: for<'a> fn(&'a mut Play) -> BoxFuture<'a, Result<()>>,
    /// What shows it; the text is the evidence.
    proof: for<'a> fn(&'a mut Play) -> BoxFuture<'a, Result<String>>,
}

/// Plays.
///
/// # Errors
/// When the servers cannot start, or `--break` names no step. A proof that fails is no error but status 1.
pub async fn run(options: Options) -> Result<ExitCode> {
    if options.steps {
        for step in steps::ALL {
            println!("{:<12} {}", step.name, step.proves);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(name) = &options.broken
        && !steps::ALL.iter().any(|s| s.name == name)
    {
        let known: Vec<&str> = steps::ALL.iter().map(|s| s.name).collect();
        return Err(Error::invalid(format!(
            "there is no step '{name}'; the steps are {}",
            known.join(", ")
        )));
    }
    let began = Instant::now();
    let mut stage = stage::Stage::set(options.listen).await?;
    println!("Muster             {}", stage.muster.url);
    println!("the company's login {}", stage.company.url);
    println!(
        "outbound requests  to public addresses only, and, allowed by the demo, to {}\n",
        stage.allowed
    );
    let mut play = Play::new(&stage)?;
    let proved = tokio::select! {
        proved = perform(&mut play, options.broken.as_deref()) => proved,
        () = told_to_end() => {
            stage.strike().await;
            return Ok(ExitCode::FAILURE);
        }
    };
    let took = began.elapsed();
    let all = steps::ALL.len();
    println!("\n{proved} of {all} steps proved, in {:.1} s", took.as_secs_f64());
    let whole = proved == all;
    if whole && !options.exit {
        println!("\n{}", play.tour());
        println!("\nCtrl-C ends it.");
        told_to_end().await;
    }
    stage.strike().await;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ctrl-C or SIGTERM: the temporary folder goes either way.
async fn told_to_end() {
    let mut term = signal(SignalKind::terminate()).ok();
    let term = async {
        match &mut term {
            Some(t) => drop(t.recv().await),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = term => {}
    }
}

/// How many steps proved what they say; the play ends at the first that does not.
async fn perform(play: &mut Play, broken: Option<&str>) -> usize {
    let width = steps::ALL.len();
    let bar = ProgressBar::with_draw_target(Some(width as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("  {spinner} [{bar:24}] {pos}/{len} {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(80));
    for (i, step) in steps::ALL.iter().enumerate() {
        bar.set_message(step.proves);
        let began = Instant::now();
        let left_out = broken == Some(step.name);
        let outcome = act(play, step, left_out).await;
        let ms = began.elapsed().as_millis();
        bar.suspend(|| tell(i + 1, step, left_out, ms, &outcome));
        if outcome.is_err() {
            bar.finish_and_clear();
            return i;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    width
}

async fn act(play: &mut Play, step: &Step, left_out: bool) -> Result<String> {
    if !left_out {
        (step.effect)(play).await?;
    }
    (step.proof)(play).await
}

fn tell(number: usize, step: &Step, left_out: bool, ms: u128, outcome: &Result<String>) {
    let (sign, mark) = if outcome.is_ok() { ("ok", "proved by") } else { ("FAILED", "because") };
    println!("{number}. {:<12} {} ({ms} ms) {sign}", step.name, step.proves);
    if left_out {
        println!("   left out   by --break");
    }
    match outcome {
        Ok(evidence) => println!("   {mark}  {evidence}"),
        Err(e) => {
            println!("   {mark}  {}", e.detail());
            if let Some(more) = e.operator_text() {
                println!("            {more}");
            }
        }
    }
}
