//! Hashing, sealing, signing, prefixed tokens. Knows algorithms, not who may use them: what the signer signs is
//! made by `gate` alone.
