//! What others answer: directories, the mail server, and we ourselves as the world sees us.

use super::{Finding, PATIENCE, Place as Installation, Status, db};
use crate::{
    app::App,
    clock::Timestamp,
    crypto::{pair::SOON, x509::Certificate},
    error::{Error, Result, causes},
    net,
    protocol::oidc::{self, Place, Preset},
    store::Scope,
};
use futures::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use http::{HeaderMap, header::DATE};
use serde_json::Value;
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

const DISCOVERY: &str = "/.well-known/openid-configuration";
/// The directories looked at, and how many at the same time.
const DIRECTORIES: i64 = 200;
const AT_ONCE: usize = 16;
/// One-time codes and fresh tokens bear no more than this.
const APART: Duration = Duration::from_secs(30);
/// From so many seconds on a provider's clock is worth a word: sign-ins bear twice as much.
const SKEWED: u64 = oidc::SKEW / 2;

async fn ask(net: &net::Client, url: &str) -> Result<(HeaderMap, Value)> {
    let request = http::Request::get(url)
        .header("accept", "application/json")
        .body(Vec::new())
        .map_err(|e| Error::invalid(format!("{url}: {e}")))?;
    let late = |_| Error::unavailable(format!("{url}: no answer within {} s", PATIENCE.as_secs()));
    let answer = tokio::time::timeout(PATIENCE, net.send(request)).await.map_err(late)??;
    let (head, body) = answer.into_parts();
    if !head.status.is_success() {
        return Err(Error::unavailable(format!("{url} answers {}", head.status)));
    }
    let body = serde_json::from_slice(&body)
        .map_err(|e| Error::unavailable(format!("{url} is not JSON: {e}")))?;
    Ok((head.headers, body))
}

fn discovery(issuer: &str) -> String {
    format!("{}{DISCOVERY}", issuer.trim_end_matches('/'))
}

pub(super) async fn directories(place: Installation, name: &'static str) -> Result<Vec<Finding>> {
    let app = &place.app;
    let mut c = app.store.read(Scope::Platform).await?;
    let all = db::directories(&mut c, DIRECTORIES).await?;
    drop(c);
    if all.is_empty() {
        return Ok(vec![Finding::ok(name, "nobody signs in through one yet")]);
    }
    let all: Vec<BoxFuture<'static, _>> =
        all.into_iter().map(|d| directory(app.clone(), name, d).boxed()).collect();
    Ok(stream::iter(all).buffered(AT_ONCE).collect().await)
}

async fn directory(app: App, name: &str, d: db::WayIn) -> Finding {
    let name = format!("{name} {}/{}", d.tenant, d.name);
    match provider(&app, d.preset.0, &d.issuer).await {
        Ok(asked) => {
            let answers = format!("{} answers, {} keys", d.issuer, asked.keys);
            match asked.skewed() {
                Some(skewed) => {
                    let mend = "set this machine's clock by NTP; if it is right (see 'clock'), the provider's is wrong: tell them";
                    Finding::warn(&name, format!("{answers}, and {skewed}"), mend)
                }
                None => Finding::ok(&name, answers),
            }
        }
        Err(e) => {
            let mend = "is its issuer right, and can it be reached from here (DNS, firewall, outbound.allow, \
                        outbound.ca_file)?";
            let found = Finding::error(&name, &e, mend);
            // Nobody signs in through what is being set up.
            let status = if d.stage.offered() { found.status } else { Status::Warn };
            Finding { status, ..found }
        }
    }
}

/// How a provider answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The number of keys with which it signs.
    pub keys: usize,
    /// How many seconds its clock is ahead of ours (behind: below 0), if it says what time it is.
    pub ahead: Option<i64>,
}

impl Asked {
    /// That its clock and ours differ by more than is good, in words.
    pub fn skewed(&self) -> Option<String> {
        let ahead = self.ahead.filter(|a| a.unsigned_abs() >= SKEWED)?;
        let (seconds, way) = (ahead.unsigned_abs(), if ahead > 0 { "ahead of" } else { "behind" });
        let refused = if seconds > oidc::SKEW { "are refused" } else { "will soon be refused" };
        Some(format!(
            "its clock is {seconds} s {way} ours: sign-ins {refused} (clock_skew, token_expired), as {} s are borne",
            oidc::SKEW
        ))
    }
}

/// Asks a provider for its documents, now, and notes how that went.
///
/// # Errors
/// `Unavailable`; `Invalid` for an issuer that is not the preset's.
pub async fn provider(app: &App, preset: Preset, issuer: &str) -> Result<Asked> {
    let asked = answers(app, preset, issuer).await;
    let why_not = asked.as_ref().err().map(|e| super::words(e).to_owned());
    app.keyring.heard(issuer, app.store.clock().now(), why_not);
    asked
}

/// The number of keys with which a provider signs, if it says what it must.
async fn answers(app: &App, preset: Preset, issuer: &str) -> Result<Asked> {
    let at = match oidc::place(preset, issuer)? {
        Place::Issuer => discovery(issuer),
        Place::EntraV1 { document, .. } => document,
    };
    let (headers, about) = ask(&app.net, &at).await?;
    let now = app.store.clock().now();
    let said = about["issuer"].as_str().unwrap_or_default();
    if said != issuer {
        return Err(Error::unavailable(format!("{issuer} calls itself '{said}'")));
    }
    let set = about["jwks_uri"].as_str().unwrap_or_default();
    let (_, set) = ask(&app.net, set).await?;
    let ahead = date(&headers).map(|theirs| theirs.secs() - now.secs());
    match set["keys"].as_array().map_or(0, Vec::len) {
        0 => Err(Error::unavailable(format!("{issuer} has no keys"))),
        keys => Ok(Asked { keys, ahead }),
    }
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(Timestamp::from_secs(at.unix_timestamp()))
}

pub(super) async fn clock(place: Installation, name: &'static str) -> Result<Vec<Finding>> {
    let app = &place.app;
    let clock = app.store.clock();
    let mut found = Vec::new();
    let mut compare = |whose: &str, theirs: Timestamp| {
        let ours = clock.now();
        let apart = ours.since(theirs).max(theirs.since(ours));
        if apart > APART {
            let what = format!("{} s apart from {whose}", apart.as_secs());
            let mend =
                "set both by NTP: one-time codes, tokens and sign-ins fail with a wrong clock";
            found.push(Finding::fail(name, what, mend));
        }
    };
    compare("the database's", app.store.database_clock().await?);
    let mut c = app.store.read(Scope::Platform).await?;
    let first = db::directories(&mut c, 1).await?.pop();
    drop(c);
    let mut others = "the database's";
    if let Some(d) = first
        && let Ok((headers, _)) = ask(&app.net, &discovery(&d.issuer)).await
        && let Some(theirs) = date(&headers)
    {
        compare(&format!("that of {}", d.issuer), theirs);
        others = "the database's and a directory's";
    }
    if found.is_empty() {
        found.push(Finding::ok(name, format!("{}, as {others}", clock.now().rfc3339())));
    }
    Ok(found)
}

pub(super) async fn mail(place: Installation, name: &'static str) -> Result<Vec<Finding>> {
    let mailer = &place.app.mailer;
    if !mailer.sends() {
        let mend = "set mail.server and mail.from; until then invitations are handed over by hand";
        return Ok(vec![Finding::warn(name, "no mail server is set", mend)]);
    }
    Ok(vec![match tokio::time::timeout(PATIENCE, mailer.probe()).await {
        Ok(Ok(())) if mailer.in_the_clear() => {
            let what = "the mail server answers; letters cross the network without TLS, and links in them with it";
            Finding::warn(name, what, "write smtps:// or ?tls=required in mail.server")
        }
        Ok(Ok(())) => Finding::ok(name, "the mail server answers and lets us in"),
        Ok(Err(e)) => {
            let mend = "see mail.server (host, port, TLS, password); try `muster doctor --send-test-mail ADDRESS`";
            Finding::error(name, &e, mend)
        }
        Err(_) => {
            let what = format!("the mail server does not answer within {} s", PATIENCE.as_secs());
            Finding::fail(name, what, "is mail.server reachable from here (DNS, firewall)?")
        }
    }])
}

/// We ourselves, by the way everybody comes: the public URL leads here, over TLS that browsers trust.
pub(super) async fn public_url(place: Installation, name: &'static str) -> Result<Vec<Finding>> {
    if !place.running {
        return Ok(Vec::new());
    }
    let app = &place.app;
    let issuer = app.config.issuer();
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .tls_info(true)
        .tls_certs_merge(net::further_authorities(&app.config.outbound)?)
        .build()
        .map_err(Error::internal)?;
    let ask = async |url: &str| -> std::result::Result<(reqwest::Response, u16), String> {
        let answer = http.get(url).send().await.map_err(|e| causes(&e))?;
        let status = answer.status().as_u16();
        Ok((answer, status))
    };
    let lost = "do DNS, firewall and proxy lead from the public URL to this server? (asked from this machine)";
    let other =
        "let the public URL lead to this server and no other; its issuer is server.public_url";
    let (answer, status) = match ask(&discovery(issuer)).await {
        Ok(answer) => answer,
        Err(e) => return Ok(vec![Finding::fail(name, e, lost)]),
    };
    let days = left(&answer, app.store.clock().now());
    let about: Value = answer.json().await.unwrap_or_default();
    if status != 200 || about["issuer"] != issuer {
        let said = about["issuer"].as_str().unwrap_or("nothing");
        let what = format!("{issuer} answers {status} and calls itself {said}");
        return Ok(vec![Finding::fail(name, what, other)]);
    }
    let set = about["jwks_uri"].as_str().unwrap_or_default();
    let set = match ask(set).await {
        Ok((answer, _)) => answer.text().await.unwrap_or_default(),
        Err(e) => return Ok(vec![Finding::fail(name, e, lost)]),
    };
    if set != *app.keys.document() {
        let what = format!("{issuer} shows other keys than ours");
        return Ok(vec![Finding::fail(name, what, other)]);
    }
    Ok(vec![match days {
        Some(days) if days < SOON => {
            let what = format!("{issuer} leads here; the certificate it shows ends in {days} days");
            Finding::warn(name, what, "renew it")
        }
        _ => Finding::ok(name, format!("{issuer} leads here and shows our keys")),
    }])
}

/// How many days the certificate still holds that we were shown.
fn left(answer: &reqwest::Response, now: Timestamp) -> Option<i64> {
    let info = answer.extensions().get::<reqwest::tls::TlsInfo>()?;
    let der = info.peer_certificate()?.to_vec();
    Some(Certificate::read(der.into()).ok()?.days_left(now))
}
