//! The way around: which pages there are, and which permission each is for.

/// A page of the way around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What to do next, and what waits.
    Home,
    /// People.
    Users,
    /// The directories' groups.
    Groups,
    /// Who was invited.
    Invitations,
    /// What waits for a decision.
    Decisions,
    /// Roles.
    Roles,
    /// Groups that give roles.
    Mappings,
    /// Roles given by hand.
    Grants,
    /// Whether somebody may, and why.
    Explain,
    /// Roles for a while.
    Elevation,
    /// Reviews of who has what.
    Reviews,
    /// Directories.
    Directories,
    /// E-mail domains.
    Domains,
    /// Applications.
    Apps,
    /// Integration users.
    Integrations,
    /// How people sign in, and for how long.
    Policy,
    /// Letters: how they look, and which wait.
    Mail,
    /// Who tried to sign in.
    Signins,
    /// What was done.
    Audit,
    /// Charts.
    Activity,
    /// All tenants.
    Tenants,
    /// Roles on the whole instance.
    InstanceGrants,
    /// Roles on the whole instance, for a while.
    InstanceElevation,
    /// What was done to the instance.
    InstanceAudit,
    /// The installation.
    System,
    /// Whether it is well.
    Health,
}

/// An entry.
struct Entry {
    section: Section,
    label: &'static str,
    /// Under the tenant's address, or under the instance's.
    path: &'static str,
    /// Any of these shows it; none: for everybody who has something there.
    needs: &'static [&'static str],
}

const fn e(
    section: Section,
    label: &'static str,
    path: &'static str,
    needs: &'static [&'static str],
) -> Entry {
    Entry { section, label, path, needs }
}

const ROLES: &[&str] = &["users.manage_roles"];
const VIEW: &[&str] = &["system.view_settings"];
const LOGS: &[&str] = &["system.view_logs"];

/// Of a tenant, by heading.
const OF_TENANT: &[(&str, &[Entry])] = &[
    ("", &[e(Section::Home, "Overview", "", &[])]),
    (
        "People",
        &[
            e(Section::Users, "Users", "/users", &["users.view"]),
            e(Section::Groups, "Groups", "/groups", &["users.view"]),
            e(Section::Invitations, "Invitations", "/invitations", &["users.view"]),
            e(Section::Decisions, "Decisions", "/decisions", ROLES),
        ],
    ),
    (
        "Access",
        &[
            e(Section::Roles, "Roles", "/roles", ROLES),
            e(Section::Mappings, "Group mappings", "/mappings", ROLES),
            e(Section::Grants, "Assignments", "/assignments", ROLES),
            e(Section::Explain, "Why may they?", "/explain", ROLES),
            e(Section::Elevation, "Roles for a while", "/elevation", ROLES),
            e(Section::Reviews, "Reviews", "/reviews", ROLES),
        ],
    ),
    (
        "Connections",
        &[
            e(Section::Directories, "Directories", "/directories", VIEW),
            e(Section::Domains, "Domains", "/domains", VIEW),
            e(Section::Apps, "Applications", "/apps", VIEW),
            e(
                Section::Integrations,
                "Integrations",
                "/integrations",
                &["system.manage_integrations"],
            ),
        ],
    ),
    (
        "Settings",
        &[e(Section::Policy, "Policies", "/policy", VIEW), e(Section::Mail, "Mail", "/mail", VIEW)],
    ),
    (
        "Record",
        &[
            e(Section::Signins, "Sign-ins", "/signins", LOGS),
            e(Section::Audit, "Audit trail", "/audit", LOGS),
            e(Section::Activity, "Activity", "/activity", LOGS),
        ],
    ),
];

/// Of the instance, for Global Administrators.
const OF_INSTANCE: &[Entry] = &[
    e(Section::Tenants, "Tenants", "/tenants", &[]),
    e(Section::InstanceGrants, "Instance roles", "/instance/assignments", &[]),
    e(Section::InstanceElevation, "Instance roles for a while", "/system/elevation", &[]),
    e(Section::InstanceAudit, "Instance audit", "/instance/audit", &[]),
    e(Section::System, "System", "/system", &[]),
    e(Section::Health, "Health", "/health", &[]),
];

/// A link.
#[derive(Debug, Clone)]
pub struct Link {
    /// What it says.
    pub label: &'static str,
    /// Where it leads.
    pub to: String,
    /// Whether it is this page.
    pub current: bool,
}

/// Links under a heading, which may be empty.
#[derive(Debug, Clone)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// The links.
    pub links: Vec<Link>,
}

/// The links of whoever `may`; `base` is the tenant's address, if the page is a tenant's.
pub fn links(
    at: Section,
    base: Option<&str>,
    global: bool,
    may: impl Fn(&str) -> bool,
) -> Vec<Group> {
    let mut groups = Vec::new();
    if let Some(base) = base {
        for (title, entries) in OF_TENANT {
            let shown =
                entries.iter().filter(|e| e.needs.is_empty() || e.needs.iter().any(|p| may(p)));
            let links: Vec<Link> = shown
                .map(|e| Link {
                    label: e.label,
                    to: format!("{base}{}", e.path),
                    current: e.section == at,
                })
                .collect();
            if !links.is_empty() {
                groups.push(Group { title, links });
            }
        }
    }
    let wide = OF_INSTANCE.iter().filter(|e| global || e.section == Section::Tenants);
    let links = wide.map(|e| Link {
        label: e.label,
        to: format!("{}{}", crate::PREFIX, e.path),
        current: e.section == at,
    });
    groups.push(Group {
        title: if global { "Instance" } else { "Companies" },
        links: links.collect(),
    });
    groups
}
