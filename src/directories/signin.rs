//! The sign-in half: where its people prove who they are, and as which client we ask. The client secret is sealed
//! with the master key, bound to this directory.

use super::{Directory, Newcomers, Stage, Status, db};
use crate::{
    access::Setter,
    audit::{self, Event},
    clock::Timestamp,
    crypto::seal::MasterKey,
    error::{Error, Result},
    id::{DirectoryId, TenantId},
    protocol::oidc::{self, Attested, Connection, Preset, Rules},
    secret::{ExposeSecret as _, Secret},
    store::{Scope, Store, Tx},
    text,
};

/// The sign-in half as an administrator gives it.
#[derive(Debug, Clone)]
pub struct SignInSettings {
    /// The provider's issuer URL.
    pub issuer: String,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there; `None` in an edit keeps the one there is.
    pub client_secret: Option<Secret>,
    /// When the provider takes it no more; `None`: nobody said, or as it was.
    pub client_secret_expires_at: Option<Timestamp>,
    /// Asked for besides `openid`.
    pub scopes: Vec<String>,
    /// How its claims prove factors.
    pub rules: Rules,
    /// Whom it lets in whom nobody brought, and where it reads groups.
    pub newcomers: Newcomers,
    /// Whether who signs out here is sent to the provider's own logout as well.
    pub end_upstream: bool,
}

/// The part of the half that is stored as a document.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stored {
    /// Asked for besides `openid`.
    pub scopes: Vec<String>,
    /// How its claims prove factors.
    pub rules: Rules,
    /// Whom it lets in whom nobody brought, and where it reads groups.
    pub newcomers: Newcomers,
    /// Whether who signs out here is sent to the provider's own logout as well.
    pub end_upstream: bool,
    /// Who set the half last; unknown of one that was set before this was kept.
    pub set_by: Option<Setter>,
    /// Who stated what the rules state, and when.
    pub attested: Option<Attested>,
}
impl Eq for Stored {}
impl Stored {
    /// Notes who states what the rules state: whoever writes it now, or, if it is as it was, whoever did then.
    pub(super) fn attest(&mut self, was: &Self, by: &str, at: Timestamp) {
        self.attested = match &self.rules.attested {
            None => None,
            same if *same == was.rules.attested && was.attested.is_some() => was.attested.clone(),
            Some(_) => Some(Attested { by: by.to_owned(), at }),
        };
    }
    /// Whether people sign in otherwise.
    pub(super) fn differs(&self, other: &Self) -> bool {
        self.scopes != other.scopes
            || self.rules != other.rules
            || self.newcomers != other.newcomers
    }
}

/// The half as it goes into the row.
#[derive(Debug, Clone, Default)]
pub(super) struct Half {
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    /// Sealed.
    pub secret: Option<String>,
    pub secret_expires_at: Option<Timestamp>,
    pub stored: Stored,
}

/// The sign-in half, opened for use.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Whose directory.
    pub tenant: TenantId,
    /// The directory.
    pub directory: DirectoryId,
    /// The directory's name for people.
    pub name: String,
    /// The provider's issuer URL.
    pub issuer: String,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there, if we have one.
    pub client_secret: Option<Secret>,
    /// Whose product it is.
    pub preset: Preset,
    /// A sign-in that began in another generation does not end.
    pub generation: i64,
    /// How far it has come.
    pub stage: Stage,
    /// How its claims prove factors.
    pub rules: Rules,
    /// Asked for besides `openid`.
    pub scopes: Vec<String>,
    /// Whom it lets in whom nobody brought, and where it reads groups.
    pub newcomers: Newcomers,
    /// Whether who signs out here is sent to the provider's own logout as well.
    pub end_upstream: bool,
    /// Who set all this.
    pub set_by: Option<Setter>,
    /// Who stated what its rules state.
    pub attested: Option<Attested>,
}
impl SignIn {
    /// The half of a directory without its secret: to decide by, not to ask with. `None` where there is none.
    pub fn of(d: &Directory) -> Option<Self> {
        Some(Self {
            tenant: d.tenant_id,
            directory: d.id,
            name: d.name.clone(),
            issuer: d.issuer.clone()?,
            client_id: d.client_id.clone()?,
            client_secret: None,
            preset: d.preset.0,
            generation: d.generation,
            stage: d.stage,
            rules: d.signin.0.rules.clone(),
            scopes: d.signin.0.scopes.clone(),
            newcomers: d.signin.0.newcomers.clone(),
            end_upstream: d.signin.0.end_upstream,
            set_by: d.signin.0.set_by.clone(),
            attested: d.signin.0.attested.clone(),
        })
    }
    /// By what its evidence is read.
    pub fn connection(&self) -> Connection<'_> {
        Connection {
            preset: self.preset,
            rules: &self.rules,
            attested: self.attested.as_ref(),
            generation: self.generation,
        }
    }
}

/// Whether a preset's provider can have this issuer.
pub(super) fn half_fits(preset: Preset, issuer: Option<&str>) -> Result<()> {
    issuer.map_or(Ok(()), |i| oidc::place(preset, i).map(drop))
}

/// Where a directory's provider sends browsers back that signed out there: what is registered as its post-logout redirect
/// URI.
///
/// `issuer` is ours.
pub fn signed_out_uri(issuer: &str, directory: DirectoryId) -> String {
    format!("{issuer}/federation/signed-out/{directory}")
}

fn aad(id: DirectoryId) -> String {
    format!("directory:{id}:client_secret")
}

/// Checks and seals what an administrator gave.
pub(super) fn sealed(
    s: SignInSettings,
    id: DirectoryId,
    master: &MasterKey,
    by: Option<Setter>,
) -> Result<Half> {
    let issuer = text::key("issuer", &s.issuer)?.to_owned();
    let parsed = url::Url::parse(&issuer).ok().filter(|u| {
        u.has_host()
            && matches!(u.scheme(), "https" | "http")
            && u.query().is_none()
            && u.fragment().is_none()
    });
    if parsed.is_none() {
        let detail = format!("'{}' is not an issuer URL (https, no query)", text::excerpt(&issuer));
        return Err(Error::invalid(detail).attr("issuer"));
    }
    let client_id = text::key("client_id", &s.client_id)?.to_owned();
    for scope in &s.scopes {
        let token = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if scope.is_empty() || scope.len() > 200 || !scope.bytes().all(token) {
            let detail = format!("'{}' is not a scope", text::excerpt(scope));
            return Err(Error::invalid(detail).attr("scopes"));
        }
    }
    let (rules, newcomers) = (s.rules.checked()?, s.newcomers.checked()?);
    let seal = |x: Secret| master.seal(&aad(id), x.expose_secret().as_bytes());
    Ok(Half {
        issuer: Some(issuer),
        client_id: Some(client_id),
        secret: s.client_secret.map(seal).transpose()?,
        secret_expires_at: s.client_secret_expires_at,
        stored: Stored {
            scopes: s.scopes,
            rules,
            newcomers,
            end_upstream: s.end_upstream,
            set_by: by,
            attested: None,
        },
    })
}

/// The sign-in half of a live directory, its secret opened; `None` without such a half, when switched off, and as long as it
/// is offered to nobody.
///
/// # Errors
/// `Internal` when the secret was sealed with another master key.
pub async fn signin(
    store: &Store,
    t: TenantId,
    id: DirectoryId,
    master: &MasterKey,
) -> Result<Option<SignIn>> {
    Ok(signin_to_test(store, t, id, master).await?.filter(|s| s.stage.offered()))
}

/// The same for a test login, which a draft has as well.
///
/// # Errors
/// As [`signin`].
pub async fn signin_to_test(
    store: &Store,
    t: TenantId,
    id: DirectoryId,
    master: &MasterKey,
) -> Result<Option<SignIn>> {
    let mut c = store.read(Scope::Tenant(t)).await?;
    let Some(d) = db::get(&mut c, t, id).await?.filter(|d| d.status == Status::Active) else {
        return Ok(None);
    };
    let secret = db::sealed_secret(&mut c, t, id).await?;
    let Some(signin) = SignIn::of(&d) else { return Ok(None) };
    let open = |s: String| -> Result<Secret> {
        let plain = master.open(&aad(id), &s)?;
        Ok(Secret::from(String::from_utf8(plain).map_err(Error::internal)?))
    };
    Ok(Some(SignIn { client_secret: secret.map(open).transpose()?, ..signin }))
}

/// The trail of what is stated in writing about a directory's sign-ins, and of its end.
pub(super) async fn stated(tx: &mut Tx, d: &Directory, was: &Stored) -> Result<()> {
    let (before, now) = (&was.rules.attested, &d.signin.0.rules.attested);
    if before == now {
        return Ok(());
    }
    let detail = serde_json::json!({ "from": before, "to": now });
    let event = Event::new("directory.attest").target("directory", d.id).detail(detail);
    audit::record(tx, d.tenant_id, event).await
}
