//! Links by which a company's IT staff set a directory up: made, shown this once, taken back.

use super::{
    directories::{Directory, api, mend, opened},
    sure::Sure,
};
use crate::{
    Desk,
    api::{Page, Sent},
    ask::{Answer, Ask, on, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{
    Router,
    extract::Path,
    http::{Method, StatusCode},
    routing::get,
};
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes() -> Router<Desk> {
    let at = "/admin/in/{tenant}/directories/{directory}/setup-links";
    Router::new()
        .route(at, get(list).post(make))
        .route(&format!("{at}/revoke"), get(ask_revoke).post(revoke))
}

/// A link, without its text.
#[derive(Deserialize)]
struct Link {
    id: String,
    note: String,
    made_by: String,
    #[serde(default)]
    made_by_name: Option<String>,
    created_at: When,
    expires_at: When,
    used_at: Option<When>,
}

impl Link {
    fn who(&self) -> &str {
        self.made_by_name.as_deref().unwrap_or(&self.made_by)
    }
    fn called(&self) -> &str {
        if self.note.is_empty() { "A link without a note" } else { &self.note }
    }
}

#[derive(Template)]
#[template(path = "setup_links.html")]
struct Show {
    shell: Shell,
    at: &'static str,
    d: Directory,
    links: Vec<Link>,
    note: String,
    hours: String,
    /// The text of the one that was made.
    made: Option<String>,
}

async fn shows(
    ask: &Ask,
    (t, id): (&str, &str),
    (note, hours): (String, String),
    made: Option<String>,
    problem: Option<Problem>,
) -> Answer {
    let (shell, d) = opened(ask, t, id, "Setup links").await?;
    let links: Page<Link> = ask.get(&api(&shell, id, "/setup-links")).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.problem(problem);
    shown(status, &Show { shell, at: "links", d, links: links.items, note, hours, made })
}

async fn list(ask: Ask, Path((t, d)): Path<(String, String)>) -> Answer {
    shows(&ask, (&t, &d), (String::new(), "72".to_owned()), None, None).await
}

#[derive(Deserialize)]
struct Made {
    link: String,
}

async fn make(ask: Ask, Path((t, d)): Path<(String, String)>, form: Form) -> Answer {
    let (shell, _) = opened(&ask, &t, &d, "Setup links").await?;
    let typed = (form.get("note").to_owned(), form.get("hours").to_owned());
    let asked = match form.number("hours") {
        Ok(hours) => {
            let body = json!({ "note": typed.0, "hours": hours.unwrap_or(72) });
            let sent = Sent::json(body).key(form.key());
            ask.call::<Made>(Method::POST, &api(&shell, &d, "/setup-links"), sent).await
        }
        Err(p) => Err(p),
    };
    match asked {
        Ok(made) => {
            shows(&ask, (&t, &d), (String::new(), "72".to_owned()), Some(made.link), None).await
        }
        Err(p) => shows(&ask, (&t, &d), typed, None, Some(mend(p)?)).await,
    }
}

async fn ask_revoke(ask: Ask, Path((t, d)): Path<(String, String)>) -> Answer {
    let (shell, directory) = opened(&ask, &t, &d, "Take a setup link back").await?;
    let links: Page<Link> = ask.get(&api(&shell, &d, "/setup-links")).await?;
    let back = format!("{}/setup-links", directory.at(&shell));
    let link = links.items.into_iter().find(|l| l.id == ask.word("link"));
    let Some(link) = link else { return on(&back, "") };
    let opened = if link.used_at.is_some() {
        "It was opened: whoever has it open is out at once, and what they saved stays."
    } else {
        "Nobody has opened it yet."
    };
    let says = vec![
        format!(
            "{}, made {} by {}, opens nothing any more.",
            link.called(),
            link.created_at.shown,
            link.who()
        ),
        opened.to_owned(),
    ];
    let (action, fields) = (format!("{back}/revoke"), vec![("link", link.id)]);
    let shell = shell.crumb("Setup links", &back);
    Sure { shell, says, fields, action, button: "Take it back", back: (back, "Keep it") }.page()
}

async fn revoke(ask: Ask, Path((t, d)): Path<(String, String)>, form: Form) -> Answer {
    let (shell, directory) = opened(&ask, &t, &d, "Setup links").await?;
    let at = api(&shell, &d, &format!("/setup-links/{}", text::escape(form.get("link"))));
    match ask.delete(&at).await {
        Ok(()) => on(&format!("{}/setup-links", directory.at(&shell)), "revoked"),
        Err(p) => {
            let typed = (String::new(), "72".to_owned());
            shows(&ask, (&t, &d), typed, None, Some(mend(p)?)).await
        }
    }
}
