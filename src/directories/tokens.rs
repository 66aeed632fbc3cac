//! SCIM tokens: two live at once for rotation, stored hashed, optionally expiring; when each was last used is
//! noted in memory and written in batches.

use super::{db, gone, locked, rules};
use crate::{
    access::{
        Access, Permit,
        perm::{SystemEditSettings, SystemViewSettings},
    },
    actor::Actor,
    audit::{self, Event},
    clock::Timestamp,
    crypto::token,
    error::{Error, Result},
    id::{DirectoryId, ScimTokenId, TenantId},
    secret::Secret,
    store::{Cache, Conn, Cx, List, Scope, Store, Topic},
    tx,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

crate::row! {
    /// A token as it is shown: never itself, only its last characters.
    #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
    pub struct Token {
        /// Its id.
        pub id: ScimTokenId,
        /// Its directory.
        pub directory_id: DirectoryId,
        /// Its last characters.
        pub hint: String,
        /// When it was made.
        pub created_at: Timestamp,
        /// After this it is refused.
        pub expires_at: Option<Timestamp>,
        /// When it last opened a request (written in batches).
        pub last_used_at: Option<Timestamp>,
    }
}

crate::row! {
    /// What a token opens.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Opens {
        pub tenant_id: TenantId,
        pub directory_id: DirectoryId,
        pub id: ScimTokenId,
        pub expires_at: Option<Timestamp>,
    }
}

/// Makes a token and hands it out, this once. Whoever has it can act as the directory's people, so that who makes it must
/// hold what they hold, as long as the token lives.
///
/// # Errors
/// `NotFound`; `Conflict` when two are live: revoke one first; `Invalid` for an expiry in the past; `Forbidden` beyond
/// the caller's own rights.
pub async fn token_create(
    store: &Store,
    access: &Access,
    p: &Permit<SystemEditSettings>,
    directory: DirectoryId,
    expires_at: Option<Timestamp>,
) -> Result<(Token, Secret)> {
    let (t, id) = (p.tenant(), ScimTokenId::new());
    let entrusted = access.entrusted(p.actor(), (t, directory), expires_at).await?;
    let (plain, hash) = token::generate(token::Kind::Scim);
    let hint = token::hint(crate::secret::ExposeSecret::expose_secret(&plain));
    let row = tx!(store, &p.cx().urgent(), [hash, hint, access, entrusted], |tx| {
        let (d, _) = locked(tx, t, directory, None).await?;
        entrusted.check(&access, tx).await?;
        if d.signin.0.newcomers.any() {
            let detail = "the directory's people or groups come by signing in ('newcomers'); whom SCIM took away, that would \
                          bring back: switch it off first";
            return Err(Error::conflict(detail).code("newcomers"));
        }
        if expires_at.is_some_and(|at| at <= tx.now()) {
            return Err(Error::invalid("the expiry is in the past").attr("expires_at"));
        }
        db::drop_expired(tx, t, directory).await?;
        let live = db::tokens(tx, t, directory).await?.len();
        if live >= rules::LIVE_TOKENS {
            let detail = "the directory has two live SCIM tokens already; revoke one first";
            return Err(Error::conflict(detail).code("two_live_tokens"));
        }
        let row = db::insert_token(tx, t, id, directory, &hash, &hint, expires_at).await?;
        let detail = serde_json::json!({ "token": id, "hint": hint, "expires_at": expires_at });
        let event = Event::new("scim_token.create").target("directory", directory);
        audit::record(tx, t, event.detail(detail)).await?;
        tx.changed(Topic::Directory(directory));
        Ok(row)
    })?;
    Ok((row, plain))
}

/// Revokes a token: the next request with it is refused.
///
/// # Errors
/// `NotFound`.
pub async fn token_revoke(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    directory: DirectoryId,
    id: ScimTokenId,
) -> Result<()> {
    let t = p.tenant();
    tx!(store, &p.cx().urgent(), [], |tx| {
        if db::delete_token(tx, t, directory, id).await? == 0 {
            return Err(Error::not_found(format!("SCIM token {id}")));
        }
        let event = Event::new("scim_token.revoke").target("directory", directory);
        audit::record(tx, t, event.detail(serde_json::json!({ "token": id }))).await?;
        tx.changed(Topic::Directory(directory));
        Ok(())
    })
}

/// The tokens of a directory.
///
/// # Errors
/// `NotFound`.
pub async fn tokens(
    store: &Store,
    p: &Permit<SystemViewSettings>,
    directory: DirectoryId,
) -> Result<Vec<Token>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::get(&mut c, p.tenant(), directory).await?.ok_or_else(|| gone(directory))?;
    db::tokens(&mut c, p.tenant(), directory).await
}

/// The tokens of a directory, for a reader that has a connection over its tenant.
pub async fn tokens_of(c: &mut Conn, t: TenantId, d: DirectoryId) -> Result<Vec<Token>> {
    db::tokens(c, t, d).await
}

/// The tokens of many directories at once, for a reader that has a connection over all tenants.
///
/// # Errors
/// The database's.
pub async fn tokens_of_many(
    c: &mut Conn,
    ids: &[DirectoryId],
) -> Result<HashMap<DirectoryId, Vec<Token>>> {
    let mut out = HashMap::<_, Vec<Token>>::new();
    for token in db::tokens_of(c, &List::Ids(ids.iter().map(|d| d.0).collect())).await? {
        out.entry(token.directory_id).or_default().push(token);
    }
    Ok(out)
}

/// Which directory a token opens, asking the database. Servers ask [`Tokens`], which remembers.
pub async fn by_token(store: &Store, text: &str) -> Result<Option<(TenantId, DirectoryId)>> {
    let Some(hash) = token::hash(token::Kind::Scim, text) else { return Ok(None) };
    let mut c = store.read(Scope::Platform).await?;
    let found = db::by_hash(&mut c, &hash).await?;
    let now = store.clock().now();
    Ok(found
        .filter(|o| o.expires_at.is_none_or(|e| e > now))
        .map(|o| (o.tenant_id, o.directory_id)))
}

/// Tokens by hash, remembered until their directory changes: a request costs no query. Also notes which were used.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    store: Store,
    known: Cache<String, Opens>,
    used: Mutex<HashMap<(TenantId, ScimTokenId), Timestamp>>,
}

impl Tokens {
    /// Over this store; drops what it remembers of a directory when that changes.
    pub fn new(store: &Store) -> Self {
        let inner = Arc::new(Inner {
            store: store.clone(),
            known: Cache::new(10_000, Duration::from_hours(1)),
            used: Mutex::new(HashMap::new()),
        });
        let weak = Arc::downgrade(&inner);
        store.on_change(move |change| {
            let Some(inner) = weak.upgrade() else { return };
            match change.topic {
                Topic::Directory(d) => inner.known.drop_if(|_, o| o.directory_id == d),
                Topic::Everything => inner.known.drop_all(),
                _ => {}
            }
        });
        Self(inner)
    }

    /// Which directory this token opens; `None` for one that is malformed, unknown, revoked or expired. Whether
    /// tenant and directory are live is the gate's question.
    pub async fn open(&self, text: &str) -> Result<Option<(TenantId, DirectoryId)>> {
        let Some(hash) = token::hash(token::Kind::Scim, text) else { return Ok(None) };
        let now = self.0.store.clock().now();
        let opens = if let Some(o) = self.0.known.get(&hash) {
            o
        } else {
            let ticket = self.0.known.ticket();
            let mut c = self.0.store.read(Scope::Platform).await?;
            let Some(o) = db::by_hash(&mut c, &hash).await? else { return Ok(None) };
            self.0.known.fill(ticket, hash, o);
            o
        };
        if opens.expires_at.is_some_and(|e| e <= now) {
            return Ok(None);
        }
        let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert((opens.tenant_id, opens.id), now);
        Ok(Some((opens.tenant_id, opens.directory_id)))
    }

    /// Writes when tokens were last used; a worker calls it every few seconds and once at the end.
    pub async fn flush(&self, actor: &Actor) -> Result<()> {
        let used: Vec<_> = {
            let mut used = self.0.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.drain().collect()
        };
        if used.is_empty() {
            return Ok(());
        }
        tx!(&self.0.store, &Cx::new(actor.clone(), Scope::Platform), [used], |tx| {
            tx.unaudited("when a token was last used is bookkeeping");
            for ((t, id), at) in used {
                db::used(tx, t, id, at).await?;
            }
            Ok(())
        })
    }
}
