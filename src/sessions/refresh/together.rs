//! Refreshes that wait at the same time share one statement and one commit, where the database can say in one statement
//! what became of each. What a commit costs is then paid once for all of them.

use super::{Family, Limits, db};
use crate::{
    clock::Timestamp,
    crypto::token,
    error::{Error, Kind as Trouble, Result},
    id::AppId,
    secret::Secret,
    store::{self, Cx, List, Store},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// Rotations that share a statement.
const SHARE: usize = 64;
/// Rotations that may wait.
const QUEUE: usize = 4096;
/// Somebody holds the row of one of them: for so long, each goes alone and waits for its own row only.
const APART: Duration = Duration::from_secs(1);

/// The connection was lost while a statement ran: for so long it is tried to learn what became of it.
const LEARN: Duration = Duration::from_secs(15);
/// The pause between two such tries.
const PAUSE: Duration = Duration::from_millis(50);

/// The rotations of an instance that wait for their turn. Cheap to clone.
#[derive(Clone)]
pub struct Rotations(Arc<Inner>);

struct Inner {
    store: Store,
    cx: Cx,
    limits: Limits,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Asked>,
    running: u32,
    apart: Option<Instant>,
}

/// One that waits.
struct Asked {
    selector: String,
    hash: String,
    app: AppId,
    next: String,
    answer: oneshot::Sender<Result<Option<Family>>>,
}

impl Rotations {
    /// Over an open database; `cx` is the server's own.
    pub fn new(store: &Store, cx: Cx, limits: Limits) -> Self {
        Self(Arc::new(Inner { store: store.clone(), cx, limits, line: Mutex::default() }))
    }

    /// Uses a refresh token of `app`, together with those that wait; `None` where this cannot be, and where the token is
    /// not live: [`super::rotate`] has to say then what it is. A rotation that has begun runs to its end even if its
    /// caller goes away.
    ///
    /// # Errors
    /// As the store; `Unavailable` when too many wait.
    pub async fn rotate(&self, presented: &str, app: AppId) -> Result<Option<(Family, Secret)>> {
        if !self.0.store.is_postgres() {
            return Ok(None);
        }
        let Some((selector, hash)) = token::refresh_parts(presented) else { return Ok(None) };
        let (secret, next) = token::generate_next(selector);
        let (answer, answered) = oneshot::channel();
        let asked = Asked { selector: selector.to_owned(), hash, app, next, answer };
        let Some(begin) = self.0.stand(asked)? else { return Ok(None) };
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
    /// Puts one into the line, and says whether somebody has to begin; `None` while each goes alone.
    fn stand(&self, asked: Asked) -> Result<Option<bool>> {
        let mut line = self.line();
        if line.apart.is_some_and(|until| until > Instant::now()) {
            return Ok(None);
        }
        if line.waiting.len() >= QUEUE {
            let text = "too many refreshes are waiting; try again shortly";
            return Err(Error::new(Trouble::Unavailable, text).retry_after(1));
        }
        line.waiting.push_back(asked);
        let begin = line.running < store::SHARED;
        line.running += u32::from(begin);
        Ok(Some(begin))
    }
    /// One statement for all of `share`; what became of each, at its place.
    async fn statement(&self, share: &[Asked], now: Timestamp) -> Result<Vec<Option<Family>>> {
        let Some(alone) = self.store.single(&self.cx).await? else { return Ok(Vec::new()) };
        let texts =
            |of: fn(&Asked) -> &String| List::Texts(share.iter().map(|a| of(a).clone()).collect());
        let turns = db::Turns {
            selectors: texts(|a| &a.selector),
            hashes: texts(|a| &a.hash),
            nexts: texts(|a| &a.next),
            apps: List::Ids(share.iter().map(|a| a.app.0).collect()),
            now,
            until: now.plus(self.limits.idle),
        };
        let mut out: Vec<Option<Family>> = share.iter().map(|_| None).collect();
        for row in db::rotate_all(alone, &turns).await? {
            let place = usize::try_from(row.place).ok().and_then(|n| n.checked_sub(1));
            let place = place.and_then(|n| out.get_mut(n));
            *place.ok_or_else(|| Error::internal("a rotation for nobody"))? = Some(row.into());
        }
        Ok(out)
    }
    /// The connection was lost while the statement of `share` ran. The same again, with the same next tokens, comes to
    /// what it came to, or would have; each goes alone, so that none waits for another's row. "Used" is never answered
    /// of a token whose next one nobody was given.
    async fn learn(&self, mut share: Vec<Asked>, now: Timestamp, lost: Error) {
        let until = Instant::now() + LEARN;
        loop {
            let mut left = Vec::new();
            for asked in share {
                if Instant::now() > until {
                    left.push(asked);
                    continue;
                }
                match self.statement(std::slice::from_ref(&asked), now).await {
                    Ok(mut families) => {
                        let _ = asked.answer.send(Ok(families.pop().flatten()));
                    }
                    // The way is not there yet, or somebody holds the row.
                    Err(e) if e.kind() == Trouble::Unavailable => left.push(asked),
                    Err(e) => {
                        let _ = asked.answer.send(Err(e));
                    }
                }
            }
            share = left;
            if share.is_empty() || Instant::now() > until {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        for asked in share {
            let _ = asked.answer.send(Err(lost.clone()));
        }
    }
}

/// One of those that run statements; counted until it is over, also if a panic ends it.
struct Running(Arc<Inner>, bool);
impl Running {
    /// The next to share a statement, first come, first served. Nobody: it is over, said under the lock that callers
    /// look under.
    fn next(&mut self) -> Vec<Asked> {
        let mut line = self.0.line();
        let n = line.waiting.len().min(SHARE);
        let mut share: Vec<Asked> = line.waiting.drain(..n).collect();
        // Nobody waits for it any more, and nothing was done yet.
        share.retain(|a| !a.answer.is_closed());
        if share.is_empty() && line.waiting.is_empty() {
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

/// Runs statements until nobody waits.
async fn serve(inner: Arc<Inner>) {
    let mut running = Running(inner.clone(), false);
    while !running.1 {
        let share = running.next();
        if share.is_empty() {
            continue;
        }
        let now = inner.store.clock().now();
        match inner.statement(&share, now).await {
            Ok(mut families) => {
                families.resize_with(share.len(), || None);
                for (a, family) in share.into_iter().zip(families) {
                    let _ = a.answer.send(Ok(family));
                }
            }
            Err(e) if store::undone(&e) => {
                inner.line().apart = Some(Instant::now() + APART);
                for a in share {
                    let _ = a.answer.send(Ok(None));
                }
            }
            Err(e) if store::unknown(&e) => {
                let inner = inner.clone();
                // Beside those that come after, which have a connection of their own to lose.
                tokio::spawn(async move { inner.learn(share, now, e).await });
            }
            Err(e) => {
                for a in share {
                    let _ = a.answer.send(Err(e.clone()));
                }
            }
        }
    }
}
