//! A change of a directory is done whole or not at all, and says what ended with it.

use super::stub::{World, signed_in, world};
use crate::{
    story,
    support::{TestDb, op::Seal, server::Answer},
};
use muster::{
    directories::{Edit, Provisioning, Stage, Status},
    error::Kind,
    provisioning,
};
use reqwest::Method;
use serde_json::{Value, json};

async fn the_world(t: &TestDb) -> World {
    world(t, "generic", json!({ "amr": ["mfa"] })).await
}

fn path(w: &World) -> String {
    format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory)
}

async fn patch(w: &World, body: Value) -> Answer {
    w.ours.as_owner(Method::PATCH, &path(w), Some(body)).await
}

async fn is(w: &World) -> Value {
    w.ours.get(&path(w)).await.expect(200).json()
}

/// What the trail has of directories, newest first.
async fn trail(w: &World) -> Vec<Value> {
    let path = format!("/api/v1/tenants/{}/audit?limit=200", w.tenant);
    let all = w.ours.get(&path).await.expect(200).json();
    let of = |e: &&Value| e["action"].as_str().unwrap().starts_with("directory.");
    all["items"].as_array().unwrap().iter().filter(of).cloned().collect()
}

story! {
    async fn a_change_of_which_a_part_is_refused_does_nothing(t) {
        let w = the_world(&t).await;
        // Enforced it would shut everybody out who administers.
        let ida = json!({ "kind": "tenant", "user_name": "ida@contoso.example", "email": "ida@contoso.example" });
        let made = w.ours.post(&format!("/api/v1/tenants/{}/users", w.tenant), ida).await.expect(201).json();
        let grant = json!({ "user": made["id"], "role": "Tenant Administrator" });
        w.ours.post(&format!("/api/v1/tenants/{}/grants", w.tenant), grant).await.expect(201);
        let id = made["id"].as_str().unwrap().parse().unwrap();
        crate::support::way_in(&w.ours.app.store, w.tenant, id).await;
        w.ours.post("/api/v1/domains", json!({ "domain": "contoso.example", "tenant": "contoso" })).await.expect(201);
        let (before, told) = (is(&w).await, trail(&w).await.len());
        let other = json!({ "issuer": w.op.issuer, "client_id": "another" });
        let unique = json!({ "unique_group_names": false });
        for (body, code, status) in [
            (json!({ "signin": other, "stage": "enforced" }), "last_administrator", 409),
            (json!({ "name": "New", "provisioning": unique, "stage": "enforced" }), "last_administrator", 409),
            (json!({ "signin": null, "status": "disabled", "stage": "active" }), "no_signin", 409),
            (json!({ "name": "New", "signin": other, "stage": "testing" }), "invalid", 400),
        ] {
            let no = patch(&w, body.clone()).await.expect(status).json();
            assert_eq!(no["code"], code, "{body}: {no}");
            assert_eq!(is(&w).await, before, "{body}");
            assert_eq!(trail(&w).await.len(), told, "{body}");
        }
        // All of it at once, by one look at the version: each part with its event.
        let seen = before["version"].as_i64();
        let edit = async || {
            let provisioning = Provisioning { unique_group_names: false, ..Provisioning::default() };
            let (status, stage) = (Some(Status::Disabled), Some(Stage::Draft));
            let edit = Edit { name: Some("New".into()), provisioning: Some(provisioning), status, stage, ..Edit::default() };
            let (app, permit) = (&w.ours.app, w.ours.permit(w.tenant).await);
            provisioning::edit(&app.store, &app.access, &permit, w.directory, seen, edit, &app.master).await
        };
        edit().await.unwrap();
        let done = is(&w).await;
        assert_eq!(
            (&done["name"], &done["status"], &done["stage"]),
            (&json!("New"), &json!("disabled"), &json!("draft")),
            "{done}"
        );
        let all = trail(&w).await;
        let news: Vec<&str> =
            all[..all.len() - told].iter().rev().map(|e| e["action"].as_str().unwrap()).collect();
        assert_eq!(news, ["directory.edit", "directory.provisioning", "directory.disable", "directory.stage"]);
        assert_eq!(edit().await.unwrap_err().kind(), Kind::Precondition);
    }
}

story! {
    async fn with_another_provider_nobody_stays_whom_it_could_not_sign_out(t) {
        let w = the_world(&t).await;
        let browser = w.ours.browser();
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        let to = |issuer: &str, client: &str| json!({ "signin": { "issuer": issuer, "client_id": client } });
        let same = patch(&w, to(&w.op.issuer, "another")).await.expect(200).json();
        assert_eq!(same["sessions_ended"], 0, "another client of the same provider: {same}");
        assert!(signed_in(&browser).await);
        let done = patch(&w, to("https://login.elsewhere.example", "another")).await.expect(200).json();
        assert_eq!(done["sessions_ended"], 1, "{done}");
        assert!(!signed_in(&browser).await);
    }
}

story! {
    async fn without_a_sign_in_half_nobody_stays_whom_the_provider_could_not_sign_out(t) {
        let w = the_world(&t).await;
        let (browser, other) = (w.ours.browser(), w.ours.browser());
        w.sign_in(&browser, Seal::Good, |_| {}).await;
        w.sign_in(&other, Seal::Good, |_| {}).await;
        assert!(signed_in(&browser).await && signed_in(&other).await);
        assert_eq!(patch(&w, json!({ "name": "Renamed" })).await.expect(200).json()["sessions_ended"], 0);
        assert!(signed_in(&browser).await);
        let done = patch(&w, json!({ "signin": null })).await.expect(200).json();
        assert_eq!((&done["signin"], &done["sessions_ended"]), (&Value::Null, &json!(2)), "{done}");
        assert!(!signed_in(&browser).await && !signed_in(&other).await);
        let all = trail(&w).await;
        let ended = all.iter().find(|e| e["action"] == "directory.sessions_ended").expect("an event");
        assert_eq!(ended["detail"]["sessions"], 2, "{ended}");
        assert!(is(&w).await.get("sessions_ended").is_none());
    }
}
