//! The statement catalogue: every statement of the program is prepared on both databases; its columns fit the row
//! type; one room writes a table; the tenant is named wherever a tenant's rows are touched; nothing reads a whole
//! table without saying why.

mod read;

use crate::{pure, story, support::TestDb};
use muster::store::migrate::{MIGRATIONS, lite_text};
use read::{Statement, statements};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _, Statement as _};
use std::collections::{BTreeMap, BTreeSet, HashMap};

fn report(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n  {}", faults.join("\n  "));
}

/// The tables and their columns, as SQLite has them.
fn tables() -> BTreeMap<String, Vec<String>> {
    let c = rusqlite::Connection::open_in_memory().expect("SQLite");
    for (_, text) in MIGRATIONS {
        c.execute_batch(&lite_text(text)).expect("a migration");
    }
    let mut st = c
        .prepare(
            "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_xinfo(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        )
        .expect("a query");
    let rows = st.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).expect("rows");
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for r in rows {
        let (table, column): (String, String) = r.expect("a row");
        out.entry(table).or_default().push(column);
    }
    out
}

/// The statement in words, comments left out; punctuation stands alone.
fn words(text: &str) -> Vec<String> {
    let mut clean = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        clean.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, r)| r);
    }
    clean.push_str(rest);
    let mut spaced = String::new();
    for c in clean.chars() {
        if c.is_alphanumeric() || matches!(c, '_' | '.' | '$') {
            spaced.push(c);
        } else {
            spaced.push(' ');
            if !c.is_whitespace() {
                spaced.push(c);
                spaced.push(' ');
            }
        }
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// The real tables a statement touches: alias (or name) to table, and those it writes.
fn touches(
    text: &str,
    known: &BTreeMap<String, Vec<String>>,
) -> (HashMap<String, String>, BTreeSet<String>) {
    let w = words(text);
    let at = |i: usize| w.get(i).map_or("", String::as_str);
    let (mut named, mut written) = (HashMap::new(), BTreeSet::new());
    for i in 0..w.len() {
        if !known.contains_key(at(i)) || i == 0 {
            continue;
        }
        let before = at(i - 1).to_uppercase();
        let write = match before.as_str() {
            "INTO" => true,
            // Not the one of FOR UPDATE or DO UPDATE.
            "UPDATE" => i < 2 || !matches!(at(i - 2), "FOR" | "DO"),
            "FROM" => i >= 2 && at(i - 2).eq_ignore_ascii_case("DELETE"),
            "JOIN" | "," | "ONLY" => false,
            _ => continue,
        };
        if write {
            written.insert(at(i).to_owned());
        }
        let next = if at(i + 1).eq_ignore_ascii_case("AS") { at(i + 2) } else { at(i + 1) };
        let alias = next.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !next.is_empty();
        named.insert(if alias { next } else { at(i) }.to_owned(), at(i).to_owned());
    }
    (named, written)
}

/// Whether the tenant is compared, assigned or inserted: it does not count in a list of results.
fn binds_tenant(text: &str) -> bool {
    let w = words(text);
    let is = |s: &str| s == "tenant_id" || s.ends_with(".tenant_id");
    if w.first().is_some_and(|f| f.eq_ignore_ascii_case("INSERT")) {
        return w.iter().any(|s| is(s));
    }
    (0..w.len()).any(|i| {
        let next = w.get(i + 1).map_or("", String::as_str);
        let before = i.checked_sub(1).and_then(|b| w.get(b)).map_or("", String::as_str);
        is(&w[i]) && (next == "=" || next == "IN" || before == "=" || row_compared(&w, i))
    })
}
/// `(tenant_id, id) = (...)` and `(tenant_id, id) IN (...)`.
fn row_compared(w: &[String], i: usize) -> bool {
    let close = w[i..].iter().position(|s| s == ")" || s == "(").map(|n| i + n);
    let Some(close) = close.filter(|c| w[*c] == ")") else { return false };
    let next = w.get(close + 1).map_or("", String::as_str);
    next == "=" || next == "IN" || next == ">" || next == "<"
}

pure!(
    fn one_room_writes_a_table() {
        let known = tables();
        let mut writers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut where_from: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for s in statements() {
            for text in s.texts() {
                for t in touches(text, &known).1 {
                    where_from.entry(t.clone()).or_default().push(s.at.clone());
                    writers.entry(t).or_default().insert(s.room.clone());
                }
            }
        }
        // The change feed is the store's own.
        writers.entry("changes".into()).or_default().insert("store".into());
        let mut faults = Vec::new();
        for (table, rooms) in &writers {
            if rooms.len() > 1 {
                faults.push(format!("{table}: {rooms:?} at {:?}", where_from[table]));
            }
        }
        for table in known.keys() {
            if !writers.contains_key(table) {
                faults.push(format!("{table}: nobody writes it"));
            }
        }
        report("each table has one room that writes it", &faults);
    }
);

pure!(
    fn the_tenant_is_named_wherever_its_rows_are_touched() {
        let known = tables();
        let mut faults = Vec::new();
        for s in statements() {
            let tenants = |text: &str| {
                let (named, _) = touches(text, &known);
                named.values().any(|t| known[t].iter().any(|c| c == "tenant_id"))
            };
            let bad = s.texts().into_iter().any(|t| tenants(t) && !binds_tenant(t));
            if bad && !s.note("platform") {
                faults.push(format!("{}: {}", s.at, s.pg));
            }
        }
        report(
            "a statement on tenants' rows without tenant_id, and without /* platform: why */",
            &faults,
        );
    }
);

pure!(
    fn statements_take_what_they_are_given() {
        let mut faults = Vec::new();
        for s in statements() {
            for text in s.texts() {
                let mut want = 0;
                for (i, _) in text.match_indices('$') {
                    let digits: String =
                        text[i + 1..].chars().take_while(char::is_ascii_digit).collect();
                    want = want.max(digits.parse().unwrap_or(0));
                }
                if want != s.values {
                    faults.push(format!("{}: {want} parameters, {} values", s.at, s.values));
                }
            }
        }
        report("parameters", &faults);
    }
);

story!(
    async fn every_statement_prepares_fits_its_row_and_scans_nothing(t) {
        let all = statements();
        assert!(all.len() > 100, "only {} statements were found", all.len());
        let known = tables();
        let faults = match t.url() {
            None => on_sqlite(&t, &all, &known),
            Some(url) => on_postgres(&url, &all, &known).await,
        };
        report("statements", &faults);
    }
);

fn columns(s: &Statement, have: usize) -> Option<String> {
    let (name, want) = s.columns.as_ref()?;
    (*want != have).then(|| format!("{}: {have} columns, {name} has {want} fields", s.at))
}

fn on_sqlite(t: &TestDb, all: &[Statement], known: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let c = rusqlite::Connection::open(t.file().expect("a file")).expect("SQLite");
    rusqlite::vtab::array::load_module(&c).expect("rarray");
    let mut faults = Vec::new();
    for s in all.iter().filter(|s| !s.lite.is_empty()) {
        match c.prepare(&s.lite()) {
            Ok(st) => faults.extend(columns(s, st.column_count())),
            Err(e) => {
                faults.push(format!("{}: {e}", s.at));
                continue;
            }
        }
        if s.note("scan") {
            continue;
        }
        let (named, _) = touches(&s.lite, known);
        let mut plan = c.prepare(&format!("EXPLAIN QUERY PLAN {}", s.lite())).expect("a plan");
        let n = plan.parameter_count();
        let nulls = rusqlite::params_from_iter(std::iter::repeat_n(rusqlite::types::Null, n));
        let steps = plan.query_map(nulls, |r| r.get::<_, String>(3)).expect("steps");
        for step in steps {
            let step = step.expect("a step");
            let scanned = step.strip_prefix("SCAN ").and_then(|r| r.split_whitespace().next());
            if let Some(table) = scanned.and_then(|a| named.get(a)) {
                faults
                    .push(format!("{}: reads all of {table} ({step}), and does not say why", s.at));
            }
            if let Some(table) = looked_through(s, &step).and_then(|a| named.get(a)) {
                faults.push(format!("{}: is told which of {table}, and reads all ({step})", s.at));
            }
        }
    }
    faults
}

/// The alias of what is read whole, of a tenant or a directory, by a statement that is told which rows are wanted: SQLite
/// prefers two columns that are the same in all rows to the one that tells them apart.
fn looked_through<'a>(s: &Statement, step: &'a str) -> Option<&'a str> {
    let whole = ["(tenant_id=?)", "(tenant_id=? AND directory_id=?)"];
    let alias = step.strip_prefix("SEARCH ")?.split_whitespace().next()?;
    let people = ["u", "users", "g", "groups", "m", "members"];
    let told = s.lite.contains("rarray(") && people.contains(&alias);
    let step = step.trim_end_matches(" LEFT-JOIN");
    (told && whole.iter().any(|w| step.ends_with(w))).then_some(alias)
}

async fn on_postgres(
    url: &str,
    all: &[Statement],
    known: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let mut c = sqlx::PgConnection::connect(url).await.expect("PostgreSQL");
    let setup = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET muster.scope = '*'";
    c.execute(sqlx::raw_sql(setup)).await.expect("settings");
    let mut faults = Vec::new();
    for (i, s) in all.iter().enumerate() {
        let (pg, params) = match prepared(&mut c, s).await {
            Ok((pg, columns_of, params)) => {
                faults.extend(columns(s, columns_of));
                (pg, params)
            }
            Err(e) => {
                faults.push(format!("{}: {e}", s.at));
                continue;
            }
        };
        if s.note("scan") {
            continue;
        }
        let nulls = vec!["NULL"; params].join(", ");
        let call = if params == 0 { format!("s{i}") } else { format!("s{i}({nulls})") };
        let text = format!("PREPARE s{i} AS {pg}; EXPLAIN (FORMAT JSON) EXECUTE {call}");
        let rows = match c.fetch_all(sqlx::raw_sql(AssertSqlSafe(text))).await {
            Ok(rows) => rows,
            Err(e) => {
                faults.push(format!("{}: {e}", s.at));
                continue;
            }
        };
        let plan: String = rows[0].try_get_unchecked(0).expect("a plan");
        let plan: serde_json::Value = serde_json::from_str(&plan).expect("JSON");
        scans(&plan[0]["Plan"], &mut |table, node| {
            if known.contains_key(table) {
                faults
                    .push(format!("{}: reads all of {table} ({node}), and does not say why", s.at));
            }
        });
    }
    faults
}

/// The statement as it can be prepared, its columns and its parameters. What a list is of, the program says when it
/// binds one; here both are tried.
async fn prepared(
    c: &mut sqlx::PgConnection,
    s: &Statement,
) -> Result<(String, usize, usize), sqlx::Error> {
    let list = |of: &str| {
        let mut out = String::new();
        let mut rest = s.pg.as_str();
        while let Some((before, after)) = rest.split_once("rarray(") {
            let (param, tail) = after.split_once(')').expect("a parameter");
            out.extend([before, "rarray(", param, "::", of, "[])"]);
            rest = tail;
        }
        out + rest
    };
    let mut last = Err(sqlx::Error::RowNotFound);
    for text in [list("uuid"), list("text")] {
        let sql = sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(text.clone()));
        last = c.prepare(sql).await.map(|st| {
            let params = st.parameters().map_or(0, |p| p.right_or_else(<[_]>::len));
            (text, st.columns().len(), params)
        });
        if last.is_ok() {
            break;
        }
    }
    last
}

/// Nodes that read a relation from end to end.
fn scans(node: &serde_json::Value, f: &mut impl FnMut(&str, &str)) {
    let kind = node["Node Type"].as_str().unwrap_or("");
    let whole = kind == "Seq Scan"
        || (matches!(kind, "Index Scan" | "Index Only Scan") && node["Index Cond"].is_null());
    if whole && let Some(table) = node["Relation Name"].as_str() {
        f(table, kind);
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        scans(child, f);
    }
}

pure!(
    fn the_catalogue_sees_what_it_should() {
        let known = tables();
        assert!(binds_tenant("SELECT a FROM users u WHERE u.tenant_id = $1"));
        assert!(binds_tenant("SELECT a FROM users WHERE (tenant_id, id) IN (SELECT b, c FROM d)"));
        assert!(!binds_tenant("SELECT tenant_id FROM users WHERE id = $1"));
        assert!(!binds_tenant("DELETE FROM users WHERE id = $1 RETURNING tenant_id, id"));
        let (named, written) = touches(
            "UPDATE users SET a = 1 WHERE id IN (SELECT m.user_id FROM members m, groups AS g FOR UPDATE)",
            &known,
        );
        let alias = |a: &str| named.get(a).map(String::as_str);
        assert_eq!((alias("m"), alias("g")), (Some("members"), Some("groups")));
        assert_eq!(written.into_iter().collect::<Vec<_>>(), ["users"]);
    }
);
