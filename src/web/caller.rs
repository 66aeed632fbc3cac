//! Who asks: the owner, where a listener said so; the bearer of an access token; or the person of a session.

use super::{Refusal, cookies, strict};
use crate::{
    actor::{Actor, Principal},
    app::App,
    error::{Error, Kind, Result},
    gate::FOR_THE_INSTANCE,
    id::TenantId,
    secret::{ExposeSecret as _, Secret},
    sessions::Live,
};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use serde_json::{Value, json};
use std::sync::{Arc, Weak};
use tokio::sync::OnceCell;

/// The id of the request, as logs and audit events name it.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub crate::id::RequestId);
impl RequestId {
    fn of(parts: &mut Parts) -> crate::id::RequestId {
        *parts.extensions.get_or_insert_with(crate::id::RequestId::new)
    }
}
impl FromRequestParts<App> for RequestId {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refusal> {
        Ok(Self(Self::of(parts)))
    }
}

/// What a session remembers of the browser it began in: address and user agent, for the person's list of sessions.
#[derive(Debug, Clone)]
pub struct Device(pub Value);
impl FromRequestParts<App> for Device {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Refusal> {
        let address = parts.extensions.get::<ClientAddr>().and_then(|a| a.0);
        let agent = parts.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok());
        let agent = agent.map(|a| a.chars().take(200).collect::<String>());
        Ok(Self(json!({ "address": address, "user_agent": agent })))
    }
}

/// The session of a browser, looked up once for all that is asked while a page is made that changes nothing, as long as its
/// maker has the other half. What goes on after that, as a file that is sent while it is read, asks anew each time.
#[derive(Debug, Clone)]
pub struct Once(Weak<OnceCell<Live>>);
impl Once {
    /// The half that is passed on, and the one that its maker keeps until the page is made.
    pub fn begin() -> (Self, Arc<OnceCell<Live>>) {
        let kept = Arc::default();
        (Self(Arc::downgrade(&kept)), kept)
    }
}

/// The session of the browser, if it may act now.
#[derive(Debug, Clone)]
pub struct LiveSession(pub Live);
impl std::ops::Deref for LiveSession {
    type Target = Live;
    fn deref(&self) -> &Live {
        &self.0
    }
}
impl LiveSession {
    async fn find(app: &App, parts: &Parts) -> Result<Option<Self>> {
        let Some(cookie) = cookies::session(app, &parts.headers) else { return Ok(None) };
        let once = parts.extensions.get::<Once>().filter(|_| parts.method.is_safe());
        let found = match once.and_then(|o| o.0.upgrade()) {
            Some(once) => once.get_or_try_init(|| app.gate.session(&cookie)).await.cloned(),
            None => app.gate.session(&cookie).await,
        };
        match found {
            Ok(live) => Ok(Some(Self(live))),
            Err(e) if e.kind() == Kind::Unauthenticated => Ok(None),
            Err(e) => Err(e),
        }
    }
    fn principal(&self) -> Principal {
        Principal::User {
            home: self.home,
            user: self.user,
            kind: self.kind,
            session: Some(self.id),
            app: None,
            scopes: None,
            bound: None,
        }
    }
}
impl OptionalFromRequestParts<App> for LiveSession {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Refusal> {
        Self::find(app, parts).await.map_err(|e| Refusal::at(app, parts, e))
    }
}
impl FromRequestParts<App> for LiveSession {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let found = Self::find(app, parts).await;
        let found =
            found.and_then(|s| s.ok_or_else(|| Error::unauthenticated("you are not signed in")));
        found.map_err(|e| Refusal::at(app, parts, e))
    }
}

/// The proved caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who asks.
    pub actor: Actor,
    /// The session whose proof is judged at each request: the browser's, and that of a token that speaks for its person in
    /// every tenant; `None` for any other token, whose proof was judged when it was made, and for the owner.
    pub proof: Option<Arc<Live>>,
    by: By,
}

/// What proved a caller, so that it can be asked again.
#[derive(Debug, Clone)]
enum By {
    /// The listener's word, which holds as long as the connection.
    Listener,
    /// An access token.
    Token(Secret),
    /// A session's cookie.
    Cookie(Secret),
    /// A setup link's.
    Portal(Secret),
}

/// Says that a request is made for a setup link that was opened in this browser, and not for the session that may be there,
/// too. No other site can make a browser send it.
const FOR_THE_PORTAL: &str = "muster-portal";

/// The token of an `Authorization: Bearer` header: one header, one token, of the characters RFC 6750 allows.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = all.next() else { return Ok(None) };
    let bad = || Error::unauthenticated("'Authorization' is not one Bearer token");
    if all.next().is_some() {
        return Err(bad());
    }
    let (scheme, token) = first.to_str().ok().and_then(|t| t.split_once(' ')).ok_or_else(bad)?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.bytes().all(fits) {
        return Err(bad());
    }
    Ok(Some(token))
}

impl Caller {
    async fn find(app: &App, parts: &mut Parts) -> Result<Option<Self>> {
        if let Some(actor) = parts.extensions.get::<Actor>() {
            return Ok(Some(Self { actor: actor.clone(), proof: None, by: By::Listener }));
        }
        let request = RequestId::of(parts);
        if let Some(token) = bearer(&parts.headers)? {
            let bearer = app.gate.bearer(token).await?;
            if !bearer.is_for_us() {
                let text = "the access token is for another service";
                return Err(Error::unauthenticated(text).code("invalid_token"));
            }
            let actor = Actor::prove(bearer.principal(), request);
            let by = By::Token(token.into());
            return Ok(Some(Self { actor, proof: bearer.proof().cloned(), by }));
        }
        if parts.headers.contains_key(FOR_THE_PORTAL) {
            return Self::of_portal(app, parts, request).await;
        }
        let Some(session) = LiveSession::find(app, parts).await? else { return Ok(None) };
        let by = By::Cookie(cookies::session(app, &parts.headers).unwrap_or_default().into());
        if !parts.method.is_safe() {
            strict::same_origin(app, &parts.headers)?;
        }
        let actor = Actor::prove(session.principal(), request);
        Ok(Some(Self { actor, proof: Some(Arc::new(session.0)), by }))
    }
    /// Whoever opened a setup link.
    async fn of_portal(
        app: &App,
        parts: &Parts,
        request: crate::id::RequestId,
    ) -> Result<Option<Self>> {
        let Some(cookie) = cookies::portal(app, &parts.headers) else { return Ok(None) };
        let who = app.gate.portal(&cookie).await?;
        if !parts.method.is_safe() {
            strict::same_origin(app, &parts.headers)?;
        }
        let by = By::Portal(cookie.into());
        Ok(Some(Self { actor: Actor::prove(who, request), proof: None, by }))
    }
    /// Asks again whether the session or token that proved the caller may still act: for what goes on after it was asked.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`] when it has ended; the database's.
    pub async fn still(&self, app: &App) -> Result<()> {
        match &self.by {
            By::Listener => Ok(()),
            By::Token(token) => app.gate.bearer(token.expose_secret()).await.map(drop),
            By::Cookie(cookie) => app.gate.session(cookie.expose_secret()).await.map(drop),
            By::Portal(cookie) => app.gate.portal(cookie.expose_secret()).await.map(drop),
        }
    }
    /// Refuses a session, or its token for the whole instance, whose proof is weaker than what its person's rights in `tenant`
    /// demand, or older than what `permission` demands where it is used: rights may have come after the sign-in, and are in
    /// other tenants than the one signed in to.
    ///
    /// # Errors
    /// [`Kind::NeedsStepUp`].
    pub async fn proved_for(
        &self,
        app: &App,
        tenant: TenantId,
        permission: Option<&str>,
    ) -> Result<()> {
        let (Some(session), Some(who)) = (&self.proof, self.actor.user()) else {
            return Ok(());
        };
        app.gate.lasts_in(session, tenant).await?;
        let demands = app.gate.demands(who, tenant, None, &|p| permission == Some(p)).await?;
        app.gate.meets(session, demands.total)
    }
    /// The same for what only Global Administrators do: two factors whatever a policy says.
    ///
    /// # Errors
    /// [`Kind::NeedsStepUp`].
    pub async fn proved_for_instance(&self, app: &App) -> Result<()> {
        let (Some(session), Some((home, _))) = (&self.proof, self.actor.user()) else {
            return Ok(());
        };
        self.proved_for(app, home, None).await?;
        app.gate.meets(session, FOR_THE_INSTANCE)
    }
    /// The caller of a request, for a voice with errors of its own.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`]; [`Kind::Forbidden`] when another site made the browser send it.
    pub async fn of(app: &App, parts: &mut Parts) -> Result<Self> {
        let found = Self::find(app, parts).await?;
        found.ok_or_else(|| Error::unauthenticated("a session or an access token is needed"))
    }
}
impl OptionalFromRequestParts<App> for Caller {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Refusal> {
        Self::find(app, parts).await.map_err(|e| Refusal::at(app, parts, e))
    }
}
impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        Self::of(app, parts).await.map_err(|e| Refusal::at(app, parts, e))
    }
}

/// Where a request comes from, as the server's bounds found it (behind a trusted proxy, what that says); `None` on the
/// socket in the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddr(pub Option<std::net::IpAddr>);

impl ClientAddr {
    /// The address.
    pub fn ip(self) -> Option<std::net::IpAddr> {
        self.0
    }
}
impl<S: Send + Sync> axum::extract::FromRequestParts<S> for ClientAddr {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(None)))
    }
}
