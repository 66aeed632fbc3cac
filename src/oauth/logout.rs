//! `/oauth/logout` (OpenID Connect RP-Initiated Logout 1.0), by GET and POST. A session ends without a question only
//! for an id token of that very session; everybody else's word is put to the person first. A return address counts if
//! it is registered for the application, to the letter; whatever is wrong gets a page of ours and no redirect.

use super::{
    authorize::{address, leave},
    backchannel, caller, pages,
    params::Params,
};
use crate::{
    app::App,
    apps::{Client, Kind},
    audit::{self, Event},
    error::{Error, Result},
    gate::Hint,
    id::RequestId,
    sessions::{self, Who},
    store::{Cx, Scope},
    tx,
    web::{self, Browser, Caller, LiveSession, StrictForm},
};
use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use std::sync::Arc;

/// What is read of a request; the rest (`logout_hint`, `ui_locales`) is ignored.
const FIELDS: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

/// A request that was checked.
struct Asked {
    client: Option<Arc<Client>>,
    hint: Option<Hint>,
    /// Registered for `client`.
    to: Option<String>,
    state: Option<String>,
    /// As it was sent, for the form that asks.
    fields: Vec<(&'static str, String)>,
}

async fn read(app: &App, params: &Params) -> Result<Asked> {
    let hint = match params.get("id_token_hint") {
        None => None,
        Some(token) => Some(app.gate.hint(token).map_err(|e| {
            let text =
                "the application's request to sign out names a sign-in that is not one of ours";
            Error::invalid(text).operator(e.operator_text().unwrap_or_default())
        })?),
    };
    let named = params.get("client_id");
    if let (Some(h), Some(c)) = (&hint, named)
        && h.client_id != c
    {
        let text = "the request to sign out names one application, and a sign-in to another";
        return Err(Error::invalid(text));
    }
    let id = named.or(hint.as_ref().map(|h| h.client_id.as_str()));
    let client = match id {
        None => None,
        Some(id) => app.apps.find(id).await?.filter(|c| c.app.kind == Kind::App),
    };
    if named.is_some() && client.is_none() {
        return Err(Error::invalid("no such application is registered here"));
    }
    let to = params.get("post_logout_redirect_uri");
    if let Some(to) = to {
        let registered =
            |c: &Arc<Client>| c.app.settings.0.post_logout_redirect_uris.iter().any(|r| r == to);
        if !client.as_ref().is_some_and(registered) {
            let text =
                "the address to go to after signing out is not registered for the application";
            return Err(Error::invalid(text));
        }
    }
    let fields = FIELDS.iter().filter_map(|n| Some((*n, params.get(n)?.to_owned()))).collect();
    let (to, state) = (to.map(str::to_owned), params.get("state").map(str::to_owned));
    Ok(Asked { client, hint, to, state, fields })
}

/// By query.
pub async fn get(
    State(app): State<App>,
    web::RequestId(request): web::RequestId,
    RawQuery(query): RawQuery,
    session: Option<LiveSession>,
    caller: Option<Caller>,
    browser: Browser,
) -> Response {
    let params = Params::read(query.as_deref().unwrap_or_default());
    let answer = match params {
        Ok(p) => asked(&app, request, &p, session.zip(caller), &browser).await,
        Err(e) => Err(Error::invalid(e.description)),
    };
    answer.unwrap_or_else(|e| web::Refusal::new(&app, request, e).into_response())
}

/// By form. What another site's page sends comes without our cookies: the browser asks once more, by GET.
pub async fn post(
    State(app): State<App>,
    web::RequestId(request): web::RequestId,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let to = match caller::form(&headers, &body) {
        Ok(p) => format!("/oauth/logout?{}", p.query()),
        Err(e) => {
            let e = Error::invalid(e.description);
            return web::Refusal::new(&app, request, e).into_response();
        }
    };
    web::Redirect::to(&to).into_response()
}

async fn asked(
    app: &App,
    request: RequestId,
    params: &Params,
    who: Option<(LiveSession, Caller)>,
    browser: &Browser,
) -> Result<Response> {
    let asked = read(app, params).await?;
    // Nobody is signed in here: nothing ends, and nobody is to be asked.
    let Some((session, caller)) = who else { return Ok(out(app, request, &asked)) };
    let its_own = |h: &Hint| h.session == Some(session.id) && h.user == session.user;
    if asked.hint.as_ref().is_some_and(its_own) {
        end(app, &session, caller).await?;
        return Ok(onwards(app, request, &asked, &session, browser).await);
    }
    let page = pages::Logout {
        title: "Sign out?",
        brand: app.config.brand.name.clone(),
        user_name: session.user_name.clone(),
        asks: asked.client.as_ref().map(|c| c.app.name.clone()),
        fields: asked.fields,
    };
    Ok(pages::show(app, request, None, &page))
}

/// What the page that asks sends: the request once more, and the person's word.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    answer: Verdict,
    id_token_hint: Option<String>,
    client_id: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Yes,
    No,
}

/// `POST /oauth/logout/answer`, from our own page.
pub async fn answer(
    State(app): State<App>,
    web::RequestId(request): web::RequestId,
    session: Option<LiveSession>,
    caller: Option<Caller>,
    browser: Browser,
    StrictForm(sent): StrictForm<Sent>,
) -> Response {
    let done = async {
        let Sent { answer, id_token_hint, client_id, post_logout_redirect_uri, state } = sent;
        if answer == Verdict::No {
            return Ok(web::Redirect::to("/me").into_response());
        }
        let values = [id_token_hint, client_id, post_logout_redirect_uri, state];
        let params = FIELDS.iter().zip(values).filter_map(|(n, v)| Some((*n, v?)));
        let asked = read(&app, &Params::of(params)).await?;
        if let Some((session, caller)) = session.zip(caller) {
            end(&app, &session, caller).await?;
            return Ok(onwards(&app, request, &asked, &session, &browser).await);
        }
        Ok(out(&app, request, &asked))
    };
    done.await.unwrap_or_else(|e: Error| web::Refusal::new(&app, request, e).into_response())
}

async fn end(app: &App, session: &LiveSession, Caller { actor, .. }: Caller) -> Result<()> {
    let (home, id) = (session.home, session.id);
    tx!(app.store, &Cx::new(actor, Scope::Tenant(home)).urgent(), [], |tx| {
        sessions::revoke(tx, Who::Session(home, id), "signed out").await?;
        audit::record(tx, home, Event::new("signout").target("session", id)).await
    })?;
    backchannel::settled(app, home, id).await;
    Ok(())
}

/// As [`out`]; by way of the logout of the provider that the session came by, where its directory wants that.
async fn onwards(
    app: &App,
    request: RequestId,
    asked: &Asked,
    ended: &LiveSession,
    browser: &Browser,
) -> Response {
    let page = || match &asked.client {
        Some(c) => format!("/oauth/logout?client_id={}", c.app.client_id),
        None => "/oauth/logout".to_owned(),
    };
    let state = asked.state.as_deref().map(|s| ("state", s));
    let to = asked.to.as_deref().map_or_else(|| Some(page()), |to| address(to, state));
    let Some(to) = to else { return out(app, request, asked) };
    match web::upstream(app, ended, browser, &to).await {
        Some(upstream) => {
            let mut r = web::Redirect::to(&upstream).into_response();
            r.headers_mut().append(header::SET_COOKIE, web::clear_session_cookie(app));
            browser.keep(r)
        }
        None => out(app, request, asked),
    }
}

/// To where the application wants the person, or to a page that says it is done; the cookie goes either way.
fn out(app: &App, request: RequestId, asked: &Asked) -> Response {
    let mut r = match &asked.to {
        Some(to) => leave(to, asked.state.as_deref().map(|s| ("state", s))),
        None => {
            let about = asked.client.as_ref().map(|c| c.app.about());
            let page = pages::SignedOut {
                title: "You are signed out",
                brand: app.config.brand.name.clone(),
                back: about.and_then(|a| Some((a.name, a.client_uri?))),
            };
            pages::show(app, request, None, &page)
        }
    };
    r.headers_mut().append(header::SET_COOKIE, web::clear_session_cookie(app));
    r
}
