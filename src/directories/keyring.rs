//! The keys that providers were last seen to publish, by issuer: what a sign-in read from them, for whoever only looks at a
//! token and asks nobody.

use crate::crypto::jwt::{Alg, Jwk};
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
}

/// By issuer. Cheap to clone.
#[derive(Clone, Default)]
pub struct Keyring(Arc<Mutex<HashMap<String, Arc<Published>>>>);

/// Of more providers than this none is remembered.
const MOST: usize = 10_000;

impl Keyring {
    /// What a provider publishes now.
    pub fn put(&self, issuer: &str, published: Published) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(issuer.to_owned(), Arc::new(published));
    }
    /// What it was last seen to publish; `None`: nobody signed in there since this server started.
    pub fn get(&self, issuer: &str) -> Option<Arc<Published>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(issuer).cloned()
    }
}
