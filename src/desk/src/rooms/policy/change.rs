//! Changing a part of a policy: the rest stays as it is at that moment, which must be what the form was made from. A form
//! has all of its part, so that an old one would undo what somebody else made stricter.

use super::{showing, sure};
use crate::{
    api::Sent,
    ask::{Answer, Ask, on},
    form::Form,
    nav::Section,
    problem::Problem,
    rooms::kit,
};
use axum::{extract::Path, http::Method};
use serde_json::{Map, Value, json};

/// Reads the policy, changes it, and sends it back.
async fn change(
    ask: &Ask,
    t: &str,
    (part, form): (&'static str, &Form),
    edit: impl FnOnce(&mut Map<String, Value>, &Form) -> Result<(), Problem>,
) -> Answer {
    if form.get("step") == "back" {
        return showing(ask, t, Some(form), None).await;
    }
    let shell = ask.shell(t, Section::Policy, "").await?;
    let path = shell.api("/policy");
    let was: Map<String, Value> = ask.get(&path).await?;
    let mut policy = was.clone();
    let edited = edit(&mut policy, form);
    if edited.is_ok()
        && let Some(asked) = sure::before(ask, t, (part, form), (&was, &policy)).await?
    {
        return asked;
    }
    let saved = async {
        edited?;
        let sent = Sent::json(&policy).version(form.some("version").map(str::to_owned));
        ask.call::<Value>(Method::PUT, &path, sent).await
    };
    match saved.await {
        Ok(_) => on(&format!("{}/policy", shell.base()), "saved"),
        Err(p) if p.mendable() => showing(ask, t, Some(form), Some(p)).await,
        Err(p) => Err(p.into()),
    }
}

/// Who needs a second factor.
pub(super) async fn mfa(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    change(&ask, &t, ("mfa", &form), |policy, form| {
        let mfa = policy.entry("mfa").or_insert_with(|| json!({}));
        mfa["default"] = form.get("mfa.default").into();
        if let Some(level) = form.some("mfa.level") {
            mfa["level"] = level.into();
        }
        // Roles that the form did not show stay as they are.
        let mut roles = mfa["roles"].as_object().cloned().unwrap_or_default();
        for (name, value) in form.pairs() {
            let Some(role) = name.strip_prefix("mfa.roles.") else { continue };
            if value.is_empty() {
                roles.remove(role);
            } else {
                roles.insert(role.to_owned(), value.into());
            }
        }
        mfa["roles"] = roles.into();
        Ok(())
    })
    .await
}

/// What the fields of one of the two tables say.
fn demands(policy: &mut Map<String, Value>, form: &Form, part: &str) -> Result<(), Problem> {
    let mut all = policy.get(part).and_then(Value::as_object).cloned().unwrap_or_default();
    let mut keys: Vec<String> = Vec::new();
    for (name, _) in form.pairs() {
        let row = name.strip_prefix(part).and_then(|r| r.strip_prefix('.'));
        keys.extend(row.and_then(|r| r.strip_suffix(".class")).map(str::to_owned));
    }
    let demand = |at: &str| -> Result<Value, Problem> {
        let mut demand = json!({ "class": form.get(&format!("{at}.class")) });
        if let Some(age) = kit::seconds(form, &format!("{at}.max_age"))? {
            demand["max_age"] = age.into();
        }
        Ok(demand)
    };
    for key in keys.iter().filter(|k| *k != "new") {
        all.insert(key.clone(), demand(&format!("{part}.{key}"))?);
    }
    for key in form.all("drop") {
        all.remove(&key);
    }
    let new = format!("{part}.new");
    if let Some(key) = form.some(&new) {
        all.insert(key.to_owned(), demand(&new)?);
    }
    policy.insert(part.to_owned(), all.into());
    Ok(())
}

/// What applications demand.
pub(super) async fn apps(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    change(&ask, &t, ("apps", &form), |policy, form| demands(policy, form, "apps")).await
}

/// What permissions demand.
pub(super) async fn permissions(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    change(&ask, &t, ("permissions", &form), |policy, form| demands(policy, form, "permissions"))
        .await
}

/// How long sessions and refresh tokens last.
pub(super) async fn lasting(ask: Ask, Path(t): Path<String>, form: Form) -> Answer {
    change(&ask, &t, ("lasting", &form), |policy, form| {
        for part in ["sessions", "refresh"] {
            let mut lasts = Map::new();
            for which in ["idle", "max"] {
                if let Some(s) = kit::seconds(form, &format!("{part}.{which}"))? {
                    lasts.insert(which.to_owned(), s.into());
                }
            }
            policy.insert(part.to_owned(), lasts.into());
        }
        Ok(())
    })
    .await
}
