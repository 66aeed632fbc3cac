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
use axum::{Router, extract::Path, routing::get};
use serde::Deserialize;
use serde_json::json;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/admin/in/{tenant}/mail", get(mail).post(save))
        .route("/admin/in/{tenant}/mail/try", get(back).post(try_now))
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
    /// Whether it can be tried now: with a link that may have ended it is made anew.
    fn may_try(&self) -> bool {
        let linked = matches!(self.topic.as_str(), "invitation.mail" | "password_reset.mail");
        self.given_up_at.is_none() || !linked
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
    // Of the list, wherever what was sent went.
    let list = format!("{}/mail", shell.base());
    let next =
        unsent.next.as_ref().map(|c| format!("{list}{}", text::query([("cursor", c.as_str())])));
    let first = (!ask.word("cursor").is_empty()).then_some(list);
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

/// What was not done is said above the list; that it has left meanwhile, too.
async fn refused(ask: &Ask, t: &str, p: Problem) -> Answer {
    if p.mendable() || p.status == 404 {
        return showing(ask, t, None, Some(p)).await;
    }
    Err(p.into())
}

/// Where whoever comes back from proving themselves anew goes on.
async fn back(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Mail, "").await?;
    on(&format!("{}/mail", shell.base()), "")
}

async fn try_now(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Mail, "").await?;
    let path = format!("{}/try", of(&shell, form.get("letter")));
    match ask.post::<crate::api::Done>(&path, json!({})).await {
        Ok(_) => on(&format!("{}/mail", shell.base()), "tried"),
        Err(p) => refused(&ask, &t, p).await,
    }
}

async fn drop_sure(ask: Ask, Path(t): Path<String>) -> Answer {
    let shell = ask.shell(&t, Section::Mail, "Drop a letter").await?;
    let (base, letter) = (shell.base(), ask.word("letter").to_owned());
    if letter.is_empty() {
        return on(&format!("{base}/mail"), "");
    }
    let says = vec![
        "It was given up, and stands no more in the list: whoever it was for does not get it. What it was about stays as it is.".to_owned(),
        "The trail says that you dropped it, and what it was about.".to_owned(),
    ];
    let (action, back) = (format!("{base}/mail/drop"), format!("{base}/mail"));
    let fields = vec![("letter", letter)];
    Sure { shell, says, fields, action, button: "Drop it", back: (back, "Keep it") }.page()
}

async fn drop_it(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Mail, "").await?;
    match ask.delete(&of(&shell, form.get("letter"))).await {
        Ok(()) => on(&format!("{}/mail", shell.base()), "dropped"),
        Err(p) => refused(&ask, &t, p).await,
    }
}
