//! The trail of an exported tenant: each event with what proves it, its salt and commitment as well.

pub(super) mod db;
