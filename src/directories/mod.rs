//! Directories, each with two halves: provisioning (SCIM and its tokens) and sign-in (OpenID). A person who came
//! by the one and signs in by the other is joined inside one directory, by immutable id. The life cycle is here;
//! deleting a directory with its people is `provisioning`'s.

mod change;
mod db;
mod expiry;
mod extensions;
mod keyring;
mod logging;
mod newcomers;
pub mod portal;
mod reading;
mod rules;
mod signin;
mod stage;
mod switch;
mod tokens;
mod trial;

pub use change::Edit;
pub(crate) use change::{change, prepare};
pub use expiry::{TOPIC as SECRET_TOPIC, warn as warn_of_secrets};
pub use extensions::{
    Extension, declare, extension, extensions, lock, same_extension, schemas, set_extension,
    withdraw_extension,
};
pub use keyring::{Heard, Keyring, Published};
pub use logging::{Bodies, Logging, silence};
pub use newcomers::{Newcomers, People};
pub use reading::{Reading, Readings};
pub use signin::{SignIn, SignInSettings, Stored, signed_out_uri, signin, signin_to_test};
pub(crate) use stage::locked_out;
pub use stage::{Stage, enforced, only_way};
pub(crate) use switch::end_sessions;
pub use switch::set_status_in;
pub use tokens::{
    Token, Tokens, by_token, token_create, token_revoke, tokens, tokens_of, tokens_of_many,
};
pub use trial::{
    Trial, TrialRow, ask as trial_ask, end as trial_end, list as trials, open as trial_open,
};

use crate::{
    access::{
        Permit, Setter,
        parked::Limits,
        perm::{SystemEditSettings, SystemViewSettings},
    },
    audit::{self, Event},
    clock::Timestamp,
    crypto::seal::MasterKey,
    error::{Error, Result},
    id::{DirectoryId, TenantId},
    protocol::{
        oidc::Preset,
        scim::{Rule, Rules},
    },
    store::{Conn, J, List, Lock, Scope, Store, Topic, Tx},
    tx,
};
use std::collections::HashMap;
use uuid::Uuid;

/// Whether a directory is listened to.
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
#[schemars(rename = "DirectoryStatus")]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It provisions and signs people in.
    Active,
    /// Neither half is answered.
    Disabled,
}
impl Status {
    /// The word used in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        match s {
            "active" => Some(Self::Active),
            "disabled" => Some(Self::Disabled),
            _ => None,
        }
    }
}
crate::enum_column!(Status);

/// What becomes of a member that names nobody of the directory.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum UnknownMembers {
    /// The rest is applied, the unknown are reported.
    #[default]
    Skip,
    /// The request is refused.
    Refuse,
}

/// How the provisioning half behaves; unknown fields are refused.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct Provisioning {
    /// Two groups of this directory may not share a display name (any case): as Entra wants it.
    pub unique_group_names: bool,
    /// Members that are nobody here.
    pub unknown_members: UnknownMembers,
    /// Habits of directories that are not understood here, by the numbers of `docs/scim.md`; `all`: the RFC's letter.
    pub rules_off: Vec<String>,
    /// What the provisioning log keeps.
    pub log: Logging,
    /// Hours without a request after which administrators are told; 0: never; left out: what suits the preset.
    pub silence_hours: Option<u32>,
    /// How much it may take away by itself; more is parked until an administrator decides.
    pub mass_change: Limits,
}
impl Default for Provisioning {
    fn default() -> Self {
        Self {
            unique_group_names: true,
            unknown_members: UnknownMembers::Skip,
            rules_off: Vec::new(),
            log: Logging::default(),
            silence_hours: None,
            mass_change: Limits::default(),
        }
    }
}
impl Provisioning {
    /// The rules that are on.
    ///
    /// # Errors
    /// `Invalid` (`rules_off`) for what is no rule's number.
    pub fn rules(&self) -> Result<Rules> {
        Rules::all_but(&self.rules_off).map_err(|e| e.attr("rules_off"))
    }
    /// Whether all of it fits.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn checked(&self) -> Result<()> {
        self.rules()?;
        self.log.checked()?;
        self.mass_change.checked()
    }
    fn has(&self, rule: Rule) -> bool {
        self.rules().is_ok_and(|r| r.has(rule))
    }
    /// Whether two groups may not share a name.
    pub fn names_unique(&self) -> bool {
        self.unique_group_names && self.has(Rule::GroupNames)
    }
    /// What becomes of members that are nobody here.
    pub fn strangers(&self) -> UnknownMembers {
        if self.has(Rule::Strangers) { self.unknown_members } else { UnknownMembers::Refuse }
    }
}

crate::row! {
    /// A directory; its client secret stays in the database, sealed.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Directory {
        /// Whose.
        pub tenant_id: TenantId,
        /// Its id, which is in its SCIM base URL.
        pub id: DirectoryId,
        /// Its name for people.
        pub name: String,
        /// Whose product it is, which decides how its claims are read.
        pub preset: PresetColumn,
        /// Whether it is listened to.
        pub status: Status,
        /// The provisioning half.
        pub provisioning: J<Provisioning>,
        /// How far the sign-in half has come.
        pub stage: Stage,
        /// The sign-in half: the issuer; `None` when there is no such half.
        pub issuer: Option<String>,
        /// The sign-in half: our client id there.
        pub client_id: Option<String>,
        /// The sign-in half: when the client secret ends, if somebody said so.
        pub secret_expires_at: Option<Timestamp>,
        /// The sign-in half: what else is set.
        pub signin: J<signin::Stored>,
        /// Bumped when the sign-in half changes: sign-ins begun before do not end.
        pub generation: i64,
        /// Bumped with each change.
        pub version: i64,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it was last changed.
        pub updated_at: Timestamp,
    }
}

/// [`Preset`] in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresetColumn(pub Preset);
impl PresetColumn {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        self.0.as_str()
    }
    /// Reads [`Self::as_str`]'s words.
    pub fn parse(s: &str) -> Option<Self> {
        Preset::parse(s).map(Self)
    }
}
crate::enum_column!(PresetColumn);

/// A directory to be made.
#[derive(Debug)]
pub struct New {
    /// For people.
    pub name: String,
    /// Whose product it is.
    pub preset: Preset,
    /// The provisioning half.
    pub provisioning: Provisioning,
    /// The sign-in half, if it has one.
    pub signin: Option<SignInSettings>,
}

fn gone(id: DirectoryId) -> Error {
    Error::not_found(format!("directory {id}"))
}

/// Makes a directory.
///
/// # Errors
/// `Invalid` for a name, issuer or client id that does not fit.
pub async fn create(
    store: &Store,
    p: &Permit<SystemEditSettings>,
    new: New,
    master: &MasterKey,
) -> Result<Directory> {
    let (t, id) = (p.tenant(), DirectoryId::new());
    let name = crate::text::key("name", &new.name)?.to_owned();
    let by = Setter::of(p.actor());
    let half = new.signin.map(|s| signin::sealed(s, id, master, by)).transpose()?;
    let half = half.unwrap_or_default();
    signin::half_fits(new.preset, half.issuer.as_deref())?;
    let (label, stage) = (p.actor().label(), rules::begins(p.actor(), None));
    let (preset, provisioning) = (PresetColumn(new.preset), new.provisioning);
    provisioning.checked()?;
    tx!(store, &p.cx(), [name, half, provisioning, label], |tx| {
        let mut half = half;
        half.stored.attest(&Stored::default(), &label, tx.now());
        let d = db::insert(tx, t, id, &name, preset, J(provisioning), (&half, stage)).await?;
        let mut detail = serde_json::json!({
            "name": name, "preset": preset.as_str(), "issuer": half.issuer, "client_id": half.client_id,
        });
        if half.issuer.is_some() {
            detail["stage"] = serde_json::json!(stage);
            if stage.offered() {
                detail["untested"] = true.into();
            }
        }
        let event = Event::new("directory.create").target("directory", id).detail(detail);
        audit::record(tx, t, event).await?;
        signin::stated(tx, &d, &Stored::default()).await?;
        tx.changed(Topic::Directory(id));
        Ok(d)
    })
}

/// The directory.
///
/// # Errors
/// `NotFound`.
pub async fn get(
    store: &Store,
    p: &Permit<SystemViewSettings>,
    id: DirectoryId,
) -> Result<Directory> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::get(&mut c, p.tenant(), id).await?.ok_or_else(|| gone(id))
}

/// So many of a tenant, in the order in which they were made, after one.
pub async fn page(
    store: &Store,
    p: &Permit<SystemViewSettings>,
    after: Option<DirectoryId>,
    limit: u32,
) -> Result<Vec<Directory>> {
    let mut c = store.read(Scope::Tenant(p.tenant())).await?;
    db::page(&mut c, p.tenant(), after.unwrap_or(DirectoryId(Uuid::nil())), i64::from(limit)).await
}

/// The directory, for a reader that has a connection over its tenant.
pub async fn find(c: &mut Conn, t: TenantId, id: DirectoryId) -> Result<Option<Directory>> {
    db::get(c, t, id).await
}

/// Whose these directories are, where an address names only the directory; those that are nobody's are left out.
pub async fn tenants_of(
    store: &Store,
    ids: impl Iterator<Item = DirectoryId>,
) -> Result<HashMap<DirectoryId, TenantId>> {
    let ids: Vec<Uuid> = ids.map(|d| d.0).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut c = store.read(Scope::Platform).await?;
    let found = db::tenants_of(&mut c, &List::Ids(ids)).await?;
    Ok(found.into_iter().map(|o| (o.id, o.tenant_id)).collect())
}

/// Where a directory's provider sends people back to; to be registered there. Each directory has an address of its own: an
/// answer that one provider was made to give to another's question does not come to where that one's answers are taken
/// (RFC 9700, 4.4.2.2).
///
/// `issuer` is ours.
pub fn redirect_uri(issuer: &str, directory: DirectoryId) -> String {
    format!("{issuer}/federation/callback/{directory}")
}

/// The live directories of a tenant through which people can sign in, by name: id, name.
pub async fn ways_in(store: &Store, t: TenantId) -> Result<Vec<(DirectoryId, String)>> {
    let mut c = store.read(Scope::Tenant(t)).await?;
    let all = db::of_tenant(&mut c, t).await?;
    let open =
        |d: &Directory| d.status == Status::Active && d.stage.offered() && d.issuer.is_some();
    Ok(all.into_iter().filter(open).map(|d| (d.id, d.name)).collect())
}

/// Held alone by whoever changes a directory, and beside each other by those who let somebody in through it: a session that
/// begins is one that the change finds, or does not begin.
pub fn settled(id: DirectoryId) -> Lock {
    Lock::Named(format!("directory {id}"))
}

/// The row under its lock, with its sealed secret.
async fn locked(
    tx: &mut Tx,
    t: TenantId,
    id: DirectoryId,
    if_match: Option<i64>,
) -> Result<(Directory, Option<String>)> {
    tx.lock(settled(id)).await?;
    let d = db::get(tx, t, id).await?.ok_or_else(|| gone(id))?;
    fresh(&d, if_match)?;
    let secret = db::sealed_secret(tx, t, id).await?;
    Ok((d, secret))
}

/// Refuses what is meant for another version of a directory.
///
/// # Errors
/// `Precondition`.
pub(crate) fn fresh(d: &Directory, if_match: Option<i64>) -> Result<()> {
    if if_match.is_some_and(|v| v != d.version) {
        let detail = format!("directory {} is at version {}, not the one given", d.id, d.version);
        return Err(Error::new(crate::error::Kind::Precondition, detail));
    }
    Ok(())
}

/// Deletes the row (and by the schema whatever still hangs on it); `provisioning::delete_directory` first ends and
/// removes its people with all that is theirs.
pub async fn remove(tx: &mut Tx, t: TenantId, id: DirectoryId) -> Result<()> {
    let name = db::delete(tx, t, id).await?.ok_or_else(|| gone(id))?;
    let event = Event::new("directory.delete").target("directory", id);
    audit::record(tx, t, event.detail(serde_json::json!({ "name": name }))).await?;
    tx.changed(Topic::Directory(id));
    Ok(())
}

/// What both halves of a directory's liveness check want, cached by `gate`: the directory is there and on.
pub async fn live(c: &mut Conn, t: TenantId, id: DirectoryId) -> Result<bool> {
    Ok(db::get(c, t, id).await?.is_some_and(|d| d.status == Status::Active))
}

/// Removes some directories of a tenant that is deleted, and its extensions; its people and groups are gone.
///
/// # Errors
/// The database's.
pub async fn leave(tx: &mut Tx, t: TenantId, n: i64) -> Result<u64> {
    Ok(db::leave(tx, t, n).await? + extensions::leave(tx, t).await?)
}
