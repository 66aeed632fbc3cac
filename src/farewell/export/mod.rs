//! All that a tenant has, as lines of JSON: its people and groups, what gives them roles, its directories, applications and
//! integration users without their secrets, its invitations and letters, its reviews, and its trail. It is read and sent piece by piece, so that a tenant of any size is
//! never in memory as a whole; what changes meanwhile is in it or not.

mod db;
mod rest;
mod trail;

use crate::{
    access::{Permit, perm::Global},
    audit::{self, Event},
    error::{Error, Result},
    id::TenantId,
    store::{Conn, Scope, Store},
    tenants::{self, Tenant},
    tx,
};
use db::{Key, Placed};
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// The first line's `format`; another number when a reader of this one would be wrong.
const FORMAT: &str = "muster.tenant-export/1";

/// Lines that are read together.
const PIECE: i64 = 500;

/// A document under way.
pub struct Export {
    store: Store,
    tenant: Tenant,
    /// Which part comes next, and after what in it.
    next: (usize, Key),
    begun: bool,
    lines: u64,
}

/// Some lines, and where they end; no place after the last of a part.
type Some = (String, u64, Option<Key>);
type Part = for<'a> fn(&'a mut Conn, TenantId, Key) -> BoxFuture<'a, Result<Some>>;

macro_rules! part {
    ($kind:literal, $read:path) => {
        |c, t, after| {
            Box::pin(async move {
                let rows = $read(c, t, after, PIECE).await?;
                let full = i64::try_from(rows.len()).is_ok_and(|n| n >= PIECE);
                let last = rows.last().filter(|_| full).map(Placed::key);
                written($kind, &rows).map(|(text, n)| (text, n, last))
            })
        }
    };
}
macro_rules! few {
    ($kind:literal, $read:path) => {
        |c, t, _| {
            Box::pin(
                async move { written($kind, &$read(c, t).await?).map(|(text, n)| (text, n, None)) },
            )
        }
    };
}

const PARTS: [Part; 24] = [
    few!("domain", db::domains),
    few!("schema", db::extensions),
    part!("directory", db::directories),
    part!("user", db::users),
    part!("group", db::groups),
    part!("membership", db::members),
    part!("role", db::roles),
    part!("grant", db::grants),
    part!("grant", db::grants_there),
    part!("mapping", db::mappings),
    part!("mapping", db::mappings_there),
    part!("application", db::apps),
    part!("event_stream", rest::db::streams),
    part!("invitation", db::invitations),
    few!("default_role", rest::db::default_role),
    few!("letters", rest::db::letters),
    part!("suppression", rest::db::suppressed),
    part!("eligibility", rest::db::eligibilities),
    part!("elevation", rest::db::elevations),
    part!("review_plan", rest::db::plans),
    part!("review", rest::db::reviews),
    part!("review_item", rest::db::items),
    part!("audit_view", rest::db::views),
    part!("event", trail::db::trail),
];

#[derive(Serialize)]
struct Line<'a, T> {
    r#type: &'static str,
    #[serde(flatten)]
    row: &'a T,
}

fn written<T: Serialize>(kind: &'static str, rows: &[T]) -> Result<(String, u64)> {
    let mut out = String::new();
    for row in rows {
        let line = serde_json::to_string(&Line { r#type: kind, row });
        out.push_str(&line.map_err(Error::internal)?);
        out.push('\n');
    }
    Ok((out, rows.len() as u64))
}

fn line(v: &Value) -> String {
    format!("{v}\n")
}

impl Export {
    /// Begins the document, and says in the trail that somebody has it.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for a tenant that is being deleted, which has not all any more.
    pub async fn begin(store: &Store, p: &Permit<Global>, t: TenantId) -> Result<Self> {
        let tenant = tenants::get(store, t).await?;
        if tenant.deleting.is_some() {
            let text = "the tenant is being deleted, and part of it is gone";
            return Err(Error::conflict(text).code("tenant_deleting"));
        }
        tx!(store, &p.cx(), [], |tx| {
            audit::record(tx, t, Event::new("tenant.export").target("tenant", t)).await
        })?;
        let next = (0, (Uuid::nil(), Uuid::nil()));
        Ok(Self { store: store.clone(), tenant, next, begun: false, lines: 0 })
    }

    /// The next piece; `None` after the last, which says how many lines there were: a document without it broke off.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&mut self) -> Result<Option<String>> {
        if !self.begun {
            self.begun = true;
            self.lines = 1;
            return Ok(Some(self.head()));
        }
        let (at, after) = self.next;
        let Some(part) = PARTS.get(at) else {
            if at > PARTS.len() {
                return Ok(None);
            }
            self.next.0 = at + 1;
            return Ok(Some(line(&json!({ "type": "end", "lines": self.lines }))));
        };
        // platform: the provider's people have roles there, too.
        let mut c = self.store.scan(Scope::Platform).await?;
        let (text, n, last) = part(&mut c, self.tenant.id, after).await?;
        self.lines += n;
        self.next = match last {
            Some(last) => (at, last),
            None => (at + 1, (Uuid::nil(), Uuid::nil())),
        };
        Ok(Some(text))
    }

    fn head(&self) -> String {
        let t = &self.tenant;
        line(&json!({
            "type": "tenant", "format": FORMAT, "id": t.id, "slug": t.slug, "name": t.name,
            "status": t.status, "tags": t.tags.0, "policy": t.policy.0, "created_at": t.created_at.rfc3339(),
            "exported_at": self.store.clock().now().rfc3339(),
        }))
    }
}
