//! The bounded queue before the writer: revocations and tokens have a lane of their own, ahead of the rest.

use super::{lock, writer::Job};
use crate::error::{Error, Result};
use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, PoisonError},
};

/// Jobs that may wait in a lane.
const DEPTH: usize = 4096;

#[derive(Default)]
pub(super) struct Queue {
    lanes: Mutex<Lanes>,
    more: Condvar,
}
#[derive(Default)]
struct Lanes {
    urgent: VecDeque<Job>,
    bulk: VecDeque<Job>,
    closed: bool,
}

impl Queue {
    pub(super) fn push(&self, job: Job) -> Result<()> {
        let mut l = lock(&self.lanes);
        if l.closed {
            return Err(Error::unavailable("the store is closed"));
        }
        let lane = if job.urgent() { &mut l.urgent } else { &mut l.bulk };
        if lane.len() >= DEPTH {
            lane.retain(|j| !j.gone());
        }
        if lane.len() >= DEPTH {
            return Err(crate::store::full());
        }
        lane.push_back(job);
        drop(l);
        self.more.notify_one();
        Ok(())
    }
    /// The next job; waits for one, and `None` when the queue is closed and empty.
    pub(super) fn wait(&self) -> Option<Job> {
        let mut l = lock(&self.lanes);
        loop {
            let next = l.urgent.pop_front().or_else(|| l.bulk.pop_front());
            if next.is_some() || l.closed {
                return next;
            }
            l = self.more.wait(l).unwrap_or_else(PoisonError::into_inner);
        }
    }
    /// The next job that is there already; of the urgent lane only, if asked so.
    pub(super) fn next(&self, urgent_only: bool) -> Option<Job> {
        let mut l = lock(&self.lanes);
        let urgent = l.urgent.pop_front();
        if urgent.is_some() || urgent_only { urgent } else { l.bulk.pop_front() }
    }
    pub(super) fn drain(&self) -> Vec<Job> {
        let mut l = lock(&self.lanes);
        let mut all: Vec<Job> = l.urgent.drain(..).collect();
        all.extend(l.bulk.drain(..));
        all
    }
    pub(super) fn close(&self) {
        lock(&self.lanes).closed = true;
        self.more.notify_all();
    }
}
