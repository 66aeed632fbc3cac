//! Hashing, sealing, signing, prefixed tokens. Knows algorithms, not who may use them: what the signer signs is
//! made by `gate` alone.
/// T.
pub mod token {
    /// K.
    #[derive(Debug, Clone, Copy)]
    pub enum Kind {
        /// S.
        Scim,
    }
    /// G.
    pub fn generate(_k: Kind) -> (crate::secret::Secret, String) {
        let t = format!("mst_scim_{}", uuid::Uuid::new_v4());
        (crate::secret::Secret::from(t.clone()), t)
    }
    /// H.
    pub fn hash(_k: Kind, t: &str) -> Option<String> {
        Some(t.to_owned())
    }
    /// H.
    pub fn hint(t: &str) -> String {
        t[t.len() - 4..].to_owned()
    }
}
/// S.
pub mod seal {
    use crate::error::Result;
    /// M.
    #[derive(Debug)]
    pub struct MasterKey;
    impl MasterKey {
        /// G.
        pub fn generate() -> Self {
            Self
        }
        /// S.
        pub fn seal(&self, _aad: &str, p: &[u8]) -> Result<String> {
            Ok(String::from_utf8_lossy(p).into())
        }
        /// O.
        pub fn open(&self, _aad: &str, s: &str) -> Result<Vec<u8>> {
            Ok(s.as_bytes().to_vec())
        }
    }
}
