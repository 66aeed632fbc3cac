//! A server's configuration as a file: what is exported changes nothing when it is applied, what is changed in it is shown
//! and then done, and what waits or stays is said.

mod names;

use crate::{
    remote::Shell,
    story,
    support::{person::CALLBACK, server::TestServer},
};
use muster::{
    access::{
        catalogue::GLOBAL_ADMINISTRATOR,
        grants::{self, NewGrant},
    },
    actor::UserKind,
    id::{TenantId, UserId},
    users::{self, NewUser},
};
use serde_json::{Value, json};

/// A Global Administrator, and the provider's tenant.
pub(crate) async fn root_user(s: &TestServer) -> (TenantId, UserId) {
    let us = s.provider().await;
    let new = NewUser {
        kind: UserKind::Administrator,
        user_name: "root".into(),
        display_name: None,
        email: None,
    };
    let user = users::add(&s.app.store, &s.permit(us).await, new).await.unwrap().id;
    let grant = NewGrant::manual(us, user, GLOBAL_ADMINISTRATOR);
    grants::add_everywhere(&s.app.access, &s.global().await, grant).await.unwrap();
    (us, user)
}

/// A shell of a Global Administrator.
pub(crate) async fn root(s: &TestServer) -> Shell {
    let (us, user) = root_user(s).await;
    let app = s
        .app(us, |new| {
            new.platform = true;
            new.settings.scopes = Some(vec!["muster.instance".into()]);
        })
        .await;
    let who = s.session(us, user, "mfa").await;
    let code = s.code(&app, &who, &[("scope", "openid muster.instance")]).await;
    let tokens = s.redeem(&app, &code).await.expect(200).json();
    Shell::new(s, tokens["access_token"].as_str().unwrap())
}

fn steps(told: &Value) -> Vec<String> {
    let all = told["steps"].as_array().unwrap().iter();
    all.map(|s| format!("{} {}", s["do"].as_str().unwrap(), s["what"].as_str().unwrap())).collect()
}

story!(async fn what_is_exported_is_applied_elsewhere_and_changes_nothing_where_it_is(t) {
    let s = TestServer::start(&t).await;
    let sh = root(&s).await;
    let acme = s.tenant("acme").await;
    let scim = s.directory(acme).await;
    scim.post("/Groups", json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Support",
    })).await.expect(201);
    sh.run(&["tenant", "tag", "acme", "gold"]).await;
    sh.run(&["domain", "add", "acme", "acme.example"]).await;
    sh.run(&["role", "create", "acme", "Desk", "--permission", "users.view"]).await;
    sh.run(&["mapping", "create", "acme", "--group", "Support", "--role", "Desk"]).await;
    sh.run(&["policy", "set", "acme", "--mfa", "always", "--role", "Desk=none"]).await;
    let said = sh.run(&["tenant", "default-role", "acme", "Read-Only", "--preview"]).await;
    assert_eq!(said["people"], 0, "{said}");
    assert_eq!(sh.run(&["tenant", "default-role", "acme"]).await["role"], Value::Null);
    assert_eq!(sh.run(&["tenant", "default-role", "acme", "Read-Only"]).await["role"]["name"], "Read-Only");
    assert_eq!(sh.run(&["tenant", "default-role", "acme", "--adopt"]).await["version"], 2);
    sh.run(&["app", "create", "acme", "Portal", "--redirect-uri", CALLBACK, "--trusted"]).await;

    let (status, text, err) = sh.says(&["export", "acme"]).await;
    assert_eq!(status, 0, "{err}");
    for part in ["slug = \"acme\"", "acme.example", "[[tenant.role]]", "Desk = \"none\"", "default_role = \"Read-Only\"", "group = \"Support\"", CALLBACK] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("secret"), "{text}");
    let file = sh.token.with_file_name("muster.toml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, &text).unwrap();
    let told = sh.run(&["apply", path, "--yes", "--prune"]).await;
    assert_eq!(told, json!({"steps": [], "waiting": [], "left": []}));

    // Another role, another company; its directory has sent nobody yet.
    let more = text.replace("\"users.view\"", "\"users.view\", \"users.edit\"") + r#"
[[tenant]]
slug = "fabrikam"
name = "Fabrikam"
tags = ["gold"]
domains = ["fabrikam.example"]
default_role = "Night"
[tenant.policy.mfa]
default = "by_role"
[tenant.policy.mfa.roles]
Night = "phr"
[[tenant.role]]
name = "Night"
permissions = ["computers.view"]
[[tenant.directory]]
name = "Okta"
preset = "okta"
status = "disabled"
[tenant.directory.provisioning]
unique_group_names = false
[[tenant.mapping]]
directory = "Okta"
group = "Night shift"
role = "Night"
[[tenant.application]]
name = "Console"
enabled = false
redirect_uris = ["https://console.example/back"]
"#;
    std::fs::write(&file, &more).unwrap();
    let wanted = [
        "create tenant fabrikam", "create domain fabrikam.example of fabrikam", "change role 'Desk' of acme",
        "create role 'Night' of fabrikam", "create directory 'Okta' of fabrikam",
        "change directory 'Okta' of fabrikam", "change policy of fabrikam", "create application 'Console' of fabrikam",
        "change application 'Console' of fabrikam", "change default role of fabrikam",
    ];
    let told = sh.run(&["apply", path, "--dry-run"]).await;
    assert_eq!(steps(&told), wanted);
    assert_eq!(told["steps"][2]["changes"], json!(["permissions [\"users.view\"] -> [\"users.edit\",\"users.view\"]"]));
    assert!(told["waiting"][0].as_str().unwrap().contains("'Night shift' of Okta -> Night"), "{told}");
    assert!(sh.refused(&["apply", path]).await.contains("say --yes"));
    assert!(sh.refused(&["tenant", "show", "fabrikam"]).await.contains("not found"), "nothing was done");
    let told = sh.run(&["apply", path, "--yes"]).await;
    assert!(told["steps"].as_array().unwrap().iter().all(|s| s["done"] == true), "{told}");
    let role = sh.run(&["role", "show", "acme", "Desk"]).await;
    assert_eq!(role["permissions"], json!(["users.edit", "users.view"]));
    let d = sh.run(&["directory", "show", "fabrikam", "Okta"]).await;
    assert_eq!((&d["status"], &d["provisioning"]["unique_group_names"]), (&json!("disabled"), &json!(false)));
    assert_eq!(sh.run(&["app", "show", "fabrikam", "Console"]).await["enabled"], false);
    assert_eq!(sh.run(&["tenant", "default-role", "fabrikam"]).await["role"]["name"], "Night");
    let night = sh.run(&["role", "show", "fabrikam", "Night"]).await["id"].as_str().unwrap().to_owned();
    assert_eq!(sh.run(&["policy", "show", "fabrikam"]).await["mfa"]["roles"][&night], "phr");
    let told = sh.run(&["apply", path, "--yes", "--prune"]).await;
    assert_eq!((steps(&told).len(), told["waiting"].as_array().unwrap().len()), (0, 1), "{told}");

    std::fs::write(&file, "[[tenant]]\nslug = \"fabrikam\"\nname = \"Fabrikam\"\ndefault_role = \"\"\n").unwrap();
    assert_eq!(steps(&sh.run(&["apply", path, "--yes"]).await), ["change default role of fabrikam"]);
    assert_eq!(sh.run(&["tenant", "default-role", "fabrikam"]).await["role"], Value::Null);

    // What the file does not name stays, and goes when that is asked for; directories and tenants never.
    std::fs::write(&file, "[[tenant]]\nslug = \"acme\"\nname = \"acme\"\ntags = []\n").unwrap();
    let told = sh.run(&["apply", path, "--yes"]).await;
    assert_eq!((steps(&told), told["left"].as_array().unwrap().len()), (vec!["change tenant acme".into()], 3), "{told}");
    let told = sh.run(&["apply", path, "--yes", "--prune"]).await;
    assert_eq!(steps(&told), [
        "delete mapping 'Support' of Directory -> Desk of acme", "delete application 'Portal' of acme", "delete role 'Desk' of acme",
    ], "{told}");
    assert_eq!(sh.run(&["directory", "list", "acme"]).await["items"].as_array().unwrap().len(), 1);

    for (text, said) in [
        ("[[tenant]]\nslug = \"a\"\nnam = \"b\"\n", "nam"),
        ("[[tenant]]\nslug = \"a\"\n", "name"),
        ("[[tenant]]\nslug = \"acme\"\nname = \"acme\"\n[[tenant]]\nslug = \"acme\"\nname = \"x\"\n", "'acme' twice"),
        ("tenant = 5", "tenant"),
    ] {
        std::fs::write(&file, text).unwrap();
        let e = sh.refused(&["apply", path, "--yes"]).await;
        assert!(e.contains(said) && e.contains("muster.toml"), "{said}: {e}");
    }
});

story!(async fn what_is_only_offered_and_what_is_no_application_is_not_taken_for_its_namesake(t) {
    let s = TestServer::start(&t).await;
    let sh = root(&s).await;
    s.tenant("acme").await;
    let named = async |list: &[&str]| sh.run(list).await["id"].as_str().unwrap().to_owned();
    let own = named(&["role", "create", "acme", "Desk", "--permission", "users.view"]).await;
    let app = named(&["app", "create", "acme", "Portal", "--redirect-uri", CALLBACK]).await;
    sh.run(&["policy", "set", "acme", "--mfa", "by-role", "--role", "Desk=none"]).await;
    let (status, text, err) = sh.says(&["export", "acme"]).await;
    assert_eq!(status, 0, "{err}");
    let file = sh.file("muster.toml");
    let path = file.to_str().unwrap();
    // The provider offers a role of the same name, and a program has the application's.
    let offer = ["role", "create", "provider", "Desk", "--permission", "computers.view", "--offered"];
    let offered = named(&offer).await;
    let program = sh.run(&["integration", "create", "acme", "Portal", "--scope", "users.view"]).await;
    let program = program["id"].as_str().unwrap().to_owned();

    let more = text.replace("\"users.view\"", "\"users.view\", \"users.edit\"").replace("Desk = \"none\"", "Desk = \"phr\"");
    std::fs::write(&file, more.replace(CALLBACK, "https://other.example/cb")).unwrap();
    let told = sh.run(&["apply", path, "--yes"]).await;
    assert_eq!(steps(&told), ["change role 'Desk' of acme", "change policy of acme", "change application 'Portal' of acme"]);
    let permissions = async |t: &str, id: &str| sh.run(&["role", "show", t, id]).await["permissions"].clone();
    assert_eq!(permissions("acme", &own).await, json!(["users.edit", "users.view"]));
    assert_eq!(permissions("provider", &offered).await, json!(["computers.view"]));
    assert_eq!(sh.run(&["policy", "show", "acme"]).await["mfa"]["roles"], json!({ (own.clone()): "phr" }));
    assert_eq!(sh.run(&["app", "show", "acme", &app]).await["settings"]["redirect_uris"], json!(["https://other.example/cb"]));

    std::fs::write(&file, "[[tenant]]\nslug = \"acme\"\nname = \"acme\"\n").unwrap();
    sh.run(&["apply", path, "--yes", "--prune"]).await;
    assert_eq!(permissions("provider", &offered).await, json!(["computers.view"]));
    assert!(sh.refused(&["app", "show", "acme", &app]).await.contains("not found"));
    sh.run(&["integration", "show", "acme", &program]).await;
});

story!(async fn what_is_done_is_said_without_what_a_terminal_would_do(t) {
    let s = TestServer::start(&t).await;
    let sh = root(&s).await;
    let acme = s.tenant("acme").await;
    s.directory(acme).await.post("/Groups", json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Sup\u{1b}[2Jport",
    })).await.expect(201);
    let groups = sh.run(&["group", "list", "acme"]).await;
    let group = groups["items"][0]["id"].as_str().unwrap();
    sh.run(&["mapping", "create", "acme", "--group", group, "--role", "Read-Only"]).await;
    let file = sh.file("muster.toml");
    std::fs::write(&file, "[[tenant]]\nslug = \"acme\"\nname = \"acme\"\n").unwrap();
    let (status, out, err) = sh.says(&["apply", file.to_str().unwrap(), "--yes", "--prune"]).await;
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("- mapping 'Sup [2Jport'") && !err.contains('\u{1b}'), "{err:?} {out:?}");
});
