//! `POST /federation/start` and the step-up: from our sign-in page to the directory's provider, with state, nonce and PKCE that live
//! in the flow row and in this browser's cookie.

use super::{
    admit::{Attempt, Refused, refuse},
    caller,
    error::or_page,
    provider::{Provider, Providers},
    trial,
};
use crate::{
    app::App,
    crypto,
    directories::{self, SignIn},
    error::{Error, Result},
    flows::{self, After, State as Flow, Upstream},
    id::{DirectoryId, FlowId, RequestId},
    protocol::oidc,
    secret::ExposeSecret as _,
    web::{Browser, Redirect, StrictForm, StrictQuery},
};
use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    flow: FlowId,
    directory: DirectoryId,
}

pub(super) async fn start(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    Extension(request): Extension<RequestId>,
    browser: Browser,
    StrictForm(form): StrictForm<Start>,
) -> Response {
    or_page(&app, request, started(&app, &providers, request, &browser, &form).await)
}

/// `GET`: where there is only one way in, discovery leads here without asking.
pub(super) async fn go(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    Extension(request): Extension<RequestId>,
    browser: Browser,
    StrictQuery(form): StrictQuery<Start>,
) -> Response {
    or_page(&app, request, started(&app, &providers, request, &browser, &form).await)
}

async fn started(
    app: &App,
    providers: &Providers,
    request: RequestId,
    browser: &Browser,
    form: &Start,
) -> Result<Response> {
    let mut flow = find(app, form.flow, browser).await?;
    if flow.step_up.take().is_some() {
        // Whoever chooses a way in begins anew, with one step-up of its own.
        flows::put(&app.store, &caller::platform(request), form.flow, &flow).await?;
    }
    leave(app, providers, request, form.flow, &flow, form.directory).await
}

async fn find(app: &App, id: FlowId, browser: &Browser) -> Result<Flow> {
    let text = "this sign-in has ended, or began in another browser; begin again";
    let flow = flows::get(&app.store, id, browser.hash()).await?;
    // A test login leaves once, when its link is opened.
    flow.filter(|f| f.trial().is_none()).ok_or_else(|| Error::invalid(text))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    flow: FlowId,
}

/// `GET /federation/step-up?flow=`: once more to the directory, which is asked for the proof that was missing. Once in a
/// sign-in: who comes here again goes back to the ways in.
pub(super) async fn step_up(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    Extension(request): Extension<RequestId>,
    browser: Browser,
    StrictQuery(which): StrictQuery<Which>,
) -> Response {
    let left = async {
        let mut flow = find(&app, which.flow, &browser).await?;
        let Some(step) = flow.step_up.as_mut().filter(|s| !s.asked) else {
            return Ok(Redirect::to(&format!("/signin/{}", which.flow)).into_response());
        };
        step.asked = true;
        let directory = step.directory;
        flows::put(&app.store, &caller::platform(request), which.flow, &flow).await?;
        leave(&app, &providers, request, which.flow, &flow, directory).await
    };
    or_page(&app, request, left.await)
}

/// Writes the state and sends the browser away.
pub(super) async fn leave(
    app: &App,
    providers: &Providers,
    request: RequestId,
    id: FlowId,
    flow: &Flow,
    directory: DirectoryId,
) -> Result<Response> {
    let over = || Error::invalid("this sign-in has no company yet; begin again");
    let tenant = flow.tenant.ok_or_else(over)?;
    let s = match flow.trial() {
        Some(_) => directories::signin_to_test(&app.store, tenant, directory, &app.master).await?,
        None => directories::signin(&app.store, tenant, directory, &app.master).await?,
    };
    let s = s.ok_or_else(|| Error::not_found("this way of signing in"))?;
    let now = app.store.clock().now();
    // Whoever began the flow may want a fresh proof: it is asked for, and the answer's `auth_time` is judged by it. So it is
    // where the person is to sign in anew: they may take that out of the address.
    let max_age = match flow.step_up {
        Some(_) => Some(0),
        None => flow.min_auth_time.map(|at| now.since(at).as_secs()),
    };
    let more = flow.step_up.map(|step| {
        let asked = oidc::step_up(s.preset, &s.rules, step.required.class());
        asked.unwrap_or_else(|| vec![("prompt", "login".to_owned())])
    });
    let up = Upstream {
        flow: id,
        tenant,
        directory: s.directory,
        generation: s.generation,
        nonce: crypto::random_b64(24),
        verifier: crypto::random_b64(48),
        request: json!({ "max_age": max_age, "step_up": more.is_some(), "trial": flow.trial() }),
        started_at: now,
    };
    let provider = match providers.get(app, &s).await {
        Ok(provider) => provider,
        Err(e) => {
            if let Some(trial) = flow.trial() {
                return trial::answered(app, request, &up, &trial, Err(e)).await;
            }
            let attempt =
                Attempt { app, request, up: &up, device: Value::Null, before: None, flow: None };
            return refuse(&attempt, Refused::of(e)).await;
        }
    };
    let cx = caller::platform(request);
    let state = flows::upstream_put(&app.store, &cx, up.clone()).await?;
    let addressed = matches!(flow.after, After::Invitation(_))
        || s.newcomers.people != directories::People::Nobody;
    let more = more.unwrap_or_else(|| oidc::request(s.preset, &s.rules).into_iter().collect());
    let ask = Ask { app, s: &s, up: &up, state: state.expose_secret(), max_age, addressed, more };
    let url = ask.url(&provider, flow.login_hint.as_deref());
    Ok(Redirect::to(&url).into_response())
}

/// The request to the provider (OpenID Connect Core, 3.1.2.1).
struct Ask<'a> {
    app: &'a App,
    s: &'a SignIn,
    up: &'a Upstream,
    state: &'a str,
    max_age: Option<u64>,
    /// Who accepts an invitation, or comes unbidden, shows whose address they have.
    addressed: bool,
    /// What makes the provider prove what our rules look for.
    more: Vec<(&'static str, String)>,
}

impl Ask<'_> {
    fn url(&self, provider: &Provider, login_hint: Option<&str>) -> String {
        let mut url = provider.metadata.authorization_endpoint().url().clone();
        let more = self.s.scopes.iter().map(String::as_str).filter(|s| *s != "openid");
        let mut scope: Vec<&str> = std::iter::once("openid").chain(more).collect();
        if self.addressed {
            for address in ["email", "profile"] {
                if !scope.contains(&address) {
                    scope.push(address);
                }
            }
        }
        let challenge = crypto::b64(crypto::sha256(self.up.verifier.as_bytes()));
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.s.client_id)
            .append_pair(
                "redirect_uri",
                &directories::redirect_uri(self.app.config.issuer(), self.up.directory),
            )
            .append_pair("scope", &scope.join(" "))
            .append_pair("state", self.state)
            .append_pair("nonce", &self.up.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some(hint) = login_hint {
            query.append_pair("login_hint", hint);
        }
        if let Some(max_age) = self.max_age {
            query.append_pair("max_age", &max_age.to_string());
            // Entra documents no `max_age`; and "now" is said in both words.
            let anew = self.more.iter().any(|(name, _)| *name == "prompt");
            if !anew && (max_age == 0 || self.s.preset.is_entra()) {
                query.append_pair("prompt", "login");
            }
        }
        for (name, value) in &self.more {
            query.append_pair(name, value);
        }
        drop(query);
        url.into()
    }
}
