//! What the databases themselves do with the rows of these requests, asked for in the least way there is: on PostgreSQL
//! one prepared statement that is its own transaction, on SQLite a connection in this process. The rows, the durability
//! and the indexes are Muster's.

use crate::{
    load::{Load, ms, together},
    shared::{Fail, muster::person},
    sides::{PEOPLE, What},
};
use muster::{
    clock::Clock,
    store::{Database, Options, Store},
};
use rusqlite::params;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use uuid::Uuid;

const NAME: &str = "@name@";

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_micros() as i64
}

/// What is written about a person and a change, besides ids and times.
#[derive(Clone)]
struct Texts {
    doc: String,
    folded: String,
}
impl Texts {
    fn new() -> Self {
        let mut doc = person(NAME);
        if let Some(doc) = doc.as_object_mut() {
            doc.remove("externalId");
            doc.remove("active");
        }
        let doc = doc.to_string();
        Self { folded: doc.to_lowercase(), doc }
    }
}
const DETAIL: &str = r#"{"kind":"tenant","active":true}"#;
const CHANGE: &str = r#"{"attributes":["active"],"held":false}"#;
/// As long as the digest of an event, and as its salt.
const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const SALT: &str = "AAAAAAAAAAAAAAAAAAAAAA";

fn personal(name: &str) -> String {
    format!(
        r#"{{"display_name":"Person {name}","email":"{name}@bench.example","user_name":"{name}@bench.example"}}"#
    )
}

/// SQLite, one connection.
pub struct Lite {
    conn: rusqlite::Connection,
    tenant: Uuid,
    directory: Uuid,
    people: Vec<(Uuid, String)>,
    texts: Texts,
    next: AtomicU64,
}

impl Lite {
    pub async fn open(folder: &Path) -> Result<Self, Fail> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join("raw.db");
        let options = Options {
            database: Database::Sqlite(path.clone()),
            connections: 1,
            durable: true,
            demand_audit: false,
        };
        let store = Store::open(&options, Clock::System).await.map_err(|e| format!("{e:?}"))?;
        store.close().await;
        let conn = rusqlite::Connection::open(&path)?;
        conn.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;
             PRAGMA cache_size=-3072; PRAGMA temp_store=MEMORY;",
        )?;
        let (tenant, directory) = (Uuid::now_v7(), Uuid::now_v7());
        conn.execute(
            "INSERT INTO tenants (id, slug, name, provider, status, policy, version, created_at, updated_at)
             VALUES (?1, 'raw', 'Raw', FALSE, 'active', '{}', 1, 1, 1)",
            params![tenant],
        )?;
        conn.execute(
            "INSERT INTO directories (tenant_id, id, name, preset, status, provisioning, signin, generation, version,
                                      created_at, updated_at)
             VALUES (?1, ?2, 'Raw', 'entra', 'active', '{}', '{}', 1, 1, 1, 1)",
            params![tenant, directory],
        )?;
        let (texts, next) = (Texts::new(), AtomicU64::new(0));
        let mut lite = Self { conn, tenant, directory, people: Vec::new(), texts, next };
        for n in 0..PEOPLE {
            let name = format!("person{n}");
            let id = lite.create(&name)?;
            lite.people.push((id, name));
        }
        Ok(lite)
    }

    fn create(&self, name: &str) -> Result<Uuid, Fail> {
        let (t, id, event, now) = (self.tenant, Uuid::now_v7(), Uuid::now_v7(), now());
        let mail = format!("{name}@bench.example");
        let tx = self.conn.unchecked_transaction()?;
        tx.prepare_cached(
            "INSERT INTO users (tenant_id, id, directory_id, kind, user_name, user_name_key, external_id,
                                display_name, email, email_key, active, enabled, doc, folded, version, created_at,
                                updated_at)
             VALUES (?1, ?2, ?3, 'tenant', ?4, ?4, ?5, ?6, ?4, ?4, TRUE, TRUE, ?7, ?8, 1, ?9, ?9)",
        )?
        .execute(params![
            t,
            id,
            self.directory,
            mail,
            format!("ext-{name}"),
            format!("Person {name}"),
            self.texts.doc.replace(NAME, name),
            self.texts.folded.replace(NAME, name),
            now
        ])?;
        tx.prepare_cached(
            "INSERT INTO user_emails (tenant_id, user_id, seq, value_key, type_key) VALUES (?1, ?2, 0, ?3, 'work')",
        )?
        .execute(params![t, id, mail])?;
        self.event(&tx, event, "user.create", id, DETAIL, name, now)?;
        tx.commit()?;
        Ok(id)
    }
    #[expect(clippy::too_many_arguments, reason = "a row")]
    fn event(
        &self,
        tx: &rusqlite::Transaction<'_>,
        event: Uuid,
        action: &str,
        id: Uuid,
        detail: &str,
        name: &str,
        now: i64,
    ) -> Result<(), Fail> {
        tx.prepare_cached(
            "INSERT INTO audit_events (tenant_id, id, at, action, actor, target, request, detail, commitment, digest, tx)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?2, ?7, ?8, ?8, 0)",
        )?
        .execute(params![
            self.tenant,
            event,
            now,
            action,
            format!("directory:{}", self.directory),
            format!("user:{id}"),
            detail,
            DIGEST
        ])?;
        tx.prepare_cached(
            "INSERT INTO audit_personal (tenant_id, event_id, salt, data) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![self.tenant, event, SALT, personal(name)])?;
        Ok(())
    }
    fn read(&self, by: &str, value: &dyn rusqlite::ToSql) -> Result<(), Fail> {
        let text = format!(
            "SELECT tenant_id, id, directory_id, kind, user_name, external_id, display_name, email, active, enabled,
                    doc, version, created_at, updated_at,
                    (SELECT json_group_array(json_array(hex(g.id), g.display_name)) FROM members m
                     JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
                     WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id)
             FROM users u WHERE tenant_id = ?1 AND directory_id = ?2 AND {by} = ?3"
        );
        let mut st = self.conn.prepare_cached(&text)?;
        let doc: String =
            st.query_row(params![self.tenant, self.directory, value], |r| r.get("doc"))?;
        if doc.is_empty() { Err("no document".into()) } else { Ok(()) }
    }
    fn patch(&self, id: Uuid, name: &str, active: bool) -> Result<(), Fail> {
        let (t, event, now) = (self.tenant, Uuid::now_v7(), now());
        let tx = self.conn.unchecked_transaction()?;
        if !active {
            tx.prepare_cached(
                "INSERT INTO epochs (tenant_id, subject, epoch) VALUES (?1, ?2, 1)
                 ON CONFLICT (tenant_id, subject) DO UPDATE SET epoch = epochs.epoch + 1",
            )?
            .execute(params![t, id])?;
        }
        tx.prepare_cached(
            "UPDATE users SET active = ?3, doc = ?4, folded = ?5, version = version + 1, updated_at = ?6
             WHERE tenant_id = ?1 AND id = ?2",
        )?
        .execute(params![
            t,
            id,
            active,
            self.texts.doc.replace(NAME, name),
            self.texts.folded.replace(NAME, name),
            now
        ])?;
        let action = if active { "user.reactivate" } else { "user.deactivate" };
        self.event(&tx, event, action, id, CHANGE, name, now)?;
        tx.commit()?;
        Ok(())
    }

    /// One connection's turn.
    pub fn turn(&self, what: What, time: Duration) -> Result<Load, Fail> {
        let started = Instant::now();
        let mut times = Vec::new();
        for n in 0.. {
            if started.elapsed() >= time {
                break;
            }
            let sent = Instant::now();
            let each = if what == What::Patch { 2 } else { 1 };
            let (id, name) = &self.people[n / each % PEOPLE];
            match what {
                What::Create => {
                    let n = self.next.fetch_add(1, Ordering::Relaxed);
                    self.create(&format!("n{n:011}"))?;
                }
                What::Read => self.read("id", id)?,
                What::Filter => self.read("user_name_key", &format!("{name}@bench.example"))?,
                What::Patch => self.patch(*id, name, n % 2 == 1)?,
            }
            times.push(ms(sent));
        }
        Ok(Load { done: times.len() as u64, elapsed: started.elapsed(), times, broken: 0 })
    }
}

const CREATE: &str = "WITH u AS (
   INSERT INTO users (tenant_id, id, directory_id, kind, user_name, user_name_key, external_id, display_name, email,
                      email_key, active, enabled, doc, folded, version, created_at, updated_at)
   VALUES ($1, $2, $3, 'tenant', $4, $4, $5, $6, $4, $4, TRUE, TRUE, $7::text::jsonb, $8::text::jsonb, 1, $9, $9)),
 e AS (INSERT INTO user_emails (tenant_id, user_id, seq, value_key, type_key) VALUES ($1, $2, 0, $4, 'work')),
 a AS (
   INSERT INTO audit_events (tenant_id, id, at, action, actor, target, request, detail, commitment, digest, tx)
   VALUES ($1, $10, $9, 'user.create', 'directory:' || $3::text, 'user:' || $2::text, $10, $11::text::jsonb, $12, $12,
           pg_current_xact_id()::text::bigint))
 INSERT INTO audit_personal (tenant_id, event_id, salt, data) VALUES ($1, $10, $13, $14::text::jsonb)";
macro_rules! read_by {
    ($column:literal) => {
        concat!(
            "SELECT tenant_id, id, directory_id, kind, user_name, external_id, display_name, email, active,
   enabled, doc, version, created_at, updated_at,
   (SELECT jsonb_agg(jsonb_build_array(g.id, g.display_name)) FROM members m
    JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
    WHERE m.tenant_id = u.tenant_id AND m.user_id = u.id)
 FROM users u WHERE tenant_id = $1 AND directory_id = $2 AND ",
            $column,
            " = $3"
        )
    };
}
const PATCH: &str = "WITH u AS (
   UPDATE users SET active = $3, doc = $4::text::jsonb, folded = $5::text::jsonb, version = version + 1, updated_at = $6
   WHERE tenant_id = $1 AND id = $2),
 p AS (
   INSERT INTO epochs (tenant_id, subject, epoch) SELECT $1, $2, 1 WHERE NOT $3
   ON CONFLICT (tenant_id, subject) DO UPDATE SET epoch = epochs.epoch + 1),
 c AS (
   INSERT INTO changes (id, tx, node, topics)
   VALUES ($7, pg_current_xact_id()::text::bigint, $7, jsonb_build_array($1::text, $2::text))),
 a AS (
   INSERT INTO audit_events (tenant_id, id, at, action, actor, target, request, detail, commitment, digest, tx)
   VALUES ($1, $7, $6, 'user.reactivate', 'directory:' || $2::text, 'user:' || $2::text, $7, $8::text::jsonb, $9, $9,
           pg_current_xact_id()::text::bigint))
 INSERT INTO audit_personal (tenant_id, event_id, salt, data) VALUES ($1, $7, $10, $11::text::jsonb)";

/// PostgreSQL, with a tenant of its own beside Muster's in the same tables.
pub struct Postgres {
    url: String,
    tenant: Uuid,
    directory: Uuid,
    people: Arc<Vec<(Uuid, String)>>,
    texts: Texts,
    next: Arc<AtomicU64>,
}

impl Postgres {
    pub async fn open(url: &str) -> Result<Self, Fail> {
        let (tenant, directory) = (Uuid::now_v7(), Uuid::now_v7());
        let next = Arc::new(AtomicU64::new(0));
        let (url, people) = (url.to_owned(), Arc::default());
        let mut raw = Self { url, tenant, directory, people, texts: Texts::new(), next };
        let mut c = raw.connect().await?;
        let tenants = "INSERT INTO tenants (id, slug, name, provider, status, policy, version, created_at, updated_at)
             VALUES ($1, 'raw', 'Raw', FALSE, 'active', '{}', 1, 1, 1)";
        sqlx::query(tenants).bind(tenant).execute(&mut c).await?;
        let directories =
            "INSERT INTO directories (tenant_id, id, name, preset, status, provisioning, signin,
                                                    generation, version, created_at, updated_at)
             VALUES ($1, $2, 'Raw', 'entra', 'active', '{}', '{}', 1, 1, 1, 1)";
        sqlx::query(directories).bind(tenant).bind(directory).execute(&mut c).await?;
        let mut people = Vec::new();
        for n in 0..PEOPLE {
            let name = format!("person{n}");
            people.push((raw.maker().create(&mut c, &name).await?, name));
        }
        raw.people = Arc::new(people);
        Ok(raw)
    }
    async fn connect(&self) -> Result<PgConnection, Fail> {
        connect(&self.url, self.tenant).await
    }
    fn maker(&self) -> Maker {
        let (tenant, directory) = (self.tenant, self.directory);
        Maker { tenant, directory, texts: self.texts.clone(), event: (Uuid::nil(), 0) }
    }

    /// A turn of so many connections.
    pub async fn turn(&self, what: What, connections: usize, time: Duration) -> Result<Load, Fail> {
        together(connections, |c, _| {
            let (mut maker, people, next) = (self.maker(), self.people.clone(), self.next.clone());
            let (url, tenant) = (self.url.clone(), self.tenant);
            async move {
                let mut conn = connect(&url, tenant).await?;
                let (each, own) =
                    (if what == What::Patch { 2 } else { 1 }, (PEOPLE / connections).max(1));
                let started = Instant::now();
                let mut times = Vec::new();
                for n in 0.. {
                    if started.elapsed() >= time {
                        break;
                    }
                    let sent = Instant::now();
                    let (id, name) = &people[c * own + (n / each) % own];
                    match what {
                        What::Create => {
                            let n = next.fetch_add(1, Ordering::Relaxed);
                            maker.create(&mut conn, &format!("n{n:011}")).await?;
                        }
                        What::Read => maker.read(&mut conn, id).await?,
                        What::Filter => maker.filter(&mut conn, name).await?,
                        What::Patch => maker.patch(&mut conn, *id, name, n % 2 == 1).await?,
                    }
                    times.push(ms(sent));
                }
                conn.close().await?;
                Ok(times)
            }
        })
        .await
    }
}

async fn connect(url: &str, tenant: Uuid) -> Result<PgConnection, Fail> {
    let mut c = PgConnection::connect(url).await?;
    c.execute(sqlx::AssertSqlSafe(format!("SET muster.scope = '{tenant}'"))).await?;
    Ok(c)
}

struct Maker {
    tenant: Uuid,
    directory: Uuid,
    texts: Texts,
    /// Id and time of an event.
    event: (Uuid, i64),
}

impl Maker {
    async fn create(&mut self, c: &mut PgConnection, name: &str) -> Result<Uuid, Fail> {
        let id = Uuid::now_v7();
        self.event = (Uuid::now_v7(), now());
        sqlx::query(CREATE)
            .bind(self.tenant)
            .bind(id)
            .bind(self.directory)
            .bind(format!("{name}@bench.example"))
            .bind(format!("ext-{name}"))
            .bind(format!("Person {name}"))
            .bind(self.texts.doc.replace(NAME, name))
            .bind(self.texts.folded.replace(NAME, name))
            .bind(self.event.1)
            .bind(self.event.0)
            .bind(DETAIL)
            .bind(DIGEST)
            .bind(SALT)
            .bind(personal(name))
            .execute(c)
            .await?;
        Ok(id)
    }
    async fn read(&self, c: &mut PgConnection, id: &Uuid) -> Result<(), Fail> {
        const TEXT: &str = read_by!("id");
        let row = sqlx::query(TEXT).bind(self.tenant).bind(self.directory).bind(id);
        let row = row.fetch_one(c).await?;
        row.try_get::<serde_json::Value, _>("doc")?;
        Ok(())
    }
    async fn filter(&self, c: &mut PgConnection, name: &str) -> Result<(), Fail> {
        const TEXT: &str = read_by!("user_name_key");
        let row = sqlx::query(TEXT).bind(self.tenant).bind(self.directory);
        let row = row.bind(format!("{name}@bench.example")).fetch_one(c).await?;
        row.try_get::<serde_json::Value, _>("doc")?;
        Ok(())
    }
    async fn patch(
        &mut self,
        c: &mut PgConnection,
        id: Uuid,
        name: &str,
        active: bool,
    ) -> Result<(), Fail> {
        self.event = (Uuid::now_v7(), now());
        let done = sqlx::query(PATCH)
            .bind(self.tenant)
            .bind(id)
            .bind(active)
            .bind(self.texts.doc.replace(NAME, name))
            .bind(self.texts.folded.replace(NAME, name))
            .bind(self.event.1)
            .bind(self.event.0)
            .bind(CHANGE)
            .bind(DIGEST)
            .bind(SALT)
            .bind(personal(name))
            .execute(c)
            .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err("nothing was written".into()) }
    }
}
