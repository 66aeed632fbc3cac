//! A plan tried, shown, and done step by step.

use super::plan::{Plan, Step};
use crate::{
    cli::reach::Reach,
    error::{Error, Kind, Result},
};
use axum::http::Method;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};

/// What the server says of a plan before it is begun.
#[derive(Default)]
pub(super) struct Checked {
    /// By the step's number (0 is the first): why it would be refused.
    refused: BTreeMap<usize, String>,
    /// Why it could not be tried.
    unchecked: Option<String>,
}

impl Checked {
    /// Refuses to begin unseen what nobody tried, unless that was said.
    ///
    /// # Errors
    /// `Invalid`, with why it was not tried and what to do.
    pub(super) fn tried(&self, plan: &Plan, untried: bool) -> Result<()> {
        let Some(why) = &self.unchecked else { return Ok(()) };
        if untried {
            eprintln!("! not tried beforehand: {}", clean(why));
            return Ok(());
        }
        Err(Error::invalid(format!(
            "nothing was done, as the server did not try the {} steps beforehand: {why}\nsplit the file, a tenant or a \
             few in each (with --prune never one tenant's in two), or say --untried as well: a step that is refused then \
             leaves those before it done",
            plan.len()
        )))
    }
    /// All that would be refused, as one error.
    ///
    /// # Errors
    /// `Invalid`, where there is anything.
    pub(super) fn whole(&self, plan: &Plan) -> Result<()> {
        if self.refused.is_empty() {
            return Ok(());
        }
        let all: Vec<String> = self
            .refused
            .iter()
            .filter_map(|(n, why)| Some(format!("{}: {why}", clean(&plan.steps.get(*n)?.what))))
            .collect();
        let text = format!("nothing was done, as this would be refused:\n  {}", all.join("\n  "));
        Err(Error::invalid(text))
    }
}

impl Plan {
    /// How many steps.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }
    /// For people: a line each.
    pub(super) fn lines(&self, checked: &Checked) -> String {
        let mut out = String::new();
        let mut line = |sign: char, text: &str| {
            out.push(sign);
            out.push(' ');
            out.push_str(&clean(text));
            out.push('\n');
        };
        for (n, s) in self.steps.iter().enumerate() {
            let more = if s.changes.is_empty() {
                String::new()
            } else {
                format!(": {}", s.changes.join("; "))
            };
            line(s.sign, &format!("{}{more}", s.what));
            if let Some(why) = checked.refused.get(&n) {
                line('!', &format!("  would be refused: {why}"));
            }
        }
        self.waiting.iter().for_each(|w| line('?', w));
        self.left.iter().for_each(|l| line('=', l));
        if let Some(why) = &checked.unchecked {
            line('!', &format!("not tried beforehand: {why}"));
        }
        out
    }
    /// For programs.
    pub(super) fn told(&self, done: usize, checked: &Checked) -> Value {
        let word = |s: &Step| match s.sign {
            '+' => "create",
            '-' => "delete",
            _ => "change",
        };
        let steps: Vec<Value> = (0..)
            .zip(&self.steps)
            .map(|(n, s)| {
                json!({ "do": word(s), "what": s.what, "changes": s.changes, "done": n < done })
            })
            .collect();
        let mut told = json!({ "steps": steps, "waiting": self.waiting, "left": self.left });
        if let Some(why) = &checked.unchecked {
            told["unchecked"] = why.as_str().into();
        }
        told
    }

    /// Lets the server try all of it, in order, with nothing that stays.
    ///
    /// # Errors
    /// The server's, but for that it cannot try it: that is said of the plan.
    pub(super) async fn check(&self, r: &Reach) -> Result<Checked> {
        let mut out = Checked::default();
        if self.steps.is_empty() {
            return Ok(out);
        }
        let all: Vec<usize> = (0..self.steps.len()).collect();
        let refused = match self.ask(r, "/rehearsals", &all).await {
            // Who does not hold the whole instance asks tenant by tenant.
            Err(e) if e.kind() == Kind::Forbidden => {
                let mut by_tenant: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
                for (n, s) in self.steps.iter().enumerate() {
                    match s.tenant() {
                        Some(t) => by_tenant.entry(t).or_default().push(n),
                        None => drop(out.refused.insert(n, e.detail().to_owned())),
                    }
                }
                let mut refused = Ok(());
                for (tenant, steps) in by_tenant {
                    match self.ask(r, &format!("/tenants/{tenant}/rehearsals"), &steps).await {
                        Ok(more) => out.refused.extend(more),
                        // Whoever may do none of it there.
                        Err(e) if matches!(e.kind(), Kind::Forbidden | Kind::NotFound) => {
                            let why = e.detail().to_owned();
                            out.refused.extend(steps.into_iter().map(|n| (n, why.clone())));
                        }
                        Err(e) => refused = Err(e),
                    }
                }
                refused.map(|()| BTreeMap::new())
            }
            r => r,
        };
        match refused {
            Ok(more) => out.refused.extend(more),
            // A server that knows no rehearsals, or has no time for one of this size.
            Err(e) if cannot(&e) => out.unchecked = Some(e.detail().to_owned()),
            Err(e) => return Err(e),
        }
        Ok(out)
    }
    async fn ask(&self, r: &Reach, path: &str, steps: &[usize]) -> Result<BTreeMap<usize, String>> {
        let asked: Vec<Value> = steps
            .iter()
            .filter_map(|n| self.steps.get(*n))
            .map(|s| {
                let word = s.word.as_deref().map(|w| w.trim_matches(['{', '}']));
                let mut one = json!({ "method": s.method.as_str(), "path": s.path });
                if let Some(word) = word {
                    one["as"] = word.into();
                }
                if !s.body.is_null() {
                    one["body"] = s.body.clone();
                }
                one
            })
            .collect();
        let mut told = r.call(Method::POST, path, Some(&json!({ "steps": asked }))).await?;
        let told = told["steps"].take();
        let told = told.as_array().map(Vec::as_slice).unwrap_or_default();
        let what = |n: &Value| {
            let n = n.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
            let step = n.checked_sub(1).and_then(|n| self.steps.get(*steps.get(n)?));
            step.map(|s| s.what.clone()).unwrap_or_default()
        };
        let why = |t: &Value| match (t["why"].as_str(), &t["needs"]) {
            (Some(why), _) => Some(why.to_owned()),
            (None, Value::Null) => None,
            (None, n) => Some(format!("it needs {}", what(n))),
        };
        Ok(steps.iter().zip(told).filter_map(|(n, t)| Some((*n, why(t)?))).collect())
    }

    /// Does it, step by step.
    ///
    /// # Errors
    /// The server's, with the step it refused; what was done before stays done, and applying again goes on from there.
    pub(super) async fn run(&mut self, r: &Reach) -> Result<()> {
        let mut made = HashMap::new();
        for (n, s) in self.steps.iter().enumerate() {
            let path: Vec<&str> = s.path.split('/').map(|part| stands_for(part, &made)).collect();
            let body = Some(filled(&s.body, &made)).filter(|b| !b.is_null());
            let answer = r.call(s.method.clone(), &path.join("/"), body.as_ref()).await;
            let answer = answer.map_err(|e| {
                let of = self.steps.len();
                let text = format!("step {} of {of}, {}: {}", n + 1, s.what, e.detail());
                Error::new(e.kind(), format!("{text} (the steps before it are done)"))
            })?;
            eprintln!("{} {}", s.sign, clean(&s.what));
            if s.opens && answer["stage"] == "draft" {
                self.waiting.push(format!(
                    "{}: a test login of yours (`muster directory test`), then `muster directory activate`",
                    s.what
                ));
            }
            if let (Some(word), Some(id)) = (&s.word, answer["id"].as_str()) {
                made.insert(word.clone(), id.to_owned());
            }
        }
        Ok(())
    }
}

impl Step {
    /// The tenant it is done in, as the path has it.
    fn tenant(&self) -> Option<&str> {
        let mut parts = self.path.split('/').skip(1);
        let tenant = parts.next().filter(|p| *p == "tenants").and_then(|_| parts.next())?;
        parts.next().map(|_| tenant)
    }
}

/// Whether a server says that it cannot try a plan, rather than what it would say to it.
fn cannot(e: &Error) -> bool {
    matches!(e.kind(), Kind::NotFound | Kind::TooLarge | Kind::Unavailable)
        || e.attr_str() == Some("steps")
}

fn stands_for<'a>(text: &'a str, made: &'a HashMap<String, String>) -> &'a str {
    made.get(text).map_or(text, String::as_str)
}

fn filled(v: &Value, made: &HashMap<String, String>) -> Value {
    match v {
        Value::String(s) => stands_for(s, made).into(),
        Value::Array(all) => all.iter().map(|v| filled(v, made)).collect(),
        Value::Object(all) => {
            let all = all.iter().map(|(k, v)| (stands_for(k, made).to_owned(), filled(v, made)));
            Value::Object(all.collect::<Map<_, _>>())
        }
        v => v.clone(),
    }
}

/// A text for a terminal: whoever named a thing says nothing to it besides.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
