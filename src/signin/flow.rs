//! A sign-in from its first page to its last: which tenant, which way in, and, once a session lives, where to.

use super::{
    caller, chooser, discover,
    error::or_page,
    invite,
    pages::{self, Code, Way, WhichWay},
};
use crate::{
    app::App,
    credentials, directories,
    error::{Error, Kind, Result},
    flows::{self, After, State as Flow},
    id::{FlowId, RequestId},
    store::Scope,
    tenants::{self, Status, Tenant},
    web::{Browser, LiveSession, Redirect, Sought, StrictPath, StrictQuery},
};
use axum::{
    extract::{Extension, State},
    response::{IntoResponse as _, Response},
};

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    /// A tenant's slug: whose ways in are shown.
    tenant: Option<String>,
    /// Whoever is signed in proves once more who they are, to change what they sign in with.
    fresh: Option<String>,
}

/// `GET /signin`: a sign-in for its own sake; ends at the person's own page.
pub(super) async fn begin(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    browser: Browser,
    StrictQuery(query): StrictQuery<Begin>,
) -> Response {
    or_page(&app, request, begun(&app, request, &browser, query).await)
}

async fn begun(app: &App, request: RequestId, browser: &Browser, query: Begin) -> Result<Response> {
    let tenant = match query.tenant.as_deref() {
        Some(slug) => open_tenant(app, slug).await?.map(|t| t.id),
        None => None,
    };
    let mut flow = Flow::new(After::Page, tenant);
    flow.named = query.tenant.as_deref().map(slug_of).filter(|s| !s.is_empty());
    if query.fresh.is_some() {
        flow.min_auth_time = Some(app.store.clock().now());
        flow.to_factors = true;
    }
    let id = flows::begin(&app.store, &caller::platform(request), flow, browser.hash()).await?;
    Ok(browser.keep(Redirect::to(&format!("/signin/{id}")).into_response()))
}

/// `GET /signin/{flow}`: what is missing still, or onwards. `?q=` and `?page=` find a company among many.
pub(super) async fn show(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    session: Option<LiveSession>,
    StrictQuery(sought): StrictQuery<Sought>,
) -> Response {
    or_page(&app, request, shown(&app, request, id, &browser, session.as_ref(), &sought).await)
}

async fn shown(
    app: &App,
    request: RequestId,
    id: FlowId,
    browser: &Browser,
    session: Option<&LiveSession>,
    sought: &Sought,
) -> Result<Response> {
    let flow = find(app, id, browser).await?;
    match &flow.after {
        After::Invitation(i) => {
            return invite::ways(app, request, (id, &flow), i, session, sought).await;
        }
        After::Setup(_) => return Ok(Redirect::to(&format!("/enrol/{id}/code")).into_response()),
        After::Reset(_) => return Ok(Redirect::to(&format!("/enrol/{id}")).into_response()),
        After::Page | After::Authorize { .. } | After::Trial(_) => {}
    }
    if let Some(session) = session
        && suffices(&flow, session)
    {
        if let Some(page) = chooser::ask(app, id, &flow, session, sought).await? {
            return Ok(page);
        }
        return onwards(app, request, id, &flow).await;
    }
    if flow.password.is_some() {
        return ask_second(app, id, &flow, None).await;
    }
    let hint = flow.login_hint.clone().unwrap_or_default();
    if !flow.placed() {
        return Ok(discover::ask(app, id, &flow, hint, None));
    }
    ask_way(app, id, &flow, hint, None, false).await
}

/// The flow, if it is this browser's and has not ended.
pub(super) async fn find(app: &App, id: FlowId, browser: &Browser) -> Result<Flow> {
    let flow = flows::get(&app.store, id, browser.hash()).await?;
    // By a test login nobody comes in, whatever they type.
    flow.filter(|f| f.trial().is_none()).ok_or_else(|| {
        let text = "this sign-in has ended, or began in another browser; begin again";
        Error::new(Kind::Invalid, text)
    })
}

/// Whether a session that lives already is what the flow wants.
pub(super) fn suffices(flow: &Flow, session: &LiveSession) -> bool {
    flow.min_auth_time.is_none_or(|at| session.proved_since(at))
}

/// Nothing is missing: on to whoever began the flow.
pub(super) async fn onwards(
    app: &App,
    request: RequestId,
    id: FlowId,
    flow: &Flow,
) -> Result<Response> {
    match flow.after {
        // The issuer ends the flow itself, with the answer it owes.
        After::Authorize { .. } => {
            Ok(Redirect::to(&format!("/oauth/resume?flow={id}")).into_response())
        }
        After::Page
        | After::Invitation(_)
        | After::Setup(_)
        | After::Trial(_)
        | After::Reset(_) => {
            flows::end(&app.store, &caller::platform(request), id).await?;
            let page = if flow.to_factors { "/me/factors" } else { "/me" };
            Ok(Redirect::to(flow.start.as_deref().unwrap_or(page)).into_response())
        }
    }
}

/// A company's short name as it is looked for.
pub(super) fn slug_of(typed: &str) -> String {
    crate::text::excerpt(&typed.trim().to_ascii_lowercase())
}

/// The tenant of this slug, if its people may sign in.
pub(super) async fn open_tenant(app: &App, slug: &str) -> Result<Option<Tenant>> {
    let tenant = tenants::by_slug(&app.store, slug).await?;
    Ok(tenant.filter(|t| t.status == Status::Active))
}

/// The ways in: a tenant's directories, and a password. Who came here by an address sees the company's name only where
/// it has a directory to lead to: otherwise its page is that of an address nobody knows. Who came by a short name sees no
/// name of a company: the page is the same whether there is one of it that has no directory, or none.
pub(super) async fn ask_way(
    app: &App,
    id: FlowId,
    flow: &Flow,
    user_name: String,
    problem: Option<String>,
    open_local: bool,
) -> Result<Response> {
    let ways = match flow.tenant {
        Some(tenant) => directories::ways_in(&app.store, tenant).await?,
        None => Vec::new(),
    };
    let tenant = match flow.tenant {
        Some(tenant) if flow.named.is_none() && !(flow.by_email && ways.is_empty()) => {
            Some(tenants::get(&app.store, tenant).await?.name)
        }
        _ => None,
    };
    // Of one there is nothing to choose, and most are called like the company.
    let unsaid = flow.named.is_some() && ways.len() == 1;
    let ways = ways.into_iter().map(|(id, name)| Way {
        id: id.to_string(),
        name: if unsaid { "your company's login".to_owned() } else { name },
    });
    let ways = ways.collect();
    let page = WhichWay {
        title: "Sign in",
        brand: pages::brand(app),
        flow: id,
        app: pages::about(flow),
        tenant,
        slug: flow.named.clone(),
        ways,
        problem,
        user_name,
        forgot: app.credentials.place(flow.tenant)?,
        open_local,
        passkeys: app.credentials.passkeys(),
    };
    Ok(pages::show_that_loads(page.app.as_ref(), page.passkeys, &page))
}

/// The page for what comes after the password: whatever of it the person has.
pub(super) async fn ask_second(
    app: &App,
    id: FlowId,
    flow: &Flow,
    problem: Option<String>,
) -> Result<Response> {
    let Some(p) = flow.password else {
        return Ok(Redirect::to(&format!("/signin/{id}")).into_response());
    };
    let mut c = app.store.read(Scope::Tenant(p.home)).await?;
    let has = credentials::has(&mut c, p.home, p.user).await?;
    drop(c);
    let page = Code {
        title: "One more step",
        brand: pages::brand(app),
        flow: id,
        app: pages::about(flow),
        problem,
        one_time: has.code,
        recovery: has.recovery > 0,
        passkeys: has.passkeys > 0 && app.credentials.passkeys(),
    };
    Ok(pages::show_that_loads(page.app.as_ref(), page.passkeys, &page))
}
