//! The grants. Each proves its own evidence (a code, a refresh token, the client itself) and asks the gate; none makes
//! a token.

mod client_credentials;
mod code;
mod refresh;

pub use client_credentials::client_credentials;
pub use code::authorization_code;
pub use refresh::refresh_token;

/// A grant's answer: what the gate issued, and the refresh token if there is one.
pub type Given = (crate::gate::Issued, Option<crate::secret::Secret>);
