//! Pages over an API that answers what a test says: what they ask it, and what they show.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod another;
mod api;
mod elevation;
mod grants;
mod policy;
mod portal;
mod routes;
mod rows;
mod sure;
