//! SQL of the last-administrator guard.

use crate::{
    access::catalogue::{GLOBAL_ADMINISTRATOR, TENANT_ADMINISTRATOR},
    actor::UserKind,
    clock::Timestamp,
    error::Result,
    id::{GrantId, GroupId, MappingId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, List, Tx},
};

/// Whether the user `u` has some way in at $4: a credential of their own, unless their company's login is their only way in;
/// an active directory through which people sign in and of which they are, or with which they signed in before; or an open
/// link to make a credential.
macro_rules! way_in {
    () => {
        "(((EXISTS (SELECT 1 FROM passwords w WHERE w.tenant_id = u.tenant_id AND w.user_id = u.id AND NOT w.void)
            OR EXISTS (SELECT 1 FROM passkeys w WHERE w.tenant_id = u.tenant_id AND w.user_id = u.id
                       AND w.suspect_at IS NULL)
            OR EXISTS (SELECT 1 FROM password_resets w WHERE w.tenant_id = u.tenant_id AND w.user_id = u.id
                       AND w.expires_at > $4))
           AND NOT EXISTS (SELECT 1 FROM directories w WHERE w.tenant_id = u.tenant_id
                             AND w.status = 'active' AND w.stage = 'enforced' AND w.issuer IS NOT NULL
                             AND (w.id = u.directory_id
                                  OR EXISTS (SELECT 1 FROM domains n WHERE n.tenant_id = u.tenant_id AND NOT n.lapsed
                                               AND (lower(u.email) LIKE '%@' || n.name
                                                    OR lower(u.user_name) LIKE '%@' || n.name)))))
          OR EXISTS (SELECT 1 FROM directories w WHERE w.tenant_id = u.tenant_id AND w.id = u.directory_id
                     AND w.status = 'active' AND w.stage IN ('active', 'enforced') AND w.issuer IS NOT NULL)
          OR EXISTS (SELECT 1 FROM identities i
                     JOIN directories w ON w.tenant_id = i.tenant_id AND w.id = i.directory_id
                     WHERE i.tenant_id = u.tenant_id AND i.user_id = u.id
                       AND w.status = 'active' AND w.stage IN ('active', 'enforced') AND w.issuer IS NOT NULL)
          OR EXISTS (SELECT 1 FROM invitations w WHERE w.tenant_id = u.tenant_id AND w.user_id = u.id
                     AND w.accepted_at IS NULL AND w.revoked_at IS NULL AND w.expires_at > $4))"
    };
}

row! {
    /// Somebody with an administrator's role that can be used now and does not end by itself.
    #[derive(Debug, Clone)]
    pub struct Admin {
        pub home: TenantId,
        pub user: UserId,
        pub label: String,
        pub kind: UserKind,
        pub provider: bool,
        pub role: RoleId,
        pub scope_tenant: Option<TenantId>,
        /// The mapping by which they have it, or of which it is kept.
        pub mapping: Option<MappingId>,
        /// Whether they have some way in.
        pub enters: bool,
    }
}

/// The tenants in which people of `tenant` are administrators, or would be if they were switched on, or make others
/// administrators by a mapping. Call it over every tenant's rows.
pub async fn places(tx: &mut Tx, tenant: TenantId) -> Result<Vec<TenantId>> {
    sql!(
        tx,
        all<TenantId>,
        "SELECT scope_tenant FROM grants
         WHERE tenant_id = $1 AND role_id = $2 AND scope_tenant IS NOT NULL
         UNION
         SELECT scope_tenant FROM mappings
         WHERE tenant_id = $1 AND role_id = $2 AND scope_tenant IS NOT NULL
         UNION
         SELECT scope_tenant FROM parked_roles
         WHERE tenant_id = $1 AND role_id = $2 AND scope_tenant IS NOT NULL AND NOT gone
         UNION
         SELECT scope_tenant FROM mappings
         WHERE created_by_tenant = $1 AND created_by_user IS NOT NULL AND role_id = $2 AND scope_tenant IS NOT NULL
         UNION
         SELECT scope_tenant FROM parked_roles
         WHERE created_by_tenant = $1 AND created_by_user IS NOT NULL AND role_id = $2 AND scope_tenant IS NOT NULL
           AND NOT gone
         /* platform: somebody of the provider's answers for mappings anywhere */",
        tenant,
        TENANT_ADMINISTRATOR
    )
}

/// The administrators of the instance, and of these tenants; how the authors of mappings stand is not asked yet. Call it
/// over every tenant's rows.
pub async fn admins(c: &mut Conn, places: &[TenantId], now: Timestamp) -> Result<Vec<Admin>> {
    let places = List::Ids(places.iter().map(|t| t.0).collect());
    sql!(
        c,
        all<Admin>,
        concat!(
            "/* platform: whether somebody is the last is a question about all, wherever they are at home */
         SELECT u.tenant_id, u.id, u.user_name, u.kind, h.provider, a.role_id, a.scope_tenant, a.mapping, ",
            way_in!(),
            "
         FROM (SELECT tenant_id, user_id, role_id, scope_tenant, CAST(NULL AS uuid) AS mapping FROM grants
               WHERE role_id IN ($2, $3) AND scope IN ('tenant', 'all') AND source <> 'break_glass' AND valid_from <= $4 AND valid_to IS NULL
               UNION
               SELECT m.tenant_id, m.user_id, p.role_id, p.scope_tenant, p.id
               FROM mappings p JOIN members m ON m.tenant_id = p.tenant_id AND m.group_id = p.group_id
               WHERE p.role_id IN ($2, $3) AND p.scope IN ('tenant', 'all')
               UNION
               SELECT tenant_id, user_id, role_id, scope_tenant, mapping_id
               FROM parked_roles WHERE role_id IN ($2, $3) AND scope IN ('tenant', 'all') AND NOT gone) a
         JOIN users u ON u.tenant_id = a.tenant_id AND u.id = a.user_id
         JOIN tenants h ON h.id = u.tenant_id
         WHERE u.active AND u.enabled AND u.kind <> 'integration'
           AND (h.status = 'active' OR a.scope_tenant = h.id)
           AND (a.scope_tenant IS NULL OR a.scope_tenant IN (SELECT value FROM rarray($1)))"
        ),
        places,
        GLOBAL_ADMINISTRATOR,
        TENANT_ADMINISTRATOR,
        now
    )
}

row! {
    /// What a user's end would touch besides the user.
    #[derive(Debug, Clone, Copy)]
    pub struct Ties {
        /// Perhaps the administrators.
        pub admin: bool,
        /// Mappings for which they answer; of the provider's people it is not looked for: theirs can be anywhere.
        pub answers: bool,
        /// Sessions or refresh families that have not ended.
        pub live: bool,
    }
}

/// What of that there is.
pub async fn ties(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<Ties> {
    sql!(
        tx,
        one<Ties>,
        "SELECT (EXISTS (SELECT 1 FROM grants WHERE tenant_id = $1 AND user_id = $2 AND role_id IN ($3, $4))
             OR EXISTS (SELECT 1 FROM members m
                        JOIN mappings p ON p.tenant_id = m.tenant_id AND p.group_id = m.group_id
                        WHERE m.tenant_id = $1 AND m.user_id = $2 AND p.role_id IN ($3, $4))
             OR EXISTS (SELECT 1 FROM parked_roles
                        WHERE tenant_id = $1 AND user_id = $2 AND role_id IN ($3, $4) AND NOT gone)),
                (EXISTS (SELECT 1 FROM tenants WHERE id = $1 AND provider)
             OR EXISTS (SELECT 1 FROM mappings WHERE created_by_tenant = $1 AND created_by_user = $2)
             OR EXISTS (SELECT 1 FROM app_authors WHERE made_by_tenant = $1 AND made_by_user = $2)
             OR EXISTS (SELECT 1 FROM parked_roles WHERE created_by_tenant = $1 AND created_by_user = $2)
             OR EXISTS (SELECT 1 FROM default_roles WHERE created_by_tenant = $1 AND created_by_user = $2)),
             (EXISTS (SELECT 1 FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL)
             OR EXISTS (SELECT 1 FROM refresh_families
                        WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL))",
        tenant,
        user,
        GLOBAL_ADMINISTRATOR,
        TENANT_ADMINISTRATOR
    )
}

/// Those of a tenant's people ($1) who answer for anything.
macro_rules! who_answers {
    () => {
        "SELECT created_by_user FROM mappings WHERE created_by_tenant = $1 AND created_by_user IS NOT NULL
         UNION
         SELECT created_by_user FROM parked_roles WHERE created_by_tenant = $1 AND created_by_user IS NOT NULL
         UNION
         SELECT made_by_user FROM app_authors WHERE made_by_tenant = $1 AND made_by_user IS NOT NULL
         UNION
         SELECT created_by_user FROM default_roles WHERE created_by_tenant = $1 AND created_by_user IS NOT NULL"
    };
}

row! {
    /// Whether a change of a group could take an administrator away.
    pub struct Touch {
        pub touches: bool,
        /// Whether people of the tenant may answer for mappings in others, which are not looked at here.
        pub beyond: bool,
    }
}

/// What of that is known of the tenant's own rows, or of all.
pub async fn group_change(
    tx: &mut Tx,
    (t, group): (TenantId, GroupId),
    takes: bool,
    comes: &[UserId],
) -> Result<Touch> {
    let comes = List::Ids(comes.iter().map(|u| u.0).collect());
    sql!(
        tx,
        one<Touch>,
        concat!(
            "/* platform: somebody of the provider's answers for mappings anywhere */
             SELECT EXISTS (SELECT 1 FROM mappings WHERE tenant_id = $1 AND group_id = $2)
                AND (($3 AND (EXISTS (SELECT 1 FROM mappings
                                      WHERE tenant_id = $1 AND group_id = $2 AND role_id IN ($5, $6))
                           OR EXISTS (SELECT 1 FROM members m
                                      WHERE m.tenant_id = $1 AND m.group_id = $2 AND m.user_id IN (",
            who_answers!(),
            "))))
                  OR (EXISTS (SELECT 1 FROM default_roles WHERE tenant_id = $1 AND role_id IS NOT NULL)
                      AND EXISTS (SELECT 1 FROM rarray($4) AS came WHERE came.value IN (",
            who_answers!(),
            ")))), EXISTS (SELECT 1 FROM tenants WHERE id = $1 AND provider)"
        ),
        t,
        group,
        takes,
        comes,
        GLOBAL_ADMINISTRATOR,
        TENANT_ADMINISTRATOR
    )
}

/// Whether a group is mapped to an administrator's role.
pub async fn makes_administrators(tx: &mut Tx, t: TenantId, group: GroupId) -> Result<bool> {
    sql!(
        tx,
        one<bool>,
        "SELECT EXISTS (SELECT 1 FROM mappings WHERE tenant_id = $1 AND group_id = $2 AND role_id IN ($3, $4))",
        t,
        group,
        GLOBAL_ADMINISTRATOR,
        TENANT_ADMINISTRATOR
    )
}

/// Whether one of these people of the tenant answers for anything, in any tenant.
pub async fn answering(tx: &mut Tx, t: TenantId, users: &[UserId]) -> Result<bool> {
    let users = List::Ids(users.iter().map(|u| u.0).collect());
    sql!(
        tx,
        one<bool>,
        concat!(
            "/* platform: somebody of the provider's answers for mappings anywhere */
             SELECT EXISTS (SELECT 1 FROM rarray($2) AS they WHERE they.value IN (",
            who_answers!(),
            "))"
        ),
        t,
        users
    )
}

/// Whether somebody who has the role, in whatever way, answers for anything.
pub async fn role_hangs(tx: &mut Tx, role: RoleId) -> Result<bool> {
    sql!(
        tx,
        one<bool>,
        "/* platform: a role offered to all is used in tenants that its owner does not know */
         SELECT EXISTS (
           SELECT 1 FROM (SELECT tenant_id, user_id FROM grants WHERE role_id = $1
                          UNION
                          SELECT m.tenant_id, m.user_id
                          FROM mappings p JOIN members m ON m.tenant_id = p.tenant_id AND m.group_id = p.group_id
                          WHERE p.role_id = $1
                          UNION
                          SELECT tenant_id, user_id FROM parked_roles WHERE role_id = $1 AND NOT gone
                          UNION
                          SELECT u.tenant_id, u.id FROM default_roles e JOIN users u ON u.tenant_id = e.tenant_id
                          WHERE e.role_id = $1) has
           WHERE EXISTS (SELECT 1 FROM mappings
                         WHERE created_by_tenant = has.tenant_id AND created_by_user = has.user_id)
              OR EXISTS (SELECT 1 FROM parked_roles
                         WHERE created_by_tenant = has.tenant_id AND created_by_user = has.user_id)
              OR EXISTS (SELECT 1 FROM app_authors
                         WHERE made_by_tenant = has.tenant_id AND made_by_user = has.user_id)
              OR EXISTS (SELECT 1 FROM default_roles
                         WHERE created_by_tenant = has.tenant_id AND created_by_user = has.user_id))",
        role
    )
}

/// Writes a hold, unless this one is there already.
pub async fn hold(tx: &mut Tx, a: &Admin, label: &str, by: &str) -> Result<Option<GrantId>> {
    let (id, now) = (GrantId::new(), tx.now());
    let scope = if a.scope_tenant.is_some() { "tenant" } else { "all" };
    let n = sql!(
        tx,
        exec,
        "INSERT INTO grants (tenant_id, id, user_id, role_id, scope, scope_tenant, source, source_ref, user_label,
                             granted_by, reason, valid_from, valid_to, created_at)
         SELECT $1, $2, $3, $4, $5, $6, 'hold', NULL, $7, $8, $9, $10, NULL, $10
         WHERE NOT EXISTS (SELECT 1 FROM grants WHERE tenant_id = $1 AND user_id = $3 AND role_id = $4
                           AND source = 'hold' AND coalesce(scope_tenant, tenant_id) = coalesce($6, tenant_id)
                           AND scope = $5)",
        a.home,
        id,
        a.user,
        a.role,
        scope,
        a.scope_tenant,
        label,
        by,
        "the last administrator was taken away by their directory",
        now
    )?;
    Ok((n > 0).then_some(id))
}

/// Deletes what a user was granted; holds stay.
pub async fn forget(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<()> {
    sql!(
        tx,
        exec,
        "DELETE FROM grants WHERE tenant_id = $1 AND user_id = $2 AND source <> 'hold'",
        tenant,
        user
    )?;
    Ok(())
}
