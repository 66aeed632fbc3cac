//! What the provisioning half does with what comes: its limits, its log, its habits.

use super::{
    Directory, api,
    habits::{HABITS, Habit},
    half::Provisioning,
    mend, opened,
};
use crate::{
    api::Done,
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
};
use askama::Template;
use axum::extract::Path;
use serde_json::json;

type Here = Path<(String, String)>;

#[derive(Template)]
#[template(path = "directory_settings.html")]
struct Settings {
    shell: Shell,
    at: &'static str,
    d: Directory,
    version: String,
    /// The numbers as they were typed.
    typed: Typed,
    habits: [Habit; HABITS.len()],
}

/// What is typed into fields of numbers stays as it was typed.
struct Typed {
    percent: String,
    minutes: String,
    people: String,
    days: String,
    most: String,
    silence: String,
    hours: String,
}

impl Typed {
    fn of(p: &Provisioning) -> Self {
        let (silence, hours) = match p.silence_hours {
            None => ("preset", String::new()),
            Some(0) => ("never", String::new()),
            Some(n) => ("hours", n.to_string()),
        };
        Self {
            percent: p.mass_change.percent.to_string(),
            minutes: p.mass_change.minutes.to_string(),
            people: p.mass_change.people.to_string(),
            days: p.log.days.to_string(),
            most: p.log.most.to_string(),
            silence: silence.to_owned(),
            hours,
        }
    }
    fn read(form: &Form) -> Self {
        let word = |name: &str| form.get(name).to_owned();
        Self {
            percent: word("mass_change.percent"),
            minutes: word("mass_change.minutes"),
            people: word("mass_change.people"),
            days: word("log.days"),
            most: word("log.most"),
            silence: word("silence"),
            hours: word("silence_hours"),
        }
    }
}

impl Settings {
    fn of(shell: Shell, d: Directory) -> Self {
        let version = d.version.to_string();
        let typed = Typed::of(&d.provisioning);
        Self { shell, at: "provisioning", d, version, typed, habits: HABITS }
    }
    fn all_off(&self) -> bool {
        self.d.provisioning.rules_off.iter().any(|r| r == "all")
    }
    /// Whether a habit is understood.
    fn on(&self, habit: &str) -> bool {
        !self.all_off() && !self.d.provisioning.rules_off.iter().any(|r| r == habit)
    }
}

pub(super) async fn form(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Provisioning settings").await?;
    page(&Settings::of(shell, d))
}

/// A number that must be there.
fn number(form: &Form, name: &str) -> Result<i64, Problem> {
    form.number(name)?.ok_or_else(|| Problem::typed(name, "a number is missing"))
}

fn read(form: &Form, mut p: Provisioning) -> (Provisioning, Option<Problem>) {
    p.unique_group_names = form.ticked("unique_group_names");
    form.get("unknown_members").clone_into(&mut p.unknown_members);
    form.get("log.bodies").clone_into(&mut p.log.bodies);
    p.log.names = form.ticked("log.names");
    p.mass_change.on = form.ticked("mass_change.on");
    let kept = form.all("habit");
    let known = |r: &String| HABITS.iter().any(|h| h.0 == r);
    let mut off: Vec<String> = p.rules_off.drain(..).filter(|r| r != "all" && !known(r)).collect();
    let unticked = HABITS.iter().map(|h| h.0.to_owned()).filter(|h| !kept.contains(h));
    off.extend(unticked);
    p.rules_off = off;
    let mut problem = None;
    let mut set = |to: &mut i64, name: &str| match number(form, name) {
        Ok(n) => *to = n,
        Err(e) => problem = problem.take().or(Some(e)),
    };
    set(&mut p.mass_change.percent, "mass_change.percent");
    set(&mut p.mass_change.minutes, "mass_change.minutes");
    set(&mut p.mass_change.people, "mass_change.people");
    set(&mut p.log.days, "log.days");
    set(&mut p.log.most, "log.most");
    p.silence_hours = match form.get("silence") {
        "never" => Some(0),
        "hours" => {
            let mut hours = 0;
            set(&mut hours, "silence_hours");
            Some(hours)
        }
        _ => None,
    };
    (p, problem)
}

pub(super) async fn save(ask: Ask, Path((t, id)): Here, form: Form) -> Answer {
    let (shell, mut d) = opened(&ask, &t, &id, "Provisioning settings").await?;
    let (to, problem) = read(&form, d.provisioning.clone());
    let version = form.get("version").to_owned();
    let p = if let Some(p) = problem {
        p
    } else {
        let body = json!({ "provisioning": to });
        match ask.patch::<Done>(&api(&shell, &id, ""), body, Some(version.clone())).await {
            Ok(_) => return on(&format!("{}/provisioning", d.at(&shell)), "saved"),
            Err(p) => mend(p)?,
        }
    };
    d.provisioning = to;
    let status = p.http();
    let mut settings = Settings::of(shell.problem(Some(p)), d);
    settings.typed = Typed::read(&form);
    settings.version = version;
    shown(status, &settings)
}
