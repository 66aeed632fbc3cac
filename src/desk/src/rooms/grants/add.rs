//! Giving somebody a role.

use super::{
    super::roles::kit::{Pick, Place, Roles, Where, mend, moment},
    AT,
};
use crate::{
    api::{Done, Sent},
    ask::{Answer, Ask, on, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde_json::json;

#[derive(Template)]
#[template(path = "assignment_form.html")]
struct Add {
    shell: Shell,
    place: Place,
    pick: Pick,
    roles: Roles,
    role: String,
    wide: Where,
    from: String,
    until: String,
    reason: String,
}

async fn form(
    ask: &Ask,
    (shell, place): (Shell, Place),
    typed: &Form,
    problem: Option<Problem>,
) -> Answer {
    let mut pick = Pick::of(typed);
    // An address can say who, by id; a form says it by name.
    if let Some(id) = typed.some("user").filter(|u| u.len() == 36 && pick.chosen.is_empty()) {
        id.clone_into(&mut pick.chosen);
        pick.typed = String::new();
    }
    let missed = problem.as_ref().is_some_and(|p| p.is_at("user"));
    if place.wide {
        if pick.home.is_empty() {
            pick.home.clone_from(&shell.me.tenant);
        }
    } else {
        pick = pick.homes(ask, &shell).await?;
    }
    // Whoever was chosen stays in sight; who was typed and not found is looked for.
    if missed || !pick.chosen.is_empty() {
        pick = pick.look(ask, &shell).await?;
    }
    let problem = pick.told(problem);
    let roles = Roles::there(ask, &shell, &place, "Choose a role").await?;
    let wide =
        if place.wide { Where::default() } else { Where::of(ask, &shell, typed, false).await? };
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let to = place.to("/assignments");
    let label = if place.wide { "Instance roles" } else { "Assignments" };
    let shell = shell.crumb(label, to).problem(problem);
    let word = |n: &str| typed.get(n).to_owned();
    shown(
        status,
        &Add {
            role: word("role"),
            from: word("valid_from"),
            until: word("valid_to"),
            reason: word("reason"),
            shell,
            place,
            pick,
            roles,
            wide,
        },
    )
}

async fn send(ask: Ask, tenant: Option<&str>, typed: Form) -> Answer {
    let (shell, place) = Place::shell(&ask, tenant, AT, TITLE).await?;
    let pick = Pick::of(&typed);
    let scope = match Where::wanted(&typed) {
        Ok(scope) => scope,
        Err(p) => return form(&ask, (shell, place), &typed, Some(p)).await,
    };
    if pick.who().is_empty() {
        let p = Problem::typed("user", "say who");
        return form(&ask, (shell, place), &typed, Some(p)).await;
    }
    let home = pick.home().map(str::to_owned);
    let home = home.or_else(|| place.wide.then(|| shell.me.tenant.clone()));
    let body = json!({
        "user": pick.who(), "home": home, "role": typed.get("role"), "scope": scope,
        "reason": typed.some("reason"),
        "valid_from": moment(typed.some("valid_from")), "valid_to": moment(typed.some("valid_to")),
    });
    let sent = Sent::json(body).key(typed.key());
    match ask.call::<Done>(Method::POST, &place.api("/grants"), sent).await {
        Ok(_) => on(&place.to("/assignments"), "added"),
        Err(p) => form(&ask, (shell, place), &typed, Some(mend(p)?)).await,
    }
}

const TITLE: &str = "Give somebody a role";

pub(super) async fn ask(ask: Ask, Path(t): Path<String>) -> Answer {
    let frame = Place::shell(&ask, Some(&t), AT, TITLE).await?;
    form(&ask, frame, ask.words(), None).await
}

pub(super) async fn ask_everywhere(ask: Ask) -> Answer {
    let frame = Place::shell(&ask, None, AT, TITLE).await?;
    form(&ask, frame, ask.words(), None).await
}

pub(super) async fn go(ask: Ask, Path(t): Path<String>, typed: Form) -> Answer {
    send(ask, Some(&t), typed).await
}

pub(super) async fn go_everywhere(ask: Ask, typed: Form) -> Answer {
    send(ask, None, typed).await
}
