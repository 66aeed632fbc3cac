//! What is to be done at the provider, step by step, and what is to be entered here. The instructions are partial
//! templates that any page can include which has a [`Steps`] called `steps`.

use super::{
    Another, Directory, Test, api,
    half::{self, SignIn},
    mend, opened,
};
use crate::{
    api::{Done, Page},
    ask::{Answer, Ask, on, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
};
use askama::Template;
use axum::{extract::Path, http::StatusCode};
use serde::Deserialize;
use serde_json::json;

/// What instructions name: whose product it is, and the addresses to enter there. `steps_signin.html` and
/// `steps_scim.html` are made of it.
#[derive(Debug, Clone)]
pub(in crate::rooms) struct Steps {
    /// The preset's word.
    pub(in crate::rooms) preset: String,
    /// What is registered as the redirect URI.
    pub(in crate::rooms) redirect_uri: String,
    /// What is registered as the post-logout redirect URI.
    pub(in crate::rooms) signed_out_uri: String,
    /// What the SCIM client is told.
    pub(in crate::rooms) scim_url: String,
}

impl Steps {
    /// Of a directory.
    pub(in crate::rooms) fn of(d: &Directory) -> Self {
        Self {
            preset: d.preset.clone(),
            redirect_uri: d.redirect_uri.clone(),
            signed_out_uri: d.post_logout_redirect_uri.clone(),
            scim_url: d.scim_base_url.clone(),
        }
    }
    /// Whether the product can send people and groups by SCIM to an application of one's own.
    pub(in crate::rooms) fn sends_scim(&self) -> bool {
        !matches!(self.preset.as_str(), "google" | "adfs" | "auth0" | "keycloak")
    }
    /// An address of ours below the directory's own: `initiate`, `security-events`, `frontchannel-logout` and others.
    pub(in crate::rooms) fn ours(&self, path: &str) -> String {
        match self.redirect_uri.split_once("/federation/callback/") {
            Some((issuer, id)) => format!("{issuer}/federation/{id}/{path}"),
            None => path.to_owned(),
        }
    }
    /// The product's own word for where its sign-in is, a hint to it, and an example.
    pub(in crate::rooms) fn place(&self) -> (&'static str, &'static str) {
        match self.preset.as_str() {
            "entra" | "entra_v1" => (
                "Directory (tenant) ID",
                "On the overview of the app registration. The whole issuer may be entered as well.",
            ),
            "okta" => (
                "Okta domain",
                "Like contoso.okta.com. With an authorization server of your own, its whole issuer.",
            ),
            "google" => ("Issuer", "Of Google it is always this one."),
            "auth0" => ("Domain", "Of the application's settings, like contoso.eu.auth0.com."),
            "keycloak" => ("Issuer", "Like https://keycloak.example/realms/contoso."),
            "ping" => (
                "Issuer ID",
                "On the application's overview, like https://auth.pingone.eu/ENVIRONMENT-ID/as.",
            ),
            "adfs" => ("Issuer", "Like https://adfs.contoso.com/adfs."),
            _ => ("Issuer", "As the provider writes it into its tokens, to the last slash."),
        }
    }
    /// Which setting says how two factors are proved: its field, its name, a hint. None where nothing need be said.
    pub(in crate::rooms) fn proof(&self) -> Option<(&'static str, &'static str, &'static str)> {
        match self.preset.as_str() {
            "entra" | "entra_v1" => Some((
                "rules.acrs",
                "Authentication context",
                "Like c1: the one your Conditional Access policy demands two factors for.",
            )),
            "keycloak" => Some((
                "rules.acr",
                "Level that proves two factors",
                "The value of acr that your step-up flow gives for two factors, like 2.",
            )),
            "ping" => Some((
                "rules.acr",
                "Policy that proves two factors",
                "The name of the sign-on policy, as it stands in acr.",
            )),
            "generic" => Some((
                "rules.acr",
                "Value of acr that proves two factors",
                "As the provider documents it. More ways are among the settings.",
            )),
            _ => None,
        }
    }
}

/// What was typed for the place of the sign-in, as an issuer.
pub(in crate::rooms) fn issuer(preset: &str, typed: &str) -> String {
    let bare = typed.trim().trim_end_matches('/');
    let id = bare.len() == 36 && bare.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let host = !bare.is_empty() && !bare.contains('/') && !bare.contains(':');
    match preset {
        "entra" if id => format!("https://login.microsoftonline.com/{bare}/v2.0"),
        "entra_v1" if id => format!("https://sts.windows.net/{bare}/"),
        "okta" if host => format!("https://{bare}"),
        "auth0" if host => format!("https://{bare}/"),
        "google" if bare.is_empty() => "https://accounts.google.com".to_owned(),
        _ => typed.trim().to_owned(),
    }
}

/// What is typed into the form of the sign-in.
struct Typed {
    issuer: String,
    client_id: String,
    ends: String,
    proof: String,
}

#[derive(Deserialize)]
struct Token {}

#[derive(Template)]
#[template(path = "directory_steps.html")]
struct Show {
    shell: Shell,
    at: &'static str,
    d: Directory,
    steps: Steps,
    typed: Typed,
    version: String,
    tokens: usize,
    requested: bool,
    /// The last test login of whoever sits there.
    test: Option<Test>,
}

impl Show {
    fn tested(&self) -> bool {
        self.test.as_ref().is_some_and(|t| t.passed && t.current)
    }
    fn offered(&self) -> bool {
        self.d.is("active") || self.d.is("enforced")
    }
}

impl Typed {
    fn of(d: &Directory, steps: &Steps) -> Self {
        let (issuer, client_id, ends, proof) = d.typed(steps);
        Self { issuer, client_id, ends, proof }
    }
}

impl Directory {
    /// What the form of the sign-in begins with: issuer, client id, when the secret ends, what proves two factors.
    pub(in crate::rooms) fn typed(&self, steps: &Steps) -> (String, String, String, String) {
        let s = self.signin.clone().unwrap_or_default();
        let google = self.preset == "google" && s.issuer.is_empty();
        let issuer = if google { "https://accounts.google.com".to_owned() } else { s.issuer };
        let ends = s.client_secret_expires_at.as_ref().and_then(|w| w.exact.get(..10));
        let proof = match steps.proof() {
            Some(("rules.acrs", ..)) => s.rules.acrs.clone().unwrap_or_default(),
            _ => s.rules.acr.first().cloned().unwrap_or_default(),
        };
        let ends = ends.unwrap_or_default().to_owned();
        (issuer, s.client_id.unwrap_or_default(), ends, proof)
    }
}

impl SignIn {
    /// Takes what was typed as the proof of two factors; further values stay.
    pub(in crate::rooms) fn prove(&mut self, steps: &Steps, form: &Form) {
        match steps.proof() {
            Some((name @ "rules.acrs", ..)) => self.rules.acrs = form.some(name).map(str::to_owned),
            Some((name, ..)) => {
                let mut all: Vec<String> = form.some(name).map(str::to_owned).into_iter().collect();
                all.extend(self.rules.acr.drain(..).skip(1));
                self.rules.acr = all;
            }
            None => {}
        }
    }
}

async fn shows(
    ask: &Ask,
    shell: Shell,
    d: Directory,
    typed: Option<(Typed, String)>,
    problem: Option<Problem>,
) -> Answer {
    let steps = Steps::of(&d);
    let tokens: Page<Token> = ask.get(&api(&shell, &d.id, "/scim-tokens")).await?;
    let health: super::Health = ask.get(&api(&shell, &d.id, "/health")).await?;
    let tests: Page<Test> = ask.get(&api(&shell, &d.id, "/signin-tests")).await?;
    let test = tests.items.into_iter().find(|t| t.of(&shell.me.user));
    let known = typed.unwrap_or_else(|| (Typed::of(&d, &steps), d.version.to_string()));
    let (typed, version) = known;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let shell = shell.problem(problem.map(|p| p.called("issuer", steps.place().0)));
    let (tokens, requested) = (tokens.items.len(), health.last_request_at.is_some());
    let page = Show { shell, at: "steps", d, steps, typed, version, tokens, requested, test };
    shown(status, &page)
}

pub(super) async fn show(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Set up, step by step").await?;
    shows(&ask, shell, d, None, None).await
}

/// The sign-in half as the steps set it: what is not asked for there stays as it was.
fn read(form: &Form, d: &Directory, steps: &Steps) -> SignIn {
    let mut s = d.signin.clone().unwrap_or_default();
    s.issuer = issuer(&d.preset, form.get("issuer"));
    s.client_id = Some(form.get("client_id").to_owned());
    let was = s.client_secret_expires_at.take();
    let ends = half::moment(form.get("client_secret_expires_at"), was.as_ref());
    s.client_secret_expires_at = ends.map(Into::into);
    s.prove(steps, form);
    s
}

pub(super) async fn save(ask: Ask, Path((t, id)): Path<(String, String)>, form: Form) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Set up, step by step").await?;
    let steps = Steps::of(&d);
    let half = read(&form, &d, &steps);
    if d.replaces(&half, &form).is_some() {
        return Another::of((shell, d), half, &form, ("/steps", "/steps")).page();
    }
    let version = form.get("version").to_owned();
    let body = json!({ "signin": half.sent(form.exact("client_secret")) });
    match ask.patch::<Done>(&api(&shell, &id, ""), body, Some(version.clone())).await {
        Ok(_) => on(&format!("{}/steps", d.at(&shell)), "saved"),
        Err(p) => {
            let proof = steps.proof().map_or("", |p| p.0);
            let word = |name: &str| form.get(name).to_owned();
            let typed = Typed {
                issuer: word("issuer"),
                client_id: word("client_id"),
                ends: word("client_secret_expires_at"),
                proof: word(proof),
            };
            shows(&ask, shell, d, Some((typed, version)), Some(mend(p)?)).await
        }
    }
}
