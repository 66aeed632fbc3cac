//! The flight recorder: one row per attempt to sign in, with the reason an administrator reads. The person sees the
//! reason in plain words and a reference; with it, the administrator finds what was really sent and missing. Tokens,
//! passwords and codes are never in `detail`; claims are, since they decide.

mod db;
mod reason;

pub use db::OfADay;
pub use reason::{Reason, Told};

use crate::{
    access::{
        Permit,
        perm::{Global, SystemViewLogs, SystemViewSettings},
    },
    audit::{self, Event},
    clock::Timestamp,
    crypto,
    error::{Error, Result},
    id::{DirectoryId, SigninId, TenantId, UserId},
    row,
    secret::Secret,
    sessions::{self, Limits, Live, NewSession, Who},
    store::{Cx, J, Scope, Store, Tx},
    tenants, tx,
};
use serde_json::{Map, Value, json};

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "SigninOutcome")]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Signed in.
    Success,
    /// Refused by a rule: a proof was missing, somebody is switched off.
    Refused,
    /// It did not come to a decision: a wrong password, an answer that does not hold, a provider that is down.
    Failed,
}
impl Outcome {
    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "success" => Self::Success,
            "refused" => Self::Refused,
            "failed" => Self::Failed,
            _ => return None,
        })
    }
}
crate::enum_column!(Outcome);

/// An attempt to be recorded.
#[derive(Debug, Clone)]
pub struct NewSignin {
    /// Through which directory, if one.
    pub directory: Option<DirectoryId>,
    /// Who, as far as that is known.
    pub user: Option<UserId>,
    /// Why not; `None` for a success.
    pub reason: Option<Reason>,
    /// What it was decided on.
    pub detail: Value,
}

impl NewSignin {
    /// Somebody signed in.
    pub fn success(user: UserId, directory: Option<DirectoryId>) -> Self {
        Self { directory, user: Some(user), reason: None, detail: Value::Object(Map::new()) }
    }
    /// It did not become a session.
    pub fn not(reason: Reason, user: Option<UserId>, directory: Option<DirectoryId>) -> Self {
        Self { directory, user, reason: Some(reason), detail: Value::Object(Map::new()) }
    }
    /// What it was decided on.
    #[must_use]
    pub fn detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

row! {
    /// A recorded attempt.
    #[derive(Debug, Clone)]
    pub struct Attempt {
        /// The tenant in which it was tried ([`TenantId::PLATFORM`] where none was known).
        pub tenant_id: TenantId,
        /// Its id.
        pub id: SigninId,
        /// What the person was shown.
        pub reference: String,
        /// When.
        pub at: Timestamp,
        /// Through which directory.
        pub directory_id: Option<DirectoryId>,
        /// Who.
        pub user_id: Option<UserId>,
        /// How it ended.
        pub outcome: Outcome,
        /// The reason's code.
        pub reason: Option<String>,
        /// What it was decided on.
        pub detail: J<Value>,
    }
}

impl Attempt {
    /// Why not, as a row of the table.
    pub fn why(&self) -> Option<Reason> {
        self.reason.as_deref().and_then(Reason::parse)
    }
}

/// A reference that can be read out on the telephone: `K7QF-2M9X-B3TD`, 60 bits.
fn reference() -> Result<String> {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let random = crypto::unb64(&crypto::random_b64(12));
    let random = random.ok_or_else(|| Error::internal("no random bytes"))?;
    let letters: Vec<char> =
        random.iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect();
    let groups: Vec<String> = letters.chunks(4).map(|g| g.iter().collect()).collect();
    Ok(groups.join("-"))
}

/// Records an attempt in the running transaction and gives its reference. It is the trace of what it tells, so that
/// a transaction that does no more than this needs no audit event.
///
/// # Errors
/// The database's.
pub async fn record(tx: &mut Tx, tenant: TenantId, new: &NewSignin) -> Result<String> {
    let reference = reference()?;
    let row = db::NewRow {
        id: SigninId::new(),
        reference: &reference,
        directory: new.directory,
        user: new.user,
        outcome: new.reason.map_or(Outcome::Success, Reason::outcome),
        reason: new.reason.map(Reason::code),
        detail: J(&new.detail),
    };
    db::insert(tx, tenant, &row).await?;
    tx.unaudited("the flight recorder is the trace of a sign-in");
    Ok(reference)
}

/// Somebody came in: their session, the record of it and the audit event, in the running transaction. Every way in ends
/// here; gives the cookie's value. `before` is the session of the browser until now: of the same person, by the same way,
/// it goes on with the new proof; any other ends, as nobody could sign out of it any more. Its tenant must be within what
/// the transaction sees.
///
/// # Errors
/// The database's.
pub async fn enter(
    tx: &mut Tx,
    s: &NewSession,
    before: Option<&Live>,
    limits: Limits,
) -> Result<Secret> {
    // As long as the person's company lets it last; `gate` holds it to that as it changes.
    let limits = match tenants::find(tx, s.home).await? {
        Some(home) => home.policy.0.sessions.within(limits),
        None => limits,
    };
    let same = |b: &&Live| (b.home, b.user, b.directory) == (s.home, s.user, s.directory);
    let renewed = match before.filter(same) {
        Some(b) => sessions::renew(tx, b.id, s, limits).await?.map(|cookie| (b.id, cookie)),
        None => None,
    };
    let goes_on = renewed.is_some();
    if let Some(b) = before.filter(|_| !goes_on) {
        sessions::revoke(tx, Who::Session(b.home, b.id), "another sign-in took its place").await?;
        let event = Event::new("session.replace").target("session", b.id);
        audit::record(tx, b.home, event).await?;
    }
    let (id, cookie) = match renewed {
        Some(renewed) => renewed,
        None => sessions::create(tx, s, limits).await?,
    };
    let detail = json!({ "class": s.class, "evidence": s.evidence });
    let new = NewSignin::success(s.user, s.directory).detail(detail);
    record(tx, s.home, &new).await?;
    let detail =
        json!({ "class": s.class, "evidence": s.evidence, "session": id, "renewed": goes_on });
    let event = Event::new("signin").target("user", s.user).detail(detail);
    audit::record(tx, s.home, event).await?;
    Ok(cookie)
}

/// What a reference stands for; letters that look alike are taken for each other.
///
/// # Errors
/// The database's.
pub async fn by_reference(store: &Store, reference: &str) -> Result<Option<Attempt>> {
    let plain: String = reference
        .to_ascii_uppercase()
        .chars()
        .map(|c| match c {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        })
        .take(40)
        .collect();
    db::by_reference(&mut store.read(Scope::Platform).await?, &plain).await
}

/// An attempt in the permit's tenant, by its reference.
///
/// # Errors
/// [`crate::error::Kind::NotFound`], also for another tenant's.
pub async fn get(
    store: &Store,
    permit: &Permit<SystemViewLogs>,
    reference: &str,
) -> Result<Attempt> {
    let found = by_reference(store, reference).await?;
    found
        .filter(|a| a.tenant_id == permit.tenant())
        .ok_or_else(|| Error::not_found("a sign-in with this reference"))
}

/// An attempt in whatever tenant, by its reference.
///
/// # Errors
/// [`crate::error::Kind::NotFound`].
pub async fn anywhere(store: &Store, _: &Permit<Global>, reference: &str) -> Result<Attempt> {
    let found = by_reference(store, reference).await?;
    found.ok_or_else(|| Error::not_found("a sign-in with this reference"))
}

/// What is wanted of a list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query {
    /// Of one user.
    pub user: Option<UserId>,
    /// Through one directory.
    pub directory: Option<DirectoryId>,
    /// Leave out what succeeded.
    pub bad: bool,
    /// Only what ended so.
    pub outcome: Option<Outcome>,
    /// Only for this reason.
    pub reason: Option<Reason>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Before this one (where the page before ended).
    pub before: Option<(Timestamp, SigninId)>,
}

/// A page of attempts.
#[derive(Debug)]
pub struct Found {
    /// Newest first. There may be fewer than were wanted, or none, although more follow.
    pub items: Vec<Attempt>,
    /// Where the next page begins, if there may be one.
    pub next: Option<(Timestamp, SigninId)>,
}

/// So many attempts are looked at for one page of what is rare among them.
const EXAMINED: i64 = 3_000;

/// The attempts in the permit's tenant, newest first.
///
/// # Errors
/// The database's.
pub async fn list(
    store: &Store,
    permit: &Permit<SystemViewLogs>,
    q: &Query,
    limit: u32,
) -> Result<Found> {
    let t = permit.tenant();
    let mut c = store.scan(Scope::Tenant(t)).await?;
    let first = SigninId(uuid::Uuid::nil());
    let end = (Timestamp(i64::MAX), SigninId(uuid::Uuid::max()));
    let to = q.until.map_or(end, |u| (u, first)).min(q.before.unwrap_or(end));
    let mut from = (q.since.unwrap_or(Timestamp(i64::MIN)), first);
    let rare = q.bad || q.outcome.is_some() || q.reason.is_some();
    // Of one user there is an index, and of a directory; the rest is read in order.
    let mut floor = None;
    if q.user.is_none() && rare {
        floor = db::nth(&mut c, t, (from, to), q.directory, EXAMINED).await?.map(|f| (f.at, f.id));
        from = floor.unwrap_or(from);
    }
    let limit = limit.clamp(1, 500);
    let mut items = db::list(&mut c, t, (from, to), q, i64::from(limit) + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = if more { items.last().map(|a| (a.at, a.id)) } else { floor };
    Ok(Found { items, next })
}

/// How many attempts in the permit's tenant ended how, day by day in UTC, from the first moment on and before the second.
///
/// # Errors
/// The database's.
pub async fn by_day(
    store: &Store,
    permit: &Permit<SystemViewLogs>,
    days: (Timestamp, Timestamp),
) -> Result<Vec<OfADay>> {
    let t = permit.tenant();
    let mut c = store.scan(Scope::Tenant(t)).await?;
    db::by_day(&mut c, t, days, Timestamp::DAY).await
}

/// The last sign-in through a directory that became a session, and the last that did not.
///
/// # Errors
/// The database's.
pub async fn last(
    store: &Store,
    permit: &Permit<SystemViewSettings>,
    directory: DirectoryId,
) -> Result<(Option<Attempt>, Option<Attempt>)> {
    let t = permit.tenant();
    let mut c = store.read(Scope::Tenant(t)).await?;
    let good = db::last(&mut c, t, directory, true).await?;
    Ok((good, db::last(&mut c, t, directory, false).await?))
}

/// Records that are removed in one transaction.
const PIECE: i64 = 1000;

/// Removes the records of attempts before `before`, a piece at a time. What the audit trail says of sign-ins stays.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, cx: &Cx, before: Timestamp) -> Result<u64> {
    let mut swept = 0;
    loop {
        let n = tx!(store, cx, [], |tx| {
            tx.unaudited("records of sign-ins expire");
            db::sweep(tx, before, PIECE).await
        })?;
        swept += n;
        if n < PIECE.unsigned_abs() {
            return Ok(swept);
        }
    }
}

/// Removes some records of a tenant that is deleted.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    db::leave(tx, t, n).await
}
