//! Rows of a tenant that leaves, in pieces: a table of any size goes without a long transaction.

/// The text that deletes some rows of a tenant: `$1` whose, `$2` how many at most; by the table's key, a literal as well.
#[macro_export]
macro_rules! some_rows {
    ($table:literal, $key:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE tenant_id = $1 AND (",
            $key,
            ") IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE tenant_id = $1 LIMIT $2)"
        )
    };
}
