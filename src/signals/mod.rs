//! What a directory's provider says of its people after they signed in: it signed somebody out, revoked what they have,
//! changed a password, closed an account. Each signal counts once; what follows goes through the revoke path, in the
//! transaction that takes the signal down.
//!
//! May use the floors below and the rooms of people, directories and sessions. Must not know how a signal came or how its
//! signature was verified: that is `federation`'s.

mod db;
mod stream;

pub use stream::{
    OnCredential, OnRevoked, Settings, Stream, Trouble, configure, drop_stream, failed, get,
    new_push_secret, polled, stream,
};

use crate::{
    audit::{self, Event},
    clock::Timestamp,
    crypto,
    error::Result,
    id::{DirectoryId, SessionId, TenantId, UserId},
    protocol::{
        oidc::SKEW,
        signal::{Account, Effect, Letter, Said, Subject},
    },
    sessions::{self, Revoked, Who, upstream},
    store::{Conn, Cx, Lock, Scope, Store, Tx},
    tx, users,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// How a signal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Back-channel logout.
    BackChannel,
    /// Front-channel logout.
    FrontChannel,
    /// Global token revocation.
    Revocation,
    /// A security event, pushed.
    Push,
    /// A security event, polled.
    Poll,
}
impl How {
    /// The word in the audit trail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BackChannel => "back_channel_logout",
            Self::FrontChannel => "front_channel_logout",
            Self::Revocation => "global_token_revocation",
            Self::Push => "security_event_push",
            Self::Poll => "security_event_poll",
        }
    }
    /// Why sessions end, for whoever reads their list.
    fn why(self) -> &'static str {
        match self {
            Self::BackChannel | Self::FrontChannel => "signed out at the directory's provider",
            Self::Revocation => "revoked by the directory's provider",
            Self::Push | Self::Poll => "ended by a security event of the directory's provider",
        }
    }
}

/// Whose provider speaks.
#[derive(Debug, Clone)]
pub struct Source {
    /// The directory's tenant.
    pub tenant: TenantId,
    /// The directory.
    pub directory: DirectoryId,
    /// The issuer of its id tokens, by which identities are kept.
    pub issuer: String,
    /// What else it calls itself: an organisation whose login is one of several issuers.
    pub also: Option<String>,
}

/// What became of a signal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// It was taken before.
    pub again: bool,
    /// Somebody or some session here was meant.
    pub known: bool,
    /// What ended.
    pub ended: Revoked,
    /// Sessions that prove less than before.
    pub weakened: usize,
}

/// The person a provider means; only people of this directory are looked at.
async fn person(c: &mut Conn, from: &Source, account: &Account) -> Result<Option<UserId>> {
    let (t, d) = (from.tenant, from.directory);
    let user = match account {
        Account::IssSub { iss, sub } if *iss == from.issuer || Some(iss) == from.also.as_ref() => {
            by_subject(c, from, sub).await?
        }
        Account::IssSub { .. } => None,
        Account::Opaque(id) => by_subject(c, from, id).await?,
        Account::Email(address) => users::find_by_address(c, t, d, address).await?,
    };
    Ok(user.map(|u| u.id))
}

async fn by_subject(c: &mut Conn, from: &Source, sub: &str) -> Result<Option<users::User>> {
    let (t, d) = (from.tenant, from.directory);
    if let Some(u) = users::find_by_identity(c, t, d, &from.issuer, sub).await? {
        return Ok(Some(u));
    }
    match users::find_by_external_id(c, t, d, sub).await {
        // Two people with one id: nobody is meant for sure.
        Err(e) if e.code_str() == Some("ambiguous") => Ok(None),
        r => r,
    }
}

/// Does what a signal says, once.
///
/// # Errors
/// The database's.
pub async fn take(
    store: &Store,
    cx: &Cx,
    from: &Source,
    letter: Letter,
    (how, reactions): (How, Reactions),
) -> Result<Taken> {
    let (from, letter) = (Arc::new(from.clone()), Arc::new(letter));
    tx!(store, &cx.clone().urgent(), [from, letter], |tx| {
        // Ids are unique to who gives them; the caller of a revocation may name several people under one.
        let about = match how {
            How::Revocation => {
                format!("{:?}", letter.said.iter().map(|s| &s.subject).collect::<Vec<_>>())
            }
            _ => String::new(),
        };
        let key = [how.as_str(), &letter.issuer, &letter.jti, &about].join("\0");
        let hash = crypto::sha256_hex(key);
        if db::claim(tx, from.tenant, from.directory, &hash, letter.until).await? == 0 {
            tx.unaudited("it was taken before");
            return Ok(Taken { again: true, ..Taken::default() });
        }
        let mut taken = Taken::default();
        for s in &letter.said {
            let one = act(tx, &from, s, how, reactions).await?;
            let detail = json!({
                "how": how.as_str(), "event": s.event, "jti": letter.jti, "known": one.known,
                "sessions": one.ended.sessions, "families": one.ended.families,
                "weakened": one.weakened, "ignored": ignored(s.effect, reactions),
                "at": s.at.map(Timestamp::rfc3339),
            });
            record(tx, &from, s, detail).await?;
            taken.known |= one.known;
            taken.ended.sessions += one.ended.sessions;
            taken.ended.families += one.ended.families;
            taken.weakened += one.weakened;
            if matches!(how, How::Push | How::Poll) {
                let verified = s.effect == Effect::Verification;
                db::heard(tx, from.tenant, from.directory, &s.event, verified).await?;
            }
        }
        if how == How::Revocation && !taken.known {
            // Nobody was meant: asked again, it is looked again.
            db::unclaim(tx, from.tenant, from.directory, &hash).await?;
        }
        Ok(taken)
    })
}

/// As [`take`], of what comes without a token of its own and can only end things (front-channel logout): doing it again
/// does nothing.
///
/// # Errors
/// The database's.
pub async fn sign_out(store: &Store, cx: &Cx, from: &Source, sid: &str) -> Result<Taken> {
    let mut c = store.read(Scope::Tenant(from.tenant)).await?;
    // Whoever makes names up costs a look and no more.
    if upstream::named(&mut c, from.tenant, from.directory, sid).await?.is_empty() {
        return Ok(Taken::default());
    }
    drop(c);
    let from = Arc::new(from.clone());
    let said = Arc::new(Said {
        event: "front-channel logout".to_owned(),
        subject: Subject { account: None, session: Some(sid.to_owned()) },
        effect: Effect::EndSessions,
        at: None,
        state: None,
    });
    tx!(store, &cx.clone().urgent(), [from, said], |tx| {
        let taken = act(tx, &from, &said, How::FrontChannel, Reactions::default()).await?;
        if taken.known {
            let detail = json!({
                "how": How::FrontChannel.as_str(), "known": true,
                "sessions": taken.ended.sessions, "families": taken.ended.families,
            });
            record(tx, &from, &said, detail).await?;
        } else {
            tx.unaudited("no session of that name");
        }
        Ok(taken)
    })
}

async fn record(tx: &mut Tx, from: &Source, s: &Said, detail: Value) -> Result<()> {
    let event = Event::new("signal.take").target("directory", from.directory).detail(detail);
    let whom = match &s.subject.account {
        Some(Account::IssSub { sub, .. }) => json!({ "sub": sub }),
        Some(Account::Email(email)) => json!({ "email": email }),
        Some(Account::Opaque(id)) => json!({ "id": id }),
        None => Value::Null,
    };
    let event = if whom.is_null() { event } else { event.personal(whom) };
    audit::record(tx, from.tenant, event).await
}

/// What is done about events that leave a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reactions {
    /// About a session that was revoked.
    pub revoked: OnRevoked,
    /// About a changed password or factor.
    pub credential: OnCredential,
}

fn ignored(effect: Effect, r: Reactions) -> Option<&'static str> {
    match effect {
        Effect::Nothing(why) => Some(why),
        Effect::EndSessions if r.revoked == OnRevoked::Ignore => {
            Some("the stream's settings say so")
        }
        Effect::Credential if r.credential == OnCredential::Ignore => {
            Some("the stream's settings say so")
        }
        _ => None,
    }
}

async fn act(tx: &mut Tx, from: &Source, s: &Said, how: How, r: Reactions) -> Result<Taken> {
    let t = from.tenant;
    let mut taken = Taken::default();
    let user = match &s.subject.account {
        Some(a) => person(tx, from, a).await?,
        None => None,
    };
    if let Some(user) = user {
        taken.known = true;
        tx.lock(Lock::User(user)).await?;
    }
    let meant = meant(tx, from, s, user, how).await?;
    taken.known |= !meant.is_empty();
    if ignored(s.effect, r).is_some() {
        return Ok(taken);
    }
    let weaken = s.effect == Effect::Fresh
        || s.effect == Effect::Credential && r.credential == OnCredential::Fresh;
    match (s.effect, user) {
        (Effect::EndAll, Some(user)) => {
            taken.ended = sessions::revoke(tx, Who::User(t, user), how.why()).await?;
        }
        (Effect::Verification | Effect::Nothing(_), _) => {}
        (_, _) if weaken => {
            for (id, whose) in meant {
                taken.weakened += usize::from(upstream::weaken(tx, t, id, whose).await?);
            }
        }
        _ => {
            for (id, _) in meant {
                let ended = sessions::revoke(tx, Who::Session(t, id), how.why()).await?;
                taken.ended.sessions += ended.sessions;
                taken.ended.families += ended.families;
            }
        }
    }
    Ok(taken)
}

/// The sessions that a subject means: those of the provider's session if one is named (and those of the person that came
/// without a name), else all of the person through this directory. A session and a person that do not belong together mean
/// nothing, and an event of a time before a session began says nothing of it.
async fn meant(
    tx: &mut Tx,
    from: &Source,
    s: &Said,
    user: Option<UserId>,
    how: How,
) -> Result<Vec<(SessionId, UserId)>> {
    let (t, d) = (from.tenant, from.directory);
    let found = match (&s.subject.session, user) {
        (Some(sid), None) if s.subject.account.is_none() => upstream::named(tx, t, d, sid).await?,
        (Some(sid), Some(user)) => {
            let all = upstream::through(tx, t, d, user).await?.into_iter();
            all.filter(|f| f.upstream_sid.as_ref().is_none_or(|of| of == sid)).collect()
        }
        (None, Some(user)) => upstream::through(tx, t, d, user).await?,
        (_, None) => Vec::new(),
    };
    let late = matches!(how, How::Push | How::Poll);
    let before = s.at.filter(|_| late).map(|at| at.plus(Duration::from_secs(SKEW)));
    let begun = |f: &upstream::Found| before.is_none_or(|at| f.created_at <= at);
    Ok(found.into_iter().filter(begun).map(|f| (f.id, f.user_id)).collect())
}

/// Forgets what can no longer come a second time.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store, cx: &Cx, before: Timestamp) -> Result<u64> {
    tx!(store, cx, [], |tx| {
        tx.unaudited("expired rows");
        db::sweep(tx, before).await
    })
}

/// Removes some rows of a tenant that is deleted.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    Ok(db::leave_taken(tx, t, n).await? + db::leave_streams(tx, t, n).await?)
}
