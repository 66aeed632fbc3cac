//! What stands in no document of the resource itself: memberships, the manager's name, `meta` and `schemas`.

pub(super) mod db;
