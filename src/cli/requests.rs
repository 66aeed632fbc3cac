//! What each verb asks of the admin API.

use super::{
    reach::Reach,
    verbs::{
        App, Directory, Grant, Integration, Keys, Kind, Mapping, MfaDefault, NewDirectory,
        NewPerson, Policy, Preset, Role, ScimToken, Tenant, User, Verb,
    },
};
use crate::error::{Error, Result};
use axum::http::Method;
use serde_json::{Map, Value, json};
use std::path::Path;
use url::form_urlencoded;

/// Does it; what comes back is printed.
pub(super) async fn run(verb: Verb, r: &Reach) -> Result<Value> {
    match verb {
        Verb::Tenant(v) => tenant(v, r).await,
        Verb::Directory(v) => directory(v, r).await,
        Verb::ScimToken(v) => scim_token(v, r).await,
        Verb::Role(v) => role(v, r).await,
        Verb::Mapping(v) => mapping(v, r).await,
        Verb::Grant(v) => grant(v, r).await,
        Verb::Policy(v) => policy(v, r).await,
        Verb::App(v) => app(v, r).await,
        Verb::Integration(v) => integration(v, r).await,
        Verb::User(v) => user(v, r).await,
        Verb::Explain { tenant, user, permission, home } => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("user", &user).append_pair("permission", &permission);
            if let Some(home) = home {
                query.append_pair("home", &home);
            }
            r.get(&format!("{}/explain?{}", at(&tenant), query.finish())).await
        }
        Verb::Keys(Keys::List) => r.get("/keys").await,
        Verb::Keys(Keys::Rotate { at_once }) => {
            r.post("/keys/rotate", &json!({ "at_once": at_once })).await
        }
    }
}

/// `/tenants/{tenant}`; the text is the user's, so it is escaped.
fn at(tenant: &str) -> String {
    format!("/tenants/{}", escaped(tenant))
}

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// An object without the fields that are null.
fn given(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.into_iter().filter(|(_, v)| !v.is_null()).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// The id of what is called `name` in the list at `path`; an id passes as it is.
async fn id_of(r: &Reach, path: &str, field: &str, what: &str, name: &str) -> Result<String> {
    if uuid::Uuid::try_parse(name).is_ok() {
        return Ok(name.to_owned());
    }
    let list = r.get(path).await?;
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let folded = name.to_lowercase();
    let is_it = |i: &&Value| i[field].as_str().is_some_and(|n| n.to_lowercase() == folded);
    let mut found = items.iter().filter(is_it).filter_map(|i| i["id"].as_str());
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id.to_owned()),
        (Some(_), Some(_)) => {
            Err(Error::conflict(format!("more than one {what} is called '{name}'; give the id")))
        }
        (None, _) => Err(Error::not_found(format!("{what} '{name}'"))),
    }
}

async fn tenant(v: Tenant, r: &Reach) -> Result<Value> {
    let set = |tenant: String, status: &'static str| async move {
        r.call(Method::PATCH, &at(&tenant), Some(&json!({ "status": status }))).await
    };
    match v {
        Tenant::Create { slug, name, provider } => {
            let name = name.unwrap_or_else(|| slug.clone());
            r.post("/tenants", &json!({ "slug": slug, "name": name, "provider": provider })).await
        }
        Tenant::List => r.get("/tenants").await,
        Tenant::Suspend { tenant } => set(tenant, "suspended").await,
        Tenant::Resume { tenant } => set(tenant, "active").await,
    }
}

async fn directory(v: Directory, r: &Reach) -> Result<Value> {
    match v {
        Directory::Create(new) => {
            let path = format!("{}/directories", at(&new.tenant));
            r.post(&path, &new_directory(*new)?).await
        }
        Directory::List { tenant } => r.get(&format!("{}/directories", at(&tenant))).await,
    }
}

fn new_directory(new: NewDirectory) -> Result<Value> {
    let preset = match new.preset {
        Preset::Entra => "entra",
        Preset::Okta => "okta",
        Preset::Google => "google",
        Preset::Generic => "generic",
    };
    let secret = match (new.client_secret, new.client_secret_file) {
        (Some(secret), _) => Some(secret),
        (None, Some(file)) => Some(text_of(&file)?),
        (None, None) => None,
    };
    let signin = new.issuer.map(|issuer| {
        given(json!({
            "issuer": issuer, "client_id": new.client_id, "client_secret": secret,
            "scopes": new.scopes,
            "rules": {
                "amr": new.mfa_amr, "acr": new.mfa_acr, "acr_phr": new.phr_acr,
                "acrs": new.auth_context,
            },
        }))
    });
    Ok(given(json!({ "name": new.name, "preset": preset, "signin": signin })))
}

/// A secret from a file (`-`: stdin), without the newline at its end.
fn text_of(file: &Path) -> Result<String> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.map_err(|e| Error::invalid(format!("cannot read {}: {e}", file.display())))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

async fn scim_token(v: ScimToken, r: &Reach) -> Result<Value> {
    let path = |tenant: String, directory: String| async move {
        let all = format!("{}/directories", at(&tenant));
        let id = id_of(r, &all, "name", "directory", &directory).await?;
        Ok::<_, Error>(format!("{all}/{id}/scim-tokens"))
    };
    match v {
        ScimToken::Create { tenant, directory, expires_at } => {
            let body = given(json!({ "expires_at": expires_at }));
            r.post(&path(tenant, directory).await?, &body).await
        }
        ScimToken::List { tenant, directory } => r.get(&path(tenant, directory).await?).await,
        ScimToken::Revoke { tenant, directory, token } => {
            let path = format!("{}/{}", path(tenant, directory).await?, escaped(&token));
            r.call(Method::DELETE, &path, None).await
        }
    }
}

async fn role(v: Role, r: &Reach) -> Result<Value> {
    match v {
        Role::Create { tenant, name, permissions, description, offered } => {
            let body = json!({
                "name": name, "permissions": permissions, "description": description,
                "offered": offered,
            });
            r.post(&format!("{}/roles", at(&tenant)), &body).await
        }
        Role::List { tenant } => r.get(&format!("{}/roles", at(&tenant))).await,
    }
}

async fn mapping(v: Mapping, r: &Reach) -> Result<Value> {
    match v {
        Mapping::Create { tenant, group, role, in_tenant, everywhere } => {
            let body = given(json!({
                "group": group, "role": role, "in_tenant": in_tenant, "everywhere": everywhere,
            }));
            r.post(&format!("{}/mappings", at(&tenant)), &body).await
        }
        Mapping::List { tenant } => r.get(&format!("{}/mappings", at(&tenant))).await,
    }
}

async fn grant(v: Grant, r: &Reach) -> Result<Value> {
    match v {
        Grant::Add { tenant, user, role, home, everywhere, until, reason } => {
            let home = if everywhere { Some(tenant.clone()) } else { home };
            let body = given(json!({
                "user": user, "role": role, "home": home, "valid_to": until, "reason": reason,
            }));
            let path =
                if everywhere { "/grants".to_owned() } else { format!("{}/grants", at(&tenant)) };
            r.post(&path, &body).await
        }
        Grant::List { tenant } => r.get(&format!("{}/grants", at(&tenant))).await,
    }
}

async fn policy(v: Policy, r: &Reach) -> Result<Value> {
    match v {
        Policy::Set { tenant, mfa, roles } => {
            let default = match mfa {
                MfaDefault::ByRole => "by_role",
                MfaDefault::Always => "always",
                MfaDefault::Never => "never",
            };
            let all = format!("{}/roles", at(&tenant));
            let mut by_role = Map::new();
            for (name, what) in roles {
                let id = id_of(r, &all, "name", "role", &name).await?;
                by_role.insert(id, what.into());
            }
            let body = json!({ "mfa": { "default": default, "roles": by_role } });
            r.call(Method::PUT, &format!("{}/policy", at(&tenant)), Some(&body)).await
        }
        Policy::Show { tenant } => r.get(&format!("{}/policy", at(&tenant))).await,
    }
}

async fn app(v: App, r: &Reach) -> Result<Value> {
    match v {
        App::Create { tenant, name, redirect_uris, scopes, public } => {
            let scopes = (!scopes.is_empty()).then_some(scopes);
            let body = given(json!({
                "name": name, "redirect_uris": redirect_uris, "scopes": scopes, "public": public,
            }));
            r.post(&format!("{}/apps", at(&tenant)), &body).await
        }
        App::List { tenant } => r.get(&format!("{}/apps", at(&tenant))).await,
    }
}

async fn integration(v: Integration, r: &Reach) -> Result<Value> {
    match v {
        Integration::Create { tenant, name, scopes, roles } => {
            let body = json!({ "name": name, "scopes": scopes, "roles": roles });
            r.post(&format!("{}/integrations", at(&tenant)), &body).await
        }
        Integration::List { tenant } => r.get(&format!("{}/integrations", at(&tenant))).await,
    }
}

async fn user(v: User, r: &Reach) -> Result<Value> {
    let switch = |tenant: String, user: String, on: bool| async move {
        let all = format!("{}/users", at(&tenant));
        let query = format!("{all}?limit=1000&text={}", escaped(&user));
        let id = id_of(r, &query, "user_name", "user", &user).await?;
        r.call(Method::PATCH, &format!("{all}/{id}"), Some(&json!({ "enabled": on }))).await
    };
    match v {
        User::Add(new) => add_user(new, r).await,
        User::List { tenant, text } => {
            let query = text.map_or_else(String::new, |t| format!("?text={}", escaped(&t)));
            r.get(&format!("{}/users{query}", at(&tenant))).await
        }
        User::Disable { tenant, user } => switch(tenant, user, false).await,
        User::Enable { tenant, user } => switch(tenant, user, true).await,
    }
}

async fn add_user(new: NewPerson, r: &Reach) -> Result<Value> {
    let kind = match new.kind {
        Kind::Administrator => "administrator",
        Kind::Technician => "technician",
        Kind::Tenant => "tenant",
    };
    // Read before anything is made: a file that is not there must not leave half a person.
    let password = new.password_file.as_deref().map(text_of).transpose()?;
    let all = format!("{}/users", at(&new.tenant));
    let body = given(json!({
        "kind": kind, "user_name": new.user_name, "display_name": new.display_name,
        "email": new.email,
    }));
    let mut made = r.post(&all, &body).await?;
    let id = made["id"].as_str().unwrap_or_default().to_owned();
    if let Some(password) = password {
        let body = json!({ "password": password });
        r.call(Method::PUT, &format!("{all}/{id}/password"), Some(&body)).await?;
    }
    if new.one_time_code {
        let code = r.post(&format!("{all}/{id}/one-time-code"), &json!({})).await?;
        made["otpauth"] = code["otpauth"].clone();
    }
    Ok(made)
}
