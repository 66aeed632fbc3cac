//! The question for consent: shown to a person who is signed in, where the flow of an authorization request waits for
//! it; answered by a form of our own page, in the browser that began, for the session and the scopes that were shown.

use super::{
    authorize::back,
    pages,
    request::AuthRequest,
    resume::{self, Next},
};
use crate::{
    app::App,
    apps::{Client, consents},
    error::Result,
    id::{FlowId, RequestId, SessionId},
    store::{Cx, Scope},
    tenants,
    web::{self, Browser, Caller, LiveSession, StrictForm},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};

/// The page.
///
/// # Errors
/// The database's.
pub(super) async fn page(
    app: &App,
    request: RequestId,
    flow: FlowId,
    client: &Client,
    scopes: &[String],
    session: &LiveSession,
) -> Result<Response> {
    let about = client.app.about();
    let picture = about.logo_origin();
    let page = pages::Consent {
        title: format!("Allow {}?", about.name),
        brand: app.config.brand.name.clone(),
        about,
        user_name: session.user_name.clone(),
        company: tenants::get(&app.store, session.home).await?.name,
        wants: scopes.iter().map(|s| consents::words(app.access.catalogue(), s)).collect(),
        flow: flow.to_string(),
        session: session.id.to_string(),
        scope: scopes.join(" "),
    };
    Ok(pages::show(app, request, picture.as_deref(), &page))
}

/// What the page sends.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    flow: FlowId,
    session: SessionId,
    scope: String,
    answer: Verdict,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Allow,
    Deny,
}

/// `POST /oauth/consent`
pub async fn post(
    State(app): State<App>,
    web::RequestId(request): web::RequestId,
    browser: Browser,
    session: Option<LiveSession>,
    caller: Option<Caller>,
    StrictForm(sent): StrictForm<Sent>,
) -> Response {
    answered(&app, &browser, session, caller, sent)
        .await
        .unwrap_or_else(|e| web::Refusal::new(&app, request, e).into_response())
}

async fn answered(
    app: &App,
    browser: &Browser,
    session: Option<LiveSession>,
    caller: Option<Caller>,
    answer: Sent,
) -> Result<Response> {
    let (asked, client, _) = resume::waiting(app, answer.flow, browser).await?;
    let again =
        || web::Redirect::to(&format!("/oauth/resume?flow={}", answer.flow)).into_response();
    // Signed out meanwhile, or as somebody else: the flow goes on from there, and asks again.
    let (Some(session), Some(Caller { actor, .. })) = (session, caller) else { return Ok(again()) };
    if session.id != answer.session || !resume::fits(&asked, &session) {
        return Ok(again());
    }
    if answer.answer == Verdict::Deny {
        resume::ended(app, answer.flow).await?;
        let text = "the person did not agree";
        let fields = [("error", "access_denied"), ("error_description", text)];
        return Ok(back(app, &asked.redirect_uri, asked.state.as_deref(), &fields));
    }
    // The gate is asked once more: rights may have changed while the page was open.
    let granted = match resume::weigh(app, &client, &asked, &session, false).await? {
        Next::Answer(r) => {
            resume::ended(app, answer.flow).await?;
            return Ok(r);
        }
        // Not offered here: the page itself was shown to somebody whose proof was enough.
        Next::StepUp(_) => return Ok(again()),
        Next::Give(scopes) | Next::Ask(scopes) => scopes,
    };
    let shown: Vec<&str> = answer.scope.split(' ').collect();
    let agreed = granted.into_iter().filter(|s| shown.contains(&s.as_str())).collect();
    resume::ended(app, answer.flow).await?;
    let cx = Cx::new(actor, Scope::Tenant(session.home));
    let (home, user) = (session.home, session.user);
    let all = consents::allow(&app.store, &cx, home, user, client.app.id, agreed).await?;
    let scopes = within(&asked, &client, &all);
    resume::give(app, &client, &asked, &session, scopes).await
}

/// What a code is given for: of what was asked, what the person agreed to. An application that does not ask (but was
/// told to, by `prompt=consent`) keeps what it asked for.
pub(super) fn within(asked: &AuthRequest, client: &Client, agreed: &[String]) -> Vec<String> {
    let keep = |s: &&String| !client.asks() || agreed.contains(s);
    asked.scopes.iter().filter(keep).cloned().collect()
}

/// The scopes a code may be given for (`Ok`), or those the person is to be asked for first (`Err`): some were never
/// agreed to, or the request wants the question.
///
/// # Errors
/// The database's.
pub(super) async fn agreed(
    app: &App,
    client: &Client,
    asked: &AuthRequest,
    session: &LiveSession,
    granted: &[String],
) -> Result<Result<Vec<String>, Vec<String>>> {
    if !client.asks() && !asked.ask {
        return Ok(Ok(asked.scopes.clone()));
    }
    let agreed = consents::of(&app.store, session.home, session.user, client.app.id).await?;
    match agreed {
        Some(all) if !asked.ask && granted.iter().all(|s| all.contains(s)) => {
            Ok(Ok(within(asked, client, &all)))
        }
        _ => Ok(Err(granted.to_vec())),
    }
}
