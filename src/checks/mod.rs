//! Is this installation well? A table of checks: each looks at one thing, changes nothing, has its time, and says in
//! one line what it found and what to do about it. The server runs them, because it sees its own files, database and
//! neighbours; a stopped server's are run by whoever opened its data.

mod db;
mod files;
pub mod home;
mod outside;
mod stored;

pub use files::{files, room};
pub use outside::{Asked, provider};
pub use stored::mend as database_mend;

use crate::{
    access::{Permit, perm::Global},
    app::App,
    error::{Error, Result},
    mail::Letter,
};
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Checks that run at the same time.
const AT_ONCE: usize = 4;
/// For whatever a check asks once.
const PATIENCE: Duration = Duration::from_secs(5);

/// How it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[schemars(rename = "CheckStatus")]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// It works, and somebody should know or do something.
    Warn,
    /// It does not work.
    Fail,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// What was looked at.
    pub name: String,
    /// How it is.
    pub status: Status,
    /// What was found.
    pub what: String,
    /// What to do about it; absent when there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mend: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(name: &str, what: impl Into<String>) -> Self {
        Self { name: name.to_owned(), status: Status::Ok, what: what.into(), mend: None }
    }
    /// It works, but.
    pub fn warn(name: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        let mend = Some(mend.into());
        Self { name: name.to_owned(), status: Status::Warn, what: what.into(), mend }
    }
    /// It does not work.
    pub fn fail(name: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { status: Status::Fail, ..Self::warn(name, what, mend) }
    }
    /// What an error says to whoever runs the server.
    pub fn error(name: &str, e: &Error, mend: impl Into<String>) -> Self {
        Self::fail(name, words(e), mend)
    }
}

/// The operator's text of an error, or the client's.
fn words(e: &Error) -> &str {
    e.operator_text().unwrap_or(e.detail())
}

/// The installation, as the checks get it.
#[derive(Clone)]
struct Place {
    app: App,
    /// Requests from outside are answered.
    running: bool,
}

struct Check {
    name: &'static str,
    /// How long it may take in all.
    patience: Duration,
    run: fn(Place, &'static str) -> BoxFuture<'static, Result<Vec<Finding>>>,
}

macro_rules! table {
    ($($name:literal $seconds:literal $run:path;)*) => {
        /// Every check, in the order in which they are told.
        static TABLE: &[Check] = &[$(Check {
            name: $name,
            patience: Duration::from_secs($seconds),
            run: |place, name| Box::pin($run(place, name)),
        }),*];
    };
}

table! {
    "files" 5 files::of_the_server;
    "disk" 5 files::disk;
    "database" 10 stored::database;
    "isolation" 5 stored::isolation;
    "clock" 10 outside::clock;
    "master-key" 5 stored::master_key;
    "signing-keys" 5 stored::signing_keys;
    "tls" 5 files::tls;
    "public-url" 10 outside::public_url;
    "outbound" 5 files::outbound;
    "directory" 60 outside::directories;
    "provisioning" 10 stored::provisioning;
    "mail" 6 outside::mail;
    "outbox" 5 stored::outbox;
    "secrets" 5 stored::secrets;
    "administrators" 5 stored::administrators;
}

/// Runs every check; `running`: requests from outside are answered, so the way in can be tried.
pub async fn examine(app: &App, _permit: &Permit<Global>, running: bool) -> Vec<Finding> {
    let place = Place { app: app.clone(), running };
    let all: Vec<BoxFuture<'static, _>> =
        TABLE.iter().map(|check| one(place.clone(), check).boxed()).collect();
    let found: Vec<Vec<Finding>> = stream::iter(all).buffered(AT_ONCE).collect().await;
    found.concat()
}

async fn one(place: Place, check: &'static Check) -> Vec<Finding> {
    let name = check.name;
    match tokio::time::timeout(check.patience, (check.run)(place, name)).await {
        Ok(Ok(found)) => found,
        Ok(Err(e)) => vec![Finding::error(name, &e, "see the server's log, and the database's")],
        Err(_) => {
            let what = format!("no answer within {} s", check.patience.as_secs());
            vec![Finding::fail(name, what, "is what it asks overloaded or cut off?")]
        }
    }
}

/// Sends a letter that says that letters arrive.
pub async fn test_mail(app: &App, _permit: &Permit<Global>, to: &str) -> Finding {
    const NAME: &str = "test-mail";
    let brand = &app.config.brand.name;
    let text = format!(
        "This letter was sent by `muster doctor` or `muster mail test` on {}. Nobody has to do anything.\n",
        app.config.issuer()
    );
    let letter = Letter {
        to: to.to_owned(),
        subject: format!("{brand}: mail arrives"),
        html: format!("<p>{}</p>", text.trim_end().replace('`', "")),
        text,
        id: format!("test.{}", crate::crypto::random_b64(12)),
    };
    match tokio::time::timeout(4 * PATIENCE, app.mailer.send(letter)).await {
        Ok(Ok(())) => Finding::ok(NAME, format!("the mail server took a letter to {to}")),
        Ok(Err(e)) => {
            Finding::error(NAME, &e, "see mail.server and mail.from, and the server's log")
        }
        Err(_) => Finding::fail(NAME, "the mail server takes too long", "see mail.server"),
    }
}
