//! The one place where voices meet: the router, what surrounds every request, the listeners, the workers.
//!
//! * [`router`] merges the voices and wraps them (from outside in): request id, log line and figures
//!   ([`observe`]), what of a body nobody read ([`unread`]), limits ([`bounds`]), a caught panic.
//! * [`run`] listens until it is told to stop: TCP for the world, with TLS ([`tls`]) if the settings say so, and a socket in the data directory where whoever
//!   may open it is [`Principal::Owner`].
//! * [`workers`] does what no request waits for.

mod begin;
mod bounds;
mod listen;
mod metrics;
mod observe;
mod problem;
mod tls;
mod unread;
mod workers;

pub use listen::{Listeners, run};
pub use tls::Tls;

use crate::{
    actor::{Actor, Principal},
    api,
    app::App,
    config::Config,
    console,
    crypto::seal::MasterKey,
    error::Result,
    federation,
    id::RequestId,
    oauth, scim, signin, ssf,
    store::Store,
    tenants, web,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{Extensions, HeaderValue, Request, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use std::sync::Arc;
use tower::util::BoxCloneSyncService;
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};

/// What the voices share, over an open database; the settings are settled.
///
/// # Errors
/// The catalogue's, the keys' and the database's.
pub async fn assemble(config: Config, store: Store, master: MasterKey) -> Result<App> {
    let app = App::new(config, store, master, &system("start")).await?;
    app.replays_by(scim::again);
    Ok(app)
}

/// The server's own work; `what` goes into audit events.
fn system(what: &'static str) -> Actor {
    Actor::prove(Principal::System(what), RequestId::new())
}

/// Everything we answer, ready to be served.
pub fn router(app: &App) -> Router {
    let figures = Arc::new(metrics::Metrics::new());
    let bounds = Arc::new(bounds::Bounds::new(&app.config));
    let read = Arc::clone(&figures);
    let router = Router::new()
        .merge(voices())
        .merge(pages(app))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(move |req: axum::extract::Request| figures_of(read, req)))
        .fallback(problem::no_such_page)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(bounds, bounds::keep))
        .layer(middleware::from_fn(unread::take_in))
        .layer(middleware::from_fn_with_state(figures, observe::observe))
        .with_state(app.clone());
    if app.config.only_https() {
        router.layer(SetResponseHeaderLayer::overriding(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        ))
    } else {
        router
    }
}

/// The voices side by side.
fn voices() -> Router<App> {
    Router::new()
        .merge(api::routes())
        .merge(scim::routes())
        .merge(signin::routes())
        .merge(federation::routes())
        .merge(console::routes())
        .merge(oauth::routes())
        .merge(ssf::routes())
        .merge(web::routes())
}

/// The pages for administrators: a client of the API, which it asks in this process. It hears from where the browser
/// asks and under which id; who asks, the API finds out from the cookie, as for everybody.
fn pages(app: &App) -> Router<App> {
    let api = BoxCloneSyncService::new(api::routes().with_state(app.clone()));
    let settings = desk::Settings {
        brand: app.config.brand.name.clone(),
        stylesheet: web::stylesheet().to_owned(),
    };
    desk::routes(desk::Desk::new(settings, api))
        .layer(middleware::from_fn(
            |mut request: axum::extract::Request, next: middleware::Next| {
                let mut passed = Extensions::new();
                if let Some(id) = request.extensions().get::<RequestId>() {
                    passed.insert(*id);
                }
                if let Some(address) = request.extensions().get::<web::ClientAddr>() {
                    passed.insert(*address);
                }
                // A page that only shows something asks for all of it as the one session that it was opened in.
                let (once, kept) = web::Once::begin();
                if request.method().is_safe() {
                    passed.insert(once);
                }
                request.extensions_mut().insert(desk::Passed(passed));
                async move {
                    let made = next.run(request).await;
                    drop(kept);
                    web::guarded(made)
                }
            },
        ))
        .with_state(())
}

/// A request of the data directory's owner: for the socket's listener, and for commands that hold the directory's
/// lock and call the router in-process.
pub fn as_owner<B>(request: &mut Request<B>) {
    let id = RequestId::new();
    request.extensions_mut().insert(id);
    request.extensions_mut().insert(Actor::prove(Principal::Owner, id));
}

/// Ready when the database answers.
async fn ready(State(app): State<App>) -> Response {
    match tenants::provider(&app.store).await {
        Ok(_) => "ready\n".into_response(),
        Err(e) => {
            tracing::warn!(error = e.operator_text().unwrap_or(e.detail()), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

/// Figures are for the machine itself and for the networks the settings name.
async fn figures_of(figures: Arc<metrics::Metrics>, request: axum::extract::Request) -> Response {
    let trusted = request.extensions().get::<bounds::Client>().is_none_or(|c| c.may_read_figures);
    if !trusted {
        return problem::no_such_page(request).await;
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], figures.text()).into_response()
}
