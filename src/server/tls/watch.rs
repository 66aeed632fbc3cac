//! Follows the certificate's files: what renews certificates replaces them, links and all, and tells nobody.

use super::Tls;
use crate::{
    clock::Clock,
    crypto::pair::Pair,
    error::{Error, Result},
};
use std::{fs, os::unix::fs::MetadataExt as _, path::Path, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);
/// How long a disk may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often an end that comes near is told.
const DAILY: u32 = 43_200;

/// What shows that a file is another than before.
#[derive(PartialEq, Eq, Clone, Copy)]
pub(super) struct Mark {
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

fn mark(path: &Path) -> Option<Mark> {
    let m = fs::metadata(path).ok()?;
    Some(Mark { inode: m.ino(), size: m.size(), changed: (m.mtime(), m.mtime_nsec()) })
}

/// Of certificate and key.
pub(super) type Marks = [Option<Mark>; 2];

pub(super) fn marks(cert: &Path, key: &Path) -> Marks {
    [mark(cert), mark(key)]
}

/// Asks the disk in a thread of its own, which nobody waits for longer than this: a file system that hangs would
/// otherwise stop what serves everybody.
async fn aside<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || answer.send(ask()));
    let answered = tokio::time::timeout(PATIENCE, answered).await;
    if answered.is_err() {
        tracing::warn!("the certificate's files cannot be looked at: the disk does not answer");
    }
    answered.ok()?.ok()
}

impl Tls {
    /// Runs until `stop`.
    pub(in crate::server) async fn watch(self, stop: CancellationToken) {
        let mut seen = self.0.opened;
        let mut looks = 0;
        loop {
            let told = tokio::select! {
                () = stop.cancelled() => return,
                () = self.0.read_again.notified() => true,
                () = tokio::time::sleep(EVERY) => false,
            };
            looks += 1;
            if looks % DAILY == 0 {
                self.say();
            }
            let tls = self.clone();
            let Some(now) = aside(move || marks(&tls.0.cert, &tls.0.key)).await else { continue };
            if told || seen != now {
                seen = now;
                self.renew().await;
            }
        }
    }
    /// Takes the pair in the files, if it is good; two files are not replaced at once, so a pair that does not fit
    /// gets a moment to become one.
    async fn renew(&self) {
        let mut pair = self.read().await;
        if pair.is_err() {
            tokio::time::sleep(Duration::from_millis(500)).await;
            pair = self.read().await;
        }
        match pair {
            Ok(pair) => {
                let until = pair.leaf.until.rfc3339();
                self.0.current.0.store(Arc::new(pair));
                tracing::info!(until, "the certificate was read again");
                self.say();
            }
            Err(e) => tracing::error!(
                error = e.detail(),
                "THE NEW CERTIFICATE IS NOT GOOD; the one before goes on being served"
            ),
        }
    }
    async fn read(&self) -> Result<Pair> {
        let tls = self.clone();
        let read = aside(move || {
            Pair::read(&tls.0.cert, &tls.0.key, &tls.0.provider, Clock::System.now())
        });
        let late = || Err(Error::unavailable("the files cannot be read: the disk does not answer"));
        read.await.unwrap_or_else(late)
    }
}
