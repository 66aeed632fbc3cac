//! `GET /federation/callback`: the answer of a provider. The state is claimed first, by one statement: an answer
//! counts once, in the browser that asked.

use super::{
    admit::{Attempt, admit, refuse},
    caller,
    error::or_page,
    provider::Providers,
    token,
};
use crate::{
    app::App,
    directories::{self, SignIn},
    error::{Error, Kind, Result},
    flows::{self, Upstream},
    id::RequestId,
    web::{Browser, Device, strict},
};
use axum::{
    Extension,
    extract::{RawQuery, State},
    response::Response,
};
use serde_json::Value;
use std::collections::HashMap;

pub(super) async fn callback(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    Extension(request): Extension<RequestId>,
    browser: Browser,
    Device(device): Device,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    or_page(answered(&app, &providers, request, &browser, device, &query).await)
}

/// What a provider answers with. Others may add parameters of their own, so unknown ones are passed over; none may
/// come twice.
struct Answer(HashMap<String, String>);

impl Answer {
    fn read(query: &str) -> Result<Self> {
        Ok(Self(strict::pairs(query.as_bytes())?.into_iter().collect()))
    }
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }
}

async fn answered(
    app: &App,
    providers: &Providers,
    request: RequestId,
    browser: &Browser,
    device: Value,
    query: &str,
) -> Result<Response> {
    let answer = Answer::read(query)?;
    let state = answer.get("state").unwrap_or_default();
    let cx = caller::platform(request);
    let up = flows::upstream_claim(&app.store, &cx, state, browser.hash()).await?;
    let up = up.ok_or_else(|| {
        let text =
            "this sign-in has ended, was answered before, or began in another browser; begin again";
        Error::new(Kind::Invalid, text).code("state_unknown")
    })?;
    let attempt = Attempt { app, request, up: &up, device };
    match proved(app, providers, &up, &answer).await {
        Ok((signin, claims)) => admit(attempt, &signin, &claims).await,
        Err(e) => refuse(&attempt, None, &e).await,
    }
}

async fn proved(
    app: &App,
    providers: &Providers,
    up: &Upstream,
    answer: &Answer,
) -> Result<(SignIn, crate::protocol::oidc::Claims)> {
    let refused = |code: &'static str, text: String| Error::forbidden(text).code(code);
    let signin = directories::signin(&app.store, up.tenant, up.directory, &app.master).await?;
    let signin = signin.ok_or_else(|| {
        refused("directory_disabled", "the directory's sign-in is switched off".to_owned())
    })?;
    if signin.generation != up.generation {
        let text = "the directory's settings were changed while the person was away";
        return Err(refused("directory_changed", text.to_owned()));
    }
    // RFC 9207: an answer that says who it is from must be from whom we asked, also when it is an error.
    if let Some(iss) = answer.get("iss")
        && iss != signin.issuer
    {
        let text = format!("the answer is from '{}'", crate::text::excerpt(iss));
        return Err(refused("issuer_mismatch", text));
    }
    if let Some(error) = answer.get("error") {
        let more = answer.get("error_description").unwrap_or_default();
        let (error, more) = (crate::text::excerpt(error), crate::text::excerpt(more));
        return Err(refused("upstream_denied", format!("the provider answered {error}: {more}")));
    }
    let code = answer.get("code").ok_or_else(|| {
        refused("upstream_denied", "the provider's answer has neither code nor error".to_owned())
    })?;
    let claims = token::claims(app, providers, &signin, up, code).await?;
    Ok((signin, claims))
}
