//! HTML pages for people who are signed in: their own page for now. It knows sessions and rights, and nothing of how
//! somebody got in.

use crate::{
    app::App,
    audit::{self, Event},
    error::{Error, Result},
    sessions::{self, Who},
    store::{Cx, Scope},
    tenants, tx,
    web::{self, Caller, LiveSession, Redirect},
};
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::json;

/// The voice's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(|| async { Redirect::to("/me") }))
        .route("/me", get(me))
        .route("/me/signout", post(sign_out))
}

/// What somebody may do in one tenant.
struct Place {
    slug: String,
    name: String,
    roles: Vec<String>,
    permissions: Vec<String>,
}

#[derive(Template)]
#[template(path = "me.html")]
struct Me {
    title: String,
    brand: String,
    name: String,
    user_name: String,
    company: String,
    since: String,
    how: String,
    places: Vec<Place>,
}

async fn me(State(app): State<App>, session: Option<LiveSession>) -> Response {
    let Some(session) = session else { return Redirect::to("/signin").into_response() };
    let shown = page(&app, &session).await.and_then(|p| p.render().map_err(Error::internal));
    shown.map_or_else(|e| failed(&e), |text| web::html(StatusCode::OK, text))
}

async fn page(app: &App, s: &LiveSession) -> Result<Me> {
    let reach = app.access.tenants_of(s.home, s.user).await?;
    let mut places = Vec::new();
    for t in tenants::some(&app.store, &reach).await? {
        let e = app.access.effective(s.home, s.user, t.id).await?;
        places.push(Place {
            slug: t.slug,
            name: t.name,
            roles: e.roles.iter().map(|r| r.name.clone()).collect(),
            permissions: e.permissions.iter().cloned().collect(),
        });
    }
    let how = match s.class.as_str() {
        "phr" => "with a phishing-resistant factor",
        "mfa" => "with two factors",
        "attested" => "as your company's login attests",
        _ => "with one factor",
    };
    let name = s.display_name.clone().unwrap_or_else(|| s.user_name.clone());
    Ok(Me {
        title: format!("Hello, {name}"),
        brand: app.config.brand.name.clone(),
        name,
        user_name: s.user_name.clone(),
        company: tenants::get(&app.store, s.home).await?.name,
        since: s.auth_time.rfc3339(),
        how: how.to_owned(),
        places,
    })
}

/// Ends the session; the browser is at the sign-in page then.
async fn sign_out(
    State(app): State<App>,
    session: Option<LiveSession>,
    caller: Option<Caller>,
) -> Response {
    let mut response = Redirect::to("/signin").into_response();
    if let (Some(s), Some(Caller { actor, .. })) = (session, caller) {
        let (home, id) = (s.home, s.id);
        let cx = Cx::new(actor, Scope::Tenant(home)).urgent();
        let ended = tx!(app.store, &cx, [], |tx| {
            sessions::revoke(tx, Who::Session(home, id), "signed out").await?;
            let event = Event::new("signout").target("session", id);
            audit::record(tx, home, event.detail(json!({}))).await
        });
        if let Err(e) = ended {
            return failed(&e);
        }
    }
    let gone = web::clear_session_cookie(&app);
    response.headers_mut().append(header::SET_COOKIE, gone);
    response
}

fn failed(e: &Error) -> Response {
    tracing::error!(error = e.operator_text().unwrap_or(e.detail()), "a page failed");
    let text = "This did not work; it has been logged. Please try again shortly.";
    web::html(StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
}
