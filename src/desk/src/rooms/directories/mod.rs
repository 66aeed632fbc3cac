//! Directories: the list, one of them with its two halves, adding one, changing it, and its end. What comes by SCIM is in
//! [`provisioning`](super::provisioning), how people sign in in [`signin_half`](super::signin_half).

mod add;
mod another;
mod edit;
mod habits;
mod half;
mod list;
mod schemas;
mod settings;
mod steps;
mod tokens;

pub(super) use another::Another;
pub(super) use half::{
    Health, LastTry, People, Presets, SignIn, Test, class, moment, preset_name, urgency,
};
pub(super) use steps::{Steps, issuer};

use super::directories::half::Provisioning;
use crate::{
    Desk,
    ask::{Answer, Ask, Trouble, on},
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use axum::{Router, extract::Path, routing::get};
use serde::Deserialize;

pub(super) fn routes() -> Router<Desk> {
    let d = "/admin/in/{tenant}/directories/{directory}";
    let at = |path: &str| format!("{d}{path}");
    Router::new()
        .route("/admin/in/{tenant}/directories", get(list::list))
        .route("/admin/in/{tenant}/directories/add", get(add::form).post(add::add))
        .route(d, get(edit::show))
        .route(&at("/edit"), get(edit::form).post(edit::edit))
        .route(&at("/on"), get(back).post(edit::switch_on))
        .route(&at("/off"), get(edit::ask_off).post(edit::switch_off))
        .route(&at("/delete"), get(edit::ask_delete).post(edit::delete))
        .route(&at("/steps"), get(steps::show).post(steps::save))
        .route(&at("/provisioning"), get(tokens::show))
        .route(&at("/provisioning/settings"), get(settings::form).post(settings::save))
        .route(&at("/tokens"), get(tokens::show).post(tokens::make))
        .route(&at("/tokens/{token}/revoke"), get(tokens::ask_revoke).post(tokens::revoke))
        .route("/admin/in/{tenant}/schemas", get(schemas::list))
        .route("/admin/in/{tenant}/schemas/declare", get(schemas::form).post(schemas::declare))
        .route("/admin/in/{tenant}/schemas/{schema}", get(schemas::show).post(schemas::change))
        .route(
            "/admin/in/{tenant}/schemas/{schema}/withdraw",
            get(schemas::ask_withdraw).post(schemas::withdraw),
        )
}

/// A directory.
#[derive(Debug, Deserialize)]
pub(super) struct Directory {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) preset: String,
    pub(super) status: String,
    pub(super) stage: Option<String>,
    pub(super) provisioning: Provisioning,
    pub(super) signin: Option<SignIn>,
    #[serde(default)]
    pub(super) attested: Option<Attested>,
    pub(super) generation: i64,
    pub(super) scim_base_url: String,
    pub(super) redirect_uri: String,
    pub(super) post_logout_redirect_uri: String,
    pub(super) version: i64,
    pub(super) created_at: When,
    pub(super) updated_at: When,
}

/// Who stated something, and when.
#[derive(Debug, Deserialize)]
pub(super) struct Attested {
    pub(super) by: String,
    #[serde(default)]
    pub(super) by_name: Option<String>,
    pub(super) at: When,
}

impl Attested {
    /// Who.
    pub(super) fn who(&self) -> &str {
        self.by_name.as_deref().unwrap_or(&self.by)
    }
}

impl Directory {
    /// Whose product it is, for people.
    pub(super) fn product(&self) -> &'static str {
        preset_name(&self.preset)
    }
    /// The same in a sentence.
    pub(super) fn provider(&self) -> &'static str {
        if self.preset == "generic" { "the provider" } else { self.product() }
    }
    /// Whether it is switched on.
    pub(super) fn on(&self) -> bool {
        self.status == "active"
    }
    /// How far its sign-in half has come, in words, and how that is coloured.
    pub(super) fn stage(&self) -> (&'static str, &'static str) {
        match self.stage.as_deref() {
            None => ("not set up", ""),
            Some("draft") => ("draft", ""),
            Some("testing") => ("being tested", "warn"),
            Some("active") => ("active", "good"),
            Some("enforced") => ("enforced", "good"),
            Some(_) => ("unknown", "warn"),
        }
    }
    /// Whether its sign-in half is at this stage.
    pub(super) fn is(&self, stage: &str) -> bool {
        self.stage.as_deref() == Some(stage)
    }
    /// Whether its product is Entra ID, with tokens old or new.
    pub(super) fn entra(&self) -> bool {
        self.preset.starts_with("entra")
    }
    /// Whether its sign-in brings people or groups, so that SCIM cannot.
    pub(super) fn brings(&self) -> bool {
        self.signin.as_ref().is_some_and(|s| s.newcomers.any())
    }
    /// When the client secret ends, and how that is coloured.
    pub(super) fn secret(&self) -> Option<(&When, &'static str)> {
        let ends = self.signin.as_ref()?.client_secret_expires_at.as_ref()?;
        Some((ends, half::urgency(ends)))
    }
    /// Where its pages are.
    pub(super) fn at(&self, shell: &Shell) -> String {
        format!("{}/directories/{}", shell.base(), self.id)
    }
}

/// A directory's page: its frame and what it is about.
pub(super) async fn opened(
    ask: &Ask,
    t: &str,
    id: &str,
    title: &str,
) -> Result<(Shell, Directory), Trouble> {
    let shell = ask.shell(t, Section::Directories, title).await?;
    let d: Directory = ask.get(&api(&shell, id, "")).await?;
    let list = format!("{}/directories", shell.base());
    let own = d.at(&shell);
    Ok((shell.crumb("Directories", list).crumb(d.name.clone(), own), d))
}

/// An address of the API about a directory.
pub(super) fn api(shell: &Shell, id: &str, path: &str) -> String {
    shell.api(&format!("/directories/{}{path}", text::escape(id)))
}

/// What can be mended where it was typed; anything else is a page of its own.
pub(super) fn mend(p: Problem) -> Result<Problem, Trouble> {
    if p.mendable() && !p.wants_proof() { Ok(p) } else { Err(p.into()) }
}

/// The same of a button: there is no field to lead to.
pub(super) fn pressed(p: Problem) -> Result<Problem, Trouble> {
    mend(p).map(|p| Problem { field: None, ..p })
}

/// The address of a button that somebody was sent back to after proving who they are: the directory's own page.
pub(super) async fn back(Path((t, d)): Path<(String, String)>) -> Answer {
    on(&format!("/admin/in/{}/directories/{}", text::escape(&t), text::escape(&d)), "")
}
