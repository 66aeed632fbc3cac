//! Authorization codes: a minute of life, one use. A second use is noticed, and what the first one gave ends.

use super::db;
use crate::{
    clock::Timestamp,
    crypto::token::{self, Kind},
    error::Result,
    id::{AppId, FamilyId, SessionId, TenantId, UserId},
    secret::Secret,
    store::Tx,
};
use serde_json::Value;
use std::time::Duration;

/// How long a code lives.
pub const LIFE: Duration = Duration::from_secs(60);

/// What a code stands for.
#[derive(Debug, Clone)]
pub struct NewCode {
    /// The user's tenant.
    pub home: TenantId,
    /// The user.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// The application.
    pub app: AppId,
    /// The tenant its tokens are for.
    pub tid: TenantId,
    /// The request: redirect URI, challenge, nonce, scopes.
    pub request: Value,
}

/// A code as it is stored.
pub type Code = db::CodeRow;

/// What presenting a code came to: outcomes to commit.
#[derive(Debug)]
pub enum CodeUse {
    /// The first use.
    First(Box<Code>),
    /// It was used before; `family` and `jti` are what that gave.
    Again(Box<Code>),
    /// Unknown, over, or another client's.
    Refused,
}

/// Makes a code.
///
/// # Errors
/// The database's.
pub async fn code_put(tx: &mut Tx, new: &NewCode) -> Result<Secret> {
    let (code, hash) = token::generate(Kind::Code);
    let expires = tx.now().plus(LIFE);
    db::insert_code(tx, &hash, new, expires).await?;
    Ok(code)
}

/// Uses a code, once, for `app`: one compare-and-set.
///
/// # Errors
/// The database's.
pub async fn code_claim(tx: &mut Tx, presented: &str, app: AppId) -> Result<CodeUse> {
    let Some(hash) = token::hash(Kind::Code, presented) else { return Ok(CodeUse::Refused) };
    if let Some(code) = db::claim_code(tx, &hash, app).await? {
        return Ok(CodeUse::First(Box::new(code)));
    }
    match db::used_code(tx, &hash, app).await? {
        Some(code) => Ok(CodeUse::Again(Box::new(code))),
        None => Ok(CodeUse::Refused),
    }
}

/// Notes what a code gave, so that a second use can end it; the code's row stays until those tokens are over.
///
/// # Errors
/// The database's.
pub async fn code_issued(
    tx: &mut Tx,
    presented: &str,
    family: Option<FamilyId>,
    jti: &str,
    until: Timestamp,
) -> Result<()> {
    if let Some(hash) = token::hash(Kind::Code, presented) {
        db::code_issued(tx, &hash, family, jti, until).await?;
    }
    Ok(())
}
