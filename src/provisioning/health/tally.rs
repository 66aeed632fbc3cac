//! What is counted in memory until it is written.

use super::{Counts, LastError, slot};
use crate::{clock::Timestamp, provisioning::log::Entry};
use std::collections::BTreeMap;

/// What happened to a directory since it was last written down.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// The last moment of it.
    pub at: Timestamp,
    /// Counts by slot.
    pub slots: BTreeMap<i64, Counts>,
    /// The last request.
    pub last_request: Option<Timestamp>,
    /// The last that was answered well.
    pub last_success: Option<Timestamp>,
    /// The last that was not.
    pub last_error: Option<(Timestamp, LastError)>,
    /// The last that proved nothing.
    pub last_denied: Option<(Timestamp, String)>,
    /// When an entry was last lost.
    pub last_lost: Option<Timestamp>,
    /// Entries lost.
    pub lost: i64,
}

impl Tally {
    /// A request.
    pub fn count(&mut self, e: &Entry) {
        self.at = self.at.max(e.at);
        let c = self.slots.entry(slot(e.at)).or_default();
        c.requests += 1;
        c.ignored += i64::from(e.outcomes.iter().any(|o| o.word() == "ignored"));
        let status = e.status.unwrap_or(499);
        // Whoever asks whether somebody is there is answered by 404.
        let error = status >= 400 && !(status == 404 && e.method == "GET");
        c.errors += i64::from(error);
        self.last_request = self.last_request.max(Some(e.at));
        if error {
            let what = match &e.resource {
                Some((kind, Some(id))) => format!("{} {kind} {id}", e.method),
                Some((kind, None)) => format!("{} {kind}", e.method),
                None => e.method.clone(),
            };
            let scim_type = e.refused.as_ref().and_then(|r| r.scim_type).map(str::to_owned);
            self.last_error = Some((e.at, LastError { status, scim_type, request: what }));
        } else {
            self.last_success = self.last_success.max(Some(e.at));
        }
    }
    /// Requests that proved nothing.
    pub fn deny(&mut self, at: Timestamp, why: String, times: i64) {
        self.at = self.at.max(at);
        self.slots.entry(slot(at)).or_default().denied += times;
        self.last_denied = Some((at, why));
    }
    /// Entries that found no room.
    pub fn lose(&mut self, at: Timestamp, n: i64) {
        self.at = self.at.max(at);
        self.slots.entry(slot(at)).or_default().lost += n;
        self.last_lost = Some(at);
        self.lost += n;
    }
    /// What could not be written, into what came since.
    pub fn merge(&mut self, older: &Self) {
        for (slot, o) in &older.slots {
            let c = self.slots.entry(*slot).or_default();
            c.requests += o.requests;
            c.errors += o.errors;
            c.ignored += o.ignored;
            c.denied += o.denied;
            c.lost += o.lost;
        }
        self.at = self.at.max(older.at);
        self.last_request = self.last_request.max(older.last_request);
        self.last_success = self.last_success.max(older.last_success);
        self.last_error = self.last_error.take().or_else(|| older.last_error.clone());
        self.last_denied = self.last_denied.take().or_else(|| older.last_denied.clone());
        self.last_lost = self.last_lost.max(older.last_lost);
        self.lost += older.lost;
    }
}
