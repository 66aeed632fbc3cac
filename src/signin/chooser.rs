//! In which company a session acts, for whoever has something to do in several.

use super::{
    caller,
    error::or_page,
    flow::{find, suffices},
    pages::{self, Chooser, Place},
};
use crate::{
    app::App,
    audit::{self, Event},
    error::{Error, Result},
    flows::{self, State as Flow},
    id::{FlowId, RequestId, TenantId},
    sessions,
    store::Topic,
    tenants::{self, Tenant},
    tx,
    web::{Browser, LiveSession, Redirect, Sought, StrictForm, StrictPath},
};
use axum::{
    extract::{Extension, State},
    response::{IntoResponse as _, Response},
};
use serde_json::json;

/// The companies somebody may act in.
async fn open(app: &App, s: &LiveSession) -> Result<Vec<Tenant>> {
    tenants::open_to(&app.store, &app.access, s.home, s.user).await
}

/// The page that asks, unless it is settled or there is nothing to choose.
pub(super) async fn ask(
    app: &App,
    id: FlowId,
    flow: &Flow,
    session: &LiveSession,
    sought: &Sought,
) -> Result<Option<Response>> {
    if flow.settled {
        return Ok(None);
    }
    let all = open(app, session).await?;
    if all.len() < 2 {
        return Ok(None);
    }
    let (companies, shown) = sought.among(format!("/signin/{id}"), all, |t| t);
    let mut places = Vec::new();
    for t in shown {
        let held = app.access.effective(session.home, session.user, t.id).await?;
        places.push(Place {
            id: t.id.to_string(),
            slug: t.slug,
            name: t.name,
            home: t.id == session.home,
            roles: held.roles.iter().map(|r| r.name.clone()).collect(),
        });
    }
    let page = Chooser {
        title: "Where do you want to work?",
        brand: pages::brand(app),
        flow: id,
        app: pages::about(flow),
        user_name: session.user_name.clone(),
        companies,
        places,
    };
    Ok(Some(pages::show_for(page.app.as_ref(), &page)))
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    tenant: TenantId,
}

/// `POST /signin/{flow}/acting`
pub(super) async fn choose(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    session: Option<LiveSession>,
    StrictForm(form): StrictForm<Chosen>,
) -> Response {
    let chosen = chosen(&app, request, id, &browser, session.as_ref(), form.tenant).await;
    or_page(&app, request, chosen)
}

async fn chosen(
    app: &App,
    request: RequestId,
    id: FlowId,
    browser: &Browser,
    session: Option<&LiveSession>,
    acting: TenantId,
) -> Result<Response> {
    let mut flow = find(app, id, browser).await?;
    let back = Redirect::to(&format!("/signin/{id}")).into_response();
    let Some(s) = session.filter(|s| suffices(&flow, s)) else { return Ok(back) };
    if flow.settled {
        return Ok(back);
    }
    if !open(app, s).await?.iter().any(|t| t.id == acting) {
        return Err(Error::forbidden("you have no role in that company"));
    }
    let (home, user, session) = (s.home, s.user, s.id);
    tx!(app.store, &caller::cx(home, request), [], |tx| {
        sessions::choose_tenant(tx, home, session, acting).await?;
        let event = Event::new("session.tenant").target("user", user);
        audit::record(tx, home, event.detail(json!({ "session": session, "tenant": acting })))
            .await?;
        tx.changed(Topic::User(home, user));
        Ok(())
    })?;
    flow.settled = true;
    flows::put(&app.store, &caller::platform(request), id, &flow).await?;
    Ok(back)
}
