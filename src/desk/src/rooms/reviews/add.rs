//! Beginning a review: who has what is written down as it is then.

use super::{
    super::roles::kit::{Roles, mend, moment},
    Review, directories,
};
use crate::{
    api::Sent,
    ask::{Answer, Ask, on, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "review_form.html")]
struct Add {
    shell: Shell,
    roles: Roles,
    directories: Vec<(String, String)>,
    typed: Form,
}

impl Add {
    fn word(&self, name: &str) -> &str {
        self.typed.get(name)
    }
    fn lines(&self) -> &str {
        self.typed.exact("reviewers")
    }
}

async fn form(ask: &Ask, t: &str, typed: Form, problem: Option<Problem>) -> Answer {
    let shell = ask.shell(t, Section::Reviews, "Begin a review").await?;
    let to = format!("{}/reviews", shell.base());
    let mut roles = Roles::of(ask, &shell, "All roles").await?;
    roles.all.retain(|(_, name)| !name.is_empty());
    let mut directories = directories(ask, &shell).await?;
    directories.insert(0, (String::new(), "All, and people without one".to_owned()));
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.crumb("Reviews", to).problem(problem);
    shown(status, &Add { shell, roles, directories, typed })
}

pub(super) async fn ask(ask: Ask, Path(t): Path<String>) -> Answer {
    let typed = ask.words().clone();
    form(&ask, &t, typed, None).await
}

/// Who decides: a name on each line, with `@@` and a company where it is another.
fn reviewers(typed: &Form) -> Vec<Value> {
    let all = typed.lines("reviewers").into_iter().map(|line| match line.rsplit_once("@@") {
        Some((user, home)) => json!({ "user": user.trim(), "home": home.trim() }),
        None => json!({ "user": line }),
    });
    all.collect()
}

fn wanted(typed: &Form) -> Result<Value, Problem> {
    let due = moment(typed.some("due_at"));
    let due = due.ok_or_else(|| Problem::typed("due_at", "say by when it is decided"))?;
    let mut body = json!({
        "name": typed.get("name"), "due_at": due, "reviewers": reviewers(typed),
        "role": typed.some("role"), "directory": typed.some("directory"),
        "kind": typed.some("kind"), "every_days": typed.number("every_days")?,
    });
    if typed.get("undecided") == "remove" {
        body["undecided"] = "remove".into();
    }
    Ok(body)
}

pub(super) async fn go(ask: Ask, Path(t): Path<String>, typed: Form) -> Answer {
    let shell = ask.shell(&t, Section::Reviews, "Begin a review").await?;
    let body = match wanted(&typed) {
        Ok(body) => body,
        Err(p) => return form(&ask, &t, typed, Some(p)).await,
    };
    let sent = Sent::json(body).key(typed.key());
    match ask.call::<Review>(Method::POST, &shell.api("/reviews"), sent).await {
        Ok(made) => on(&format!("{}/reviews/{}", shell.base(), made.id), "begun"),
        Err(p) => form(&ask, &t, typed, Some(mend(p)?)).await,
    }
}
