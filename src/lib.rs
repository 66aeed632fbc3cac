//! Muster, an identity bridge. `docs/architecture.md` is the map; each room's first lines say what it is for.
//! Six floors: a room uses floors below it or rooms to its left on its own floor (`tests/it/house.rs` holds it).

// 0 words
pub mod actor;
pub mod clock;
pub mod error;
pub mod id;
pub mod json;
pub mod secret;
pub mod text;
// 1 ground
pub mod store;
// 0 words, continued
pub mod config;
pub mod protocol;
// 1 ground, continued
pub mod crypto;
pub mod mail;
pub mod net;
// 2 memory
pub mod audit;
pub mod outbox;
pub mod repeats;
// 3 truth
pub mod access;
pub mod apps;
pub mod credentials;
pub mod directories;
pub mod domains;
pub mod events;
pub mod farewell;
pub mod flows;
pub mod gate;
pub mod groups;
pub mod invitations;
pub mod keys;
pub mod provisioning;
pub mod sessions;
pub mod setup;
pub mod signals;
pub mod signins;
pub mod tenants;
pub mod usage;
pub mod users;
// between porch and truth
pub mod app;
pub mod checks;
// 4 porch
pub mod web;
// 5 voices
pub mod api;
pub mod console;
pub mod federation;
pub mod oauth;
pub mod scim;
pub mod signin;
pub mod ssf;
// above all
pub mod cli;
pub mod server;
