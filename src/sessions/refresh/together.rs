//! Refreshes that wait at the same time share one statement and one commit, where the database can say in one statement
//! what became of each. What a commit costs is then paid once for all of them.

use super::{Family, Limits, db};
use crate::{
    crypto::token::{self, Kind},
    error::{Error, Kind as Trouble, Result},
    id::AppId,
    secret::Secret,
    store::{self, Cx, List, Store},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// Statements under way at once.
const LINES: usize = 2;
/// Rotations that share one.
const SHARE: usize = 64;
/// Rotations that may wait.
const QUEUE: usize = 4096;
/// Attempts after a deadlock or a serialisation failure: the statement did nothing then.
const RETRIES: u32 = 3;

/// The rotations of an instance that wait for their turn. Cheap to clone.
#[derive(Clone)]
pub struct Rotations(Arc<Inner>);

struct Inner {
    store: Store,
    cx: Cx,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Asked>,
    running: usize,
}

/// One that waits. Its successor's hash tells its answer from the others'.
struct Asked {
    hash: String,
    app: AppId,
    next: String,
    limits: Limits,
    answer: oneshot::Sender<Result<Option<Family>>>,
}

impl Rotations {
    /// Over an open database; `cx` is the server's own.
    pub fn new(store: &Store, cx: Cx) -> Self {
        Self(Arc::new(Inner { store: store.clone(), cx, line: Mutex::default() }))
    }

    /// Uses a refresh token of `app`, together with those that wait; `None` on SQLite, and where the token is not live:
    /// [`super::rotate`] has to say then what it is. A rotation that has begun runs to its end even if its caller goes
    /// away.
    ///
    /// # Errors
    /// As the store; `Unavailable` when too many wait.
    pub async fn rotate(
        &self,
        presented: &str,
        app: AppId,
        limits: Limits,
    ) -> Result<Option<(Family, Secret)>> {
        if !self.0.store.is_postgres() {
            return Ok(None);
        }
        let Some(hash) = token::hash(Kind::Refresh, presented) else { return Ok(None) };
        let (secret, next) = token::generate(Kind::Refresh);
        let (answer, answered) = oneshot::channel();
        let begin = {
            let mut line = self.0.line();
            if line.waiting.len() >= QUEUE {
                let text = "too many refreshes are waiting; try again shortly";
                return Err(Error::new(Trouble::Unavailable, text).retry_after(1));
            }
            line.waiting.push_back(Asked { hash, app, next, limits, answer });
            let begin = line.running < LINES;
            line.running += usize::from(begin);
            begin
        };
        if begin {
            tokio::spawn(serve(self.0.clone()));
        }
        let family =
            answered.await.unwrap_or_else(|_| Err(Error::internal("a rotation was cut short")))?;
        Ok(family.map(|f| (f, secret)))
    }
}

impl Inner {
    /// What stands in the line is whole at every point where a panic could have let go of it.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// The next to share a statement: first come, first served, as long as their limits are the same.
    fn next(line: &mut Line) -> Vec<Asked> {
        let mut share: Vec<Asked> = Vec::new();
        while share.len() < SHARE {
            match line.waiting.pop_front() {
                None => break,
                // Nobody waits for it any more, and nothing was done yet.
                Some(a) if a.answer.is_closed() => {}
                Some(a) if share.first().is_some_and(|f| f.limits != a.limits) => {
                    line.waiting.push_front(a);
                    break;
                }
                Some(a) => share.push(a),
            }
        }
        share
    }
    async fn statement(&self, share: &[Asked], limits: Limits) -> Result<Vec<db::Rotated>> {
        let texts =
            |of: fn(&Asked) -> &String| List::Texts(share.iter().map(|a| of(a).clone()).collect());
        let (hashes, nexts) = (texts(|a| &a.hash), texts(|a| &a.next));
        let apps = List::Ids(share.iter().map(|a| a.app.0).collect());
        let mut attempt = 0;
        loop {
            let alone = self.store.single(&self.cx).await?;
            let Some(alone) = alone else { return Ok(Vec::new()) };
            let now = self.store.clock().now();
            match db::rotate(alone, &hashes, &apps, &nexts, now, now.plus(limits.idle)).await {
                Err(e) if store::undone(&e) && attempt < RETRIES => attempt += 1,
                r => return r,
            }
        }
    }
}

/// One of the lines; counted until it is over, also if a panic ends it.
struct Running(Arc<Inner>, bool);
impl Running {
    /// The next to share a statement. Nobody: the line is over, said under the lock that callers look under.
    fn next(&mut self) -> Vec<Asked> {
        let mut line = self.0.line();
        let share = Inner::next(&mut line);
        if share.is_empty() {
            line.running -= 1;
            self.1 = true;
        }
        share
    }
}
impl Drop for Running {
    fn drop(&mut self) {
        if !self.1 {
            self.0.line().running -= 1;
        }
    }
}

/// A line: goes on until nobody waits.
async fn serve(inner: Arc<Inner>) {
    let mut running = Running(inner.clone(), false);
    loop {
        let share = running.next();
        let Some(limits) = share.first().map(|a| a.limits) else { return };
        match inner.statement(&share, limits).await {
            Ok(rows) => {
                let mut done: HashMap<String, Family> =
                    rows.into_iter().map(|mut r| (std::mem::take(&mut r.next), r.into())).collect();
                for a in share {
                    let _ = a.answer.send(Ok(done.remove(&a.next)));
                }
            }
            Err(e) => {
                for a in share {
                    let _ = a.answer.send(Err(e.clone()));
                }
            }
        }
    }
}
