//! The security events that a directory's provider sends after the sign-in.

use crate::{
    api::{Done, Sent},
    ask::{Answer, Ask, Trouble, on, page, shown},
    form::Form,
    problem::Problem,
    rooms::directories::{Directory, api, mend, opened, pressed},
    shell::Shell,
    text::When,
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde::Deserialize;
use serde_json::{Map, Value};

type Here = Path<(String, String)>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Settings {
    issuer: String,
    audience: String,
    jwks_uri: String,
    poll: String,
    session_revoked: String,
    credential_change: String,
}

#[derive(Deserialize)]
struct Stream {
    settings: Settings,
    push_url: String,
    audience: String,
    issuer: String,
    push_secret: bool,
    verified_at: Option<When>,
    last_at: Option<When>,
    last_event: Option<String>,
    failed_at: Option<When>,
    failure: Option<String>,
    updated_at: When,
}

impl Stream {
    fn failure(&self) -> String {
        crate::text::sentence(self.failure.as_deref().unwrap_or("something of it was refused"))
    }
}

#[derive(Template)]
#[template(path = "signals.html")]
struct Show {
    shell: Shell,
    at: &'static str,
    d: Directory,
    stream: Option<Stream>,
    typed: Settings,
}

async fn stream(ask: &Ask, shell: &Shell, id: &str) -> Result<Option<Stream>, Trouble> {
    match ask.get(&api(shell, id, "/signals")).await {
        Ok(stream) => Ok(Some(stream)),
        Err(p) if p.status == 404 => Ok(None),
        Err(p) => Err(p.into()),
    }
}

async fn begun(ask: &Ask, t: &str, id: &str) -> Result<Show, Trouble> {
    let (shell, d) = opened(ask, t, id, "Security events").await?;
    let stream = stream(ask, &shell, id).await?;
    let typed = stream.as_ref().map(|s| s.settings.clone()).unwrap_or_default();
    Ok(Show { shell, at: "signals", d, stream, typed })
}

pub(super) async fn show(ask: Ask, Path((t, id)): Here) -> Answer {
    page(&begun(&ask, &t, &id).await?)
}

pub(super) async fn set(ask: Ask, Path((t, id)): Here, form: Form) -> Answer {
    let mut show = begun(&ask, &t, &id).await?;
    let mut body = Map::new();
    for name in ["issuer", "audience", "jwks_uri", "poll", "session_revoked", "credential_change"] {
        if let Some(value) = form.some(name) {
            body.insert(name.to_owned(), Value::from(value));
        }
    }
    let token = form.exact("poll_token").trim();
    if !token.is_empty() {
        body.insert("poll_token".to_owned(), token.into());
    }
    let path = api(&show.shell, &id, "/signals");
    match ask.put::<Done>(&path, body).await {
        Ok(_) => on(&format!("{}/signals", show.d.at(&show.shell)), "saved"),
        Err(p) => {
            let p = mend(p)?;
            let status = p.http();
            let word = |name: &str| form.get(name).to_owned();
            show.typed = Settings {
                issuer: word("issuer"),
                audience: word("audience"),
                jwks_uri: word("jwks_uri"),
                poll: word("poll"),
                session_revoked: word("session_revoked"),
                credential_change: word("credential_change"),
            };
            let p = p.called("issuer", "Who signs them").called("audience", "For whom they are");
            show.shell = show.shell.problem(Some(p));
            shown(status, &show)
        }
    }
}

#[derive(Deserialize)]
struct New {
    secret: String,
}

#[derive(Template)]
#[template(path = "signals_secret.html")]
struct Once {
    shell: Shell,
    d: Directory,
    push_url: String,
    secret: String,
}

pub(super) async fn secret(ask: Ask, Path((t, id)): Here, form: Form) -> Answer {
    let mut show = begun(&ask, &t, &id).await?;
    let sent = Sent::nothing().key(form.key());
    let made = ask.call::<New>(Method::POST, &api(&show.shell, &id, "/signals/secret"), sent).await;
    match made {
        Ok(New { secret }) => {
            let push_url = show.stream.map(|s| s.push_url).unwrap_or_default();
            let shell = show.shell.titled("The secret of the stream");
            page(&Once { shell, d: show.d, push_url, secret })
        }
        Err(p) => {
            let p = pressed(p)?;
            let status = p.http();
            show.shell = show.shell.problem(Some(p));
            shown(status, &show)
        }
    }
}

#[derive(Template)]
#[template(path = "signals_delete.html")]
struct Delete {
    shell: Shell,
    d: Directory,
}

pub(super) async fn ask_delete(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Take no more security events?").await?;
    page(&Delete { shell, d })
}

pub(super) async fn delete(ask: Ask, Path((t, id)): Here) -> Answer {
    let (shell, d) = opened(&ask, &t, &id, "Take no more security events?").await?;
    match ask.delete(&api(&shell, &id, "/signals")).await {
        Ok(()) => on(&format!("{}/signals", d.at(&shell)), "removed"),
        Err(p) => {
            let p: Problem = pressed(p)?;
            let status = p.http();
            shown(status, &Delete { shell: shell.problem(Some(p)), d })
        }
    }
}
