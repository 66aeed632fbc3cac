//! What a tenant's administrators find first: how far the setting up is, and what waits for a decision. Nothing is asked of
//! anybody outside: it is read of the rows, in one statement, and of the guard of the last administrator.

mod db;

use crate::{
    access::{Permit, guard, perm::SystemViewSettings},
    app::App,
    error::Result,
    store::Scope,
    tenants::{self, MfaDefault},
    tx,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

/// Secrets that end within this time are told of, and for as long after their end.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);

/// A thing to be done, or that is done.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ChecklistItem")]
pub struct Item {
    /// A word for programs.
    pub id: &'static str,
    /// Whether there is nothing left to do.
    pub done: bool,
    /// For people.
    pub title: &'static str,
    /// How it stands, and what to do.
    pub detail: String,
    /// How many there are; of what there may be very many, 1000 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
}

/// Both lists.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Checklist {
    /// What sets a tenant up, in the order in which it is done.
    pub setup: Vec<Item>,
    /// What waits for somebody; what is `done` there waits for nobody.
    pub attention: Vec<Item>,
    /// How many there are of what.
    pub numbers: Numbers,
}

/// How many there are in a tenant; what the reader may not list is left out, and of users and groups 1000 at most are
/// counted.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ChecklistNumbers")]
pub struct Numbers {
    /// Whoever is in it, integration users among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<i64>,
    /// Its directories' groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<i64>,
    /// Its directories.
    pub directories: i64,
    /// Its applications.
    pub apps: i64,
    /// Its integration users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrations: Option<i64>,
}

/// Which numbers the reader may know besides those of settings.
#[derive(Debug, Clone, Copy)]
pub struct Sees {
    /// Users and groups.
    pub people: bool,
    /// Integration users.
    pub integrations: bool,
}

fn setup(id: &'static str, title: &'static str, done: bool, (yes, no): (String, &str)) -> Item {
    let detail = if done { yes } else { no.to_owned() };
    Item { id, done, title, detail, count: None }
}

fn waits(id: &'static str, title: &'static str, count: i64, what: &str) -> Item {
    let detail = if count == 0 { "nothing waits" } else { what };
    Item { id, done: count == 0, title, detail: detail.to_owned(), count: Some(count) }
}

/// How far the permit's tenant is set up, and what waits there.
///
/// # Errors
/// The database's.
pub async fn checklist(
    app: &App,
    permit: &Permit<SystemViewSettings>,
    sees: Sees,
) -> Result<Checklist> {
    let (store, t) = (&app.store, permit.tenant());
    let now = store.clock().now();
    // platform: the provider's people ask for roles and hold some in other tenants.
    let mut c = store.read_steadily(Scope::Platform).await?;
    let f = db::facts(&mut c, t, now, (now.minus(SOON), now.plus(SOON))).await?;
    drop(c);
    // platform: so are administrators.
    let mut c = store.read(Scope::Platform).await?;
    let seen = guard::acting_by_hand(&mut c, t, now).await?;
    drop(c);
    let mfa = tenants::get(store, t).await?.policy.0.mfa.default;
    let administrators = match seen {
        Some(seen) => seen,
        None => tx!(store, &app.system(), [], |tx| {
            tx.unaudited("nothing is written");
            guard::acting_administrators(tx, t).await
        })?,
    };
    let numbers = Numbers {
        users: sees.people.then_some(f.users),
        groups: sees.people.then_some(f.groups),
        directories: f.directories,
        apps: f.apps,
        integrations: sees.integrations.then_some(f.integrations),
    };
    let setup = steps(&f, mfa, administrators.len());
    Ok(Checklist { setup, attention: attention(&f), numbers })
}

fn steps(f: &db::Facts, mfa: MfaDefault, administrators: usize) -> Vec<Item> {
    let mut all = vec![
        setup(
            "directory",
            "A directory",
            f.directories > 0,
            (
                format!("there are {}", f.directories),
                "make one: it says who works here and lets people in",
            ),
        ),
        setup(
            "signin",
            "Its sign-in",
            f.ways_in > 0,
            (
                "people sign in through a directory".to_owned(),
                if f.untested > 0 {
                    "ask for a test login, sign in, then activate it"
                } else {
                    "give a directory the settings of its sign-in, test it, then activate it"
                },
            ),
        ),
        setup(
            "domain",
            "An e-mail domain",
            f.domains > 0,
            (
                format!("there are {}", f.domains),
                "ask for one and publish what the answer says in DNS, so that people are found by their address",
            ),
        ),
        setup(
            "provisioning",
            "Provisioning",
            f.provisioned_at.is_some() && f.unwell == 0,
            (
                f.provisioned_at.map_or_else(String::new, |at| {
                    format!("the last request that was done came at {}", at.rfc3339())
                }),
                if f.unwell > 0 {
                    "a directory is not well: see its health"
                } else {
                    "make a SCIM token and give it to the directory: no request of one was done yet"
                },
            ),
        ),
        Item {
            count: Some(f.unmapped),
            ..setup(
                "groups",
                "Groups that give roles",
                f.mappings > 0,
                (
                    format!("{} of the directories' groups give no role", f.unmapped),
                    if f.groups > 0 {
                        "map a group to a role"
                    } else {
                        "have the directory bring groups, then map them to roles"
                    },
                ),
            )
        },
        Item {
            count: i64::try_from(administrators).ok(),
            ..setup(
                "administrators",
                "Two administrators who can sign in",
                administrators >= 2,
                (
                    format!("there are {administrators}"),
                    "make another: a lost phone should lock nobody out",
                ),
            )
        },
        setup(
            "mfa",
            "Second factors",
            mfa != MfaDefault::Never,
            (
                match mfa {
                    MfaDefault::Always => "demanded of everybody".to_owned(),
                    _ => "demanded of whoever has a role that asks for one".to_owned(),
                },
                "set a policy that asks for second factors",
            ),
        ),
    ];
    if f.provider {
        all.push(Item {
            count: Some(f.sealed),
            ..setup(
                "break_glass",
                "A sealed account for emergencies",
                f.sealed > 0,
                (
                    format!("there are {}", f.sealed),
                    "make one at the shell (muster admin break-glass), and keep what it prints in a safe",
                ),
            )
        });
    }
    all
}

fn attention(f: &db::Facts) -> Vec<Item> {
    vec![
        waits(
            "parked",
            "Parked changes",
            f.parked,
            "a directory took away more than its limit: let the roles go, or keep them",
        ),
        waits(
            "adoptions",
            "People whom a directory wants",
            f.adoptions,
            "let the directory take them over, or not",
        ),
        waits("elevations", "Requests for a role", f.elevations, "approve or refuse them"),
        waits(
            "holds",
            "Held roles",
            f.holds,
            "a directory took the last holder away: keep or drop the role",
        ),
        waits("reviews", "Reviews", f.reviews, "decide about what is undecided"),
        waits(
            "secrets",
            "Secrets that end",
            f.secrets,
            "make new ones and give them to whoever uses them: they end within 14 days, or have ended",
        ),
        waits(
            "bounced",
            "Invitations that did not arrive",
            f.bounced,
            "correct the address or send them again",
        ),
        waits(
            "letters",
            "Letters that did not leave",
            f.unsent,
            "see what the mail server says (letters/unsent)",
        ),
        waits(
            "suspended",
            "What is suspended",
            f.suspended,
            "mappings, integration users or the default role count for nothing until somebody answers for them",
        ),
        waits(
            "directories",
            "Directories that are not well",
            f.unwell,
            "see their health: silent, failing, or a token that ends",
        ),
    ]
}
