//! What providers were last heard to say, by issuer: their keys, as a sign-in read them, for whoever only looks at a token
//! and asks nobody; and whether they answered.

use crate::{
    clock::Timestamp,
    crypto::jwt::{Alg, Jwk},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The keys of one provider.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its key set.
    pub keys: Vec<Jwk>,
    /// What it signs id tokens with.
    pub algs: Vec<Alg>,
    /// When it was read.
    pub at: Timestamp,
}

/// How asking a provider went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// When it was last asked for its documents.
    pub asked_at: Option<Timestamp>,
    /// When it last answered as it should.
    pub answered_at: Option<Timestamp>,
    /// Why it did not, the last time; `None`: it did.
    pub why_not: Option<String>,
}

#[derive(Default)]
struct Known {
    published: HashMap<String, Arc<Published>>,
    heard: HashMap<String, Heard>,
}

/// By issuer. Cheap to clone.
#[derive(Clone, Default)]
pub struct Keyring(Arc<Mutex<Known>>);

/// Of more providers than this none is remembered.
const MOST: usize = 10_000;

impl Keyring {
    fn locked<T>(&self, f: impl FnOnce(&mut Known) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
    /// What a provider publishes now.
    pub fn put(&self, issuer: &str, published: Published) {
        let at = published.at;
        self.locked(|all| {
            if all.published.len() >= MOST {
                all.published.clear();
            }
            all.published.insert(issuer.to_owned(), Arc::new(published));
        });
        self.heard(issuer, at, None);
    }
    /// What it was last seen to publish; `None`: nobody signed in there since this server started.
    pub fn get(&self, issuer: &str) -> Option<Arc<Published>> {
        self.locked(|all| all.published.get(issuer).cloned())
    }
    /// It was asked; `why_not`: without success.
    pub fn heard(&self, issuer: &str, at: Timestamp, why_not: Option<String>) {
        self.locked(|all| {
            if all.heard.len() >= MOST {
                all.heard.clear();
            }
            let heard = all.heard.entry(issuer.to_owned()).or_default();
            heard.asked_at = Some(at);
            if why_not.is_none() {
                heard.answered_at = Some(at);
            }
            heard.why_not = why_not;
        });
    }
    /// How asking it went since this server started.
    pub fn how(&self, issuer: &str) -> Heard {
        self.locked(|all| all.heard.get(issuer).cloned()).unwrap_or_default()
    }
}
