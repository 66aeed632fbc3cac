//! Credentials for somebody who is only just coming in, by an invitation, the setup link or one of a help desk: a password,
//! then, where it is demanded, a one-time code that is proved before anything is stored; or a passkey in the place of either
//! or both. The last step lets them in, in one transaction.

use super::{caller, error::or_page, flow::find, forgot, invite, pages};
use crate::{
    access::perm::UsersAdd,
    app::App,
    credentials::Credentials,
    error::{Error, Kind, Result},
    flows::{self, After, State as Flow},
    gate,
    id::{FlowId, RequestId, TenantId, UserId},
    invitations::{self, Closed, How, Opened},
    secret::{ExposeSecret as _, Secret},
    sessions::NewSession,
    setup, signins,
    store::{Conn, Lock, Scope},
    tenants::Required,
    tx,
    users::{self, Adder, User},
    web::{self, Browser, Device, LiveSession, Redirect, StrictForm, StrictPath},
};
use askama::Template;
use axum::{
    extract::{Extension, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use serde_json::json;

#[derive(Template)]
#[template(path = "enrol.html")]
struct ChoosePassword {
    title: &'static str,
    brand: String,
    flow: FlowId,
    user_name: String,
    least: usize,
    /// Whether a password would do, with what comes next.
    password: bool,
    /// Whether a one-time code comes next.
    code_next: bool,
    problem: Option<String>,
    passkeys: bool,
    passkey_does: &'static str,
}

#[derive(Template)]
#[template(path = "enrol_code.html")]
struct ProveCode {
    title: &'static str,
    brand: String,
    flow: FlowId,
    /// A data address.
    picture: String,
    secret: String,
    problem: Option<String>,
    passkeys: bool,
    passkey_does: &'static str,
}

/// What an enrolment is for.
pub(super) struct Who {
    pub tenant: TenantId,
    pub user: UserId,
    pub user_name: String,
    pub display_name: Option<String>,
    needs: Required,
    /// What everybody knows of them.
    known: Vec<String>,
    opened: Option<Box<Opened>>,
}

/// Why there is nothing to choose any more.
#[derive(Clone, Copy)]
pub(super) enum Over {
    Invitation(Closed),
    Reset,
}

/// The page that says so.
pub(super) fn over(app: &App, why: Over) -> Response {
    match why {
        Over::Invitation(why) => invite::closed(app, why),
        Over::Reset => forgot::over(app),
    }
}

fn no_passkeys(app: &App, needs: Required) -> Result<()> {
    if needs == Required::Phr && !app.credentials.passkeys() {
        return Err(Error::forbidden(
            "what you may do here demands a phishing-resistant factor, which a password cannot prove; \
             ask your administrator for a way in through your company's login",
        ));
    }
    Ok(())
}

/// Refuses whom their company's login alone lets in.
async fn not_enforced(c: &mut Conn, person: &User) -> Result<()> {
    if !gate::only_by_directory(c, person).await? {
        return Ok(());
    }
    let text = "your company's login is the only way in here: sign in, or open the invitation's link again, with that";
    Err(Error::forbidden(text).code("directory_enforced"))
}

/// Whom a flow lets in; `Ok(Err)` says why its link does not open any more.
pub(super) async fn who(app: &App, flow: &Flow) -> Result<std::result::Result<Who, Over>> {
    match &flow.after {
        After::Setup(d) => Ok(Ok(Who {
            tenant: d.tenant,
            user: d.user,
            user_name: d.user_name.clone(),
            display_name: d.display_name.clone(),
            needs: Required::Mfa,
            known: Vec::new(),
            opened: None,
        })),
        After::Reset(ticket) => {
            let Some(r) = app.credentials.open_ticket(ticket).await? else {
                return Ok(Err(Over::Reset));
            };
            let (tenant, user) = r.who();
            let mut c = app.store.read(Scope::Tenant(tenant)).await?;
            let Some(person) = users::find(&mut c, tenant, user).await? else {
                return Ok(Err(Over::Reset));
            };
            not_enforced(&mut c, &person).await?;
            drop(c);
            let needs = app.gate.demanded(tenant, user, tenant).await?;
            if !r.enrols(needs) {
                return Ok(Err(Over::Reset));
            }
            no_passkeys(app, needs)?;
            Ok(Ok(Who {
                tenant,
                user,
                user_name: r.user_name().to_owned(),
                display_name: r.display_name().map(str::to_owned),
                needs,
                known: r.known().into_iter().map(str::to_owned).collect(),
                opened: None,
            }))
        }
        After::Invitation(invited) => {
            let opened = match invitations::open(&app.store, &app.access, invited).await? {
                Ok(opened) => opened,
                Err(why) => return Ok(Err(Over::Invitation(why))),
            };
            let planned =
                invitations::demanded(&app.store, &app.access, &opened.invitation).await?;
            // What was given by hand since then counts as well.
            let (t, user) = (invited.tenant, opened.user.id);
            let mut c = app.store.read(Scope::Tenant(t)).await?;
            not_enforced(&mut c, &opened.user).await?;
            drop(c);
            let needs = planned.max(app.gate.demanded(t, user, t).await?);
            no_passkeys(app, needs)?;
            let mut known = vec![opened.company.clone()];
            known.extend(opened.user.display_name.clone());
            known.extend(opened.user.email.clone());
            Ok(Ok(Who {
                tenant: invited.tenant,
                user: opened.user.id,
                user_name: opened.user.user_name.clone(),
                display_name: opened.user.display_name.clone(),
                needs,
                known,
                opened: Some(Box::new(opened)),
            }))
        }
        After::Page | After::Authorize { .. } | After::Trial(_) => {
            Err(Error::invalid("there is nothing to choose in this sign-in"))
        }
    }
}

/// `GET /enrol/{flow}`: the page for a password.
pub(super) async fn show(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
) -> Response {
    let shown = async {
        let flow = find(&app, id, &browser).await?;
        let who = match who(&app, &flow).await? {
            Ok(who) => who,
            Err(why) => return Ok(over(&app, why)),
        };
        Ok(ask_first(&app, id, &who, None))
    };
    or_page(&app, request, shown.await)
}

/// The first page: a password, or a passkey.
pub(super) fn ask_first(app: &App, flow: FlowId, who: &Who, problem: Option<String>) -> Response {
    let password = who.needs != Required::Phr;
    let page = ChoosePassword {
        title: if password { "Choose a password" } else { "Make a passkey" },
        brand: pages::brand(app),
        flow,
        user_name: who.user_name.clone(),
        least: app.config.signin.least(who.needs != Required::None),
        password,
        code_next: matches!(who.needs, Required::Mfa | Required::Attested),
        problem,
        passkeys: app.credentials.passkeys(),
        passkey_does: "It takes the place of password and code.",
    };
    pages::show_that_loads(None, page.passkeys, &page)
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    /// For the browser's password manager; the name is known already.
    #[serde(rename = "user_name")]
    _user_name: Option<String>,
    password: Secret,
    password_again: Secret,
}

/// `POST /enrol/{flow}`
pub(super) async fn choose(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    before: Option<LiveSession>,
    Device(device): Device,
    StrictForm(chosen): StrictForm<Chosen>,
) -> Response {
    let done = async {
        let mut flow = find(&app, id, &browser).await?;
        let who = match who(&app, &flow).await? {
            Ok(who) => who,
            Err(why) => return Ok(over(&app, why)),
        };
        if chosen.password.expose_secret() != chosen.password_again.expose_secret() {
            let text = "The two passwords are not the same.".to_owned();
            return Ok(ask_first(&app, id, &who, Some(text)));
        }
        let mut known = vec![who.user_name.as_str()];
        known.extend(who.known.iter().map(String::as_str));
        let second = who.needs != Required::None;
        let mut enrolment = match app.credentials.choose(&chosen.password, &known, second).await {
            Ok(e) => e,
            Err(e) if e.kind() == Kind::Invalid => {
                return Ok(ask_first(&app, id, &who, Some(web::sentence(e.detail()))));
            }
            Err(e) => return Err(e),
        };
        match who.needs {
            Required::None => {
                flow.enrolment = Some(enrolment);
                let_in(&app, request, id, &flow, &who, before, device).await
            }
            Required::Phr => {
                let text = "What you may do here takes a passkey.".to_owned();
                Ok(ask_first(&app, id, &who, Some(text)))
            }
            Required::Attested | Required::Mfa => {
                app.credentials.offer_code(&mut enrolment, who.tenant, who.user)?;
                flow.enrolment = Some(enrolment);
                flows::put(&app.store, &caller::platform(request), id, &flow).await?;
                Ok(Redirect::to(&format!("/enrol/{id}/code")).into_response())
            }
        }
    };
    or_page(&app, request, done.await)
}

/// `GET /enrol/{flow}/code`: the picture for an authenticator app, and a field for what it shows.
pub(super) async fn show_code(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
) -> Response {
    let shown = async {
        let flow = find(&app, id, &browser).await?;
        let who = match who(&app, &flow).await? {
            Ok(who) => who,
            Err(why) => return Ok(over(&app, why)),
        };
        ask_second(&app, id, &flow, &who, None)
    };
    or_page(&app, request, shown.await)
}

/// The second page: a one-time code, or a passkey beside the password.
pub(super) fn ask_second(
    app: &App,
    id: FlowId,
    flow: &Flow,
    who: &Who,
    problem: Option<String>,
) -> Result<Response> {
    let brand = pages::brand(app);
    let offered = match &flow.enrolment {
        Some(e) => app.credentials.offered(e, (who.tenant, who.user), &brand, &who.user_name)?,
        None => None,
    };
    let Some(offered) = offered else {
        return Ok(Redirect::to(&format!("/enrol/{id}")).into_response());
    };
    let page = ProveCode {
        title: "Add a second factor",
        brand,
        flow: id,
        picture: web::picture(offered.otpauth.expose_secret())?,
        secret: web::grouped(offered.secret.expose_secret()),
        problem,
        passkeys: app.credentials.passkeys(),
        passkey_does: "It takes the place of the code.",
    };
    Ok(pages::show_that_loads(None, page.passkeys, &page))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    code: String,
}

/// `POST /enrol/{flow}/code`
pub(super) async fn prove_code(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    StrictPath(id): StrictPath<FlowId>,
    browser: Browser,
    before: Option<LiveSession>,
    Device(device): Device,
    StrictForm(typed): StrictForm<Shown>,
) -> Response {
    let done = async {
        let mut flow = find(&app, id, &browser).await?;
        let who = match who(&app, &flow).await? {
            Ok(who) => who,
            Err(why) => return Ok(over(&app, why)),
        };
        let Some(enrolment) = &mut flow.enrolment else {
            return Ok(Redirect::to(&format!("/enrol/{id}")).into_response());
        };
        if !app.credentials.prove_code(enrolment, who.tenant, who.user, &typed.code)? {
            let text = "That is not the code your app should show now. Scan the picture again, or check the \
                        clock of your telephone."
                .to_owned();
            return ask_second(&app, id, &flow, &who, Some(text));
        }
        let_in(&app, request, id, &flow, &who, before, device).await
    };
    or_page(&app, request, done.await)
}

/// Everything at once: the link is used, the person and their credentials stand, a session begins.
pub(super) async fn let_in(
    app: &App,
    request: RequestId,
    id: FlowId,
    flow: &Flow,
    who: &Who,
    before: Option<LiveSession>,
    client: serde_json::Value,
) -> Result<Response> {
    let (t, user) = (who.tenant, who.user);
    let enrolment = flow.enrolment.clone();
    let enrolment = enrolment.ok_or_else(|| Error::internal("an enrolment without a password"))?;
    let (class, amr) = enrolment.proves();
    if !gate::satisfies(class.as_str(), who.needs) {
        return Err(gate::too_weak(class.as_str(), who.needs));
    }
    let evidence = json!({ "amr": amr, "rule": "local:enrolment", "class": class.as_str() });
    let session = NewSession {
        home: t,
        user,
        acting: t,
        directory: None,
        class: class.as_str().to_owned(),
        evidence,
        auth_time: app.store.clock().now(),
        client,
        not_after: None,
        upstream_sid: None,
        upstream_hint: None,
    };
    let ready = match (&flow.after, &who.opened) {
        (After::Invitation(invited), Some(o)) => {
            Some(invitations::ready(&app.access, invited, &o.invitation).await?)
        }
        _ => None,
    };
    // The server's own right: the link proved that it may be used.
    let cx = caller::platform(request);
    let adder = Adder::of(&app.access.require::<UsersAdd>(&cx.actor, t).await?);
    let (limits, access, after) = (app.session_limits(), app.access.clone(), flow.after.clone());
    let before = before.map(|s| s.0);
    let entered = tx!(app.store, &cx, [session, enrolment, ready, access, after, before], |tx| {
        tx.lock(Lock::User(user)).await?;
        if let Some(person) = users::find(tx, t, user).await? {
            not_enforced(tx, &person).await?;
        }
        match (&after, &ready) {
            (After::Setup(draft), _) => {
                setup::complete(tx, &access, adder, draft, &enrolment).await?;
            }
            (_, Some(ready)) => {
                invitations::accept(tx, &access, ready, How::Local).await?;
                Credentials::enrol(tx, t, user, &enrolment).await?;
            }
            (After::Reset(ticket), None) => {
                if !Credentials::renew(tx, user, ticket, &enrolment).await? {
                    return Err(
                        Error::conflict("this link was used, or is over").code("reset_over")
                    );
                }
            }
            _ => return Err(Error::internal("an enrolment of nobody")),
        }
        signins::enter(tx, &session, before.as_ref(), limits).await
    });
    let cookie = match (entered, &flow.after) {
        (Ok(cookie), _) => cookie,
        // It ended at the last moment: the page says how.
        (Err(e), After::Invitation(invited)) if e.code_str() == Some("invitation_used") => {
            let opened = invitations::open(&app.store, &app.access, invited).await?;
            return opened.map_or_else(|why| Ok(invite::closed(app, why)), |_| Err(e));
        }
        (Err(e), After::Reset(_)) if e.code_str() == Some("reset_over") => {
            return Ok(forgot::over(app));
        }
        (Err(e), _) => return Err(e),
    };
    let mut response = match &flow.after {
        After::Invitation(invited) => {
            // What was chosen is stored with the person now.
            let flow = Flow { enrolment: None, ..flow.clone() };
            invite::welcome(app, request, (id, &flow), invited, (t, user)).await?
        }
        after => {
            flows::end(&app.store, &cx, id).await?;
            let done = if matches!(after, After::Reset(_)) { "reset" } else { "setup" };
            Redirect::to(&format!("/me?done={done}")).into_response()
        }
    };
    response.headers_mut().append(header::SET_COOKIE, web::session_cookie(app, &cookie));
    Ok(response)
}
