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
    error::Result,
    flows::{self, Password, State as Flow},
    gate,
    id::{FlowId, RequestId, TenantId, UserId},
    secret::Secret,
    sessions::{self, NewSession},
    signins::{self, NewSignin},
    tx,
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
    or_page(&app, attempt.password(&browser, typed).await)
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
    or_page(&app, attempt.code(&browser, typed).await)
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
        let Some(home) = flow.tenant else { return Ok(self.back()) };
        let (cx, store) = (caller::cx(home, self.request), &self.app.store);
        let name = typed.user_name.trim().to_owned();
        let credentials = &self.app.credentials;
        let outcome = credentials.verify_password(&cx, home, &name, &typed.password).await?;
        let problem = match outcome {
            Outcome::Right { user, has_code: true } => {
                flow.proved = Some(Password { home, user, at: store.clock().now() });
                flows::put(store, &caller::platform(self.request), self.id, &flow).await?;
                return Ok(self.back());
            }
            Outcome::Right { user, has_code: false } => {
                return self.proved(flow, home, user, "single", &["pwd"]).await;
            }
            Outcome::Off => return self.refuse(home, None, "user_disabled", json!({})).await,
            Outcome::Wrong => WRONG.to_owned(),
            Outcome::Wait(seconds) => wait(seconds),
        };
        ask_way(self.app, self.id, home, name, Some(problem), true).await
    }

    async fn code(self, browser: &Browser, typed: TypedCode) -> Result<Response> {
        let flow = find(self.app, self.id, browser).await?;
        let Some(Password { home, user, .. }) = flow.proved else { return Ok(self.back()) };
        let cx = caller::cx(home, self.request);
        let code: String = typed.code.chars().filter(|c| !c.is_whitespace()).collect();
        let outcome = self.app.credentials.verify_code(&cx, home, user, &code).await?;
        let problem = match outcome {
            Outcome::Right { .. } => {
                let amr = ["pwd", "otp", "mfa"];
                return self.proved(flow, home, user, "mfa", &amr).await;
            }
            Outcome::Off => {
                return self.refuse(home, Some(user), "user_disabled", json!({})).await;
            }
            Outcome::Wrong => "The code is not right, or was used already.".to_owned(),
            Outcome::Wait(seconds) => wait(seconds),
        };
        Ok(ask_code(self.app, self.id, Some(problem)))
    }

    fn back(&self) -> Response {
        Redirect::to(&format!("/signin/{}", self.id)).into_response()
    }

    /// To the page that says why, with the reason on record.
    async fn refuse(
        &self,
        home: TenantId,
        user: Option<UserId>,
        reason: &'static str,
        detail: serde_json::Value,
    ) -> Result<Response> {
        let new = NewSignin::refused(user, None, reason).detail(detail);
        let cx = caller::cx(home, self.request);
        let reference = tx!(self.app.store, &cx, [new], |tx| {
            let event = Event::new("signin.refuse").detail(json!({ "reason": reason }));
            let event = match user {
                Some(user) => event.target("user", user),
                None => event,
            };
            audit::record(tx, home, event).await?;
            signins::record(tx, home, &new).await
        })?;
        Ok(Redirect::to(&format!("/refused/{reference}")).into_response())
    }

    /// The person is who they say: enough for what their roles demand?
    async fn proved(
        self,
        mut flow: Flow,
        home: TenantId,
        user: UserId,
        class: &'static str,
        amr: &[&str],
    ) -> Result<Response> {
        let (app, store) = (self.app, &self.app.store);
        let demanded = app.gate.demanded(home, user, home).await?;
        let cx = caller::cx(home, self.request);
        let evidence = json!({ "amr": amr, "rule": "local credentials" });
        if !gate::satisfies(class, demanded) {
            let detail = json!({ "class": class, "demanded": demanded, "evidence": evidence });
            return self.refuse(home, Some(user), "mfa_required", detail).await;
        }
        let session = NewSession {
            home,
            user,
            acting: home,
            directory: None,
            class: class.to_owned(),
            evidence: evidence.clone(),
            auth_time: store.clock().now(),
            client: self.client.clone(),
            not_after: None,
        };
        let limits = app.session_limits();
        let (_, cookie) = tx!(store, &cx, [session, evidence], |tx| {
            let made = sessions::create(tx, &session, limits).await?;
            let new = NewSignin::success(user, None).detail(json!({ "evidence": evidence }));
            signins::record(tx, home, &new).await?;
            let event = Event::new("signin").target("user", user).detail(evidence);
            audit::record(tx, home, event).await?;
            Ok(made)
        })?;
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
