//! What becomes of a proved answer: whose identity it is, whether that person may come in with this proof, and then,
//! in one transaction, link, session and record. A refusal is a record with the reason and a page with a reference.

use super::caller;
use crate::{
    app::App,
    audit::{self, Event},
    clock::Timestamp,
    directories::SignIn,
    error::{Error, Kind, Result},
    flows::Upstream,
    gate,
    id::{RequestId, UserId},
    protocol::oidc::{self, Claims, Preset},
    sessions::{self, NewSession},
    signins::{self, NewSignin},
    store::Conn,
    tx,
    users::{self, User},
    web::{self, Redirect},
};
use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

/// One answer of a provider.
pub(super) struct Attempt<'a> {
    pub app: &'a App,
    pub request: RequestId,
    pub up: &'a Upstream,
    pub device: Value,
}

/// Who somebody is, in the directory's own immutable terms: never an address or a name.
struct Identity<'a> {
    issuer: &'a str,
    subject: &'a str,
}

impl<'a> Identity<'a> {
    /// Entra's `sub` differs for each application and `oid` is what its SCIM calls the person; elsewhere it is `sub`.
    fn of(s: &SignIn, claims: &'a Claims) -> Result<Self> {
        let subject = match s.preset {
            Preset::Entra => {
                // The issuer holds the tenant; a token that names another is not of this directory.
                let tid = claims.tid.as_deref().unwrap_or_default();
                if tid.is_empty() || !claims.iss.contains(tid) {
                    let text = "the id token's 'tid' is not the issuer's";
                    return Err(Error::forbidden(text).code("tenant_mismatch"));
                }
                claims.oid.as_deref().ok_or_else(|| {
                    Error::forbidden("the id token has no 'oid'").code("claim_missing")
                })?
            }
            Preset::Okta | Preset::Google | Preset::Generic => claims.sub.as_str(),
        };
        Ok(Self { issuer: &claims.iss, subject })
    }

    /// The linked person, or the provisioned one whom the directory calls so.
    async fn find(&self, c: &mut Conn, up: &Upstream) -> Result<User> {
        let (t, d) = (up.tenant, up.directory);
        if let Some(u) = users::find_by_identity(c, t, d, self.issuer, self.subject).await? {
            return Ok(u);
        }
        let found = users::find_by_external_id(c, t, d, self.subject).await?;
        found.ok_or_else(|| {
            let text = "the directory has provisioned nobody with this id";
            Error::forbidden(text).code("not_provisioned")
        })
    }
}

/// Lets the person in, or says why not.
pub(super) async fn admit(a: Attempt<'_>, s: &SignIn, claims: &Claims) -> Result<Response> {
    match admitted(&a, s, claims).await {
        Ok(response) => Ok(response),
        // Our own trouble is no decision about the person.
        Err((_, e)) if matches!(e.kind(), Kind::Internal | Kind::Unavailable) => Err(e),
        Err((user, e)) => refuse(&a, user, &e).await,
    }
}

type Refused = (Option<UserId>, Error);

async fn admitted(a: &Attempt<'_>, s: &SignIn, claims: &Claims) -> Result<Response, Refused> {
    let (app, up) = (a.app, a.up);
    let nobody = |e| (None, e);
    let identity = Identity::of(s, claims).map_err(nobody)?;
    let cx = caller::cx(up.tenant, a.request);
    let user = {
        let mut c = app.store.read(cx.scope).await.map_err(nobody)?;
        identity.find(&mut c, up).await.map_err(nobody)?
    };
    let known = |e| (Some(user.id), e);
    if !user.active || !user.enabled {
        let text =
            if user.active { "switched off by hand" } else { "deactivated by the directory" };
        return Err(known(Error::forbidden(text).code("user_disabled")));
    }
    let now = app.store.clock().now();
    let asked = up.request["max_age"].as_i64();
    let max_age = asked.into_iter().chain(s.rules.max_age).min();
    if !oidc::freshness(claims, max_age, now) {
        let text = "a fresh proof was asked for, and 'auth_time' does not show one";
        return Err(known(Error::new(Kind::NeedsStepUp, text).code("proof_too_old")));
    }
    let proof = oidc::assurance(claims, s.preset, &s.rules);
    let demanded = app.gate.demanded(up.tenant, user.id, up.tenant).await.map_err(known)?;
    if !gate::satisfies(proof.class.as_str(), demanded) {
        let text = format!(
            "the proof is of the class '{}' by the rule '{}', and the person's roles demand more: {}",
            proof.class.as_str(),
            proof.rule,
            proof.evidence
        );
        return Err(known(Error::new(Kind::NeedsStepUp, text).code("mfa_required")));
    }
    let session = NewSession {
        home: up.tenant,
        user: user.id,
        acting: up.tenant,
        directory: Some(up.directory),
        class: proof.class.as_str().to_owned(),
        evidence: proof.evidence,
        auth_time: claims.auth_time.map_or(now, Timestamp::from_secs).min(now),
        client: a.device.clone(),
        not_after: claims.session_expiry.map(Timestamp::from_secs),
    };
    begin(a, &identity, session).await.map_err(known)
}

/// Link, session, record: one transaction.
async fn begin(a: &Attempt<'_>, identity: &Identity<'_>, session: NewSession) -> Result<Response> {
    let (app, up) = (a.app, a.up);
    let (t, d, user) = (up.tenant, up.directory, session.user);
    let (issuer, subject) = (identity.issuer.to_owned(), identity.subject.to_owned());
    let limits = app.session_limits();
    let cx = caller::cx(t, a.request);
    let (_, cookie) = tx!(app.store, &cx, [session, issuer, subject], |tx| {
        users::link(tx, t, d, &issuer, &subject, user).await?;
        let made = sessions::create(tx, &session, limits).await?;
        let detail = json!({ "class": session.class, "evidence": session.evidence });
        let record = NewSignin::success(user, Some(d)).detail(detail.clone());
        signins::record(tx, t, &record).await?;
        let event = Event::new("signin").target("user", user).detail(detail);
        audit::record(tx, t, event).await?;
        Ok(made)
    })?;
    let mut response = Redirect::to(&format!("/signin/{}", up.flow)).into_response();
    response.headers_mut().append(header::SET_COOKIE, web::session_cookie(app, &cookie));
    Ok(response)
}

/// A record with the reason for the administrator, a page with its reference for the person.
pub(super) async fn refuse(a: &Attempt<'_>, user: Option<UserId>, e: &Error) -> Result<Response> {
    let up = a.up;
    let reason = e.code_str().unwrap_or(match e.kind() {
        Kind::Unavailable | Kind::Internal => "upstream_unavailable",
        _ => "refused",
    });
    let detail = json!({
        "why": e.detail(), "operator": e.operator_text(), "request": a.request,
    });
    tracing::info!(reason, directory = %up.directory, why = e.detail(), "a sign-in was refused");
    Ok(recorded(a.app, a.request, up, user, reason, detail).await?.into_response())
}

async fn recorded(
    app: &App,
    request: RequestId,
    up: &Upstream,
    user: Option<UserId>,
    reason: &'static str,
    detail: Value,
) -> Result<Redirect> {
    let (t, d) = (up.tenant, up.directory);
    let record = NewSignin::refused(user, Some(d), reason).detail(detail);
    let cx = caller::cx(t, request);
    let reference = tx!(app.store, &cx, [record], |tx| {
        let event = Event::new("signin.refuse").target("directory", d);
        let event = event.detail(json!({ "reason": reason, "user": user }));
        audit::record(tx, t, event).await?;
        signins::record(tx, t, &record).await
    })?;
    Ok(Redirect::to(&format!("/refused/{reference}")))
}
