//! Argon2id, off the request path: a hash costs memory and tens of milliseconds, so few run at once.

use super::rules;
use crate::{
    error::{Error, Result},
    secret::{ExposeSecret as _, Secret},
};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Memory in KiB, passes, lanes: OWASP's first choice for Argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Hashes and verifies, a few at once.
#[derive(Clone)]
pub(super) struct Hasher {
    turns: Arc<Semaphore>,
    decoy: Arc<str>,
}

fn argon() -> Result<Argon2<'static>> {
    let params = Params::new(COST.0, COST.1, COST.2, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &[u8]) -> Result<String> {
    Ok(argon()?.hash_password(password).map_err(Error::internal)?.to_string())
}

impl Hasher {
    pub(super) fn new() -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, |n| n.get().div_ceil(2));
        // Of no password: it costs as much to miss somebody who does not exist.
        let decoy = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmUh\
                     $Zk1yV1U1YkdUZ2xWb1h6WnFkU2pLcEh3QnlNeE5hQ3Q";
        Self { turns: Arc::new(Semaphore::new(at_once)), decoy: decoy.into() }
    }
    async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _turn = self.turns.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
    pub(super) async fn hash(&self, password: &Secret) -> Result<String> {
        let password = Secret::from(rules::normal(password.expose_secret()));
        self.turn(move || hash(password.expose_secret().as_bytes())).await
    }
    /// Whether the password is the one that was hashed; against a decoy where there is none.
    pub(super) async fn verify(&self, password: &Secret, hash: Option<&str>) -> Result<bool> {
        let real = hash.is_some();
        let password = Secret::from(rules::normal(password.expose_secret()));
        let hash = hash.unwrap_or(&self.decoy).to_owned();
        self.turn(move || {
            let parsed = PasswordHash::new(&hash).map_err(Error::internal)?;
            let secret = password.expose_secret().as_bytes();
            Ok(argon()?.verify_password(secret, &parsed).is_ok() && real)
        })
        .await
    }
}
