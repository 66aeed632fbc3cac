//! All SQL of the tenants room.

use super::{Deleting, Policy, Status, Tenant};
use crate::{
    error::Result,
    id::TenantId,
    sql,
    store::{Conn, J, List, Tx},
};
use std::collections::BTreeSet;

pub(super) async fn insert(
    tx: &mut Tx,
    id: TenantId,
    slug: &str,
    name: &str,
    provider: bool,
    tags: J<BTreeSet<String>>,
) -> Result<Tenant> {
    let (now, policy) = (tx.now(), J(Policy::default()));
    sql!(
        tx,
        one<Tenant>,
        "INSERT INTO tenants (id, slug, name, provider, status, policy, tags, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 'active', $5, $7, 1, $6, $6)
         RETURNING id, slug, name, provider, status, policy, tags, version, created_at, updated_at, deleting",
        id,
        slug,
        name,
        provider,
        policy,
        now,
        tags
    )
}

pub(super) async fn get(c: &mut Conn, id: TenantId) -> Result<Option<Tenant>> {
    sql!(
        c,
        opt<Tenant>,
        "SELECT id, slug, name, provider, status, policy, tags, version, created_at, updated_at, deleting
         FROM tenants WHERE id = $1",
        id
    )
}

pub(super) async fn by_slug(c: &mut Conn, slug: &str) -> Result<Option<Tenant>> {
    sql!(
        c,
        opt<Tenant>,
        "SELECT id, slug, name, provider, status, policy, tags, version, created_at, updated_at, deleting
         FROM tenants WHERE slug = $1 /* platform: where a sign-in begins */",
        slug
    )
}

/// Two at most: more than one is no answer.
pub(super) async fn named(c: &mut Conn, name: &str) -> Result<Vec<TenantId>> {
    sql!(
        c,
        all<TenantId>,
        "SELECT /* platform: a tenant by its name, scan: a row for each company, when somebody types one */ id
         FROM tenants WHERE lower(name) = lower($1) LIMIT 2",
        name
    )
}

pub(super) async fn provider(c: &mut Conn) -> Result<Option<Tenant>> {
    sql!(
        c,
        opt<Tenant>,
        "SELECT id, slug, name, provider, status, policy, tags, version, created_at, updated_at, deleting
         FROM tenants WHERE provider /* platform: there is one, scan: the one row of the index tenants_one_provider */"
    )
}

pub(super) async fn page(c: &mut Conn, after: &str, limit: i64) -> Result<Vec<Tenant>> {
    sql!(
        c,
        all<Tenant>,
        "SELECT id, slug, name, provider, status, policy, tags, version, created_at, updated_at, deleting
         FROM tenants WHERE slug > $1 ORDER BY slug LIMIT $2 /* platform: the list of tenants */",
        after,
        limit
    )
}

pub(super) async fn some(c: &mut Conn, ids: &[TenantId]) -> Result<Vec<Tenant>> {
    let ids = List::Ids(ids.iter().map(|t| t.0).collect());
    sql!(
        c,
        all<Tenant>,
        "SELECT id, slug, name, provider, status, policy, tags, version, created_at, updated_at, deleting
         FROM tenants WHERE id IN (SELECT value FROM rarray($1)) ORDER BY slug
         /* platform: the caller's tenants */",
        ids
    )
}

pub(super) async fn set_status(tx: &mut Tx, id: TenantId, status: Status) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE tenants SET status = $2, version = version + 1, updated_at = $3 WHERE id = $1",
        id,
        status,
        now
    )
}

pub(super) async fn set_policy(tx: &mut Tx, id: TenantId, policy: J<Policy>) -> Result<Tenant> {
    let now = tx.now();
    sql!(
        tx,
        one<Tenant>,
        "UPDATE tenants SET policy = $2, version = version + 1, updated_at = $3 WHERE id = $1
         RETURNING id, slug, name, provider, status, policy, tags, version, created_at, updated_at, deleting",
        id,
        policy,
        now
    )
}

pub(super) async fn set_tags(tx: &mut Tx, id: TenantId, tags: J<BTreeSet<String>>) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE tenants SET tags = $2, version = version + 1, updated_at = $3 WHERE id = $1",
        id,
        tags,
        now
    )
}

pub(super) async fn set_name(tx: &mut Tx, id: TenantId, name: &str) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE tenants SET name = $2, version = version + 1, updated_at = $3 WHERE id = $1",
        id,
        name,
        now
    )
}

pub(super) async fn set_deleting(tx: &mut Tx, id: TenantId, to: J<Deleting>) -> Result<u64> {
    let now = tx.now();
    sql!(
        tx,
        exec,
        "UPDATE tenants SET deleting = $2, version = version + 1, updated_at = $3 WHERE id = $1",
        id,
        to,
        now
    )
}

/// So many rows more are gone.
pub(super) async fn progress(tx: &mut Tx, id: TenantId, rows: i64) -> Result<u64> {
    sql!(tx, exec, {
        lite: "UPDATE tenants SET deleting = json_set(deleting, '$.removed', (deleting ->> 'removed') + $2)
               WHERE id = $1 AND deleting IS NOT NULL",
        pg: "UPDATE tenants SET deleting = jsonb_set(deleting, '{removed}', to_jsonb((deleting ->> 'removed')::bigint + $2))
             WHERE id = $1 AND deleting IS NOT NULL",
    }, id, rows)
}

pub(super) async fn leaving(c: &mut Conn) -> Result<Vec<TenantId>> {
    sql!(
        c,
        all<TenantId>,
        "SELECT id FROM tenants WHERE deleting IS NOT NULL ORDER BY id
         /* platform: worker, scan: the index tenants_deleting, which holds nothing else */"
    )
}

pub(super) async fn delete(tx: &mut Tx, id: TenantId) -> Result<u64> {
    sql!(tx, exec, "DELETE FROM tenants WHERE id = $1 AND deleting IS NOT NULL", id)
}
