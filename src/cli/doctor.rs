//! `muster doctor`: the checks of an installation, one line each. A running server runs them itself; a stopped one's
//! data is opened step by step, so that what keeps it from starting is told as well. It mends nothing and makes
//! nothing.

use super::{
    place::{self, Make, Place},
    reach::Reach,
};
use crate::{
    actor::{Actor, Principal},
    checks::{self, Finding, Status},
    clock::Clock,
    config::{Config, Loaded},
    crypto::seal::MasterKey,
    error::{Error, Kind, Result},
    id::RequestId,
    secret::ExposeSecret as _,
    server,
    store::{Store, examine},
};
use clap::Args;
use serde_json::{Value, json};
use std::{fmt::Write as _, fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};
use tokio::net::UnixStream;

/// How long a running server may take for all checks together.
const PATIENCE: Duration = Duration::from_secs(90);

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "One line a check: ok, warn or fail; what was found; what to do. The exit status is 1 when one failed.
It works while the server runs and while it does not, and changes nothing.

Examples:
  muster doctor --data-dir /var/lib/muster
  muster doctor --send-test-mail you@example.com
  muster doctor --json | jq '.checks[] | select(.status != \"ok\")'"
)]
pub(super) struct Options {
    /// JSON instead of lines
    #[arg(long)]
    json: bool,
    /// Send a letter to this address, too
    #[arg(long, value_name = "ADDRESS")]
    send_test_mail: Option<String>,
}

/// Looks and tells; says whether nothing failed. `file`: the settings file that was given.
pub(super) async fn run(options: &Options, file: Option<&Path>, loaded: Result<Loaded>) -> bool {
    let found = match loaded {
        Ok(loaded) => {
            let mut found = settings(&loaded, file);
            found.extend(Box::pin(installation(options, loaded.config)).await);
            found
        }
        Err(e) => vec![error("settings", &e, "every setting is explained by: muster config")],
    };
    let ok = found.iter().all(|f| f.status != Status::Fail);
    if options.json {
        super::print(&json!({ "ok": ok, "checks": found }));
    } else {
        print!("{}", lines(&found));
    }
    ok
}

fn lines(found: &[Finding]) -> String {
    let mut out = String::new();
    for f in found {
        let status = match f.status {
            Status::Ok => "ok  ",
            Status::Warn => "warn",
            Status::Fail => "fail",
        };
        let mend = f.mend.as_ref().map(|m| format!("; mend: {m}")).unwrap_or_default();
        // One line each, whatever others wrote into it.
        let text = format!("{status} {}: {}{mend}", f.name, f.what);
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(out, "{text}");
    }
    out
}

fn error(name: &str, e: &Error, mend: &str) -> Finding {
    // Both texts: the one for callers says what, the operator's why.
    match (e.kind(), e.operator_text()) {
        (Kind::Unavailable | Kind::Internal, _) | (_, None) => Finding::error(name, e, mend),
        (_, Some(more)) => Finding::fail(name, format!("{}: {more}", e.detail()), mend),
    }
}

fn settings(loaded: &Loaded, file: Option<&Path>) -> Vec<Finding> {
    const NAME: &str = "settings";
    let mut found = Vec::new();
    for text in &loaded.warnings {
        found.push(Finding::warn(NAME, text, "every setting is explained by: muster config"));
    }
    let config = &loaded.config;
    let password = |url: &str| url::Url::parse(url).is_ok_and(|u| u.password().is_some());
    let secret = password(config.database.url.expose_secret())
        || password(config.mail.server.expose_secret());
    if let Some(file) = file
        && secret
        && fs::metadata(file).is_ok_and(|m| m.permissions().mode() & 0o004 != 0)
    {
        let shown = file.display();
        let what = format!("everybody on this machine can read {shown}, and a password is set");
        found.push(Finding::fail(NAME, what, format!("chmod o= {shown}")));
    }
    if found.is_empty() {
        found.push(Finding::ok(NAME, "every one is known"));
    }
    found
}

async fn installation(options: &Options, config: Config) -> Vec<Finding> {
    let socket = place::socket(&config.server.data_dir);
    if UnixStream::connect(&socket).await.is_err() {
        return stopped(options, config).await;
    }
    let ask = json!({ "send_test_mail": options.send_test_mail });
    let reach = Reach::Running(socket);
    match tokio::time::timeout(PATIENCE, reach.post("/doctor", &ask)).await {
        Ok(Ok(answer)) => {
            let mut found = vec![Finding::ok("server", "it runs")];
            found.extend(read(answer));
            found
        }
        Ok(Err(e)) => vec![error("server", &e, "see its log")],
        Err(_) => {
            let what = format!("it runs and does not answer within {} s", PATIENCE.as_secs());
            vec![Finding::fail("server", what, "see its log; start it anew")]
        }
    }
}

fn read(mut answer: Value) -> Vec<Finding> {
    serde_json::from_value(answer["checks"].take()).unwrap_or_else(|e| {
        let what = format!("it answers what this program does not understand: {e}");
        vec![Finding::fail("server", what, "use the program that the server runs")]
    })
}

/// Opens what a start would open, and tells how far it comes.
async fn stopped(options: &Options, config: Config) -> Vec<Finding> {
    let dir = config.server.data_dir.clone();
    let mut found = vec![Finding::warn(
        "server",
        "it does not run; its data is looked at with the settings given here",
        "muster serve",
    )];
    if !dir.exists() {
        let what = format!("there is no Muster in {}", dir.display());
        let mend = "is --data-dir right? `muster serve` makes a new one";
        found.push(Finding::fail("files", what, mend));
        return found;
    }
    // Before the directory is taken, which closes it to others.
    let files = checks::files(&config);
    let place = match Place::take(&dir, Make::No) {
        Ok(place) => place,
        Err(e) => {
            let mend = "is --data-dir right? if a server starts or stops just now, wait for it";
            found.push(error("server", &e, mend));
            return found;
        }
    };
    found.extend(files);
    match open(options, config, &place).await {
        Ok(more) => found.extend(more),
        Err(stop) => found.push(*stop),
    }
    found
}

async fn open(
    options: &Options,
    mut config: Config,
    place: &Place,
) -> Result<Vec<Finding>, Box<Finding>> {
    let database = |e: Error| {
        Box::new(error("database", &e, "start the database, or mend database.url; see its log"))
    };
    let at = place.options(&config);
    let known = examine::known();
    let has = examine::applied(&at).await.map_err(database)?;
    match has {
        None => {
            let mend = "is database.url right? `muster serve` makes one";
            return Err(Box::new(Finding::fail("database", "there is none yet", mend)));
        }
        Some(n) if n < known => {
            let what =
                format!("it has {n} of {known} migrations; more is looked at when it has all");
            return Err(Box::new(Finding::warn(
                "database",
                what,
                "muster migrate, after a backup",
            )));
        }
        Some(n) if n > known => {
            let what = format!("it has {n} migrations and this program knows {known}");
            let mend = "use the newer program that wrote it";
            return Err(Box::new(Finding::fail("database", what, mend)));
        }
        Some(_) => {}
    }
    let listen = config.server.listen;
    let wrong = |e: Error| Box::new(error("settings", &e, "see: muster config"));
    config.settle(listen).map_err(wrong)?;
    let store = Store::open(&at, Clock::System).await.map_err(database)?;
    let found = assembled(options, config, store.clone()).await;
    store.close().await;
    found
}

async fn assembled(
    options: &Options,
    config: Config,
    store: Store,
) -> Result<Vec<Finding>, Box<Finding>> {
    // Read and never made: a new key would open nothing of what is there.
    let key = |e: Error| {
        let mend =
            "put the key back from your copy: what was sealed with it opens with nothing else";
        Box::new(error("master-key", &e, mend))
    };
    let master = MasterKey::load(&config.master_key_file()).map_err(key)?;
    let app = server::assemble(config, store, master).await.map_err(|e| {
        let (name, mend) = match e.kind() {
            Kind::Invalid => ("settings", "see: muster config"),
            _ if e.operator_text().is_some_and(|t| t.contains("master key")) => {
                ("master-key", "put the key back with which the database was begun")
            }
            _ => ("start", "the server does not start either before this is mended"),
        };
        Box::new(error(name, &e, mend))
    })?;
    let owner = Actor::prove(Principal::Owner, RequestId::new());
    let refused = |e: Error| Box::new(error("start", &e, "see the database's log"));
    let permit = app.access.require_global(&owner).await.map_err(refused)?;
    let mut found = checks::examine(&app, &permit, false).await;
    // They were looked at before the directory was opened.
    found.retain(|f| f.name != "files");
    if let Some(to) = &options.send_test_mail {
        found.push(checks::test_mail(&app, &permit, to).await);
    }
    Ok(found)
}
