//! Secrets do not print: [`Secret`] is text that is wiped when dropped and whose `Debug` shows nothing.

pub use secrecy::{ExposeSecret, SecretString as Secret};
