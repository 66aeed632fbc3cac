//! SCIM 2.0 service provider (RFC 7643, 7644) at `/scim/{directory}/v2`, also without `/v2`. A directory's client
//! proves itself with one of its tokens ([`caller`]), a request is taken apart once ([`call`]), and each verb is one
//! function over the truth rooms; refusals sound as [`error`] says. What directories send besides the RFC is read by
//! `protocol::scim`; this room knows HTTP and nothing of the database.

mod bulk;
mod call;
mod caller;
mod cursor;
mod discovery;
mod document;
mod error;
mod groups;
mod list;
mod note;
mod record;
mod replay;
mod search;
mod stream;
mod users;

pub use replay::again;

use crate::{
    access::{Permit, perm::Provision},
    app::App,
    directories::Reading,
    error::{Error, Kind, Result},
    id::{DirectoryId, RequestId},
    protocol::scim::{Resource, Rule, Rules, bad},
};
use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
    routing::any,
};
use call::{Call, Unless};
use note::Noted;
use record::Watch;
use serde_json::Value;

/// The voice's routes. The rest of a path is dispatched here and not by the router: directories are configured with
/// and without `/v2`, with slashes at the end and doubled in between.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/scim/{directory}", any(bare))
        .route("/scim/{directory}/", any(bare))
        .route("/scim/{directory}/{*rest}", any(below))
}

async fn bare(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    match path {
        Ok(Path(directory)) => answered(&app, id, &directory, "", request).await,
        Err(_) => error::response(&no_text()),
    }
}

async fn below(
    State(app): State<App>,
    Extension(id): Extension<RequestId>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    match path {
        Ok(Path((directory, rest))) => answered(&app, id, &directory, &rest, request).await,
        Err(_) => error::response(&no_text()),
    }
}

/// Of a path that is no UTF-8: nothing is kept under such a one.
fn no_text() -> Error {
    Error::not_found("a path that is not UTF-8")
}

async fn answered(
    app: &App,
    id: RequestId,
    directory: &str,
    rest: &str,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let directory = DirectoryId::parse(directory);
    let proved = match caller::permit(app, &parts.headers, directory, id).await {
        Ok(proved) => proved,
        Err(e) => {
            if let Some(d) = directory {
                app.log.refused(d, e.detail());
            }
            return error::response(&e);
        }
    };
    let mut watch = Watch::new(app, id, &proved, rest, &parts);
    let rules = proved.1.rules;
    let (answer, noted) = match call::whole(body).await {
        Ok(body) => {
            watch.body(&body);
            perform(app, proved, rest, parts, &body).await
        }
        Err(e) => (Err(e), Noted::default()),
    };
    let mut response = answer.unwrap_or_else(|e| error::response(&e));
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = place(rules, rest).map(|p| allowed(&p)).unwrap_or_default();
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    }
    watch.end(noted, response).await
}

/// Does what a proved directory asks, and says what became of it.
async fn perform(
    app: &App,
    proved: (Permit<Provision>, Reading),
    rest: &str,
    parts: Parts,
    body: &[u8],
) -> (Result<Response>, Noted) {
    let read = || {
        let place = place(proved.1.rules, rest)?;
        Ok((place, Call::read(app, proved, &parts, body)?))
    };
    let (mut place, mut call) = match read() {
        Ok(read) => read,
        Err(e) => return (Err(e), Noted::default()),
    };
    // HEAD is GET, whose body the server below leaves out.
    let mut method = if parts.method == Method::HEAD { Method::GET } else { parts.method };
    let search = search::is_search(&place);
    if search {
        if let Err(e) = search::read(&mut call, &method) {
            return (Err(e), Noted::default());
        }
        (method, _) = (Method::GET, place.pop());
    }
    // With the whole request at hand: a slow sender holds nobody up. A rehearsal has the writer, which others wait for.
    let turn = if app.store.rehearsed() {
        Ok(None)
    } else {
        app.scim_turns.turn(call.permit.tenant()).await.map(Some)
    };
    let answer = match turn {
        Ok(_turn) => dispatch(&call, &method, &place).await,
        Err(e) => Err(e),
    };
    let noted = call.noted();
    // Nothing became of what is only rehearsed.
    if !app.store.rehearsed() {
        note::tell(&call.permit.directory().to_string(), &noted.outcomes);
    }
    (answer, noted)
}

/// The parts of the address below `/v2`. Slashes at the end and doubled ones mean nothing, and `/v2` may be missing
/// (1.24); another version is said to be one.
fn place(rules: Rules, rest: &str) -> Result<Vec<&str>> {
    let mut place: Vec<&str> = rest.split('/').collect();
    let doubled = place.iter().any(|s| s.is_empty());
    place.retain(|s| !s.is_empty());
    let version = place.first().is_some_and(|s| s.eq_ignore_ascii_case("v2"));
    if !rules.has(Rule::Slashes) && (doubled || !version) {
        return Err(Error::not_found(format!("'/{}'", crate::text::excerpt(rest))));
    }
    if version {
        place.remove(0);
    } else if let Some(other) = place.first().and_then(|s| s.strip_prefix(['v', 'V']))
        && !other.is_empty()
        && other.bytes().all(|b| b.is_ascii_digit())
    {
        let text = format!("this is SCIM 2.0, not version {}", crate::text::excerpt(other));
        return Err(bad("invalidVers", "version", text));
    }
    Ok(place)
}

/// What is done at a place where something is not (RFC 9110 15.5.6): the methods of [`dispatch`].
fn allowed(place: &[&str]) -> &'static str {
    let kind = place.first().map(|s| s.to_ascii_lowercase()).unwrap_or_default();
    match (kind.as_str(), place.len()) {
        _ if search::is_search(place) => "POST",
        ("bulk", _) => "POST",
        ("users" | "groups", 1) => "GET, HEAD, POST",
        ("users" | "groups", _) => "GET, HEAD, PUT, PATCH, DELETE",
        _ => "GET, HEAD",
    }
}

/// What stands at a place, and who does it.
async fn dispatch(call: &Call, method: &Method, place: &[&str]) -> Result<Response> {
    let kind = place.first().map(|s| s.to_ascii_lowercase()).unwrap_or_default();
    match (kind.as_str(), place.get(1..).unwrap_or_default()) {
        (_, [.., last]) if search::is_word(last) => Err(nowhere(place)),
        ("", []) => match *method {
            Method::GET => list::answer(call, list::ALL).await,
            _ => Err(not_done(method)),
        },
        ("users", []) if *method == Method::GET => list::answer(call, &[Resource::User]).await,
        ("groups", []) if *method == Method::GET => list::answer(call, &[Resource::Group]).await,
        ("users", []) => verb(call, method, Resource::User, None).await,
        ("groups", []) => verb(call, method, Resource::Group, None).await,
        ("users", [id]) => verb(call, method, Resource::User, Some(id)).await,
        ("groups", [id]) => verb(call, method, Resource::Group, Some(id)).await,
        ("bulk", []) => match *method {
            Method::POST => bulk::post(call).await,
            _ => Err(not_done(method)),
        },
        ("me", _) => Err(nobody()),
        ("serviceproviderconfig" | "resourcetypes" | "schemas", rest) => {
            if *method != Method::GET {
                return Err(not_done(method));
            }
            discovery::get(call, &kind, rest)
        }
        _ => Err(nowhere(place)),
    }
}

fn nowhere(place: &[&str]) -> Error {
    Error::not_found(format!("'/{}'", crate::text::excerpt(&place.join("/"))))
}

fn not_done(method: &Method) -> Error {
    Error::new(Kind::Unsupported, format!("{method} is not possible here"))
        .code(error::METHOD_NOT_ALLOWED)
}

/// What is done to a resource, or to the collection where one is made: by itself or as a part of many.
async fn verb(
    call: &Call,
    method: &Method,
    resource: Resource,
    id: Option<&str>,
) -> Result<Response> {
    if let (Some(unless), Some(id), false) = (&call.if_none_match, id, *method == Method::GET) {
        // RFC 9110 13.1.2: `*` is for what is not there yet; a resource that is changed is there.
        another(call, resource, id, unless).await?;
    }
    match (resource, id) {
        (Resource::User, None) => match *method {
            Method::POST => users::create(call).await,
            _ => Err(not_done(method)),
        },
        (Resource::Group, None) => match *method {
            Method::POST => groups::create(call).await,
            _ => Err(not_done(method)),
        },
        (Resource::User, Some(id)) => match *method {
            Method::GET => users::get(call, id).await,
            Method::PUT => users::replace(call, id).await,
            Method::PATCH => users::patch(call, id).await,
            Method::DELETE => users::delete(call, id).await,
            _ => Err(not_done(method)),
        },
        (Resource::Group, Some(id)) => match *method {
            Method::GET => groups::get(call, id).await,
            Method::PUT => groups::replace(call, id).await,
            Method::PATCH => groups::patch(call, id).await,
            Method::DELETE => groups::delete(call, id).await,
            _ => Err(not_done(method)),
        },
    }
}

/// Refuses what is there, or what is at a version that was named.
async fn another(call: &Call, resource: Resource, id: &str, unless: &Unless) -> Result<()> {
    let version = match resource {
        Resource::User => users::read(call, id).await?.version,
        Resource::Group => groups::read(call, id).await?.version,
    };
    let text = match unless {
        Unless::Any => "'If-None-Match: *' is for what is not there yet".to_owned(),
        Unless::One(_) if unless.names_version(version) => {
            format!("it is at version {version}, which 'If-None-Match' names")
        }
        Unless::One(_) => return Ok(()),
    };
    Err(Error::new(Kind::Precondition, text))
}

/// `/Me` (RFC 7644 3.11) is whoever the token is of.
fn nobody() -> Error {
    let text = "a token of a directory is a machine's: there is no user that '/Me' could stand for; name one below \
                /Users";
    Error::new(Kind::Unsupported, text)
}

/// An answer: a resource or a list (or nothing), where it stands, its entity tag.
fn answer(
    status: StatusCode,
    body: Option<Value>,
    location: Option<&str>,
    tag: Option<&str>,
) -> Response {
    sent(status, body.map(|b| Body::from(b.to_string())), location, tag)
}

/// An answer whose body is written already.
fn sent(
    status: StatusCode,
    body: Option<Body>,
    location: Option<&str>,
    tag: Option<&str>,
) -> Response {
    let has_body = body.is_some();
    let mut r = Response::new(body.unwrap_or_default());
    *r.status_mut() = status;
    let h = r.headers_mut();
    if has_body {
        h.insert(header::CONTENT_TYPE, HeaderValue::from_static(error::SCIM));
    }
    if let Some(l) = location.and_then(|l| HeaderValue::from_str(l).ok()) {
        h.insert(header::LOCATION, l);
    }
    if let Some(v) = tag.and_then(|t| HeaderValue::from_str(t).ok()) {
        h.insert(header::ETAG, v);
    }
    r
}
