//! A new integration user: what it may, where it works, how it proves itself.

use super::ROOM;
use crate::{
    api::{Page, Sent},
    ask::{Answer, Ask, Trouble, page, shown},
    form::Form,
    nav::Section,
    problem::Problem,
    rooms::{
        apps::{
            client::{Category, Party, catalogue},
            keys,
            secrets::{self, Shown},
        },
        kit,
    },
    shell::Shell,
};
use askama::Template;
use axum::{extract::Path, http::Method};
use serde::Deserialize;
use serde_json::{Value, json};

/// A role that can be given.
#[derive(Debug, Deserialize)]
struct Role {
    id: String,
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    built_in: bool,
}

#[derive(Template)]
#[template(path = "integration_add.html")]
struct Add {
    shell: Shell,
    form: Form,
    categories: Vec<Category>,
    roles: Vec<Role>,
    back: String,
}

impl Add {
    /// Nobody gives what they do not hold.
    fn offered(&self, permission: impl AsRef<str>) -> bool {
        self.shell.may(permission.as_ref())
    }
    fn offers(&self, c: &Category) -> bool {
        c.permissions.iter().any(|e| self.offered(c.full(e)))
    }
    fn picked(&self, scope: impl AsRef<str>) -> bool {
        self.form.pairs().any(|(n, v)| n == "scopes" && v == scope.as_ref())
    }
    fn has_role(&self, id: &str) -> bool {
        self.form.pairs().any(|(n, v)| n == "roles" && v == id)
    }
    fn is(&self, name: &str, value: &str) -> bool {
        self.form.get(name) == value
    }
    fn provider(&self) -> bool {
        self.shell.me.place().is_some_and(|p| p.provider)
    }
}

async fn roles(ask: &Ask, shell: &Shell) -> Result<Vec<Role>, Trouble> {
    if !shell.may("users.manage_roles") {
        return Ok(Vec::new());
    }
    let found: Option<Page<Role>> = kit::if_any(ask, &shell.api("/roles?limit=200")).await?;
    // A Global Administrator is a person.
    let fits = |r: &Role| !(r.built_in && r.name == "Global Administrator");
    Ok(found.into_iter().flat_map(|p| p.items).filter(fits).collect())
}

async fn showing(ask: &Ask, t: &str, typed: Option<Form>, problem: Option<Problem>) -> Answer {
    let shell = ask.shell(t, Section::Integrations, "Add an integration").await?;
    if !ROOM.may_edit(&shell) {
        return Err(kit::forbidden().into());
    }
    let back = format!("{}/integrations", shell.base());
    let shell = shell.crumb("Integrations", &back);
    let form = typed.unwrap_or_else(|| kit::filled([("proof", "secret")]));
    let (roles, categories) = (roles(ask, &shell).await?, catalogue(ask).await?);
    let status = problem.as_ref().map(Problem::http).unwrap_or_default();
    shown(status, &Add { shell: shell.problem(problem), form, categories, roles, back })
}

/// The form.
pub(super) async fn add(ask: Ask, Path(t): Path<String>) -> Answer {
    showing(&ask, &t, None, None).await
}

fn body(form: &Form) -> Result<Value, Problem> {
    let keyed = form.get("proof") == "key";
    let (jwks, uri) = (keys(form)?, form.some("jwks_uri"));
    if keyed && jwks.is_none() && uri.is_none() {
        return Err(Problem::typed("jwks", "give its public keys, or their address"));
    }
    let both = if keyed { (jwks, uri) } else { (None, None) };
    Ok(json!({
        "name": form.get("name"),
        "description": form.some("description"),
        "scopes": form.all("scopes"),
        "roles": form.all("roles"),
        "expires_at": if keyed { None } else { secrets::end(form) },
        "jwks": both.0,
        "jwks_uri": both.1,
    }))
}

/// Makes it, and gives it its roles elsewhere.
pub(super) async fn make(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    let shell = ask.shell(&t, Section::Integrations, "").await?;
    let path = shell.api("/integrations");
    let made = async {
        let sent = Sent::json(body(&form)?).key(form.key());
        ask.call::<Party>(Method::POST, &path, sent).await
    };
    let client = match made.await {
        Ok(client) => client,
        Err(p) if p.mendable() => return showing(&ask, &t, Some(form), Some(p)).await,
        Err(p) => return Err(p.into()),
    };
    let but = elsewhere(&ask, &shell, &client, &form).await;
    let list = format!("{}/integrations", shell.base());
    let shell = shell.crumb("Integrations", list).titled(format!("{} is made", client.name));
    let secret = client.client_secret.clone();
    page(&Shown { shell, room: ROOM, client, secret, but })
}

/// Gives it the chosen roles in other tenants, and says what did not go through: it is there by now.
async fn elsewhere(ask: &Ask, shell: &Shell, client: &Party, form: &Form) -> Vec<String> {
    let (tenants, Some(user)) = (form.lines("tenants"), &client.user) else { return Vec::new() };
    if tenants.is_empty() {
        return Vec::new();
    }
    let roles = form.all("roles");
    if roles.is_empty() {
        return vec!["It has no role in the other companies: no role was chosen.".to_owned()];
    }
    let mut but = Vec::new();
    for (i, role) in roles.iter().enumerate() {
        let scope = json!({ "kind": "tenants", "tenants": tenants });
        let grant = json!({ "user": user, "role": role, "scope": scope });
        let key = format!("{}.{i}", form.key());
        let sent = Sent::json(grant).key(&key);
        let given = ask.call::<Given>(Method::POST, &shell.api("/grants"), sent).await;
        if let Err(p) = given {
            let says = p.sentence();
            but.push(format!("It is made, but has no role in the other companies yet. {says}"));
        }
    }
    but
}

#[derive(Deserialize)]
struct Given {}
