//! SQL of a tenant's export. Everything in it is read in pieces by its key; no hash and no sealed value is.

use crate::{
    actor::UserKind,
    clock::Timestamp,
    error::Result,
    id::{AppId, DirectoryId, GrantId, GroupId, InvitationId, MappingId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, J},
};
use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

/// Where a piece ended.
pub(super) type Key = (Uuid, Uuid);

/// A row that knows where it stands.
pub(super) trait Placed: Serialize {
    fn key(&self) -> Key;
}

pub(super) fn document<S: Serializer>(v: &J<Value>, s: S) -> std::result::Result<S::Ok, S::Error> {
    v.0.serialize(s)
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
pub(super) fn time<S: Serializer>(t: &Timestamp, s: S) -> std::result::Result<S::Ok, S::Error> {
    s.serialize_str(&t.rfc3339())
}
#[expect(clippy::ref_option, reason = "as serde wants it")]
pub(super) fn ever<S: Serializer>(
    t: &Option<Timestamp>,
    s: S,
) -> std::result::Result<S::Ok, S::Error> {
    t.map(Timestamp::rfc3339).serialize(s)
}

row! {
    /// Somebody of it.
    #[derive(Debug, Serialize)]
    pub(super) struct UserLine {
        pub id: UserId,
        pub directory_id: Option<DirectoryId>,
        pub kind: UserKind,
        pub user_name: String,
        pub external_id: Option<String>,
        pub display_name: Option<String>,
        pub email: Option<String>,
        pub active: bool,
        pub enabled: bool,
        #[serde(serialize_with = "document")]
        pub doc: J<Value>,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
        #[serde(serialize_with = "time")]
        pub updated_at: Timestamp,
    }
}
impl Placed for UserLine {
    fn key(&self) -> Key {
        (self.id.0, Uuid::nil())
    }
}

pub(super) async fn users(c: &mut Conn, t: TenantId, after: Key, n: i64) -> Result<Vec<UserLine>> {
    sql!(
        c,
        all<UserLine>,
        "SELECT id, directory_id, kind, user_name, external_id, display_name, email, active, enabled, doc,
                created_at, updated_at
         FROM users WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

row! {
    /// A group.
    #[derive(Debug, Serialize)]
    pub(super) struct GroupLine {
        pub id: GroupId,
        pub directory_id: DirectoryId,
        pub display_name: String,
        pub external_id: Option<String>,
        #[serde(serialize_with = "document")]
        pub doc: J<Value>,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
        #[serde(serialize_with = "time")]
        pub updated_at: Timestamp,
    }
}
impl Placed for GroupLine {
    fn key(&self) -> Key {
        (self.id.0, Uuid::nil())
    }
}

pub(super) async fn groups(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<GroupLine>> {
    sql!(
        c,
        all<GroupLine>,
        "SELECT id, directory_id, display_name, external_id, doc, created_at, updated_at
         FROM groups WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

row! {
    /// A membership.
    #[derive(Debug, Serialize)]
    pub(super) struct MemberLine {
        pub group_id: GroupId,
        pub user_id: UserId,
        #[serde(serialize_with = "time")]
        pub added_at: Timestamp,
    }
}
impl Placed for MemberLine {
    fn key(&self) -> Key {
        (self.group_id.0, self.user_id.0)
    }
}

pub(super) async fn members(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<MemberLine>> {
    sql!(
        c,
        all<MemberLine>,
        "SELECT group_id, user_id, added_at
         FROM members WHERE tenant_id = $1 AND (group_id, user_id) > ($2, $3) ORDER BY group_id, user_id LIMIT $4",
        t,
        after.0,
        after.1,
        n
    )
}

row! {
    /// A role of its own.
    #[derive(Debug, Serialize)]
    pub(super) struct RoleLine {
        pub id: RoleId,
        pub name: String,
        pub description: String,
        #[serde(serialize_with = "document")]
        pub permissions: J<Value>,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
        #[serde(serialize_with = "time")]
        pub updated_at: Timestamp,
    }
}
impl Placed for RoleLine {
    fn key(&self) -> Key {
        (self.id.0, Uuid::nil())
    }
}

pub(super) async fn roles(c: &mut Conn, t: TenantId, after: Key, n: i64) -> Result<Vec<RoleLine>> {
    sql!(
        c,
        all<RoleLine>,
        "SELECT id, name, description, permissions, created_at, updated_at
         FROM roles WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

row! {
    /// A role that somebody was given: somebody of it, or there.
    #[derive(Debug, Serialize)]
    pub(super) struct GivenLine {
        pub id: GrantId,
        pub tenant_id: TenantId,
        pub user_id: UserId,
        pub user_label: String,
        pub role_id: RoleId,
        pub scope: String,
        pub scope_tenant: Option<TenantId>,
        pub source: String,
        pub granted_by: String,
        pub reason: Option<String>,
        #[serde(serialize_with = "time")]
        pub valid_from: Timestamp,
        #[serde(serialize_with = "ever")]
        pub valid_to: Option<Timestamp>,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
        #[serde(serialize_with = "ever")]
        pub ended_at: Option<Timestamp>,
    }
}
impl Placed for GivenLine {
    fn key(&self) -> Key {
        (self.id.0, Uuid::nil())
    }
}

pub(super) async fn grants(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<GivenLine>> {
    sql!(
        c,
        all<GivenLine>,
        "SELECT id, tenant_id, user_id, user_label, role_id, scope, scope_tenant, source, granted_by, reason,
                valid_from, valid_to, created_at, ended_at
         FROM grants WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

pub(super) async fn grants_there(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<GivenLine>> {
    sql!(
        c,
        all<GivenLine>,
        "SELECT id, tenant_id, user_id, user_label, role_id, scope, scope_tenant, source, granted_by, reason,
                valid_from, valid_to, created_at, ended_at
         FROM grants WHERE scope_tenant = $1 AND tenant_id <> $1 AND id > $2 ORDER BY id LIMIT $3
         /* platform: the provider's people and groups, who work there */",
        t,
        after.0,
        n
    )
}

row! {
    /// A role that a group gives: a group of it, or there.
    #[derive(Debug, Serialize)]
    pub(super) struct MappedLine {
        pub id: MappingId,
        pub tenant_id: TenantId,
        pub directory_id: DirectoryId,
        pub group_id: GroupId,
        pub role_id: RoleId,
        pub scope: String,
        pub scope_tenant: Option<TenantId>,
        pub created_by: String,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
    }
}
impl Placed for MappedLine {
    fn key(&self) -> Key {
        (self.id.0, Uuid::nil())
    }
}

pub(super) async fn mappings(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<MappedLine>> {
    sql!(
        c,
        all<MappedLine>,
        "SELECT id, tenant_id, directory_id, group_id, role_id, scope, scope_tenant, created_by, created_at
         FROM mappings WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

pub(super) async fn mappings_there(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<MappedLine>> {
    sql!(
        c,
        all<MappedLine>,
        "SELECT id, tenant_id, directory_id, group_id, role_id, scope, scope_tenant, created_by, created_at
         FROM mappings WHERE scope_tenant = $1 AND tenant_id <> $1 AND id > $2 ORDER BY id LIMIT $3
         /* platform: the provider's people and groups, who work there */",
        t,
        after.0,
        n
    )
}

row! {
    /// A directory, without its client secret.
    #[derive(Debug, Serialize)]
    pub(super) struct DirectoryLine {
        pub id: DirectoryId,
        pub name: String,
        pub preset: String,
        pub status: String,
        pub stage: String,
        #[serde(serialize_with = "document")]
        pub provisioning: J<Value>,
        pub issuer: Option<String>,
        pub client_id: Option<String>,
        #[serde(rename = "client_secret_expires_at", serialize_with = "ever")]
        pub secret_expires_at: Option<Timestamp>,
        #[serde(serialize_with = "document")]
        pub signin: J<Value>,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
        #[serde(serialize_with = "time")]
        pub updated_at: Timestamp,
    }
}
impl Placed for DirectoryLine {
    fn key(&self) -> Key {
        (self.id.0, Uuid::nil())
    }
}

pub(super) async fn directories(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<DirectoryLine>> {
    sql!(
        c,
        all<DirectoryLine>,
        "SELECT id, name, preset, status, stage, provisioning, issuer, client_id, secret_expires_at, signin, created_at,
                updated_at
         FROM directories WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

row! {
    /// An application, or what an integration user is known by; without secrets.
    #[derive(Debug, Serialize)]
    pub(super) struct AppLine {
        pub id: AppId,
        pub kind: String,
        pub user_id: Option<UserId>,
        pub client_id: String,
        pub name: String,
        pub public: bool,
        pub platform: bool,
        #[serde(serialize_with = "document")]
        pub settings: J<Value>,
        pub enabled: bool,
        pub created_by: String,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
        #[serde(serialize_with = "time")]
        pub updated_at: Timestamp,
    }
}
impl Placed for AppLine {
    fn key(&self) -> Key {
        (self.id.0, Uuid::nil())
    }
}

pub(super) async fn apps(c: &mut Conn, t: TenantId, after: Key, n: i64) -> Result<Vec<AppLine>> {
    sql!(
        c,
        all<AppLine>,
        "SELECT id, kind, user_id, client_id, name, public, platform, settings, enabled, created_by, created_at,
                updated_at
         FROM apps WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

row! {
    /// An invitation, without its link.
    #[derive(Debug, Serialize)]
    pub(super) struct InvitationLine {
        pub id: InvitationId,
        pub user_id: UserId,
        pub email: String,
        #[serde(serialize_with = "document")]
        pub plan: J<Value>,
        pub invited_by: String,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
        #[serde(serialize_with = "time")]
        pub expires_at: Timestamp,
        #[serde(serialize_with = "ever")]
        pub sent_at: Option<Timestamp>,
        #[serde(serialize_with = "ever")]
        pub accepted_at: Option<Timestamp>,
        #[serde(serialize_with = "ever")]
        pub revoked_at: Option<Timestamp>,
    }
}
impl Placed for InvitationLine {
    fn key(&self) -> Key {
        (self.id.0, Uuid::nil())
    }
}

pub(super) async fn invitations(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<InvitationLine>> {
    sql!(
        c,
        all<InvitationLine>,
        "SELECT id, user_id, email, plan, invited_by, created_at, expires_at, sent_at, accepted_at, revoked_at
         FROM invitations WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

row! {
    /// An e-mail domain.
    #[derive(Debug, Serialize)]
    pub(super) struct DomainLine {
        pub name: String,
        pub confirmed_by: String,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
    }
}

pub(super) async fn domains(c: &mut Conn, t: TenantId) -> Result<Vec<DomainLine>> {
    sql!(
        c,
        all<DomainLine>,
        "SELECT name, confirmed_by, created_at FROM domains WHERE tenant_id = $1 ORDER BY name",
        t
    )
}

row! {
    /// What its directories may say of people besides the standard's attributes.
    #[derive(Debug, Serialize)]
    pub(super) struct ExtensionLine {
        #[serde(serialize_with = "document")]
        pub declaration: J<Value>,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
        #[serde(serialize_with = "time")]
        pub updated_at: Timestamp,
    }
}

pub(super) async fn extensions(c: &mut Conn, t: TenantId) -> Result<Vec<ExtensionLine>> {
    sql!(
        c,
        all<ExtensionLine>,
        "SELECT declaration, created_at, updated_at FROM schema_extensions WHERE tenant_id = $1 ORDER BY urn_key",
        t
    )
}
