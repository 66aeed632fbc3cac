//! The dispatcher of one sign-in: who are you, which way in, what is still missing.
