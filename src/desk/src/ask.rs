//! One request for a page: who sits there, which words the address has, and the way to the API.

use crate::{
    Desk, PREFIX,
    api::{Client, Sent},
    assets,
    form::Form,
    nav::Section,
    problem::Problem,
    shell::{Me, Shell},
    text,
};
use askama::Template;
use axum::{
    body::Body,
    extract::{FromRequestParts, Request, State},
    http::{Extensions, HeaderValue, Method, Response, StatusCode, header, request::Parts},
    middleware::Next,
    response::{Html, IntoResponse},
};
use std::{convert::Infallible, ops::Deref};

/// What the server around us knows of a request and the API wants to know, too.
#[derive(Debug, Clone, Default)]
pub struct Passed(pub Extensions);

/// A request for a page. Dereferences to the [`Client`] that asks for whoever sent it.
pub struct Ask {
    desk: Desk,
    client: Client,
    /// The path.
    here: String,
    /// The words of the address.
    query: Form,
}

impl Deref for Ask {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl FromRequestParts<Desk> for Ask {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Infallible> {
        let passed = parts.extensions.get::<Passed>().cloned().unwrap_or_default();
        let client = Client::new(desk.api(), &parts.headers, passed.0);
        let here = parts.uri.path().to_owned();
        let query = Form::read(parts.uri.query().unwrap_or_default().as_bytes());
        Ok(Self { desk: desk.clone(), client, here, query })
    }
}

impl Ask {
    /// A word of the address; empty where it is not there.
    pub fn word(&self, name: &str) -> &str {
        self.query.get(name)
    }
    /// All words of the address.
    pub fn words(&self) -> &Form {
        &self.query
    }
    /// The words of these names, as the API takes them: those that say something.
    pub fn pass<'a>(&'a self, names: &[&'a str], more: &[(&'a str, &'a str)]) -> String {
        let words = names.iter().map(|n| (*n, self.word(n)));
        text::query(words.chain(more.iter().copied()))
    }
    /// This address with the word `cursor` as given: the page after.
    pub fn after(&self, cursor: Option<&String>) -> Option<String> {
        let path = &self.here;
        let kept = self.query.pairs().filter(|(n, _)| !matches!(*n, "cursor" | "done"));
        cursor.map(|c| format!("{path}{}", text::query(kept.chain([("cursor", c.as_str())]))))
    }
    /// The path, without so many of its last parts.
    pub fn above(&self, parts: usize) -> &str {
        (0..parts).fold(&self.here, |path: &str, _| path.rsplit_once('/').map_or(path, |p| p.0))
    }
    /// The first page of this list.
    pub fn first(&self) -> Option<String> {
        let path = &self.here;
        let kept = self.query.pairs().filter(|(n, _)| !matches!(*n, "cursor" | "done"));
        (!self.word("cursor").is_empty()).then(|| format!("{path}{}", text::query(kept)))
    }
    /// The frame of a page of a tenant, if whoever asks has anything there.
    ///
    /// # Errors
    /// The API's; 404 for a tenant in which they have nothing.
    pub async fn shell(&self, tenant: &str, at: Section, title: &str) -> Result<Shell, Trouble> {
        let me: Me = self.get(&format!("/me?tenant={}", text::escape(tenant))).await?;
        if me.place().is_none() {
            return Err(Problem::nothing().into());
        }
        Ok(Shell::new(self.desk.settings(), me, at, title, self.word("done")))
    }
    /// The way to the API for whoever opened a setup link in this browser.
    pub fn portal(&self) -> Client {
        self.client.of_portal()
    }
    /// The platform's name, and the style sheets of its pages.
    pub fn look(&self) -> (String, [String; 2]) {
        let s = self.desk.settings();
        (s.brand.clone(), [s.stylesheet.clone(), assets::stylesheet().to_owned()])
    }
    /// The frame of a page of the whole instance.
    ///
    /// # Errors
    /// The API's.
    pub async fn instance(&self, at: Section, title: &str) -> Result<Shell, Trouble> {
        let me: Me = self.get("/me?tenant=").await?;
        Ok(Shell::new(self.desk.settings(), me, at, title, self.word("done")))
    }
    /// An answer of the API as it comes: a download.
    pub async fn download(&self, path: &str) -> Result<Response<Body>, Trouble> {
        let answer = self.raw(Method::GET, path, Sent::nothing()).await;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 64 * 1024).await.unwrap_or_default();
        Err(Problem::read(status, &body).into())
    }
}

/// What a handler gives.
pub type Answer = Result<Response<Body>, Trouble>;

/// A page.
///
/// # Errors
/// A template's.
pub fn page(template: &impl Template) -> Answer {
    shown(StatusCode::OK, template)
}

/// A page with another status: a form that did not go through.
///
/// # Errors
/// A template's.
pub fn shown(status: StatusCode, template: &impl Template) -> Answer {
    let text = template.render().map_err(|e| Problem::ours(e.to_string()))?;
    Ok((status, Html(text)).into_response())
}

/// On to another page of ours, which says what was done: `done` is a word of [`crate::shell::said`].
///
/// # Errors
/// None; it is an [`Answer`].
#[expect(clippy::unnecessary_wraps, reason = "the last word of a handler")]
pub fn on(path: &str, done: &str) -> Answer {
    let joint = if path.contains('?') { '&' } else { '?' };
    let to = if done.is_empty() { path.to_owned() } else { format!("{path}{joint}done={done}") };
    Ok(see(&to))
}

fn see(to: &str) -> Response<Body> {
    let mut r = Response::new(Body::empty());
    match HeaderValue::try_from(to) {
        Ok(v) => {
            *r.status_mut() = StatusCode::SEE_OTHER;
            r.headers_mut().insert(header::LOCATION, v);
        }
        Err(_) => *r.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    r
}

/// What went wrong: `?` on what the API says is enough, and [`dressed`] makes the page of it.
#[derive(Debug)]
pub struct Trouble(Problem);

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response<Body> {
        let mut r = self.0.http().into_response();
        r.extensions_mut().insert(self.0);
        r
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct Message<'a> {
    brand: &'a str,
    stylesheet: &'a str,
    title: &'a str,
    problem: &'a Problem,
    /// What to do.
    next: Option<&'static str>,
    /// Where a fresh sign-in leads back from.
    again: Option<String>,
    /// Where to go on, and what that link says; nothing where no page of ours would open.
    home: Option<(&'static str, &'static str)>,
}

/// Makes a page of what went wrong; who is not signed in is asked to, and comes back.
pub async fn dressed(State(desk): State<Desk>, request: Request, next: Next) -> Response<Body> {
    // A form that was sent cannot be come back to: its page can.
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let uri = request.uri();
    let here = if safe { uri.path_and_query().map_or(PREFIX, |p| p.as_str()) } else { uri.path() };
    let (to, portal) = (text::escape(here), here.starts_with("/portal"));
    let mut r = next.run(request).await;
    let Some(p) = r.extensions_mut().remove::<Problem>() else { return r };
    if p.status == 401 && !portal {
        return see(&format!("/signin?to={to}"));
    }
    let over = p.status == 401 && p.code == "invalid_token";
    let title = match p.status {
        401 if over => "This link does not work any more",
        401 => "Open your setup link again",
        403 if p.wants_proof() => "Please prove who you are",
        403 => "You may not do this",
        404 => "There is nothing here",
        429 => "Too many attempts",
        503 => "Try again shortly",
        500.. => "Something went wrong",
        _ => "That did not work",
    };
    let page = Message {
        brand: &desk.settings().brand,
        stylesheet: &desk.settings().stylesheet,
        title,
        problem: &p,
        next: match p.status {
            401 if over => Some("Ask whoever sent it to you for another."),
            401 => Some(
                "Open the link that you were sent, in this browser. Where it does not open any more, ask whoever sent \
                 it for another.",
            ),
            _ => None,
        },
        again: p.wants_proof().then(|| format!("/signin?fresh=1&to={to}")),
        home: match (portal, p.status) {
            (true, 401) => None,
            (true, _) => Some(("/portal", "To the setup that is open in this browser")),
            (false, _) => Some((PREFIX, "To the overview")),
        },
    };
    let text = page.render().unwrap_or_else(|_| p.sentence());
    (p.http(), Html(text)).into_response()
}
