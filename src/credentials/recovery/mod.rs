//! Recovery codes: ten, shown once, each good once in the place of the second factor. They open a session that is short,
//! and in which another factor can be set up; they never take the place of the password.

mod db;

use super::{
    Credentials, Outcome, Proved,
    factors::{self, Factor},
    notice::{self, What},
};
use crate::{
    audit::{self, Event},
    crypto,
    error::{Error, Result},
    id::{TenantId, UserId},
    secret::Secret,
    store::{Cx, Lock, Tx},
    tx, users,
};
pub(super) use db::{delete_all, left};
use serde_json::json;
use std::time::Duration;

/// So many are in a set.
const SET: usize = 10;
/// How long a session lasts that one of them opened.
pub const SESSION: Duration = Duration::from_secs(30 * 60);
/// What such a session says it was decided by.
pub const RULE: &str = "local:recovery_code";

/// 80 bits, in groups, of an alphabet without look-alikes.
fn new_code() -> Result<String> {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567890";
    let random = crypto::unb64(&crypto::random_b64(16));
    let random = random.ok_or_else(|| Error::internal("no random bytes"))?;
    let letters: Vec<char> =
        random.iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect();
    let groups: Vec<String> = letters.chunks(4).map(|g| g.iter().collect()).collect();
    Ok(groups.join("-"))
}

/// What is stored of one. It is random and long enough that a fast hash does.
fn hash(t: TenantId, user: UserId, code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    crypto::sha256_hex(format!("recovery code {t} {user} {}", plain.to_ascii_lowercase()))
}

/// A new set, in the place of the one before.
pub(super) fn new_set() -> Result<Vec<Secret>> {
    (0..SET).map(|_| new_code().map(Secret::from)).collect()
}

/// Stores a set.
pub(super) async fn keep(tx: &mut Tx, t: TenantId, user: UserId, set: &[Secret]) -> Result<()> {
    use crate::secret::ExposeSecret as _;
    let before = db::delete_all(tx, t, user).await?;
    for code in set {
        db::insert(tx, t, user, &hash(t, user, code.expose_secret())).await?;
    }
    let event = Event::new("recovery_codes.set").target("user", user);
    audit::record(tx, t, event.detail(json!({ "replaced": before }))).await?;
    notice::tell(tx, t, user, What::RecoveryMade).await
}

impl Credentials {
    /// Tries a recovery code of who proved their password, in the place of their second factor.
    ///
    /// # Errors
    /// The database's.
    pub async fn verify_recovery(&self, cx: &Cx, proved: &Proved, code: &str) -> Result<Outcome> {
        let (proved, settings) = (*proved, self.0.settings.clone());
        let (home, user) = (proved.home, proved.user);
        let hash = hash(home, user, code);
        tx!(self.0.store, &cx.clone().urgent(), [hash, settings], |tx| {
            tx.unaudited("a try is counted");
            tx.lock(Lock::User(user)).await?;
            let before = match factors::waits(tx, (home, user), Factor::Recovery).await? {
                Ok(before) => before,
                Err(seconds) => return Ok(Outcome::Wait(seconds)),
            };
            if !db::claim(tx, home, user, &hash).await? {
                factors::missed(tx, (home, user), Factor::Recovery, before, &settings).await?;
                return Ok(Outcome::Wrong);
            }
            factors::forget(tx, (home, user), Factor::Recovery).await?;
            let left = db::left(tx, home, user).await?;
            let event = Event::new("recovery_code.use").target("user", user);
            audit::record(tx, home, event.detail(json!({ "left": left }))).await?;
            notice::tell(tx, home, user, What::RecoveryUsed(left)).await?;
            let live = users::find(tx, home, user).await?.is_some_and(|u| u.live());
            Ok(if live { Outcome::Right(proved) } else { Outcome::Off { home, user } })
        })
    }
}
