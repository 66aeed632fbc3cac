//! What lies around us: files and who may open them, the disk, our certificate, what the settings leave open.

use super::{Finding, Place, Status};
use crate::{
    clock::Clock,
    config::Config,
    crypto::pair::{Pair, SOON, key_is_private},
    error::Result,
};
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};
use tokio_rustls::rustls::crypto::aws_lc_rs;

/// Less than this is no room for a day's work.
const ROOM: u64 = 1 << 30;
/// Less than this is none.
const NO_ROOM: u64 = 100 << 20;
/// Everybody but the owner.
const OTHERS: u32 = 0o077;

pub(super) async fn of_the_server(place: Place, _: &'static str) -> Result<Vec<Finding>> {
    Ok(files(&place.app.config))
}

/// Who may open the data directory and what is in it. Opening the directory mends its own mode: look before.
pub fn files(config: &Config) -> Vec<Finding> {
    const NAME: &str = "files";
    let dir = &config.server.data_dir;
    let mut found = Vec::new();
    let us = rustix::process::geteuid().as_raw();
    let mut look = |path: &Path, mode: &str| match fs::metadata(path) {
        Ok(m) => {
            let shown = path.display();
            if m.permissions().mode() & OTHERS != 0 {
                let what = format!("{shown} is open to others than its owner");
                found.push(Finding::fail(NAME, what, format!("chmod {mode} {shown}")));
            }
            if m.uid() != us && us != 0 {
                let what = format!("{shown} belongs to another account");
                found.push(Finding::fail(
                    NAME,
                    what,
                    format!("chown it to the account of the server: {shown}"),
                ));
            }
        }
        Err(e) => {
            let what = format!("{}: {e}", path.display());
            found.push(Finding::fail(
                NAME,
                what,
                "is server.data_dir right, and this the server's account?",
            ));
        }
    };
    look(dir, "700");
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let mode = if path.is_dir() { "700" } else { "600" };
        look(&path, mode);
    }
    let key = config.master_key_file();
    if !key.starts_with(dir) {
        look(&key, "600");
    }
    if found.is_empty() {
        found.push(Finding::ok(NAME, format!("{} is for its owner only", dir.display())));
    }
    found
}

pub(super) async fn disk(place: Place, name: &'static str) -> Result<Vec<Finding>> {
    let dir = &place.app.config.server.data_dir;
    let shown = dir.display();
    Ok(vec![match rustix::fs::statvfs(dir) {
        Ok(s) => {
            let free = s.f_bavail.saturating_mul(s.f_frsize);
            let what = format!("{} MiB are free at {shown}", free >> 20);
            let mend = "make room: without it nothing can be written, sign-ins included";
            match room(free, s.f_favail) {
                Status::Ok => Finding::ok(name, what),
                Status::Warn => Finding::warn(name, what, mend),
                Status::Fail => Finding::fail(name, what, mend),
            }
        }
        Err(e) => Finding::fail(name, format!("{shown}: {e}"), "is server.data_dir right?"),
    }])
}

/// Whether so many bytes and places for files are enough.
pub fn room(bytes: u64, files: u64) -> Status {
    if bytes < NO_ROOM || files < 100 {
        Status::Fail
    } else if bytes < ROOM {
        Status::Warn
    } else {
        Status::Ok
    }
}

pub(super) async fn tls(place: Place, name: &'static str) -> Result<Vec<Finding>> {
    let config = &place.app.config;
    let server = &config.server;
    if !config.tls() {
        return Ok(vec![if !config.https() {
            let what = format!("none: the public URL is {}", config.issuer());
            let mend = "for more than a trial on one machine: server.public_url with https, and a certificate or a proxy";
            Finding::warn(name, what, mend)
        } else if server.trusted_proxies.is_empty() {
            let mend = "set server.tls_cert and server.tls_key, or server.trusted_proxies; `serve` refuses to start";
            Finding::fail(name, "the public URL is https, and nothing says where TLS ends", mend)
        } else {
            Finding::ok(name, "ends at the proxy in front (server.trusted_proxies)")
        }]);
    }
    let now = Clock::System.now();
    let pair = Pair::read(&server.tls_cert, &server.tls_key, &aws_lc_rs::default_provider(), now);
    let pair = match pair {
        Ok(pair) => pair,
        Err(e) => {
            let mend = "put a pair in place that fits; the server goes on with the one it has";
            return Ok(vec![Finding::error(name, &e, mend)]);
        }
    };
    let leaf = &pair.leaf;
    let (host, days) = (config.host(), leaf.days_left(now));
    let mut found = Vec::new();
    if !leaf.covers(&host) {
        let what = format!("the certificate is for {}, not for {host}", leaf.names.join(", "));
        found.push(Finding::fail(name, what, "get a certificate with the public URL's host in it"));
    }
    if !pair.in_order {
        let what = "a certificate of the chain is not followed by the one that signed it";
        found.push(Finding::warn(
            name,
            what,
            "put our own first, then the one that signed it, and so on",
        ));
    }
    if days < SOON {
        let what = format!("the certificate ends in {days} days");
        found.push(Finding::warn(name, what, "renew it; the server picks it up by itself"));
    }
    if !key_is_private(&server.tls_key) {
        let shown = server.tls_key.display();
        let what = format!("everybody on this machine can read {shown}");
        found.push(Finding::fail(name, what, format!("chmod o= {shown}")));
    }
    if found.is_empty() {
        let what = format!("a certificate for {}, {days} days left", leaf.names.join(", "));
        found.push(Finding::ok(name, what));
    }
    Ok(found)
}

/// What the settings open on purpose.
pub(super) async fn outbound(place: Place, name: &'static str) -> Result<Vec<Finding>> {
    let outbound = &place.app.config.outbound;
    let mut found = Vec::new();
    if !outbound.allow.is_empty() {
        let what = format!("private addresses may be asked: {}", outbound.allow.join(", "));
        found.push(Finding::warn(name, what, "take from outbound.allow what no directory needs"));
    }
    if !outbound.ca_file.as_os_str().is_empty() {
        let what = format!("further authorities are trusted: {}", outbound.ca_file.display());
        found.push(Finding::warn(
            name,
            what,
            "empty outbound.ca_file when nothing needs it any more",
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok(name, "public addresses only, the system's authorities only"));
    }
    Ok(found)
}
