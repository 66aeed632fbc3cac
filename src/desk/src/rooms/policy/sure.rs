//! Whether whoever saves a policy would still meet it: said before it is saved, since afterwards they may be shut out.

use super::{Role, roles, view};
use crate::{
    api::Page,
    ask::{Answer, Ask, Trouble, page},
    form::Form,
    nav::Section,
    rooms::directories,
    shell::Shell,
};
use askama::Template;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Template)]
#[template(path = "policy_sure.html")]
struct Sure {
    shell: Shell,
    form: Form,
    /// Which part of the policy: of the address.
    part: &'static str,
    /// What would be demanded.
    demanded: &'static str,
    /// What was proved.
    proved: String,
}

impl Sure {
    fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.form.pairs().filter(|(n, _)| *n != "step")
    }
}

/// A session of one's own.
#[derive(Deserialize)]
struct Session {
    #[serde(default)]
    this: bool,
    class: String,
}

/// A part of a policy that is not there.
static NONE: Value = Value::Null;

/// How strong a proof is: what is demanded, and what was proved.
fn strength(class: &str) -> u8 {
    match class {
        "attested" => 1,
        "mfa" => 2,
        "phr" => 3,
        _ => 0,
    }
}

fn stronger<'a>(one: &'a str, other: &'a str) -> &'a str {
    if strength(other) > strength(one) { other } else { one }
}

/// What a policy demands of whoever sits there. Of a role that is not told of, what holds for roles that could harm:
/// whoever saves policies has one.
fn demanded<'a>(policy: &'a Map<String, Value>, shell: &Shell, roles: &[Role]) -> &'a str {
    let mfa = policy.get("mfa").unwrap_or(&NONE);
    let level = mfa["level"].as_str().unwrap_or("mfa");
    let default = mfa["default"].as_str().unwrap_or("by_role");
    let unnamed = |harms: bool| match default {
        "always" => level,
        "by_role" if harms => level,
        _ => "none",
    };
    let Some(place) = shell.me.place() else { return "none" };
    let of_roles = place.roles.iter().map(|name| {
        let known = roles.iter().filter(|r| r.name == *name);
        let of = |r: &Role| mfa["roles"][&r.id].as_str().unwrap_or_else(|| unnamed(r.demands_mfa));
        known.map(of).reduce(stronger).unwrap_or_else(|| unnamed(true))
    });
    let of_roles = of_roles.reduce(stronger).unwrap_or_else(|| unnamed(false));
    let permissions = policy.get("permissions").unwrap_or(&NONE);
    let held = place.permissions.iter().filter_map(|p| permissions[p]["class"].as_str());
    held.fold(of_roles, stronger)
}

/// The page that says so, where a changed policy would demand of its saver what they have not proved.
pub(super) async fn before(
    ask: &Ask,
    t: &str,
    (part, form): (&'static str, &Form),
    (was, policy): (&Map<String, Value>, &Map<String, Value>),
) -> Result<Option<Answer>, Trouble> {
    if form.get("step") == "save" {
        return Ok(None);
    }
    let shell = ask.shell(t, Section::Policy, "This asks more of you than you have proved").await?;
    let roles = roles(ask, &shell).await?;
    let (before, after) = (demanded(was, &shell, &roles), demanded(policy, &shell, &roles));
    if strength(after) <= strength(before) {
        return Ok(None);
    }
    // Who acts by another way than a session cannot be warned of it.
    let Ok(all) = ask.get::<Page<Session>>("/me/sessions").await else { return Ok(None) };
    let Some(mine) = all.items.into_iter().find(|s| s.this) else { return Ok(None) };
    if strength(after) <= strength(&mine.class) {
        return Ok(None);
    }
    let demanded = view::class(after);
    let proved = directories::class(&mine.class).to_owned();
    let to = format!("{}/policy", shell.base());
    let shell = shell.crumb("Policies", to);
    Ok(Some(page(&Sure { shell, form: form.clone(), part, demanded, proved })))
}
