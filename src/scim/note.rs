//! What became of each operation of a request: applied, nothing to do, ignored for a reason, or parked; and which
//! attributes changed. A handler notes it on the call; when the request is over, the provisioning log gets all of it and
//! the server's log what was ignored.

use crate::protocol::scim::Outcome;
use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The outcomes of a request, in the order of its operations.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<(Vec<Outcome>, BTreeSet<String>)>);

/// What was noted of a request.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// What became of its operations.
    pub outcomes: Vec<Outcome>,
    /// Which attributes changed.
    pub changed: Vec<String>,
}

/// Why a request was refused, beside the answer, for the log.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub scim_type: Option<&'static str>,
    pub detail: String,
}

impl Notes {
    fn lock(&self) -> MutexGuard<'_, (Vec<Outcome>, BTreeSet<String>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// One more.
    pub(super) fn add(&self, outcome: Outcome) {
        self.lock().0.push(outcome);
    }
    /// These attributes are others now.
    pub(super) fn changed(&self, names: impl IntoIterator<Item = String>) {
        self.lock().1.extend(names);
    }
    /// All of it; nothing is left.
    pub(super) fn take(&self) -> Noted {
        let (outcomes, changed) = std::mem::take(&mut *self.lock());
        Noted { outcomes, changed: changed.into_iter().collect() }
    }
}

/// Tells what of a request was ignored.
pub(super) fn tell(directory: &str, outcomes: &[Outcome]) {
    for o in outcomes {
        match o {
            Outcome::Ignored(why) => {
                tracing::info!(directory, why, "a part of a request was ignored");
            }
            Outcome::Parked(why) => tracing::warn!(directory, why, "a change is parked"),
            Outcome::NoOp => tracing::debug!(directory, "an operation had nothing to do"),
            Outcome::Applied => {}
        }
    }
}
