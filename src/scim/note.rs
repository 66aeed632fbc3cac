//! What became of each operation of a request: applied, nothing to do, or ignored for a reason. A handler notes it on
//! the call; when the request is over, what was ignored is told.

use crate::protocol::scim::Outcome;
use std::sync::{Mutex, PoisonError};

/// The outcomes of a request, in the order of its operations.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<Vec<Outcome>>);

impl Notes {
    /// One more.
    pub(super) fn add(&self, outcome: Outcome) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
    }
    /// All of them; none are left.
    pub(super) fn take(&self) -> Vec<Outcome> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells what of a request was ignored.
pub(super) fn tell(directory: &str, outcomes: &[Outcome]) {
    for o in outcomes {
        match o {
            Outcome::Ignored(why) => {
                tracing::info!(directory, why, "a part of a request was ignored");
            }
            Outcome::NoOp => tracing::debug!(directory, "an operation had nothing to do"),
            Outcome::Applied => {}
        }
    }
}
