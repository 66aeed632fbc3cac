//! Issuing: every access, refresh and id token that exists was made here.

use super::{Gate, Person, TenantState, demand, lasting, over, write};
use crate::{
    access::Effective,
    actor::UserKind,
    apps::{Client, Kind as ClientKind},
    clock::Timestamp,
    crypto::{
        self,
        jwt::{Alg, Signable},
    },
    error::{Error, Result},
    id::{FamilyId, SessionId, TenantId, UserId},
    sessions::{Limits, Live},
    tenants::Demand,
};
use std::sync::Arc;

/// The scope of a token that speaks for its person on the whole instance, as a session does. A Global Administrator gets
/// it, with a second factor, through an application of the platform that is set to ask for it by name.
pub const INSTANCE: &str = "muster.instance";

/// By which right a token is asked for; the caller has proved it (client authentication, code, refresh token).
#[derive(Debug, Clone)]
pub enum Grant {
    /// A code or a refresh token of a person's session.
    Session {
        /// The user's tenant.
        home: TenantId,
        /// The session.
        session: SessionId,
        /// The user, who must be the session's.
        user: UserId,
    },
    /// Client credentials: the integration user itself.
    Integration,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The client, authenticated.
    pub client: &'a Arc<Client>,
    /// By which right.
    pub grant: Grant,
    /// The tenant the tokens are for.
    pub tid: TenantId,
    /// The scopes asked for; empty with client credentials: all that were chosen for it.
    pub scopes: &'a [String],
    /// The nonce of the authorization request, for the id token.
    pub nonce: Option<&'a str>,
    /// The refresh family that it is given with, or that begins with it.
    pub family: Option<FamilyId>,
}

/// What was given.
#[derive(Debug)]
pub struct Issued {
    /// The access token (RFC 9068).
    pub access_token: String,
    /// Its life in seconds.
    pub expires_in: u32,
    /// Its id, for what must be able to end it alone.
    pub jti: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The scopes given.
    pub scopes: Vec<String>,
    /// The id token, when `openid` was given to a person.
    pub id_token: Option<String>,
    /// Whether `offline_access` was given: the caller may begin or go on with a refresh family.
    pub offline: bool,
}

/// Everything the checks look at, gathered once.
pub struct Actual<'a> {
    /// What is asked for.
    pub request: &'a Request<'a>,
    /// The tenant.
    pub tenant: Arc<TenantState>,
    /// The user's tenant.
    pub home: TenantId,
    /// The user's id.
    pub user: UserId,
    /// The user.
    pub person: Arc<Person>,
    /// Their session.
    pub session: Option<Arc<Live>>,
    /// What they hold in the tenant.
    pub held: Arc<Effective>,
    /// How long their session lasts, by the policies of their own tenant and of the one it acts in.
    pub limits: Limits,
    /// How long sessions last in the tenant.
    pub here: Limits,
}

type Check = fn(&Gate, &Actual<'_>) -> Result<()>;

/// Every grant passes every line. Tenant and user were found to be live when the facts were gathered (`Gate::person`),
/// by the same code that introspection asks.
const CHECKS: &[(&str, Check)] = &[
    ("the client is enabled", client_enabled),
    ("the client serves this tenant", client_serves),
    ("the grant fits the kind of client and user", kinds_fit),
    ("the session is live and the user's own", session_live),
    ("the user has something to do in this tenant", in_tenant),
    ("the session proves what is demanded, and did lately", proved),
];

fn client_enabled(_: &Gate, a: &Actual<'_>) -> Result<()> {
    if a.request.client.app.enabled {
        return Ok(());
    }
    Err(Error::unauthenticated("the client is disabled").code("invalid_client"))
}

fn client_serves(_: &Gate, a: &Actual<'_>) -> Result<()> {
    let app = &a.request.client.app;
    if app.platform || app.kind == ClientKind::Integration || app.tenant_id == a.request.tid {
        return Ok(());
    }
    Err(Error::forbidden("this application does not serve that tenant").code("unauthorized_client"))
}

fn kinds_fit(_: &Gate, a: &Actual<'_>) -> Result<()> {
    let integration = a.person.kind == UserKind::Integration;
    let fits = match a.request.grant {
        Grant::Session { .. } => a.request.client.app.kind == ClientKind::App && !integration,
        Grant::Integration => a.request.client.app.kind == ClientKind::Integration && integration,
    };
    if fits {
        Ok(())
    } else {
        Err(Error::forbidden("this client may not use this grant").code("unauthorized_client"))
    }
}

fn session_live(gate: &Gate, a: &Actual<'_>) -> Result<()> {
    match (&a.request.grant, &a.session) {
        (Grant::Integration, _) => Ok(()),
        (Grant::Session { user, .. }, Some(s)) if s.user == *user => gate.live_within(s, a.limits),
        (Grant::Session { .. }, _) => Err(over("there is no such session")),
    }
}

fn in_tenant(_: &Gate, a: &Actual<'_>) -> Result<()> {
    if a.home == a.request.tid || !a.held.is_empty() {
        return Ok(());
    }
    Err(Error::forbidden("the user has no role in that tenant").code("access_denied"))
}

fn proved(gate: &Gate, a: &Actual<'_>) -> Result<()> {
    let Some(s) = &a.session else { return Ok(()) };
    gate.meets(s, demand(gate, a))
}

/// What the roles and permissions of the person demand, the application, and what the token is to permit; and a fresh proof
/// from a session that has lasted longer than the tenant lets those last that act in it.
fn demand(gate: &Gate, a: &Actual<'_>) -> Demand {
    let scopes = a.request.scopes;
    let instance = a.held.global && scopes.iter().any(|s| s == INSTANCE);
    let client = a.request.client.app.client_id.as_str();
    let used = |p: &str| instance || scopes.iter().any(|s| s == p);
    let mut demand = demand::total(&a.tenant, &a.held, Some(client), used);
    if instance {
        demand = demand.and(demand::FOR_THE_INSTANCE);
    }
    let now = gate.0.store.clock().now();
    if a.session.as_ref().is_some_and(|s| s.created_at.plus(a.here.absolute) <= now) {
        let max_age = i64::try_from(a.here.absolute.as_secs()).ok();
        demand = demand.and(Demand { max_age, ..Demand::default() });
    }
    demand
}

/// The scopes that are given: asked for, allowed to the client, and held by the user in the tenant. OpenID's own
/// scopes go to people only.
pub fn granted_scopes(
    client: &Client,
    person: bool,
    held: &Effective,
    asked: &[String],
) -> Vec<String> {
    let allowed =
        |s: &str| client.app.settings.0.scopes.as_ref().is_none_or(|l| l.iter().any(|a| a == s));
    let give = |s: &str| match s {
        "openid" | "profile" | "email" | "offline_access" => person,
        "self_service" => person && held.self_service && allowed(s),
        INSTANCE => {
            let named = client.app.settings.0.scopes.iter().flatten().any(|a| a == INSTANCE);
            person && held.global && client.app.platform && named
        }
        s => held.allows(s) && allowed(s),
    };
    let mut out: Vec<String> = Vec::new();
    let chosen = client.app.settings.0.scopes.as_deref().unwrap_or_default();
    let asked = if asked.is_empty() && !person { chosen } else { asked };
    for s in asked {
        if give(s) && !out.contains(s) {
            out.push(s.clone());
        }
    }
    out
}

impl Gate {
    async fn gather<'a>(&self, request: &'a Request<'a>) -> Result<Actual<'a>> {
        let (home, user, session) = match &request.grant {
            Grant::Session { home, session, user } => {
                let live = self.session_of(*home, *user, *session).await?;
                (*home, *user, live)
            }
            Grant::Integration => {
                let app = &request.client.app;
                let user = app.user_id.ok_or_else(|| {
                    Error::forbidden("this client may not use this grant")
                        .code("unauthorized_client")
                })?;
                (app.tenant_id, user, None)
            }
        };
        let (person, tenant) = self.person(home, user, request.tid).await?;
        let held = self.0.access.effective(home, user, request.tid).await?;
        let acting = session.as_ref().map_or(home, |s| s.acting);
        let limits = self.limits(&[home, acting]).await?;
        let here = self.limits(&[request.tid]).await?;
        Ok(Actual { request, tenant, home, user, person, session, held, limits, here })
    }
    /// Runs every check and makes nothing: what a code may be given for. Gives the scopes that would be granted.
    ///
    /// # Errors
    /// As [`Self::issue`].
    pub async fn may(&self, request: &Request<'_>) -> Result<Vec<String>> {
        let actual = self.gather(request).await?;
        self.check(&actual)
    }
    /// What such a request demands of its person's session.
    ///
    /// # Errors
    /// The database's.
    pub async fn demand_of(&self, request: &Request<'_>) -> Result<Demand> {
        Ok(demand(self, &self.gather(request).await?))
    }
    fn check(&self, actual: &Actual<'_>) -> Result<Vec<String>> {
        for (_, check) in CHECKS {
            check(self, actual)?;
        }
        let request = actual.request;
        let person = actual.session.is_some();
        let scopes = granted_scopes(request.client, person, &actual.held, request.scopes);
        if scopes.is_empty() && (!person || !request.scopes.is_empty()) {
            return Err(
                Error::invalid("none of these scopes can be given here").code("invalid_scope")
            );
        }
        Ok(scopes)
    }
    /// Runs every check and makes the tokens.
    ///
    /// # Errors
    /// The first check that fails, with the OAuth word for it as its code; `mfa_not_proved` where a second factor is
    /// missing.
    pub async fn issue(&self, request: &Request<'_>) -> Result<Issued> {
        let issued = self.make(request).await;
        let app = &request.client.app;
        let client = (app.id, app.kind == ClientKind::Integration);
        let now = self.0.store.clock().now();
        self.0.tally.count(request.tid, client, now, issued.is_ok());
        issued
    }
    async fn make(&self, request: &Request<'_>) -> Result<Issued> {
        let actual = self.gather(request).await?;
        for (_, check) in CHECKS {
            check(self, &actual)?;
        }
        let client = request.client;
        let person = actual.session.is_some();
        let mut scopes = granted_scopes(client, person, &actual.held, request.scopes);
        if person && let Some(agreed) = self.agreement(client, actual.home, actual.user).await? {
            scopes.retain(|s| agreed.contains(s));
        }
        if scopes.is_empty() && (!person || !request.scopes.is_empty()) {
            return Err(
                Error::invalid("none of these scopes can be given here").code("invalid_scope")
            );
        }
        let now = self.0.store.clock().now();
        let ttl = client.app.settings.0.access_ttl;
        // No token outlives what it is for: the roles that it tells of, the session that it came by.
        let session = actual.session.as_ref();
        let session = session.map(|s| lasting::ends(s, actual.limits.min(actual.here)));
        let over = actual.held.until.into_iter().chain(session).min();
        let after = |seconds: i64| {
            let end = Timestamp::from_secs(now.secs() + seconds);
            over.map_or(end, |o| end.min(o))
        };
        let end = after(i64::from(ttl));
        let jti = crypto::random_b64(16);
        let offline = person && scopes.iter().any(|s| s == "offline_access");
        let ids = (jti.as_str(), request.family.filter(|_| offline));
        let payload = write::access_token(self.issuer(), &actual, &scopes, ids, now, end);
        let signable = Signable::for_gate("at+jwt", payload.into_bytes());
        let access_token = self.0.keys.sign(Alg::ES256, &signable)?;
        let id_token = if person && scopes.iter().any(|s| s == "openid") {
            let times = (now, after(write::ID_TOKEN_LIFE));
            let claims = write::id_token(self.issuer(), &actual, &scopes, times, &access_token);
            let signable = Signable::for_gate("JWT", claims.to_string().into_bytes());
            Some(self.0.keys.sign(client.app.settings.0.id_token_alg, &signable)?)
        } else {
            None
        };
        let expires_in = u32::try_from(end.secs() - now.secs()).unwrap_or(0);
        Ok(Issued { access_token, expires_in, jti, expires_at: end, scopes, id_token, offline })
    }
}
