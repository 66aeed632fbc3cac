//! A SQLite connection, and what it says in our terms.

use crate::{
    error::{Error, Result},
    store::{Options, Param, Stmt},
};
use rusqlite::ffi;
use std::{collections::HashMap, path::Path, sync::Arc};

/// "table.column, table.column" -> the name PostgreSQL would give the index in a conflict.
pub(super) type Names = Arc<HashMap<String, String>>;

/// Marks what was interrupted because it took too long.
pub(in crate::store) const INTERRUPTED: &str = "interrupted";

/// A connection with the names of its indexes.
pub struct LiteConn {
    raw: rusqlite::Connection,
    names: Names,
}

/// Opens the file with the settings every connection has.
pub(super) fn open(
    path: &Path,
    options: &Options,
    read_only: bool,
) -> Result<rusqlite::Connection> {
    let go = || -> rusqlite::Result<rusqlite::Connection> {
        let c = rusqlite::Connection::open(path)?;
        c.execute_batch(&format!(
            "PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous={};
             PRAGMA foreign_keys=ON; PRAGMA cache_size=-3072; PRAGMA temp_store=MEMORY;
             PRAGMA journal_size_limit=67108864;{}",
            if options.durable { "FULL" } else { "NORMAL" },
            if read_only { " PRAGMA query_only=ON;" } else { "" }
        ))?;
        // Without this a statement with `LIMIT ?` is planned anew each time its value is bound.
        c.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        c.set_prepared_statement_cache_capacity(512);
        rusqlite::vtab::array::load_module(&c)?;
        Ok(c)
    };
    go().map_err(|e| Error::unavailable(format!("cannot open {}: {e}", path.display())))
}

pub(super) fn index_names(c: &rusqlite::Connection) -> rusqlite::Result<Names> {
    let mut st = c.prepare(
        "SELECT m.name, l.name, l.origin, group_concat(m.name || '.' || i.name, ', ' ORDER BY i.seqno)
         FROM sqlite_schema m, pragma_index_list(m.name) l, pragma_index_info(l.name) i
         WHERE m.type = 'table' AND l.\"unique\" = 1 GROUP BY m.name, l.name",
    )?;
    let rows = st.query_map([], |r| {
        let (table, index, origin): (String, String, String) = (r.get(0)?, r.get(1)?, r.get(2)?);
        let name = if origin == "pk" { format!("{table}_pkey") } else { index };
        Ok((r.get::<_, Option<String>>(3)?.unwrap_or_default(), name))
    })?;
    rows.collect::<rusqlite::Result<_>>().map(Arc::new)
}

impl LiteConn {
    pub(super) fn new(raw: rusqlite::Connection, names: Names) -> Self {
        Self { raw, names }
    }
    /// For whoever ends a statement of it from elsewhere.
    pub(super) fn interrupt(&self) -> rusqlite::InterruptHandle {
        self.raw.get_interrupt_handle()
    }
    /// No transaction is open.
    pub(super) fn autocommit(&self) -> bool {
        self.raw.is_autocommit()
    }
    /// One statement without parameters or rows.
    pub(super) fn batch(&self, text: &str) -> Result<()> {
        let r = self.raw.prepare_cached(text).and_then(|mut s| s.execute([]));
        r.map(|_| ()).map_err(|e| self.error(&e))
    }
    pub(super) fn query<R>(
        &self,
        s: &Stmt,
        params: &[&(dyn Param + '_)],
        f: impl FnOnce(&mut rusqlite::Rows<'_>) -> rusqlite::Result<R>,
    ) -> Result<R> {
        let run = || -> rusqlite::Result<R> {
            let mut st = self.raw.prepare_cached(&s.lite)?;
            let mut rows = st.query(rusqlite::params_from_iter(params.iter().map(|p| p.lite())))?;
            f(&mut rows)
        };
        run().map_err(|e| self.error(&e))
    }
    pub(super) fn execute(&self, s: &Stmt, params: &[&(dyn Param + '_)]) -> Result<u64> {
        let run = || -> rusqlite::Result<usize> {
            let mut st = self.raw.prepare_cached(&s.lite)?;
            let params = rusqlite::params_from_iter(params.iter().map(|p| p.lite()));
            // A statement with RETURNING whose rows nobody wants must be stepped to its end as well.
            if st.column_count() > 0 {
                let mut rows = st.query(params)?;
                let mut n = 0;
                while rows.next()?.is_some() {
                    n += 1;
                }
                return Ok(n);
            }
            st.execute(params)
        };
        run().map(|n| n as u64).map_err(|e| self.error(&e))
    }
    fn error(&self, e: &rusqlite::Error) -> Error {
        if let rusqlite::Error::SqliteFailure(f, text) = e {
            let text = text.as_deref().unwrap_or("");
            match (f.code, f.extended_code) {
                (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                    let columns = text.rsplit_once(": ").map_or(text, |(_, c)| c);
                    let name = self.names.get(columns).map_or(columns, String::as_str);
                    return Error::conflict("it exists already").attr(name).operator(text);
                }
                (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => {
                    return Error::conflict(
                        "it refers to something that does not exist, or is still referred to",
                    )
                    .operator(text);
                }
                (
                    rusqlite::ErrorCode::DiskFull
                    | rusqlite::ErrorCode::SystemIoFailure
                    | rusqlite::ErrorCode::DatabaseBusy
                    | rusqlite::ErrorCode::DatabaseLocked
                    | rusqlite::ErrorCode::ReadOnly
                    | rusqlite::ErrorCode::CannotOpen,
                    _,
                ) => {
                    return Error::unavailable(format!("SQLite: {e}"));
                }
                (rusqlite::ErrorCode::OperationInterrupted, _) => {
                    return Error::unavailable("SQLite: the statement took too long")
                        .code(INTERRUPTED);
                }
                _ => {}
            }
        }
        Error::internal(format!("SQLite: {e}"))
    }
}
