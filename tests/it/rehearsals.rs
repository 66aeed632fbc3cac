//! A plan is tried before it is begun: by the handlers that would do it, with the rights of whoever asks, and nothing stays.

use crate::{
    api::own,
    declared::root,
    remote::{Shell, token},
    story,
    support::{person::CALLBACK, server::TestServer},
};
use serde_json::{Value, json};

const FILE: &str = "muster.toml";

/// What would be refused, by the number of the step.
fn refused(told: &Value) -> Vec<(u64, String)> {
    let all = told["steps"].as_array().expect("steps").iter();
    let why = |s: &Value| match (&s["why"], &s["needs"]) {
        (Value::Null, Value::Null) => None,
        (Value::Null, n) => Some(format!("needs {n}")),
        (why, _) => Some(why.as_str().expect("a text").to_owned()),
    };
    all.filter_map(|s| Some((s["step"].as_u64().expect("a number"), why(s)?))).collect()
}

story!(async fn steps_are_tried_one_after_the_other_and_nothing_stays(t) {
    let s = TestServer::start(&t).await;
    s.provider().await;
    s.tenant("acme").await;
    let trail = own(&s, "GET", "/audit?limit=1", Value::Null).await.expect(200).json();
    let steps = json!({ "steps": [
        { "as": "night", "method": "POST", "path": "/tenants/acme/roles",
          "body": { "name": "Night", "permissions": ["computers.view"] } },
        { "method": "PATCH", "path": "/tenants/acme/roles/{night}", "body": { "description": "{no word}" } },
        { "method": "PUT", "path": "/tenants/acme/default-role", "body": { "role": "{night}" } },
        { "method": "PUT", "path": "/tenants/acme/policy", "body": { "mfa": { "roles": { "{night}": "phr" } } } },
        { "as": "odd", "method": "POST", "path": "/tenants/acme/roles",
          "body": { "name": "Odd", "permissions": ["no.such"] } },
        { "method": "PATCH", "path": "/tenants/acme/roles/{odd}", "body": { "description": "of nothing" } },
        { "method": "POST", "path": "/tenants/acme/roles",
          "body": { "name": "Night", "permissions": ["computers.view"] } },
        { "as": "app", "method": "POST", "path": "/tenants/acme/apps",
          "body": { "name": "Portal", "redirect_uris": [CALLBACK] } },
        { "method": "PATCH", "path": "/tenants/acme/apps/{app}", "body": { "enabled": false } },
        { "as": "new", "method": "POST", "path": "/tenants", "body": { "slug": "new", "name": "New" } },
        { "method": "POST", "path": "/tenants/new/directories", "body": { "name": "Okta", "preset": "okta" } },
        { "method": "POST", "path": "/domains", "body": { "domain": "new.example", "tenant": "new" } },
    ]});
    let told = own(&s, "POST", "/rehearsals", steps).await.expect(200).json();
    let all = refused(&told);
    assert_eq!((told["refused"].as_u64(), all.len()), (Some(3), 3), "{told}");
    assert!(all[0].0 == 5 && all[0].1.contains("no.such"), "{told}");
    assert_eq!((all[1].0, all[1].1.as_str()), (6, "needs 5"));
    assert_eq!((all[2].0, told["steps"][6]["status"].as_u64()), (7, Some(409)), "{told}");
    assert_eq!(told["steps"][4]["field"], "permissions", "{told}");
    // Nothing of it is there.
    let roles = own(&s, "GET", "/tenants/acme/roles", Value::Null).await.expect(200).text;
    assert!(!roles.contains("Night"), "{roles}");
    assert_eq!(own(&s, "GET", "/tenants/acme/default-role", Value::Null).await.json()["role"], Value::Null);
    own(&s, "GET", "/tenants/new", Value::Null).await.expect(404);
    let after = own(&s, "GET", "/audit?limit=1", Value::Null).await.expect(200).json();
    assert_eq!(after["items"], trail["items"], "no event of it");
    // And the server works as before.
    let role = json!({ "name": "Night", "permissions": ["computers.view"] });
    own(&s, "POST", "/tenants/acme/roles", role).await.expect(201);

    for (steps, field) in [
        (json!([]), "steps"),
        (json!([{ "method": "GET", "path": "/tenants" }]), "steps[0].path"),
        (json!([{ "method": "POST", "path": "/tenants/acme/invitations", "body": {} }]), "steps[0].path"),
        (json!([{ "method": "DELETE", "path": "/tenants/acme" }]), "steps[0].path"),
        (json!([{ "as": "{x}", "method": "POST", "path": "/tenants" }]), "steps[0].as"),
        (json!(vec![json!({ "method": "POST", "path": "/tenants" }); 1001]), "steps"),
    ] {
        let a = own(&s, "POST", "/rehearsals", json!({ "steps": steps })).await.expect(400).json();
        assert_eq!(a["field"], field, "{a}");
    }
});

story!(async fn a_tenants_administrator_tries_what_is_of_their_tenant_with_their_own_rights(t) {
    let s = TestServer::start(&t).await;
    s.provider().await;
    let acme = s.tenant("acme").await;
    let other = s.tenant("other").await;
    let sh = Shell::new(&s, &token(&s, acme).await);
    let c = s.browser();
    let bearer = std::fs::read_to_string(&sh.token).unwrap().trim().to_owned();
    let ask = async |path: &str, steps: Value| {
        let r = c.request(reqwest::Method::POST, &format!("/api/v1{path}")).bearer_auth(&bearer);
        c.send(r.json(&json!({ "steps": steps }))).await
    };
    let role = |t: &str| json!({ "method": "POST", "path": format!("/tenants/{t}/roles"),
        "body": { "name": "R", "permissions": ["computers.view"] } });
    ask("/rehearsals", json!([role("acme")])).await.expect(403);
    ask("/tenants/other/rehearsals", json!([role("other")])).await.expect(404);
    ask(&format!("/tenants/{other}/rehearsals"), json!([role("other")])).await.expect(404);
    let told = ask("/tenants/acme/rehearsals", json!([role("acme"), role(&acme.to_string())])).await;
    let told = told.expect(200).json();
    assert_eq!((told["steps"][0]["status"].as_u64(), told["steps"][1]["status"].as_u64()), (Some(201), Some(409)));
    let a = ask("/tenants/acme/rehearsals", json!([role("acme"), role("other")])).await.expect(400).json();
    assert_eq!(a["field"], "steps[1].path", "{a}");
    // Another tenant in the body looks like one that is not there.
    let map = |t: &str| json!([{ "method": "POST", "path": "/tenants/acme/mappings",
        "body": { "group": "00000000-0000-0000-0000-000000000000", "role": "Read-Only", "in_tenant": t } }]);
    let why = async |t: &str| {
        let told = ask("/tenants/acme/rehearsals", map(t)).await.expect(200).json();
        (told["steps"][0]["status"].clone(), told["steps"][0]["why"].clone())
    };
    assert_eq!(why("other").await, why("no-such").await);

    // The same by a file: what is not theirs is said before anything is done.
    let file = sh.file(FILE);
    let path = file.to_str().unwrap();
    let own = "[[tenant]]\nslug = \"acme\"\nname = \"acme\"\n[[tenant.role]]\nname = \"R\"\npermissions = [\"computers.view\"]\n";
    std::fs::write(&file, format!("{own}[[tenant]]\nslug = \"new\"\nname = \"New\"\n")).unwrap();
    let e = sh.refused(&["apply", path, "--yes"]).await;
    assert!(e.contains("nothing was done") && e.contains("tenant new: "), "{e}");
    assert!(sh.refused(&["role", "show", "acme", "R"]).await.contains("not found"));
    std::fs::write(&file, own).unwrap();
    let told = sh.run(&["apply", path, "--yes"]).await;
    assert_eq!((told["steps"][0]["done"].as_bool(), told.get("unchecked")), (Some(true), None), "{told}");
    sh.run(&["role", "show", "acme", "R"]).await;
});

story!(async fn a_plan_that_cannot_be_done_is_refused_as_a_whole_with_all_that_is_wrong(t) {
    let s = TestServer::start(&t).await;
    let sh = root(&s).await;
    let acme = s.tenant("acme").await;
    s.directory(acme).await.post("/Groups", json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Support",
    })).await.expect(201);
    let file = sh.file(FILE);
    let path = file.to_str().unwrap();
    let text = format!(r#"
[[tenant]]
slug = "acme"
name = "Acme Corp"
tags = ["gold"]
default_role = "No such role"
[[tenant.role]]
name = "Desk"
permissions = ["users.view", "no.such"]
[[tenant.mapping]]
directory = "Directory"
group = "Support"
role = "Desk"
[[tenant.directory]]
name = "More"
preset = "nobodys"
[[tenant.application]]
name = "Portal"
redirect_uris = ["{CALLBACK}", "nonsense"]
[[tenant.application]]
name = "Fine"
redirect_uris = ["{CALLBACK}"]
"#);
    std::fs::write(&file, &text).unwrap();
    for how in ["--dry-run", "--yes"] {
        let e = sh.refused(&["apply", path, how]).await;
        for wrong in ["role 'Desk' of acme: ", "no.such", "mapping 'Support' of Directory -> Desk of acme: ",
            "directory 'More' of acme: ", "application 'Portal' of acme: ", "default role of acme: ", "No such role"] {
            assert!(e.contains(wrong), "{wrong}: {e}");
        }
        assert_eq!(e.contains("! "), how == "--dry-run", "the plan is shown with it: {e}");
        assert!(!e.contains("'Fine' of acme: "), "{e}");
    }
    let is = sh.run(&["tenant", "show", "acme"]).await;
    assert_eq!((&is["name"], &is["tags"]), (&json!("acme"), &json!([])), "nothing was done");
    // Mended, it is done whole: the name as well.
    let mended = text
        .replace(", \"no.such\"", "")
        .replace("No such role", "Desk")
        .replace("nobodys", "okta")
        .replace(", \"nonsense\"", "");
    std::fs::write(&file, mended).unwrap();
    let told = sh.run(&["apply", path, "--yes"]).await;
    assert!(told["steps"].as_array().unwrap().iter().all(|s| s["done"] == true), "{told}");
    assert_eq!(sh.run(&["tenant", "show", "acme"]).await["name"], "Acme Corp");
    let told = sh.run(&["apply", path, "--yes", "--prune"]).await;
    assert_eq!(told["steps"], json!([]), "{told}");
});

story!(async fn the_stage_of_a_sign_in_is_configuration_and_opening_it_takes_a_test(t) {
    let s = TestServer::start(&t).await;
    let sh = root(&s).await;
    s.tenant("acme").await;
    let file = sh.file(FILE);
    let path = file.to_str().unwrap();
    let secret = sh.file("client.txt");
    std::fs::write(&secret, "a secret of the provider's").unwrap();
    let directory = |stage: &str| format!(r#"
[[tenant]]
slug = "acme"
name = "acme"
[[tenant.directory]]
name = "Okta"
preset = "okta"
stage = "{stage}"
client_secret_file = "{}"
[tenant.directory.signin]
issuer = "https://acme.okta.example"
client_id = "muster"
client_secret_expires_at = "2030-01-01T00:00:00Z"
"#, secret.display());
    std::fs::write(&file, directory("active")).unwrap();
    let told = sh.run(&["apply", path, "--yes"]).await;
    let waits = told["waiting"][0].as_str().expect("what waits");
    assert!(waits.contains("directory 'Okta' of acme") && waits.contains("muster directory test"), "{told}");
    let is = sh.run(&["directory", "show", "acme", "Okta"]).await;
    assert_eq!((&is["stage"], &is["signin"]["client_secret_expires_at"]), (&json!("draft"), &json!("2030-01-01T00:00:00Z")));
    let (status, text, err) = sh.says(&["export", "acme"]).await;
    assert_eq!(status, 0, "{err}");
    assert!(text.contains("stage = \"draft\"") && text.contains("2030-01-01"), "{text}");
    std::fs::write(&file, &text).unwrap();
    assert_eq!(sh.run(&["apply", path, "--yes", "--prune"]).await["steps"], json!([]));
    // What a test login is needed for is said before anything is done.
    std::fs::write(&file, text.replace("stage = \"draft\"", "stage = \"enforced\"")).unwrap();
    let e = sh.refused(&["apply", path, "--yes"]).await;
    assert!(e.contains("directory 'Okta' of acme: ") && e.contains("nothing was done"), "{e}");
    assert_eq!(sh.run(&["directory", "show", "acme", "Okta"]).await["stage"], "draft");
});
