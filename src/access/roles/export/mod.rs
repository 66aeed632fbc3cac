//! All roles of a tenant and who has them, as one document that nobody writes by hand. It is made piece by piece, so
//! that a tenant of any size is never in memory as a whole; what changes meanwhile is in it or not.

mod db;
mod form;

use super::{Role, list};
use crate::{
    access::{
        Access, Permit, Reach, Standing, defaults,
        grants::{self, Grant, Query},
        mappings::{self, Mapping},
        perm::{Global, UsersManageRoles},
    },
    clock::Timestamp,
    error::{Error, Result},
    id::{DirectoryId, GrantId, MappingId, ParkedId, RoleId, TenantId, UserId},
    store::{Conn, List, Scope},
};
pub use form::{Format, plain, value};
use form::{Line, Table, csv, csv_head};
use std::{collections::HashMap, fmt::Write as _};

/// How many assignments a piece tells.
const PIECE: u32 = 500;

/// A document under way.
pub struct Export {
    access: Access,
    permit: Permit<UsersManageRoles>,
    /// Who may see them also gets the assignments on the whole instance.
    global: Option<Permit<Global>>,
    format: Format,
    tenants: HashMap<TenantId, String>,
    directories: HashMap<DirectoryId, String>,
    roles: Vec<Role>,
    names: HashMap<RoleId, String>,
    title: String,
    at: Timestamp,
    next: Part,
}

/// What comes next.
enum Part {
    Roles,
    Grants(Option<GrantId>),
    Everywhere(Option<GrantId>),
    Mappings(Option<MappingId>),
    Default,
    Parked(Option<ParkedId>),
    End,
}

impl Export {
    /// Begins the document of the permit's tenant.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(
        access: &Access,
        permit: Permit<UsersManageRoles>,
        global: Option<Permit<Global>>,
        format: Format,
    ) -> Result<Self> {
        let (t, roles) = (permit.tenant(), list(access, &permit).await?);
        let mut c = access.reader().await?;
        let tenants = db::tenants(&mut c, t).await?;
        let title = tenants.iter().find(|x| x.id == t);
        let title = title.map_or_else(|| t.to_string(), |x| format!("{} ({})", x.name, x.slug));
        let directories = db::directories(&mut c, t).await?;
        Ok(Self {
            access: access.clone(),
            permit,
            global,
            format,
            tenants: tenants.into_iter().map(|t| (t.id, t.slug)).collect(),
            directories: directories.into_iter().map(|d| (d.id, d.name)).collect(),
            names: roles.iter().map(|r| (r.id, r.name.clone())).collect(),
            roles,
            title,
            at: access.0.store.clock().now(),
            next: Part::Roles,
        })
    }

    /// The next piece; `None` after the last. A piece may be empty.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&mut self) -> Result<Option<String>> {
        let csv = self.format == Format::Csv;
        Ok(Some(match std::mem::replace(&mut self.next, Part::End) {
            Part::Roles => {
                self.next = Part::Grants(None);
                if csv { self.roles_as_csv() } else { self.roles_as_text() }
            }
            Part::Grants(after) => {
                let rows = grants::list(&self.access, &self.permit, page(after)).await?;
                self.next = match rows.last().filter(|_| full(rows.len())) {
                    Some(last) => Part::Grants(Some(last.id)),
                    None => Part::Everywhere(None),
                };
                let lines = self.grants(rows).await?;
                self.table(Table::People, after.is_none(), &lines)
            }
            Part::Everywhere(after) => {
                let Some(global) = &self.global else {
                    self.next = Part::Mappings(None);
                    let text = "\nWho has a role on the whole instance has it here as well; that is shown to Global \
                                Administrators.\n";
                    return Ok(Some(if csv { String::new() } else { text.to_owned() }));
                };
                let rows = grants::list_everywhere(&self.access, global, page(after)).await?;
                self.next = match rows.last().filter(|_| full(rows.len())) {
                    Some(last) => Part::Everywhere(Some(last.id)),
                    None => Part::Mappings(None),
                };
                let lines = self.grants(rows).await?;
                self.table(Table::People, false, &lines)
            }
            Part::Mappings(after) => {
                let rows =
                    mappings::list(&self.access, &self.permit, mappings::Query::page(after, PIECE))
                        .await?;
                self.next = match rows.last().filter(|_| full(rows.len())) {
                    Some(last) => Part::Mappings(Some(last.id)),
                    None => Part::Default,
                };
                let lines = self.mappings(rows).await?;
                self.table(Table::Groups, after.is_none(), &lines)
            }
            Part::Default => {
                self.next = Part::Parked(None);
                let lines = self.default_role().await?;
                self.table(Table::Default, !lines.is_empty(), &lines)
            }
            Part::Parked(after) => {
                let t = self.permit.tenant();
                let row = self.access.0.people.tenant(t).await?;
                let row = row.ok_or_else(|| Error::not_found("tenant"))?;
                let mut c = self.access.reader().await?;
                let (there, all) = ((t, &row.tags.0), self.global.is_some());
                let rows = db::parked(&mut c, there, all, after, i64::from(PIECE)).await?;
                let last = rows.last().filter(|_| full(rows.len()));
                self.next = last.map_or(Part::End, |last| Part::Parked(Some(last.id)));
                let lines = self.parked(&mut c, rows).await?;
                let head = after.is_none() && !lines.is_empty();
                self.table(Table::Parked, head, &lines)
            }
            Part::End => return Ok(None),
        }))
    }

    fn table(&self, table: Table, first: bool, lines: &[Line]) -> String {
        if self.format == Format::Csv {
            return lines.iter().map(csv).collect::<Vec<_>>().concat();
        }
        let mut out = if first { table.head() } else { String::new() };
        out.extend(lines.iter().map(|l| table.line(l)));
        out
    }

    fn owner(&self, r: &Role) -> String {
        match r.tenant {
            None => "built in".to_owned(),
            Some(t) => self.tenant(t),
        }
    }
    fn tenant(&self, t: TenantId) -> String {
        self.tenants.get(&t).cloned().unwrap_or_else(|| t.to_string())
    }
    fn place(&self, reach: &Reach) -> String {
        match reach {
            Reach::All => "everywhere".to_owned(),
            Reach::Tenant(t) => self.tenant(*t),
            wide => wide.words(|t| self.tenants.get(&t).cloned()),
        }
    }
    fn role(&self, id: RoleId) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }
    fn directory(&self, id: DirectoryId) -> String {
        self.directories.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    fn roles_as_csv(&self) -> String {
        let lines = self.roles.iter().map(|r| Line {
            kind: "role",
            id: r.id.to_string(),
            name: r.name.clone(),
            home: self.owner(r),
            since: r.created_at,
            permissions: r.permissions.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
            description: r.description.clone(),
            ..Line::default()
        });
        csv_head() + &lines.map(|l| csv(&l)).collect::<Vec<_>>().concat()
    }

    fn roles_as_text(&self) -> String {
        let mut out = format!(
            "# Roles and assignments of {}\n\nAs of {}.\n\n## Roles\n",
            plain(&self.title),
            self.at.rfc3339()
        );
        for r in &self.roles {
            let owner = match r.tenant {
                None => "Built in".to_owned(),
                Some(t) if r.offered => format!("Of {}, offered to all", plain(&self.tenant(t))),
                Some(t) => format!("Of {}", plain(&self.tenant(t))),
            };
            let _ = write!(out, "\n### {}\n\n{owner}.", plain(&r.name));
            if !r.description.is_empty() {
                let _ = write!(out, " {}", plain(&r.description));
            }
            out.push_str("\n\n");
            let mut told = 0;
            for category in self.access.catalogue().categories() {
                let has = |e: &&crate::access::catalogue::Entry| {
                    r.permissions.contains(&format!("{}.{}", category.id, e.id))
                };
                let names: Vec<String> =
                    category.permissions.iter().filter(has).map(|e| plain(&e.name)).collect();
                if !names.is_empty() {
                    told += names.len();
                    let _ = writeln!(out, "- {}: {}", plain(&category.name), names.join(", "));
                }
            }
            if told < r.permissions.len() {
                let all = self.access.catalogue().all();
                let other: Vec<String> =
                    r.permissions.iter().filter(|p| !all.contains(*p)).map(|p| plain(p)).collect();
                let _ = writeln!(out, "- {}", other.join(", "));
            }
            if r.permissions.is_empty() {
                out.push_str("- nothing\n");
            }
        }
        out
    }

    async fn grants(&self, rows: Vec<Grant>) -> Result<Vec<Line>> {
        let ids =
            rows.iter().map(|g| g.user_id).chain(rows.iter().filter_map(|g| user(&g.granted_by)));
        let names = self.people(&mut self.access.reader().await?, ids.collect()).await?;
        let lines = rows.into_iter().map(|g| Line {
            kind: "assignment",
            id: g.id.to_string(),
            place: self.place(&g.reach()),
            name: names.get(&g.user_id).cloned().unwrap_or(g.user_label),
            home: self.tenant(g.tenant_id),
            role: self.role(g.role_id),
            source: g.source.as_str().to_owned(),
            since: Some(g.valid_from),
            until: g.valid_to,
            by: by(&names, g.granted_by),
            reason: g.reason.unwrap_or_default(),
            ..Line::default()
        });
        Ok(lines.collect())
    }

    async fn mappings(&self, rows: Vec<Mapping>) -> Result<Vec<Line>> {
        let mut c = self.access.reader().await?;
        let groups = List::Ids(rows.iter().map(|m| m.group_id.0).collect());
        let sizes = db::sizes(&mut c, self.permit.tenant(), groups).await?;
        let sizes: HashMap<_, _> = sizes.into_iter().map(|s| (s.group, s.members)).collect();
        let makers = rows.iter().flat_map(|m| [Some(&m.created_by), m.adopted_by.as_ref()]);
        let makers = makers.flatten().filter_map(|label| user(label)).collect();
        let names = self.people(&mut c, makers).await?;
        drop(c);
        let standings = mappings::standings(&self.access, &rows).await?;
        let lines = rows.into_iter().map(|m| Line {
            kind: "mapping",
            id: m.id.to_string(),
            place: self.place(&m.reach()),
            name: m.group_name,
            home: self.tenant(m.tenant_id),
            role: self.role(m.role_id),
            directory: self.directory(m.directory_id),
            source: "directory group".to_owned(),
            since: Some(m.created_at),
            by: by(&names, m.created_by),
            members: Some(sizes.get(&m.group_id).copied().unwrap_or(0)),
            standing: words(standings.get(&m.id).copied().unwrap_or_default()),
            adopted_by: m.adopted_by.map(|a| by(&names, a)).unwrap_or_default(),
            adopted: m.adopted_at,
            ..Line::default()
        });
        Ok(lines.collect())
    }

    /// What people have by default, if anything.
    async fn default_role(&self) -> Result<Vec<Line>> {
        let (d, standing) = defaults::get(&self.access, &self.permit).await?;
        let Some(role) = d.role_id else { return Ok(Vec::new()) };
        let makers = [Some(&d.created_by), d.adopted_by.as_ref()];
        let makers = makers.into_iter().flatten().filter_map(|label| user(label)).collect();
        let names = self.people(&mut self.access.reader().await?, makers).await?;
        Ok(vec![Line {
            kind: "default",
            id: d.id.to_string(),
            place: self.tenant(d.tenant_id),
            home: self.tenant(d.tenant_id),
            role: self.role(role),
            source: "default".to_owned(),
            since: Some(d.created_at),
            by: by(&names, d.created_by),
            standing: words(standing),
            adopted_by: d.adopted_by.map(|a| by(&names, a)).unwrap_or_default(),
            adopted: d.adopted_at,
            ..Line::default()
        }])
    }

    async fn parked(&self, c: &mut Conn, rows: Vec<db::Parked>) -> Result<Vec<Line>> {
        let ids =
            rows.iter().map(|k| k.user_id).chain(rows.iter().filter_map(|k| user(&k.granted_by)));
        let names = self.people(c, ids.collect()).await?;
        let lines = rows.into_iter().map(|k| Line {
            kind: "parked",
            id: k.id.to_string(),
            place: self.place(&k.reach()),
            name: names.get(&k.user_id).cloned().unwrap_or(k.user_label),
            home: self.tenant(k.tenant_id),
            role: self.role(k.role_id),
            directory: self.directory(k.directory_id),
            source: "parked".to_owned(),
            since: Some(k.since),
            by: by(&names, k.granted_by),
            reason: k.group_name.unwrap_or_default(),
            ..Line::default()
        });
        Ok(lines.collect())
    }

    /// What people are called, with the name they sign in with.
    async fn people(&self, c: &mut Conn, ids: Vec<UserId>) -> Result<HashMap<UserId, String>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut ids: Vec<_> = ids.into_iter().map(|u| u.0).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = db::people(c, self.permit.tenant(), List::Ids(ids)).await?;
        let named = |p: db::Person| match p.display_name {
            Some(n) if n != p.user_name => (p.id, format!("{n} ({})", p.user_name)),
            _ => (p.id, p.user_name),
        };
        Ok(found.into_iter().map(named).collect())
    }
}

impl Access {
    /// A reader for the document.
    async fn reader(&self) -> Result<Conn> {
        // platform: people and groups of the provider's have roles in any tenant.
        self.0.store.read(Scope::Platform).await
    }
}

/// How whoever answers for something stands, for people.
fn words(standing: Standing) -> &'static str {
    match standing {
        Standing::InForce => "in force",
        Standing::AuthorLeft => "in force, who answered for it has left",
        Standing::Suspended => "suspended",
    }
}

fn page(after: Option<GrantId>) -> Query {
    Query { user: None, role: None, holds: false, after, limit: PIECE }
}

fn full(rows: usize) -> bool {
    rows >= PIECE as usize
}

/// The user whom a label of the audit trail names.
fn user(label: &str) -> Option<UserId> {
    UserId::parse(label.strip_prefix("user:")?)
}

/// Who did it: a person by name, if they are still there.
fn by(names: &HashMap<UserId, String>, label: String) -> String {
    user(&label).and_then(|u| names.get(&u).cloned()).unwrap_or(label)
}
