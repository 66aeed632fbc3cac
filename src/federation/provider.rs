//! What a provider says of itself (discovery and key set), remembered; and the exchange of a code. Every request
//! goes through the guarded client.

use crate::{
    app::App,
    crypto::jwt::{Alg, Jwk},
    directories::{Published, SignIn},
    error::{Error, Result},
    net,
    protocol::oidc::{self, Place},
    secret::{ExposeSecret as _, Secret},
    signins::Reason,
    text::excerpt,
};
use futures::future::BoxFuture;
use openidconnect::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, DiscoveryError,
    HttpRequest, HttpResponse, IssuerUrl, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    StandardErrorResponse,
    core::{CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreProviderMetadata},
};
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use url::Url;

/// How long a provider's documents are used.
const KEEP: Duration = Duration::from_secs(3600);
/// A key that nobody knows is looked for at most this often.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// A provider that could not be asked is left alone so long: people who wait for each other's failures wait too long.
const FAILED: Duration = Duration::from_secs(5);
/// The keys taken from a key set.
const MAX_KEYS: usize = 200;

/// A provider as it described itself.
pub(super) struct Provider {
    pub metadata: CoreProviderMetadata,
    pub keys: Vec<Jwk>,
    /// It states that its answers say who they are from (RFC 9207).
    pub says_iss: bool,
    /// Its own logout (RP-Initiated Logout 1.0), if it has one; whoever sends people there checks it first.
    pub end_session: Option<Url>,
    read: Instant,
    /// It was asked anew for a key that was not in its set.
    for_a_key: bool,
}

/// Providers by issuer, remembered. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Providers(Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>>);

#[derive(Default)]
struct Slot {
    known: Option<Arc<Provider>>,
    /// It could not be asked a moment ago.
    failed: Option<(Instant, Error)>,
}

impl Providers {
    /// The provider; asked anew when what we know is old.
    pub(super) async fn get(&self, app: &App, s: &SignIn) -> Result<Arc<Provider>> {
        self.fresh(app, s, false).await
    }
    /// The provider as it is now, because a token names a key or an algorithm that we do not know of it: it is asked at
    /// most once a minute, however many such tokens come.
    pub(super) async fn again(&self, app: &App, s: &SignIn) -> Result<Arc<Provider>> {
        self.fresh(app, s, true).await
    }

    async fn fresh(&self, app: &App, s: &SignIn, for_a_key: bool) -> Result<Arc<Provider>> {
        let issuer = s.issuer.as_str();
        let place = oidc::place(s.preset, issuer)?;
        let slot = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() > 10_000 {
                all.clear();
            }
            Arc::clone(all.entry(issuer.to_owned()).or_default())
        };
        // One request at a time for each provider; whoever waited finds its answer here.
        let mut slot = slot.lock().await;
        if let Some(known) = &slot.known
            && known.read.elapsed() < if for_a_key { known.look_again() } else { KEEP }
        {
            return Ok(Arc::clone(known));
        }
        let failed = match &slot.failed {
            Some((at, e)) if at.elapsed() < FAILED => e.clone(),
            _ => match discover(&app.net, &place, issuer).await {
                Ok(mut found) => {
                    found.for_a_key = for_a_key;
                    let (keys, algs) = (found.keys.clone(), found.algs());
                    let published = Published { keys, algs, at: app.store.clock().now() };
                    app.keyring.put(issuer, published);
                    let found = Arc::new(found);
                    *slot = Slot { known: Some(Arc::clone(&found)), failed: None };
                    return Ok(found);
                }
                Err(e) => {
                    tracing::warn!(issuer, error = ?e, "a provider cannot be asked");
                    app.keyring.heard(
                        issuer,
                        app.store.clock().now(),
                        Some(e.operator_text().unwrap_or(e.detail()).to_owned()),
                    );
                    slot.failed = Some((Instant::now(), e.clone()));
                    e
                }
            },
        };
        // A provider that cannot be asked at the moment is known well enough for a day.
        let known = slot.known.as_ref().filter(|k| k.read.elapsed() < 24 * KEEP);
        known.map(Arc::clone).ok_or(failed)
    }
}

/// Whether a token was refused for what its signer may have changed since it was asked: its keys, and with them the
/// algorithm that it signs with and states.
pub(super) fn may_be_new(e: &Error) -> bool {
    matches!(e.code_str(), Some("key_unknown" | "alg_not_allowed"))
}

/// What a provider did instead of answering as it must, for people: `at` is what was asked.
fn failed(at: &str, what: impl std::fmt::Display) -> Error {
    Error::unavailable(format!("{at}: {what}")).code("upstream_unavailable")
}

/// The guarded client's own refusals keep their name.
fn unreachable(e: Error) -> Error {
    if e.code_str().is_some() { e } else { e.code("upstream_unavailable") }
}

/// An answer that says no.
fn answered(at: &str, status: http::StatusCode) -> Error {
    let mend = match status.as_u16() {
        404 | 410 => "there is no such document: is the issuer written as the provider writes it?",
        300..=399 => "it sends elsewhere, which is not followed: set the issuer to where it leads",
        401 | 403 => "it must be readable without a login",
        500..=599 => "the provider has trouble of its own",
        _ => "is this the provider's address?",
    };
    failed(at, format!("it answers {status}; {mend}"))
}

/// Why discovery failed, without the bodies that the library's error holds; `at`: what was asked last.
fn undiscovered(e: DiscoveryError<Error>, at: &str) -> Error {
    match e {
        DiscoveryError::Response(status, ..) if !status.is_success() => answered(at, status),
        DiscoveryError::Response(_, _, why) => failed(at, why),
        DiscoveryError::Request(e) => unreachable(e),
        DiscoveryError::Parse(e) => failed(
            at,
            format!("it is not the document that it should be, at '{}': {}", e.path(), e.inner()),
        ),
        // The library validates one thing: that the document is the issuer's own.
        DiscoveryError::Validation(why) => Reason::IssuerMismatch.error(why),
        _ => failed(at, "the provider's documents cannot be used"),
    }
}

/// Why a code was not exchanged; the answer itself may hold tokens and is not told.
fn unexchanged(e: RequestTokenError<Error, CoreErrorResponse>) -> Error {
    let refused = |why: String| Error::forbidden(why).code("code_refused");
    match e {
        RequestTokenError::ServerResponse(r) => {
            let more = r.error_description().map_or("", String::as_str);
            refused(format!(
                "the provider's token endpoint answered {}: {}",
                excerpt(r.error().as_ref()),
                excerpt(more)
            ))
        }
        RequestTokenError::Request(e) => unreachable(e),
        RequestTokenError::Parse(e, _) => Reason::UpstreamUnavailable
            .error(format!("the provider's token answer cannot be read, at '{}'", e.path())),
        RequestTokenError::Other(why) => Reason::UpstreamUnavailable.error(why),
    }
}

type CoreErrorResponse = StandardErrorResponse<CoreErrorResponseType>;

/// The guarded client as the library wants one. It keeps what our own readers take: of discovery, each body; of a
/// token answer, the id token, which the library does not get to see: it would parse the claims by its own rules,
/// some of which real providers break.
struct Guarded {
    net: net::Client,
    bodies: Mutex<HashMap<String, Vec<u8>>>,
    /// What was asked last.
    asked: Mutex<String>,
    id_token: Mutex<Option<String>>,
}

impl Guarded {
    fn new(net: &net::Client) -> Self {
        Self {
            net: net.clone(),
            bodies: Mutex::default(),
            asked: Mutex::default(),
            id_token: Mutex::default(),
        }
    }
    fn last(&self) -> String {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        let asked = request.uri().to_string();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&asked);
        let (head, body) = self.net.send(request).await?.into_parts();
        let (token, rest) = without_id_token(body);
        if token.is_some() {
            *self.id_token.lock().unwrap_or_else(PoisonError::into_inner) = token;
        }
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        bodies.insert(asked, rest.clone());
        Ok(HttpResponse::from_parts(head, rest))
    }
}

impl<'c> AsyncHttpClient<'c> for Guarded {
    type Error = Error;
    type Future = BoxFuture<'c, Result<HttpResponse>>;
    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The documents of a provider.
async fn discover(net: &net::Client, place: &Place, issuer: &str) -> Result<Provider> {
    match place {
        Place::Issuer => below(net, issuer).await,
        Place::EntraV1 { document, .. } => elsewhere(net, place, document, issuer).await,
    }
}

/// The documents of a provider that has them at another host than its issuer's: only where `place` says so, and only if they
/// are the issuer's.
async fn elsewhere(
    net: &net::Client,
    place: &Place,
    document: &str,
    issuer: &str,
) -> Result<Provider> {
    let read = async |url: &str| {
        let request = http::Request::get(url).header("accept", "application/json");
        let request = request.body(Vec::new()).map_err(|e| failed(url, e))?;
        let answer = net.send(request).await.map_err(unreachable)?;
        if answer.status().as_u16() != 200 {
            return Err(answered(url, answer.status()));
        }
        Ok(answer.into_body())
    };
    let about: Value =
        serde_json::from_slice(&read(document).await?).map_err(|e| failed(document, e))?;
    place.fits(issuer, &about)?;
    let says_iss = about["authorization_response_iss_parameter_supported"] == true;
    let end_session = end_session(&about);
    let metadata: CoreProviderMetadata =
        serde_json::from_value(about).map_err(|e| failed(document, e))?;
    let at = metadata.jwks_uri().as_str();
    let keys = keys(at, &read(at).await?, issuer)?;
    Ok(Provider { keys, says_iss, end_session, metadata, read: Instant::now(), for_a_key: false })
}

fn end_session(about: &Value) -> Option<Url> {
    Url::parse(about["end_session_endpoint"].as_str()?).ok()
}

/// Boxed, because the library's futures are too general for the compiler to see that they may be sent.
fn below(net: &net::Client, issuer: &str) -> BoxFuture<'static, Result<Provider>> {
    let (http, issuer) = (Guarded::new(net), issuer.to_owned());
    Box::pin(async move {
        let url = IssuerUrl::new(issuer.clone()).map_err(|e| failed(&issuer, e))?;
        let metadata = CoreProviderMetadata::discover_async(url, &http).await;
        let metadata = metadata.map_err(|e| undiscovered(e, &http.last()))?;
        // The key set was fetched with it; our own reader takes it, for our own verifier.
        let bodies = http.bodies.into_inner().unwrap_or_else(PoisonError::into_inner);
        let at = metadata.jwks_uri().as_str();
        let set = bodies.get(at).map_or(&[][..], Vec::as_slice);
        let keys = keys(at, set, metadata.issuer().as_str())?;
        let about =
            bodies.iter().filter(|(at, _)| at.ends_with("/.well-known/openid-configuration"));
        let about = about.filter_map(|(_, body)| serde_json::from_slice::<Value>(body).ok());
        let about: Vec<Value> = about.collect();
        let says = |d: &Value| d["authorization_response_iss_parameter_supported"] == true;
        Ok(Provider {
            keys,
            says_iss: about.iter().any(says),
            end_session: about.iter().find_map(end_session),
            metadata,
            read: Instant::now(),
            for_a_key: false,
        })
    })
}

/// The keys of a key set; those of kinds we do not know are passed over, and those that say they are another issuer's
/// (Entra's sets hold the keys of several, with `{tenantid}` for the tenant).
fn keys(at: &str, set: &[u8], issuer: &str) -> Result<Vec<Jwk>> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set =
        serde_json::from_slice(set).map_err(|e| failed(at, format!("it is no key set: {e}")))?;
    let ours = |k: &Value| match k.get("issuer").and_then(Value::as_str) {
        Some(whose) => match whose.split_once("{tenantid}") {
            Some((before, after)) => issuer.starts_with(before) && issuer.ends_with(after),
            None => whose == issuer,
        },
        None => true,
    };
    let readable = set.keys.into_iter().filter(ours);
    let readable = readable.filter_map(|k| serde_json::from_value(k).ok());
    Ok(readable.take(MAX_KEYS).collect())
}

impl Provider {
    /// Whether it was asked since then.
    pub(super) fn asked_since(&self, at: Instant) -> bool {
        self.read >= at
    }
    /// How old this must be before it is asked for a key again: at once, if it was not asked for one before.
    fn look_again(&self) -> Duration {
        if self.for_a_key { LOOK_AGAIN } else { Duration::ZERO }
    }

    /// The algorithms an id token of this provider may be signed with: those it states, of those we know. `none` and
    /// shared secrets are not among them.
    pub(super) fn algs(&self) -> Vec<Alg> {
        let stated = serde_json::to_value(self.metadata.id_token_signing_alg_values_supported());
        let stated = stated.unwrap_or_default();
        let stated = stated.as_array().map(Vec::as_slice).unwrap_or_default();
        stated.iter().filter_map(|a| a.as_str().and_then(Alg::parse)).collect()
    }

    /// Exchanges a code for the id token, as it stands.
    pub(super) fn exchange(
        &self,
        net: &net::Client,
        s: &SignIn,
        redirect: &str,
        code: &str,
        verifier: &str,
    ) -> BoxFuture<'static, Result<Secret>> {
        let secret =
            s.client_secret.as_ref().map(|s| ClientSecret::new(s.expose_secret().to_owned()));
        let id = ClientId::new(s.client_id.clone());
        let client = CoreClient::from_provider_metadata(self.metadata.clone(), id, secret)
            .set_auth_type(self.client_auth());
        let http = Guarded::new(net);
        let code = AuthorizationCode::new(code.to_owned());
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        let redirect = RedirectUrl::new(redirect.to_owned());
        Box::pin(async move {
            let redirect = redirect.map_err(|e| failed("our redirect URI", e))?;
            client
                .exchange_code(code)
                .map_err(|e| failed("the token endpoint", e))?
                .set_redirect_uri(std::borrow::Cow::Owned(redirect))
                .set_pkce_verifier(verifier)
                .request_async(&http)
                .await
                .map_err(unexchanged)?;
            let token = http.id_token.into_inner().unwrap_or_else(PoisonError::into_inner);
            token.map(Secret::from).ok_or_else(|| {
                Error::invalid("the provider sent no id token").code("id_token_missing")
            })
        })
    }

    /// HTTP Basic, unless the provider only takes the secret in the body.
    fn client_auth(&self) -> AuthType {
        let basic = CoreClientAuthMethod::ClientSecretBasic;
        let post = CoreClientAuthMethod::ClientSecretPost;
        match self.metadata.token_endpoint_auth_methods_supported() {
            Some(taken) if !taken.contains(&basic) && taken.contains(&post) => {
                AuthType::RequestBody
            }
            _ => AuthType::BasicAuth,
        }
    }
}

/// A token answer without its id token, and the id token.
fn without_id_token(body: Vec<u8>) -> (Option<String>, Vec<u8>) {
    let Ok(Value::Object(mut answer)) = serde_json::from_slice(&body) else {
        return (None, body);
    };
    let token = answer.remove("id_token").and_then(|t| t.as_str().map(str::to_owned));
    let rest = serde_json::to_vec(&answer).unwrap_or(body);
    (token, rest)
}
