//! Invitations: who was asked in and where that stands, what can be done about each, and the addresses that letters
//! come back from.

mod many;
mod one;
mod suppressions;

use super::users::choose::{self, Role};
use crate::{
    Desk,
    api::Page,
    ask::{Answer, Ask, page},
    nav::Section,
    shell::Shell,
    text::When,
};
use askama::Template;
use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use serde::Deserialize;

pub(super) fn routes() -> Router<Desk> {
    let at = |rest: &str| format!("/admin/in/{{tenant}}/invitations{rest}");
    Router::new()
        .route(&at(""), get(list))
        .route(&at("/many"), get(many::empty).post(many::look))
        .route(&at("/many/done"), get(many::back).post(many::run))
        .route("/admin/in/{tenant}/suppressions", get(suppressions::list))
        .route(
            "/admin/in/{tenant}/suppressions/clear",
            post(suppressions::clear).get(suppressions::back),
        )
        .route(&at("/{invitation}"), get(one::show))
        .route(&at("/{invitation}/resend"), post(one::resend).get(one::back))
        .route(&at("/{invitation}/revoke"), get(one::ask_revoke).post(one::revoke))
        .route(&at("/{invitation}/bounced"), get(one::ask_bounced).post(one::bounced))
}

/// An invitation.
#[derive(Debug, Deserialize)]
struct Invitation {
    id: String,
    user: String,
    email: String,
    state: String,
    suspended: Option<String>,
    #[serde(default)]
    roles: Vec<Planned>,
    invited_by: String,
    #[serde(default)]
    invited_by_name: Option<String>,
    created_at: When,
    expires_at: When,
    sent_at: Option<When>,
    letter_failed_at: Option<When>,
    letter_failed: Option<String>,
    letter_reply: Option<String>,
    asked_at: Option<When>,
    accepted_at: Option<When>,
    accepted_by: Option<String>,
    #[serde(default)]
    left_out: Vec<LeftOut>,
    revoked_at: Option<When>,
    locale: Option<String>,
    #[serde(default)]
    link: Option<String>,
}

/// A role that acceptance gives.
#[derive(Debug, Deserialize)]
struct Planned {
    role: String,
    tenant: Option<String>,
}

/// A role that it did not give.
#[derive(Debug, Deserialize)]
struct LeftOut {
    role: String,
    why: String,
}

impl Invitation {
    /// Where it stands, for people, and how that is coloured.
    fn tag(&self) -> (&str, &'static str) {
        match self.state.as_str() {
            "pending" => ("pending", "warn"),
            "accepted" => ("accepted", "good"),
            "expired" => ("expired", "bad"),
            "revoked" => ("taken back", ""),
            "outdated" => ("outdated", "bad"),
            "suspended" => ("suspended", "bad"),
            other => (other, ""),
        }
    }
    /// What became of the letter, where that is no good.
    fn trouble(&self) -> Option<&'static str> {
        self.letter_failed.as_deref().map(|why| match why {
            "bad_address" => "no such address",
            "refused" => "letter refused",
            "not_taken" => "letter not delivered",
            "held" => "letter held back",
            "bounced" => "letter came back",
            "complained" => "called unwanted",
            _ => "letter failed",
        })
    }
    /// What is to be done about it.
    fn next(&self) -> Option<&'static str> {
        match (self.state.as_str(), self.letter_failed.as_deref(), self.suspended.as_deref()) {
            ("pending", Some("bad_address"), _) => Some(
                "The mail server says that there is no such address. Correct it on the person's page and send the \
                 invitation again, or make a link to hand over.",
            ),
            ("pending", Some("refused"), _) => Some(
                "The mail server refused the letter for good; its answer says why. Mend that and send it again, or make a \
                 link to hand over.",
            ),
            ("pending", Some("not_taken"), _) => Some(
                "The mail server did not take the letter, however often it was tried. Send it again when the server is \
                 well, or make a link to hand over.",
            ),
            ("pending", Some("bounced" | "complained"), _) => Some(
                "No letter goes to this address any more. Make a link to hand over, or correct the address on the \
                 person's page and send it again. To have it written to again, take it off the list of addresses that \
                 are not written to.",
            ),
            ("pending", Some("held"), _) => {
                Some("It was suspended when its letter should have left. Send it again.")
            }
            ("expired", ..) => {
                Some("Its time is over. Send it again: it lives anew, with a new link.")
            }
            ("outdated", ..) => Some(
                "The person has another address by now, and the link is dead. Send it again: the letter goes to the new \
                 address.",
            ),
            ("suspended", _, Some("person_off")) => {
                Some("The person is switched off. Switch them on, or take the invitation back.")
            }
            ("suspended", _, Some("inviter_off")) => Some(
                "Whoever invited them is switched off or gone. Send it again: you are the inviter from then on.",
            ),
            ("suspended", _, Some("company_suspended")) => Some("The company is suspended."),
            ("suspended", _, Some("signs_in_already")) => Some(
                "The person signs in without it. Take it back, and give the roles that it planned by hand.",
            ),
            _ => None,
        }
    }
    fn inviter(&self) -> &str {
        self.invited_by_name.as_deref().filter(|n| !n.is_empty()).unwrap_or(&self.invited_by)
    }
    /// Whether it can be sent again.
    fn open(&self) -> bool {
        self.state != "accepted"
    }
}

/// The names of roles, as far as whoever asks may know them.
struct Names(Vec<Role>);

impl Names {
    async fn of(ask: &Ask, shell: &Shell) -> Result<Self, crate::problem::Problem> {
        choose::roles_here(ask, shell).await.map(Self)
    }
    fn role(&self, id: &str) -> &str {
        self.0.iter().find(|r| r.id == id).map_or("a role", |r| &r.name)
    }
    /// What an invitation plans, in words.
    fn plan(&self, i: &Invitation, home: Option<&str>) -> Vec<String> {
        let one = |p: &Planned| {
            let name = self.role(&p.role);
            match p.tenant.as_deref() {
                None => format!("{name}, on the whole instance"),
                t if t == home => name.to_owned(),
                Some(_) => format!("{name}, in another company"),
            }
        };
        i.roles.iter().map(one).collect()
    }
}

/// A way to narrow the list, as a tab.
struct Tab {
    label: &'static str,
    to: String,
    current: bool,
}

/// An invitation with the names of what it plans.
struct Row {
    i: Invitation,
    plan: Vec<String>,
}

#[derive(Template)]
#[template(path = "invitations.html")]
struct List {
    shell: Shell,
    rows: Vec<Row>,
    tabs: Vec<Tab>,
    state: String,
    first: Option<String>,
    next: Option<String>,
}

const STATES: [(&str, &str); 7] = [
    ("", "All"),
    ("pending", "Pending"),
    ("accepted", "Accepted"),
    ("expired", "Expired"),
    ("revoked", "Taken back"),
    ("outdated", "Outdated"),
    ("suspended", "Suspended"),
];

async fn list(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Invitations, "Invitations").await?;
    let query = ask.pass(&["state", "cursor"], &[("limit", "50")]);
    let found: Page<Invitation> = ask.get(&shell.api(&format!("/invitations{query}"))).await?;
    let names = Names::of(&ask, &shell).await?;
    let home = shell.me.place().map(|p| p.tenant.clone());
    let row = |i: Invitation| Row { plan: names.plan(&i, home.as_deref()), i };
    let rows = found.items.into_iter().map(row).collect();
    let state = ask.word("state").to_owned();
    let base = format!("{}/invitations", shell.base());
    let tabs = STATES.map(|(word, label)| Tab {
        label,
        to: format!("{base}{}", crate::text::query([("state", word)])),
        current: state == word,
    });
    let (first, next) = (ask.first(), ask.after(found.next.as_ref()));
    page(&List { shell, rows, tabs: tabs.into(), state, first, next })
}
