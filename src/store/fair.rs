//! Turns, so many at once, given fairly: where more is asked for than there is room, the tenants that wait take turns,
//! one request each, however many one of them has waiting; and no tenant has all the room, so that whoever comes next
//! need not wait for it. Nobody is refused for being busy; only a line of absurd length is.

use crate::{
    error::{Error, Kind, Result},
    id::TenantId,
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// What somebody refused at the end of an absurdly long line is told to wait, in seconds.
const COME_BACK: u32 = 5;

/// Who may go and who waits. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fair(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Turns at once.
    room: usize,
    /// Of these, one tenant's.
    each: usize,
    /// Requests of one tenant that may wait.
    line: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    /// Those of whom something runs or waits: nothing grows with the number of tenants.
    tenants: HashMap<TenantId, Line>,
    /// Those of whom something waits, the next one first.
    order: VecDeque<TenantId>,
}

#[derive(Debug, Default)]
struct Line {
    running: usize,
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

/// The right to go on; the next one's when it is dropped.
#[derive(Debug)]
pub struct Turn {
    fair: Option<Fair>,
    tenant: TenantId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(fair) = self.fair.take() {
            fair.leave(self.tenant);
        }
    }
}

impl Fair {
    /// `room` turns at once, a quarter of them (and one at least, of two or more) never for one tenant alone; `line` may wait of each.
    pub fn new(room: usize, line: usize) -> Self {
        let room = room.max(1);
        let each = (room - (room / 4).max(1)).max(1);
        Self(Arc::new(Inner { room, each, line, state: Mutex::default() }))
    }
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// A turn for a request of this tenant, at once if there is room. Whoever goes away while waiting is left out.
    ///
    /// # Errors
    /// [`Kind::Unavailable`] with seconds to wait, behind a line that is full.
    pub async fn turn(&self, tenant: TenantId) -> Result<Turn> {
        let told = {
            let mut state = self.state();
            let busy = state.running >= self.0.room;
            let line = state.tenants.entry(tenant).or_default();
            // Whoever could go has gone: nobody of this tenant waits while there is room for it.
            if !busy && line.running < self.0.each {
                line.running += 1;
                state.running += 1;
                return Ok(Turn { fair: Some(self.clone()), tenant });
            }
            let listed = !line.waiting.is_empty();
            if line.waiting.len() >= self.0.line {
                line.waiting.retain(|w| !w.is_closed());
            }
            if line.waiting.len() >= self.0.line {
                let text = "too many requests of this tenant are waiting; try again shortly";
                return Err(Error::new(Kind::Unavailable, text).retry_after(COME_BACK));
            }
            let (tell, told) = oneshot::channel();
            line.waiting.push_back(tell);
            if !listed {
                state.order.push_back(tenant);
            }
            told
        };
        told.await.map_err(Error::internal)
    }
    fn leave(&self, tenant: TenantId) {
        let mut state = self.state();
        state.running -= 1;
        if let Some(line) = state.tenants.get_mut(&tenant) {
            line.running -= 1;
            if line.running == 0 && line.waiting.is_empty() {
                state.tenants.remove(&tenant);
            }
        }
        self.fill(&mut state);
    }
    /// Lets in whoever may, each tenant one in its turn.
    fn fill(&self, state: &mut State) {
        // As many as have come round without one that could go: those have all the room that one tenant may have.
        let mut passed = 0;
        while state.running < self.0.room && passed < state.order.len() {
            let Some(tenant) = state.order.pop_front() else { return };
            let Some(line) = state.tenants.get_mut(&tenant) else { continue };
            if line.running >= self.0.each {
                state.order.push_back(tenant);
                passed += 1;
                continue;
            }
            if let Some(waits) = line.waiting.pop_front() {
                match waits.send(Turn { fair: Some(self.clone()), tenant }) {
                    Ok(()) => {
                        line.running += 1;
                        state.running += 1;
                        passed = 0;
                    }
                    // It went away, and had no turn that could be given back.
                    Err(mut turn) => turn.fair = None,
                }
            }
            if !line.waiting.is_empty() {
                state.order.push_back(tenant);
            } else if line.running == 0 {
                state.tenants.remove(&tenant);
            }
        }
    }
}
