//! Inviting many: lines that are pasted, what would be sent, and what became of each.

use crate::{
    api::{Page, Sent},
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    rooms::users::{
        User,
        choose::{self, Role},
    },
    shell::Shell,
    text,
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashSet;

/// Rows of one request.
const ROWS: usize = 500;
/// So many addresses are looked for before anything is sent.
const LOOKED_FOR: usize = 50;

/// A line that was pasted.
struct Line {
    email: String,
    name: String,
    roles: Vec<String>,
    /// What is wrong with it, before anything is sent.
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "invitations_many.html")]
struct Paste {
    shell: Shell,
    form: Form,
    kinds: Vec<(&'static str, &'static str)>,
    roles: Vec<Role>,
    locales: [(&'static str, &'static str); 3],
}

impl Paste {
    fn has(&self, role: &str) -> bool {
        self.form.all("role").iter().any(|r| r == role)
    }
}

#[derive(Template)]
#[template(path = "invitations_many_look.html")]
struct Look {
    shell: Shell,
    form: Form,
    lines: Vec<Line>,
    /// Names of the roles that all of them get.
    all: Vec<String>,
}

impl Look {
    fn good(&self) -> usize {
        self.lines.iter().filter(|l| l.wrong.is_none()).count()
    }
    fn bad(&self) -> usize {
        self.lines.len() - self.good()
    }
    /// What this one gets.
    fn gets(&self, line: &Line) -> String {
        let mut all = self.all.clone();
        all.extend(line.roles.iter().filter(|r| !self.all.contains(r)).cloned());
        all.join(", ")
    }
}

async fn frame(ask: &Ask, t: &str, title: &str) -> Result<Shell, Trouble> {
    let shell = ask.shell(t, Section::Invitations, title).await?;
    let to = format!("{}/invitations", shell.base());
    Ok(shell.crumb("Invitations", to))
}

async fn roles(ask: &Ask, shell: &Shell) -> Result<Vec<Role>, Problem> {
    Ok(choose::given(choose::roles_here(ask, shell).await?))
}

async fn paste(ask: &Ask, shell: Shell, form: Form) -> Result<Paste, Problem> {
    let roles = roles(ask, &shell).await?;
    let (kinds, locales) = (choose::kinds(&shell), choose::LOCALES);
    Ok(Paste { shell, form, kinds, roles, locales })
}

pub(super) async fn empty(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = frame(&ask, &t, "Invite many").await?;
    choose::needed(&shell, "users.add")?;
    page(&paste(&ask, shell, Form::default()).await?)
}

pub(super) async fn back(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Invitations, "").await?;
    on(&format!("{}/invitations/many", shell.base()), "")
}

/// The cells of a line: split at the first of comma, semicolon and tab that is there; quotes hold them together.
fn cells(line: &str) -> Vec<String> {
    let outside = |c: char| {
        let mut quoted = false;
        line.chars().any(|x| {
            quoted ^= x == '"';
            !quoted && x == c
        })
    };
    let parts = ['\t', ',', ';'];
    let split = parts.into_iter().find(|c| outside(*c)).unwrap_or(',');
    let (mut out, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            c if c == split && !quoted => out.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    out.push(cell);
    out.into_iter().map(|c| c.trim().to_owned()).collect()
}

/// Which column holds what; without a line of headings it is address, name, roles.
struct Columns {
    email: usize,
    name: Option<usize>,
    roles: Option<usize>,
}

impl Columns {
    fn of(heading: &[String]) -> Option<Self> {
        let at = |names: &[&str]| {
            heading.iter().position(|h| names.contains(&h.to_ascii_lowercase().as_str()))
        };
        Some(Self {
            email: at(&["email", "e-mail", "mail", "address", "e-mail address", "email address"])?,
            name: at(&["name", "display_name", "display name", "displayname"]),
            roles: at(&["role", "roles"]),
        })
    }
}

/// `Anna Ames <anna@contoso.com>`, as mail programs copy people.
fn called(cell: &str) -> Option<(&str, &str)> {
    let (name, rest) = cell.split_once('<')?;
    Some((name.trim(), rest.strip_suffix('>')?.trim()))
}

/// Reads what was pasted.
fn read(text: &str, known: &[Role]) -> Vec<Line> {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let mut all: Vec<Vec<String>> = lines.map(cells).collect();
    let columns = all.first().and_then(|l| Columns::of(l));
    if columns.is_some() {
        all.remove(0);
    }
    let columns = columns.unwrap_or(Columns { email: 0, name: Some(1), roles: Some(2) });
    let mut seen = HashSet::new();
    let line = |cells: Vec<String>| {
        let cell = |at: Option<usize>| at.and_then(|n| cells.get(n)).cloned().unwrap_or_default();
        let (mut email, mut name) = (cell(Some(columns.email)), cell(columns.name));
        if let Some((n, e)) = called(&email.clone()) {
            if name.is_empty() {
                n.clone_into(&mut name);
            }
            e.clone_into(&mut email);
        }
        let roles = cell(columns.roles);
        let roles = roles.split(['|', ';', ',']).map(|r| r.trim().to_owned());
        let roles: Vec<String> = roles.filter(|r| !r.is_empty()).collect();
        // With few roles all are known here; of many, the API says.
        let unknown = roles.iter().find(|r| {
            let same = |k: &Role| k.id == **r || k.name.eq_ignore_ascii_case(r);
            known.len() < 200 && !known.iter().any(same)
        });
        let wrong = if !email.contains('@') {
            Some("no e-mail address".to_owned())
        } else if !seen.insert(email.to_lowercase()) {
            Some("stands here twice".to_owned())
        } else {
            unknown.map(|r| format!("there is no role '{r}' here that you could give"))
        };
        Line { email, name, roles, wrong }
    };
    all.into_iter().map(line).collect()
}

/// Marks who is there already.
async fn there(ask: &Ask, shell: &Shell, lines: &mut [Line]) -> Result<(), Problem> {
    if lines.len() > LOOKED_FOR {
        return Ok(());
    }
    for line in lines.iter_mut().filter(|l| l.wrong.is_none()) {
        let query = text::query([("starts", line.email.as_str()), ("limit", "5")]);
        let found: Page<User> = ask.get(&shell.api(&format!("/users{query}"))).await?;
        let same = |u: &User| {
            let email = u.email.as_deref().unwrap_or_default();
            email.eq_ignore_ascii_case(&line.email)
                || u.signs_in_as.eq_ignore_ascii_case(&line.email)
        };
        if found.items.iter().any(same) {
            line.wrong = Some("is here already".to_owned());
        }
    }
    Ok(())
}

fn checked(form: &Form, known: &[Role]) -> Result<Vec<Line>, Problem> {
    let lines = read(form.exact("people"), known);
    match lines.len() {
        0 => Err(Problem::typed("people", "paste at least one line")),
        n if n > ROWS => {
            Err(Problem::typed("people", format!("{n} lines are too many; {ROWS} at most at once")))
        }
        _ => Ok(lines),
    }
}

/// What would be sent; nothing is.
pub(super) async fn look(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = frame(&ask, &t, "Invite many").await?;
    if form.ticked("back") {
        return page(&paste(&ask, shell, form).await?);
    }
    let known = roles(&ask, &shell).await?;
    let mut lines = match checked(&form, &known) {
        Ok(lines) => lines,
        Err(p) => {
            let status = p.http();
            return shown(status, &paste(&ask, shell.problem(Some(p)), form).await?);
        }
    };
    there(&ask, &shell, &mut lines).await?;
    let ticked = form.all("role");
    let all = known.into_iter().filter(|r| ticked.contains(&r.id)).map(|r| r.name).collect();
    let shell = shell.titled("Invite these people?");
    page(&Look { shell, form, lines, all })
}

#[derive(Deserialize)]
struct Became {
    made: u64,
    exists: u64,
    refused: u64,
    stopped: u64,
    rows: Vec<RowBecame>,
}

#[derive(Deserialize)]
struct RowBecame {
    email: String,
    outcome: String,
    invitation: Option<super::Invitation>,
    field: Option<String>,
    why: Option<String>,
    hint: Option<String>,
}

impl RowBecame {
    fn tag(&self) -> (&'static str, &'static str) {
        match self.outcome.as_str() {
            "made" => ("invited", "good"),
            "exists" => ("here already", ""),
            "stopped" => ("not reached", "warn"),
            _ => ("refused", "bad"),
        }
    }
    fn why(&self) -> String {
        match (&self.why, &self.field) {
            (Some(why), Some(field)) => format!("{} ({field})", text::sentence(why)),
            (Some(why), None) => text::sentence(why),
            _ => String::new(),
        }
    }
    fn hint(&self) -> String {
        self.hint.as_deref().map(text::sentence).unwrap_or_default()
    }
    fn link(&self) -> Option<&str> {
        self.invitation.as_ref().and_then(|i| i.link.as_deref())
    }
}

#[derive(Template)]
#[template(path = "invitations_many_done.html")]
struct After {
    shell: Shell,
    became: Became,
}

impl After {
    /// No letters leave: the links are to be handed over.
    fn links(&self) -> bool {
        self.became.rows.iter().any(|r| r.link().is_some())
    }
}

/// Sends them, each by itself.
pub(super) async fn run(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = frame(&ask, &t, "Invite many").await?;
    let known = roles(&ask, &shell).await?;
    let all = form.all("role");
    let sent = async {
        let lines = checked(&form, &known)?;
        let rows: Vec<_> = lines
            .iter()
            .filter(|l| l.wrong.is_none())
            .map(|l| {
                let roles: Vec<_> =
                    all.iter().chain(&l.roles).map(|r| json!({ "role": r })).collect();
                json!({
                    "email": l.email,
                    "display_name": Some(&l.name).filter(|n| !n.is_empty()),
                    "kind": form.some("kind").unwrap_or("tenant"),
                    "roles": roles,
                    "locale": form.some("locale"),
                })
            })
            .collect();
        let body = Sent::json(json!({ "rows": rows })).key(form.key());
        ask.call::<Became>(Method::POST, &shell.api("/invitations/bulk"), body).await
    };
    match sent.await {
        Ok(became) => page(&After { shell: shell.titled("Invited"), became }),
        Err(p) if p.mendable() => {
            let status = p.http();
            shown(status, &paste(&ask, shell.problem(Some(p)), form).await?)
        }
        Err(p) => Err(p.into()),
    }
}
