//! What would be decided of a sign-in, and by which rule; nothing is kept.

use crate::{
    api::{Page, Sent},
    ask::{Answer, Ask, Trouble, page, shown},
    form::Form,
    problem::Problem,
    rooms::directories::{Directory, LastTry, api, class, mend, opened},
    shell::Shell,
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde::Deserialize;
use serde_json::{Map, Value};

type Here = Path<(String, String)>;

#[derive(Deserialize)]
struct Step {
    rule: String,
    passed: bool,
    says: String,
}

#[derive(Deserialize)]
struct Person {
    id: String,
    user_name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Demand {
    class: Option<String>,
    max_age: Option<i64>,
}

impl Demand {
    fn said(&self) -> String {
        let level = class(self.class.as_deref().unwrap_or("none"));
        match self.max_age {
            Some(age) => format!("{level}, not older than {age} seconds"),
            None => level.to_owned(),
        }
    }
}

#[derive(Deserialize)]
struct By {
    #[serde(rename = "by")]
    kind: String,
    name: String,
    #[serde(flatten)]
    demand: Demand,
}

#[derive(Deserialize)]
struct Simulation {
    outcome: String,
    class: Option<String>,
    rule: Option<String>,
    freshness: Option<String>,
    why: Option<String>,
    reason: Option<String>,
    next: Option<String>,
    steps: Vec<Step>,
    evidence: Value,
    signature: String,
    notes: Vec<String>,
    subject: Option<String>,
    user: Option<Person>,
    demands: Vec<By>,
    demanded: Demand,
    asked: Vec<(String, String)>,
}

impl Simulation {
    fn outcome(&self) -> (&'static str, &'static str) {
        match self.outcome.as_str() {
            "enters" => ("They would come in", "good"),
            "asked_once_more" => ("The provider would be asked once more", "warn"),
            _ => ("They would be refused", "bad"),
        }
    }
    fn class(&self) -> &str {
        class(self.class.as_deref().unwrap_or("none"))
    }
    fn why(&self) -> Option<String> {
        self.why.as_deref().map(crate::text::sentence)
    }
    fn fresh(&self) -> Option<&'static str> {
        Some(match self.freshness.as_deref()? {
            "fresh" => "fresh enough",
            "stale" => "too old",
            "unknown" => "the token does not say when (auth_time)",
            _ => "nobody asks how fresh it is",
        })
    }
    fn notes(&self) -> Vec<String> {
        self.notes.iter().map(|n| crate::text::sentence(n)).collect()
    }
    fn evidence(&self) -> String {
        serde_json::to_string_pretty(&self.evidence).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "simulate.html")]
struct Show {
    shell: Shell,
    at: &'static str,
    d: Directory,
    tries: Vec<LastTry>,
    signin: String,
    app: String,
    permission: String,
    told: Option<Simulation>,
}

impl Show {
    /// Whether the sign-in that was chosen is among those that are listed.
    fn listed(&self) -> bool {
        self.tries.iter().any(|t| t.reference == self.signin)
    }
}

async fn begun(ask: &Ask, t: &str, id: &str) -> Result<Show, Trouble> {
    let (shell, d) = opened(ask, t, id, "What would be decided?").await?;
    let path = shell.api(&format!("/signins?limit=20&directory={}", d.id));
    let tries: Page<LastTry> = ask.get(&path).await?;
    let tries = tries.items;
    let (signin, app, permission) = (String::new(), String::new(), String::new());
    Ok(Show { shell, at: "simulate", d, tries, signin, app, permission, told: None })
}

pub(super) async fn form(ask: Ask, Path((t, id)): Here) -> Answer {
    let mut show = begun(&ask, &t, &id).await?;
    ask.word("signin").clone_into(&mut show.signin);
    page(&show)
}

pub(super) async fn simulate(ask: Ask, Path((t, id)): Here, form: Form) -> Answer {
    let mut show = begun(&ask, &t, &id).await?;
    let mut body = Map::new();
    for name in ["token", "signin", "app", "permission"] {
        if let Some(value) = form.some(name) {
            body.insert(name.to_owned(), value.into());
        }
    }
    form.get("signin").clone_into(&mut show.signin);
    form.get("app").clone_into(&mut show.app);
    form.get("permission").clone_into(&mut show.permission);
    let told = match (body.contains_key("token"), body.contains_key("signin")) {
        (true, true) => Err(Problem::typed("token", "either an id token or a sign-in, not both")),
        (false, false) => Err(Problem::typed("token", "an id token or a sign-in is wanted")),
        _ => {
            let path = api(&show.shell, &id, "/simulate");
            ask.call(Method::POST, &path, Sent::json(body)).await
        }
    };
    match told {
        Ok(told) => {
            show.told = Some(told);
            page(&show)
        }
        Err(p) => {
            let p = if p.status == 404 {
                Problem { field: Some("signin".to_owned()), ..p }
            } else {
                mend(p)?
            };
            let status = p.http();
            show.shell = show.shell.problem(Some(p));
            shown(status, &show)
        }
    }
}
