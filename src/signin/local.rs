//! Local credentials: a password, and a one-time code for whoever has one, or a recovery code in its place. What was
//! proved becomes a session here; what was not enough becomes a refusal with a reference.

use super::{
    caller,
    error::or_page,
    flow::{ask_second, ask_way, find},
};
use crate::{
    app::App,
    audit::{self, Event},
    credentials::{
        self, Credentials, Outcome, PASSKEY_AMR, Proof, Proved, Typed, Used, break_glass, recovery,
    },
    error::Result,
    flows::{self, State as Flow},
    gate,
    id::{FlowId, RequestId, TenantId, UserId},
    protocol::oidc::Class,
    secret::Secret,
    sessions::NewSession,
    signins::{self, NewSignin, Reason},
    store::{Lock, Scope},
    tenants::{self, Required, Status},
    tx,
    users::{self, User},
    web::{self, Browser, Device, LiveSession, Redirect, StrictForm, StrictPath},
};
use axum::{
    extract::{Extension, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use serde_json::json;

/// The same for an unknown name and a wrong password: names must not be found out here.
const WRONG: &str = "The user name or the password is not right.";

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    user_name: String,
    password: Secret,
}

/// `POST /signin/{flow}/password`
pub(super) async fn password(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    before: Option<LiveSession>,
    Device(client): Device,
    StrictForm(typed): StrictForm<Sent>,
) -> Response {
    let attempt = Attempt { app: &app, request, id, before, client };
    or_page(&app, request, attempt.password(&browser, typed).await)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedCode {
    code: String,
}

/// `POST /signin/{flow}/code`
pub(super) async fn code(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    before: Option<LiveSession>,
    Device(client): Device,
    StrictForm(typed): StrictForm<TypedCode>,
) -> Response {
    let attempt = Attempt { app: &app, request, id, before, client };
    or_page(&app, request, attempt.second(&browser, Second::Code(typed.code)).await)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedRecovery {
    recovery_code: String,
}

/// `POST /signin/{flow}/recovery`
pub(super) async fn recovery_code(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    before: Option<LiveSession>,
    Device(client): Device,
    StrictForm(typed): StrictForm<TypedRecovery>,
) -> Response {
    let attempt = Attempt { app: &app, request, id, before, client };
    let typed = Second::Recovery(typed.recovery_code);
    or_page(&app, request, attempt.second(&browser, typed).await)
}

/// What was typed after the password.
enum Second {
    Code(String),
    Recovery(String),
}

/// How somebody came.
pub(super) struct Come {
    proof: Proof,
    class: Class,
    amr: &'static [&'static str],
    rule: &'static str,
}
impl Come {
    fn with_password(p: Proved) -> Self {
        Self::local(Proof::Password(p), Class::Single, &["pwd"])
    }
    fn with_code(p: Proved) -> Self {
        Self::local(Proof::Password(p), Class::Mfa, &["pwd", "otp", "mfa"])
    }
    fn with_recovery(p: Proved) -> Self {
        let come = Self::local(Proof::Password(p), Class::Mfa, &["pwd", "mfa"]);
        Self { rule: recovery::RULE, ..come }
    }
    pub(super) fn with_passkey(used: Used) -> Self {
        Self::local(Proof::Passkey(used), Class::PhishingResistant, PASSKEY_AMR)
    }
    fn local(proof: Proof, class: Class, amr: &'static [&'static str]) -> Self {
        Self { proof, class, amr, rule: "local:credentials" }
    }
}

/// One attempt of one flow.
pub(super) struct Attempt<'a> {
    pub app: &'a App,
    pub request: RequestId,
    pub id: FlowId,
    /// The session of the browser until now.
    pub before: Option<LiveSession>,
    pub client: serde_json::Value,
}

impl Attempt<'_> {
    async fn password(self, browser: &Browser, typed: Sent) -> Result<Response> {
        let began = tokio::time::Instant::now();
        let mut flow = find(self.app, self.id, browser).await?;
        if !flow.placed() {
            return Ok(self.back());
        }
        let name = typed.user_name.trim().to_owned();
        let at = self.place(&flow, &name).await?;
        let cx = match &at {
            Typed::At(t) => caller::cx(*t, self.request),
            Typed::ByDomain(_) | Typed::ByAddress(_) | Typed::Nowhere(_) => {
                caller::platform(self.request)
            }
        };
        let credentials = &self.app.credentials;
        let problem = match credentials.verify_password(&cx, &at, &name, &typed.password).await? {
            // Before anything else of theirs is used up.
            Outcome::Right(p) if self.sealed(p.home, p.user).await? => {
                let user = Some(p.user);
                return self.refuse(p.home, user, Reason::BreakGlassSealed, json!({})).await;
            }
            Outcome::Right(p) if self.open(p.home).await? && self.goes_on(&p).await? => {
                flow.password = Some(p);
                let cx = caller::platform(self.request);
                flows::put(&self.app.store, &cx, self.id, &flow).await?;
                return Ok(self.back());
            }
            Outcome::Right(p) => return self.proved(flow, Come::with_password(p)).await,
            Outcome::Off { home, user } => {
                return self.refuse(home, Some(user), Reason::UserDisabled, json!({})).await;
            }
            Outcome::Wrong => {
                self.missed(&at, &name, Reason::PasswordWrong).await?;
                WRONG.to_owned()
            }
            Outcome::Wait(seconds) => {
                self.missed(&at, &name, Reason::RateLimited).await?;
                wait(seconds)
            }
        };
        // All that was done depends on who exists; how long it took must not tell.
        tokio::time::sleep_until(began + at.patience()).await;
        ask_way(self.app, self.id, &flow, name, Some(problem), true).await
    }

    /// Where the name is tried: in the company that was named, or that the address's domain belongs to. Behind an
    /// address of no company it is looked for everywhere.
    async fn place(&self, flow: &Flow, name: &str) -> Result<Typed> {
        Ok(match (flow.by_email, flow.tenant) {
            (true, Some(t)) => Typed::ByDomain(t),
            (true, None) => Typed::ByAddress(users::homes_of(&self.app.store, name).await?),
            (false, Some(t)) => Typed::At(t),
            (false, None) => Typed::Nowhere(flow.named.clone().unwrap_or_default()),
        })
    }

    /// A miss, on record wherever it was tried.
    async fn missed(&self, at: &Typed, name: &str, reason: Reason) -> Result<()> {
        for home in at.homes() {
            let mut c = self.app.store.read(Scope::Tenant(*home)).await?;
            let known = users::find_local(&mut c, *home, name).await?.map(|u| u.id);
            drop(c);
            self.record(*home, known, reason, json!({})).await?;
        }
        Ok(())
    }

    /// Whether people of this company may sign in at all.
    async fn open(&self, home: TenantId) -> Result<bool> {
        Ok(tenants::get(&self.app.store, home).await?.status == Status::Active)
    }

    /// Whether it is an account for emergencies that is not armed.
    async fn sealed(&self, home: TenantId, user: UserId) -> Result<bool> {
        let mut c = self.app.store.read(Scope::Tenant(home)).await?;
        let glass = break_glass::find(&mut c, home, user).await?;
        Ok(glass.is_some_and(|g| !g.armed(self.app.store.clock().now())))
    }

    /// Whether the password is not all: the second factor of who has a code is asked for, and any other where the password
    /// would not do.
    async fn goes_on(&self, p: &Proved) -> Result<bool> {
        if p.code_set.is_some() {
            return Ok(true);
        }
        let mut c = self.app.store.read(Scope::Tenant(p.home)).await?;
        let has = credentials::has(&mut c, p.home, p.user).await?;
        drop(c);
        if has.passkeys == 0 && has.recovery == 0 {
            return Ok(false);
        }
        let demanded = self.demanded(p.home, p.user).await?;
        Ok(!p.alone || !gate::satisfies(Class::Single.as_str(), demanded))
    }

    /// What is demanded of somebody. Of an account for emergencies it is always the same: a policy that nobody can meet, or
    /// none at all, is one of the emergencies.
    async fn demanded(&self, home: TenantId, user: UserId) -> Result<Required> {
        let mut c = self.app.store.read(Scope::Tenant(home)).await?;
        if break_glass::find(&mut c, home, user).await?.is_some() {
            return Ok(Required::Mfa);
        }
        drop(c);
        self.app.gate.demanded(home, user, home).await
    }

    async fn second(self, browser: &Browser, typed: Second) -> Result<Response> {
        let flow = find(self.app, self.id, browser).await?;
        let Some(proved) = flow.password else { return Ok(self.back()) };
        let (home, user) = (proved.home, proved.user);
        let cx = caller::cx(home, self.request);
        let mut c = self.app.store.read(cx.scope).await?;
        let stands = Credentials::stands(&mut c, &proved).await?;
        drop(c);
        if !stands {
            return self.begin_again(flow, (home, user)).await;
        }
        if matches!(typed, Second::Recovery(_)) {
            // Before it is used up: what it proves may not be enough.
            let (class, demanded) = (Class::Mfa, self.demanded(home, user).await?);
            if !gate::satisfies(class.as_str(), demanded) {
                let evidence = json!({ "rule": recovery::RULE, "class": class.as_str() });
                let seen = json!({ "demanded": demanded, "evidence": evidence });
                return self.refuse(home, Some(user), Reason::MfaNotProved, seen).await;
            }
        }
        let credentials = &self.app.credentials;
        let (outcome, wrong, words) = match &typed {
            Second::Code(code) => (
                credentials.verify_code(&cx, &proved, code).await?,
                Reason::CodeWrong,
                "The code is not right, or was used already.",
            ),
            Second::Recovery(code) => (
                credentials.verify_recovery(&cx, &proved, code).await?,
                Reason::RecoveryWrong,
                "The recovery code is not right, or was used already.",
            ),
        };
        let problem = match outcome {
            Outcome::Right(p) => {
                let come = match typed {
                    Second::Code(_) => Come::with_code(p),
                    Second::Recovery(_) => Come::with_recovery(p),
                };
                return self.proved(flow, come).await;
            }
            Outcome::Off { home, user } => {
                return self.refuse(home, Some(user), Reason::UserDisabled, json!({})).await;
            }
            Outcome::Wrong => {
                self.record(home, Some(user), wrong, json!({})).await?;
                words.to_owned()
            }
            Outcome::Wait(seconds) => {
                self.record(home, Some(user), Reason::RateLimited, json!({})).await?;
                wait(seconds)
            }
        };
        ask_second(self.app, self.id, &flow, Some(problem)).await
    }

    /// What was proved was changed meanwhile: it is worth nothing any more.
    async fn begin_again(self, mut flow: Flow, who: (TenantId, UserId)) -> Result<Response> {
        flow.password = None;
        let cx = caller::platform(self.request);
        flows::put(&self.app.store, &cx, self.id, &flow).await?;
        self.refuse(who.0, Some(who.1), Reason::CredentialsChanged, json!({})).await
    }

    pub(super) fn back(&self) -> Response {
        Redirect::to(&format!("/signin/{}", self.id)).into_response()
    }

    /// To the page that says why, with the reason on record.
    pub(super) async fn refuse(
        &self,
        home: TenantId,
        user: Option<UserId>,
        reason: Reason,
        seen: serde_json::Value,
    ) -> Result<Response> {
        let reference = self.record(home, user, reason, seen).await?;
        Ok(Redirect::to(&format!("/refused/{reference}")).into_response())
    }

    /// The attempt on record, under the reference that is returned. What was typed as a name is not kept: people type
    /// passwords there.
    pub(super) async fn record(
        &self,
        home: TenantId,
        user: Option<UserId>,
        reason: Reason,
        seen: serde_json::Value,
    ) -> Result<String> {
        let detail = json!({ "client": self.client, "seen": seen, "request": self.request });
        let new = NewSignin::not(reason, user, None).detail(detail);
        let cx = caller::cx(home, self.request);
        tx!(self.app.store, &cx, [new], |tx| {
            if reason.outcome() == signins::Outcome::Refused {
                let event = Event::new("signin.refuse")
                    .detail(json!({ "reason": reason.code(), "outcome": reason.outcome() }));
                let event = match user {
                    Some(user) => event.target("user", user),
                    None => event,
                };
                audit::record(tx, home, event).await?;
            }
            signins::record(tx, home, &new).await
        })
    }

    /// The person is who they say: enough for what their roles demand?
    pub(super) async fn proved(self, mut flow: Flow, come: Come) -> Result<Response> {
        let (app, store) = (self.app, &self.app.store);
        let Come { proof, class, amr, rule } = come;
        let (home, user) = proof.who();
        if !self.open(home).await? {
            return self.refuse(home, Some(user), Reason::TenantSuspended, json!({})).await;
        }
        if class == Class::Single && matches!(proof, Proof::Password(p) if !p.alone) {
            return self.refuse(home, Some(user), Reason::PasswordShort, json!({})).await;
        }
        let mut c = store.read(Scope::Tenant(home)).await?;
        let glass = break_glass::find(&mut c, home, user).await?;
        drop(c);
        if glass.as_ref().is_some_and(|g| !g.armed(store.clock().now())) {
            return self.refuse(home, Some(user), Reason::BreakGlassSealed, json!({})).await;
        }
        let demanded = self.demanded(home, user).await?;
        let mut evidence = json!({ "amr": amr, "rule": rule, "class": class.as_str() });
        if glass.is_some() {
            evidence["break_glass"] = true.into();
        }
        if !gate::satisfies(class.as_str(), demanded) {
            let seen = json!({ "demanded": demanded, "evidence": evidence });
            let mut c = store.read(Scope::Tenant(home)).await?;
            let nothing = !credentials::has(&mut c, home, user).await?.second();
            drop(c);
            let missing = class == Class::Single && nothing && glass.is_none();
            let reason = if missing { Reason::SecondFactorMissing } else { Reason::MfaNotProved };
            return self.refuse(home, Some(user), reason, seen).await;
        }
        let (recovers, in_emergency) = (rule == recovery::RULE, glass.is_some());
        let session = NewSession {
            home,
            user,
            acting: home,
            directory: None,
            class: class.as_str().to_owned(),
            evidence,
            auth_time: store.clock().now(),
            client: self.client.clone(),
            not_after: match (glass.is_some(), recovers) {
                (true, _) => Some(store.clock().now().plus(break_glass::SESSION)),
                (false, true) => Some(store.clock().now().plus(recovery::SESSION)),
                (false, false) => None,
            },
            upstream_sid: None,
            upstream_hint: None,
        };
        let limits = app.session_limits();
        let before = self.before.as_ref().map(|s| s.0.clone());
        let cx = caller::entering(home, before.as_ref(), self.request);
        // Asked once more: what was switched off or changed in between must find the session or prevent it.
        let made = tx!(store, &cx, [session, before, glass], |tx| {
            tx.lock(Lock::User(user)).await?;
            let tenant = tenants::find(tx, home).await?;
            if tenant.is_none_or(|t| t.status != Status::Active) {
                return Ok(Err(Reason::TenantSuspended));
            }
            let Some(person) = users::find(tx, home, user).await?.filter(User::live) else {
                return Ok(Err(Reason::UserDisabled));
            };
            if glass.is_none() && gate::only_by_directory(tx, &person).await? {
                return Ok(Err(Reason::DirectoryEnforced));
            }
            if !proof.stands(tx).await? {
                return Ok(Err(Reason::CredentialsChanged));
            }
            if let Some(account) = &glass
                && !break_glass::used(tx, home, account).await?
            {
                return Ok(Err(Reason::BreakGlassSealed));
            }
            signins::enter(tx, &session, before.as_ref(), limits).await.map(Ok)
        })?;
        let cookie = match made {
            Ok(cookie) => cookie,
            Err(Reason::CredentialsChanged) => return self.begin_again(flow, (home, user)).await,
            Err(reason) => return self.refuse(home, Some(user), reason, json!({})).await,
        };
        flow.password = None;
        // Who came by what they kept for that day is to set up something new.
        flow.to_factors |= recovers && !in_emergency;
        flows::put(store, &caller::platform(self.request), self.id, &flow).await?;
        let mut response = self.back();
        response.headers_mut().append(header::SET_COOKIE, web::session_cookie(app, &cookie));
        Ok(response)
    }
}

pub(super) fn wait(seconds: u32) -> String {
    format!("Too many wrong attempts. Wait {seconds} seconds, then try again.")
}
