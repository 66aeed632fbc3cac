//! Home-realm discovery: an address, or a company's short name, leads to the ways in. An address of a domain that
//! nobody confirmed gets the page of one whose company has no directory, so that nothing is to be learnt by trying.

use super::{
    caller,
    error::or_page,
    flow::{find, open_tenant, slug_of},
    pages::{self, Address},
};
use crate::{
    app::App,
    directories, domains,
    error::{Kind, Result},
    flows::{self, After, State as Flow},
    id::{FlowId, RequestId},
    tenants::{self, Status},
    web::{Browser, Redirect, StrictForm, StrictPath},
};
use axum::{
    extract::{Extension, State},
    response::{IntoResponse as _, Response},
};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedAddress {
    email: String,
}

/// `POST /signin/{flow}/email`
pub(super) async fn email(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    StrictForm(typed): StrictForm<TypedAddress>,
) -> Response {
    or_page(&app, request, address(&app, request, id, &browser, typed.email.trim()).await)
}

async fn address(
    app: &App,
    request: RequestId,
    id: FlowId,
    browser: &Browser,
    email: &str,
) -> Result<Response> {
    let mut flow = find(app, id, browser).await?;
    if !asks(&flow) {
        return Ok(back(id));
    }
    let tenant = match domains::tenant_of(&app.store, email).await {
        Ok(t) => t,
        Err(e) if e.kind() == Kind::Invalid => {
            let text = "This is not an e-mail address. It looks like anna@contoso.com.".to_owned();
            return Ok(ask(app, id, &flow, crate::text::excerpt(email), Some(text)));
        }
        Err(e) => return Err(e),
    };
    flow.tenant = match tenant {
        Some(t) => Some(tenants::get(&app.store, t).await?),
        None => None,
    }
    .filter(|t| t.status == Status::Active)
    .map(|t| t.id);
    (flow.by_email, flow.named, flow.password) = (true, None, None);
    flow.login_hint = Some(email.to_owned());
    flows::put(&app.store, &caller::platform(request), id, &flow).await?;
    // Where there is nothing to choose, nobody is asked. Whoever comes back finds the page with all ways.
    if let Some(t) = flow.tenant
        && let Some(only) = directories::only_way(&app.store, t).await?
    {
        let to = format!("/federation/start?flow={id}&directory={only}");
        return Ok(Redirect::to(&to).into_response());
    }
    Ok(back(id))
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChosenTenant {
    tenant: String,
}

/// `POST /signin/{flow}/tenant`: by a company's short name, whether or not there is one of it; an empty one asks who they
/// are again.
pub(super) async fn tenant(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    StrictForm(form): StrictForm<ChosenTenant>,
) -> Response {
    or_page(&app, request, chosen(&app, request, id, &browser, form.tenant.trim()).await)
}

async fn chosen(
    app: &App,
    request: RequestId,
    id: FlowId,
    browser: &Browser,
    slug: &str,
) -> Result<Response> {
    let mut flow = find(app, id, browser).await?;
    if !asks(&flow) {
        return Ok(back(id));
    }
    flow.tenant = open_tenant(app, slug).await?.map(|t| t.id);
    (flow.by_email, flow.password) = (false, None);
    flow.named = Some(slug_of(slug)).filter(|s| !s.is_empty());
    flows::put(&app.store, &caller::platform(request), id, &flow).await?;
    Ok(back(id))
}

/// An invitation and the setup know whose they are.
fn asks(flow: &Flow) -> bool {
    matches!(flow.after, After::Page | After::Authorize { .. })
}

fn back(id: FlowId) -> Response {
    Redirect::to(&format!("/signin/{id}")).into_response()
}

/// The page that asks who somebody is.
pub(super) fn ask(
    app: &App,
    id: FlowId,
    flow: &Flow,
    email: String,
    problem: Option<String>,
) -> Response {
    shown(&Address { problem, ..blank(app, id, flow, email) })
}

/// The same, when a passkey was not taken there.
pub(super) fn ask_again(app: &App, id: FlowId, flow: &Flow, problem: String) -> Response {
    let email = flow.login_hint.clone().unwrap_or_default();
    shown(&Address { passkey_problem: Some(problem), ..blank(app, id, flow, email) })
}

fn shown(page: &Address) -> Response {
    pages::show_that_loads(page.app.as_ref(), page.passkeys, page)
}

fn blank(app: &App, id: FlowId, flow: &Flow, email: String) -> Address {
    Address {
        title: "Sign in",
        brand: pages::brand(app),
        flow: id,
        app: pages::about(flow),
        email,
        problem: None,
        passkeys: app.credentials.passkeys(),
        passkey_problem: None,
    }
}
