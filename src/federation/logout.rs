//! A sign-out that goes on at the provider (OpenID Connect RP-Initiated Logout 1.0): `GET /federation/logout?flow=` sends the
//! browser to the provider's `end_session_endpoint`, and `GET /federation/signed-out/{directory}` is where it comes back. Our
//! own session has ended before. Where to is in the flow row and in the provider's discovery document, and in nothing that
//! a link could say; whatever does not fit ends on our own signed-out page.

use super::{caller, error::or_page, provider::Providers};
use crate::{
    app::App,
    directories::{self, SignIn},
    error::Result,
    flows::goodbye::{self, Goodbye},
    id::{DirectoryId, FlowId, RequestId},
    protocol::oidc::Preset,
    secret::ExposeSecret as _,
    sessions::upstream,
    web::{Browser, Redirect, StrictPath, StrictQuery, strict},
};
use axum::{
    Extension,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Response},
};
use url::Url;

/// The page that says it is done.
const DONE: &str = "/oauth/logout";

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    flow: FlowId,
}

/// Away to the provider; or onwards at once, where it has no such address.
pub(super) async fn leave(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    Extension(request): Extension<RequestId>,
    browser: Browser,
    StrictQuery(which): StrictQuery<Which>,
) -> Response {
    let left = async {
        let flow = which.flow;
        let Some(leaving) = goodbye::get(&app.store, flow, browser.hash()).await? else {
            return Ok(Redirect::to(DONE).into_response());
        };
        let to = match at_provider(&app, &providers, flow, &leaving).await {
            Ok(Some(url)) => url.into(),
            Ok(None) => ended(&app, request, flow, &browser).await?,
            Err(e) => {
                tracing::warn!(directory = %leaving.directory, error = ?e, "a provider's logout cannot be asked for");
                ended(&app, request, flow, &browser).await?
            }
        };
        Ok(Redirect::to(&to).into_response())
    };
    or_page(&app, request, left.await)
}

/// The provider's logout, with what it is asked; `None` where there is none, or is to be none any more.
async fn at_provider(
    app: &App,
    providers: &Providers,
    flow: FlowId,
    leaving: &Goodbye,
) -> Result<Option<Url>> {
    let (t, d) = (leaving.tenant, leaving.directory);
    let s = directories::signin(&app.store, t, d, &app.master).await?;
    let Some(s) = s.filter(|s| s.end_upstream) else { return Ok(None) };
    let provider = providers.get(app, &s).await?;
    let Some(mut url) = provider.end_session.clone() else { return Ok(None) };
    app.net.check(&url)?;
    let back = directories::signed_out_uri(app.config.issuer(), d);
    // Sealed for whoever signs out: without their id it cannot be opened.
    let kept = leaving.user.zip(leaving.hint.as_deref());
    if kept.is_none() && s.preset == Preset::Okta {
        // It shows whoever comes without one an error; they came before sign-outs were to go on there.
        return Ok(None);
    }
    let id_token =
        kept.map(|(user, hint)| upstream::opened(&app.master, (t, user), hint)).transpose()?;
    let mut query = url.query_pairs_mut();
    if let Some(token) = &id_token {
        query.append_pair("id_token_hint", token.expose_secret());
    }
    query
        .append_pair("client_id", &s.client_id)
        .append_pair("post_logout_redirect_uri", &back)
        .append_pair("state", &flow.to_string());
    if let Some(hint) = hint(&s, leaving) {
        query.append_pair("logout_hint", hint);
    }
    drop(query);
    Ok(Some(url))
}

/// What says whom we mean besides the id token of the sign-in (Okta demands that). Auth0 takes the name of its session; Entra wants a claim that we do not keep, and never a name or
/// an address; others have said nothing of it.
fn hint<'a>(s: &SignIn, leaving: &'a Goodbye) -> Option<&'a str> {
    match s.preset {
        Preset::Auth0 => leaving.sid.as_deref(),
        _ => None,
    }
}

/// Ends it: where the browser goes then.
async fn ended(app: &App, request: RequestId, flow: FlowId, browser: &Browser) -> Result<String> {
    let cx = caller::platform(request);
    let ended = goodbye::end(&app.store, &cx, flow, browser.hash()).await?;
    Ok(ended.map_or_else(|| DONE.to_owned(), |g| g.to))
}

/// Back from the provider, which may say more than the state: it is passed over.
pub(super) async fn back(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(directory): StrictPath<DirectoryId>,
    browser: Browser,
    RawQuery(query): RawQuery,
) -> Response {
    let gone = async {
        let pairs = strict::pairs(query.unwrap_or_default().as_bytes())?;
        let state = pairs.iter().find(|(name, _)| name == "state");
        let flow = state.and_then(|(_, v)| v.parse::<FlowId>().ok());
        let Some(flow) = flow else { return Ok(Redirect::to(DONE).into_response()) };
        let leaving = goodbye::get(&app.store, flow, browser.hash()).await?;
        if leaving.is_none_or(|g| g.directory != directory) {
            return Ok(Redirect::to(DONE).into_response());
        }
        let to = ended(&app, request, flow, &browser).await?;
        Ok(Redirect::to(&to).into_response())
    };
    or_page(&app, request, gone.await)
}
