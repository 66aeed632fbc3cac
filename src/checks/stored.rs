//! What is stored: the database and its keys, what waits in it, who may act.

use super::{Finding, Place, db};
use crate::{
    access::guard,
    clock::Timestamp,
    crypto::seal::MasterKey,
    error::{Error, Result},
    provisioning::health,
    setup,
    store::{Scope, examine},
    tx,
};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Secrets that end within this time are told of.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);
/// So many directories are told of.
const UNWELL: usize = 20;
/// So many invitations whose letters were given up are named.
const UNREACHED: i64 = 20;
/// A message that waits longer tells of trouble.
const LONG: Duration = Duration::from_secs(15 * 60);
/// A letter that waits longer than this was refused for a while, most likely.
const LETTER: Duration = Duration::from_secs(10 * 60);

const RESTORE: &str = "stop the server, keep a copy of the file, restore the last backup";

/// What to do about a database that cannot be read.
pub fn mend(e: &Error) -> &'static str {
    let said = e.operator_text().unwrap_or_default();
    let damaged = said.contains("malformed") || said.contains("is not a database");
    match said {
        _ if damaged => RESTORE,
        s if s.starts_with("SQLite") => {
            "is the file of database.url there, whole, and open to this user? see the log"
        }
        _ => "start the database, or mend database.url; see its log",
    }
}

pub(super) async fn database(place: Place, name: &'static str) -> Result<Vec<Finding>> {
    let store = &place.app.store;
    let found = match store.examine().await {
        Ok(found) => found,
        Err(e) => {
            return Ok(vec![Finding::error(name, &e, mend(&e))]);
        }
    };
    let kind = if store.is_postgres() { "PostgreSQL" } else { "SQLite" };
    let what = format!(
        "{kind} {}, {} MiB, {} migrations",
        found.version,
        found.size / (1 << 20),
        examine::known()
    );
    Ok(vec![match found.integrity.as_deref() {
        Some("ok") => Finding::ok(name, format!("{what}, whole")),
        None => Finding::ok(name, what),
        Some(wrong) => Finding::fail(name, format!("{what}; DAMAGED: {wrong}"), RESTORE),
    }])
}

/// What keeps tenants apart in the database itself.
pub(super) async fn isolation(place: Place, name: &'static str) -> Result<Vec<Finding>> {
    let Some(found) = place.app.store.isolation().await? else { return Ok(Vec::new()) };
    Ok(vec![if found.unbound {
        let mend = "give Muster a role of its own: ALTER ROLE name NOSUPERUSER NOBYPASSRLS";
        Finding::fail(
            name,
            "the role is a superuser or has BYPASSRLS: row-level security does not bind it",
            mend,
        )
    } else if found.unguarded.is_empty() {
        Finding::ok(name, "row-level security guards every table with tenants' rows")
    } else {
        let what = format!("no row-level security on: {}", found.unguarded.join(", "));
        let mend = "as its owner: ALTER TABLE name ENABLE ROW LEVEL SECURITY; ALTER TABLE name FORCE ROW LEVEL SECURITY";
        Finding::fail(name, what, mend)
    }])
}

pub(super) async fn master_key(place: Place, name: &'static str) -> Result<Vec<Finding>> {
    let app = &place.app;
    let path = app.config.master_key_file();
    let shown = path.display();
    let mut found = Vec::new();
    match MasterKey::load(&path) {
        Ok(key) if key.name() == app.master.name() => {}
        Ok(_) => {
            let what = format!("{shown} holds another key than the one in use");
            let mend = "put the key back before the next start, which would open nothing";
            found.push(Finding::fail(name, what, mend));
        }
        Err(e) => {
            let mend =
                "put the key back from your copy: what was sealed with it opens with nothing else";
            found.push(Finding::error(name, &e, mend));
        }
    }
    let mut c = app.store.read(Scope::Platform).await?;
    let others = db::sealed_by_others(&mut c, &format!("v1.{}.%", app.master.name())).await?;
    if others > 0 {
        let what = format!("{others} values in the database were sealed with another master key");
        let mend = "find the key they were sealed with, or set those secrets anew";
        found.push(Finding::fail(name, what, mend));
    }
    if found.is_empty() {
        let what = format!(
            "{shown} opens what is sealed; is there a copy apart from the database's backup?"
        );
        found.push(Finding::ok(name, what));
    }
    Ok(found)
}

pub(super) async fn signing_keys(place: Place, name: &'static str) -> Result<Vec<Finding>> {
    let app = &place.app;
    let all = app.keys.list(&app.access.require_global(&app.system).await?).await?;
    let now = app.store.clock().now();
    let every = *app.config.keys.rotate_every;
    let mut found = Vec::new();
    let active: Vec<_> = all.iter().filter(|k| k.state == crate::keys::State::Active).collect();
    for k in &active {
        let made = Timestamp::parse_rfc3339(&k.created_at).unwrap_or(now);
        let late = every + *app.config.keys.publish_ahead + DAY;
        if !every.is_zero() && now.since(made) > late {
            let what = format!(
                "the {} key {} is {} days old and was not replaced",
                k.alg,
                k.kid,
                days(now.since(made))
            );
            let mend = "start the server, which replaces it, or: muster keys rotate";
            found.push(Finding::warn(name, what, mend));
        }
    }
    if active.is_empty() {
        let mend = "start the server, which makes one";
        found.push(Finding::fail(name, "there is no active signing key", mend));
    }
    if found.is_empty() {
        let oldest = active.iter().filter_map(|k| Timestamp::parse_rfc3339(&k.created_at)).min();
        let age = oldest.map_or(0, |at| days(now.since(at)));
        let algs: Vec<&str> = active.iter().map(|k| k.alg.as_str()).collect();
        found.push(Finding::ok(name, format!("{}; the oldest is {age} days old", algs.join(", "))));
    }
    Ok(found)
}

pub(super) async fn outbox(place: Place, name: &'static str) -> Result<Vec<Finding>> {
    let store = &place.app.store;
    let mut c = store.read(Scope::Platform).await?;
    let mut found = Vec::new();
    for dead in db::dead(&mut c).await? {
        let error = dead.error.unwrap_or_default();
        let what = format!("{} messages of {} were given up: {error}", dead.count, dead.topic);
        let mend = "mend the cause, then do again what they were about (an invitation: send it again), or have letters tried again or \
             dropped (muster letters unsent TENANT; muster letters try, or drop)";
        found.push(Finding::warn(name, what, mend));
    }
    let now = store.clock().now();
    for letter in db::unreached(&mut c, now, UNREACHED).await? {
        let (t, id) = (letter.tenant, letter.invitation);
        let what = match letter.error {
            Some(error) => {
                format!("the letter of the invitation {id} in {t} was given up: {error}")
            }
            None => format!("the letter of the invitation {id} in {t} came back"),
        };
        let mend = format!(
            "mend the cause, then: muster invitation resend {t} {id} (with --by-hand you get the link instead)"
        );
        found.push(Finding::warn(name, what, mend));
    }
    for late in db::late_letters(&mut c, now.minus(LETTER)).await? {
        let said = late.error.map_or_else(String::new, |e| format!(": {e}"));
        let (n, topic, since) = (late.count, late.topic, late.since.rfc3339());
        let what = format!("letters ({topic}): {n} wait since {since}{said}");
        let mend = "mend what the mail server says; they are tried again by themselves (muster letters unsent TENANT)";
        found.push(Finding::warn(name, what, mend));
    }
    match db::waiting_since(&mut c).await? {
        Some(since) if now.since(since) > LONG => {
            let what = format!("messages wait since {}", since.rfc3339());
            let mend = if place.running {
                "see the log for why they are not delivered"
            } else {
                "start the server, which delivers them"
            };
            found.push(Finding::warn(name, what, mend));
        }
        _ if found.is_empty() => found.push(Finding::ok(name, "nothing is stuck")),
        _ => {}
    }
    Ok(found)
}

/// Directories whose provisioning is not as it should be.
pub(super) async fn provisioning(place: Place, name: &'static str) -> Result<Vec<Finding>> {
    let unwell = health::unwell(&place.app.store, UNWELL).await?;
    let found = unwell.iter().flat_map(|u| {
        let name = format!("{name} {}/{}", u.tenant, u.name);
        let mend = format!("see: muster directory health {} '{}'", u.tenant, u.name);
        u.alarms.iter().map(move |a| Finding::warn(&name, a.detail.clone(), mend.clone()))
    });
    let found: Vec<Finding> = found.collect();
    if found.is_empty() {
        return Ok(vec![Finding::ok(name, "no directory needs attention")]);
    }
    Ok(found)
}

pub(super) async fn secrets(place: Place, name: &'static str) -> Result<Vec<Finding>> {
    let store = &place.app.store;
    let now = store.clock().now();
    let mut c = store.read(Scope::Platform).await?;
    let ending = db::ending(&mut c, now.minus(SOON), now.plus(SOON)).await?;
    let one = |e: &db::Ending| {
        let verb = if e.expires_at <= now { "ended" } else { "ends" };
        // Of a secret that is somebody else's, not even its last characters are known.
        let hint = if e.hint.is_empty() { String::new() } else { format!(" ...{}", e.hint) };
        let what = format!(
            "the {}{hint} of {} in {} {verb} on {}",
            e.kind,
            e.owner,
            e.tenant,
            e.expires_at.rfc3339()
        );
        Finding::warn(name, what, "make a new one, give it to whoever uses it, revoke this one")
    };
    let found: Vec<Finding> = ending.iter().map(one).collect();
    if found.is_empty() {
        return Ok(vec![Finding::ok(name, "none ends within 14 days")]);
    }
    Ok(found)
}

pub(super) async fn administrators(place: Place, name: &'static str) -> Result<Vec<Finding>> {
    let store = &place.app.store;
    let now = store.clock().now();
    let mut c = store.read(Scope::Platform).await?;
    let link = db::setup_link(&mut c, now).await?;
    drop(c);
    // Counted as the guard of the last one counts them.
    let all = tx!(store, &place.app.system(), [], |tx| {
        tx.unaudited("nothing is written");
        guard::acting_global_administrators(tx).await
    })?;
    let number = all.len();
    // As soon as there is an administrator, of whatever standing, the link opens nothing any more.
    let link = if setup::needed(store).await? { link } else { None };
    Ok(vec![match (number, link) {
        (0, Some(until)) => {
            let what = format!("there is none yet; a setup link is open until {}", until.rfc3339());
            Finding::warn(name, what, "open the link that `muster serve` printed")
        }
        (0, None) => {
            let mend =
                "start the server anew and open the setup link it prints, or: muster admin create";
            Finding::fail(name, "there is no Global Administrator who could sign in and act", mend)
        }
        (1, _) => {
            let mend = "make a second one: a lost phone should not lock the instance";
            Finding::warn(name, "there is one Global Administrator", mend)
        }
        (n, _) => Finding::ok(name, format!("{n} Global Administrators")),
    }])
}

fn days(d: Duration) -> u64 {
    d.as_secs() / DAY.as_secs()
}
