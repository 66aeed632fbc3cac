//! All SQL of the tenants room.

use super::{Policy, Status, Tenant};
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
         RETURNING id, slug, name, provider, status, policy, tags, version, created_at, updated_at",
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
        "SELECT id, slug, name, provider, status, policy, tags, version, created_at, updated_at
         FROM tenants WHERE id = $1",
        id
    )
}

pub(super) async fn by_slug(c: &mut Conn, slug: &str) -> Result<Option<Tenant>> {
    sql!(
        c,
        opt<Tenant>,
        "SELECT id, slug, name, provider, status, policy, tags, version, created_at, updated_at
         FROM tenants WHERE slug = $1 /* platform: where a sign-in begins */",
        slug
    )
}

pub(super) async fn provider(c: &mut Conn) -> Result<Option<Tenant>> {
    sql!(
        c,
        opt<Tenant>,
        "SELECT id, slug, name, provider, status, policy, tags, version, created_at, updated_at
         FROM tenants WHERE provider /* platform: there is one, scan: the one row of the index tenants_one_provider */"
    )
}

pub(super) async fn all(c: &mut Conn) -> Result<Vec<Tenant>> {
    sql!(
        c,
        all<Tenant>,
        "SELECT id, slug, name, provider, status, policy, tags, version, created_at, updated_at
         FROM tenants ORDER BY slug /* platform: the list of tenants, scan: all of them */"
    )
}

pub(super) async fn some(c: &mut Conn, ids: &[TenantId]) -> Result<Vec<Tenant>> {
    let ids = List::Ids(ids.iter().map(|t| t.0).collect());
    sql!(
        c,
        all<Tenant>,
        "SELECT id, slug, name, provider, status, policy, tags, version, created_at, updated_at
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
         RETURNING id, slug, name, provider, status, policy, tags, version, created_at, updated_at",
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
