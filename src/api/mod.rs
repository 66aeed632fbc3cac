//! The admin REST API under `/api/v1`: JSON in and out, errors by RFC 9457. It decides nothing: a handler gets its
//! permit from `access`, calls one service function, and shows what it gave. [`TABLE`] is every route with what it
//! needs; the router is made from it.

mod access;
mod adoptions;
mod answer;
mod apps;
mod break_glass;
mod call;
mod called;
mod caller;
mod consents;
mod credentials;
mod cursor;
mod defaults;
mod directories;
mod doctor;
mod domains;
mod elevations;
mod error;
mod event_streams;
mod explain;
mod find;
mod grants;
mod groups;
mod holdings;
mod instance;
mod integrations;
mod invitations;
mod invite_bulk;
mod keyed;
mod letters;
mod openapi;
mod param;
mod parked;
mod portal;
mod preview;
mod provisioning;
mod rehearsal;
mod reviews;
mod roles;
mod schemas;
mod scim_tokens;
mod scope;
mod sessions;
mod signals;
mod signin_tests;
mod signins;
mod simulate;
mod statistics;
mod suppressions;
mod system;
mod table;
mod tenants;
mod trail;
mod user_bulk;
mod users;
mod versions;

use crate::{
    app::App,
    error::{Error, Result},
    id::RequestId,
    web::strict,
};
use answer::{Contract, served};
use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    http::Response,
    routing::{MethodFilter, MethodRouter, on},
};
use call::{Call, Reply};
use futures::future::BoxFuture;
use param::Param;
use std::collections::HashMap;

/// What a route needs of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Somebody; the answer is about themselves, or the same for all.
    Caller,
    /// This permission in the tenant of the path.
    Permission(&'static str),
    /// To be a Global Administrator.
    Global,
    /// To own the data directory.
    Owner,
}

type Handler = fn(Call) -> BoxFuture<'static, Result<Reply>>;

/// One route.
#[derive(Clone)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path under `/api/v1`, with `{names}`.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    /// One sentence.
    pub about: &'static str,
    /// What may stand in its query and headers.
    pub params: &'static [Param],
    contract: Contract,
    handler: Handler,
}

impl Route {
    /// The status of the answer when it was done.
    pub fn status(&self) -> u16 {
        self.contract.status.as_u16()
    }
    /// Refuses a query with what is no parameter of this route.
    fn knows(&self, query: &[(String, String)]) -> Result<()> {
        let known = |name: &str| self.params.iter().any(|p| p.in_query() && p.name == name);
        match query.iter().find(|(name, _)| !known(name)) {
            Some((name, _)) => {
                let name = crate::text::excerpt(name);
                Err(Error::invalid(format!("'{name}' is no parameter of this address")).attr(name))
            }
            None => Ok(()),
        }
    }
}

pub use openapi::document;
pub use rehearsal::TRIED;
pub use table::TABLE;

fn filter(method: &str) -> MethodFilter {
    match method {
        "POST" => MethodFilter::POST,
        "PUT" => MethodFilter::PUT,
        "PATCH" => MethodFilter::PATCH,
        "DELETE" => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    }
}

/// The API's router.
pub fn routes() -> Router<App> {
    let mut paths: Vec<(&str, MethodRouter<App>)> = Vec::new();
    for r in TABLE {
        let serve = move |State(app): State<App>,
                          path: Result<Path<HashMap<String, String>>, PathRejection>,
                          request: Request| async move {
            match path {
                Ok(Path(path)) => answer(app, r, path, request).await,
                // What is no UTF-8 is nobody's address.
                Err(_) => nothing_here(request).await,
            }
        };
        let at = paths.iter().position(|(p, _)| *p == r.path).unwrap_or_else(|| {
            paths.push((r.path, MethodRouter::new().fallback(wrong_method)));
            paths.len() - 1
        });
        if let Some((_, m)) = paths.get_mut(at) {
            *m = std::mem::take(m).merge(on(filter(r.method), serve));
        }
    }
    let mut api = Router::new();
    for (path, methods) in paths {
        api = api.route(path, methods);
    }
    Router::new().nest("/api/v1", api.fallback(nothing_here))
}

async fn wrong_method(request: Request) -> Response<Body> {
    error::wrong_method(request.method(), request.extensions().get().copied())
}

async fn nothing_here(request: Request) -> Response<Body> {
    let e = Error::not_found("this address of the API");
    error::problem(&e, request.extensions().get().copied())
}

async fn answer(
    app: App,
    route: &'static Route,
    path: HashMap<String, String>,
    request: Request,
) -> Response<Body> {
    let mut id = request.extensions().get::<RequestId>().copied();
    let answer = run(app, route, path, request, &mut id).await;
    answer.unwrap_or_else(|e| error::problem(&e, id))
}

async fn run(
    app: App,
    route: &'static Route,
    path: HashMap<String, String>,
    request: Request,
    id: &mut Option<RequestId>,
) -> Result<Response<Body>> {
    let (mut parts, body) = request.into_parts();
    let caller = caller::caller(&app, &mut parts).await?;
    *id = Some(caller.actor.request());
    let query = strict::pairs(parts.uri.query().unwrap_or_default().as_bytes())?;
    route.knows(&query)?;
    let wanted = versions::wanted(route, &parts.headers)?;
    let key = keyed::key(route, &parts.headers)?;
    let (query, body) = (query.into_iter().collect(), strict::body(body).await?);
    let mut call = Call::new(app, caller, path, query, body);
    portal::within(route, &mut call).await?;
    call.list = cursor::List::of(route, &call).await?;
    match key {
        Some(key) => keyed::run(route, call, &key).await,
        None => Ok(versions::run(route, call, &wanted).await?.into_response()),
    }
}
