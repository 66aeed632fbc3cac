//! A passkey for somebody who is only just coming in: in the place of password and code, or of the code alone.

use super::{caller, enrol, error::or_page, flow::find, passkey::Nothing};
use crate::{
    app::App,
    credentials::{Bound, Enrolment},
    error::Kind,
    flows,
    id::{CeremonyId, FlowId, RequestId},
    web::{self, Browser, Device, LiveSession, StrictForm, StrictPath},
};
use axum::{
    extract::{Extension, State},
    response::Response,
};

/// `POST /enrol/{flow}/passkey/begin`: the question, for the script.
pub(super) async fn begin(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    StrictForm(Nothing {}): StrictForm<Nothing>,
) -> Response {
    let asked = async {
        let flow = find(&app, id, &browser).await?;
        let who = match enrol::who(&app, &flow).await? {
            Ok(who) => who,
            Err(why) => return Ok(enrol::over(&app, why)),
        };
        let (cx, bound) = (caller::platform(request), Bound::flow(id, browser.hash()));
        let label = who.display_name.as_deref().unwrap_or(&who.user_name);
        let person = (who.tenant, who.user);
        let asked = app.credentials.ask_for_new(&cx, &bound, person, &who.user_name, label);
        Ok(web::document(&asked.await?))
    };
    or_page(&app, request, asked.await)
}

/// What the browser made.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    ceremony: CeremonyId,
    credential: String,
    name: String,
}

/// `POST /enrol/{flow}/passkey`
pub(super) async fn show(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    before: Option<LiveSession>,
    Device(device): Device,
    StrictForm(m): StrictForm<Made>,
) -> Response {
    let done = async {
        let mut flow = find(&app, id, &browser).await?;
        let who = match enrol::who(&app, &flow).await? {
            Ok(who) => who,
            Err(why) => return Ok(enrol::over(&app, why)),
        };
        let (cx, bound) = (caller::platform(request), Bound::flow(id, browser.hash()));
        let made = app.credentials.made(&cx, &bound, m.ceremony, &m.credential, &m.name).await;
        let passkey = match made {
            Ok(passkey) => passkey,
            Err(e) if e.kind() == Kind::Invalid => {
                let text = Some(web::sentence(e.detail()));
                return match flow.enrolment {
                    Some(_) => enrol::ask_second(&app, id, &flow, &who, text),
                    None => Ok(enrol::ask_first(&app, id, &who, text)),
                };
            }
            Err(e) => return Err(e),
        };
        flow.enrolment = Some(Enrolment::with_passkey(flow.enrolment.take(), passkey));
        flows::put(&app.store, &cx, id, &flow).await?;
        enrol::let_in(&app, request, id, &flow, &who, before, device).await
    };
    or_page(&app, request, done.await)
}
