//! Many rows at once, put beside what Muster wrote by the databases' own means: the copies of one person that came
//! through SCIM, the members of a group, tenants with a directory and a token each.

use crate::shared::{Fail, Setting};
use muster::crypto::token;
use muster::secret::ExposeSecret as _;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};
use uuid::Uuid;

/// The name of the person who is copied; no other text has it in it.
pub const SEED: &str = "seedling";
/// Rows of a transaction.
const CHUNK: u64 = 50_000;

/// A database that a Muster runs on.
pub enum Db {
    Lite(PathBuf),
    Pg(String),
}

/// The databases of a part of the benchmark, empty as yet: their names and the server's options.
pub async fn databases(
    set: &Setting,
    part: &str,
) -> Result<Vec<(&'static str, Vec<String>)>, Fail> {
    let mut all = vec![("sqlite", Vec::new())];
    if let Some(url) = &set.postgres {
        let mut c = PgConnection::connect(url).await?;
        c.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE bench_{part}"))).await?;
        c.close().await?;
        let server = url.rsplit_once('/').map_or("", |(s, _)| s);
        all.push(("postgres", vec!["--database-url".to_owned(), format!("{server}/bench_{part}")]));
    }
    Ok(all)
}

/// The id of copy `n`.
pub fn id(n: u64) -> Uuid {
    Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0000 | u128::from(n))
}

impl Db {
    /// What the server with these options keeps its rows in.
    pub fn of(data: &Path, options: &[String]) -> Self {
        match options {
            [_, url] => Self::Pg(url.clone()),
            _ => Self::Lite(data.join("muster.db")),
        }
    }
    async fn run(&self, lite: String, pg: String) -> Result<(), Fail> {
        match self {
            Self::Lite(path) => {
                let conn = rusqlite::Connection::open(path)?;
                conn.busy_timeout(Duration::from_secs(30))?;
                conn.execute_batch("PRAGMA synchronous=NORMAL; PRAGMA cache_size=-262144;")?;
                conn.execute_batch(&format!("BEGIN IMMEDIATE; {lite}; COMMIT"))?;
            }
            Self::Pg(url) => {
                let mut c = PgConnection::connect(url).await?;
                c.execute("SET muster.scope = '*'").await?;
                c.execute(sqlx::AssertSqlSafe(format!("BEGIN; {pg}; COMMIT"))).await?;
                c.close().await?;
            }
        }
        Ok(())
    }

    /// What a question for one number says.
    pub async fn number(&self, question: &str) -> Result<i64, Fail> {
        Ok(match self {
            Self::Lite(path) => {
                rusqlite::Connection::open(path)?.query_row(question, [], |r| r.get(0))?
            }
            Self::Pg(url) => {
                let mut c = PgConnection::connect(url).await?;
                c.execute("SET muster.scope = '*'").await?;
                let question = question.replacen("SELECT ", "SELECT CAST(", 1).replacen(
                    " FROM",
                    " AS bigint) FROM",
                    1,
                );
                let n = sqlx::query_scalar(sqlx::AssertSqlSafe(question)).fetch_one(&mut c).await?;
                c.close().await?;
                n
            }
        })
    }

    /// Copies of the person called [`SEED`], with the numbers `from` to `to`.
    pub async fn people(&self, from: u64, to: u64) -> Result<(), Fail> {
        let text = |n: &str, id: &str, json: &str, series: &str| {
            let copy = |c: &str| format!("replace(u.{c}, '{SEED}', 'p' || {n})");
            let doc = |c: &str| match json {
                "" => copy(c),
                _ => format!("replace(u.{c}::text, '{SEED}', 'p' || {n}){json}"),
            };
            format!(
                "{series} INSERT INTO users (tenant_id, id, directory_id, kind, user_name, user_name_key, external_id,
                   display_name, email, email_key, active, enabled, doc, folded, version, created_at, updated_at)
                 SELECT u.tenant_id, {id}, u.directory_id, u.kind, {}, {}, {}, {}, {}, {}, u.active, u.enabled, {}, {},
                   1, u.created_at + {n}, u.updated_at + {n}
                 FROM users u, n WHERE u.user_name = '{SEED}@bench.example';
                 {series} INSERT INTO user_emails (tenant_id, user_id, seq, value_key, type_key)
                 SELECT u.tenant_id, {id}, 0, {}, 'work' FROM users u, n
                 WHERE u.user_name = '{SEED}@bench.example'",
                copy("user_name"),
                copy("user_name_key"),
                copy("external_id"),
                copy("display_name"),
                copy("email"),
                copy("email_key"),
                doc("doc"),
                doc("folded"),
                copy("email_key"),
            )
        };
        let mut at = from;
        while at <= to {
            let end = to.min(at + CHUNK - 1);
            let lite = text("n.i", LITE_ID, "", &lite_series(at, end));
            let pg = text("n.i", PG_ID, "::jsonb", &pg_series(at, end));
            self.run(lite, pg).await?;
            at = end + 1;
        }
        self.settle("users").await
    }

    /// Copies with the numbers `from` to `to` as members of a group.
    pub async fn members(&self, group: &str, from: u64, to: u64) -> Result<(), Fail> {
        let group = Uuid::parse_str(group)?;
        let text = |id: &str, g: &str, series: &str| {
            format!(
                "{series} INSERT INTO members (tenant_id, group_id, user_id, added_at)
                 SELECT g.tenant_id, g.id, {id}, g.created_at FROM groups g, n WHERE g.id = {g}"
            )
        };
        let lite = text(LITE_ID, &format!("x'{}'", group.simple()), &lite_series(from, to));
        let pg = text(PG_ID, &format!("'{group}'"), &pg_series(from, to));
        self.run(lite, pg).await?;
        self.settle("members").await
    }

    /// As many copies of the first row of a table that is so: `set` says what is another in each, where `n.i` is its number,
    /// `{id}` an id of its own, and `{then}` one of the moment `r.at - n.i * {step}`.
    pub async fn copies(
        &self,
        table: &str,
        which: &str,
        set: &[(&str, &str)],
        rows: u64,
    ) -> Result<(), Fail> {
        let columns = self.columns(table).await?;
        let text = |id: &str, then: &str, series: &str| {
            let value = |c: &String| match set.iter().find(|(of, _)| of == c) {
                Some((_, to)) => {
                    to.replace("{id}", id).replace("{then}", then).replace("{step}", STEP)
                }
                None => format!("r.{c}"),
            };
            let values: Vec<String> = columns.iter().map(value).collect();
            format!(
                "{series} INSERT INTO {table} ({}) SELECT {} FROM (SELECT * FROM {table} WHERE {which} LIMIT 1) r, n",
                columns.join(", "),
                values.join(", ")
            )
        };
        let lite = text(LITE_ID, LITE_THEN, &lite_series(1, rows));
        let pg = text(PG_ID, PG_THEN, &pg_series(1, rows));
        self.run(lite, pg).await?;
        self.settle(table).await
    }
    async fn columns(&self, table: &str) -> Result<Vec<String>, Fail> {
        Ok(match self {
            Self::Lite(path) => {
                let c = rusqlite::Connection::open(path)?;
                let mut s = c.prepare("SELECT name FROM pragma_table_info($1)")?;
                s.query_map([table], |r| r.get(0))?.collect::<Result<_, _>>()?
            }
            Self::Pg(url) => {
                let mut c = PgConnection::connect(url).await?;
                let all = sqlx::query_scalar(
                    "SELECT CAST(column_name AS text) FROM information_schema.columns
                     WHERE table_schema = current_schema() AND table_name = $1",
                );
                let all = all.bind(table).fetch_all(&mut c).await?;
                c.close().await?;
                all
            }
        })
    }

    /// As many tenants, each with a directory; gives their SCIM base paths and tokens.
    pub async fn tenants(&self, from: u64, to: u64) -> Result<Vec<(String, String)>, Fail> {
        let (mut lite, mut pg, mut out) = (String::new(), String::new(), Vec::new());
        for n in from..=to {
            let (t, d) = (id(2 * n), id(2 * n + 1));
            let (token, hash) = token::generate(token::Kind::Scim);
            let (yes, hint) = ("active", token::hint(token.expose_secret()));
            for (text, q) in [(&mut lite, "x'"), (&mut pg, "'")] {
                let (t, d) = (format!("{q}{}'", t.simple()), format!("{q}{}'", d.simple()));
                write!(
                    text,
                    "INSERT INTO tenants (id, slug, name, provider, status, policy, version, created_at, updated_at)
                     VALUES ({t}, 'many{n}', 'Many {n}', FALSE, '{yes}', '{{}}', 1, {n}, {n});
                     INSERT INTO directories (tenant_id, id, name, preset, status, provisioning, signin, generation,
                       version, created_at, updated_at)
                     SELECT {t}, {d}, name, preset, status, provisioning, signin, generation, version, {n}, {n}
                     FROM directories WHERE name = 'Bench' LIMIT 1;
                     INSERT INTO scim_tokens (tenant_id, id, directory_id, hash, hint, created_at)
                     VALUES ({t}, {d}, {d}, '{hash}', '{hint}', {n});"
                )?;
            }
            out.push((format!("/scim/{d}/v2"), token.expose_secret().to_owned()));
        }
        self.run(lite, pg).await?;
        self.settle("tenants").await?;
        Ok(out)
    }

    /// PostgreSQL looks at what it was given by itself, a minute later; so long nobody waits here.
    async fn settle(&self, table: &str) -> Result<(), Fail> {
        if let Self::Pg(url) = self {
            let mut c = PgConnection::connect(url).await?;
            c.execute("SET muster.scope = '*'").await?;
            c.execute(sqlx::AssertSqlSafe(format!("ANALYZE {table}"))).await?;
            c.close().await?;
        }
        Ok(())
    }
}

const LITE_ID: &str = "unhex(printf('018f0000000070008000%012x', n.i))";
/// Microseconds between one record and the one before it: a hundred thousand in thirty days.
const STEP: &str = "25920000";
const LITE_THEN: &str = "unhex(printf('%012x70008000%012x', (r.at - n.i * {step}) / 1000, n.i))";
const PG_THEN: &str = "(lpad(to_hex((r.at - n.i * {step}) / 1000), 12, '0') || '70008000' || lpad(to_hex(n.i), 12, '0'))::uuid";
const PG_ID: &str = "('018f0000-0000-7000-8000-' || lpad(to_hex(n.i), 12, '0'))::uuid";

fn lite_series(from: u64, to: u64) -> String {
    format!("WITH RECURSIVE n(i) AS (VALUES ({from}) UNION ALL SELECT i + 1 FROM n WHERE i < {to})")
}
fn pg_series(from: u64, to: u64) -> String {
    format!("WITH n(i) AS (SELECT * FROM generate_series({from}::bigint, {to}::bigint))")
}
