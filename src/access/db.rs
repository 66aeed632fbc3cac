//! SQL of the computation: who somebody is, and every way in which they have a role.

use super::{
    Path, Reach, RoleRef, Source, Subject, Via,
    authors::{Author, Standing},
    catalogue::{Catalogue, SELF_SERVICE_ROLE},
    rules,
};
use crate::{
    actor::UserKind,
    clock::Timestamp,
    error::Result,
    id::{DirectoryId, GrantId, GroupId, MappingId, ParkedId, RoleId, TenantId, UserId},
    row, sql,
    store::{Conn, J, List, Tx},
};
use std::{collections::BTreeSet, sync::Arc};

row! {
    struct SubjectRow {
        id: UserId,
        kind: UserKind,
        active: bool,
        enabled: bool,
        home_status: String,
        provider: bool,
        label: String,
        client: Option<J<Client>>,
    }
}

/// What is asked of the client of an integration user.
#[derive(Debug, serde::Deserialize)]
struct Client {
    #[serde(default)]
    scopes: Option<BTreeSet<String>>,
}

/// For a join that begins with them (CROSS, which SQLite does not turn round): whoever is asked about is few, and so are their
/// memberships beside a tenant's mappings.
fn list(users: &[UserId]) -> List {
    List::Ids(users.iter().map(|u| u.0).collect())
}

/// Who people are, those that exist, and a name to show for each.
pub async fn subjects(
    c: &mut Conn,
    home: TenantId,
    users: &[UserId],
) -> Result<Vec<(UserId, Subject, String)>> {
    let users = list(users);
    let rows = sql!(
        c,
        all<SubjectRow>,
        "SELECT u.id, u.kind, u.active, u.enabled, h.status, h.provider, u.user_name, a.settings
         FROM rarray($2) AS who CROSS JOIN users u CROSS JOIN tenants h
         LEFT JOIN apps a ON a.tenant_id = u.tenant_id AND a.user_id = u.id
         WHERE u.tenant_id = $1 AND u.id = who.value AND h.id = u.tenant_id",
        home,
        users
    )?;
    let subject = |r: SubjectRow| {
        let live = r.active && r.enabled && r.home_status == "active";
        let chosen = match r.client {
            _ if r.kind != UserKind::Integration => None,
            Some(J(client)) => client.scopes.map(Arc::new),
            // Nobody can act as it.
            None => Some(Arc::default()),
        };
        (r.id, Subject { home, provider: r.provider, kind: r.kind, live, chosen }, r.label)
    };
    Ok(rows.into_iter().map(subject).collect())
}

row! {
    /// What must be on for anything of somebody's to count.
    pub struct Switches {
        pub active: bool,
        pub enabled: bool,
        pub home_status: String,
    }
}

/// How a user's own switches stand.
pub async fn switches(c: &mut Conn, home: TenantId, user: UserId) -> Result<Option<Switches>> {
    sql!(
        c,
        opt<Switches>,
        "SELECT u.active, u.enabled, h.status FROM users u JOIN tenants h ON h.id = u.tenant_id
         WHERE u.tenant_id = $1 AND u.id = $2",
        home,
        user
    )
}

/// In which tenant a user is who may hold something in `tenant`: in it or in the provider's.
pub async fn home(c: &mut Conn, user: UserId, tenant: TenantId) -> Result<Option<TenantId>> {
    sql!(
        c,
        opt<TenantId>,
        "SELECT u.tenant_id FROM users u
         WHERE u.id = $1 AND u.tenant_id IN ($2, (SELECT t.id FROM tenants t WHERE t.provider))
         /* scan: the one row of the index tenants_one_provider */",
        user,
        tenant
    )
}

row! {
    struct PathRow {
        user: Option<UserId>,
        id: uuid::Uuid,
        role_id: RoleId,
        scope: String,
        scope_tenant: Option<TenantId>,
        by: String,
        since: Timestamp,
        until: Option<Timestamp>,
        source: Option<String>,
        reason: Option<String>,
        group_id: Option<GroupId>,
        group_name: Option<String>,
        directory_id: Option<DirectoryId>,
        directory_name: Option<String>,
        role_tenant: Option<TenantId>,
        role_offered: Option<bool>,
        role_name: Option<String>,
        role_permissions: Option<J<BTreeSet<String>>>,
        parked_at: Option<Timestamp>,
        author_tenant: Option<TenantId>,
        author_user: Option<UserId>,
        granted: Option<J<BTreeSet<String>>>,
        suspended_at: Option<Timestamp>,
        mapping: Option<MappingId>,
        over: Option<TenantId>,
    }
}

/// Every way in which people have a role, in any tenant; ended grants left out.
pub async fn paths(
    c: &mut Conn,
    catalogue: &Catalogue,
    home: TenantId,
    users: &[UserId],
    now: Timestamp,
) -> Result<Vec<(UserId, Path)>> {
    let users = list(users);
    // platform: a role of the provider's may be used in any tenant, so roles are joined by their id alone.
    let rows = sql!(
        c,
        all<PathRow>,
        "SELECT g.user_id, g.id, g.role_id, g.scope, g.scope_tenant, g.granted_by, g.valid_from, g.valid_to, g.source,
                g.reason, CAST(NULL AS uuid), CAST(NULL AS text), CAST(NULL AS uuid), CAST(NULL AS text),
                r.tenant_id, r.offered, r.name, r.permissions, CAST(NULL AS bigint), w.made_by_tenant, w.made_by_user,
                a.settings -> 'scopes', w.suspended_at, w.app_id, w.tenant_id
         FROM rarray($2) AS who CROSS JOIN grants g LEFT JOIN roles r ON r.id = g.role_id
         LEFT JOIN apps a ON a.tenant_id = g.tenant_id AND a.user_id = g.user_id
         LEFT JOIN app_authors w ON w.tenant_id = a.tenant_id AND w.app_id = a.id AND w.made_by_user IS NOT NULL
         WHERE g.tenant_id = $1 AND g.user_id = who.value AND (g.valid_to IS NULL OR g.valid_to > $3)
         UNION ALL
         SELECT m.user_id, p.id, p.role_id, p.scope, p.scope_tenant, coalesce(p.adopted_by, p.created_by),
                CASE WHEN m.added_at > p.created_at THEN m.added_at ELSE p.created_at END,
                CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS text), t.id, t.display_name, d.id, d.name,
                r.tenant_id, r.offered, r.name, r.permissions, CAST(NULL AS bigint), p.created_by_tenant,
                p.created_by_user, p.granted, p.suspended_at, p.id, CAST(NULL AS uuid)
         FROM rarray($2) AS who CROSS JOIN members m CROSS JOIN mappings p
         CROSS JOIN groups t CROSS JOIN directories d LEFT JOIN roles r ON r.id = p.role_id
         WHERE m.tenant_id = $1 AND m.user_id = who.value AND p.tenant_id = m.tenant_id AND p.group_id = m.group_id
           AND t.tenant_id = m.tenant_id AND t.id = m.group_id AND d.tenant_id = t.tenant_id AND d.id = t.directory_id
         UNION ALL
         SELECT k.user_id, k.change_id, k.role_id, k.scope, k.scope_tenant, k.granted_by, k.since,
                CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS text), CAST(NULL AS uuid), k.group_name, d.id,
                d.name, r.tenant_id, r.offered, r.name, r.permissions, k.created_at, k.created_by_tenant,
                k.created_by_user, k.granted, k.suspended_at, k.mapping_id, CAST(NULL AS uuid)
         FROM rarray($2) AS who CROSS JOIN parked_roles k
         CROSS JOIN directories d LEFT JOIN roles r ON r.id = k.role_id
         WHERE k.tenant_id = $1 AND k.user_id = who.value AND NOT k.gone AND d.tenant_id = k.tenant_id
           AND d.id = k.directory_id
         UNION ALL
         SELECT u.id, e.id, e.role_id, 'tenant', e.tenant_id, coalesce(e.adopted_by, e.created_by),
                CASE WHEN u.created_at > e.created_at THEN u.created_at ELSE e.created_at END,
                CAST(NULL AS bigint), 'default', CAST(NULL AS text), CAST(NULL AS uuid), CAST(NULL AS text),
                CAST(NULL AS uuid), CAST(NULL AS text), r.tenant_id, r.offered, r.name, r.permissions,
                CAST(NULL AS bigint), e.created_by_tenant, e.created_by_user, e.granted, e.suspended_at, e.id,
                CAST(NULL AS uuid)
         FROM rarray($2) AS who CROSS JOIN users u CROSS JOIN default_roles e LEFT JOIN roles r ON r.id = e.role_id
         WHERE u.tenant_id = $1 AND u.id = who.value AND u.kind <> 'integration' AND e.tenant_id = u.tenant_id
           AND e.role_id IS NOT NULL",
        home,
        users,
        now
    )?;
    Ok(rows.into_iter().filter_map(|r| Some((r.user?, path(r, catalogue)?))).collect())
}

/// The text of [`mapped`]; of which mappings, parked roles, default roles and integration users.
macro_rules! mapped {
    ($note:literal, $mappings:literal, $kept:literal, $defaults:literal, $integrations:literal) => {
        concat!(
            "/* platform: of whoever answers for one",
            $note,
            " */
             SELECT CAST(NULL AS uuid), p.id, p.role_id, p.scope, p.scope_tenant, coalesce(p.adopted_by, p.created_by),
                    p.created_at, CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS text), t.id, t.display_name,
                    d.id, d.name, r.tenant_id, r.offered, r.name, r.permissions, CAST(NULL AS bigint),
                    p.created_by_tenant, p.created_by_user, p.granted, p.suspended_at, p.id, CAST(NULL AS uuid)
             FROM ",
            $mappings,
            "
             UNION
             SELECT CAST(NULL AS uuid), k.change_id, k.role_id, k.scope, k.scope_tenant, k.granted_by, k.since,
                    CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS text), CAST(NULL AS uuid), k.group_name,
                    d.id, d.name, r.tenant_id, r.offered, r.name, r.permissions, k.since, k.created_by_tenant,
                    k.created_by_user, k.granted, k.suspended_at, k.mapping_id, CAST(NULL AS uuid)
             FROM ",
            $kept,
            " AND NOT k.gone
               AND NOT EXISTS (SELECT 1 FROM mappings p WHERE p.tenant_id = k.tenant_id AND p.id = k.mapping_id)
             UNION
             SELECT CAST(NULL AS uuid), e.id, e.role_id, 'tenant', e.tenant_id, coalesce(e.adopted_by, e.created_by),
                    e.created_at, CAST(NULL AS bigint), 'default', CAST(NULL AS text), CAST(NULL AS uuid),
                    CAST(NULL AS text), CAST(NULL AS uuid), CAST(NULL AS text), r.tenant_id, r.offered, r.name,
                    r.permissions, CAST(NULL AS bigint), e.created_by_tenant, e.created_by_user, e.granted,
                    e.suspended_at, e.id, CAST(NULL AS uuid)
             FROM ",
            $defaults,
            " AND e.role_id IS NOT NULL
             UNION
             SELECT CAST(NULL AS uuid), coalesce(g.id, a.id), coalesce(g.role_id, $1), coalesce(g.scope, 'tenant'),
                    CASE WHEN g.id IS NULL THEN w.tenant_id ELSE g.scope_tenant END,
                    coalesce(g.granted_by, a.created_by), coalesce(g.valid_from, a.created_at), g.valid_to,
                    coalesce(g.source, 'manual'), g.reason, CAST(NULL AS uuid), CAST(NULL AS text),
                    CAST(NULL AS uuid), CAST(NULL AS text), r.tenant_id, r.offered, r.name, r.permissions,
                    CAST(NULL AS bigint), w.made_by_tenant, w.made_by_user, a.settings -> 'scopes', w.suspended_at,
                    w.app_id, w.tenant_id
             FROM ",
            $integrations
        )
    };
}

/// Mappings as ways to their roles, for whoever is in their groups: these, or all that somebody answers for. Of such as
/// are gone, what is kept of them. Default roles are among them, by ids of their own, and integration users: one without a
/// role as if it had the least, since somebody answers for what was chosen for it all the same.
pub async fn mapped(
    c: &mut Conn,
    catalogue: &Catalogue,
    these: Option<&[MappingId]>,
) -> Result<Vec<Path>> {
    let rows = match these {
        None => sql!(
            c,
            all<PathRow>,
            mapped!(
                ", scan: they are few and looked at together",
                "mappings p JOIN groups t ON t.tenant_id = p.tenant_id AND t.id = p.group_id
                 JOIN directories d ON d.tenant_id = t.tenant_id AND d.id = t.directory_id
                 LEFT JOIN roles r ON r.id = p.role_id
                 WHERE p.created_by_user IS NOT NULL",
                "parked_roles k JOIN directories d ON d.tenant_id = k.tenant_id AND d.id = k.directory_id
                 LEFT JOIN roles r ON r.id = k.role_id
                 WHERE k.created_by_user IS NOT NULL",
                "default_roles e LEFT JOIN roles r ON r.id = e.role_id WHERE e.created_by_user IS NOT NULL",
                "app_authors w JOIN apps a ON a.tenant_id = w.tenant_id AND a.id = w.app_id
                 LEFT JOIN grants g ON g.tenant_id = a.tenant_id AND g.user_id = a.user_id
                 LEFT JOIN roles r ON r.id = g.role_id
                 WHERE w.made_by_user IS NOT NULL"
            ),
            SELF_SERVICE_ROLE
        )?,
        Some(these) => sql!(
            c,
            all<PathRow>,
            mapped!(
                "",
                "rarray($2) AS i CROSS JOIN mappings p
                 JOIN groups t ON t.tenant_id = p.tenant_id AND t.id = p.group_id
                 JOIN directories d ON d.tenant_id = t.tenant_id AND d.id = t.directory_id
                 LEFT JOIN roles r ON r.id = p.role_id
                 WHERE p.id = i.value",
                "rarray($2) AS i CROSS JOIN parked_roles k
                 JOIN directories d ON d.tenant_id = k.tenant_id AND d.id = k.directory_id
                 LEFT JOIN roles r ON r.id = k.role_id
                 WHERE k.mapping_id = i.value AND k.created_by_user IS NOT NULL",
                "rarray($2) AS i CROSS JOIN default_roles e LEFT JOIN roles r ON r.id = e.role_id
                 WHERE e.id = i.value",
                "rarray($2) AS i CROSS JOIN app_authors w
                 JOIN apps a ON a.tenant_id = w.tenant_id AND a.id = w.app_id
                 LEFT JOIN grants g ON g.tenant_id = a.tenant_id AND g.user_id = a.user_id
                 LEFT JOIN roles r ON r.id = g.role_id
                 WHERE w.app_id = i.value AND w.made_by_user IS NOT NULL"
            ),
            SELF_SERVICE_ROLE,
            List::Ids(these.iter().map(|m| m.0).collect())
        )?,
    };
    Ok(rows.into_iter().filter_map(|r| path(r, catalogue)).collect())
}

fn path(r: PathRow, catalogue: &Catalogue) -> Option<Path> {
    let reach = Reach::read(&r.scope, r.scope_tenant);
    let (name, permissions) = match (catalogue.role(r.role_id), r.role_tenant) {
        (Some(b), _) => (b.name.clone(), Arc::clone(&b.permissions)),
        (None, Some(owner)) if r.role_offered == Some(true) || reach == Reach::Tenant(owner) => {
            let known = r.role_permissions?.0;
            (r.role_name?, Arc::new(known.intersection(catalogue.all()).cloned().collect()))
        }
        _ => return None,
    };
    let mfa = rules::role_demands_mfa(permissions.iter());
    let answered = r.author_tenant.zip(r.author_user).zip(r.mapping);
    let author = answered.map(|(who, mapping)| Author {
        mapping,
        who,
        gave: match r.granted {
            Some(J(granted)) => {
                // Of an integration user's: all that was chosen for it, whatever this role permits of it.
                let known = if r.over.is_some() { catalogue.all() } else { &permissions };
                Arc::new(granted.intersection(known).cloned().collect())
            }
            None => Arc::clone(&permissions),
        },
        over: r.over,
        recorded: r.suspended_at.is_some(),
        standing: Standing::default(),
        until: None,
    });
    let via = match (r.source.as_deref().and_then(Source::parse), r.group_id) {
        _ if let Some(at) = r.parked_at => Via::Parked {
            change: ParkedId(r.id),
            group_name: r.group_name,
            directory: r.directory_id?,
            directory_name: r.directory_name?,
            at,
        },
        _ if r.source.as_deref() == Some("default") => {
            Via::Default { id: MappingId(r.id), behind: false }
        }
        (Some(source), _) => Via::Assignment { grant: GrantId(r.id), source, reason: r.reason },
        (None, Some(group)) => Via::Mapping {
            mapping: MappingId(r.id),
            group,
            group_name: r.group_name?,
            directory: r.directory_id?,
            directory_name: r.directory_name?,
        },
        (None, None) => return None,
    };
    Some(Path {
        role: RoleRef { id: r.role_id, name, mfa },
        permissions,
        reach,
        via,
        since: r.since,
        until: r.until,
        by: r.by,
        author,
    })
}

row! {
    /// What the computation needs of a tenant.
    #[derive(Debug, Clone)]
    pub struct TenantRow {
        pub status: String,
        pub provider: bool,
        pub tags: J<BTreeSet<String>>,
        /// It does not come back.
        pub deleting: bool,
    }
}

/// The tenant, if there is one.
pub async fn tenant(c: &mut Conn, t: TenantId) -> Result<Option<TenantRow>> {
    sql!(
        c,
        opt<TenantRow>,
        "SELECT status, provider, tags, (deleting IS NOT NULL) FROM tenants WHERE id = $1",
        t
    )
}

row! {
    /// A tenant among all of them.
    pub struct Listed {
        pub id: TenantId,
        pub name: String,
        pub tags: J<BTreeSet<String>>,
    }
}

/// Every active tenant, by name.
pub async fn tenants(c: &mut Conn) -> Result<Vec<Listed>> {
    sql!(
        c,
        all<Listed>,
        "/* platform: of somebody with a role in many, scan: all of them are asked for */ SELECT id, name, tags FROM tenants WHERE status = 'active' ORDER BY name, id"
    )
}

/// Lets the transaction see every tenant's rows, for a decision about the instance; [`narrow`] with what this gave
/// back goes before anything else is done.
pub async fn widen(tx: &mut Tx) -> Result<String> {
    let was = sql!(tx, one<String>, {
        lite: "SELECT ''",
        pg: "SELECT current_setting('muster.scope')"
    })?;
    narrow(tx, "*").await?;
    Ok(was)
}

/// Back to the scope that [`widen`] found.
pub async fn narrow(tx: &mut Tx, was: &str) -> Result<()> {
    sql!(tx, one<String>, {lite: "SELECT $1", pg: "SELECT set_config('muster.scope', $1, true)"}, was)?;
    Ok(())
}
