//! SQL of what else an exported tenant has.

use super::super::db::{Key, Placed, document, ever, time};
use crate::{
    clock::Timestamp,
    error::Result,
    id::{
        AppId, ElevationId, EligibilityId, GrantId, InvitationId, MappingId, ReviewId,
        ReviewItemId, ReviewPlanId, RoleId, StreamId, SuppressionId, TenantId, UserId, ViewId,
    },
    row, sql,
    store::{Conn, J},
};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

macro_rules! placed {
    ($($row:ident),*) => {$(
        impl Placed for $row {
            fn key(&self) -> Key {
                (self.id.0, Uuid::nil())
            }
        }
    )*};
}
placed!(
    SuppressedLine,
    EligibleLine,
    AskedLine,
    PlanLine,
    ReviewLine,
    ItemLine,
    StreamLine,
    ViewLine
);

row! {
    /// What an application asked to be told; not what it gave us to push with.
    #[derive(Debug, Serialize)]
    pub(in crate::farewell::export) struct StreamLine {
        pub id: StreamId,
        pub app_id: AppId,
        #[serde(serialize_with = "document")]
        pub settings: J<Value>,
        pub status: String,
        pub reason: Option<String>,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
    }
}

pub(in crate::farewell::export) async fn streams(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<StreamLine>> {
    sql!(
        c,
        all<StreamLine>,
        "SELECT id, app_id, settings, status, reason, created_at FROM event_streams
         WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

row! {
    /// What its people have without a mapped group.
    #[derive(Debug, Serialize)]
    pub(in crate::farewell::export) struct DefaultLine {
        pub id: MappingId,
        pub role_id: Option<RoleId>,
        pub created_by: String,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
        pub adopted_by: Option<String>,
        #[serde(serialize_with = "ever")]
        pub adopted_at: Option<Timestamp>,
        #[serde(serialize_with = "ever")]
        pub suspended_at: Option<Timestamp>,
    }
}

pub(in crate::farewell::export) async fn default_role(
    c: &mut Conn,
    t: TenantId,
) -> Result<Vec<DefaultLine>> {
    sql!(
        c,
        all<DefaultLine>,
        "SELECT id, role_id, created_by, created_at, adopted_by, adopted_at, suspended_at FROM default_roles
         WHERE tenant_id = $1 AND role_id IS NOT NULL",
        t
    )
}

row! {
    /// How its letters look.
    #[derive(Debug, Serialize)]
    pub(in crate::farewell::export) struct LettersLine {
        pub display_name: Option<String>,
        pub reply_to: Option<String>,
        pub colour: Option<String>,
        pub locale: Option<String>,
        #[serde(serialize_with = "time")]
        pub updated_at: Timestamp,
    }
}

pub(in crate::farewell::export) async fn letters(
    c: &mut Conn,
    t: TenantId,
) -> Result<Vec<LettersLine>> {
    sql!(
        c,
        all<LettersLine>,
        "SELECT display_name, reply_to, colour, locale, updated_at FROM letter_settings WHERE tenant_id = $1",
        t
    )
}

row! {
    /// An address that no letter goes to.
    #[derive(Debug, Serialize)]
    pub(in crate::farewell::export) struct SuppressedLine {
        pub id: SuppressionId,
        pub email: String,
        pub why: String,
        pub invitation_id: InvitationId,
        pub noted_by: String,
        #[serde(serialize_with = "time")]
        pub noted_at: Timestamp,
    }
}

pub(in crate::farewell::export) async fn suppressed(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<SuppressedLine>> {
    sql!(
        c,
        all<SuppressedLine>,
        "SELECT id, email, why, invitation_id, noted_by, noted_at FROM suppressed_addresses
         WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

row! {
    /// A role that somebody may have for a while.
    #[derive(Debug, Serialize)]
    pub(in crate::farewell::export) struct EligibleLine {
        pub id: EligibilityId,
        pub tenant_id: TenantId,
        pub user_id: UserId,
        pub role_id: RoleId,
        pub scope: String,
        pub scope_tenant: Option<TenantId>,
        pub max_minutes: i64,
        pub granted_by: String,
        pub reason: Option<String>,
        #[serde(serialize_with = "ever")]
        pub valid_to: Option<Timestamp>,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
    }
}

/// Of its people, and of others' in exactly this tenant.
pub(in crate::farewell::export) async fn eligibilities(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<EligibleLine>> {
    sql!(
        c,
        all<EligibleLine>,
        "SELECT id, tenant_id, user_id, role_id, scope, scope_tenant, max_minutes, granted_by, reason, valid_to, created_at
         FROM eligibilities WHERE (tenant_id = $1 OR scope_tenant = $1) AND id > $2 ORDER BY id LIMIT $3
         /* platform: the provider's people have roles there, too */",
        t,
        after.0,
        n
    )
}

row! {
    /// What was asked for, and what became of it.
    #[derive(Debug, Serialize)]
    pub(in crate::farewell::export) struct AskedLine {
        pub id: ElevationId,
        pub tenant_id: TenantId,
        pub eligibility_id: EligibilityId,
        pub user_id: UserId,
        pub role_id: RoleId,
        pub scope: String,
        pub scope_tenant: Option<TenantId>,
        pub minutes: i64,
        pub reason: String,
        pub state: String,
        #[serde(serialize_with = "time")]
        pub asked_at: Timestamp,
        #[serde(serialize_with = "ever")]
        pub decided_at: Option<Timestamp>,
        pub decided_by: Option<String>,
        pub decided_reason: Option<String>,
        pub grant_id: Option<GrantId>,
        #[serde(serialize_with = "ever")]
        pub until: Option<Timestamp>,
    }
}

/// Of its people, and of others' in exactly this tenant.
pub(in crate::farewell::export) async fn elevations(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<AskedLine>> {
    sql!(
        c,
        all<AskedLine>,
        "SELECT id, tenant_id, eligibility_id, user_id, role_id, scope, scope_tenant, minutes, reason, state, asked_at,
                decided_at, decided_by, decided_reason, grant_id, until
         FROM elevations WHERE (tenant_id = $1 OR scope_tenant = $1) AND id > $2 ORDER BY id LIMIT $3
         /* platform: the provider's people have roles there, too */",
        t,
        after.0,
        n
    )
}

row! {
    /// What begins a review every so many days.
    #[derive(Debug, Serialize)]
    pub(in crate::farewell::export) struct PlanLine {
        pub id: ReviewPlanId,
        pub name: String,
        #[serde(serialize_with = "document")]
        pub filter: J<Value>,
        #[serde(serialize_with = "document")]
        pub reviewers: J<Value>,
        pub undecided: String,
        pub every_days: i64,
        pub decide_seconds: i64,
        #[serde(serialize_with = "time")]
        pub next_at: Timestamp,
        pub created_by: String,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
    }
}

pub(in crate::farewell::export) async fn plans(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<PlanLine>> {
    sql!(
        c,
        all<PlanLine>,
        "SELECT id, name, filter, reviewers, undecided, every_days, decide_seconds, next_at, created_by, created_at
         FROM review_plans WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

row! {
    /// A review; of one that is closed with what its documents are proved by.
    #[derive(Debug, Serialize)]
    pub(in crate::farewell::export) struct ReviewLine {
        pub id: ReviewId,
        pub plan_id: Option<ReviewPlanId>,
        pub name: String,
        #[serde(serialize_with = "document")]
        pub filter: J<Value>,
        #[serde(serialize_with = "document")]
        pub reviewers: J<Value>,
        pub undecided: String,
        #[serde(serialize_with = "time")]
        pub due_at: Timestamp,
        pub state: String,
        pub created_by: String,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
        #[serde(serialize_with = "ever")]
        pub closed_at: Option<Timestamp>,
        pub closed_by: Option<String>,
        pub manifest: Option<String>,
        pub csv_manifest: Option<String>,
    }
}

pub(in crate::farewell::export) async fn reviews(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<ReviewLine>> {
    sql!(
        c,
        all<ReviewLine>,
        "SELECT id, plan_id, name, filter, reviewers, undecided, due_at, state, created_by, created_at, closed_at,
                closed_by, manifest, csv_manifest
         FROM reviews WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

row! {
    /// Who had what when a review began, and what was decided about it. Where the provider's people work besides is not in it.
    #[derive(Debug, Serialize)]
    pub(in crate::farewell::export) struct ItemLine {
        pub id: ReviewItemId,
        pub review_id: ReviewId,
        pub home: TenantId,
        pub user_id: UserId,
        pub user_label: String,
        pub role_id: RoleId,
        pub role_name: String,
        pub via: String,
        pub source: String,
        pub group_name: Option<String>,
        pub given_by: String,
        #[serde(serialize_with = "time")]
        pub since: Timestamp,
        pub reviewer_name: Option<String>,
        pub decision: Option<String>,
        pub note: Option<String>,
        pub decided_by: Option<String>,
        #[serde(serialize_with = "ever")]
        pub decided_at: Option<Timestamp>,
        pub outcome: Option<String>,
        pub outcome_text: Option<String>,
    }
}

pub(in crate::farewell::export) async fn items(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<ItemLine>> {
    sql!(
        c,
        all<ItemLine>,
        "SELECT id, review_id, home, user_id, user_label, role_id, role_name, via, source, group_name, given_by, since,
                reviewer_name, decision, note, decided_by, decided_at, outcome, outcome_text
         FROM review_items WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}

row! {
    /// What somebody looks for in the trail.
    #[derive(Debug, Serialize)]
    pub(in crate::farewell::export) struct ViewLine {
        pub id: ViewId,
        pub home: TenantId,
        pub user_id: UserId,
        pub name: String,
        pub query: String,
        #[serde(serialize_with = "time")]
        pub created_at: Timestamp,
    }
}

pub(in crate::farewell::export) async fn views(
    c: &mut Conn,
    t: TenantId,
    after: Key,
    n: i64,
) -> Result<Vec<ViewLine>> {
    sql!(
        c,
        all<ViewLine>,
        "SELECT id, home, user_id, name, query, created_at FROM audit_views
         WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        t,
        after.0,
        n
    )
}
