//! What somebody was proved by in a sign-in, and whether it still counts when the session is written; and what they have.

use super::{Credentials, Proved, db, passkeys, recovery};
use crate::{
    error::Result,
    id::{TenantId, UserId},
    protocol::oidc::Class,
    store::Conn,
    tenants::Required,
};

/// What was proved.
#[derive(Debug, Clone, Copy)]
pub enum Proof {
    /// A password, and the one-time code of who has one.
    Password(Proved),
    /// A passkey.
    Passkey(passkeys::Used),
}
impl Proof {
    /// Whose.
    pub fn who(&self) -> (TenantId, UserId) {
        match self {
            Self::Password(p) => (p.home, p.user),
            Self::Passkey(p) => (p.home, p.user),
        }
    }
    /// Whether it is still what counts. In a transaction, ask under the user's lock.
    ///
    /// # Errors
    /// The database's.
    pub async fn stands(&self, c: &mut Conn) -> Result<bool> {
        match self {
            Self::Password(p) => Credentials::stands(c, p).await,
            Self::Passkey(p) => passkeys::stands(c, p).await,
        }
    }
}

/// What somebody can sign in with here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Has {
    /// A password.
    pub password: bool,
    /// Whether it is long enough to be asked for alone.
    pub alone: bool,
    /// A one-time code.
    pub code: bool,
    /// So many passkeys that are taken.
    pub passkeys: usize,
    /// So many recovery codes that are not used yet.
    pub recovery: i64,
}
impl Has {
    /// The best they can prove.
    pub fn class(self) -> Class {
        match self {
            Self { passkeys: 1.., .. } => Class::PhishingResistant,
            Self { password: true, code: true, .. } => Class::Mfa,
            Self { password: true, .. } => Class::Single,
            _ => Class::None,
        }
    }
    /// Whether they have something beside a password that is asked for with it.
    pub fn second(self) -> bool {
        self.code || self.passkeys > 0
    }
    /// Whether all there is is a password that is too short to be asked for alone.
    pub fn short(self) -> bool {
        self.password && !self.alone && !self.second()
    }
    /// Whether it lets them in where so much is demanded.
    pub fn suffices(self, demanded: Required) -> bool {
        !self.short()
            && self.class()
                >= match demanded {
                    Required::None => Class::Single,
                    Required::Attested => Class::Attested,
                    Required::Mfa => Class::Mfa,
                    Required::Phr => Class::PhishingResistant,
                }
    }
}

/// What somebody has.
///
/// # Errors
/// The database's.
pub async fn has(c: &mut Conn, t: TenantId, user: UserId) -> Result<Has> {
    let password = db::password(c, t, user).await?;
    let passkeys = passkeys::list(c, t, user).await?;
    Ok(Has {
        password: password.is_some(),
        alone: password.is_some_and(|p| p.alone),
        code: db::code(c, t, user).await?.is_some(),
        passkeys: passkeys.iter().filter(|p| p.suspect_at.is_none()).count(),
        recovery: recovery::left(c, t, user).await?,
    })
}
