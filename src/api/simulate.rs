//! What would be decided of a sign-in.

use super::{
    answer::{Shown, With},
    call::Call,
};
use crate::{
    access::perm::SystemViewLogs,
    error::{Error, Result},
    gate::{Simulated, Simulation, What},
    id::UserId,
    protocol::oidc::Verdict,
    secret::Secret,
    signins::Reason,
    tenants,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What is to be judged: an id token, or a sign-in of the past.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Simulate", example = json!({ "signin": "K7QF-2M9X-B3TD" }))]
pub(super) struct Ask {
    /// An id token of the directory's provider, as text. It is not kept.
    #[schemars(with = "Option<String>")]
    token: Option<Secret>,
    /// The reference of a sign-in that left evidence.
    signin: Option<String>,
    /// Through which application: its client id.
    app: Option<String>,
    /// To use which permission.
    permission: Option<String>,
}

/// What would become of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// The person would come in.
    Enters,
    /// The person would come in, as far as can be told from here: `caveats` says what a sign-in looks at besides.
    EntersIf,
    /// The provider would be asked once more, for what `asked` says.
    AskedOnceMore,
    /// The person would be refused.
    Refused,
}

/// One thing that was looked at.
#[derive(Serialize, JsonSchema)]
struct StepShown {
    rule: &'static str,
    passed: bool,
    /// What it looks for.
    says: String,
}

/// What demands something of the person.
#[derive(Serialize, JsonSchema)]
struct DemandShown {
    /// `role`, `permission`, `application` or `everybody`.
    by: &'static str,
    /// Its name; of an application, the client id.
    name: String,
    #[serde(flatten)]
    demand: tenants::Demand,
}

/// Who the person is here.
#[derive(Serialize, JsonSchema)]
struct Person {
    id: UserId,
    user_name: String,
}

/// What would be decided.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Simulation")]
pub(super) struct SimulationShown {
    outcome: Outcome,
    /// The class that is proved; null where it would not come so far.
    class: Option<&'static str>,
    /// By which rule.
    rule: Option<&'static str>,
    /// `fresh`, `stale`, `unknown` (there is no `auth_time`), or `any` where nobody asks.
    freshness: Option<&'static str>,
    /// Why, for an administrator.
    why: Option<String>,
    /// Why not, as the record of a sign-in would say; of one that is asked once more, if the provider said the same again.
    reason: Option<&'static str>,
    /// What to do about it.
    next: Option<&'static str>,
    /// What was looked at, in order.
    steps: Vec<StepShown>,
    /// What the session would remember.
    evidence: Value,
    /// What is known of the signature.
    signature: String,
    notes: Vec<String>,
    /// What a sign-in would look at beside what is known here, and could refuse.
    caveats: Vec<String>,
    /// What the provider calls the person.
    subject: Option<String>,
    /// Who that is here.
    user: Option<Person>,
    /// The address as whom they would be made, whom nobody brought.
    comes: Option<String>,
    /// What demands what of them.
    demands: Vec<DemandShown>,
    /// All of it together.
    demanded: tenants::Demand,
    /// What the provider would be asked then: names and values of parameters.
    asked: Vec<(&'static str, String)>,
}

fn show(s: Simulation) -> SimulationShown {
    let d = s.decision;
    let refused = s.refusal.is_some();
    let asks = d.as_ref().is_some_and(|d| d.verdict == Verdict::AskOnce) && !s.asked.is_empty();
    let outcome = match (asks, refused) {
        (true, _) => Outcome::AskedOnceMore,
        (false, true) => Outcome::Refused,
        (false, false) if s.caveats.is_empty() => Outcome::Enters,
        (false, false) => Outcome::EntersIf,
    };
    let (reason, why) = s.refusal.unzip();
    SimulationShown {
        outcome,
        class: d.as_ref().map(|d| d.class.as_str()),
        rule: d.as_ref().map(|d| d.rule),
        freshness: d.as_ref().map(|d| d.freshness.as_str()),
        why: why.or_else(|| d.as_ref().map(|d| d.why.clone())),
        reason: reason.map(Reason::code),
        next: reason.map(Reason::next),
        steps: d.as_ref().map_or_else(Vec::new, |d| {
            let each = |s: &crate::protocol::oidc::Step| StepShown {
                rule: s.rule,
                passed: s.passed,
                says: s.says.clone(),
            };
            d.steps.iter().map(each).collect()
        }),
        evidence: d.map_or(Value::Null, |d| d.evidence),
        signature: s.signature,
        notes: s.notes,
        caveats: s.caveats,
        subject: s.subject,
        user: s.user.map(|u| Person { id: u.id, user_name: u.user_name }),
        comes: s.comes,
        demanded: s.demands.as_ref().map_or_else(Default::default, |d| d.total),
        demands: s.demands.map_or_else(Vec::new, |d| {
            let each =
                |b: crate::gate::By| DemandShown { by: b.kind, name: b.name, demand: b.demand };
            d.all.into_iter().map(each).collect()
        }),
        asked: s.asked,
    }
}

pub(super) async fn simulate(c: With<Ask>) -> Result<Shown<SimulationShown>> {
    let p = c.tenant::<SystemViewLogs>().await?;
    let call: &Call = &c;
    let directory = call.id("directory")?;
    let Ask { token, signin, app, permission } = c.json()?;
    let what = match (token, signin) {
        (Some(token), None) => What::Token(token),
        (None, Some(reference)) => What::Past(reference),
        _ => {
            let text = "either 'token' or 'signin' is wanted";
            return Err(Error::invalid(text).attr("token"));
        }
    };
    if let Some(p) = permission.as_ref().filter(|p| !call.app.access.catalogue().all().contains(*p))
    {
        let text = format!("'{}' is no permission of the catalogue", crate::text::excerpt(p));
        return Err(Error::invalid(text).attr("permission"));
    }
    let ask = Simulated { what, app, permission };
    let told = call.app.gate.simulate(&p, directory, &ask, &call.app.keyring).await?;
    Ok(Shown::of(show(told)))
}
