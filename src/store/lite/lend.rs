//! A job that lends the writer's connection out and waits for it: for a rehearsal, whose statements come one by one from
//! elsewhere. It never stays: what was done with the connection is undone. Nor may it last: when its time is over, the
//! statement that runs is interrupted, and every one that would follow, for a thread that is inside one hears nothing else.

use super::{
    LiteConn,
    writer::{Job, Work},
};
use crate::error::Result;
use rusqlite::InterruptHandle;
use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How long the writer waits for the connection when its time is over. One that comes back later is not taken any more:
/// a new one is opened, which waits for the other's transaction to end.
const GRACE: Duration = Duration::from_secs(2);
/// How often it interrupts meanwhile.
const EVERY: Duration = Duration::from_millis(10);

type Given = (LiteConn, SyncSender<LiteConn>);

struct Lend(Option<oneshot::Sender<Given>>, Duration);

pub(super) fn job(give: oneshot::Sender<Given>, most: Duration) -> Job {
    Box::new(Lend(Some(give), most))
}

/// Waits for the connection; after `most`, with an interrupt for whatever still runs on it.
fn wait(
    returned: &Receiver<LiteConn>,
    most: Duration,
    interrupt: Option<&InterruptHandle>,
) -> Option<LiteConn> {
    let mut wait = most;
    let until = Instant::now() + most + GRACE;
    loop {
        match returned.recv_timeout(wait) {
            Ok(conn) => return Some(conn),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) if Instant::now() > until => return None,
            Err(RecvTimeoutError::Timeout) => {
                interrupt.into_iter().for_each(InterruptHandle::interrupt);
            }
        }
        wait = EVERY;
    }
}

impl Work for Lend {
    fn urgent(&self) -> bool {
        false
    }
    fn gone(&self) -> bool {
        self.0.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
    fn run(&mut self, conn: LiteConn) -> (Option<LiteConn>, bool) {
        // Lent once: when the transaction is lost and all of it is run again, there is nobody left to lend to.
        let Some(give) = self.0.take() else { return (Some(conn), false) };
        let (back, returned) = mpsc::sync_channel(1);
        let interrupt = conn.interrupt();
        match give.send((conn, back)) {
            Ok(()) => (wait(&returned, self.1, interrupt.as_ref()), false),
            Err((conn, _)) => (Some(conn), false),
        }
    }
    fn deliver(&mut self) {}
    fn answer(self: Box<Self>, _: Result<()>) {}
}
