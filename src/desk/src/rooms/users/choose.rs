//! What forms offer to choose from: the first so many of each, never all.

use crate::{
    api::{Client, Page},
    ask::Ask,
    form::Form,
    problem::Problem,
    shell::Shell,
    text,
};
use serde::{Deserialize, de::DeserializeOwned};

/// So many are offered.
const OFFERED: &str = "?limit=200";

/// A role that can be given.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct Role {
    pub(in crate::rooms) id: String,
    pub(in crate::rooms) name: String,
    #[serde(default)]
    pub(in crate::rooms) description: String,
    #[serde(default)]
    pub(in crate::rooms) demands_mfa: bool,
    #[serde(default)]
    pub(in crate::rooms) built_in: bool,
}

/// Anything with a name.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct Named {
    pub(in crate::rooms) id: String,
    pub(in crate::rooms) name: String,
}

/// A company.
#[derive(Debug, Deserialize)]
pub(in crate::rooms) struct Company {
    pub(in crate::rooms) id: String,
    pub(in crate::rooms) slug: String,
    pub(in crate::rooms) name: String,
}

/// The roles of the tenant at this address of the API.
pub(in crate::rooms) async fn roles(ask: &Ask, tenant: &str) -> Result<Vec<Role>, Problem> {
    let found: Page<Role> = ask.get(&format!("{tenant}/roles{OFFERED}")).await?;
    Ok(found.items)
}

/// The roles of the company of this page, for whoever may give any.
pub(in crate::rooms) async fn roles_here(ask: &Ask, shell: &Shell) -> Result<Vec<Role>, Problem> {
    if !shell.may("users.manage_roles") {
        return Ok(Vec::new());
    }
    roles(ask, &shell.api("")).await
}

/// Its directories, for whoever may see the company's settings.
pub(in crate::rooms) async fn directories_here(
    ask: &Ask,
    shell: &Shell,
) -> Result<Vec<Named>, Problem> {
    if !shell.may("system.view_settings") {
        return Ok(Vec::new());
    }
    directories(ask, &shell.api("")).await
}

/// Those that can be given in one company: the whole instance's is given on the instance.
pub(in crate::rooms) fn given(mut roles: Vec<Role>) -> Vec<Role> {
    roles.retain(|r| !(r.built_in && r.name == INSTANCE));
    roles
}

/// The role that is held on the whole instance.
pub(in crate::rooms) const INSTANCE: &str = "Global Administrator";

/// Its directories.
async fn directories(ask: &Ask, tenant: &str) -> Result<Vec<Named>, Problem> {
    let found: Page<Named> = ask.get(&format!("{tenant}/directories{OFFERED}")).await?;
    Ok(found.items)
}

/// Companies in which whoever asks has anything, by part of their name.
pub(in crate::rooms) async fn companies(
    ask: &Ask,
    part: &str,
    limit: &str,
) -> Result<Vec<Company>, Problem> {
    let query = text::query([("text", part), ("limit", limit)]);
    let found: Page<Company> = ask.get(&format!("/tenants{query}")).await?;
    Ok(found.items)
}

/// The people of the company at `at` (as the API addresses it) whose names or addresses begin with `word`; where nobody's
/// do, those who have it anywhere in them.
pub(in crate::rooms) async fn called<T: DeserializeOwned>(
    c: &Client,
    at: &str,
    word: &str,
    limit: &str,
) -> Result<Page<T>, Problem> {
    let look = async |by| {
        let query = text::query([(by, word), ("limit", limit)]);
        c.get::<Page<T>>(&format!("{at}/users{query}")).await
    };
    let found = look("starts").await?;
    if found.items.is_empty() { look("text").await } else { Ok(found) }
}

/// Whether the tenant is the platform's own company, whose people may work in others.
pub(in crate::rooms) fn provider(shell: &Shell) -> bool {
    shell.me.place().is_some_and(|p| p.provider)
}

/// The kinds of people that somebody may make here.
pub(in crate::rooms) fn kinds(shell: &Shell) -> Vec<(&'static str, &'static str)> {
    let mut kinds = vec![("tenant", "User: works in this company")];
    if provider(shell) {
        kinds.push(("technician", "Technician: works in companies given to them"));
        if shell.global() {
            kinds.push(("administrator", "Administrator: runs the platform"));
        }
    }
    kinds
}

/// A form is not shown to whom it would refuse.
pub(in crate::rooms) fn needed(shell: &Shell, permission: &str) -> Result<(), Problem> {
    if shell.may(permission) {
        return Ok(());
    }
    Err(Problem {
        status: 403,
        detail: format!("the permission '{permission}' is needed here"),
        code: "forbidden".to_owned(),
        ..Problem::default()
    })
}

/// Languages of letters.
pub(in crate::rooms) const LOCALES: [(&str, &str); 3] =
    [("", "The company's"), ("en", "English"), ("de", "German")];

/// Two fields that stand in one row, as often as they were sent.
pub(in crate::rooms) fn rows(form: &Form, one: &str, two: &str) -> Vec<(String, String)> {
    let all = |name: &str| -> Vec<String> {
        form.pairs().filter(|(n, _)| *n == name).map(|(_, v)| v.trim().to_owned()).collect()
    };
    all(one).into_iter().zip(all(two)).collect()
}

/// A refusal, as our forms call their fields; `named`: whether the form said what the person signs in with.
pub(in crate::rooms) fn ours(mut p: Problem, named: bool) -> Problem {
    let name = match p.field.as_deref() {
        Some("userName" | "user_name") if !named => "email",
        Some("userName") => "user_name",
        Some("displayName") => "display_name",
        Some("emails") => "email",
        Some(other) => other,
        None => return p,
    };
    if p.code == "uniqueness" {
        "somebody here signs in with that already".clone_into(&mut p.detail);
    }
    p.field = Some(name.to_owned());
    p
}
