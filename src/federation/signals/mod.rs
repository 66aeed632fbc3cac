//! What providers say after the sign-in: `POST .../backchannel-logout`, `GET .../frontchannel-logout`,
//! `POST .../global-token-revocation`, `POST .../security-events`, each below `/federation/{directory}`; and events that
//! are fetched. Here a signature is verified and a token read; what follows is decided and done in `signals`.

mod answer;
mod poll;
mod verify;

pub use poll::Poller;
pub(super) use verify::Transmitters;

use super::{caller, provider::Providers};
use crate::{
    access::{Permit, perm::Provision},
    app::App,
    directories::{self, SignIn},
    error::{Error, Kind, Result},
    id::{DirectoryId, RequestId, TenantId},
    protocol::{
        oidc::Preset,
        signal::{self, Effect, Expected, Letter, Said, Subject},
    },
    signals::{self, How, Reactions, Source, Stream, Taken},
    web::strict,
};
use answer::{Pushed, empty, logged_out};
use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
    routing::{get, post},
};

/// The routes; a shared part of `federation`'s.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/federation/{directory}/backchannel-logout", post(back_channel))
        .route("/federation/{directory}/frontchannel-logout", get(front_channel))
        .route("/federation/{directory}/global-token-revocation", post(revocation))
        .route("/federation/{directory}/security-events", post(pushed))
        .layer(Extension(Transmitters::default()))
}

/// A directory that somebody speaks for, as yet without proof.
struct Named {
    signin: SignIn,
    source: Source,
    request: RequestId,
}

impl Named {
    /// The directory of an address.
    ///
    /// # Errors
    /// `NotFound` for one that is not there, is off, or has no sign-in half: all look the same.
    async fn find(app: &App, directory: &str, request: RequestId) -> Result<Self> {
        let none = || Error::not_found("such a directory");
        let id: DirectoryId = directory.parse().map_err(|_| none())?;
        let whose = directories::tenants_of(&app.store, std::iter::once(id)).await?;
        let tenant = *whose.get(&id).ok_or_else(none)?;
        Self::of(app, tenant, id, request).await?.ok_or_else(none)
    }
    async fn of(
        app: &App,
        tenant: TenantId,
        id: DirectoryId,
        request: RequestId,
    ) -> Result<Option<Self>> {
        // Also of a draft: whoever came in before can be signed out.
        let signin = directories::signin_to_test(&app.store, tenant, id, &app.master).await?;
        Ok(signin.map(|s| {
            let source =
                Source { tenant, directory: id, issuer: s.issuer.clone(), also: organisation(&s) };
            Self { signin: s, source, request }
        }))
    }
    /// What this directory may do to its own people; only for who has proved to be its provider.
    async fn permit(&self, app: &App) -> Result<Permit<Provision>> {
        caller::directory(app, self.source.tenant, self.source.directory, self.request).await
    }
    async fn take(
        &self,
        app: &App,
        letter: Letter,
        how: How,
        reactions: Reactions,
    ) -> Result<Taken> {
        let permit = self.permit(app).await?;
        let cx = permit.cx();
        signals::take(&app.store, &cx, &self.source, letter, (how, reactions)).await
    }
    fn here(&self, app: &App, what: &str) -> String {
        format!("{}/federation/{}/{what}", app.config.issuer(), self.source.directory)
    }
}

/// Okta signs what concerns a whole organisation in the organisation's name, whichever of its authorization servers people
/// sign in through.
fn organisation(s: &SignIn) -> Option<String> {
    if s.preset != Preset::Okta {
        return None;
    }
    let origin = url::Url::parse(&s.issuer).ok()?.origin();
    Some(origin.ascii_serialization()).filter(|o| *o != s.issuer)
}

async fn back_channel(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    Extension(request): Extension<RequestId>,
    Path(directory): Path<String>,
    body: Body,
) -> Response {
    let done = async {
        let named = Named::find(&app, &directory, request).await?;
        let form = strict::pairs(&strict::body(body).await?)?;
        let token = form.into_iter().find(|(name, _)| name == "logout_token");
        let (_, token) = token
            .ok_or_else(|| Error::invalid("'logout_token' is missing").attr("logout_token"))?;
        let verified =
            verify::by_provider(&app, &providers, &named.signin, &named.source.issuer, &token)
                .await?;
        let want = Expected {
            issuer: &named.source.issuer,
            audience: &named.signin.client_id,
            now: app.store.clock().now(),
        };
        let letter = signal::logout(verified.header.typ.as_deref(), &verified.claims, &want)?;
        named.take(&app, letter, How::BackChannel, Reactions::default()).await
    };
    logged_out(done.await)
}

/// `GET`, from a frame of the provider's page: without cookies, by the session's name alone. It only ends what is there.
async fn front_channel(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    Path(directory): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let done = async {
        let named = Named::find(&app, &directory, request).await?;
        let pairs = strict::pairs(query.unwrap_or_default().as_bytes())?;
        let get = |n: &str| pairs.iter().find(|(name, _)| name == n).map(|(_, v)| v.as_str());
        let text = "'sid' is needed: which session ended";
        let sid = get("sid").ok_or_else(|| Error::invalid(text).attr("sid"))?;
        // The address says whose provider it is; some name the issuer as well.
        let iss = get("iss").unwrap_or(&named.source.issuer);
        if iss == named.source.issuer && !sid.is_empty() && sid.len() <= 1024 {
            let cx = caller::cx(named.source.tenant, request);
            signals::sign_out(&app.store, &cx, &named.source, sid).await?;
        }
        Ok(named.source.issuer)
    };
    match done.await {
        // Whether there was such a session is nobody's business.
        Ok(issuer) => answer::framed(&issuer),
        Err(e) => logged_out(Err(e)),
    }
}

async fn revocation(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    Extension(request): Extension<RequestId>,
    Path(directory): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let done = async {
        let named = Named::find(&app, &directory, request).await?;
        let who = proved(&app, &providers, &named, &headers).await;
        let (jti, until) = who.map_err(|e| match e.kind() {
            Kind::Invalid => Error::unauthenticated(e.detail().to_owned()),
            _ => e,
        })?;
        let account = signal::revoked(&strict::body(body).await?)?;
        let said = Said {
            event: "global token revocation".to_owned(),
            subject: Subject { account: Some(account), session: None },
            effect: Effect::EndAll,
            at: None,
            state: None,
        };
        let issuer = named.source.issuer.clone();
        let letter = Letter { issuer, jti, until, said: vec![said] };
        let taken = named.take(&app, letter, How::Revocation, Reactions::default()).await?;
        if taken.known || taken.again { Ok(taken) } else { Err(Error::not_found("such a person")) }
    };
    answer::revoked(done.await)
}

/// The provider, by the token it signed for this address.
async fn proved(
    app: &App,
    providers: &Providers,
    named: &Named,
    headers: &HeaderMap,
) -> Result<(String, crate::clock::Timestamp)> {
    let missing = || Error::unauthenticated("a bearer token is needed, signed by the provider");
    let token = bearer(headers).ok_or_else(missing)?;
    let source = &named.source;
    let claimed = verify::claimed_issuer(token);
    // One of two names, and the keys of that name.
    let issuer = match (&claimed, &source.also) {
        (Some(iss), Some(also)) if iss == also => also,
        _ => &source.issuer,
    };
    let verified = verify::by_provider(app, providers, &named.signin, issuer, token).await?;
    let audience = named.here(app, "global-token-revocation");
    let want = Expected { issuer, audience: &audience, now: app.store.clock().now() };
    let (typ, claims) = (verified.header.typ.as_deref(), &verified.claims);
    signal::caller(typ, claims, &want, &named.signin.client_id)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn pushed(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    Extension(transmitters): Extension<Transmitters>,
    Extension(request): Extension<RequestId>,
    Path(directory): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let done = async {
        let named = Named::find(&app, &directory, request).await?;
        let (t, d) = (named.source.tenant, named.source.directory);
        let stream = signals::stream(&app.store, t, d).await?;
        let stream = stream.filter(|s| s.is_for(&named.source.issuer));
        let stream = stream.ok_or_else(|| Error::not_found("a stream of this directory"))?;
        let taken = async {
            if !stream.opens(bearer(&headers)) {
                return Err(Pushed::unauthenticated());
            }
            let body = strict::body(body).await?;
            let token = std::str::from_utf8(&body).map(str::trim);
            let token = token.map_err(|_| Error::invalid("the body is no token"))?;
            let from = Keyring { app: &app, providers: &providers, transmitters: &transmitters };
            from.event(&named, &stream, token, How::Push).await
        };
        let taken = taken.await;
        // Once a minute is often enough to be read, and anybody can send what is refused.
        if let Err(e) = &taken
            && stream.may_note(app.store.clock().now())
        {
            let cx = caller::later(request);
            signals::failed(&app.store, &cx, t, d, &e.told()).await?;
        }
        taken
    };
    match done.await {
        Ok(_) => empty(StatusCode::ACCEPTED),
        Err(e) => e.into_response(),
    }
}

/// Where keys of transmitters are found.
struct Keyring<'a> {
    app: &'a App,
    providers: &'a Providers,
    transmitters: &'a Transmitters,
}

impl Keyring<'_> {
    /// One security event token: verified, read, done.
    async fn event(
        &self,
        named: &Named,
        stream: &Stream,
        token: &str,
        how: How,
    ) -> std::result::Result<Taken, Pushed> {
        let settings = &stream.settings.0;
        let issuer = settings.issuer.as_deref().unwrap_or(&named.source.issuer);
        let address = named.here(self.app, "security-events");
        let audience = settings.audience.as_deref().unwrap_or(&address);
        let verified =
            self.verified(&named.signin, (issuer, settings.jwks_uri.as_deref()), token).await?;
        let want = Expected { issuer, audience, now: self.app.store.clock().now() };
        let letter = signal::events_of(verified.header.typ.as_deref(), &verified.claims, &want)?;
        // A transmitter that signs in another name than the login's means the same people.
        let source = Source {
            also: Some(issuer.to_owned()).filter(|i| *i != named.source.issuer),
            ..named.source.clone()
        };
        let named = Named { signin: named.signin.clone(), source, request: named.request };
        Ok(named.take(self.app, letter, how, stream.reactions()).await?)
    }
}
