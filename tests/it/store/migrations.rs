//! One text for both databases: what SQLite makes of it, and that both end with the same tables.

use crate::{pure, story};
use muster::{
    clock::Clock,
    error::Kind,
    store::{
        Store,
        migrate::{MIGRATIONS, lite_text},
    },
};
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use std::collections::BTreeMap;

pure!(
    fn what_sqlite_reads_is_written_down() {
        for (name, text) in MIGRATIONS {
            insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../snapshots",
                                    description => "What SQLite reads of this migration" }, {
                insta::assert_snapshot!(*name, lite_text(text));
            });
        }
    }
);

pure!(
    fn five_words_are_replaced_and_nothing_else() {
        let text = "CREATE TABLE t (\n  a uuid NOT NULL,\n  b boolean, -- a uuid\n  c bigint,\n  d jsonb,\n  \
                    e text COLLATE \"C\" NOT NULL,\n  uuid_like text CHECK (e IN ('bigints', 'x'))\n);\n\
                    -- postgres:\nCREATE FUNCTION f();\n-- end\nCREATE INDEX i ON t(a);\n";
        assert_eq!(
            lite_text(text),
            "CREATE TABLE t (\n  a BLOB NOT NULL,\n  b INTEGER,\n  c INTEGER,\n  d TEXT,\n  e text NOT NULL,\n  \
             uuid_like text CHECK (e IN ('bigints', 'x'))\n) STRICT;\nCREATE INDEX i ON t(a);\n"
        );
    }
);

/// Table -> column -> its type and whether it may be NULL; and "index" -> columns for keys and unique indexes.
type Schema = BTreeMap<String, BTreeMap<String, String>>;

fn lite(c: &rusqlite::Connection) -> Schema {
    let mut out = Schema::new();
    let mut each = |text: &str, put: &mut dyn FnMut(&mut Schema, Vec<String>)| {
        let mut st = c.prepare(text).unwrap();
        let n = st.column_count();
        let rows = st.query_map([], |r| (0..n).map(|i| r.get(i)).collect()).unwrap();
        rows.for_each(|r| put(&mut out, r.unwrap()));
    };
    each(
        "SELECT t.name, c.name, c.type, iif(c.\"notnull\" OR c.pk, 'not null', 'null')
         FROM pragma_table_list t, pragma_table_xinfo(t.name) c
         WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
        &mut |s, r| {
            s.entry(r[0].clone())
                .or_default()
                .insert(r[1].clone(), format!("{} {}", r[2].to_lowercase(), r[3]));
        },
    );
    each(
        "SELECT t.name, iif(l.origin = 'pk', t.name || '_pkey', l.name),
                group_concat(i.name, ', ' ORDER BY i.seqno) || iif(l.partial, ' partly', '')
         FROM pragma_table_list t, pragma_index_list(t.name) l, pragma_index_info(l.name) i
         WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%' AND l.\"unique\" GROUP BY t.name, l.name",
        &mut |s, r| {
            s.entry(r[0].clone()).or_default().insert(format!("unique {}", r[1]), r[2].clone());
        },
    );
    each(
        "SELECT t.name, group_concat(f.\"from\", ', ' ORDER BY f.seq) || ' -> ' || f.\"table\" || ' ' || f.on_delete
         FROM pragma_table_list t, pragma_foreign_key_list(t.name) f WHERE t.schema = 'main' GROUP BY t.name, f.id",
        &mut |s, r| {
            s.entry(r[0].clone()).or_default().insert(format!("foreign {}", r[1]), String::new());
        },
    );
    out
}

async fn postgres(url: &str) -> Schema {
    let mut c = PgConnection::connect(url).await.unwrap();
    let mut out = Schema::new();
    let texts = [
        "SELECT c.table_name, c.column_name,
                CASE c.data_type WHEN 'uuid' THEN 'blob' WHEN 'boolean' THEN 'integer' WHEN 'bigint' THEN 'integer'
                                 WHEN 'jsonb' THEN 'text' ELSE c.data_type END
                || CASE c.is_nullable WHEN 'YES' THEN ' null' ELSE ' not null' END
         FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_sqlx%'",
        "SELECT t.relname::text, 'unique ' || i.relname,
                (SELECT string_agg(a.attname, ', ' ORDER BY k.n)
                 FROM unnest(x.indkey::int[]) WITH ORDINALITY k(att, n)
                 JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att)
                || CASE WHEN x.indpred IS NULL THEN '' ELSE ' partly' END
         FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
         WHERE x.indisunique AND t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE '\\_sqlx%'",
        "SELECT t.relname::text, 'foreign ' ||
                (SELECT string_agg(a.attname, ', ' ORDER BY k.n)
                 FROM unnest(f.conkey::int[]) WITH ORDINALITY k(att, n)
                 JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att)
                || ' -> ' || o.relname || CASE f.confdeltype WHEN 'c' THEN ' CASCADE' ELSE ' NO ACTION' END, ''
         FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid JOIN pg_class o ON o.oid = f.confrelid
         WHERE f.contype = 'f' AND t.relnamespace = 'public'::regnamespace",
    ];
    for text in texts {
        for r in sqlx::query(text).fetch_all(&mut c).await.unwrap() {
            out.entry(r.get(0)).or_default().insert(r.get(1), r.get(2));
        }
    }
    out
}

story!(
    async fn both_databases_have_the_same_tables_columns_and_keys(t) {
        let memory = rusqlite::Connection::open_in_memory().unwrap();
        for (_, text) in MIGRATIONS {
            memory.execute_batch(&lite_text(text)).unwrap();
        }
        let want = lite(&memory);
        for (table, columns) in &want {
            // SQLite names the columns of a conflict: two indexes on the same ones could not be told apart.
            let mut unique: Vec<&str> = columns
                .iter()
                .filter(|(name, _)| name.starts_with("unique "))
                .map(|(_, columns)| columns.trim_end_matches(" partly"))
                .collect();
            unique.sort_unstable();
            let n = unique.len();
            unique.dedup();
            assert_eq!(unique.len(), n, "{table}");
        }
        assert!(want.len() > 20 && want["users"].contains_key("unique users_name"));
        let have = match t.url() {
            Some(url) => postgres(&url).await,
            None => {
                let c = rusqlite::Connection::open(t.file().unwrap()).unwrap();
                let loose: Vec<String> = c
                    .prepare("SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'
                              AND NOT strict AND name NOT LIKE 'sqlite_%'")
                    .unwrap()
                    .query_map([], |r| r.get(0))
                    .unwrap()
                    .map(Result::unwrap)
                    .collect();
                assert_eq!(loose, Vec::<String>::new(), "every table is STRICT");
                lite(&c)
            }
        };
        assert_eq!(have.keys().collect::<Vec<_>>(), want.keys().collect::<Vec<_>>());
        for (table, columns) in &want {
            assert_eq!(&have[table], columns, "{table}");
        }
    }
);

story!(
    async fn a_database_of_a_newer_program_is_refused(t) {
        t.store.close().await;
        match t.url() {
            None => {
                let c = rusqlite::Connection::open(t.file().unwrap()).unwrap();
                c.execute_batch("PRAGMA user_version = 4711").unwrap();
            }
            Some(url) => {
                let mut c = PgConnection::connect(&url).await.unwrap();
                c.execute(
                    "INSERT INTO _sqlx_migrations(version, description, success, checksum, execution_time)
                     VALUES (4711, 'of a newer program', true, ''::bytea, 1)",
                )
                .await
                .unwrap();
            }
        }
        let e = Store::open(&t.options, Clock::System).await.err().unwrap();
        assert_eq!((e.kind(), e.code_str()), (Kind::Unavailable, Some("database_is_newer")));
    }
);

story!(
    async fn opening_again_changes_nothing(t) {
        t.store.close().await;
        let again = Store::open(&t.options, Clock::System).await.unwrap();
        again.close().await;
        Store::open(&t.options, Clock::System).await.unwrap();
    }
);
