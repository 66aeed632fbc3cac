//! The company arrives: tenant, directory, people, groups, roles.

use super::super::{
    directory::Directory,
    play::{Play, unproved},
};
use crate::error::{Error, Result};
use reqwest::Method;
use serde_json::{Value, json};

/// The group whose members get a built-in role, and the role.
const OPERATIONS: (&str, &str) = ("IT Operations", "Technician");
/// The group whose members get a custom role, and the role.
const SERVICE_DESK: (&str, &str) = ("Service Desk", "Service desk");

/// The company's own login, then the tenant with a directory that trusts it.
pub(super) async fn set_up(p: &mut Play) -> Result<()> {
    let admin = json!({ "user_name": "admin@muster.example", "display_name": "Muster Admin" });
    let tenant = json!({ "slug": "provider", "name": "The provider", "provider": true });
    p.muster.post("/tenants", &tenant).await?;
    p.admin = p.muster.post("/administrators", &admin).await?;
    p.muster.post("/tenants", &json!({ "slug": "contoso", "name": "Contoso AG" })).await?;
    let directory = json!({ "name": "Contoso directory", "preset": "generic" });
    let made = p.muster.post("/tenants/contoso/directories", &directory).await?;
    let client = company_login(p, &made["redirect_uri"]).await?;
    let signin = json!({
        "issuer": p.company_url,
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        "scopes": ["profile", "email"],
        "rules": { "amr": ["mfa"] },
    });
    let id = made["id"].as_str().unwrap_or_default();
    let path = format!("/tenants/contoso/directories/{id}");
    p.muster.call(Method::PATCH, &path, Some(&json!({ "signin": signin }))).await?;
    let path = format!("{path}/scim-tokens");
    let token = p.muster.post(&path, &json!({})).await?;
    made["scim_base_url"].as_str().unwrap_or_default().clone_into(&mut p.scim_base);
    token["token"].as_str().unwrap_or_default().clone_into(&mut p.scim_token);
    p.directory = Some(Directory::new(p.http.clone(), &p.scim_base, &p.scim_token));
    Ok(())
}

/// At the company's login: Anna with password and one-time code, Ben with a password, and Muster as a client.
async fn company_login(p: &mut Play, redirect_uri: &Value) -> Result<Value> {
    let us = json!({ "slug": "contoso", "name": "Contoso login", "provider": true });
    p.company.post("/tenants", &us).await?;
    let users = "/tenants/contoso/users";
    for person in [&mut p.anna, &mut p.ben] {
        let new = json!({
            "kind": "technician", "user_name": person.upn, "display_name": person.name,
            "email": person.upn,
        });
        let made = p.company.post(users, &new).await?;
        made["id"].as_str().unwrap_or_default().clone_into(&mut person.object_id);
        let path = format!("{users}/{}/password", person.object_id);
        let password = json!({ "password": person.password });
        p.company.call(Method::PUT, &path, Some(&password)).await?;
    }
    let path = format!("{users}/{}/one-time-code", p.anna.object_id);
    let code = p.company.post(&path, &json!({})).await?;
    p.anna.otpauth = code["otpauth"].as_str().map(str::to_owned);
    let app = json!({ "name": "Muster", "redirect_uris": [redirect_uri], "trusted": true });
    p.company.post("/tenants/contoso/apps", &app).await
}

pub(super) async fn is_set_up(p: &mut Play) -> Result<String> {
    p.directory()?.test_connection().await?;
    let wrong = Directory::new(p.http.clone(), &p.scim_base, "mst_scim_guessed");
    if wrong.test_connection().await.is_ok() {
        return Err(unproved("the SCIM address answers to a guessed token"));
    }
    Ok(format!("Entra's connection test at {}; a guessed token is refused", p.scim_base))
}

pub(super) async fn provision(p: &mut Play) -> Result<()> {
    let directory = p.directory.take().ok_or_else(|| unproved("no directory was made"))?;
    let done = provision_by(&directory, p).await;
    p.directory = Some(directory);
    done
}

async fn provision_by(directory: &Directory, p: &mut Play) -> Result<()> {
    for person in [&mut p.anna, &mut p.ben] {
        person.scim_id = directory.provision(&person.object_id, person.upn, person.name).await?;
    }
    let both = [p.anna.scim_id.as_str(), p.ben.scim_id.as_str()];
    directory.group("6f1c0d52-1", OPERATIONS.0, &both[..1]).await?;
    directory.group("6f1c0d52-2", SERVICE_DESK.0, &both).await?;
    Ok(())
}

pub(super) async fn are_provisioned(p: &mut Play) -> Result<String> {
    let people = p.muster.get("/tenants/contoso/users?kind=tenant").await?;
    let people = people["items"].as_array().cloned().unwrap_or_default();
    for person in [&p.anna, &p.ben] {
        let it = people.iter().find(|u| u["external_id"] == person.object_id.as_str());
        let it = it.ok_or_else(|| unproved(format!("{} is not there", person.name)))?;
        if it["active"] != true || it["user_name"] != person.upn {
            return Err(unproved(format!("{} is there, but not as sent: {it}", person.name)));
        }
    }
    let groups = p.muster.get("/tenants/contoso/groups").await?;
    let mut counts = Vec::new();
    for (name, members) in [(OPERATIONS.0, 1), (SERVICE_DESK.0, 2)] {
        let all = groups["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let group = all.iter().find(|g| g["display_name"] == name);
        let id = group.and_then(|g| g["id"].as_str());
        let id = id.ok_or_else(|| unproved(format!("there is no group '{name}'")))?;
        let group = p.muster.get(&format!("/tenants/contoso/groups/{id}")).await?;
        let found = group["members"].as_array().map_or(0, Vec::len);
        if found != members {
            return Err(unproved(format!("'{name}' has {found} members, not {members}")));
        }
        counts.push(format!("{name} ({members})"));
    }
    Ok(format!(
        "{} and {} are active, joined by the directory's immutable ids; groups {}",
        p.anna.name,
        p.ben.name,
        counts.join(", ")
    ))
}

pub(super) async fn map_roles(p: &mut Play) -> Result<()> {
    let role = json!({
        "name": SERVICE_DESK.1,
        "description": "Helps people with their accounts.",
        "permissions": ["users.view", "users.edit"],
    });
    p.muster.post("/tenants/contoso/roles", &role).await?;
    for (group, role) in [OPERATIONS, SERVICE_DESK] {
        let mapping = json!({ "group": group, "role": role });
        p.muster.post("/tenants/contoso/mappings", &mapping).await?;
    }
    Ok(())
}

pub(super) async fn roles_are_explained(p: &mut Play) -> Result<String> {
    let explained = async |user: &str, permission: &str| {
        let query = format!("user={user}&permission={permission}");
        p.muster.get(&format!("/tenants/contoso/explain?{query}")).await
    };
    let mut told = Vec::new();
    for (permission, group, role) in [
        ("computers.view", OPERATIONS.0, OPERATIONS.1),
        ("users.edit", SERVICE_DESK.0, SERVICE_DESK.1),
    ] {
        let answer = explained(&p.anna.scim_id, permission).await?;
        let via = &answer["paths"][0];
        let as_said = answer["allowed"] == true
            && via["via"]["group_name"] == group
            && via["role"]["name"] == role;
        if !as_said {
            return Err(unproved(format!("{permission} is not explained by '{group}': {answer}")));
        }
        told.push(format!("{permission} <- {role} <- {group}"));
    }
    if explained(&p.ben.scim_id, "computers.view").await?["allowed"] != false {
        return Err(unproved("Ben may see computers, though he is in no group that says so"));
    }
    Ok::<_, Error>(format!("Anna has {}; Ben, who is not in IT, has not", told.join(" and ")))
}
