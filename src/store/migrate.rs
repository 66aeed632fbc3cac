//! Migrations: one text in PostgreSQL's spelling; SQLite's is made from it by a fixed table of six words.

use crate::error::{Error, Result};
use std::time::Duration;

/// The migrations, in order; never edited once released.
pub const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_foundation", include_str!("../../migrations/0001_foundation.sql")),
    ("0002_people_and_apps", include_str!("../../migrations/0002_people_and_apps.sql")),
    ("0003_schema_extensions", include_str!("../../migrations/0003_schema_extensions.sql")),
    ("0004_refresh_in_family", include_str!("../../migrations/0004_refresh_in_family.sql")),
    ("0005_password_tries", include_str!("../../migrations/0005_password_tries.sql")),
    ("0006_provisioning_log", include_str!("../../migrations/0006_provisioning_log.sql")),
    ("0007_groups_modified", include_str!("../../migrations/0007_groups_modified.sql")),
    ("0008_who_owns_whom", include_str!("../../migrations/0008_who_owns_whom.sql")),
    ("0009_mass_change", include_str!("../../migrations/0009_mass_change.sql")),
    ("0010_homes", include_str!("../../migrations/0010_homes.sql")),
    ("0011_display_names", include_str!("../../migrations/0011_display_names.sql")),
    ("0012_what_was_decided", include_str!("../../migrations/0012_what_was_decided.sql")),
    ("0013_what_expires", include_str!("../../migrations/0013_what_expires.sql")),
    ("0014_scopes", include_str!("../../migrations/0014_scopes.sql")),
    ("0015_authors", include_str!("../../migrations/0015_authors.sql")),
    (
        "0016_who_answers_for_what_is_kept",
        include_str!("../../migrations/0016_who_answers_for_what_is_kept.sql"),
    ),
    ("0017_elevation", include_str!("../../migrations/0017_elevation.sql")),
    ("0018_reviews", include_str!("../../migrations/0018_reviews.sql")),
    ("0020_choices_and_letters", include_str!("../../migrations/0020_choices_and_letters.sql")),
    ("0021_default_roles", include_str!("../../migrations/0021_default_roles.sql")),
    ("0022_keys_and_farewells", include_str!("../../migrations/0022_keys_and_farewells.sql")),
    ("0023_review_reminders", include_str!("../../migrations/0023_review_reminders.sql")),
    ("0024_letters", include_str!("../../migrations/0024_letters.sql")),
    ("0025_who_made_integrations", include_str!("../../migrations/0025_who_made_integrations.sql")),
    ("0026_letters_of_a_day", include_str!("../../migrations/0026_letters_of_a_day.sql")),
    ("0027_presets", include_str!("../../migrations/0027_presets.sql")),
    ("0028_factors", include_str!("../../migrations/0028_factors.sql")),
    ("0029_signals", include_str!("../../migrations/0029_signals.sql")),
    ("0030_domain_proof", include_str!("../../migrations/0030_domain_proof.sql")),
    ("0032_directory_life", include_str!("../../migrations/0032_directory_life.sql")),
    (
        "0033_what_mail_servers_answer",
        include_str!("../../migrations/0033_what_mail_servers_answer.sql"),
    ),
    ("0034_credentials", include_str!("../../migrations/0034_credentials.sql")),
    ("0035_lists", include_str!("../../migrations/0035_lists.sql")),
    ("0036_event_streams", include_str!("../../migrations/0036_event_streams.sql")),
    (
        "0037_how_long_sessions_last",
        include_str!("../../migrations/0037_how_long_sessions_last.sql"),
    ),
    ("0039_what_is_looked_for", include_str!("../../migrations/0039_what_is_looked_for.sql")),
    ("0040_views_of_the_trail", include_str!("../../migrations/0040_views_of_the_trail.sql")),
    ("0041_portals", include_str!("../../migrations/0041_portals.sql")),
    ("0042_tokens_counted", include_str!("../../migrations/0042_tokens_counted.sql")),
    (
        "0043_what_providers_want_to_see_again",
        include_str!("../../migrations/0043_what_providers_want_to_see_again.sql"),
    ),
    ("0044_names_begin", include_str!("../../migrations/0044_names_begin.sql")),
    ("0045_open_invitations", include_str!("../../migrations/0045_open_invitations.sql")),
    ("0046_who_did_what", include_str!("../../migrations/0046_who_did_what.sql")),
    ("0047_who_may", include_str!("../../migrations/0047_who_may.sql")),
    ("0048_found_at_once", include_str!("../../migrations/0048_found_at_once.sql")),
    ("0049_catalogue_names", include_str!("../../migrations/0049_catalogue_names.sql")),
];

/// What SQLite makes of a migration: six words replaced, `STRICT` added, sections between `-- postgres:` and
/// `-- end` left out.
pub fn lite_text(pg: &str) -> String {
    let mut out = String::new();
    let mut skip = false;
    for line in pg.lines() {
        match line.trim() {
            "-- postgres:" => skip = true,
            "-- end" => skip = false,
            _ if skip => {}
            _ => {
                let code = line.split("--").next().unwrap_or("").trim_end();
                if code.trim().is_empty() {
                    continue;
                }
                out.push_str(&words(code));
                out.push('\n');
            }
        }
    }
    out.replace("\n);", "\n) STRICT;")
}

fn words(line: &str) -> String {
    let line = line.replace(" COLLATE \"C\"", "");
    let mut out = String::new();
    let mut word = String::new();
    for c in line.chars().chain(std::iter::once('\n')) {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        out.push_str(match word.as_str() {
            "uuid" => "BLOB",
            "boolean" | "bigint" => "INTEGER",
            "jsonb" => "TEXT",
            // A column that is added later can be no other.
            "STORED" => "VIRTUAL",
            w => w,
        });
        word.clear();
        if c != '\n' {
            out.push(c);
        }
    }
    out
}

pub(super) fn lite(c: &mut rusqlite::Connection) -> Result<()> {
    let texts: Vec<String> = MIGRATIONS.iter().map(|(_, t)| lite_text(t)).collect();
    let m = rusqlite_migration::Migrations::new(
        texts.iter().map(|t| rusqlite_migration::M::up(t)).collect(),
    );
    m.to_latest(c).map_err(|e| match e {
        rusqlite_migration::Error::MigrationDefinition(
            rusqlite_migration::MigrationDefinitionError::DatabaseTooFarAhead,
        ) => newer(),
        e => Error::unavailable(format!("migrating SQLite: {e}")),
    })
}

fn newer() -> Error {
    Error::unavailable(
        "the database was written by a newer version of this program; start that version",
    )
    .code("database_is_newer")
}

pub(super) async fn pg(options: &sqlx::postgres::PgConnectOptions) -> Result<()> {
    use sqlx::{
        migrate::{MigrateError, Migration, MigrationType, Migrator},
        postgres::PgPoolOptions,
    };
    // A connection of its own: a migration may take longer than a statement is otherwise given.
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(10));
    let pool = pool.connect_lazy_with(options.clone());
    let list = MIGRATIONS
        .iter()
        .zip(1i64..)
        .map(|((name, text), i)| {
            Migration::new(
                i,
                (*name).into(),
                MigrationType::Simple,
                sqlx::SqlStr::from_static(text),
                false,
            )
        })
        .collect();
    Migrator::with_migrations(list).run(&pool).await.map_err(|e| match e {
        MigrateError::VersionMissing(_) => newer(),
        e => Error::unavailable(format!("migrating PostgreSQL: {e}")),
    })?;
    pool.close().await;
    Ok(())
}
