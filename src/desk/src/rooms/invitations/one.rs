//! One invitation: where it stands, sending it again, taking it back, noting that its letter came back.

use super::{Invitation, Names};
use crate::{
    api::Sent,
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    rooms::users::{Link, User, choose},
    shell::Shell,
    text,
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde_json::json;

#[derive(Template)]
#[template(path = "invitation.html")]
struct One {
    shell: Shell,
    i: Invitation,
    plan: Vec<String>,
    /// What acceptance did not give, and why.
    left_out: Vec<(String, String)>,
    person: Option<User>,
}

impl One {
    fn base(&self) -> String {
        format!("{}/invitations/{}", self.shell.base(), self.i.id)
    }
}

async fn open(ask: &Ask, t: &str, id: &str) -> Result<(Shell, Invitation), Trouble> {
    let shell = ask.shell(t, Section::Invitations, "").await?;
    let at = shell.api(&format!("/invitations/{}", text::escape(id)));
    let i: Invitation = ask.get(&at).await?;
    let list = format!("{}/invitations", shell.base());
    let title = format!("Invitation to {}", i.email);
    Ok((shell.titled(title).crumb("Invitations", list), i))
}

async fn whole(ask: &Ask, shell: Shell, i: Invitation) -> Result<One, Problem> {
    let names = Names::of(ask, &shell).await?;
    let home = shell.me.place().map(|p| p.tenant.clone());
    let plan = names.plan(&i, home.as_deref());
    let why = |l: &super::LeftOut| (names.role(&l.role).to_owned(), text::sentence(&l.why));
    let left_out = i.left_out.iter().map(why).collect();
    let at = shell.api(&format!("/users/{}", text::escape(&i.user)));
    let person = match ask.get(&at).await {
        Ok(person) => Some(person),
        Err(p) if p.status == 404 => None,
        Err(p) => return Err(p),
    };
    Ok(One { shell, i, plan, left_out, person })
}

pub(super) async fn show(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, i) = open(&ask, &t, &id).await?;
    page(&whole(&ask, shell, i).await?)
}

pub(super) async fn back(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, i) = open(&ask, &t, &id).await?;
    on(&format!("{}/invitations/{}", shell.base(), i.id), "")
}

/// What did not go through, on the invitation's page.
async fn refused(ask: &Ask, shell: Shell, i: Invitation, p: Problem) -> Answer {
    if !(p.mendable() || p.status == 429) {
        return Err(p.into());
    }
    let status = p.http();
    let shell = shell.problem(Some(Problem { field: None, ..p }));
    shown(status, &whole(ask, shell, i).await?)
}

pub(super) async fn resend(ask: Ask, Path((t, id)): Path<(String, String)>, form: Form) -> Answer {
    let (shell, i) = open(&ask, &t, &id).await?;
    let at = shell.api(&format!("/invitations/{}/resend", text::escape(&i.id)));
    let sent = Sent::json(json!({ "by_hand": form.ticked("by_hand") })).key(form.key());
    match ask.call::<Invitation>(Method::POST, &at, sent).await {
        Ok(made) => match made.link {
            Some(link) => {
                let to = format!("{}/invitations/{}", shell.base(), made.id);
                let shell = shell.crumb(made.email.as_str(), to).titled("The link, this once");
                let (email, user, invitation) = (made.email, made.user, made.id);
                page(&Link { shell, email, user, invitation, url: link })
            }
            None => on(&format!("{}/invitations/{}", shell.base(), i.id), "resent"),
        },
        Err(p) => refused(&ask, shell, i, p).await,
    }
}

#[derive(Template)]
#[template(path = "invitation_revoke.html")]
struct Revoke {
    shell: Shell,
    i: Invitation,
}

pub(super) async fn ask_revoke(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, i) = open(&ask, &t, &id).await?;
    choose::needed(&shell, "users.add")?;
    let to = format!("{}/invitations/{}", shell.base(), i.id);
    let shell = shell.titled("Take the invitation back?").crumb(i.email.as_str(), to);
    page(&Revoke { shell, i })
}

pub(super) async fn revoke(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, i) = open(&ask, &t, &id).await?;
    let at = shell.api(&format!("/invitations/{}", text::escape(&i.id)));
    match ask.delete(&at).await {
        Ok(()) => on(&format!("{}/invitations/{}", shell.base(), i.id), "revoked"),
        Err(p) => refused(&ask, shell, i, p).await,
    }
}

#[derive(Template)]
#[template(path = "invitation_bounced.html")]
struct Bounced {
    shell: Shell,
    i: Invitation,
    email: String,
    complaint: bool,
}

pub(super) async fn ask_bounced(ask: Ask, Path((t, id)): Path<(String, String)>) -> Answer {
    let (shell, i) = open(&ask, &t, &id).await?;
    choose::needed(&shell, "users.add")?;
    let email = i.email.clone();
    let to = format!("{}/invitations/{}", shell.base(), i.id);
    let shell = shell.titled("The letter came back").crumb(i.email.as_str(), to);
    page(&Bounced { shell, i, email, complaint: false })
}

pub(super) async fn bounced(ask: Ask, Path((t, id)): Path<(String, String)>, form: Form) -> Answer {
    let (shell, i) = open(&ask, &t, &id).await?;
    let at = shell.api(&format!("/invitations/{}/bounced", text::escape(&i.id)));
    let (email, complaint) = (form.get("email").to_owned(), form.get("how") == "complaint");
    let body = json!({ "email": email, "complaint": complaint });
    let sent = Sent::json(body).key(form.key());
    match ask.call::<Invitation>(Method::POST, &at, sent).await {
        Ok(_) => on(&format!("{}/invitations/{}", shell.base(), i.id), "saved"),
        Err(p) if p.mendable() => {
            let status = p.http();
            let to = format!("{}/invitations/{}", shell.base(), i.id);
            let shell = shell.titled("The letter came back").crumb(i.email.as_str(), to);
            shown(status, &Bounced { shell: shell.problem(Some(p)), i, email, complaint })
        }
        Err(p) => Err(p.into()),
    }
}
