//! A new mapping: who gains what is shown before it is saved.

use super::super::roles::kit::{Catalogue, Preview, Roles, Where, mend};
use crate::{
    api::{Page, Sent},
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
    text,
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Clone, Deserialize)]
struct Group {
    id: String,
    display_name: String,
}

/// So many groups are offered for a choice; of more one types the name.
const CHOICE: &str = "100";

#[derive(Template)]
#[template(path = "mapping_form.html")]
struct Add {
    shell: Shell,
    /// Groups to choose from.
    groups: Vec<Group>,
    /// There are more than one chooses from.
    more: bool,
    group: String,
    roles: Roles,
    role: String,
    place: Where,
}

async fn frame(ask: &Ask, t: &str) -> Result<Shell, Trouble> {
    let shell = ask.shell(t, Section::Mappings, "Map a group").await?;
    let to = format!("{}/mappings", shell.base());
    Ok(shell.crumb("Group mappings", to))
}

async fn form(ask: &Ask, shell: Shell, typed: &Form, problem: Option<Problem>) -> Answer {
    let words = text::query([("limit", CHOICE)]);
    // Who does not see people types the group's name.
    let found = ask.get::<Page<Group>>(&shell.api(&format!("/groups{words}"))).await;
    let found = match found {
        Ok(found) => found,
        Err(p) if p.status == 403 => Page { items: Vec::new(), next: Some(String::new()) },
        Err(p) => return Err(p.into()),
    };
    let (more, mut groups) = (found.next.is_some(), found.items);
    groups.sort_by_key(|g| g.display_name.to_lowercase());
    let roles = Roles::of(ask, &shell, "Choose a role").await?;
    let place = Where::of(ask, &shell, typed, true).await?;
    let mut group = typed.get("group").to_owned();
    if more && let Some(g) = groups.iter().find(|g| g.id == group) {
        group.clone_from(&g.display_name);
    }
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let (shell, role) = (shell.problem(problem), typed.get("role").to_owned());
    shown(status, &Add { shell, groups, more, group, roles, role, place })
}

pub(super) async fn ask(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = frame(&ask, &t).await?;
    form(&ask, shell, ask.words(), None).await
}

#[derive(Template)]
#[template(path = "mapping_preview.html")]
struct Weigh {
    shell: Shell,
    catalogue: Catalogue,
    preview: Preview,
    group: String,
    role: String,
    place: String,
    /// The form, once more.
    fields: Vec<(String, String)>,
}

impl Weigh {
    fn here(&self) -> &str {
        self.shell.me.place().map_or("", |p| &p.tenant)
    }
}

fn wanted(form: &Form) -> Result<Value, Problem> {
    if form.get("group").is_empty() {
        return Err(Problem::typed("group", "say which group"));
    }
    let mut body = json!({ "group": form.get("group"), "role": form.get("role") });
    if Where::is_everywhere(form) {
        body["everywhere"] = true.into();
    } else if let Some(scope) = Where::wanted(form)? {
        body["scope"] = scope;
    }
    Ok(body)
}

pub(super) async fn go(ask: Ask, Path(t): Path<String>, typed: Form) -> Answer {
    let shell = frame(&ask, &t).await?;
    let body = match wanted(&typed) {
        Ok(body) => body,
        Err(p) => return form(&ask, shell, &typed, Some(p)).await,
    };
    match typed.get("step") {
        "back" => form(&ask, shell, &typed, None).await,
        "save" => {
            let sent = Sent::json(body).key(typed.key());
            let at = shell.api("/mappings");
            match ask.call::<crate::api::Done>(Method::POST, &at, sent).await {
                Ok(_) => on(&format!("{}/mappings", shell.base()), "made"),
                Err(p) => form(&ask, shell, &typed, Some(mend(p)?)).await,
            }
        }
        _ => {
            let at = shell.api("/mappings/preview?limit=50");
            let preview: Preview = match ask.post(&at, body).await {
                Ok(preview) => preview,
                Err(p) => return form(&ask, shell, &typed, Some(mend(p)?)).await,
            };
            weigh(&ask, shell, &typed, preview).await
        }
    }
}

async fn weigh(ask: &Ask, shell: Shell, typed: &Form, preview: Preview) -> Answer {
    let catalogue = Catalogue::of(ask).await?;
    let roles = Roles::of(ask, &shell, "").await?;
    let role = roles.name(typed.get("role")).trim_end_matches(" (built-in)").to_owned();
    let mut group = typed.get("group").to_owned();
    let at = shell.api(&format!("/groups/{}", text::escape(&group)));
    if group.len() == 36
        && let Ok(g) = ask.get::<Group>(&at).await
    {
        group = g.display_name;
    }
    let company = shell.company();
    let place = match typed.get("scope") {
        "tenants" => "in chosen companies".to_owned(),
        "tag" => format!("in every company with the tag “{}”", typed.get("tag")),
        "all_tenants" => "in every company".to_owned(),
        "all_tenants_except" => "in every company but the chosen ones".to_owned(),
        "everywhere" => "on the whole instance".to_owned(),
        _ => format!("in {company}"),
    };
    let kept = typed.pairs().filter(|(n, _)| !matches!(*n, "step" | "key"));
    let fields = kept.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let shell = shell.titled(format!("Map {group}"));
    page(&Weigh { shell, catalogue, preview, group, role, place, fields })
}
