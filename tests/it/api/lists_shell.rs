//! Lists and many users at once, as a shell asks for them.

use crate::{
    cli::{output, place},
    remote::{Shell, token},
    story,
    support::{
        person::{READ_ONLY, TENANT_ADMIN},
        server::TestServer,
    },
};
use muster::{access::perm::SystemViewSettings, apps};
use serde_json::{Value, json};

fn names(list: &Value, field: &str) -> Vec<String> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i[field].as_str().unwrap().to_owned())
        .collect()
}

story!(async fn nothing_is_cut_at_the_end_of_a_page(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    for n in 0..505 {
        s.app(acme, |a| a.name = format!("App {n}")).await;
    }
    let permit = s.permit::<SystemViewSettings>(acme).await;
    assert_eq!(apps::page(&s.app.store, &permit, None, 1000).await.unwrap().len(), 505);
    let sh = Shell::new(&s, &token(&s, acme).await);
    assert_eq!(names(&sh.run(&["app", "list", "acme"]).await, "name").len(), 505);
    let last = sh.run(&["app", "show", "acme", "app 504"]).await;
    assert_eq!(last["name"], "App 504");
    let (file, stdout) = (sh.file("acme.toml"), sh.says(&["export", "acme"]).await.1);
    std::fs::write(&file, &stdout).unwrap();
    assert!(stdout.contains("App 504"), "an export has all");
    let first = sh.run(&["app", "list", "acme", "--limit", "502"]).await;
    assert_eq!(names(&first, "name").len(), 502);
    let next = first["next"].as_str().unwrap();
    let rest = sh.run(&["app", "list", "acme", "--cursor", next]).await;
    assert_eq!((names(&rest, "name"), &rest["next"]), (vec!["App 502".into(), "App 503".into(), "App 504".into()], &Value::Null));
    let some = sh.run(&["app", "list", "acme", "--text", "APP 50", "--enabled", "true"]).await;
    assert_eq!(names(&some, "name").len(), 6, "50 and 500 to 504");
    // The trail has no end: as much of it as was asked for, a hundred where nothing is said.
    let trail = sh.run(&["audit", "acme", "--action", "app.*"]).await;
    assert!(names(&trail, "action").len() == 100 && trail["next"].is_string());
    let trail = sh.run(&["audit", "acme", "--action", "app.create", "--limit", "600"]).await;
    assert_eq!((names(&trail, "action").len(), &trail["next"]), (505, &Value::Null));
});

story!(async fn the_filters_of_lists_are_options(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    s.tenant("beta").await;
    let scim = s.directory(acme).await;
    for name in ["ann", "bert"] {
        s.person(acme, name, READ_ONLY).await;
    }
    let cid = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "cid", "active": false});
    let cid = scim.post("/Users", cid).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    for name in ["Desk", "Board"] {
        let g = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name,
                       "members": [{"value": cid}]});
        scim.post("/Groups", g).await.expect(201);
    }
    let sh = Shell::new(&s, &token(&s, acme).await);
    let list = async |args: &[&str], field: &str| names(&sh.run(args).await, field);
    sh.run(&["user", "disable", "acme", "bert"]).await;
    assert_eq!(list(&["user", "list", "acme", "--enabled", "false"], "user_name").await, ["bert"]);
    assert_eq!(list(&["user", "list", "acme", "--active", "false"], "user_name").await, ["cid"]);
    assert_eq!(list(&["user", "list", "acme", "--directory", "Directory"], "user_name").await, ["cid"]);
    sh.run(&["mapping", "create", "acme", "--group", "Desk", "--role", "Read-Only"]).await;
    sh.run(&["mapping", "create", "acme", "--group", "Board", "--role", "Technician"]).await;
    assert_eq!(list(&["mapping", "list", "acme", "--role", "technician"], "group_name").await, ["Board"]);
    assert_eq!(list(&["mapping", "list", "acme", "--group", "Desk"], "group_name").await, ["Desk"]);
    assert_eq!(list(&["group", "list", "acme", "--text", "desk"], "display_name").await, ["Desk"]);
    assert_eq!(list(&["role", "list", "acme", "--text", "read"], "name").await, ["Read-Only"]);
    let mut given = list(&["grant", "list", "acme", "--role", "Read-Only"], "user_name").await;
    given.sort();
    assert_eq!(given, ["ann", "bert"]);
    let made = sh.run(&["invitation", "create", "acme", "eva@acme.example"]).await;
    sh.run(&["invitation", "revoke", "acme", made["id"].as_str().unwrap()]).await;
    assert_eq!(list(&["invitation", "list", "acme", "--state", "revoked"], "email").await.len(), 1);
    assert_eq!(list(&["invitation", "list", "acme", "--state", "pending"], "email").await.len(), 0);
    assert_eq!(list(&["integration", "list", "acme", "--text", "SHELL"], "name").await, ["Shell"]);
    assert_eq!(list(&["integration", "list", "acme", "--enabled", "false"], "name").await.len(), 0);
    // Names where events have ids.
    let done = list(&["audit", "acme", "--target", "bert", "--action", "user.*"], "action").await;
    assert_eq!(done, ["user.disable", "user.add"]);
    assert_eq!(list(&["audit", "acme", "--actor", "bert"], "action").await.len(), 0);
    let since = "2099-01-01T00:00:00Z";
    assert_eq!(list(&["audit", "acme", "--since", since], "action").await.len(), 0);
    assert!(!list(&["audit", "acme", "--until", since, "--actor", "owner"], "action").await.is_empty());
    let none = ["signins", "list", "acme", "--outcome", "refused", "--reason", "mfa_not_proved", "--directory", "Directory"];
    assert_eq!(list(&none, "reference").await.len(), 0);
    assert!(sh.refused(&["audit", "acme", "--since", "soon"]).await.contains("'since' is not a time"));
    assert!(sh.refused(&["user", "list", "acme", "--kind", "king"]).await.contains("'kind' is"));
    // Of tenants the owner of the data directory sees all.
    let mine = list(&["tenant", "list", "--text", "acm", "--status", "active"], "slug").await;
    assert_eq!(mine, ["acme"]);
    assert_eq!(list(&["tenant", "list", "--text", "beta"], "slug").await.len(), 0);
});

story!(async fn many_users_are_switched_and_deleted_by_one_command(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    for name in ["ann", "bert", "carl", "dora"] {
        s.person(acme, name, READ_ONLY).await;
    }
    s.person(acme, "boss", TENANT_ADMIN).await;
    let sh = Shell::new(&s, &token(&s, acme).await);
    let one = sh.run(&["user", "disable", "acme", "ann"]).await;
    assert_eq!((&one["user_name"], &one["enabled"]), (&json!("ann"), &json!(false)), "of one as ever");
    let done = sh.run(&["user", "disable", "acme", "bert", "carl"]).await;
    assert_eq!((&done["done"], &done["rows"][1]["person"]["enabled"]), (&json!(2), &json!(false)));
    let (status, out, err) = sh.says(&["user", "enable", "acme", "bert", "nobody", "carl"]).await;
    let done: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &done["done"], &done["refused"]), (1, &json!(2), &json!(1)), "{err}");
    assert!(err.contains("refused  nobody") && err.contains("1 of 3 were not done"), "{err}");
    let file = sh.file("gone.txt");
    std::fs::write(&file, "ann\n\n  bert \r\ncarl\n").unwrap();
    let file = file.to_str().unwrap();
    // Nobody goes without a yes, nor in a dry run; what would go is shown.
    let no = sh.refused(&["user", "delete", "acme", "--file", file]).await;
    assert!(no.contains("to delete 3 users of 'acme'") && no.contains("1 grants"), "{no}");
    let would = sh.run(&["user", "delete", "acme", "dora", "--file", file, "--dry-run"]).await;
    assert_eq!((&would["done"], &would["rows"][0]["removes"]["grants"]), (&json!(4), &json!(1)));
    assert_eq!(names(&sh.run(&["user", "list", "acme", "--kind", "tenant"]).await, "user_name").len(), 5);
    let (status, out, err) = sh.says(&["user", "delete", "acme", "nobody", "--file", file, "--yes"]).await;
    let done: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &done["done"], &done["dry_run"]), (1, &json!(3), &json!(false)), "{err}");
    assert_eq!(names(&sh.run(&["user", "list", "acme", "--kind", "tenant"]).await, "user_name"), ["dora", "boss"]);
    let (status, out, _) = sh.says(&["user", "delete", "acme", "nobody", "nemo", "--yes"]).await;
    assert!(status == 1 && out.contains("\"refused\": 2"), "{out}");
    assert!(sh.says(&["user", "disable", "acme"]).await.0 == 2, "nobody is named");
    let (_dir, data) = place();
    let all: Vec<String> = (0..3).map(|n| format!("p{n}")).collect();
    assert_eq!(output(&data, &["tenant", "create", "contoso"]).0, 0);
    for name in &all {
        assert_eq!(output(&data, &["user", "add", "contoso", name]).0, 0);
    }
    let (status, out, err) = output(&data, &["user", "delete", "contoso", "p0", "p1", "p2", "--yes"]);
    let done: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &done["done"]), (0, &json!(3)), "{err}");
    assert!(err.contains("done     p1"), "{err}");
});
