//! How far a sign-in half has come: set up, tried, offered, the only way in.

use super::{Directory, Status, db, locked, trial};
use crate::{
    access::{Access, Entrusted},
    actor::Principal,
    audit::{self, Event},
    error::{Error, Result},
    id::{DirectoryId, TenantId},
    store::{Conn, Scope, Store, Topic, Tx},
};
use serde_json::json;

/// How far it has come.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[schemars(rename = "SignInStage")]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Settings only: offered to nobody.
    Draft,
    /// A test login was asked for; offered to nobody.
    Testing,
    /// Offered to people.
    Active,
    /// The only way in for its people, and for whoever has an address in a domain of the tenant's.
    Enforced,
}
impl Stage {
    /// The word used in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Testing => "testing",
            Self::Active => "active",
            Self::Enforced => "enforced",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "draft" => Self::Draft,
            "testing" => Self::Testing,
            "active" => Self::Active,
            "enforced" => Self::Enforced,
            _ => return None,
        })
    }
    /// Whether people sign in by it.
    pub fn offered(self) -> bool {
        matches!(self, Self::Active | Self::Enforced)
    }
}
crate::enum_column!(Stage);

/// Moves a sign-in half on, or back to a draft. It is activated by who has tried it: the last test login that they asked
/// for, of the settings as they are, has succeeded. Whoever owns the data directory need not have.
///
/// # Errors
/// `Conflict` without a sign-in half, where it is to be enforced and is not active, and where no test login has succeeded;
/// `Forbidden` where somebody else's has, and beyond the caller's own rights.
pub(super) async fn moves(
    tx: &mut Tx,
    access: &Access,
    was: Directory,
    to: Stage,
    entrusted: Option<&Entrusted>,
) -> Result<Directory> {
    if was.issuer.is_none() {
        let text = "the directory has no sign-in half";
        return Err(Error::conflict(text).attr("stage").code("no_signin"));
    }
    if was.stage == to {
        return Ok(was);
    }
    // What lets people in through it, and what lets them in again by what they have here of their own.
    if to.offered() || was.stage == Stage::Enforced {
        let unasked = || Error::internal("a stage is moved, and nobody looked at what hangs on it");
        entrusted.ok_or_else(unasked)?.check(access, tx).await?;
    }
    if to == Stage::Enforced && was.stage != Stage::Active {
        let text = "only an active sign-in half can be enforced: activate it first";
        return Err(Error::conflict(text).attr("stage").code("not_active"));
    }
    let untested = if was.stage.offered() || to == Stage::Draft {
        false
    } else {
        let missing = untested(tx, &was).await?;
        match missing {
            Some(e) if !matches!(tx.actor().principal(), Principal::Owner) => return Err(e),
            missing => missing.is_some(),
        }
    };
    moved(tx, &was, to, untested).await
}

/// Whether it is the only way in for its people.
pub(super) fn shuts(d: &Directory) -> bool {
    d.status == Status::Active && d.stage == Stage::Enforced && d.issuer.is_some()
}

/// What the guard says, of a change that takes nobody's role and shuts their ways in.
pub(crate) fn locked_out(e: Error, field: &'static str) -> Error {
    if e.code_str() != Some("last_administrator") {
        return e;
    }
    let text = format!("nobody who administers could sign in any more: {}", e.detail());
    Error::conflict(text).attr(field).code("last_administrator")
}

/// The step itself, with its audit event.
pub(super) async fn moved(
    tx: &mut Tx,
    was: &Directory,
    to: Stage,
    untested: bool,
) -> Result<Directory> {
    let d = db::set_stage(tx, was.tenant_id, was.id, to).await?;
    let mut detail = json!({ "from": was.stage, "to": to, "generation": was.generation });
    if untested {
        detail["untested"] = true.into();
    }
    let event = Event::new("directory.stage").target("directory", was.id).detail(detail);
    audit::record(tx, was.tenant_id, event).await?;
    tx.changed(Topic::Directory(was.id));
    Ok(d)
}

/// What is missing for whoever wants to activate it.
async fn untested(tx: &mut Tx, d: &Directory) -> Result<Option<Error>> {
    let by = tx.actor().label();
    let all = trial::of(tx, d.tenant_id, d.id).await?;
    let counts = |r: &trial::TrialRow| r.passed && r.generation == d.generation;
    let own = all.iter().find(|r| r.asked_by == by);
    if own.is_some_and(counts) {
        return Ok(None);
    }
    if all.iter().any(counts) {
        let text = "somebody else's test login has succeeded: whoever activates a directory tries it themselves";
        return Ok(Some(Error::forbidden(text).code("tested_by_another")));
    }
    let text = match own {
        None => "you have not tried it: ask for a test login first".to_owned(),
        Some(r) if r.generation != d.generation => format!(
            "your test login was of generation {}, and the settings are of generation {}: try it again",
            r.generation, d.generation
        ),
        Some(r) if r.ended_at.is_none() => "your test login has not ended yet".to_owned(),
        Some(_) => "your last test login did not succeed: its result says why".to_owned(),
    };
    Ok(Some(Error::conflict(text).code("untested")))
}

/// The directories of a tenant that are the only way in for their people.
///
/// # Errors
/// The database's.
pub async fn enforced(c: &mut Conn, t: TenantId) -> Result<Vec<DirectoryId>> {
    let all = db::of_tenant(c, t).await?;
    Ok(all.into_iter().filter(shuts).map(|d| d.id).collect())
}

/// The directory to which everybody of a tenant is sent at once: it is the only one they could choose, and enforced.
///
/// # Errors
/// The database's.
pub async fn only_way(store: &Store, t: TenantId) -> Result<Option<DirectoryId>> {
    let ways = super::ways_in(store, t).await?;
    let [(only, _)] = ways.as_slice() else { return Ok(None) };
    let mut c = store.read(Scope::Tenant(t)).await?;
    Ok(enforced(&mut c, t).await?.into_iter().find(|d| d == only))
}

/// A test login begins: a draft is being tested from now on.
pub(super) async fn tested(tx: &mut Tx, t: TenantId, id: DirectoryId) -> Result<Directory> {
    let (was, _) = locked(tx, t, id, None).await?;
    if was.issuer.is_none() {
        let text = "the directory has no sign-in half to be tested";
        return Err(Error::conflict(text).code("no_signin"));
    }
    if was.status != Status::Active {
        return Err(Error::conflict("the directory is switched off").code("directory_not_active"));
    }
    match was.stage {
        Stage::Draft => moved(tx, &was, Stage::Testing, false).await,
        _ => Ok(was),
    }
}
