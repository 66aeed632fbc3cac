//! A database of an earlier version, filled as that version did, and brought up to date.

use crate::{people::world::World, story, support::TestDb};
use muster::{
    access::{catalogue::TENANT_ADMINISTRATOR, grants},
    audit,
    clock::Clock,
    id::{TenantId, UserId},
    row, sql,
    store::{
        Cx, Scope, Store,
        migrate::{MIGRATIONS, lite_text},
    },
};
use sqlx::{
    AssertSqlSafe, Executor as _,
    migrate::{Migration, MigrationType, Migrator},
    postgres::PgPoolOptions,
};
use std::time::Duration;
use uuid::Uuid;

/// An id of the model, as a literal.
fn literal(t: &TestDb, id: Uuid) -> String {
    match t.url() {
        None => format!("x'{}'", id.simple()),
        Some(_) => format!("'{id}'"),
    }
}
fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// The first so many migrations, on a database with nothing in it if `anew`; then these statements.
async fn earlier(t: &TestDb, anew: bool, upto: usize, statements: &[String]) {
    match t.url() {
        None => {
            let file = t.file().unwrap();
            if anew {
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{end}", file.display()));
                }
            }
            let c = rusqlite::Connection::open(file).unwrap();
            let done: u32 = c.query_row("PRAGMA user_version", [], |r| r.get(0)).unwrap();
            for (_, text) in &MIGRATIONS[done as usize..upto] {
                c.execute_batch(&lite_text(text)).unwrap();
            }
            c.execute_batch(&format!("PRAGMA user_version = {upto}")).unwrap();
            for s in statements {
                c.execute_batch(s).unwrap();
            }
        }
        Some(url) => {
            let pool = PgPoolOptions::new().max_connections(1).connect(&url).await.unwrap();
            if anew {
                pool.execute("DROP SCHEMA public CASCADE").await.unwrap();
                pool.execute("CREATE SCHEMA public").await.unwrap();
            }
            let list = MIGRATIONS[..upto].iter().zip(1i64..).map(|((name, text), n)| {
                let text = sqlx::SqlStr::from_static(text);
                Migration::new(n, (*name).into(), MigrationType::Simple, text, false)
            });
            Migrator::with_migrations(list.collect()).run(&pool).await.unwrap();
            pool.execute("SELECT set_config('muster.scope', '*', false)").await.unwrap();
            for s in statements {
                pool.execute(AssertSqlSafe(s.clone())).await.unwrap();
            }
            pool.close().await;
        }
    }
}

async fn ended(store: &Store, n: u128) -> Option<i64> {
    let mut c = store.read(Scope::Platform).await.unwrap();
    let n = id(n);
    sql!(c, one<Option<i64>>, "SELECT ended_at FROM grants WHERE id = $1", n).unwrap()
}
async fn told(store: &Store, t: TenantId) -> usize {
    let trail = audit::list(store, t, &audit::Query::default(), 50).await.unwrap().items;
    trail.iter().filter(|e| e.action == "grant.end").count()
}

story!(async fn what_was_over_before_an_upgrade_is_not_told_as_news(t) {
    t.store.close().await;
    let clock = Clock::manual(Clock::System.now());
    let now = clock.now();
    let (acme, ann) = (TenantId(id(0xA)), UserId(id(0xB)));
    let x = |n: Uuid| literal(&t, n);
    let grant = |n: u128, to: Option<i64>| {
        let to = to.map_or("NULL".to_owned(), |to| to.to_string());
        format!(
            "INSERT INTO grants (tenant_id, id, user_id, role_id, scope, scope_tenant, source, user_label, granted_by,
                                 valid_from, valid_to, created_at)
             VALUES ({}, {}, {}, {}, 'tenant', {}, 'manual', 'ann', 'owner', 1, {to}, 1)",
            x(acme.0), x(id(n)), x(ann.0), x(TENANT_ADMINISTRATOR.0), x(acme.0)
        )
    };
    let soon = now.plus(Duration::from_secs(3600));
    let tenant = format!(
        "INSERT INTO tenants (id, slug, name, provider, status, policy, version, created_at, updated_at)
         VALUES ({}, 'acme', 'ACME', FALSE, 'active', '{{}}', 1, 1, 1)",
        x(acme.0)
    );
    let long_ago = now.minus(Duration::from_secs(90 * 24 * 3600)).0;
    let rows = [tenant, grant(1, Some(long_ago)), grant(2, None), grant(3, Some(soon.0))];
    earlier(&t, true, 13, &rows).await;
    let w = World::new(&Store::open(&t.options, clock.clone()).await.unwrap());
    assert_eq!((ended(&w.store, 1).await, ended(&w.store, 2).await, ended(&w.store, 3).await), (Some(long_ago), None, None));
    let cx = Cx::new(World::owner(), Scope::Platform);
    assert_eq!(grants::end_due(&w.access, &cx).await.unwrap(), 0);
    assert_eq!(told(&w.store, acme).await, 0);
    clock.advance(Duration::from_secs(3601));
    assert_eq!(grants::end_due(&w.access, &cx).await.unwrap(), 1, "what ends after it is told");
    assert_eq!(told(&w.store, acme).await, 1);
});

row! {
    #[derive(Debug, PartialEq)]
    struct Kept { mapping: Option<Uuid>, user: Option<Uuid>, suspended_at: Option<i64> }
}

async fn kept(store: &Store, n: u128) -> Kept {
    let mut c = store.read(Scope::Platform).await.unwrap();
    let n = id(n);
    let found = sql!(
        c,
        one<Kept>,
        "SELECT mapping_id, created_by_user, suspended_at FROM parked_roles WHERE id = $1",
        n
    );
    found.unwrap()
}

story!(async fn what_is_kept_since_before_an_upgrade_hangs_on_its_mapping(t) {
    t.store.close().await;
    let x = |n: u128| literal(&t, id(n));
    let (acme, d, boss, change) = (x(0xA), x(0xD), x(0xB), x(0xC));
    let role = literal(&t, TENANT_ADMINISTRATOR.0);
    let mut rows = vec![
        format!("INSERT INTO tenants (id, slug, name, provider, status, policy, version, created_at, updated_at)
                 VALUES ({acme}, 'acme', 'ACME', FALSE, 'active', '{{}}', 1, 1, 1)"),
        format!("INSERT INTO directories (tenant_id, id, name, preset, status, provisioning, signin, generation, version,
                                          created_at, updated_at)
                 VALUES ({acme}, {d}, 'D', 'entra', 'active', '{{}}', '{{}}', 1, 1, 1, 1)"),
        format!("INSERT INTO parked_changes (tenant_id, id, directory_id, limits, opened_at, last_at)
                 VALUES ({acme}, {change}, {d}, '{{}}', 1, 1)"),
    ];
    for (g, name, suspended) in [(1, "Desk", "7"), (2, "Night", "NULL")] {
        let (group, mapping) = (x(g), x(g + 10));
        rows.push(format!(
            "INSERT INTO groups (tenant_id, id, directory_id, display_name, display_key, doc, folded, version,
                                 created_at, updated_at)
             VALUES ({acme}, {group}, {d}, '{name}', '{name}', '{{}}', '{{}}', 1, 1, 1)"
        ));
        rows.push(format!(
            "INSERT INTO mappings (tenant_id, id, provider, directory_id, group_id, role_id, scope, scope_tenant,
                                   created_by, created_by_tenant, created_by_user, version, created_at, updated_at,
                                   suspended_at)
             VALUES ({acme}, {mapping}, FALSE, {d}, {group}, {role}, 'tenant', {acme}, 'boss', {acme}, {boss}, 1, 1, 1,
                     {suspended})"
        ));
    }
    for (k, name) in [(21, "'Desk'"), (22, "'Night'"), (23, "'Gone'"), (24, "NULL")] {
        let (row, user) = (x(k), x(k + 10));
        rows.push(format!(
            "INSERT INTO parked_roles (tenant_id, id, change_id, directory_id, user_id, user_label, user_name_key, gone,
                                       kept, role_id, scope, scope_tenant, group_name, granted_by, since, created_at)
             VALUES ({acme}, {row}, {change}, {d}, {user}, 'u', 'u', FALSE, FALSE, {role}, 'tenant', {acme}, {name},
                     'boss', 1, 1)"
        ));
    }
    earlier(&t, true, 15, &rows).await;
    let store = Store::open(&t.options, Clock::System).await.unwrap();
    let of = |m: u128, suspended_at| Kept { mapping: Some(id(m)), user: Some(id(0xB)), suspended_at };
    assert_eq!(kept(&store, 21).await, of(11, Some(7)));
    assert_eq!(kept(&store, 22).await, of(12, None));
    for other in [23, 24] {
        let nothing = Kept { mapping: None, user: None, suspended_at: None };
        assert_eq!(kept(&store, other).await, nothing);
    }
});

story!(async fn directories_keep_their_preset_over_an_upgrade(t) {
    t.store.close().await;
    let x = |n: u128| literal(&t, id(n));
    let acme = x(0xA);
    let mut rows = vec![format!(
        "INSERT INTO tenants (id, slug, name, provider, status, policy, version, created_at, updated_at)
         VALUES ({acme}, 'acme', 'ACME', FALSE, 'active', '{{}}', 1, 1, 1)"
    )];
    let words = ["entra", "google", "okta", "generic"];
    for (n, word) in (1..).zip(words) {
        rows.push(format!(
            "INSERT INTO directories (tenant_id, id, name, preset, status, provisioning, signin, generation, version,
                                      created_at, updated_at)
             VALUES ({acme}, {}, '{word}', '{word}', 'active', '{{}}', '{{}}', 1, 1, 1, 1)",
            x(n)
        ));
        rows.push(format!(
            "INSERT INTO scim_tokens (tenant_id, id, directory_id, hash, hint, created_at)
             VALUES ({acme}, {}, {}, '{word}', 'h', 1)",
            x(n + 10),
            x(n)
        ));
    }
    let before = MIGRATIONS.iter().position(|(name, _)| *name == "0027_presets").unwrap();
    earlier(&t, true, before, &rows).await;
    let store = Store::open(&t.options, Clock::System).await.unwrap();
    let mut c = store.read(Scope::Platform).await.unwrap();
    for (n, word) in (1..).zip(words) {
        let n = id(n);
        let now = sql!(c, one<String>, "SELECT preset FROM directories WHERE id = $1", n).unwrap();
        assert_eq!(now, word);
    }
    let tokens = sql!(c, one<i64>, "SELECT count(*) FROM scim_tokens").unwrap();
    assert_eq!(tokens, 4, "and what hangs on them");
    drop(c);
    let w = World::new(&store);
    let p = w.may::<muster::access::perm::SystemEditSettings>(TenantId(id(0xA))).await;
    for preset in muster::protocol::oidc::Preset::ALL {
        let new = muster::directories::New {
            name: format!("new {preset:?}"),
            preset,
            provisioning: muster::directories::Provisioning::default(),
            signin: None,
        };
        let made = muster::directories::create(&w.store, &p, new, &w.master).await.unwrap();
        assert_eq!(made.preset.0, preset);
    }
});
