//! What a file calls things by: names that two things have, roles of one name and two owners, what it leaves out, and plans
//! that nobody could try beforehand.

use super::{root, steps};
use crate::{
    remote::Shell,
    story,
    support::{person::CALLBACK, server::TestServer},
};
use serde_json::{Value, json};

fn id(v: &Value) -> String {
    v["id"].as_str().unwrap_or_else(|| panic!("no id: {v}")).to_owned()
}

/// What a list of the shell has.
async fn items(sh: &Shell, args: &[&str]) -> Vec<Value> {
    sh.run(args).await["items"].as_array().expect("items").clone()
}

story!(async fn a_name_that_two_things_have_is_refused_before_anything_is_done(t) {
    let s = TestServer::start(&t).await;
    let sh = root(&s).await;
    s.tenant("acme").await;
    let app = async |uri: &str| id(&sh.run(&["app", "create", "acme", "Portal", "--redirect-uri", uri]).await);
    let (one, two) = (app("https://one.example/cb").await, app("https://two.example/cb").await);
    for _ in 0..2 {
        sh.run(&["directory", "create", "acme", "Entra", "--preset", "entra"]).await;
    }
    let uris = async |app: &str| sh.run(&["app", "show", "acme", app]).await["settings"]["redirect_uris"].clone();
    let (apps, directories) = ("two applications of acme are called 'Portal'", "two directories of acme are called 'Entra'");

    // An export says so itself, to whoever reads it and to whatever keeps it.
    let (status, text, err) = sh.says(&["export", "acme"]).await;
    assert_eq!(status, 1, "{err}");
    for said in [apps, directories] {
        assert!(err.contains(said) && text.contains(&format!("#   {said}\n")), "{said}: {text}{err}");
    }
    assert!(text.contains("https://one.example/cb") && text.contains("https://two.example/cb"), "{text}");

    let file = sh.file("muster.toml");
    let path = file.to_str().unwrap();
    let write = |text: &str| std::fs::write(&file, format!("[[tenant]]\nslug = \"acme\"\n{text}")).unwrap();
    let portal = "[[tenant.application]]\nname = \"portal\"\nredirect_uris = [\"https://new.example/cb\"]\n";
    let entra = "[[tenant.directory]]\nname = \"Entra\"\npreset = \"entra\"\nstatus = \"disabled\"\n";
    write(&format!("tags = [\"gold\"]\n{entra}{portal}"));
    for how in ["--dry-run", "--yes"] {
        let e = sh.refused(&["apply", path, how]).await;
        assert!(e.contains("nothing was done") && e.contains(apps) && e.contains(directories), "{how}: {e}");
    }
    assert_eq!((uris(&one).await, uris(&two).await), (json!(["https://one.example/cb"]), json!(["https://two.example/cb"])));
    for d in items(&sh, &["directory", "list", "acme"]).await {
        assert_eq!(d["status"], "active", "{d}");
    }
    assert_eq!(sh.run(&["tenant", "show", "acme"]).await["tags"], json!([]));
    write("[[tenant.mapping]]\ndirectory = \"Entra\"\ngroup = \"Support\"\nrole = \"Read-Only\"\n");
    let e = sh.refused(&["apply", path, "--yes"]).await;
    assert!(e.contains(directories) && !e.contains(apps), "{e}");

    // What the file does not name does not stand in the way, unless it would be deleted.
    let wiki = format!("[[tenant.application]]\nname = \"Wiki\"\nredirect_uris = [\"{CALLBACK}\"]\n");
    write(&wiki);
    let e = sh.refused(&["apply", path, "--yes", "--prune"]).await;
    assert!(e.contains(apps) && e.contains("--prune") && !e.contains(directories), "{e}");
    let told = sh.run(&["apply", path, "--yes"]).await;
    assert_eq!(steps(&told), ["create application 'Wiki' of acme"]);
    assert_eq!(told["left"].as_array().unwrap().len(), 2, "{told}");

    // Each has its name: the one that is meant is changed, once.
    sh.run(&["app", "edit", "acme", &one, "--name", "Portal of old"]).await;
    write(&format!("{wiki}{portal}"));
    assert_eq!(steps(&sh.run(&["apply", path, "--yes"]).await), ["change application 'portal' of acme"]);
    assert_eq!((uris(&one).await, uris(&two).await), (json!(["https://one.example/cb"]), json!(["https://new.example/cb"])));
    assert_eq!(steps(&sh.run(&["apply", path, "--yes", "--prune"]).await), ["delete application 'Portal of old' of acme"]);
    assert_eq!(steps(&sh.run(&["apply", path, "--yes", "--prune"]).await), [""; 0]);
});

story!(async fn a_role_that_is_offered_under_the_name_of_an_own_one_is_told_apart(t) {
    let s = TestServer::start(&t).await;
    let sh = root(&s).await;
    let acme = s.tenant("acme").await;
    s.directory(acme).await.post("/Groups", json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Support",
    })).await.expect(201);
    let own = id(&sh.run(&["role", "create", "acme", "Special", "--permission", "users.view"]).await);
    let offer = ["role", "create", "provider", "Special", "--permission", "computers.view", "--offered"];
    let offered = id(&sh.run(&offer).await);
    let mapping = async |role: &str| sh.run(&["mapping", "create", "acme", "--group", "Support", "--role", role]).await;
    let with = id(&mapping(&offered).await);
    mapping(&own).await;
    sh.run(&["tenant", "default-role", "acme", &offered]).await;
    let phr = (format!("{own}=none"), format!("{offered}=phr"));
    sh.run(&["policy", "set", "acme", "--mfa", "by-role", "--role", &phr.0, "--role", &phr.1]).await;

    let file = sh.file("muster.toml");
    let path = file.to_str().unwrap();
    let exported = async || {
        let (status, text, err) = sh.says(&["export", "acme"]).await;
        assert_eq!(status, 0, "{err}");
        std::fs::write(&file, &text).unwrap();
        text
    };
    let text = exported().await;
    for part in [
        "role = \"Special\"", "role = \"provider/Special\"", "default_role = \"provider/Special\"", "Special = \"none\"",
        "\"provider/Special\" = \"phr\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let nothing = json!({"steps": [], "waiting": [], "left": []});
    assert_eq!(sh.run(&["apply", path, "--yes", "--prune"]).await, nothing);

    // What is lost comes back as what it was.
    sh.run(&["mapping", "delete", "acme", &with, "--yes"]).await;
    sh.run(&["tenant", "default-role", "acme", "--none"]).await;
    sh.run(&["policy", "set", "acme", "--mfa", "by-role", "--role", &phr.0]).await;
    let told = sh.run(&["apply", path, "--yes"]).await;
    assert_eq!(steps(&told), [
        "change policy of acme", "create mapping 'Support' of Directory -> provider/Special of acme",
        "change default role of acme",
    ]);
    assert_eq!(told["steps"][2]["changes"], json!(["role \"\" -> \"provider/Special\""]));
    let mut roles: Vec<String> = items(&sh, &["mapping", "list", "acme"]).await.iter()
        .map(|m| m["role"].as_str().unwrap().to_owned()).collect();
    roles.sort();
    let mut both = [own.clone(), offered.clone()];
    both.sort();
    assert_eq!(roles, both);
    assert_eq!(sh.run(&["tenant", "default-role", "acme"]).await["role"]["id"], *offered);
    let demands = async || sh.run(&["policy", "show", "acme"]).await["mfa"]["roles"].clone();
    assert_eq!(demands().await, json!({ (own.clone()): "none", (offered.clone()): "phr" }));
    // The plain name is the tenant's own.
    std::fs::write(&file, "[[tenant]]\nslug = \"acme\"\ndefault_role = \"Special\"\n").unwrap();
    let told = sh.run(&["apply", path, "--yes"]).await;
    assert_eq!(told["steps"][0]["changes"], json!(["role \"provider/Special\" -> \"Special\""]));
    assert_eq!(sh.run(&["tenant", "default-role", "acme"]).await["role"]["id"], *own);
    // A role that is itself called so does not take the word away: then only the id says which it is.
    sh.run(&["role", "create", "acme", "provider/Special", "--permission", "users.view"]).await;
    assert!(exported().await.contains(&format!("role = \"{offered}\"")));
    assert_eq!(sh.run(&["apply", path, "--yes", "--prune"]).await, nothing);
});

story!(async fn both_roles_of_one_name_are_made_by_one_file(t) {
    let s = TestServer::start(&t).await;
    let sh = root(&s).await;
    let file = sh.file("muster.toml");
    let path = file.to_str().unwrap();
    let text = r#"
[[tenant]]
slug = "provider"
[[tenant.role]]
name = "Night"
permissions = ["computers.view"]
offered = true
[[tenant]]
slug = "fabrikam"
name = "Fabrikam"
default_role = "provider/Night"
[tenant.policy.mfa]
default = "by_role"
[tenant.policy.mfa.roles]
Night = "none"
"provider/Night" = "phr"
[[tenant.role]]
name = "Night"
permissions = ["users.view"]
"#;
    std::fs::write(&file, text).unwrap();
    let told = sh.run(&["apply", path, "--yes"]).await;
    assert_eq!(steps(&told), [
        "create tenant fabrikam", "create role 'Night' of fabrikam", "create role 'Night' of provider",
        "change policy of fabrikam", "change default role of fabrikam",
    ]);
    let provider = sh.run(&["tenant", "show", "provider"]).await["id"].clone();
    let roles = items(&sh, &["role", "list", "fabrikam"]).await;
    let of = |provides: bool| {
        let found = roles.iter().find(|r| r["name"] == "Night" && (r["tenant"] == provider) == provides);
        id(found.unwrap_or_else(|| panic!("{roles:?}")))
    };
    let (own, offered) = (of(false), of(true));
    assert_eq!(sh.run(&["policy", "show", "fabrikam"]).await["mfa"]["roles"], json!({ (own): "none", (offered.clone()): "phr" }));
    assert_eq!(sh.run(&["tenant", "default-role", "fabrikam"]).await["role"]["id"], *offered);
    assert_eq!(steps(&sh.run(&["apply", path, "--yes"]).await), [""; 0]);

    let two = "[[tenant]]\nslug = \"provider\"\n[tenant.policy.mfa.roles]\nNight = \"none\"\n\"provider/Night\" = \"phr\"\n";
    std::fs::write(&file, two).unwrap();
    let e = sh.refused(&["apply", path, "--yes"]).await;
    assert!(e.contains("two names under 'mfa.roles' are of one role"), "{e}");
});

story!(async fn what_a_file_does_not_say_of_a_tenant_is_left_alone_and_a_new_one_takes_a_name(t) {
    let s = TestServer::start(&t).await;
    let sh = root(&s).await;
    s.tenant("acme").await;
    sh.run(&["tenant", "rename", "acme", "Acme Corp"]).await;
    let file = sh.file("muster.toml");
    let path = file.to_str().unwrap();
    let text = "[[tenant]]\nslug = \"acme\"\ntags = [\"gold\"]\n[[tenant]]\nslug = \"provider\"\n";
    std::fs::write(&file, text).unwrap();
    let told = sh.run(&["apply", path, "--yes"]).await;
    assert_eq!(steps(&told), ["change tenant acme"]);
    assert!(!told["left"].to_string().contains("which tenant is the provider's"), "{told}");
    let is = sh.run(&["tenant", "show", "acme"]).await;
    assert_eq!((&is["name"], &is["tags"]), (&json!("Acme Corp"), &json!(["gold"])));
    std::fs::write(&file, format!("{text}[[tenant]]\n# of today\nslug = \"fresh\"\n")).unwrap();
    for how in ["--dry-run", "--yes"] {
        let e = sh.refused(&["apply", path, how]).await;
        assert!(e.contains("muster.toml: line 8: ") && e.contains("'fresh'") && e.contains("'name'"), "{e}");
    }
});

story!(async fn what_could_not_be_tried_is_not_begun_unless_that_is_said(t) {
    let s = TestServer::start(&t).await;
    let sh = root(&s).await;
    s.tenant("acme").await;
    let file = sh.file("muster.toml");
    let path = file.to_str().unwrap();
    // More than the server tries at once, and the second would be refused.
    let role = |n: usize| {
        let permission = if n == 1 { "no.such" } else { "users.view" };
        format!("[[tenant.role]]\nname = \"R{n}\"\npermissions = [\"{permission}\"]\n")
    };
    let roles: String = (0..1001).map(role).collect();
    std::fs::write(&file, format!("[[tenant]]\nslug = \"acme\"\n{roles}")).unwrap();
    let told = sh.run(&["apply", path, "--dry-run"]).await;
    assert!(told["unchecked"].as_str().unwrap().contains("1001"), "{}", told["unchecked"]);
    let e = sh.refused(&["apply", path, "--yes"]).await;
    assert!(e.contains("nothing was done") && e.contains("--untried") && e.contains("split the file"), "{e}");
    assert!(sh.refused(&["role", "show", "acme", "R0"]).await.contains("not found"));
    assert_eq!(sh.says(&["apply", path, "--untried"]).await.0, 2, "it goes with --yes");
    let e = sh.refused(&["apply", path, "--yes", "--untried"]).await;
    assert!(e.contains("! not tried beforehand: ") && e.contains("step 2 of 1001"), "{e}");
    sh.run(&["role", "show", "acme", "R0"]).await;
});
