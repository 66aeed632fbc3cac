//! Where all begins: the one company somebody works for, or the choice among several; and of a company what is to be set
//! up, what waits for a decision, and how it is.

use super::{activity::Days, kit::if_any};
use crate::{
    Desk, PREFIX,
    api::Page,
    ask::{Answer, Ask, Trouble, on, page},
    nav::Section,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{Router, extract::Path, routing::get};
use futures::future::try_join_all;
use serde::Deserialize;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/admin", get(begin)).route("/admin/in/{tenant}", get(overview))
}

#[derive(Deserialize)]
struct Tenant {
    slug: String,
    status: String,
}

async fn begin(ask: Ask) -> Answer {
    let some: Page<Tenant> = ask.get("/tenants?limit=2").await?;
    match some.items.as_slice() {
        [one] if some.next.is_none() && one.status == "active" => {
            on(&format!("{PREFIX}/in/{}", one.slug), "")
        }
        _ => on(&format!("{PREFIX}/tenants"), ""),
    }
}

/// Something to be done, or that is done.
#[derive(Debug, Deserialize)]
struct Item {
    id: String,
    #[serde(default)]
    done: bool,
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    count: Option<i64>,
}

impl Item {
    /// The page where it is done, below the company's address; with `/admin` before it, one of the instance.
    fn path(&self) -> &'static str {
        match self.id.as_str() {
            "directory" | "signin" | "provisioning" | "directories" | "secrets" => "/directories",
            "domain" => "/domains",
            "groups" | "suspended" => "/mappings",
            "administrators" => "/users",
            "mfa" => "/policy",
            "break_glass" => "/admin/system#break-glass",
            "parked" | "adoptions" | "holds" => "/decisions",
            "elevations" => "/elevation",
            "reviews" => "/reviews",
            "bounced" => "/invitations",
            "letters" => "/mail",
            _ => "",
        }
    }
    /// The page's address, for whoever may see it.
    fn link(&self, shell: &Shell) -> Option<String> {
        let path = self.path();
        let may = match path {
            "/mappings" | "/decisions" | "/elevation" | "/reviews" => {
                shell.may("users.manage_roles")
            }
            "/users" | "/invitations" => shell.may("users.view"),
            _ if path.starts_with("/admin/") => shell.global(),
            _ => !path.is_empty() && shell.may("system.view_settings"),
        };
        let base = if path.starts_with("/admin/") { String::new() } else { shell.base() };
        may.then(|| format!("{base}{path}"))
    }
    fn says(&self) -> String {
        text::sentence(&self.detail)
    }
    /// What waits, with how much of it.
    fn much(&self) -> String {
        match self.count {
            Some(n) if n >= 1000 => "1,000 or more".to_owned(),
            Some(n) => text::thousands(n.unsigned_abs()),
            None => String::new(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Checklist {
    #[serde(default, alias = "items")]
    setup: Vec<Item>,
    #[serde(default)]
    attention: Vec<Item>,
    #[serde(default)]
    numbers: Counted,
}

/// How many there are, as far as the reader may know; a thousand stands for more.
#[derive(Debug, Default, Deserialize)]
struct Counted {
    users: Option<u64>,
    groups: Option<u64>,
    directories: Option<u64>,
    apps: Option<u64>,
    integrations: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Directory {
    id: String,
    name: String,
    status: String,
    stage: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Health {
    ok: bool,
    #[serde(default)]
    alarms: Vec<Alarm>,
    last_request_at: Option<When>,
}

#[derive(Debug, Deserialize)]
struct Alarm {
    #[serde(default)]
    detail: String,
}

impl Alarm {
    fn says(&self) -> String {
        text::sentence(&self.detail)
    }
}

/// A directory, and how it is.
struct Way {
    directory: Directory,
    health: Option<Health>,
}

impl Way {
    fn stage(&self) -> (&'static str, &'static str) {
        match (self.directory.status.as_str(), self.directory.stage.as_deref()) {
            ("active", Some("enforced")) => ("sign-in enforced", "good"),
            ("active", Some("active")) => ("sign-in active", "good"),
            ("active", Some("testing")) => ("sign-in being tested", "warn"),
            ("active", Some("draft")) => ("sign-in a draft", "warn"),
            ("active", _) => ("no sign-in", ""),
            _ => ("switched off", "bad"),
        }
    }
}

#[derive(Deserialize)]
struct Any {}

/// How many there are.
struct Number {
    label: &'static str,
    path: &'static str,
    shown: String,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Overview {
    shell: Shell,
    setup: Vec<Item>,
    waiting: Vec<Item>,
    checked: bool,
    numbers: Vec<Number>,
    ways: Vec<Way>,
    more_ways: bool,
    week: Option<Days>,
}

impl Overview {
    fn left(&self) -> usize {
        self.setup.iter().filter(|i| !i.done).count()
    }
    fn roles(&self) -> String {
        self.shell.me.place().map(|p| p.roles.join(", ")).unwrap_or_default()
    }
}

/// So many directories are asked how they are.
const ASKED: usize = 5;

async fn overview(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Home, "Overview").await?;
    let sees = shell.may("system.view_settings");
    let checklist = async {
        if sees { if_any::<Checklist>(&ask, &shell.api("/checklist")).await } else { Ok(None) }
    };
    let week = async {
        let sees = shell.may("system.view_logs");
        if sees { if_any(&ask, &shell.api("/statistics?days=7")).await } else { Ok(None) }
    };
    let ways = async { if sees { ways(&ask, &shell).await } else { Ok((Vec::new(), false)) } };
    let lists = async { if sees { Ok(Vec::new()) } else { lists(&ask, &shell).await } };
    // Each asks for something else: they wait together.
    let (checklist, (ways, more_ways), week, lists) =
        futures::try_join!(checklist, ways, week, lists)?;
    let checked = checklist.is_some();
    let numbers = checklist.as_ref().map_or(lists, |list| numbers(&list.numbers));
    let Checklist { setup, attention, .. } = checklist.unwrap_or_default();
    let waiting = attention.into_iter().filter(|i| !i.done).collect();
    page(&Overview { shell, setup, waiting, checked, numbers, ways, more_ways, week })
}

async fn ways(ask: &Ask, shell: &Shell) -> Result<(Vec<Way>, bool), Trouble> {
    let found: Page<Directory> =
        ask.get(&shell.api(&format!("/directories?limit={}", ASKED + 1))).await?;
    let more = found.items.len() > ASKED;
    let ways = found.items.into_iter().take(ASKED).map(async |directory| {
        let path = shell.api(&format!("/directories/{}/health", text::escape(&directory.id)));
        Ok::<_, Trouble>(Way { health: if_any(ask, &path).await?, directory })
    });
    Ok((try_join_all(ways).await?, more))
}

fn numbers(n: &Counted) -> Vec<Number> {
    let all = [
        ("Users", "/users", n.users),
        ("Groups", "/groups", n.groups),
        ("Directories", "/directories", n.directories),
        ("Applications", "/apps", n.apps),
        ("Integrations", "/integrations", n.integrations),
    ];
    let shown = |n: u64| if n >= 1000 { "1,000 or more".to_owned() } else { n.to_string() };
    all.into_iter()
        .filter_map(|(label, path, n)| Some(Number { label, path, shown: shown(n?) }))
        .collect()
}

/// For whoever sees no settings: counted to a hundred, more are not looked at.
async fn lists(ask: &Ask, shell: &Shell) -> Result<Vec<Number>, Trouble> {
    const ALL: [(&str, &str, &str); 3] = [
        ("Users", "/users", "users.view"),
        ("Groups", "/groups", "users.view"),
        ("Integrations", "/integrations", "system.manage_integrations"),
    ];
    let may = |(.., needs): &(_, _, &str)| shell.may(needs);
    let numbers = ALL.into_iter().filter(may).map(async |(label, path, _)| {
        let found = if_any::<Page<Any>>(ask, &shell.api(&format!("{path}?limit=100"))).await?;
        let shown = found.map(|found| match found.items.len() {
            n if found.next.is_some() => format!("{n}+"),
            n => n.to_string(),
        });
        Ok::<_, Trouble>(shown.map(|shown| Number { label, path, shown }))
    });
    Ok(try_join_all(numbers).await?.into_iter().flatten().collect())
}
