//! Where a person has which role, and changing what they were given by hand in one company.
//!
//! A change is sent as what was ticked and unticked, each role by itself, so that what others change meanwhile stays; it
//! is tried first, and done only if none of it would be refused.

use super::{At, Frame, open, ways::Way};
use crate::{
    PREFIX,
    api::{Page, Sent},
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    problem::Problem,
    rooms::users::choose::{self, Role},
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde::Deserialize;
use serde_json::json;

/// What somebody has, place by place.
#[derive(Debug, Deserialize)]
pub(super) struct Access {
    pub(super) nothing_counts: Option<String>,
    #[serde(rename = "access")]
    pub(super) places: Vec<There>,
    #[serde(default)]
    pub(super) pending: Vec<Pending>,
}

impl Access {
    /// Why nothing counts, as a sentence.
    pub(super) fn void(&self) -> Option<String> {
        self.nothing_counts.as_deref().map(text::sentence)
    }
}

/// In one place.
#[derive(Debug, Deserialize)]
pub(super) struct There {
    pub(super) tenant: Option<String>,
    pub(super) slug: Option<String>,
    name: Option<String>,
    #[serde(default)]
    pub(super) everywhere: bool,
    scope: super::ways::Scope,
    #[serde(rename = "roles")]
    pub(super) ways: Vec<Way>,
}

impl There {
    /// What the place is called.
    pub(super) fn called(&self) -> &str {
        match &self.name {
            Some(name) => name,
            None if self.everywhere => "The whole instance",
            None => &self.scope.text,
        }
    }
    /// The row of what gives a role of `user` here, for whoever manages roles in the page's tenant, or everywhere.
    pub(super) fn row(&self, shell: &Shell, w: &Way, user: &str) -> Option<(&'static str, String)> {
        if self.everywhere {
            let base = format!("{PREFIX}/instance");
            return w.row(&base, user).filter(|_| shell.global());
        }
        let slug = self.slug.as_deref()?;
        let may = shell.global() || slug == shell.slug() && shell.may("users.manage_roles");
        w.row(&format!("{PREFIX}/in/{slug}"), user).filter(|_| may)
    }
    /// Whether anything there was given by hand.
    pub(super) fn by_hand(&self) -> bool {
        self.ways.iter().any(Way::by_hand)
    }
}

/// A role that comes with an invitation.
#[derive(Debug, Deserialize)]
pub(super) struct Pending {
    pub(super) role: super::ways::RoleName,
    pub(super) invitation: String,
    pub(super) invited_by: String,
    pub(super) expires_at: When,
}

/// What the person of this page has, their own company first.
pub(super) async fn of(ask: &Ask, frame: &Frame) -> Result<Access, Problem> {
    let mut access: Access = ask.get(&frame.api("/access")).await?;
    let home = frame.shell.me.place().map(|p| p.tenant.clone());
    if !access.places.iter().any(|p| p.tenant.is_some() && p.tenant == home) {
        let (slug, name) = (frame.shell.slug().to_owned(), frame.shell.company().to_owned());
        access.places.push(There {
            tenant: home.clone(),
            slug: Some(slug),
            name: Some(name.clone()),
            everywhere: false,
            scope: super::ways::Scope { text: name },
            ways: Vec::new(),
        });
    }
    // First their own, then other companies by name, then what reaches many.
    access
        .places
        .sort_by_cached_key(|p| (p.tenant != home, p.tenant.is_none(), p.called().to_owned()));
    Ok(access)
}

/// A role, and what it permits.
#[derive(Deserialize)]
struct Permits {
    id: String,
    permissions: Vec<String>,
}

/// Whether they are known to hold more here than whoever looks, who then sets nothing of what they sign in with. Nothing is
/// known of it to whoever does not manage roles, nor here of other companies: the API decides.
pub(super) async fn more(ask: &Ask, frame: &Frame) -> Result<bool, Problem> {
    let shell = &frame.shell;
    let Some(here) = shell.me.place() else { return Ok(false) };
    if shell.global() || frame.own || !shell.may("users.manage_roles") {
        return Ok(false);
    }
    let held: Access = ask.get(&frame.api("/access")).await?;
    let roles: Page<Permits> = ask.get(&shell.api("/roles?limit=500")).await?;
    let theirs = held.places.iter().filter(|p| p.tenant.as_ref() == Some(&here.tenant));
    let counts = theirs.flat_map(|p| &p.ways).filter(|w| w.does_not_count.is_none());
    let beyond = |r: &&Permits| {
        // What has no dot is of no catalogue: it is for oneself.
        r.permissions.iter().any(|p| p.contains('.') && !here.permissions.contains(p))
    };
    let beyond: Vec<&Permits> = roles.items.iter().filter(beyond).collect();
    Ok(counts.into_iter().any(|w| beyond.iter().any(|r| r.id == w.role.id)))
}

#[derive(Template)]
#[template(path = "person_access.html")]
struct Edit {
    frame: Frame,
    /// The company: its short name and its name.
    slug: String,
    company: String,
    roles: Vec<Role>,
    /// Given by hand when the form was made.
    had: Vec<String>,
    ticked: Vec<String>,
    /// What they have there in other ways, and keep.
    others: Vec<Way>,
}

impl std::ops::Deref for Edit {
    type Target = Frame;
    fn deref(&self) -> &Frame {
        &self.frame
    }
}

impl Edit {
    fn has(&self, role: &str) -> bool {
        self.ticked.iter().any(|r| r == role)
    }
}

/// The company that a page is about.
#[derive(Debug, Deserialize)]
struct Company {
    id: String,
    slug: String,
    name: String,
}

async fn company(ask: &Ask, frame: &Frame, slug: &str) -> Result<Company, Problem> {
    let here = frame.shell.slug();
    if slug.is_empty() || slug == here {
        let id = frame.shell.me.place().map_or(String::new(), |p| p.tenant.clone());
        let name = frame.shell.company().to_owned();
        return Ok(Company { id, slug: here.to_owned(), name });
    }
    // Whoever gives roles somewhere need not see its settings: the list of companies names it.
    let found = choose::companies(ask, slug, "100").await?;
    let one = found.into_iter().find(|c| c.slug == slug).ok_or_else(Problem::nothing)?;
    Ok(Company { id: one.id, slug: one.slug, name: one.name })
}

async fn editing(ask: &Ask, frame: Frame, typed: Option<&Form>) -> Result<Edit, Problem> {
    let slug = typed.map_or(ask.word("in"), |f| f.get("in"));
    let company = company(ask, &frame, slug).await?;
    let mut roles = choose::given(choose::roles(ask, &format!("/tenants/{}", company.id)).await?);
    let access = of(ask, &frame).await?;
    let there = access.places.into_iter().find(|p| p.tenant.as_ref() == Some(&company.id));
    let ways = there.map(|p| p.ways).unwrap_or_default();
    let (hand, others): (Vec<Way>, Vec<Way>) = ways.into_iter().partition(Way::by_hand);
    for w in &hand {
        if !roles.iter().any(|r| r.id == w.role.id) {
            let (id, name) = (w.role.id.clone(), w.role.name.clone());
            let description = String::new();
            roles.push(Role { id, name, description, demands_mfa: false, built_in: false });
        }
    }
    let had = hand.into_iter().map(|w| w.role.id).collect::<Vec<_>>();
    let (had, ticked) = match typed {
        Some(form) => (form.all("had"), form.all("role")),
        None => (had.clone(), had),
    };
    let title = format!("Roles in {}", company.name);
    let frame = frame.below(&title);
    Ok(Edit { frame, slug: company.slug, company: company.name, roles, had, ticked, others })
}

pub(super) async fn form(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?;
    page(&editing(&ask, frame, None).await?)
}

#[derive(Deserialize)]
struct Became {
    rows: Vec<RowBecame>,
}

#[derive(Deserialize)]
struct RowBecame {
    outcome: String,
    problem: Option<Problem>,
}

/// Gives and takes: tried, and then done.
async fn change(
    ask: &Ask,
    frame: &Frame,
    company: &Company,
    (give, take): (&[String], &[String]),
    key: &str,
) -> Result<(), Problem> {
    let (user, tenant) = (&frame.person.id, &company.id);
    let row = |action: &str, role: &String| {
        let (user, tenant) = (user.as_str(), tenant.as_str());
        json!({ "user": user, "action": action, "role": role, "tenant": tenant })
    };
    // What is given comes first: a swap of roles leaves nobody without one in between.
    let rows: Vec<_> = give.iter().map(|r| row("give_role", r)).collect();
    let rows: Vec<_> = rows.into_iter().chain(take.iter().map(|r| row("take_role", r))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    for dry_run in [true, false] {
        let body = json!({ "rows": rows, "dry_run": dry_run });
        let key = if dry_run { "" } else { key };
        let sent = Sent::json(body).key(key);
        let became: Became = ask.call(Method::POST, &frame.shell.api("/users/bulk"), sent).await?;
        if let Some(row) = became.rows.into_iter().find(|r| r.outcome != "done") {
            let p = row.problem.unwrap_or_else(|| Problem::typed("role", "it was not done"));
            return Err(Problem { field: Some("role".to_owned()), ..p });
        }
    }
    Ok(())
}

pub(super) async fn save(ask: Ask, Path((t, id)): Path<(String, String)>, typed: Form) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?;
    let there = company(&ask, &frame, typed.get("in")).await?;
    let (had, wanted) = (typed.all("had"), typed.all("role"));
    let minus = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|r| !b.contains(r)).cloned().collect()
    };
    let (give, take) = (minus(&wanted, &had), minus(&had, &wanted));
    match change(&ask, &frame, &there, (&give, &take), typed.key()).await {
        Ok(()) => on(&frame.base(), "saved"),
        Err(p) if p.mendable() || p.status == 404 => {
            let status = p.http();
            shown(status, &editing(&ask, frame.problem(p), Some(&typed)).await?)
        }
        Err(p) => Err(p.into()),
    }
}

#[derive(Template)]
#[template(path = "person_access_remove.html")]
struct Remove {
    frame: Frame,
    slug: String,
    company: String,
    goes: Vec<Way>,
    stays: Vec<Way>,
}

impl std::ops::Deref for Remove {
    type Target = Frame;
    fn deref(&self) -> &Frame {
        &self.frame
    }
}

async fn removing(ask: &Ask, frame: Frame, slug: &str) -> Result<Remove, Problem> {
    let company = company(ask, &frame, slug).await?;
    let access = of(ask, &frame).await?;
    let there = access.places.into_iter().find(|p| p.tenant.as_ref() == Some(&company.id));
    let ways = there.map(|p| p.ways).unwrap_or_default();
    let (goes, stays) = ways.into_iter().partition(Way::by_hand);
    let title = format!("Take {} out of {}?", frame.person.name(), company.name);
    let frame = frame.below(&title);
    Ok(Remove { frame, slug: company.slug, company: company.name, goes, stays })
}

pub(super) async fn ask_remove(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?;
    page(&removing(&ask, frame, ask.word("in")).await?)
}

pub(super) async fn remove(ask: Ask, Path((t, id)): Path<(String, String)>, typed: Form) -> Answer {
    let frame = open(&ask, &t, &id, At::Overview).await?;
    let there = company(&ask, &frame, typed.get("in")).await?;
    match change(&ask, &frame, &there, (&[], &typed.all("role")), typed.key()).await {
        Ok(()) => on(&frame.base(), "removed"),
        Err(p) if p.mendable() || p.status == 404 => {
            let status = p.http();
            let p = Problem { field: None, ..p };
            shown(status, &removing(&ask, frame.problem(p), typed.get("in")).await?)
        }
        Err(p) => Err(p.into()),
    }
}
