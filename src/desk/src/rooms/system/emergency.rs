//! The accounts for emergencies.

use super::{Accounts, frame};
use crate::{
    api::Sent,
    ask::{Answer, Ask, on, shown},
    form::Form,
    problem::Problem,
    rooms::kit,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde::Deserialize;
use serde_json::json;

/// An account.
#[derive(Debug, Deserialize)]
pub(super) struct Account {
    pub(super) user: String,
    pub(super) user_name: String,
    pub(super) made_at: When,
    #[serde(default)]
    pub(super) armed_until: Option<When>,
    #[serde(default)]
    pub(super) used_at: Option<When>,
    pub(super) recovery_codes: i64,
    #[serde(default)]
    warning: Option<String>,
}

impl Account {
    /// Whether it can be used now.
    pub(super) fn armed(&self) -> bool {
        let now = kit::in_days(0);
        self.armed_until.as_ref().is_some_and(|u| u.exact.get(..19) > now.get(..19))
    }
    /// What is to be done about it.
    pub(super) fn warns(&self) -> Option<String> {
        self.warning.as_deref().map(text::sentence)
    }
}

#[derive(Template)]
#[template(path = "system_arm.html")]
struct Arm {
    shell: Shell,
    account: Account,
    reason: String,
}

async fn arming(ask: &Ask, user: &str, (reason, problem): (&str, Option<Problem>)) -> Answer {
    let shell = frame(ask, "").await?.crumb("System", "/admin/system");
    let all: Accounts = ask.get("/break-glass").await?;
    let account = all.items.into_iter().find(|a| a.user == user).ok_or_else(Problem::nothing)?;
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    let shell = shell.titled(format!("Arm {}", account.user_name)).problem(problem);
    shown(status, &Arm { shell, account, reason: reason.to_owned() })
}

/// What arming does.
pub(super) async fn arm_page(ask: Ask, Path(user): Path<String>) -> Answer {
    arming(&ask, &user, ("", None)).await
}

/// Arms it.
pub(super) async fn arm(ask: Ask, Path(user): Path<String>, form: Form) -> Answer {
    let path = format!("/break-glass/{}/arm", text::escape(&user));
    let sent = Sent::json(json!({ "reason": form.get("reason") })).key(form.key());
    match ask.call::<Account>(Method::POST, &path, sent).await {
        Ok(_) => on("/admin/system", "armed"),
        Err(p) if p.mendable() => arming(&ask, &user, (form.get("reason"), Some(p))).await,
        Err(p) => Err(p.into()),
    }
}
