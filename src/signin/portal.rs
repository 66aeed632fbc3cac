//! The page behind a setup link: whose it is and what it opens, and one button. Looking changes nothing, so that whatever
//! reads mail may follow the link.

use super::{caller, error::or_page, pages};
use crate::{
    app::App,
    directories::portal,
    error::{Error, Kind, Result},
    id::RequestId,
    tenants,
    web::{Redirect, StrictForm, StrictPath, portal_cookie},
};
use askama::Template;
use axum::{
    extract::{Extension, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};

#[derive(Template)]
#[template(path = "portal.html")]
struct Page {
    title: String,
    brand: String,
    token: String,
    company: String,
    /// For machines and for people.
    until: (String, String),
}

#[derive(Template)]
#[template(path = "portal_over.html")]
struct Over {
    title: &'static str,
    brand: String,
}

/// `GET /portal/open/{token}`.
pub(super) async fn show(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(token): StrictPath<String>,
) -> Response {
    or_page(&app, request, shown(&app, token).await)
}

async fn shown(app: &App, token: String) -> Result<Response> {
    let Some(p) = good(app, &token).await? else { return Ok(over(app)) };
    let company = tenants::get(&app.store, p.tenant_id).await?.name;
    let page = Page {
        title: format!("Connect {company}"),
        brand: pages::brand(app),
        token,
        company,
        until: (p.expires_at.rfc3339(), p.expires_at.for_people()),
    };
    Ok(pages::show(StatusCode::OK, &page))
}

/// The link, if what it is for is there and may be acted on.
async fn good(app: &App, token: &str) -> Result<Option<portal::Portal>> {
    match app.gate.portal(token).await {
        Ok(_) => portal::open(&app.store, token).await,
        Err(e) if e.kind() == Kind::Unauthenticated => Ok(None),
        Err(e) => Err(e),
    }
}

fn over(app: &App) -> Response {
    let page = Over { title: "This link is over", brand: pages::brand(app) };
    pages::show(StatusCode::GONE, &page)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// `POST /portal/open/{token}`: the browser keeps the link for as long as it is good.
pub(super) async fn enter(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(token): StrictPath<String>,
    StrictForm(Nothing {}): StrictForm<Nothing>,
) -> Response {
    or_page(&app, request, entered(&app, request, &token).await)
}

async fn entered(app: &App, request: RequestId, token: &str) -> Result<Response> {
    let Some(p) = good(app, token).await? else { return Ok(over(app)) };
    portal::used(&app.store, &caller::portal(request, &p), &p).await?;
    let left = p.expires_at.since(app.store.clock().now()).as_secs();
    if left == 0 {
        return Err(Error::unauthenticated("the setup link is over"));
    }
    let mut r = Redirect::to("/portal").into_response();
    r.headers_mut().append(header::SET_COOKIE, portal_cookie(app, token, left));
    Ok(r)
}
