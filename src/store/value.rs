//! Column types: what a Rust value is in each database.

use super::sql::RowReader;
use crate::{
    clock::Timestamp,
    error::Error,
    error::Result,
    secret::{ExposeSecret, Secret},
};
use rusqlite::types::{ToSqlOutput, Value as LiteValue, ValueRef};
use sqlx::{Arguments as _, Row as _, postgres::PgArguments};
use std::rc::Rc;

type PgResult = std::result::Result<(), sqlx::error::BoxDynError>;

/// A value that can be bound to a statement on both databases.
pub trait Param: Sync {
    /// The SQLite form.
    fn lite(&self) -> ToSqlOutput<'_>;
    /// Adds the PostgreSQL form.
    ///
    /// # Errors
    /// When the driver cannot encode it.
    fn pg(&self, args: &mut PgArguments) -> PgResult;
}

/// A value that can be read from a column on both databases.
pub trait Column: Sized {
    /// Reads column `i`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Internal`] when the column holds something else.
    fn read(row: &RowReader<'_>, i: usize) -> Result<Self>;
}

fn bad(i: usize, e: impl std::fmt::Display) -> Error {
    Error::internal(format!("column {i}: {e}"))
}

macro_rules! plain {
    ($($t:ty => |$s:ident| $lite:expr),* $(,)?) => {$(
        impl Param for $t {
            fn lite(&self) -> ToSqlOutput<'_> { let $s = self; $lite }
            fn pg(&self, args: &mut PgArguments) -> PgResult { args.add(self) }
        }
        impl Column for $t {
            fn read(row: &RowReader<'_>, i: usize) -> Result<Self> {
                match row {
                    RowReader::Lite(r) => r.get(i).map_err(|e| bad(i, e)),
                    RowReader::Pg(r) => r.try_get(i).map_err(|e| bad(i, e)),
                }
            }
        }
        impl Param for Option<$t> {
            fn lite(&self) -> ToSqlOutput<'_> {
                match self { Some($s) => $lite, None => ToSqlOutput::Owned(LiteValue::Null) }
            }
            fn pg(&self, args: &mut PgArguments) -> PgResult { args.add(self) }
        }
        impl Column for Option<$t> {
            fn read(row: &RowReader<'_>, i: usize) -> Result<Self> {
                match row {
                    RowReader::Lite(r) => r.get(i).map_err(|e| bad(i, e)),
                    RowReader::Pg(r) => r.try_get(i).map_err(|e| bad(i, e)),
                }
            }
        }
    )*};
}
plain! {
    String => |s| ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())),
    i64 => |s| ToSqlOutput::Owned(LiteValue::Integer(*s)),
    bool => |s| ToSqlOutput::Owned(LiteValue::Integer(i64::from(*s))),
    uuid::Uuid => |s| ToSqlOutput::Borrowed(ValueRef::Blob(s.as_bytes())),
}
impl Param for str {
    fn lite(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(ValueRef::Text(self.as_bytes()))
    }
    fn pg(&self, args: &mut PgArguments) -> PgResult {
        args.add(self)
    }
}
impl Param for Option<&str> {
    fn lite(&self) -> ToSqlOutput<'_> {
        match self {
            Some(s) => ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())),
            None => ToSqlOutput::Owned(LiteValue::Null),
        }
    }
    fn pg(&self, args: &mut PgArguments) -> PgResult {
        args.add(self)
    }
}
impl<P: Param + ?Sized> Param for &P {
    fn lite(&self) -> ToSqlOutput<'_> {
        (**self).lite()
    }
    fn pg(&self, args: &mut PgArguments) -> PgResult {
        (**self).pg(args)
    }
}

macro_rules! id_columns {
    ($($name:ident)*) => {$(
        impl Param for crate::id::$name {
            fn lite(&self) -> ToSqlOutput<'_> { ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())) }
            fn pg(&self, args: &mut PgArguments) -> PgResult { args.add(self.0) }
        }
        impl Param for Option<crate::id::$name> {
            fn lite(&self) -> ToSqlOutput<'_> {
                match self {
                    Some(s) => ToSqlOutput::Borrowed(ValueRef::Blob(s.0.as_bytes())),
                    None => ToSqlOutput::Owned(LiteValue::Null),
                }
            }
            fn pg(&self, args: &mut PgArguments) -> PgResult { args.add(self.map(|s| s.0)) }
        }
        impl Column for crate::id::$name {
            fn read(row: &RowReader<'_>, i: usize) -> Result<Self> { uuid::Uuid::read(row, i).map(Self) }
        }
        impl Column for Option<crate::id::$name> {
            fn read(row: &RowReader<'_>, i: usize) -> Result<Self> {
                Option::<uuid::Uuid>::read(row, i).map(|o| o.map(crate::id::$name))
            }
        }
    )*};
}
crate::for_each_id!(id_columns);

impl Param for Timestamp {
    fn lite(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Owned(LiteValue::Integer(self.0))
    }
    fn pg(&self, args: &mut PgArguments) -> PgResult {
        args.add(self.0)
    }
}
impl Param for Option<Timestamp> {
    fn lite(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Owned(self.map_or(LiteValue::Null, |t| LiteValue::Integer(t.0)))
    }
    fn pg(&self, args: &mut PgArguments) -> PgResult {
        args.add(self.map(|t| t.0))
    }
}
impl Column for Timestamp {
    fn read(row: &RowReader<'_>, i: usize) -> Result<Self> {
        i64::read(row, i).map(Self)
    }
}
impl Column for Option<Timestamp> {
    fn read(row: &RowReader<'_>, i: usize) -> Result<Self> {
        Option::<i64>::read(row, i).map(|o| o.map(Timestamp))
    }
}

/// A secret kept as text (already sealed or hashed; plain secrets are never stored).
impl Param for Secret {
    fn lite(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(ValueRef::Text(self.expose_secret().as_bytes()))
    }
    fn pg(&self, args: &mut PgArguments) -> PgResult {
        args.add(self.expose_secret())
    }
}

/// A JSON column: `jsonb` in PostgreSQL, TEXT in SQLite.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct J<T>(pub T);

impl<T: serde::Serialize + Sync> Param for J<T> {
    fn lite(&self) -> ToSqlOutput<'_> {
        // A value of ours always serialises; were it not to, NULL is refused by the column.
        ToSqlOutput::Owned(serde_json::to_string(&self.0).map_or(LiteValue::Null, LiteValue::Text))
    }
    fn pg(&self, args: &mut PgArguments) -> PgResult {
        args.add(sqlx::types::Json(&self.0))
    }
}
impl<T: serde::Serialize + Sync> Param for Option<J<T>> {
    fn lite(&self) -> ToSqlOutput<'_> {
        self.as_ref().map_or(ToSqlOutput::Owned(LiteValue::Null), Param::lite)
    }
    fn pg(&self, args: &mut PgArguments) -> PgResult {
        args.add(self.as_ref().map(|j| sqlx::types::Json(&j.0)))
    }
}
impl<T: serde::de::DeserializeOwned + 'static> Column for J<T> {
    fn read(row: &RowReader<'_>, i: usize) -> Result<Self> {
        match row {
            RowReader::Lite(r) => {
                let v = r.get_ref(i).map_err(|e| bad(i, e))?;
                let s = v.as_str().map_err(|e| bad(i, e))?;
                serde_json::from_str(s).map(J).map_err(|e| bad(i, e))
            }
            RowReader::Pg(r) => {
                r.try_get::<sqlx::types::Json<T>, _>(i).map(|j| J(j.0)).map_err(|e| bad(i, e))
            }
        }
    }
}
impl<T: serde::de::DeserializeOwned + 'static> Column for Option<J<T>> {
    fn read(row: &RowReader<'_>, i: usize) -> Result<Self> {
        let null = match row {
            RowReader::Lite(r) => matches!(r.get_ref(i).map_err(|e| bad(i, e))?, ValueRef::Null),
            RowReader::Pg(r) => {
                use sqlx::ValueRef as _;
                r.try_get_raw(i).map_err(|e| bad(i, e))?.is_null()
            }
        };
        if null { Ok(None) } else { J::read(row, i).map(Some) }
    }
}

/// A list for `IN (SELECT value FROM rarray($n))`.
#[derive(Debug, Clone)]
pub enum List {
    /// Of ids.
    Ids(Vec<uuid::Uuid>),
    /// Of texts.
    Texts(Vec<String>),
}
impl Param for List {
    fn lite(&self) -> ToSqlOutput<'_> {
        let v: Vec<LiteValue> = match self {
            Self::Ids(ids) => ids.iter().map(|u| LiteValue::Blob(u.as_bytes().to_vec())).collect(),
            Self::Texts(ts) => ts.iter().map(|t| LiteValue::Text(t.clone())).collect(),
        };
        ToSqlOutput::from_rc(Rc::new(v), c"rarray")
    }
    fn pg(&self, args: &mut PgArguments) -> PgResult {
        match self {
            Self::Ids(ids) => args.add(ids),
            Self::Texts(ts) => args.add(ts),
        }
    }
}

/// The text of a JSON document as SQLite stores it (for tests and tools that compare the two databases).
pub fn lite_text(v: &serde_json::Value) -> String {
    v.to_string()
}

/// Gives an enum with `as_str` and `parse` its column form (TEXT on both databases).
#[macro_export]
macro_rules! enum_column {
    ($($t:ty),* $(,)?) => {$(
        impl $crate::store::Param for $t {
            fn lite(&self) -> rusqlite::types::ToSqlOutput<'_> { $crate::store::Param::lite(self.as_str()) }
            fn pg(&self, a: &mut sqlx::postgres::PgArguments) -> Result<(), sqlx::error::BoxDynError> {
                $crate::store::Param::pg(self.as_str(), a)
            }
        }
        impl $crate::store::Column for $t {
            fn read(row: &$crate::store::RowReader<'_>, i: usize) -> $crate::error::Result<Self> {
                let s = <String as $crate::store::Column>::read(row, i)?;
                <$t>::parse(&s).ok_or_else(|| $crate::error::Error::internal(format!("column {i}: unknown word '{s}'")))
            }
        }
    )*};
}
pub use crate::enum_column;
enum_column!(crate::actor::UserKind);
