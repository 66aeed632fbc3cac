//! Signing keys: pending (published ahead), active (signs), retired (still verifies what it signed). Sealed at rest.
//! The prepared keys live in memory; the database is asked at start and when `Topic::Keys` says so.

mod db;

use crate::{
    access::{Permit, perm::Global},
    audit::{self, Event},
    clock::Timestamp,
    crypto::{
        self,
        jwt::{self, Alg, Jwk, Signable, Signer, Verified, Verifier},
        seal::MasterKey,
    },
    error::{Error, Result},
    id::{KeyId, TenantId},
    store::{Cx, J, Lock, Scope, Store, Topic},
    tx,
};
use arc_swap::ArcSwap;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// How long a retired key stays published: longer than any token it signed lives.
pub const BEHIND: Duration = Duration::from_secs(24 * 3600);
/// The algorithms we sign with; the first signs access tokens.
const ALGS: [Alg; 2] = [Alg::ES256, Alg::RS256];

/// What a key is for at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "KeyState")]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Published, does not sign yet.
    Pending,
    /// Signs.
    Active,
    /// Published for what it signed.
    Retired,
}
impl State {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "pending" => Self::Pending,
            "active" => Self::Active,
            "retired" => Self::Retired,
            _ => return None,
        })
    }
}
crate::enum_column!(State);

/// A key as it is listed.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "Key")]
pub struct KeyInfo {
    /// The key id in tokens.
    pub kid: String,
    /// The algorithm.
    pub alg: String,
    /// What it is for.
    pub state: State,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

/// Tokens whose signature was found good are remembered for so long, by their hash.
const REMEMBERED: Duration = Duration::from_secs(300);

struct Set {
    signers: HashMap<Alg, Arc<Signer>>,
    verifiers: HashMap<String, Arc<Verifier>>,
    published: Vec<Jwk>,
    document: Arc<str>,
    /// What these keys have verified: a new set begins with nothing.
    good: moka::sync::Cache<[u8; 32], Arc<Verified>>,
}
impl Default for Set {
    fn default() -> Self {
        Self {
            signers: HashMap::default(),
            verifiers: HashMap::default(),
            published: Vec::default(),
            document: Arc::default(),
            good: moka::sync::Cache::builder().max_capacity(4096).time_to_live(REMEMBERED).build(),
        }
    }
}

/// The prepared keys. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    store: Store,
    master: Arc<MasterKey>,
    set: ArcSwap<Set>,
    /// Held from reading the rows to storing what they say: an older reading never replaces a newer one.
    reading: tokio::sync::Mutex<()>,
}

fn aad(id: KeyId) -> String {
    format!("signing_keys/{id}/private")
}

impl Keys {
    /// Reads the keys, makes the one for access tokens when there is none yet, and follows changes. `cx` is the
    /// system's own.
    ///
    /// # Errors
    /// The database's; [`crate::error::Kind::Internal`] when another master key sealed them.
    pub async fn load(store: &Store, master: Arc<MasterKey>, cx: &Cx) -> Result<Self> {
        let keys = Self(Arc::new(Inner {
            store: store.clone(),
            master,
            set: ArcSwap::default(),
            reading: tokio::sync::Mutex::default(),
        }));
        keys.reload().await?;
        if keys.signer(ALGS[0]).is_err() {
            keys.ensure(cx, ALGS[0]).await?;
        }
        let (weak, handle) = (Arc::downgrade(&keys.0), tokio::runtime::Handle::current());
        store.on_change(move |change| {
            if matches!(change.topic, Topic::Keys | Topic::Everything)
                && let Some(inner) = weak.upgrade()
            {
                handle.spawn(async move {
                    if let Err(e) = Self(inner).reload().await {
                        tracing::error!(error = ?e, "signing keys could not be read again");
                    }
                });
            }
        });
        Ok(keys)
    }
    /// Makes the keys that are still missing (RSA takes a good part of a second: after the server is ready).
    ///
    /// # Errors
    /// The database's.
    pub async fn complete(&self, cx: &Cx) -> Result<()> {
        for alg in ALGS {
            if self.signer(alg).is_err() {
                self.ensure(cx, alg).await?;
            }
        }
        Ok(())
    }
    async fn ensure(&self, cx: &Cx, alg: Alg) -> Result<()> {
        self.add(cx, alg, false, "key.create").await
    }
    async fn add(&self, cx: &Cx, alg: Alg, replace: bool, action: &'static str) -> Result<()> {
        let id = KeyId::new();
        let private = tokio::task::spawn_blocking(move || jwt::generate(alg))
            .await
            .map_err(Error::internal)??;
        let kid = crate::crypto::random_b64(12);
        let jwk = Signer::new(kid.clone(), alg, &private)?.jwk();
        let sealed = self.0.master.seal(&aad(id), &private)?;
        tx!(self.0.store, cx, [kid, jwk, sealed], |tx| {
            tx.lock(Lock::Named("signing keys".into())).await?;
            let active = db::active(tx, alg.as_str()).await?;
            let state = match (active, replace) {
                (Some(_), false) => return Ok(()),
                (Some(_), true) => State::Pending,
                (None, _) => State::Active,
            };
            db::insert(tx, id, &kid, alg.as_str(), state, &sealed, &J(&jwk)).await?;
            let event = Event::new(action).target("key", &kid);
            let event = event.detail(serde_json::json!({"alg": alg.as_str(), "state": state}));
            audit::record(tx, TenantId::PLATFORM, event).await?;
            tx.changed(Topic::Keys);
            Ok(())
        })?;
        self.reload().await
    }
    async fn reload(&self) -> Result<()> {
        let _turn = self.0.reading.lock().await;
        let mut c = self.0.store.read(Scope::Platform).await?;
        let rows = db::all(&mut c).await?;
        drop(c);
        let mut set = Set::default();
        for r in rows {
            let alg = Alg::parse(&r.alg).ok_or_else(|| {
                Error::internal(format!("key {}: unknown algorithm {}", r.kid, r.alg))
            })?;
            let verifier = Verifier::new(&r.public.0, alg)?;
            set.verifiers.insert(r.kid.clone(), Arc::new(verifier));
            set.published.push(r.public.0.clone());
            if r.state == State::Active {
                let private = zeroize::Zeroizing::new(self.0.master.open(&aad(r.id), &r.private)?);
                set.signers.insert(alg, Arc::new(Signer::new(r.kid, alg, &private)?));
            }
        }
        set.document = serde_json::json!({"keys": set.published}).to_string().into();
        self.0.set.store(Arc::new(set));
        Ok(())
    }
    fn signer(&self, alg: Alg) -> Result<Arc<Signer>> {
        let set = self.0.set.load();
        set.signers.get(&alg).cloned().ok_or_else(|| {
            Error::unavailable(format!("there is no active {} key yet", alg.as_str()))
        })
    }
    /// Signs what the gate made.
    ///
    /// # Errors
    /// [`crate::error::Kind::Unavailable`] while there is no key for `alg`.
    pub fn sign(&self, alg: Alg, what: &Signable) -> Result<String> {
        self.signer(alg)?.sign(what)
    }
    /// Verifies one of our own tokens: the algorithm is that of the key its `kid` names. A text that verified is
    /// remembered by its hash for as long as the keys stay what they are; times are the caller's to check.
    ///
    /// # Errors
    /// [`crate::error::Kind::Invalid`].
    pub fn verify(&self, token: &str) -> Result<Arc<Verified>> {
        let set = self.0.set.load();
        let hash = crypto::sha256(token);
        if let Some(v) = set.good.get(&hash) {
            return Ok(v);
        }
        let head = jwt::header(token)?;
        let kid = head.kid.as_deref().unwrap_or("");
        let v = set.verifiers.get(kid);
        let v = v.ok_or_else(|| Error::invalid("not signed with a key of ours"))?.verify(token)?;
        let v = Arc::new(v);
        set.good.insert(hash, v.clone());
        Ok(v)
    }
    /// The key set document (RFC 7517).
    pub fn document(&self) -> Arc<str> {
        self.0.set.load().document.clone()
    }
    /// All keys, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, _permit: &Permit<Global>) -> Result<Vec<KeyInfo>> {
        let mut c = self.0.store.read(Scope::Platform).await?;
        let rows = db::all(&mut c).await?;
        Ok(rows
            .into_iter()
            .map(|r| KeyInfo {
                kid: r.kid,
                alg: r.alg,
                state: r.state,
                created_at: r.created_at.rfc3339(),
            })
            .collect())
    }
    /// Begins a rotation: a new key of each algorithm is published now and signs when [`Self::advance`] finds it old
    /// enough; with `at_once` it signs now, for the day a key leaked.
    ///
    /// # Errors
    /// The database's.
    pub async fn rotate(&self, permit: &Permit<Global>, at_once: bool) -> Result<()> {
        for alg in ALGS {
            self.add(&permit.cx(), alg, true, "key.rotate").await?;
        }
        if at_once { self.advance(&permit.cx(), Duration::ZERO, BEHIND).await } else { Ok(()) }
    }
    /// Begins a rotation of each algorithm whose newest key is older than `every`. A worker calls it.
    ///
    /// # Errors
    /// The database's.
    pub async fn rotate_due(&self, cx: &Cx, every: Duration) -> Result<()> {
        let before = self.0.store.clock().now().minus(every);
        for alg in ALGS {
            let mut c = self.0.store.read(Scope::Platform).await?;
            let newest = db::newest(&mut c, alg.as_str()).await?;
            drop(c);
            if newest.is_some_and(|at| at < before) {
                self.add(cx, alg, true, "key.rotate").await?;
            }
        }
        Ok(())
    }
    /// Moves keys on: pending ones older than `ahead` sign, the ones they replace retire, retired ones older than
    /// `behind` go. A worker calls it, with [`BEHIND`].
    ///
    /// # Errors
    /// The database's.
    pub async fn advance(&self, cx: &Cx, ahead: Duration, behind: Duration) -> Result<()> {
        let now: Timestamp = self.0.store.clock().now();
        let mut c = self.0.store.read(Scope::Platform).await?;
        let due = db::due(&mut c, now.minus(ahead), now.minus(behind)).await?;
        drop(c);
        if due == 0 {
            return Ok(());
        }
        tx!(self.0.store, cx, [], |tx| {
            tx.lock(Lock::Named("signing keys".into())).await?;
            for alg in ALGS {
                if let Some(kid) = db::newest_pending(tx, alg.as_str(), now.minus(ahead)).await? {
                    db::retire(tx, alg.as_str()).await?;
                    db::activate(tx, &kid).await?;
                    let event = Event::new("key.activate").target("key", &kid);
                    audit::record(tx, TenantId::PLATFORM, event).await?;
                }
            }
            if db::forget(tx, now.minus(behind)).await? > 0 {
                audit::record(tx, TenantId::PLATFORM, Event::new("key.forget")).await?;
            }
            tx.unaudited("each change above recorded its own event");
            tx.changed(Topic::Keys);
            Ok(())
        })?;
        self.reload().await
    }
}
