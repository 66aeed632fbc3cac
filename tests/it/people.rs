//! Stories of tenants, directories, people and groups, on both databases.

mod by_hand;
mod directories;
mod end;
mod groups;
mod guards;
mod model;
mod rights;
mod tenants;
mod users;
pub mod world;
