//! What an administrator states in writing of a provider that says nothing itself; and the presets by the API.

use crate::{
    declared,
    federation::stub::{TID, signed_in, world},
    story,
    support::{TestServer, op::Seal},
};
use muster::protocol::oidc::Preset;
use reqwest::Method;
use serde_json::{Value, json};

const WORD: &str = "Two-step verification is enforced for everybody in Workspace.";

fn silent(c: &mut Value) {
    c.as_object_mut().unwrap().remove("amr");
}

story!(async fn a_written_word_counts_where_the_policy_says_so_and_is_never_a_proof(t) {
    let w = world(&t, "google", json!({})).await;
    w.grant("Tenant Administrator").await;
    w.policy(json!({ "mfa": { "level": "attested" } })).await;
    let browser = w.ours.browser();
    let refused = w.sign_in(&browser, Seal::Good, silent).await;
    assert_eq!(w.reason(&refused).await, "mfa_not_proved", "it is off by default");
    w.rules(json!({ "attested": WORD })).await;
    w.sign_in(&browser, Seal::Good, silent).await;
    assert!(signed_in(&browser).await);
    let session = w.session().await;
    assert_eq!((&session["class"], &session["evidence"]["rule"]), (&json!("attested"), &json!("google:attested")));
    let said = &session["evidence"]["attested"];
    assert_eq!((&said["by"], &said["statement"]), (&json!("owner"), &json!(WORD)));
    // What the token says itself is not outweighed.
    let other = w.ours.browser();
    for own in [json!(["pwd"]), json!(["hwk"]), json!("pwd")] {
        let refused = w.sign_in(&other, Seal::Good, |c| c["amr"] = own.clone()).await;
        assert_eq!(w.reason(&refused).await, "mfa_not_proved", "{own}");
    }
    // Where proof is demanded it is none, in a running session as well.
    w.policy(json!({})).await;
    let refused = w.sign_in(&other, Seal::Good, silent).await;
    assert_eq!(w.record(&refused).await["detail"]["seen"]["evidence"]["class"], "attested");
    let users = browser.get(&format!("/api/v1/tenants/{}/users", w.tenant)).await.expect(403).json();
    assert_eq!(users["code"], "mfa_not_proved");
});

story!(async fn who_stated_it_and_when_is_written_down(t) {
    let w = world(&t, "google", json!({ "attested": WORD })).await;
    let path = format!("/api/v1/tenants/{}/directories/{}", w.tenant, w.directory);
    let said = async || w.ours.get(&path).await.expect(200).json()["attested"].take();
    let first = said().await;
    assert_eq!(first["by"], "owner");
    // Another change of the half leaves whose word it is; another word is somebody's anew; without one there is none.
    w.rules(json!({ "attested": WORD, "max_age": 600 })).await;
    assert_eq!(said().await, first);
    w.rules(json!({ "attested": "Duo's policy demands two factors everywhere." })).await;
    let second = said().await;
    assert!(second["at"].as_str() > first["at"].as_str(), "{second}");
    w.rules(json!({})).await;
    assert_eq!(said().await, Value::Null);
    let trail = w.ours.get(&format!("/api/v1/tenants/{}/audit", w.tenant)).await.expect(200).json();
    let trail = trail["items"].as_array().unwrap();
    let attests: Vec<&Value> = trail.iter().filter(|e| e["action"] == "directory.attest").collect();
    assert_eq!(attests.len(), 3, "{trail:?}");
    assert_eq!((&attests[2]["detail"]["from"], &attests[2]["detail"]["to"]), (&Value::Null, &json!(WORD)));
    assert_eq!(attests[0]["detail"]["to"], Value::Null);
    assert!(attests.iter().all(|e| e["actor"] == "owner"));
});

story!(async fn every_preset_can_be_chosen_and_only_one_has_the_issuer_of_v1(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let path = format!("/api/v1/tenants/{acme}/directories");
    let v1 = format!("https://sts.windows.net/{TID}/");
    let v2 = format!("https://login.microsoftonline.com/{TID}/v2.0");
    for p in Preset::ALL {
        let new = |issuer: &str| json!({
            "name": format!("{p:?} {issuer}"), "preset": p.as_str(),
            "signin": { "issuer": issuer, "client_id": "muster" },
        });
        let one = p == Preset::EntraV1;
        let (good, bad) = if one { (&v1, &v2) } else { (&v2, &v1) };
        let made = s.post(&path, new(good)).await.expect(201).json();
        assert_eq!(made["preset"], p.as_str());
        assert_eq!(s.post(&path, new(bad)).await.expect(400).json()["field"], "issuer", "{p:?}");
        // Nor does it become so by a change of either half of the pair.
        let at = format!("{path}/{}", made["id"].as_str().unwrap());
        let other = if one { "entra" } else { "entra_v1" };
        for change in [json!({ "preset": other }), json!({ "signin": { "issuer": bad, "client_id": "muster" } })] {
            let e = s.as_owner(Method::PATCH, &at, Some(change)).await.expect(400).json();
            assert_eq!(e["field"], "issuer", "{p:?}");
        }
    }
    let e = s.post(&path, json!({ "name": "X", "preset": "entra-v1" })).await.expect(400).json();
    assert_eq!(e["field"], "preset");
});

story!(async fn presets_rules_and_demands_travel_in_a_file(t) {
    let s = TestServer::start(&t).await;
    let sh = declared::root(&s).await;
    let acme = s.tenant("acme").await;
    let secret = sh.file("secret.txt");
    std::fs::write(&secret, "s").unwrap();
    let secret = secret.to_str().unwrap();
    let made = sh.run(&[
        "directory", "create", "acme", "Keycloak", "--preset", "keycloak", "--issuer", "https://kc.example/realms/acme",
        "--client-id", "muster", "--client-secret-file", secret, "--mfa-acr", "2", "--two-classes",
    ]).await;
    assert_eq!(made["signin"]["rules"]["two_classes"], true);
    let google = sh.run(&[
        "directory", "create", "acme", "Google", "--preset", "google", "--issuer", "https://accounts.google.com",
        "--client-id", "muster", "--client-secret-file", secret, "--attest", WORD,
    ]).await;
    assert!(google["attested"]["by"].as_str().unwrap().starts_with("user:"), "{google}");
    sh.run(&["directory", "create", "acme", "Old", "--preset", "entra-v1"]).await;
    let app = s.app(acme, |_| {}).await;
    let app = format!("{}=attested,3600", app.client_id);
    sh.run(&["policy", "set", "acme", "--level", "attested", "--app", &app, "--permission", "users.delete=mfa,900"]).await;
    let policy = sh.run(&["policy", "show", "acme"]).await;
    assert_eq!(policy["mfa"]["level"], "attested");
    assert_eq!(policy["permissions"]["users.delete"], json!({ "class": "mfa", "max_age": 900 }));
    let said = sh.refused(&["policy", "set", "acme", "--permission", "users.delete=mfa,soon"]).await;
    assert!(said.contains("soon"), "{said}");
    let (status, text, err) = sh.says(&["export", "acme"]).await;
    assert_eq!(status, 0, "{err}");
    for part in ["preset = \"keycloak\"", "preset = \"entra_v1\"", "two_classes = true", WORD, "level = \"attested\"", "max_age = 900"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let file = sh.file("acme.toml");
    std::fs::write(&file, &text).unwrap();
    let path = file.to_str().unwrap();
    let told = sh.run(&["apply", path, "--dry-run", "--prune"]).await;
    assert_eq!(told["steps"], json!([]), "{told}");
    std::fs::write(&file, text.replace("max_age = 900", "max_age = 600").replace("two_classes = true", "two_classes = false")).unwrap();
    sh.run(&["apply", path, "--yes"]).await;
    let policy = sh.run(&["policy", "show", "acme"]).await;
    assert_eq!(policy["permissions"]["users.delete"]["max_age"], 600);
    let shown = sh.run(&["directory", "show", "acme", "Keycloak"]).await;
    assert_eq!(shown["signin"]["rules"]["two_classes"], false);
    assert_eq!(shown["signin"]["rules"]["acr"], json!(["2"]));
});
