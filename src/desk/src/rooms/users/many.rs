//! One act on many users: those that were ticked, what would become of each, and what became of each.

use super::{User, choose, choose::Role};
use crate::{
    api::Sent,
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
    text,
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde::{Deserialize, Serialize};

/// What can be done to many at once.
pub(super) struct Act {
    /// As the API has it.
    pub(super) word: &'static str,
    /// In the list of what can be done.
    pub(super) label: &'static str,
    /// What it takes.
    pub(super) permission: &'static str,
    /// The heading of the page that asks once more.
    ask: &'static str,
    /// What it does.
    does: &'static str,
    /// What became of whom it was done to.
    done: &'static str,
    /// What would become of them.
    would: &'static str,
    /// Whether it takes something away.
    takes: bool,
}

/// All of them.
pub(super) const ACTS: [Act; 6] = [
    Act {
        word: "disable",
        label: "Switch off",
        permission: "users.edit",
        ask: "Switch these users off?",
        does: "Their sessions and tokens end at once, and they cannot sign in until somebody switches them on again. \
               Their roles stay.",
        done: "switched off",
        would: "would be switched off",
        takes: true,
    },
    Act {
        word: "enable",
        label: "Switch on",
        permission: "users.edit",
        ask: "Switch these users on?",
        does: "They can sign in again, with the roles they have. Sessions that ended do not come back. Whom a directory \
               deactivated stays out until the directory lets them in.",
        done: "switched on",
        would: "would be switched on",
        takes: false,
    },
    Act {
        word: "end_sessions",
        label: "End all sessions",
        permission: "users.edit",
        ask: "End all sessions of these users?",
        does: "They are signed out everywhere, and what applications got for them ends. They can sign in again.",
        done: "signed out",
        would: "would be signed out",
        takes: true,
    },
    Act {
        word: "give_role",
        label: "Give a role",
        permission: "users.manage_roles",
        ask: "Give these users the role?",
        does: "They have it at once, without an end.",
        done: "has the role",
        would: "would have the role",
        takes: false,
    },
    Act {
        word: "take_role",
        label: "Take a role away",
        permission: "users.manage_roles",
        ask: "Take the role away from these users?",
        does: "What was given by hand goes. Who has the role by a group keeps it.",
        done: "relieved of the role",
        would: "would lose the role",
        takes: true,
    },
    Act {
        word: "delete",
        label: "Delete",
        permission: "users.delete",
        ask: "Delete these users?",
        does: "They are gone with their sessions, roles and whatever they sign in with. What they made stays, and so does \
               what the audit trail says of them. This cannot be taken back.",
        done: "deleted",
        would: "would be deleted",
        takes: true,
    },
];

/// A row, as the API takes it.
#[derive(Serialize)]
struct Row<'a> {
    user: &'a str,
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
}

#[derive(Deserialize)]
struct Became {
    done: u64,
    refused: u64,
    stopped: u64,
    rows: Vec<RowBecame>,
}

#[derive(Deserialize)]
struct RowBecame {
    user: String,
    outcome: String,
    problem: Option<Problem>,
    removes: Option<Removes>,
    #[serde(default)]
    warnings: Vec<String>,
    ended: Option<Ended>,
}

/// What goes with somebody.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct Removes {
    pub(in crate::rooms) sessions: u64,
    pub(in crate::rooms) refresh_families: u64,
    pub(in crate::rooms) grants: u64,
    pub(in crate::rooms) groups: u64,
    pub(in crate::rooms) identities: u64,
    pub(in crate::rooms) passwords: u64,
    pub(in crate::rooms) one_time_codes: u64,
    pub(in crate::rooms) passkeys: u64,
    pub(in crate::rooms) consents: u64,
    pub(in crate::rooms) invitations: u64,
}

impl Removes {
    /// In words, what there is.
    pub(in crate::rooms) fn words(&self) -> Vec<String> {
        [
            (self.grants, "role given by hand", "roles given by hand"),
            (self.groups, "membership in a group", "memberships in groups"),
            (self.sessions, "session", "sessions"),
            (self.refresh_families, "application signed in to", "applications signed in to"),
            (self.identities, "identity at a directory", "identities at directories"),
            (self.passwords, "password", "passwords"),
            (self.one_time_codes, "one-time code", "one-time codes"),
            (self.passkeys, "passkey", "passkeys"),
            (self.consents, "consent to an application", "consents to applications"),
            (self.invitations, "open invitation", "open invitations"),
        ]
        .into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, one, many)| text::count(n, one, many))
        .collect()
    }
}

#[derive(Debug, Deserialize)]
struct Ended {
    sessions: u64,
}

/// Somebody who was ticked, and what becomes of them.
struct Line {
    id: String,
    name: String,
    user_name: String,
    version: String,
    outcome: String,
    /// What becomes of them, or why not.
    says: String,
    /// What there is to know besides.
    more: Vec<String>,
}

impl Line {
    fn tag(&self) -> (&'static str, &'static str) {
        match self.outcome.as_str() {
            "done" => ("done", "good"),
            "stopped" => ("not reached", "warn"),
            _ => ("refused", "bad"),
        }
    }
}

/// What is to be done, as it was chosen.
struct Wanted {
    act: &'static Act,
    role: Option<Role>,
    /// The list's filters, to come back to.
    back: String,
}

#[derive(Template)]
#[template(path = "users_bulk.html")]
struct Look {
    shell: Shell,
    wanted: Wanted,
    lines: Vec<Line>,
    done: u64,
    refused: u64,
}

impl Look {
    fn list(&self) -> String {
        format!("{}/users{}", self.shell.base(), self.wanted.back)
    }
}

#[derive(Template)]
#[template(path = "users_bulk_done.html")]
struct After {
    shell: Shell,
    wanted: Wanted,
    lines: Vec<Line>,
    done: u64,
    refused: u64,
    stopped: u64,
}

/// There is nothing to show where nothing was sent.
pub(super) async fn back(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Users, "Users").await?;
    on(&format!("{}/users", shell.base()), "")
}

async fn frame(ask: &Ask, t: &str, title: &str) -> Result<Shell, Trouble> {
    let shell = ask.shell(t, Section::Users, title).await?;
    let users = format!("{}/users", shell.base());
    Ok(shell.crumb("Users", users))
}

async fn wanted(ask: &Ask, shell: &Shell, form: &Form) -> Result<Wanted, Problem> {
    let missing = || Problem::typed("action", "choose what to do with those you tick");
    let act = ACTS.iter().find(|a| a.word == form.get("action")).ok_or_else(missing)?;
    let about = matches!(act.word, "give_role" | "take_role");
    let role = if about {
        let id = form.some("role");
        let id = id.ok_or_else(|| Problem::typed("role", "choose the role"))?;
        let role = format!("/roles/{}", text::escape(id));
        Some(ask.get::<Role>(&shell.api(&role)).await?)
    } else {
        None
    };
    let back = form.get("back");
    let back = if back.starts_with('?') { back.to_owned() } else { String::new() };
    Ok(Wanted { act, role, back })
}

/// Those who were ticked, as they are.
async fn ticked(ask: &Ask, shell: &Shell, form: &Form) -> Result<Vec<User>, Problem> {
    let ids = form.all("user");
    if ids.is_empty() || ids.len() > 100 {
        let text = match ids.len() {
            0 => "nobody is ticked; go back and tick those you mean".to_owned(),
            n => format!("{n} are ticked; 100 at most can be looked at together"),
        };
        return Err(Problem::typed("user", text));
    }
    let mut users = Vec::with_capacity(ids.len());
    for id in ids {
        match ask.get(&shell.api(&format!("/users/{}", text::escape(&id)))).await {
            Ok(u) => users.push(u),
            Err(p) if p.status == 404 => {}
            Err(p) => return Err(p),
        }
    }
    Ok(users)
}

async fn send(
    ask: &Ask,
    shell: &Shell,
    (wanted, users, dry_run): (&Wanted, &[(String, Option<i64>)], bool),
    key: &str,
) -> Result<Became, Problem> {
    let role = wanted.role.as_ref().map(|r| r.id.as_str());
    let delete = wanted.act.word == "delete";
    let row = |(id, version): &(String, Option<i64>)| {
        serde_json::json!(Row {
            user: id,
            action: wanted.act.word,
            role,
            version: version.filter(|_| delete),
        })
    };
    let rows: Vec<_> = users.iter().map(row).collect();
    let body = serde_json::json!({ "rows": rows, "dry_run": dry_run });
    ask.call(Method::POST, &shell.api("/users/bulk"), Sent::json(body).key(key)).await
}

fn said(row: &RowBecame, words: &str) -> (String, Vec<String>) {
    let mut more: Vec<String> = row.warnings.iter().map(|w| text::sentence(w)).collect();
    if let Some(removes) = row.removes.as_ref().map(Removes::words).filter(|w| !w.is_empty()) {
        more.insert(0, format!("With them: {}.", removes.join(", ")));
    }
    match (&row.problem, &row.ended) {
        (Some(p), _) => (p.sentence(), more),
        (None, Some(e)) => {
            let n = text::count(e.sessions, "session", "sessions");
            (text::sentence(&format!("{words} ({n})")), more)
        }
        (None, None) => (text::sentence(words), more),
    }
}

/// What would become of each; nothing is done.
pub(super) async fn look(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = frame(&ask, &t, "Many users at once").await?;
    let asked = async {
        let wanted = wanted(&ask, &shell, &form).await?;
        let users = ticked(&ask, &shell, &form).await?;
        let ids: Vec<_> = users.iter().map(|u| (u.id.clone(), Some(u.version))).collect();
        let became = send(&ask, &shell, (&wanted, &ids, true), "").await?;
        Ok::<_, Problem>((wanted, users, became))
    };
    let (wanted, users, became) = match asked.await {
        Ok(all) => all,
        Err(p) if p.mendable() => return refused(shell, p, &form),
        Err(p) => return Err(p.into()),
    };
    let lines = users.into_iter().zip(&became.rows).map(|(u, row)| {
        let (says, more) = said(row, wanted.act.would);
        Line {
            name: u.name().to_owned(),
            id: u.id,
            user_name: u.signs_in_as,
            version: u.version.to_string(),
            outcome: row.outcome.clone(),
            says,
            more,
        }
    });
    let lines = lines.collect();
    let shell = shell.titled(wanted.act.ask);
    page(&Look { shell, wanted, lines, done: became.done, refused: became.refused })
}

/// Does it, to each by itself.
pub(super) async fn run(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = frame(&ask, &t, "Done").await?;
    let named = choose::rows(&form, "user", "version");
    let users: Vec<_> = named.into_iter().map(|(id, v)| (id, v.parse().ok())).collect();
    let asked = async {
        let wanted = wanted(&ask, &shell, &form).await?;
        let became = send(&ask, &shell, (&wanted, &users, false), form.key()).await?;
        Ok::<_, Problem>((wanted, became))
    };
    let (wanted, became) = match asked.await {
        Ok(all) => all,
        Err(p) if p.mendable() => return refused(shell, p, &form),
        Err(p) => return Err(p.into()),
    };
    let names = choose::rows(&form, "called", "known");
    let lines = became.rows.iter().zip(names).map(|(row, (name, user_name))| {
        let (says, more) = said(row, wanted.act.done);
        let (id, outcome) = (row.user.clone(), row.outcome.clone());
        Line { id, name, user_name, version: String::new(), outcome, says, more }
    });
    let lines = lines.collect();
    let shell = shell.titled(format!("{}: done", wanted.act.label));
    let Became { done, refused, stopped, .. } = became;
    page(&After { shell, wanted, lines, done, refused, stopped })
}

#[derive(Template)]
#[template(path = "users_bulk_refused.html")]
struct Refused {
    shell: Shell,
    back: String,
}

fn refused(shell: Shell, p: Problem, form: &Form) -> Answer {
    let back = form.get("back");
    let back = if back.starts_with('?') { back.to_owned() } else { String::new() };
    let status = if p.http().is_success() { StatusCode::BAD_REQUEST } else { p.http() };
    // Nothing on the page is the field that the problem is about.
    let p = Problem { field: None, ..p };
    shown(status, &Refused { back, shell: shell.problem(Some(p)) })
}
