//! What else an exported tenant has: its default role, how its letters look and where none goes, roles for a while, reviews.

pub(super) mod db;
