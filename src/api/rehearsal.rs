//! Several changes tried one after the other, over a store in which nothing stays: each by the handler that would make it,
//! with the caller's own rights, seeing what those before it made. So a plan is known to be possible before it is begun.

use super::{
    TABLE,
    answer::{Shown, With},
    call::Call,
    error::{face, word},
};
use crate::{
    access::perm::SystemEditSettings,
    app::App,
    error::{Error, Kind, Result},
    web::strict,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Steps of one request.
const STEPS: usize = 1000;

/// What can be tried: what the database alone decides. Nothing here asks anybody else, or takes long.
pub const TRIED: &[(&str, &str)] = &[
    ("POST", "/tenants"),
    ("PATCH", "/tenants/{tenant}"),
    ("PUT", "/tenants/{tenant}/policy"),
    ("POST", "/domains"),
    ("DELETE", "/domains/{domain}"),
    ("POST", "/tenants/{tenant}/roles"),
    ("PATCH", "/tenants/{tenant}/roles/{role}"),
    ("DELETE", "/tenants/{tenant}/roles/{role}"),
    ("POST", "/tenants/{tenant}/directories"),
    ("PATCH", "/tenants/{tenant}/directories/{directory}"),
    ("POST", "/tenants/{tenant}/apps"),
    ("PATCH", "/tenants/{tenant}/apps/{app}"),
    ("DELETE", "/tenants/{tenant}/apps/{app}"),
    ("POST", "/tenants/{tenant}/mappings"),
    ("DELETE", "/tenants/{tenant}/mappings/{mapping}"),
    ("PUT", "/tenants/{tenant}/default-role"),
    ("DELETE", "/tenants/{tenant}/default-role"),
];

/// Changes to be tried.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "steps": [
    { "as": "night", "method": "POST", "path": "/tenants/contoso/roles",
      "body": { "name": "Night shift", "permissions": ["computers.view"] } },
    { "method": "PUT", "path": "/tenants/contoso/default-role", "body": { "role": "{night}" } },
] }))]
pub(super) struct Rehearsal {
    /// In the order in which they would be made, 1000 at most.
    #[schemars(length(min = 1, max = 1000))]
    steps: Vec<Step>,
}

/// A change.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RehearsalStep")]
struct Step {
    /// A word for the id of what it makes: `{word}` stands for it in the path and in the body of a later step, where it is a
    /// whole part of the path, a whole text or a whole name.
    #[serde(rename = "as")]
    word: Option<String>,
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    method: String,
    /// Under `/api/v1`.
    path: String,
    /// As it would be sent.
    #[serde(default)]
    body: Option<Map<String, Value>>,
}

/// What would become of them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Rehearsed")]
pub(super) struct RehearsalShown {
    /// How many would be refused, or could not be tried.
    refused: usize,
    /// Each, as they were sent.
    steps: Vec<StepShown>,
}

/// What would become of a change.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "RehearsedStep")]
struct StepShown {
    /// Which: 1 is the first.
    step: usize,
    /// The status that it would be answered with; null where it was not tried.
    status: Option<u16>,
    /// The step before it without which it could not be tried.
    needs: Option<usize>,
    /// Of what would be refused: a word for programs.
    code: Option<String>,
    /// Which field is at fault.
    field: Option<String>,
    /// Why, for people.
    why: Option<String>,
}

/// Of the whole instance.
pub(super) async fn everywhere(c: With<Rehearsal>) -> Result<Shown<RehearsalShown>> {
    c.global().await?;
    let body = c.json()?;
    rehearse(&c, body).await
}

/// Of one tenant.
pub(super) async fn here(c: With<Rehearsal>) -> Result<Shown<RehearsalShown>> {
    let p = c.tenant::<SystemEditSettings>().await?;
    let body: Rehearsal = c.json()?;
    let tenant = crate::tenants::get(&c.app.store, p.tenant()).await?;
    let (id, slug) = (tenant.id.to_string(), tenant.slug);
    for (n, s) in body.steps.iter().enumerate() {
        let mut parts = s.path.split('/').skip(1);
        let named =
            parts.next() == Some("tenants") && parts.next().is_some_and(|t| t == id || t == slug);
        if !named {
            let text = "a step is of another tenant than the address";
            return Err(Error::invalid(text).attr(format!("steps[{n}].path")));
        }
    }
    rehearse(&c, body).await
}

async fn rehearse(c: &Call, body: Rehearsal) -> Result<Shown<RehearsalShown>> {
    let steps = body.steps;
    if steps.is_empty() || steps.len() > STEPS {
        let text = format!("'steps' has {}, and may have 1 to {STEPS}", steps.len());
        return Err(Error::invalid(text).attr("steps"));
    }
    // What cannot be asked at all is said before anybody waits.
    let mut asked = Vec::with_capacity(steps.len());
    for (n, s) in steps.into_iter().enumerate() {
        let routed = Routed::of(&s).map_err(|e| {
            let field = e.attr_str().unwrap_or("path").to_owned();
            e.attr(format!("steps[{n}].{field}"))
        })?;
        asked.push((s, routed));
    }
    let (app, caller) = (c.app.clone(), c.caller.clone());
    let told = c.app.store.rehearse(move |store| {
        Box::pin(async move {
            let (mut made, mut failed) = (HashMap::new(), HashMap::new());
            let mut told = RehearsalShown { refused: 0, steps: Vec::new() };
            for (n, (step, routed)) in (1..).zip(asked) {
                let mut shown = StepShown { step: n, ..StepShown::default() };
                if let Some(needs) = routed.words.iter().find_map(|w| failed.get(w)) {
                    shown.needs = Some(*needs);
                } else {
                    // What is remembered of rights and applications is of before the step before.
                    let app = app.afresh(store.clone());
                    let call = routed.call(&step, app, caller.clone(), &made)?;
                    match (routed.handler)(call).await {
                        Ok(reply) => {
                            let answer = reply.into_response();
                            shown.status = Some(answer.status().as_u16());
                            if let Some(word) = &step.word {
                                made.insert(word.clone(), id_of(answer).await?);
                            }
                        }
                        Err(e) if ours(&e) => return Err(e),
                        Err(e) => {
                            shown.status = Some(face(e.kind()).0.as_u16());
                            shown.code = Some(e.code_str().unwrap_or(word(e.kind())).to_owned());
                            shown.field = e.attr_str().map(str::to_owned);
                            shown.why = Some(e.detail().to_owned());
                        }
                    }
                }
                if shown.why.is_some() || shown.needs.is_some() {
                    told.refused += 1;
                    if let Some(word) = step.word {
                        failed.insert(word, n);
                    }
                }
                told.steps.push(shown);
            }
            Ok(told)
        })
    });
    Ok(Shown::of(told.await?))
}

/// What says nothing of the step: the rehearsal itself could not go on.
fn ours(e: &Error) -> bool {
    matches!(e.kind(), Kind::Internal | Kind::Unavailable | Kind::Unauthenticated)
}

/// The id of what was made.
async fn id_of(answer: axum::response::Response) -> Result<String> {
    let body = strict::body(answer.into_body()).await?;
    let made: Value = serde_json::from_slice(&body).unwrap_or_default();
    Ok(made["id"].as_str().unwrap_or_default().to_owned())
}

/// A step whose address is one of [`TRIED`].
struct Routed {
    handler: super::Handler,
    /// The names of the path's parts, and where they stand.
    parts: Vec<(&'static str, String)>,
    /// The words it needs.
    words: Vec<String>,
}

impl Routed {
    fn of(s: &Step) -> Result<Self> {
        if let Some(word) = &s.word
            && (word.is_empty() || word.len() > 64 || word.contains(['{', '}']))
        {
            return Err(Error::invalid("'as' is a word of 1 to 64 letters").attr("as"));
        }
        let given: Vec<&str> = s.path.split('/').collect();
        let fits = |pattern: &str| {
            let wanted: Vec<&str> = pattern.split('/').collect();
            wanted.len() == given.len()
                && wanted
                    .iter()
                    .zip(&given)
                    .all(|(w, g)| w == g || (w.starts_with('{') && !g.is_empty()))
        };
        let tried = TRIED.iter().find(|(m, p)| *m == s.method && fits(p));
        let route = tried.and_then(|(m, p)| TABLE.iter().find(|r| r.method == *m && r.path == *p));
        let route = route.ok_or_else(|| {
            let text = "this cannot be tried beforehand; what can: tenants, policies, domains, roles, directories, \
                        applications, mappings and default roles";
            Error::invalid(text).attr("path")
        })?;
        let mut parts = Vec::new();
        let mut words = Vec::new();
        for (w, g) in route.path.split('/').zip(given) {
            let Some(name) = w.strip_prefix('{').and_then(|w| w.strip_suffix('}')) else {
                continue;
            };
            let text = percent_encoding::percent_decode_str(g).decode_utf8();
            let text = text.map_err(|_| Error::invalid("'path' is not UTF-8").attr("path"))?;
            words.extend(word_in(&text).map(str::to_owned));
            parts.push((name, text.into_owned()));
        }
        for (name, value) in s.body.iter().flatten() {
            words.extend(word_in(name).map(str::to_owned));
            each_word(value, &mut words);
        }
        Ok(Self { handler: route.handler, parts, words })
    }
    fn call(
        &self,
        step: &Step,
        app: App,
        caller: crate::web::Caller,
        made: &HashMap<String, String>,
    ) -> Result<Call> {
        let filled = |text: &str| match word_in(text).and_then(|w| made.get(w)) {
            Some(id) => id.clone(),
            None => text.to_owned(),
        };
        let path = self.parts.iter().map(|(n, t)| ((*n).to_owned(), filled(t))).collect();
        let body = match &step.body {
            Some(body) => serde_json::to_vec(&fill(&Value::Object(body.clone()), &filled)),
            None => Ok(Vec::new()),
        };
        let body = body.map_err(Error::internal)?.into();
        let query = HashMap::new();
        Ok(Call::new(app, caller, path, query, body))
    }
}

/// The word of a text that is one: `{word}`.
fn word_in(text: &str) -> Option<&str> {
    text.strip_prefix('{')?.strip_suffix('}')
}

fn each_word(v: &Value, out: &mut Vec<String>) {
    match v {
        Value::String(s) => out.extend(word_in(s).map(str::to_owned)),
        Value::Array(all) => all.iter().for_each(|v| each_word(v, out)),
        Value::Object(all) => {
            for (name, v) in all {
                out.extend(word_in(name).map(str::to_owned));
                each_word(v, out);
            }
        }
        _ => {}
    }
}

fn fill(v: &Value, filled: &impl Fn(&str) -> String) -> Value {
    match v {
        Value::String(s) => filled(s).into(),
        Value::Array(all) => all.iter().map(|v| fill(v, filled)).collect(),
        Value::Object(all) => {
            let all = all.iter().map(|(name, v)| (filled(name), fill(v, filled)));
            Value::Object(all.collect())
        }
        v => v.clone(),
    }
}
