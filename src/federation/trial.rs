//! Test logins: `GET /federation/test/{token}` leads to the provider like a sign-in; what comes back ends on a page that
//! shows whoever tests what was received, what it proves and what is missing for what. No session begins and nobody is
//! brought in; of what was received, the names are kept.

use super::{
    admit::Identity,
    arrive::{self, Listed},
    callback::Proved,
    caller,
    error::or_page,
    provider::Providers,
    start,
};
use crate::{
    app::App,
    directories::{self, SignIn, Trial},
    error::{Error, Kind, Result},
    flows::{self, After, State as Flow, Upstream},
    id::RequestId,
    protocol::oidc::{self, Claims, Class, Decision, Demand, Evidence, Verdict},
    signins::Reason,
    store::Scope,
    tenants::Required,
    users::User,
    web::{self, Browser, StrictPath},
};
use askama::Template;
use axum::{Extension, extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};

pub(super) async fn open(
    State(app): State<App>,
    Extension(providers): Extension<Providers>,
    Extension(request): Extension<RequestId>,
    StrictPath(token): StrictPath<String>,
    browser: Browser,
) -> Response {
    or_page(&app, request, opened(&app, &providers, request, &token, &browser).await)
}

async fn opened(
    app: &App,
    providers: &Providers,
    request: RequestId,
    token: &str,
    browser: &Browser,
) -> Result<Response> {
    let cx = caller::platform(request);
    let over = "this link to a test login was opened before, or is over; ask for another one";
    let trial = directories::trial_open(&app.store, &cx, token).await?;
    let trial = trial.ok_or_else(|| Error::new(Kind::Invalid, over))?;
    let (t, d) = (trial.tenant, trial.directory);
    let s = directories::signin_to_test(&app.store, t, d, &app.master).await?;
    let mut flow = Flow::new(After::Trial(trial), Some(t));
    flow.settled = true;
    let id = flows::begin(&app.store, &cx, flow.clone(), browser.hash()).await?;
    let changed = match s {
        None => Some(Reason::DirectoryNotActive.error("the directory was switched off meanwhile")),
        Some(s) if s.generation != trial.generation => Some(
            Reason::GenerationChanged.error("the settings were changed since it was asked for"),
        ),
        Some(_) => None,
    };
    let left = match changed {
        Some(e) => failed(app, request, &trial, &e).await?,
        None => start::leave(app, providers, request, id, &flow, d).await?,
    };
    Ok(browser.keep(left))
}

/// A claim as it was received.
struct Received {
    name: String,
    value: String,
}

/// How it ended, for whoever tests.
#[derive(Template)]
#[template(path = "signin_test.html")]
struct Page<'a> {
    title: &'static str,
    brand: &'a str,
    passed: bool,
    /// Why not, and what to do about it.
    why: String,
    next: &'static str,
    claims: Vec<Received>,
    class: &'static str,
    rule: &'static str,
    decided: String,
    missing: Vec<String>,
    /// Who that is here.
    found: Option<String>,
    /// As whom they would come in, whom nobody brought.
    comes: Option<String>,
}

fn shown(page: &Page<'_>) -> Result<Response> {
    Ok(web::html(StatusCode::OK, page.render().map_err(Error::internal)?))
}

/// The provider's answer to a test login, or why there is none that counts.
pub(super) async fn answered(
    app: &App,
    request: RequestId,
    up: &Upstream,
    trial: &Trial,
    proved: Result<Proved>,
) -> Result<Response> {
    let Proved { signin: s, claims, all, .. } = match proved {
        Ok(proved) => proved,
        Err(e) => return failed(app, request, trial, &e).await,
    };
    let user = match find(app, up, &s, &claims).await {
        Ok(user) => user,
        Err(e) => return failed(app, request, trial, &e).await,
    };
    let comes = match &user {
        Some(_) => Comes::There,
        None => comes(app, trial, &s, &claims).await?,
    };
    let demanded = match &user {
        Some(u) => app.gate.demanded(trial.tenant, u.id, trial.tenant).await?,
        None => Required::None,
    };
    let evidence = Evidence::of(&claims);
    let now = app.store.clock().now();
    let demand = Demand {
        class: demanded.class(),
        max_age: None,
        left_at: up.started_at,
        now,
        again: false,
        policy: None,
    };
    let decision = oidc::decide(&s.connection(), &evidence, &demand);
    let mut missing = missing(&claims, &decision, demanded, user.as_ref());
    missing.extend(comes.missing());
    missing.extend(groups(&s, &claims));
    let names: Vec<&String> = all.keys().collect();
    let result = json!({
        "claims": names, "class": decision.class.as_str(), "rule": decision.rule, "missing": missing,
        "found": user.is_some(), "comes": matches!(comes, Comes::New(_)),
    });
    let cx = caller::cx(trial.tenant, request);
    directories::trial_end(&app.store, &cx, trial, true, &result).await?;
    flows::end(&app.store, &caller::platform(request), up.flow).await?;
    let received = |(name, value): (&String, &Value)| Received {
        name: name.clone(),
        value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    };
    shown(&Page {
        title: "The test login succeeded",
        brand: &app.config.brand.name,
        passed: true,
        why: String::new(),
        next: "",
        claims: all.iter().map(received).collect(),
        class: decision.class.as_str(),
        rule: decision.rule,
        decided: decision.why.clone(),
        missing,
        found: user.map(|u| u.user_name),
        comes: match comes {
            Comes::New(address) => Some(address),
            Comes::There | Comes::Not(_) => None,
        },
    })
}

/// What would become of whoever signed in.
enum Comes {
    /// They are here.
    There,
    /// They would be brought in, with this address.
    New(String),
    /// They would be refused, and why; it names nobody.
    Not(String),
}
impl Comes {
    fn missing(&self) -> Option<String> {
        match self {
            Self::There | Self::New(_) => None,
            Self::Not(why) => Some(format!("the person here: {why}.")),
        }
    }
}

/// The same of somebody whom nobody brought: nobody is brought in by asking.
async fn comes(app: &App, trial: &Trial, s: &SignIn, claims: &Claims) -> Result<Comes> {
    match arrive::address(app, trial.tenant, s, claims).await {
        Ok(Some(address)) => Ok(Comes::New(address)),
        Ok(None) => {
            let why = "the directory has brought nobody whom it calls so, and its settings let nobody in at their \
                       first sign-in: this login would be refused until it does, or they are invited";
            Ok(Comes::Not(why.to_owned()))
        }
        Err(e) if matches!(e.kind(), Kind::Internal | Kind::Unavailable) => Err(e),
        Err(e) => Ok(Comes::Not(format!("{} ({})", e.detail(), Reason::of(&e).code()))),
    }
}

/// What is missing of groups, where they are read from the token.
fn groups(s: &SignIn, claims: &Claims) -> Option<String> {
    let name = s.newcomers.groups.as_deref()?;
    let stays = "what people are in stays as it is";
    Some(match arrive::listed(s.preset, claims, name) {
        Listed::These(_) => return None,
        Listed::Absent if s.newcomers.absent_is_none => return None,
        Listed::Absent if s.preset.is_entra() => {
            format!("'{name}', which should list groups: each sign-in asks Graph for them.")
        }
        Listed::Absent => format!("'{name}', which should list groups: {stays}."),
        Listed::Malformed => format!("'{name}' as a list of texts: as it is, {stays}."),
        Listed::Elsewhere if s.preset.is_entra() => {
            format!("'{name}' itself: there are too many, and each sign-in asks Graph for them.")
        }
        Listed::Elsewhere => format!("'{name}' itself: there are too many, and {stays}."),
    })
}

async fn find(app: &App, up: &Upstream, s: &SignIn, claims: &Claims) -> Result<Option<User>> {
    let identity = Identity::of(s, claims)?;
    let mut c = app.store.read(Scope::Tenant(up.tenant)).await?;
    identity.find(&mut c, up, s.newcomers.any()).await
}

/// It did not come so far that anything could be decided. What providers write into their errors is shown and not kept.
async fn failed(app: &App, request: RequestId, trial: &Trial, e: &Error) -> Result<Response> {
    let reason = Reason::of(e);
    let result = json!({ "reason": reason.code(), "next": reason.next() });
    let cx = caller::cx(trial.tenant, request);
    directories::trial_end(&app.store, &cx, trial, false, &result).await?;
    shown(&Page {
        title: "The test login did not succeed",
        brand: &app.config.brand.name,
        passed: false,
        why: format!("{}: {}", reason.code(), e.operator_text().unwrap_or(e.detail())),
        next: reason.next(),
        claims: Vec::new(),
        class: "",
        rule: "",
        decided: String::new(),
        missing: Vec::new(),
        found: None,
        comes: None,
    })
}

/// What would not work with such an answer, in sentences that name nobody.
fn missing(claims: &Claims, d: &Decision, demanded: Required, user: Option<&User>) -> Vec<String> {
    let mut out = Vec::new();
    let mut say = |text: &str| out.push(text.to_owned());
    if claims.auth_time.is_none() {
        say("'auth_time': where a fresh sign-in is demanded, nobody can show one, and is refused.");
    }
    if claims.amr.is_none() && claims.acr.is_none() && claims.acrs.is_none() {
        say("'amr', 'acr' or 'acrs': nothing says how somebody proved who they are.");
    }
    for name in &claims.malformed {
        say(&format!("'{name}' in its standard form: as it is, it is not looked at."));
    }
    if d.class < Class::Mfa {
        say(
            "a proof of two factors: who may do what demands 'mfa' would be refused after this login.",
        );
    }
    if d.verdict != Verdict::Enough {
        let text = format!(
            "what this person's own roles demand ('{}'): they would be refused.",
            demanded.class().as_str()
        );
        say(&text);
    }
    if claims.email.is_none() {
        say("'email': who is invited is not recognized by their address.");
    } else if !claims.email_verified && !claims.email_domain_verified {
        say(
            "'email_verified': who is invited has to open the link in their letter, and Entra's 'xms_edov' is not there either.",
        );
    }
    if claims.sid.is_none() {
        say("'sid': a logout at the provider that names one session ends nothing here.");
    }
    match user {
        Some(u) if !u.live() => say("the person's switches: they are known here and switched off."),
        _ => {}
    }
    out
}
