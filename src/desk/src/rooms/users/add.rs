//! Adding somebody: who they are, what they may do where, and how they get to know.

use super::{
    User,
    choose::{self, Company, Role},
};
use crate::{
    api::Sent,
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
    text,
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde::Deserialize;
use serde_json::{Value, json};

/// How the person gets to know.
const HOW: [(&str, &str, &str); 3] = [
    (
        "letter",
        "Invite by e-mail",
        "A letter with a link that opens once. The roles count from when they accept.",
    ),
    ("link", "Give me the link", "No letter leaves; the link is shown once, for you to hand over."),
    (
        "none",
        "Add without an invitation",
        "They have the roles at once, and can sign in as soon as they have something to sign in with.",
    ),
];

#[derive(Template)]
#[template(path = "users_add.html")]
struct Add {
    shell: Shell,
    form: Form,
    kinds: Vec<(&'static str, &'static str)>,
    roles: Vec<Role>,
    /// Companies to choose from, where people of this one may work in others.
    companies: Vec<Company>,
    /// A company and a role each.
    there: Vec<(String, String)>,
    ways: [(&'static str, &'static str, &'static str); 3],
    locales: [(&'static str, &'static str); 3],
}

impl Add {
    fn how(&self) -> &str {
        self.form.some("how").unwrap_or("letter")
    }
    fn has(&self, role: &str) -> bool {
        self.form.all("role").iter().any(|r| r == role)
    }
    fn elsewhere(&self) -> bool {
        self.shell.may("users.manage_roles") && choose::provider(&self.shell)
    }
}

async fn form(ask: &Ask, shell: Shell, form: Form) -> Result<Add, Problem> {
    let roles = choose::given(choose::roles_here(ask, &shell).await?);
    let mut companies = Vec::new();
    if choose::provider(&shell) && shell.may("users.manage_roles") {
        companies = choose::companies(ask, "", "200").await?;
    }
    let mut there = choose::rows(&form, "there", "there_role");
    if there.is_empty() || form.ticked("more") {
        there.push(Default::default());
    }
    let (kinds, ways, locales) = (choose::kinds(&shell), HOW, choose::LOCALES);
    Ok(Add { shell, form, kinds, roles, companies, there, ways, locales })
}

async fn frame(ask: &Ask, t: &str) -> Result<Shell, crate::ask::Trouble> {
    let shell = ask.shell(t, Section::Users, "Add a user").await?;
    let users = format!("{}/users", shell.base());
    Ok(shell.crumb("Users", users))
}

pub(super) async fn empty(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = frame(&ask, &t).await?;
    choose::needed(&shell, "users.add")?;
    page(&form(&ask, shell, ask.words().clone()).await?)
}

/// A role, where it is planned: as the form says it.
fn planned(typed: &Form, shell: &Shell) -> Result<Vec<Value>, Problem> {
    let mut roles: Vec<Value> = typed.all("role").iter().map(|r| json!({ "role": r })).collect();
    for (there, role) in choose::rows(typed, "there", "there_role") {
        match (there.is_empty(), role.is_empty()) {
            (true, true) => {}
            (false, false) => roles.push(json!({ "role": role, "tenant": there })),
            (true, false) => return Err(Problem::typed("there", "say in which company")),
            (false, true) => {
                return Err(Problem::typed("there", format!("say which role in {there}")));
            }
        }
    }
    if shell.global() && typed.ticked("everywhere") {
        roles.push(json!({ "role": choose::INSTANCE, "everywhere": true }));
    }
    Ok(roles)
}

#[derive(Deserialize)]
struct Invited {
    id: String,
    user: String,
    email: String,
    link: Option<String>,
}

/// The link, shown once.
#[derive(Template)]
#[template(path = "invitation_link.html")]
pub(in crate::rooms) struct Link {
    pub(in crate::rooms) shell: Shell,
    pub(in crate::rooms) email: String,
    pub(in crate::rooms) user: String,
    pub(in crate::rooms) invitation: String,
    pub(in crate::rooms) url: String,
}

/// Somebody who is there, without all that was meant for them.
#[derive(Template)]
#[template(path = "users_add_half.html")]
struct Half {
    shell: Shell,
    user: User,
}

pub(super) async fn send(ask: Ask, Path(t): Path<String>, typed: Form) -> Answer {
    let shell = frame(&ask, &t).await?;
    if typed.ticked("more") {
        return page(&form(&ask, shell, typed).await?);
    }
    let done = if typed.get("how") == "none" {
        by_hand(&ask, &shell, &typed).await
    } else {
        invite(&ask, &shell, &typed).await
    };
    match done {
        Ok(Done::On(to, word)) => on(&to, word),
        Ok(Done::Link(i, link)) => {
            let shell = shell.titled("The link, this once");
            let Invited { id, user, email, .. } = i;
            page(&Link { shell, email, user, invitation: id, url: link })
        }
        Ok(Done::Half(user, p)) => {
            let shell = shell.titled("Added, without the roles").problem(Some(p));
            page(&Half { shell, user: *user })
        }
        Err(p) if p.mendable() || p.status == 404 && p.field.is_some() || p.status == 429 => {
            let p = choose::ours(p, typed.some("user_name").is_some());
            let status = p.http();
            shown(status, &form(&ask, shell.problem(Some(p)), typed).await?)
        }
        Err(p) => Err(p.into()),
    }
}

enum Done {
    On(String, &'static str),
    Link(Invited, String),
    Half(Box<User>, Problem),
}

async fn invite(ask: &Ask, shell: &Shell, typed: &Form) -> Result<Done, Problem> {
    if typed.get("email").is_empty() {
        return Err(Problem::typed("email", "an invitation needs an address"));
    }
    let body = json!({
        "email": typed.get("email"),
        "kind": typed.some("kind").unwrap_or("tenant"),
        "user_name": typed.some("user_name"),
        "display_name": typed.some("display_name"),
        "roles": planned(typed, shell)?,
        "by_hand": typed.get("how") == "link",
        "locale": typed.some("locale"),
    });
    let sent = Sent::json(body).key(typed.key());
    let made: Invited = ask.call(Method::POST, &shell.api("/invitations"), sent).await?;
    Ok(match made.link.clone() {
        Some(link) => Done::Link(made, link),
        None => Done::On(format!("{}/users/{}", shell.base(), made.user), "invited"),
    })
}

async fn by_hand(ask: &Ask, shell: &Shell, typed: &Form) -> Result<Done, Problem> {
    let (email, name) = (typed.some("email"), typed.some("user_name"));
    let missing = || Problem::typed("user_name", "say what they sign in with, or an address");
    let name = name.or(email).ok_or_else(missing)?;
    let roles = planned(typed, shell)?;
    let body = json!({
        "kind": typed.some("kind").unwrap_or("tenant"),
        "user_name": name,
        "display_name": typed.some("display_name"),
        "email": email,
    });
    let sent = Sent::json(body).key(typed.key());
    let user: User = ask.call(Method::POST, &shell.api("/users"), sent).await?;
    let at = format!("{}/users/{}", shell.base(), user.id);
    if roles.is_empty() {
        return Ok(Done::On(at, "added"));
    }
    // Nobody has given them anything yet, so what is set here as a whole takes nothing away.
    let home = shell.me.place().map_or("", |p| &p.tenant);
    let mut places: Vec<(Value, Vec<Value>)> = Vec::new();
    for r in roles {
        let everywhere = r["everywhere"] == true;
        let tenant = r["tenant"].as_str().unwrap_or(home);
        let place = if everywhere { Value::Null } else { json!(tenant) };
        match places.iter_mut().find(|(p, _)| *p == place) {
            Some((_, roles)) => roles.push(r["role"].clone()),
            None => places.push((place, vec![r["role"].clone()])),
        }
    }
    let access: Vec<Value> = places
        .into_iter()
        .map(|(tenant, roles)| json!({ "everywhere": tenant.is_null(), "tenant": tenant, "roles": roles }))
        .collect();
    let to = shell.api(&format!("/users/{}/access", text::escape(&user.id)));
    match ask.put::<crate::api::Done>(&to, json!({ "access": access })).await {
        Ok(_) => Ok(Done::On(at, "added")),
        Err(p) => Ok(Done::Half(Box::new(user), p)),
    }
}
