//! A passkey: the person shows it without having said who they are. It proves two factors that cannot be phished.

use super::{
    caller, discover,
    error::or_page,
    flow::{ask_second, ask_way, find},
    local::{Attempt, Come, wait},
};
use crate::{
    app::App,
    credentials::{Bound, Shown},
    error::Result,
    id::{CeremonyId, FlowId, RequestId},
    signins::Reason,
    web::{self, Browser, Device, LiveSession, StrictForm, StrictPath},
};
use axum::{
    extract::{Extension, State},
    response::Response,
};
use serde_json::json;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// `POST /signin/{flow}/passkey/begin`: the question, for the script.
pub(super) async fn begin(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    StrictForm(Nothing {}): StrictForm<Nothing>,
) -> Response {
    let asked = async {
        find(&app, id, &browser).await?;
        let (cx, bound) = (caller::platform(request), Bound::flow(id, browser.hash()));
        Ok(web::document(&app.credentials.ask_for_any(&cx, &bound).await?))
    };
    or_page(&app, request, asked.await)
}

/// A browser's answer.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    ceremony: CeremonyId,
    credential: String,
}

/// `POST /signin/{flow}/passkey`
pub(super) async fn show(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    before: Option<LiveSession>,
    Device(client): Device,
    StrictForm(answer): StrictForm<Answer>,
) -> Response {
    let attempt = Attempt { app: &app, request, id, before, client };
    or_page(&app, request, shown(attempt, &browser, answer).await)
}

async fn shown(a: Attempt<'_>, browser: &Browser, answer: Answer) -> Result<Response> {
    let flow = find(a.app, a.id, browser).await?;
    let (cx, bound) = (caller::platform(a.request), Bound::flow(a.id, browser.hash()));
    let credentials = &a.app.credentials;
    let shown = credentials.verify_passkey(&cx, &bound, answer.ceremony, &answer.credential);
    let problem = match shown.await? {
        Shown::Right(used) if flow.opens_to(used.home) => {
            return a.proved(flow, Come::with_passkey(used)).await;
        }
        Shown::Right(_) => "This passkey is of an account in another company. Use another address or company, then \
                            show it again."
            .to_owned(),
        Shown::Off { home, user } => {
            return a.refuse(home, Some(user), Reason::UserDisabled, json!({})).await;
        }
        Shown::Cloned { home, user } => {
            return a.refuse(home, Some(user), Reason::PasskeyCloned, json!({})).await;
        }
        Shown::Over => "That took too long. Try again.".to_owned(),
        Shown::Unknown => "This passkey is not known here; it may have been removed. Sign in another way.".to_owned(),
        Shown::Wrong { home, user } => {
            a.record(home, Some(user), Reason::PasskeyWrong, json!({})).await?;
            "The passkey was not accepted. Try again.".to_owned()
        }
        Shown::Wait { home, user, seconds } => {
            a.record(home, Some(user), Reason::RateLimited, json!({})).await?;
            wait(seconds)
        }
    };
    if flow.password.is_some() {
        return ask_second(a.app, a.id, &flow, Some(problem)).await;
    }
    if !flow.placed() {
        return Ok(discover::ask_again(a.app, a.id, &flow, problem));
    }
    let hint = flow.login_hint.clone().unwrap_or_default();
    ask_way(a.app, a.id, &flow, hint, Some(problem), true).await
}
