//! Local credentials: a password, and a one-time code for whoever has one. What was proved becomes a session here;
//! what was not enough becomes a refusal with a reference.

use super::{
    caller,
    error::or_page,
    flow::{ask_code, ask_way, find},
};
use crate::{
    app::App,
    audit::{self, Event},
    credentials::Outcome,
    error::{Error, Result},
    flows::{self, Password, State as Flow},
    gate,
    id::{FlowId, RequestId, TenantId, UserId},
    protocol::oidc::Class,
    secret::Secret,
    sessions::NewSession,
    signins::{self, NewSignin, Reason},
    store::Lock,
    tx, users,
    web::{self, Browser, Device, Redirect, StrictForm},
};
use axum::{
    extract::{Extension, Path, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use serde_json::json;

/// The same for an unknown name and a wrong password: names must not be found out here.
const WRONG: &str = "The user name or the password is not right.";

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    user_name: String,
    password: Secret,
}

/// `POST /signin/{flow}/password`
pub(super) async fn password(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    Path(id): Path<FlowId>,
    browser: Browser,
    Device(client): Device,
    StrictForm(typed): StrictForm<Typed>,
) -> Response {
    let attempt = Attempt { app: &app, request, id, client };
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
    Path(id): Path<FlowId>,
    browser: Browser,
    Device(client): Device,
    StrictForm(typed): StrictForm<TypedCode>,
) -> Response {
    let attempt = Attempt { app: &app, request, id, client };
    or_page(&app, request, attempt.code(&browser, typed).await)
}

/// One attempt of one flow.
struct Attempt<'a> {
    app: &'a App,
    request: RequestId,
    id: FlowId,
    client: serde_json::Value,
}

impl Attempt<'_> {
    async fn password(self, browser: &Browser, typed: Typed) -> Result<Response> {
        let mut flow = find(self.app, self.id, browser).await?;
        if flow.tenant.is_none() && !flow.by_email {
            return Ok(self.back());
        }
        let name = typed.user_name.trim().to_owned();
        let mut problem = WRONG.to_owned();
        for home in self.homes(&flow, &name).await? {
            let (cx, store) = (caller::cx(home, self.request), &self.app.store);
            let credentials = &self.app.credentials;
            let outcome = credentials.verify_password(&cx, home, &name, &typed.password).await?;
            let known = async || {
                let mut c = store.read(cx.scope).await?;
                Ok::<_, Error>(users::find_local(&mut c, home, &name).await?.map(|u| u.id))
            };
            match outcome {
                Outcome::Right { user, has_code: true } => {
                    flow.proved = Some(Password { home, user, at: store.clock().now() });
                    flows::put(store, &caller::platform(self.request), self.id, &flow).await?;
                    return Ok(self.back());
                }
                Outcome::Right { user, has_code: false } => {
                    return self.proved(flow, home, user, Class::Single, &["pwd"]).await;
                }
                Outcome::Off => {
                    let user = known().await?;
                    return self.refuse(home, user, Reason::UserDisabled, json!({})).await;
                }
                // Nobody's company: nobody to write a record for.
                Outcome::Wrong if home == TenantId::PLATFORM => {}
                Outcome::Wait(seconds) if home == TenantId::PLATFORM => problem = wait(seconds),
                Outcome::Wrong => {
                    self.record(home, known().await?, Reason::PasswordWrong, json!({})).await?;
                }
                Outcome::Wait(seconds) => {
                    self.record(home, known().await?, Reason::RateLimited, json!({})).await?;
                    problem = wait(seconds);
                }
            }
        }
        ask_way(self.app, self.id, &flow, name, Some(problem), true).await
    }

    /// Where the name may have its password. Who came by an address and no company is looked for by name everywhere;
    /// where there is nobody, the try takes as long.
    async fn homes(&self, flow: &Flow, name: &str) -> Result<Vec<TenantId>> {
        let mut homes = Vec::new();
        if flow.by_email {
            homes = users::homes_of(&self.app.store, name).await?;
        }
        if homes.is_empty() {
            homes.push(flow.tenant.unwrap_or(TenantId::PLATFORM));
        }
        Ok(homes)
    }

    async fn code(self, browser: &Browser, typed: TypedCode) -> Result<Response> {
        let flow = find(self.app, self.id, browser).await?;
        let Some(Password { home, user, .. }) = flow.proved else { return Ok(self.back()) };
        let cx = caller::cx(home, self.request);
        let outcome = self.app.credentials.verify_code(&cx, home, user, &typed.code).await?;
        let problem = match outcome {
            Outcome::Right { .. } => {
                return self.proved(flow, home, user, Class::Mfa, &["pwd", "otp", "mfa"]).await;
            }
            Outcome::Off => {
                return self.refuse(home, Some(user), Reason::UserDisabled, json!({})).await;
            }
            Outcome::Wrong => {
                self.record(home, Some(user), Reason::CodeWrong, json!({})).await?;
                "The code is not right, or was used already.".to_owned()
            }
            Outcome::Wait(seconds) => {
                self.record(home, Some(user), Reason::RateLimited, json!({})).await?;
                wait(seconds)
            }
        };
        Ok(ask_code(self.app, self.id, &flow, Some(problem)))
    }

    fn back(&self) -> Response {
        Redirect::to(&format!("/signin/{}", self.id)).into_response()
    }

    /// To the page that says why, with the reason on record.
    async fn refuse(
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
    async fn record(
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
                let event = Event::new("signin.refuse").detail(json!({ "reason": reason.code() }));
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
    async fn proved(
        self,
        mut flow: Flow,
        home: TenantId,
        user: UserId,
        class: Class,
        amr: &[&str],
    ) -> Result<Response> {
        let (app, store) = (self.app, &self.app.store);
        let demanded = app.gate.demanded(home, user, home).await?;
        let cx = caller::cx(home, self.request);
        let evidence = json!({ "amr": amr, "rule": "local:credentials", "class": class.as_str() });
        if !gate::satisfies(class.as_str(), demanded) {
            let seen = json!({ "demanded": demanded, "evidence": evidence });
            return self.refuse(home, Some(user), Reason::MfaNotProved, seen).await;
        }
        let session = NewSession {
            home,
            user,
            acting: home,
            directory: None,
            class: class.as_str().to_owned(),
            evidence,
            auth_time: store.clock().now(),
            client: self.client.clone(),
            not_after: None,
        };
        let limits = app.session_limits();
        // Once more whether the person may enter: who is switched off in between must find the session or prevent it.
        let made = tx!(store, &cx, [session], |tx| {
            tx.lock(Lock::User(user)).await?;
            if !users::find(tx, home, user).await?.is_some_and(|u| u.live()) {
                return Ok(None);
            }
            signins::enter(tx, &session, limits).await.map(Some)
        })?;
        let Some(cookie) = made else {
            return self.refuse(home, Some(user), Reason::UserDisabled, json!({})).await;
        };
        flow.proved = None;
        flows::put(store, &caller::platform(self.request), self.id, &flow).await?;
        let mut response = self.back();
        response.headers_mut().append(header::SET_COOKIE, web::session_cookie(app, &cookie));
        Ok(response)
    }
}

fn wait(seconds: u32) -> String {
    format!("Too many wrong attempts. Wait {seconds} seconds, then try again.")
}
