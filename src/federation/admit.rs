//! What becomes of a proved answer: whose identity it is, whether that person may come in with this proof, and then,
//! in one transaction, link, session and record. A refusal is a record with the reason and a page with a reference.

use super::{caller, groups, provider::Provider};
use crate::{
    app::App,
    audit::{self, Event},
    clock::Timestamp,
    directories::SignIn,
    error::{Error, Kind, Result},
    flows::{self, After, State as Flow, StepUp, Upstream},
    gate::arrival::{Arrived, Coming, Identity, Settling, arrive, lasts, may_enter, settle, weak},
    id::{RequestId, UserId},
    invitations::{Invited, Ready},
    protocol::oidc::{self, Claims, Decision, Demand, Evidence, Verdict},
    secret::Secret,
    sessions::{NewSession, upstream},
    signins::{self, NewSignin, Reason},
    tenants::Required,
    tx,
    web::{self, LiveSession, Redirect},
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
    /// The session of the browser until now.
    pub before: Option<LiveSession>,
    /// What it is for; `None` when it ended meanwhile.
    pub flow: Option<Flow>,
}

impl Attempt<'_> {
    /// What is demanded of the answer.
    fn demand(&self, required: Required, policy: Option<i64>) -> Demand {
        let asked = self.flow.as_ref().and_then(|f| f.step_up).is_some_and(|s| s.asked);
        Demand {
            class: required.class(),
            max_age: self.up.request["max_age"].as_i64(),
            left_at: self.up.started_at,
            now: self.app.store.clock().now(),
            again: self.flow.is_some() && !asked,
            policy,
        }
    }
    /// What the person's rights demand, and the application that they come from: it is proved at once, and not by a second
    /// way to the provider.
    async fn demanded(&self, user: UserId) -> Result<(Required, i64)> {
        let (gate, t) = (&self.app.gate, self.up.tenant);
        let client = match self.flow.as_ref().map(|f| &f.after) {
            Some(After::Authorize { request, .. }) => request["client_id"].as_str(),
            _ => None,
        };
        let demands = gate.demands((t, user), t, client, &|_| false).await?;
        Ok((demands.total.class, demands.policy))
    }
    /// The invitation that the person is accepting.
    fn invited(&self) -> Option<&Invited> {
        match &self.flow.as_ref()?.after {
            After::Invitation(invited) => Some(invited),
            _ => None,
        }
    }
}

/// Why an attempt did not become a session, with what it was decided on.
pub(super) struct Refused {
    error: Error,
    user: Option<UserId>,
    seen: Value,
}

impl Refused {
    /// Before anything was known of the person.
    pub(super) fn of(error: Error) -> Self {
        Self { error, user: None, seen: Value::Null }
    }
}

/// Lets the person in, or says why not.
pub(super) async fn admit(
    a: Attempt<'_>,
    from: (&SignIn, &Provider),
    (claims, id_token): (&Claims, &Secret),
) -> Result<Response> {
    let mut seen = json!({ "issuer": claims.iss, "sub": claims.sub });
    let mut user = None;
    match admitted(&a, from, (claims, id_token), &mut seen, &mut user).await {
        Ok(response) => Ok(response),
        // Our own trouble is no decision about the person.
        Err(e) if matches!(e.kind(), Kind::Internal | Kind::Unavailable) => Err(e),
        Err(error) => refuse(&a, Refused { error, user, seen }).await,
    }
}

/// `seen` and `user` are what is known so far, for the record of a refusal.
async fn admitted(
    a: &Attempt<'_>,
    (s, provider): (&SignIn, &Provider),
    (claims, id_token): (&Claims, &Secret),
    seen: &mut Value,
    user: &mut Option<UserId>,
) -> Result<Response> {
    let (app, up) = (a.app, a.up);
    let evidence = Evidence::of(claims);
    seen["evidence"] = what(s, &evidence, &a.demand(Required::None, None)).evidence;
    let identity = Identity::of(s, claims)?;
    seen["subject"] = identity.subject.as_str().into();
    let permit = caller::directory(app, up.tenant, up.directory, a.request).await?;
    let coming = Coming {
        store: &app.store,
        access: &app.access,
        permit: &permit,
        signin: s,
        claims,
        identity: &identity,
    };
    let Arrived { user: person, accepts, .. } = arrive(&coming, a.invited()).await?;
    *user = Some(person.id);
    may_enter(&person)?;
    // What their groups give is demanded a proof for, and counts in the session that begins.
    Box::pin(groups::listed(a, &permit, (s, provider), claims, &person, seen)).await?;
    let (mut demanded, policy) = a.demanded(person.id).await?;
    if let Some(i) = &accepts {
        demanded = demanded.max(i.demanded);
    }
    let step = a.flow.as_ref().and_then(|f| f.step_up);
    demanded = demanded.max(step.map_or(Required::None, |s| s.required));
    let proof = what(s, &evidence, &a.demand(demanded, Some(policy)));
    seen["evidence"] = proof.evidence.clone();
    if proof.verdict != Verdict::Enough {
        if let (Verdict::AskOnce, Some(flow)) = (proof.verdict, &a.flow) {
            return ask_once_more(a, flow, demanded).await;
        }
        seen["demanded"] = json!(demanded);
        seen["stepped_up"] = json!(step.is_some_and(|s| s.asked));
        let max_age = up.request["max_age"].as_i64().into_iter().chain(s.rules.max_age).min();
        seen["max_age"] = max_age.into();
        return Err(weak(&proof).unwrap_or(Reason::MfaNotProved).error(proof.why));
    }
    let now = app.store.clock().now();
    lasts(claims, now)?;
    let mut evidence = proof.evidence;
    if let Some(groups) = seen.get("groups") {
        evidence["groups"] = groups.clone();
    }
    let upstream_hint = if s.end_upstream {
        upstream::sealed(&app.master, (up.tenant, person.id), id_token)?
    } else {
        None
    };
    let session = NewSession {
        home: up.tenant,
        user: person.id,
        acting: up.tenant,
        directory: Some(up.directory),
        class: proof.class.as_str().to_owned(),
        evidence,
        auth_time: claims.auth_time.map_or(now, Timestamp::from_secs).min(now),
        client: a.device.clone(),
        not_after: claims.session_expiry.map(Timestamp::from_secs),
        upstream_sid: claims.sid.clone(),
        upstream_hint,
    };
    begin(a, identity, session, accepts.map(|i| i.ready)).await
}

/// The decision about the login.
fn what(s: &SignIn, evidence: &Evidence, demand: &Demand) -> Decision {
    oidc::decide(&s.connection(), evidence, demand)
}

/// The proof is too weak or too old, and the directory can give a better one: it is asked, once.
async fn ask_once_more(a: &Attempt<'_>, flow: &Flow, required: Required) -> Result<Response> {
    let mut flow = flow.clone();
    flow.step_up = Some(StepUp { directory: a.up.directory, required, asked: false });
    flows::put(&a.app.store, &caller::platform(a.request), a.up.flow, &flow).await?;
    tracing::info!(directory = %a.up.directory, ?required, "a stronger proof is asked for");
    Ok(Redirect::to(&format!("/federation/step-up?flow={}", a.up.flow)).into_response())
}

/// Link, session, record: one transaction, which looks once more whether the person may enter.
async fn begin(
    a: &Attempt<'_>,
    identity: Identity,
    session: NewSession,
    ready: Option<Ready>,
) -> Result<Response> {
    let (app, up) = (a.app, a.up);
    let limits = app.session_limits();
    let before = a.before.as_ref().map(|s| s.0.clone());
    // An invitation may give roles in other tenants than the person's own.
    let cx = match ready {
        Some(_) => caller::platform(a.request),
        None => caller::entering(up.tenant, before.as_ref(), a.request),
    };
    let settling = Settling {
        tenant: up.tenant,
        directory: up.directory,
        generation: Some(up.generation),
        user: session.user,
        identity,
        ready,
    };
    let access = app.access.clone();
    let cookie = tx!(app.store, &cx, [session, settling, access, before], |tx| {
        settle(tx, &access, &settling).await?;
        signins::enter(tx, &session, before.as_ref(), limits).await
    })?;
    let mut response = Redirect::to(&format!("/signin/{}", up.flow)).into_response();
    response.headers_mut().append(header::SET_COOKIE, web::session_cookie(app, &cookie));
    Ok(response)
}

/// A record with the reason for the administrator, a page with its reference for the person.
pub(super) async fn refuse(a: &Attempt<'_>, refused: Refused) -> Result<Response> {
    let Refused { error: e, user, seen } = refused;
    let (t, d, reason) = (a.up.tenant, a.up.directory, Reason::of(&e));
    // Not `why`: providers write people's addresses into their errors. The record has it.
    tracing::info!(reason = reason.code(), directory = %d, "a sign-in was refused");
    let detail = json!({
        "why": e.detail(), "operator": e.operator_text(), "claim": e.attr_str(), "seen": seen,
        "request": a.request,
    });
    let record = NewSignin::not(reason, user, Some(d)).detail(detail);
    let cx = caller::cx(t, a.request);
    let reference = tx!(a.app.store, &cx, [record], |tx| {
        let event = Event::new("signin.refuse").target("directory", d);
        // An attempt of which nothing was decided is on the trail, too: providers' faults are looked for there.
        let event = event
            .detail(json!({ "reason": reason.code(), "outcome": reason.outcome(), "user": user }));
        audit::record(tx, t, event).await?;
        signins::record(tx, t, &record).await
    })?;
    Ok(Redirect::to(&format!("/refused/{reference}")).into_response())
}
