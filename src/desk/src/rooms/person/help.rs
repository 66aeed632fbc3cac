//! The verbs of the help desk, each with a page that says what it does before it is done.

use super::{At, Frame, access, open};
use crate::{
    api::{self, Sent},
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    problem::Problem,
    rooms::users::choose,
};
use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
};
use serde::Deserialize;
use serde_json::json;

/// Something that the help desk does for somebody.
pub(super) struct Verb {
    /// In the address.
    pub(super) word: &'static str,
    /// What it is called.
    pub(super) label: &'static str,
    /// When it is wanted, in one sentence.
    pub(super) when: &'static str,
    /// What it does.
    does: &'static str,
    /// What is on the button.
    button: &'static str,
    /// Whether it takes something away.
    pub(super) takes: bool,
}

/// All of them.
pub(super) const VERBS: [Verb; 6] = [
    Verb {
        word: "unlock",
        label: "Unlock",
        when: "They were wrong too often, and have to wait.",
        does: "The wait ends for every way in which they sign in, and they are told so by a letter. Nothing else changes.",
        button: "Unlock",
        takes: false,
    },
    Verb {
        word: "reset-link",
        label: "Send a link to set a new password",
        when: "They forgot their password, or have to set up a second factor.",
        does: "A letter takes the link to their address. If they have a second factor, it is asked for then; if they have \
               none and need one, they set it up. Their old password works until they set the new one.",
        button: "Send the link",
        takes: false,
    },
    Verb {
        word: "reset-factors",
        label: "Reset all that they sign in with",
        when: "Their telephone or key is lost, or somebody else may have it.",
        does: "One-time code, passkeys, recovery codes and the password are taken away, and all sessions end. They are sent \
               a link to set up new ones; without an address or a mail server, the link is shown to you once. Make sure \
               that it is really them who asks.",
        button: "Reset",
        takes: true,
    },
    Verb {
        word: "code",
        label: "Give a one-time code",
        when: "You set up their authenticator app for them.",
        does: "A new secret for an authenticator app is made and shown once. It takes the place of any that they had, and \
               their sessions end.",
        button: "Make the code",
        takes: false,
    },
    Verb {
        word: "remove-code",
        label: "Take the one-time code away",
        when: "They use a passkey now, or the app is gone.",
        does: "The authenticator app does not work for them any more. It is refused where nothing strong enough would be \
               left to sign in with.",
        button: "Take away",
        takes: true,
    },
    Verb {
        word: "password",
        label: "Set a password",
        when: "No letter reaches them, and you hand it over yourself.",
        does: "Their sessions and tokens end. Tell them the password by a way that nobody else reads, and let them change \
               it.",
        button: "Set the password",
        takes: true,
    },
];

#[derive(Template)]
#[template(path = "person_help.html")]
struct Page {
    frame: Frame,
    verb: &'static Verb,
}

impl std::ops::Deref for Page {
    type Target = Frame;
    fn deref(&self) -> &Frame {
        &self.frame
    }
}

async fn frame(
    ask: &Ask,
    (t, id, verb): (&str, &str, &str),
) -> Result<(Frame, &'static Verb), Trouble> {
    let found = VERBS.iter().find(|v| v.word == verb).ok_or_else(Problem::nothing)?;
    let frame = open(ask, t, id, At::SigningIn).await?.below(found.label);
    let shell = frame.shell.clone();
    let to = format!("{}/signing-in", frame.base());
    Ok((Frame { shell: shell.crumb("Signing in", to), ..frame }, found))
}

pub(super) async fn ask(ask: Ask, Path((t, id, verb)): Path<(String, String, String)>) -> Answer {
    let (frame, verb) = frame(&ask, (&t, &id, &verb)).await?;
    choose::needed(&frame.shell, "users.edit")?;
    if access::more(&ask, &frame).await? {
        // That page says why.
        return on(&format!("{}/signing-in#help-title", frame.base()), "");
    }
    page(&Page { frame, verb })
}

#[derive(Debug, Deserialize)]
struct Code {
    otpauth: String,
    secret: String,
}

#[derive(Debug, Deserialize)]
struct Reset {
    link: Option<String>,
}

/// What is shown once.
#[derive(Template)]
#[template(path = "person_secret.html")]
struct Secret {
    frame: Frame,
    link: Option<String>,
    code: Option<Code>,
}

impl std::ops::Deref for Secret {
    type Target = Frame;
    fn deref(&self) -> &Frame {
        &self.frame
    }
}

enum Done {
    Word(&'static str),
    Link(String),
    Code(Code),
}

async fn act(ask: &Ask, frame: &Frame, verb: &Verb, form: &Form) -> Result<Done, Problem> {
    let at = |path: &str| frame.api(path);
    Ok(match verb.word {
        "unlock" => {
            post(ask, &at("/unlock"), form).await?;
            Done::Word("unlocked")
        }
        "reset-link" => {
            post(ask, &at("/reset-link"), form).await?;
            Done::Word("link-sent")
        }
        "reset-factors" => {
            let sent = Sent::nothing().key(form.key());
            let r: Reset = ask.call(Method::POST, &at("/reset-factors"), sent).await?;
            r.link.map_or(Done::Word("reset"), Done::Link)
        }
        "code" => {
            let sent = Sent::nothing().key(form.key());
            Done::Code(ask.call(Method::POST, &at("/one-time-code"), sent).await?)
        }
        "remove-code" => {
            ask.delete(&at("/one-time-code")).await?;
            Done::Word("removed")
        }
        "password" => {
            let password = form.exact("password");
            if password.is_empty() {
                return Err(Problem::typed("password", "type a password"));
            }
            let body = json!({ "password": password });
            ask.put::<api::Done>(&at("/password"), body).await?;
            Done::Word("saved")
        }
        _ => return Err(Problem::nothing()),
    })
}

async fn post(ask: &Ask, path: &str, form: &Form) -> Result<(), Problem> {
    let sent = Sent::nothing().key(form.key());
    ask.call::<api::Done>(Method::POST, path, sent).await.map(drop)
}

pub(super) async fn run(
    ask: Ask,
    Path((t, id, verb)): Path<(String, String, String)>,
    form: Form,
) -> Answer {
    let (frame, verb) = frame(&ask, (&t, &id, &verb)).await?;
    match act(&ask, &frame, verb, &form).await {
        Ok(Done::Word(word)) => on(&format!("{}/signing-in", frame.base()), word),
        Ok(Done::Link(link)) => {
            let frame = Frame { shell: frame.shell.clone().titled("The link, this once"), ..frame };
            page(&Secret { frame, link: Some(link), code: None })
        }
        Ok(Done::Code(code)) => {
            let frame = Frame { shell: frame.shell.clone().titled("The code, this once"), ..frame };
            page(&Secret { frame, link: None, code: Some(code) })
        }
        // 404: there is nothing of what should be taken away.
        Err(mut p) if p.mendable() || p.status == 404 => {
            let status = p.http();
            if status == StatusCode::NOT_FOUND {
                "they have nothing of that, so there is nothing to take away"
                    .clone_into(&mut p.detail);
            }
            shown(status, &Page { frame: frame.problem(p), verb })
        }
        Err(p) => Err(p.into()),
    }
}
