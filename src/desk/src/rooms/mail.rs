//! How a company's letters look, and which have not left.

use super::{kit::filled, sure::Sure};
use crate::{
    Desk,
    api::Page,
    ask::{Answer, Ask, on, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    shell::Shell,
    text::{self, When},
};
use askama::Template;
use axum::{
    Router,
    extract::Path,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/in/{tenant}/mail", get(mail).post(save))
        .route("/admin/in/{tenant}/mail/try", post(try_now))
        .route("/admin/in/{tenant}/mail/drop", get(drop_sure).post(drop_it))
}

/// How letters look.
#[derive(Debug, Deserialize)]
struct Looks {
    display_name: Option<String>,
    reply_to: Option<String>,
    colour: Option<String>,
    locale: Option<String>,
}

impl Looks {
    fn language(&self) -> &str {
        let word = self.locale.as_deref().unwrap_or_default();
        LANGUAGES.iter().find(|l| l.0 == word).map_or(word, |l| l.1)
    }
}

/// The languages of letters.
const LANGUAGES: [(&str, &str); 3] =
    [("", "English, unless an invitation says otherwise"), ("en", "English"), ("de", "Deutsch")];

/// A letter that has not left.
#[derive(Debug, Deserialize)]
struct Letter {
    id: String,
    topic: String,
    since: When,
    attempts: i64,
    next_try: Option<When>,
    given_up_at: Option<When>,
    last_error: Option<String>,
}

impl Letter {
    /// What it is about.
    fn about(&self) -> &str {
        match self.topic.as_str() {
            "invitation.mail" => "An invitation",
            "invitation.asked.mail" => "Somebody asks for a new link",
            "password_reset.mail" => "A link to set a new password",
            "credentials.mail" => "What somebody signs in with was changed",
            "elevation.mail" => "A request for a role",
            "review.mail" => "A review that waits",
            "parked.mail" => "Parked changes of a directory",
            "author.mail" => "Somebody has to answer for something",
            "notice.mail" => "A notice to administrators",
            "provisioning.health" => "How a directory is",
            other => other,
        }
    }
    fn invites(&self) -> bool {
        self.topic == "invitation.mail"
    }
    /// Whether it can be tried now: that an invitation's was given up, the invitation says.
    fn may_try(&self) -> bool {
        !(self.invites() && self.given_up_at.is_some())
    }
    /// Whether it can be dropped: an invitation waits for its.
    fn may_drop(&self) -> bool {
        !(self.invites() && self.given_up_at.is_none())
    }
    fn state(&self) -> (&'static str, &'static str) {
        match (&self.given_up_at, self.attempts) {
            (Some(_), _) => ("given up", "bad"),
            (None, 0) => ("waits", ""),
            (None, _) => ("is tried again", "warn"),
        }
    }
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Mail {
    shell: Shell,
    looks: Looks,
    form: Form,
    letters: Vec<Letter>,
    first: Option<String>,
    next: Option<String>,
}

async fn showing(ask: &Ask, t: &str, typed: Option<Form>, problem: Option<Problem>) -> Answer {
    let shell = ask.shell(t, Section::Mail, "Mail").await?;
    let looks: Looks = ask.get(&shell.api("/letters")).await?;
    let query = ask.pass(&["cursor"], &[("limit", "50")]);
    let unsent: Page<Letter> = ask.get(&shell.api(&format!("/letters/unsent{query}"))).await?;
    let form = typed.unwrap_or_else(|| {
        let text = |o: &Option<String>| o.clone().unwrap_or_default();
        filled([
            ("display_name", text(&looks.display_name).as_str()),
            ("reply_to", text(&looks.reply_to).as_str()),
            ("colour", text(&looks.colour).as_str()),
            ("locale", text(&looks.locale).as_str()),
        ])
    });
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    let (first, next) = (ask.first(), ask.after(unsent.next.as_ref()));
    let shell = shell.problem(problem);
    shown(status, &Mail { shell, looks, form, letters: unsent.items, first, next })
}

async fn mail(ask: Ask, Path(t): Path<String>) -> Answer {
    showing(&ask, &t, None, None).await
}

async fn save(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Mail, "").await?;
    let body = json!({
        "display_name": form.some("display_name"),
        "reply_to": form.some("reply_to"),
        "colour": form.some("colour"),
        "locale": form.some("locale"),
    });
    match ask.put::<Looks>(&shell.api("/letters"), body).await {
        Ok(_) => on(&format!("{}/mail", shell.base()), "saved"),
        Err(p) if p.mendable() => showing(&ask, &t, Some(form), Some(p)).await,
        Err(p) => Err(p.into()),
    }
}

/// A letter's address, for the API.
fn of(shell: &Shell, letter: &str) -> String {
    shell.api(&format!("/letters/unsent/{}", text::escape(letter)))
}

async fn try_now(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Mail, "").await?;
    let path = format!("{}/try", of(&shell, form.get("letter")));
    match ask.post::<crate::api::Done>(&path, json!({})).await {
        Ok(_) => on(&format!("{}/mail", shell.base()), "tried"),
        Err(p) => showing(&ask, &t, None, Some(p)).await,
    }
}

async fn drop_sure(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Mail, "Drop a letter").await?;
    let base = shell.base();
    let says = vec![
        "It never leaves, and nobody is told: whoever it is for does not get it. What it is about stays as it is.".to_owned(),
        "The trail says that you dropped it, and what it was about.".to_owned(),
    ];
    let fields = vec![("letter", ask.word("letter").to_owned())];
    let (action, back) = (format!("{base}/mail/drop"), format!("{base}/mail"));
    Sure { shell, says, fields, action, button: "Drop it", back: (back, "Keep it") }.page()
}

async fn drop_it(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Mail, "").await?;
    match ask.delete(&of(&shell, form.get("letter"))).await {
        Ok(()) => on(&format!("{}/mail", shell.base()), "dropped"),
        Err(p) => showing(&ask, &t, None, Some(p)).await,
    }
}
