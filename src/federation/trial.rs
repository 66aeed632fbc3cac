//! Test logins: `GET /federation/test/{token}` leads to the provider like a sign-in; what comes back ends on a page that
//! shows whoever tests what was received, what it proves and what is missing for what. No session begins and nobody is
//! brought in; of what was received, the names are kept.

use super::{callback::Proved, caller, error::or_page, provider::Providers, start};
use crate::{
    app::App,
    directories::{self, SignIn, Trial},
    error::{Error, Kind, Result},
    flows::{self, After, State as Flow, Upstream},
    gate::arrival::{self, Identity, Judged, Listed, Through, Would},
    id::RequestId,
    protocol::oidc::{Claims, Class, Demand, Evidence, Verdict},
    signins::Reason,
    tenants::Required,
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
    /// The same in words, and what is demanded if that is more.
    proved: &'static str,
    demanded: Option<&'static str>,
    missing: Vec<String>,
    /// Who that is here.
    found: Option<String>,
    /// They are invited, and would accept with it.
    invited: bool,
    /// As whom they would come in, whom nobody brought.
    comes: Option<String>,
    /// It is not the test login that counts: another was asked for meanwhile.
    replaced: bool,
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
    let identity = match Identity::of(&s, &claims) {
        Ok(identity) => identity,
        Err(e) => return failed(app, request, trial, &e).await,
    };
    let cx = caller::cx(trial.tenant, request);
    // What would become of them, by what becomes of whoever signs in.
    let through = Through::default();
    let would = app.gate.would(&cx.actor, (&s, &claims), &identity, &through).await?;
    let demanded = would.demands.as_ref().map_or(Required::None, |d| d.total.class);
    let now = app.store.clock().now();
    let demand = Demand {
        class: demanded.class(),
        max_age: None,
        left_at: up.started_at,
        now,
        again: true,
        policy: would.demands.as_ref().map(|d| d.policy),
    };
    let judged = arrival::judge(&s.connection(), &Evidence::of(&claims), &demand);
    let mut missing = missing(&claims, &judged, demanded);
    missing.extend(refusals(&would));
    missing.extend(arrival::lasts(&claims, now).err().as_ref().map(keeps_out));
    missing.extend(groups(&s, &claims));
    let names: Vec<&String> = all.keys().collect();
    let decision = judged.decision;
    let comes = would.made && would.refusal.is_none();
    let result = json!({
        "claims": names, "class": decision.class.as_str(), "rule": decision.rule, "missing": missing,
        "found": would.user.is_some() && !would.made, "comes": comes, "invited": would.invited,
    });
    let replaced = !directories::trial_end(&app.store, &cx, trial, true, &result).await?;
    flows::end(&app.store, &caller::platform(request), up.flow).await?;
    let received = |(name, value): (&String, &Value)| Received {
        name: name.clone(),
        value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    };
    let (made, user) = (would.made, would.user.map(|u| u.user_name));
    shown(&Page {
        title: match (replaced, missing.is_empty()) {
            (true, _) => REPLACED,
            (false, true) => "The test login succeeded",
            (false, false) => "The test login came back, and something is missing",
        },
        brand: &app.config.brand.name,
        passed: true,
        why: String::new(),
        next: "",
        claims: all.iter().map(received).collect(),
        class: decision.class.as_str(),
        rule: decision.rule,
        proved: decision.class.words(),
        demanded: (decision.class < demand.class).then(|| demand.class.words()),
        missing,
        found: user.clone().filter(|_| !made),
        invited: would.invited,
        comes: user.filter(|_| comes),
        replaced,
    })
}

const REPLACED: &str = "This test login counts no more";

/// What would keep somebody out, in sentences that name nobody.
fn refusals(would: &Would) -> Vec<String> {
    let unknown = |e: &Error| Reason::of(e) == Reason::IdentityUnknown && would.user.is_none();
    let refused = would.refusal.iter().map(|e| {
        if !unknown(e) {
            return keeps_out(e);
        }
        let why = "the directory has brought nobody whom it calls so, and its settings let nobody in at their first sign-in: \
                   this login would be refused until it does, or they are invited";
        format!("the person here: {why}.")
    });
    refused.chain(would.unsettled.iter().map(keeps_out)).collect()
}

/// What keeps them out, by the reason that a sign-in would be refused for. Of a person who is here it says whose switch it is.
fn keeps_out(e: &Error) -> String {
    let reason = Reason::of(e);
    let why = match reason {
        // Who stands in the way is somebody's name.
        Reason::LinkRequired => {
            "somebody of this address, or called so, is here already and another's: this login would be refused until an \
             administrator has decided about that person"
        }
        Reason::UserDeactivated | Reason::UserDisabled => {
            "they are known here and switched off: this login would be refused"
        }
        _ => e.detail(),
    };
    format!("the person here: {why} ({}).", reason.code())
}

/// What is missing of groups, where they are read from the token.
fn groups(s: &SignIn, claims: &Claims) -> Option<String> {
    let name = s.newcomers.groups.as_deref()?;
    let stays = "what people are in stays as it is";
    Some(match arrival::listed(s.preset, claims, name) {
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

/// It did not come so far that anything could be decided. What providers write into their errors is shown and not kept.
async fn failed(app: &App, request: RequestId, trial: &Trial, e: &Error) -> Result<Response> {
    let reason = Reason::of(e);
    let result = json!({ "reason": reason.code(), "next": reason.next() });
    let cx = caller::cx(trial.tenant, request);
    let replaced = !directories::trial_end(&app.store, &cx, trial, false, &result).await?;
    shown(&Page {
        title: if replaced { REPLACED } else { "The test login did not succeed" },
        brand: &app.config.brand.name,
        passed: false,
        why: format!("{}: {}", reason.code(), e.operator_text().unwrap_or(e.detail())),
        next: reason.next(),
        claims: Vec::new(),
        class: "",
        rule: "",
        proved: "",
        demanded: None,
        missing: Vec::new(),
        found: None,
        invited: false,
        comes: None,
        replaced,
    })
}

/// What would not work with such an answer, in sentences that name nobody.
fn missing(claims: &Claims, judged: &Judged, demanded: Required) -> Vec<String> {
    let d = &judged.decision;
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
            "a proof of two factors: who may do what demands 'mfa' would be asked for it, or refused, after this login.",
        );
    }
    if d.verdict != Verdict::Enough {
        let owed = demanded.class().as_str();
        let refused = judged.weak.as_ref().map_or("", |(reason, _)| reason.code());
        let asked: Vec<&str> = judged.asked.iter().map(|(name, _)| *name).collect();
        say(&if asked.is_empty() {
            format!(
                "what this person's own roles demand ('{owed}'): they would be refused ({refused})."
            )
        } else {
            format!(
                "what this person's own roles demand ('{owed}'): a sign-in would ask the provider once more (by {}), and refuse \
                 ({refused}) who comes back with no more than this.",
                asked.join(", ")
            )
        });
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
    out
}
