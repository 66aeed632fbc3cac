//! A review: what there is to decide about, one by one or many at once.

use super::{
    super::roles::kit::{Scope, called, mend, moment},
    Names, Review, one,
};
use crate::{
    api::{Done, Page, Sent},
    ask::{Answer, Ask, on, shown},
    form::Form,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde::Deserialize;
use serde_json::json;

/// A way in which somebody has a role.
#[derive(Debug, Deserialize)]
struct Item {
    id: String,
    user: String,
    home: String,
    user_name: String,
    kind: String,
    switched_on: bool,
    last_use: Option<When>,
    role: String,
    role_name: String,
    scope: Scope,
    via: String,
    source: String,
    group_name: Option<String>,
    directory_name: Option<String>,
    reason: Option<String>,
    by: String,
    #[serde(default)]
    by_name: Option<String>,
    since: When,
    until: Option<When>,
    does_not_count: Option<String>,
    reviewer: Option<super::Reviewer>,
    decision: Option<String>,
    shorten_to: Option<When>,
    note: Option<String>,
    decided_by: Option<String>,
    #[serde(default)]
    decided_by_name: Option<String>,
    decided_at: Option<When>,
    outcome: Option<String>,
    outcome_text: Option<String>,
}

impl Item {
    /// By what they have it.
    fn how(&self) -> String {
        match self.via.as_str() {
            "mapping" => {
                let group = self.group_name.as_deref().unwrap_or("that is gone");
                match &self.directory_name {
                    Some(d) => format!("by the group {group} of {d}"),
                    None => format!("by the group {group}"),
                }
            }
            "parked" => "kept until somebody decides".to_owned(),
            "default" => "by default".to_owned(),
            _ => super::super::grants::source(&self.source).to_owned(),
        }
    }
    /// The kind, where it is worth a word.
    fn kind(&self) -> Option<&str> {
        Some(self.kind.as_str()).filter(|k| *k != "tenant")
    }
    /// Who gave it.
    fn by(&self) -> String {
        called(self.by_name.as_ref(), &self.by)
    }
    /// Who decided.
    fn decided_by(&self) -> String {
        self.decided_by
            .as_deref()
            .map_or_else(String::new, |by| called(self.decided_by_name.as_ref(), by))
    }
    /// What was decided, and how that is coloured.
    fn decision(&self) -> Option<(&'static str, &'static str)> {
        Some(match self.decision.as_deref()? {
            "remove" => ("remove", "bad"),
            "shorten" => ("shorten", "warn"),
            _ => ("keep", "good"),
        })
    }
    /// What became of it, and how that is coloured.
    fn outcome(&self) -> Option<(&'static str, &'static str)> {
        Some(match self.outcome.as_deref()? {
            "kept" => ("kept", "good"),
            "undecided" => ("stays: nobody decided", "warn"),
            "removed" => ("taken away", ""),
            "shortened" => ("given an end", ""),
            "listed" => ("to do by hand", "warn"),
            "held" => ("held: last administrator", "warn"),
            "gone" => ("was gone before", ""),
            "refused" => ("stays: they may not take it away", "bad"),
            _ => ("done", ""),
        })
    }
}

#[derive(Template)]
#[template(path = "review.html")]
struct Show {
    shell: Shell,
    review: Review,
    names: Names,
    items: Vec<Item>,
    which: String,
    outcome: String,
    /// Where the form goes: with the words of the address, so that it comes back to the same items.
    action: String,
    note: String,
    until: String,
    ticked: Vec<String>,
    first: Option<String>,
    next: Option<String>,
}

impl Show {
    /// What the items can be narrowed to.
    fn whiches(&self) -> Vec<(&'static str, &'static str)> {
        let mut all = vec![("", "All"), ("undecided", "Undecided")];
        if self.review.open() {
            all.extend([("mine", "Mine, undecided")]);
        }
        all
    }
    fn filtered(&self) -> bool {
        !(self.which.is_empty() && self.outcome.is_empty())
    }
    fn ticked(&self, id: &str) -> bool {
        self.ticked.iter().any(|t| t == id)
    }
    /// Whether the person is of the page's tenant.
    fn ours(&self, i: &Item) -> bool {
        self.shell.me.place().is_some_and(|p| p.tenant == i.home)
    }
    /// Whether it can be decided about here: nobody decides about their own access.
    fn mine_to_decide(&self, i: &Item) -> bool {
        self.review.open() && i.user != self.shell.me.user && self.shell.may("users.manage_roles")
    }
}

/// The words of the address that choose the items.
fn kept(ask: &Ask) -> String {
    ask.pass(&["which", "outcome", "cursor"], &[])
}

async fn told(
    ask: &Ask,
    (shell, review): (Shell, Review),
    typed: &Form,
    problem: Option<Problem>,
) -> Answer {
    let which = ask.word("which").to_owned();
    let flags: &[(&str, &str)] = match which.as_str() {
        "undecided" => &[("undecided", "true"), ("limit", "40")],
        "mine" => &[("undecided", "true"), ("mine", "true"), ("limit", "40")],
        _ => &[("limit", "40")],
    };
    let query = ask.pass(&["outcome", "cursor"], flags);
    let at = shell.api(&format!("/reviews/{}/items{query}", review.id));
    let found: Page<Item> = ask.get(&at).await?;
    let names = Names::of(ask, &shell).await?;
    let to = format!("{}/reviews/{}", shell.base(), review.id);
    let kept = kept(ask);
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::http);
    let after = found.next.as_ref().map(|c| {
        let words = [("which", &*which), ("outcome", ask.word("outcome")), ("cursor", &**c)];
        format!("{to}{}", text::query(words))
    });
    let first = (!ask.word("cursor").is_empty())
        .then(|| format!("{to}{}", ask.pass(&["which", "outcome"], &[])));
    shown(
        status,
        &Show {
            shell: shell.problem(problem),
            review,
            names,
            items: found.items,
            outcome: ask.word("outcome").to_owned(),
            which,
            action: format!("{to}/decide{kept}"),
            note: typed.get("note").to_owned(),
            until: typed.get("until").to_owned(),
            ticked: typed.all("items"),
            first,
            next: after,
        },
    )
}

pub(super) async fn show(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let frame = one(&ask, &t, &id).await?;
    told(&ask, frame, &Form::default(), None).await
}

pub(super) async fn decide(ask: Ask, Path((t, id)): Path<(String, String)>, typed: Form) -> Answer {
    let (shell, review) = one(&ask, &t, &id).await?;
    // A button at an item decides about that one; those below, about all that are ticked.
    let (items, decision) = match typed.get("one").split_once(':') {
        Some((decision, item)) => (vec![item.to_owned()], decision.to_owned()),
        None => (typed.all("items"), typed.get("decision").to_owned()),
    };
    if items.is_empty() {
        let p = Problem::typed("items", "tick at least one");
        return told(&ask, (shell, review), &typed, Some(p)).await;
    }
    let until = (decision == "shorten").then(|| moment(typed.some("until"))).flatten();
    let body = json!({
        "items": items, "decision": decision, "until": until, "note": typed.some("note"),
    });
    let at = shell.api(&format!("/reviews/{}/items", review.id));
    match ask.call::<Done>(Method::POST, &at, Sent::json(body)).await {
        Ok(_) => {
            let to = format!("{}/reviews/{}{}", shell.base(), review.id, kept(&ask));
            on(&to, "decided")
        }
        Err(p) => told(&ask, (shell, review), &typed, Some(mend(p)?)).await,
    }
}
