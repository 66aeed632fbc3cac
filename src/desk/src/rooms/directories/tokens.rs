//! The provisioning half: its address, its tokens, how it is.

use super::{Directory, Health, api, half, mend, opened, pressed};
use crate::{
    api::{Page, Sent},
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde::Deserialize;
use serde_json::json;

type Here = Path<(String, String)>;

/// A token, without its text.
#[derive(Debug, Deserialize)]
pub(super) struct Token {
    id: String,
    hint: String,
    created_at: When,
    expires_at: Option<When>,
    last_used_at: Option<When>,
}

impl Token {
    /// How soon it ends, as a colour.
    fn urgency(&self) -> &'static str {
        self.expires_at.as_ref().map_or("", half::urgency)
    }
}

#[derive(Template)]
#[template(path = "directory_provisioning.html")]
struct Show {
    shell: Shell,
    at: &'static str,
    d: Directory,
    tokens: Vec<Token>,
    health: Health,
    /// The day on which a new token ends, if nobody says otherwise.
    expires: String,
}

impl Show {
    /// How many tokens may live at once.
    fn full(&self) -> bool {
        self.tokens.len() >= 2
    }
    fn counted(&self) -> [(&'static str, &half::Counted); 2] {
        [("the last hour", &self.health.hour), ("the last day", &self.health.day)]
    }
}

async fn made(
    ask: &Ask,
    shell: Shell,
    d: Directory,
    expires: Option<String>,
    problem: Option<Problem>,
) -> Answer {
    let tokens: Page<Token> = ask.get(&api(&shell, &d.id, "/scim-tokens")).await?;
    let health: Health = ask.get(&api(&shell, &d.id, "/health")).await?;
    let expires = expires.unwrap_or_else(|| half::today(365));
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.problem(problem);
    shown(status, &Show { shell, at: "provisioning", d, tokens: tokens.items, health, expires })
}

pub(super) async fn show(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Provisioning").await?;
    made(&ask, shell, d, None, None).await
}

#[derive(Deserialize)]
struct New {
    token: String,
    scim_base_url: String,
    expires_at: Option<When>,
}

#[derive(Template)]
#[template(path = "directory_token.html")]
struct Once {
    shell: Shell,
    d: Directory,
    new: New,
}

pub(super) async fn make(ask: Ask, Path((t, id)): Here, form: Form) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Provisioning").await?;
    let typed = form.get("expires_at").to_owned();
    let body = half::moment(&typed, None).map_or(json!({}), |at| json!({ "expires_at": at }));
    let sent = Sent::json(body).key(form.key());
    match ask.call::<New>(Method::POST, &api(&shell, &id, "/scim-tokens"), sent).await {
        Ok(new) => page(&Once { shell: shell.titled("A new token"), d, new }),
        Err(p) => made(&ask, shell, d, Some(typed), Some(mend(p)?)).await,
    }
}

#[derive(Template)]
#[template(path = "directory_token_revoke.html")]
struct Revoke {
    shell: Shell,
    d: Directory,
    token: Token,
    others: usize,
}

type Its = Path<(String, String, String)>;

pub(super) async fn ask_revoke(ask: Ask, Path((t, id, token)): Its) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Revoke this token?").await?;
    let tokens: Page<Token> = ask.get(&api(&shell, &id, "/scim-tokens")).await?;
    let others = tokens.items.len().saturating_sub(1);
    let token = tokens.items.into_iter().find(|x| x.id == token).ok_or_else(Problem::nothing)?;
    page(&Revoke { shell, d, token, others })
}

pub(super) async fn revoke(ask: Ask, Path((t, id, token)): Its) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Provisioning").await?;
    let path = api(&shell, &id, &format!("/scim-tokens/{}", text::escape(&token)));
    match ask.delete(&path).await {
        Ok(()) => on(&format!("{}/provisioning", d.at(&shell)), "revoked"),
        Err(p) => made(&ask, shell, d, None, Some(pressed(p)?)).await,
    }
}
