//! The form of an application, for a new one and for one that is there.

use super::{
    At, ROOM,
    client::{Category, Party, Room, catalogue},
    secrets::Shown,
};
use crate::{
    api::Sent,
    ask::{Answer, Ask, on, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    rooms::kit,
    shell::Shell,
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde_json::{Map, Value, json};

/// What an application may be set to ask for beside the catalogue, with what each does.
const OURS: [(&str, &str); 9] = [
    ("openid", "Sign people in"),
    ("profile", "Their name"),
    ("email", "Their e-mail address"),
    ("offline_access", "Refresh tokens, to go on while they are away"),
    ("self_service", "What is their own here: sessions, requests for roles"),
    ("muster.instance", "The whole instance, for Global Administrators"),
    ("ssf.read", "Read the stream of security events"),
    ("ssf.manage", "Set up the stream of security events"),
    ("ssf.provisioning", "Events about all people and groups, not only those it serves"),
];

/// What id tokens can be signed with.
const ALGORITHMS: [(&str, &str); 3] =
    [("ES256", "ES256 (usual)"), ("RS256", "RS256, for older libraries"), ("EdDSA", "EdDSA")];

#[derive(Template)]
#[template(path = "app_form.html")]
struct Page {
    shell: Shell,
    form: Form,
    /// What is there already.
    client: Option<Party>,
    categories: Vec<Category>,
    back: String,
}

impl Page {
    fn offers(&self, _: &Category) -> bool {
        !self.categories.is_empty()
    }
    fn offered(&self, _: impl AsRef<str>) -> bool {
        !self.categories.is_empty()
    }
    fn ticked(&self, name: &str) -> bool {
        self.form.ticked(name)
    }
    /// Whether it could be for every tenant.
    fn platform(&self) -> bool {
        self.shell.global() && self.shell.me.place().is_some_and(|p| p.provider)
    }
    fn picked(&self, scope: impl AsRef<str>) -> bool {
        self.form.pairs().any(|(n, v)| n == "scopes" && v == scope.as_ref())
    }
    fn is_public(&self) -> bool {
        self.client.as_ref().is_some_and(|c| c.public)
    }
    fn is(&self, name: &str, value: &str) -> bool {
        self.form.get(name) == value
    }
}

async fn showing(
    ask: &Ask,
    t: &str,
    of: Option<&str>,
    typed: Option<Form>,
    problem: Option<Problem>,
) -> Answer {
    let (shell, client) = match of {
        Some(id) => {
            let (shell, client) = ROOM.found(ask, t, id).await?;
            let at = format!("{}{}", shell.base(), ROOM.at(id));
            (shell.crumb(&client.name, at).titled("Edit the application"), Some(client))
        }
        None => {
            let shell = ask.shell(t, Section::Apps, "Add an application").await?;
            let at = format!("{}/apps", shell.base());
            (shell.crumb("Applications", at), None)
        }
    };
    if !ROOM.may_edit(&shell) {
        return Err(kit::forbidden().into());
    }
    let back = shell.crumbs.last().map(|c| c.to.clone()).unwrap_or_default();
    let form = typed.unwrap_or_else(|| client.as_ref().map_or_else(fresh, of_client));
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    let categories = catalogue(ask).await?;
    shown(status, &Page { shell: shell.problem(problem), form, client, categories, back })
}

fn fresh() -> Form {
    let chosen = ["openid", "profile", "email"].map(|s| ("scopes", s));
    let rest =
        [("kind", "web"), ("limit", "chosen"), ("id_token_alg", "ES256"), ("access_ttl", "300")];
    kit::filled(rest.into_iter().chain(chosen))
}

fn of_client(c: &Party) -> Form {
    let s = &c.settings;
    let lines = |all: &[String]| all.join("\n");
    let text = |o: &Option<String>| o.clone().unwrap_or_default();
    let yes = |b: bool| if b { "true" } else { "" }.to_owned();
    let limit = if s.scopes.is_some() { "chosen" } else { "all" };
    let mut pairs = vec![
        ("version", c.version.clone()),
        ("name", c.name.clone()),
        ("limit", limit.to_owned()),
        ("redirect_uris", lines(&s.redirect_uris)),
        ("post_logout_redirect_uris", lines(&s.post_logout_redirect_uris)),
        ("backchannel_logout_uri", text(&s.backchannel_logout_uri)),
        ("backchannel_logout_session_required", yes(s.backchannel_logout_session_required)),
        ("audience", text(&s.audience)),
        ("id_token_alg", s.id_token_alg.clone()),
        ("access_ttl", s.access_ttl.to_string()),
        ("trusted", yes(s.trusted)),
        ("client_uri", text(&s.client_uri)),
        ("logo_uri", text(&s.logo_uri)),
        ("policy_uri", text(&s.policy_uri)),
        ("tos_uri", text(&s.tos_uri)),
        ("jwks", c.keys()),
        ("jwks_uri", text(&s.jwks_uri)),
    ];
    pairs.extend(s.scopes.iter().flatten().map(|scope| ("scopes", scope.clone())));
    kit::filled(pairs.iter().map(|(n, v)| (*n, v.as_str())))
}

/// The key set of a form.
pub(in crate::rooms) fn keys(form: &Form) -> Result<Option<Value>, Problem> {
    let Some(text) = form.some("jwks") else { return Ok(None) };
    let wrong = |e| Problem::typed("jwks", format!("that is no JSON document: {e}"));
    serde_json::from_str(text).map(Some).map_err(wrong)
}

/// What both a new one and a change say.
fn body(form: &Form) -> Result<Map<String, Value>, Problem> {
    let mut b = Map::new();
    let mut put = |name: &str, value: Value| b.insert(name.to_owned(), value);
    put("name", form.get("name").into());
    for name in ["redirect_uris", "post_logout_redirect_uris"] {
        put(name, form.lines(name).into());
    }
    let chosen = form.get("limit") == "chosen";
    put("scopes", if chosen { form.all("scopes").into() } else { Value::Null });
    for name in [
        "audience",
        "client_uri",
        "logo_uri",
        "policy_uri",
        "tos_uri",
        "backchannel_logout_uri",
        "jwks_uri",
    ] {
        put(name, form.some(name).into());
    }
    for name in ["trusted", "backchannel_logout_session_required"] {
        put(name, form.ticked(name).into());
    }
    if let Some(alg) = form.some("id_token_alg") {
        put("id_token_alg", alg.into());
    }
    if let Some(ttl) = form.number("access_ttl")? {
        put("access_ttl", ttl.into());
    }
    put("jwks", keys(form)?.unwrap_or_default());
    Ok(b)
}

/// The form of a new one.
pub(super) async fn add(ask: Ask, Path(t): Path<String>) -> Answer {
    showing(&ask, &t, None, None, None).await
}

/// Makes it.
pub(super) async fn make(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Apps, "").await?;
    let made = async {
        let mut b = body(&form)?;
        let kind = form.get("kind");
        b.insert("public".to_owned(), (kind == "public").into());
        b.insert("platform".to_owned(), form.ticked("platform").into());
        if kind == "key" && b["jwks"].is_null() && b["jwks_uri"].is_null() {
            return Err(Problem::typed("jwks", "give its public keys, or their address"));
        }
        if kind != "key" {
            b.insert("jwks".to_owned(), Value::Null);
            b.insert("jwks_uri".to_owned(), Value::Null);
        }
        let sent = Sent::json(b).key(form.key());
        ask.call::<Party>(Method::POST, &shell.api("/apps"), sent).await
    };
    match made.await {
        Ok(client) => {
            let at = format!("{}/apps", shell.base());
            let shell = shell.titled(format!("{} is registered", client.name));
            let shell = shell.crumb("Applications", at);
            let secret = client.client_secret.clone();
            page(&Shown { shell, room: Room::Apps, client, secret, but: Vec::new() })
        }
        Err(p) if p.mendable() => showing(&ask, &t, None, Some(form), Some(p)).await,
        Err(p) => Err(p.into()),
    }
}

/// The form of one that is there.
pub(super) async fn edit(ask: Ask, Path((t, id)): At) -> Answer {
    showing(&ask, &t, Some(&id), None, None).await
}

/// Changes it.
pub(super) async fn save(ask: Ask, Path((t, id)): At, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Apps, "").await?;
    let path = shell.api(&ROOM.at(&id));
    let version = form.some("version").map(str::to_owned);
    let saved = async { ask.patch::<Party>(&path, json!(body(&form)?), version).await };
    match saved.await {
        Ok(_) => on(&format!("{}{}", shell.base(), ROOM.at(&id)), "saved"),
        Err(p) if p.mendable() => showing(&ask, &t, Some(&id), Some(form), Some(p)).await,
        Err(p) => Err(p.into()),
    }
}
