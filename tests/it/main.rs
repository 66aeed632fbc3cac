//! All integration tests, one binary. `story!` tests run once on SQLite and, when `MUSTER_TEST_POSTGRES` holds the
//! URL of a server (a role that may create databases and is no superuser), once on PostgreSQL; `pure!` tests need no
//! database. The last line says how many ran where.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says what holds by panicking")]
#![expect(clippy::many_single_char_names, reason = "the cast of a story: tenant t, users a and b")]

mod access;
mod api;
mod support;

mod assurance;
mod audit;
mod bad_input;
mod catalogue;
mod cli;
mod connections;
mod corpus;
mod credentials;
mod crypto;
mod declared;
mod demo;
mod discover;
mod doctor;
mod domains;
mod elevation;
mod events;
mod factors;
mod farewell;
mod federation;
mod house;
mod invitations;
mod json;
mod lasting;
mod mail;
mod many_companies;
mod methods;
mod net;
mod oauth;
mod ops;
mod outbox;
mod own_sessions;
mod ownership;
mod passkeys;
mod people;
mod provisioning;
mod rehearsals;
mod remote;
mod reviews;
mod roles;
mod scim_bulk;
mod scim_check;
mod scim_check_program;
mod scim_cursor;
mod scim_extensions;
mod scim_filter;
mod scim_filter_texts;
mod scim_groups;
mod scim_index;
mod scim_laws;
mod scim_letter;
mod scim_many;
mod scim_parsers;
mod scim_protocol;
mod scim_quirks;
mod scim_rules;
mod scim_schemas;
mod scim_told;
mod scim_versions;
mod security;
mod setup;
mod signin;
mod store;
mod tls;
mod web;

/// Those who say why they answered with an error of ours.
const VOICES: &str = "off,muster::api=error,muster::scim=error,muster::oauth=error,muster::web=error,muster::server::bounds=error";

fn main() -> std::process::ExitCode {
    // What a server says of its own trouble while a story runs; RUST_LOG says otherwise.
    let level = tracing_subscriber::EnvFilter::try_from_default_env();
    tracing_subscriber::fmt()
        .with_env_filter(level.unwrap_or_else(|_| VOICES.into()))
        .with_writer(std::io::stderr)
        .init();
    support::run()
}
