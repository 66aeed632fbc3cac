//! A job that lends the writer's connection out and waits for it: for a rehearsal, whose statements come one by one from
//! elsewhere. It never stays: what was done with the connection is undone.

use super::{
    LiteConn,
    writer::{Job, Work},
};
use crate::error::Result;
use std::{
    sync::mpsc::{self, SyncSender},
    time::Duration,
};
use tokio::sync::oneshot;

/// How long the writer waits. A connection that comes back later is not taken any more: a new one is opened.
const WAIT: Duration = Duration::from_secs(5);

type Given = (LiteConn, SyncSender<LiteConn>);

struct Lend(Option<oneshot::Sender<Given>>);

pub(super) fn job(give: oneshot::Sender<Given>) -> Job {
    Box::new(Lend(Some(give)))
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
        match give.send((conn, back)) {
            Ok(()) => (returned.recv_timeout(WAIT).ok(), false),
            Err((conn, _)) => (Some(conn), false),
        }
    }
    fn deliver(&mut self) {}
    fn answer(self: Box<Self>, _: Result<()>) {}
}
