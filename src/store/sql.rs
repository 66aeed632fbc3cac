//! One statement, two drivers: [`Stmt`] holds both texts (the same one unless the dialects differ), [`Conn`] runs
//! it. The macros only build the [`Stmt`] and the parameter list, so that a call costs little to compile.

use super::{
    fair::Turn,
    lite::LiteConn,
    pg::{self, PgConn},
    value::Param,
};
use crate::error::{Error, Result};
use sqlx::{Arguments as _, postgres::PgArguments};
use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::sync::OwnedMappedMutexGuard;

/// Statements run by this process, for the metrics: what is served from memory leaves it still.
static STATEMENTS: AtomicU64 = AtomicU64::new(0);

/// How many statements this process has run (`muster_store_statements_total`).
pub fn statements() -> u64 {
    STATEMENTS.load(Ordering::Relaxed)
}
pub(super) fn count() {
    STATEMENTS.fetch_add(1, Ordering::Relaxed);
}

/// One statement in both spellings; parameters are `$1`...
#[derive(Debug, Clone)]
pub struct Stmt {
    /// SQLite's (`?1`).
    pub lite: Cow<'static, str>,
    /// PostgreSQL's (`$1`).
    pub pg: Cow<'static, str>,
}
impl Stmt {
    /// A statement put together at run time (filters); every value is a parameter, every name comes from our own
    /// tables of columns. `lite` uses `$1` as well and is rewritten here.
    pub fn dynamic(lite: &str, pg: String) -> Self {
        let mut out = String::with_capacity(lite.len());
        let mut rest = lite.chars().peekable();
        while let Some(c) = rest.next() {
            // A `$` before a digit is a parameter; one in a JSON path stays.
            let param = c == '$' && rest.peek().is_some_and(char::is_ascii_digit);
            out.push(if param { '?' } else { c });
        }
        Self { lite: Cow::Owned(out), pg: Cow::Owned(pg) }
    }
}

impl Stmt {
    /// Whether it changes rows (its RETURNING is read like a query).
    fn writes(&self) -> bool {
        let text = self.pg.trim_start();
        let starts = |w: &str| text.get(..w.len()).is_some_and(|t| t.eq_ignore_ascii_case(w));
        let has = |w: &str| text.contains(w);
        starts("INSERT")
            || starts("UPDATE")
            || starts("DELETE")
            || (starts("WITH") && (has("INSERT INTO ") || has("UPDATE ") || has("DELETE FROM ")))
    }
}

/// A row of either database.
pub enum RowReader<'a> {
    /// SQLite's.
    Lite(&'a rusqlite::Row<'a>),
    /// PostgreSQL's.
    Pg(&'a sqlx::postgres::PgRow),
}

/// What a row becomes; made by [`row!`](crate::row), fields in the order of the SELECT.
pub trait FromRow: Sized {
    /// Reads the row.
    ///
    /// # Errors
    /// When a column does not hold what the field wants.
    fn from_row(row: &RowReader<'_>) -> Result<Self>;
    /// How many columns, for the statement catalogue.
    const COLUMNS: &'static [&'static str];
}

/// A connection: for reads from [`super::Store::read`], or inside a [`super::Tx`].
pub struct Conn {
    pub(super) driver: Held,
    /// Inside a transaction body, where the first error ends everything.
    body: bool,
    /// Its statements may take long: on SQLite they leave the runtime's thread to others meanwhile.
    pub(super) long: Option<Turn>,
    pub(super) poison: Option<Error>,
    /// Rows that a body changed.
    pub(super) rows: u64,
    /// What a body writes later.
    later: Later,
}

/// Statements that wait for the next one, or for the end: PostgreSQL gets all of them as one.
#[derive(Default)]
struct Later {
    texts: Vec<String>,
    args: PgArguments,
    /// Which of them must change one row.
    demanding: Vec<usize>,
}
/// Statements that wait at most.
const LATER: usize = 16;

impl Later {
    /// One more, its parameters counted on from those that wait.
    fn add(&mut self, s: &Stmt, params: &[&dyn Param]) -> Result<()> {
        let (mut text, mut rest) = (String::with_capacity(s.pg.len() + 16), s.pg.as_ref());
        let before = self.args.len();
        while let Some((head, tail)) = rest.split_once('$') {
            let digits = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            text.push_str(head);
            text.push('$');
            match tail[..digits].parse::<usize>() {
                Ok(n) => text.push_str(&(n + before).to_string()),
                Err(_) => text.push_str(&tail[..digits]),
            }
            rest = &tail[digits..];
        }
        text.push_str(rest);
        self.texts.push(text);
        for p in params {
            p.pg(&mut self.args).map_err(Error::internal)?;
        }
        Ok(())
    }
    fn take(&mut self) -> Option<(Stmt, PgArguments)> {
        let Self { mut texts, args, demanding } = std::mem::take(self);
        // A division by zero undoes the whole statement.
        let demand = |n: &usize| format!("1 / (SELECT count(*) FROM w{n})::int");
        let demands: Vec<String> = demanding.iter().map(demand).collect();
        let mut text = match demands.as_slice() {
            [] => texts.pop()?,
            all => format!("SELECT {}", all.join(", ")),
        };
        if !texts.is_empty() {
            let parts: Vec<String> =
                texts.iter().enumerate().map(|(i, t)| format!("w{i} AS ({t})")).collect();
            text = format!("WITH {} {text}", parts.join(", "));
        }
        Some((Stmt { lite: Cow::Borrowed(""), pg: Cow::Owned(text) }, args))
    }
}

pub(super) enum Driver {
    Lite(LiteConn),
    Pg(PgConn),
}

/// Whose a connection is.
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is nearly always it, and is not moved about"
)]
pub(super) enum Held {
    /// Its user's, to the end.
    Own(Driver),
    /// That of a rehearsal, whose parts take turns.
    Lent(OwnedMappedMutexGuard<Option<Driver>, Driver>),
}
impl Held {
    pub(super) fn get(&mut self) -> &mut Driver {
        match self {
            Self::Own(d) => d,
            Self::Lent(d) => d,
        }
    }
}

pub(super) fn pg_args(params: &[&dyn Param]) -> Result<PgArguments> {
    let mut a = PgArguments::default();
    for p in params {
        p.pg(&mut a).map_err(Error::internal)?;
    }
    Ok(a)
}

/// Runs `f` here, or, if it may take long, where it keeps nobody else waiting.
fn aside<R>(long: bool, f: impl FnOnce() -> R) -> R {
    use tokio::runtime::{Handle, RuntimeFlavor};
    let threads = || Handle::try_current().map(|h| h.runtime_flavor());
    if long && matches!(threads(), Ok(RuntimeFlavor::MultiThread)) {
        tokio::task::block_in_place(f)
    } else {
        f()
    }
}

impl Conn {
    pub(super) fn reading(driver: Driver) -> Self {
        Self::on(Held::Own(driver), false)
    }
    pub(super) fn body(driver: Driver) -> Self {
        Self::on(Held::Own(driver), true)
    }
    pub(super) fn on(driver: Held, body: bool) -> Self {
        Self { driver, body, long: None, poison: None, rows: 0, later: Later::default() }
    }
    /// What runs on it may take long: a scan, or a rehearsal, which runs to its end or is interrupted.
    fn long(&self) -> bool {
        self.long.is_some() || matches!(self.driver, Held::Lent(_))
    }
    pub(super) fn alive(&self) -> Result<()> {
        match &self.poison {
            Some(e) => Err(e.clone()),
            None => Ok(()),
        }
    }
    /// The first error in a body poisons it.
    pub(super) fn noted<T>(&mut self, r: Result<T>) -> Result<T> {
        if let (true, Err(e)) = (self.body, &r) {
            self.poison.get_or_insert_with(|| e.clone());
        }
        r
    }
    async fn begin(&mut self) -> Result<()> {
        self.flush().await?;
        self.alive()?;
        count();
        Ok(())
    }
    /// Runs what waits.
    pub(super) async fn flush(&mut self) -> Result<()> {
        let (Driver::Pg(c), Some((s, args))) = (self.driver.get(), self.later.take()) else {
            return Ok(());
        };
        count();
        let r = c.execute(&s, args).await.map(|_| ()).map_err(pg::missed);
        self.noted(r)
    }
    /// What waits, where nothing else has been asked of PostgreSQL: it can be a transaction of its own.
    pub(super) fn alone(&mut self) -> Option<(Stmt, PgArguments)> {
        match self.driver.get() {
            Driver::Pg(c) if c.unasked() => self.later.take(),
            _ => None,
        }
    }
    /// Whether there is such a thing.
    pub(super) fn goes_alone(&mut self) -> bool {
        !self.later.texts.is_empty() && matches!(self.driver.get(), Driver::Pg(c) if c.unasked())
    }
    /// One more of those that wait, however many there are.
    pub(super) fn beside(&mut self, s: &Stmt, params: &[&(dyn Param + '_)]) -> Result<()> {
        self.later.add(s, params)
    }
    /// Drops what waits.
    pub(super) fn forget(&mut self) {
        self.later = Later::default();
    }
    /// As [`Self::exec`] of an INSERT of rows that no other that waits touches, and whose number nobody asks: on PostgreSQL it goes together with others
    /// of its kind, before the next statement or at the end.
    pub(super) async fn later(&mut self, s: &Stmt, params: &[&(dyn Param + '_)]) -> Result<()> {
        if let Driver::Lite(_) = self.driver.get() {
            return self.exec(s, params).await.map(|_| ());
        }
        self.alive()?;
        if self.later.texts.len() >= LATER {
            self.flush().await?;
        }
        self.rows += 1;
        let r = self.later.add(s, params);
        self.noted(r)
    }
    /// As [`Self::later`], of an UPDATE that must change one row. Where it does not, nothing is done of what goes with it.
    pub(super) async fn later_one(&mut self, s: &Stmt, params: &[&(dyn Param + '_)]) -> Result<()> {
        if let Driver::Lite(_) = self.driver.get() {
            let r = match self.exec(s, params).await {
                Ok(1) => Ok(()),
                Ok(_) => Err(pg::stale()),
                Err(e) => Err(e),
            };
            return self.noted(r);
        }
        let returning =
            Stmt { lite: Cow::Borrowed(""), pg: format!("{} RETURNING 1", s.pg).into() };
        self.later(&returning, params).await?;
        self.later.demanding.push(self.later.texts.len() - 1);
        Ok(())
    }
    fn end<T>(&mut self, s: &Stmt, r: Result<T>, rows: impl Fn(&T) -> usize) -> Result<T> {
        if let (true, Ok(v)) = (self.body, &r)
            && s.writes()
        {
            self.rows += rows(v) as u64;
        }
        self.noted(r)
    }
    /// All rows.
    ///
    /// # Errors
    /// See [`super::Store::write`].
    pub async fn all<T: FromRow>(
        &mut self,
        s: &Stmt,
        params: &[&(dyn Param + '_)],
    ) -> Result<Vec<T>> {
        self.begin().await?;
        let long = self.long();
        let r = match self.driver.get() {
            Driver::Lite(c) => aside(long, || {
                c.query(s, params, |rows| {
                    let mut out = Vec::new();
                    while let Some(r) = rows.next()? {
                        out.push(T::from_row(&RowReader::Lite(r)));
                    }
                    Ok(out)
                })
            }),
            Driver::Pg(c) => c
                .fetch_all(s, || pg_args(params))
                .await
                .map(|rows| rows.iter().map(|r| T::from_row(&RowReader::Pg(r))).collect()),
        };
        let r = r.and_then(|rows| rows.into_iter().collect());
        self.end(s, r, Vec::len)
    }
    /// The row, if there is one.
    ///
    /// # Errors
    /// See [`super::Store::write`].
    pub async fn opt<T: FromRow>(
        &mut self,
        s: &Stmt,
        params: &[&(dyn Param + '_)],
    ) -> Result<Option<T>> {
        self.begin().await?;
        let long = self.long();
        let r = match self.driver.get() {
            Driver::Lite(c) => aside(long, || {
                c.query(s, params, |rows| {
                    Ok(rows.next()?.map(|r| T::from_row(&RowReader::Lite(r))))
                })
            }),
            Driver::Pg(c) => c
                .fetch_all(s, || pg_args(params))
                .await
                .map(|rows| rows.first().map(|r| T::from_row(&RowReader::Pg(r)))),
        };
        let r = r.and_then(Option::transpose);
        self.end(s, r, |o| usize::from(o.is_some()))
    }
    /// The row; none is an internal error (use [`Self::opt`] where none is an answer).
    ///
    /// # Errors
    /// See [`super::Store::write`].
    pub async fn one<T: FromRow>(&mut self, s: &Stmt, params: &[&(dyn Param + '_)]) -> Result<T> {
        let r = self.opt(s, params).await?;
        let r = r.ok_or_else(|| Error::internal(format!("no row: {}", s.pg)));
        self.noted(r)
    }
    /// Runs it and says how many rows changed. Only [`super::Tx`] offers this to other rooms.
    pub(super) async fn exec(&mut self, s: &Stmt, params: &[&(dyn Param + '_)]) -> Result<u64> {
        self.begin().await?;
        let long = self.long();
        let r = match self.driver.get() {
            Driver::Lite(c) => aside(long, || c.execute(s, params)),
            Driver::Pg(c) => match pg_args(params) {
                Ok(args) => c.execute(s, args).await,
                Err(e) => Err(e),
            },
        };
        if let Ok(n) = r {
            self.rows += n;
        }
        self.noted(r)
    }
}

/// `$1` is positional in PostgreSQL but a *named* parameter in SQLite, numbered by first appearance: rewritten to
/// `?1` at compile time.
#[doc(hidden)]
pub const fn lite_bytes<const N: usize>(s: &str) -> [u8; N] {
    let b = s.as_bytes();
    let mut o = [0u8; N];
    let mut i = 0;
    while i < N {
        o[i] = if b[i] == b'$' && i + 1 < N && b[i + 1].is_ascii_digit() { b'?' } else { b[i] };
        i += 1;
    }
    o
}

#[doc(hidden)]
#[macro_export]
macro_rules! lite_sql {
    ($s:expr) => {{
        const S: &str = $s;
        const B: [u8; S.len()] = $crate::store::lite_bytes::<{ S.len() }>(S);
        const L: &str = match std::str::from_utf8(&B) {
            Ok(s) => s,
            // One ASCII byte stands for another: it stays UTF-8.
            Err(_) => S,
        };
        L
    }};
}

/// One typed call for both databases.
///
/// `sql!(c, one<Row>|opt<Row>|all<Row>|exec|later|later_one, "... $1 ...", a, b)`; where the dialects differ, `{lite: "...", pg:
/// "..."}` stands for the text, and `{pg: "..."}` for one that only PostgreSQL is given (by
/// [`Store::single`](crate::store::Store::single)). Arguments are taken by reference. `exec`, `later` and `later_one` need a [`Tx`](crate::store::Tx).
#[macro_export]
macro_rules! sql {
    (@stmt {lite: $l:expr, pg: $p:expr $(,)?}) => {
        $crate::store::Stmt {
            lite: std::borrow::Cow::Borrowed($crate::lite_sql!($l)),
            pg: std::borrow::Cow::Borrowed($p),
        }
    };
    (@stmt $s:expr) => { $crate::sql!(@stmt {lite: $s, pg: $s}) };
    ($c:expr, $m:ident<$t:ty>, {pg: $p:expr $(,)?} $(, $a:expr)* $(,)?) => {
        $crate::sql!($c, $m<$t>, {lite: "", pg: $p} $(, $a)*)
    };
    ($c:expr, exec, {lite: $l:expr, pg: $p:expr $(,)?} $(, $a:expr)* $(,)?) => {
        $c.exec(&$crate::sql!(@stmt {lite: $l, pg: $p}), &[$(&$a as &(dyn $crate::store::Param + '_)),*]).await
    };
    ($c:expr, later_one, $s:expr $(, $a:expr)* $(,)?) => {
        $c.later_one(&$crate::sql!(@stmt $s), &[$(&$a as &(dyn $crate::store::Param + '_)),*]).await
    };
    ($c:expr, later, {lite: $l:expr, pg: $p:expr $(,)?} $(, $a:expr)* $(,)?) => {
        $c.later(&$crate::sql!(@stmt {lite: $l, pg: $p}), &[$(&$a as &(dyn $crate::store::Param + '_)),*]).await
    };
    ($c:expr, $m:ident<$t:ty>, {lite: $l:expr, pg: $p:expr $(,)?} $(, $a:expr)* $(,)?) => {
        $c.$m::<$t>(&$crate::sql!(@stmt {lite: $l, pg: $p}), &[$(&$a as &(dyn $crate::store::Param + '_)),*]).await
    };
    ($c:expr, exec, $s:expr $(, $a:expr)* $(,)?) => {
        $crate::sql!($c, exec, {lite: $s, pg: $s} $(, $a)*)
    };
    ($c:expr, later, $s:expr $(, $a:expr)* $(,)?) => {
        $crate::sql!($c, later, {lite: $s, pg: $s} $(, $a)*)
    };
    ($c:expr, $m:ident<$t:ty>, $s:expr $(, $a:expr)* $(,)?) => {
        $crate::sql!($c, $m<$t>, {lite: $s, pg: $s} $(, $a)*)
    };
}

/// A row type: a struct whose fields stand in the order of the SELECT.
#[macro_export]
macro_rules! row {
    ($(#[$m:meta])* $v:vis struct $n:ident { $($(#[$fm:meta])* $fv:vis $f:ident : $t:ty),* $(,)? }) => {
        $(#[$m])* $v struct $n { $($(#[$fm])* $fv $f: $t),* }
        impl $crate::store::FromRow for $n {
            #[allow(unused_assignments)]
            fn from_row(row: &$crate::store::RowReader<'_>) -> $crate::error::Result<Self> {
                let mut i = 0usize;
                Ok($n { $($f: { let v = <$t as $crate::store::Column>::read(row, i)?; i += 1; v }),* })
            }
            const COLUMNS: &'static [&'static str] = &[$(stringify!($f)),*];
        }
    };
}

macro_rules! scalar_rows {
    ($($t:ty),* $(,)?) => {$(
        impl FromRow for $t {
            fn from_row(row: &RowReader<'_>) -> Result<Self> { <$t as super::value::Column>::read(row, 0) }
            const COLUMNS: &'static [&'static str] = &["value"];
        }
    )*};
}
scalar_rows!(
    i64,
    bool,
    String,
    Option<String>,
    Option<i64>,
    crate::clock::Timestamp,
    Option<crate::clock::Timestamp>
);
macro_rules! id_rows {
    ($($name:ident)*) => { scalar_rows!($(crate::id::$name),*); };
}
crate::for_each_id!(id_rows);
