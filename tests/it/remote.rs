//! Commands for a server elsewhere: every noun once, over HTTP with a token; and what is not sent to whom.

use crate::{
    cli::muster,
    story,
    support::{
        person::{Person, TENANT_ADMIN, TestApp, field},
        server::TestServer,
        way_in,
    },
};
use muster::{
    access::{
        catalogue::GLOBAL_ADMINISTRATOR,
        grants::{self, NewGrant},
    },
    actor::UserKind,
    apps::{self, IntegrationPlan},
    id::TenantId,
    secret::ExposeSecret as _,
    users::{self, NewUser},
};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A shell on another machine, with a token.
pub(crate) struct Shell {
    url: String,
    pub(crate) token: PathBuf,
    _dir: tempfile::TempDir,
}
impl Shell {
    pub(crate) fn new(s: &TestServer, token: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("token.txt");
        std::fs::write(&file, format!("{token}\n")).expect("a file");
        Self { url: s.url.clone(), token: file, _dir: dir }
    }
    /// The status, what was printed, what was said.
    pub(crate) async fn says(&self, args: &[&str]) -> (i32, String, String) {
        let mut c = muster();
        c.args(["--server", &self.url, "--token-file"]).arg(&self.token).args(args);
        let out = tokio::task::spawn_blocking(move || c.output().expect("it runs")).await.unwrap();
        let text = |b: Vec<u8>| String::from_utf8(b).expect("text");
        (out.status.code().expect("a status"), text(out.stdout), text(out.stderr))
    }
    pub(crate) async fn run(&self, args: &[&str]) -> Value {
        let (status, out, err) = self.says(args).await;
        assert_eq!(status, 0, "{args:?}: {out}{err}");
        if out.is_empty() { Value::Null } else { serde_json::from_str(&out).expect("JSON") }
    }
    /// A file beside the token.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.token.with_file_name(name)
    }
    pub(crate) async fn refused(&self, args: &[&str]) -> String {
        let (status, out, err) = self.says(args).await;
        assert_eq!((status, out.as_str()), (1, ""), "{args:?}: {err}");
        err
    }
}

/// A token of an integration user who may do everything in the tenant.
pub async fn token(s: &TestServer, tenant: TenantId) -> String {
    token_of(s, tenant, "Shell").await
}

/// The same of one called so.
pub async fn token_of(s: &TestServer, tenant: TenantId, name: &str) -> String {
    let scopes = s.app.access.catalogue().all().iter().cloned().collect();
    let plan = IntegrationPlan {
        name: name.into(),
        description: None,
        scopes,
        expires_at: None,
        jwks: None,
        jwks_uri: None,
    };
    let (store, access) = (&s.app.store, &s.app.access);
    let (app, secret) =
        apps::integration_create(store, access, &s.permit(tenant).await, plan).await.unwrap();
    let user = app.user_id.unwrap();
    let grant = NewGrant::manual(tenant, user, TENANT_ADMIN.parse().unwrap());
    grants::add(access, &s.permit(tenant).await, grant).await.unwrap();
    let c = s.browser();
    let secret = secret.unwrap();
    let r = c.request(reqwest::Method::POST, "/oauth/token");
    let r = r.form(&[("grant_type", "client_credentials")]);
    let r = r.basic_auth(&app.client_id, Some(secret.expose_secret()));
    c.send(r).await.expect(200).json()["access_token"].as_str().unwrap().to_owned()
}

fn id(v: &Value) -> String {
    v["id"].as_str().unwrap_or_else(|| panic!("no id: {v}")).to_owned()
}

story!(async fn every_noun_works_on_a_server_elsewhere(t) {
    let s = TestServer::start(&t).await;
    s.provider().await;
    let acme = s.tenant("acme").await;
    let scim = s.directory(acme).await;
    let person = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "cid@acme.example",
        "externalId": "c", "active": true,
    });
    let cid = id(&scim.post("/Users", person).await.expect(201).json());
    scim.post("/Groups", json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Support",
        "members": [{"value": cid}],
    })).await.expect(201);
    let sh = Shell::new(&s, &token(&s, acme).await);
    let file = sh.token.with_file_name("password.txt");
    std::fs::write(&file, "violet harbour 27 lanterns").unwrap();
    let password = file.to_str().unwrap();

    assert_eq!(sh.run(&["me"]).await["in"][0]["roles"][0], "Tenant Administrator");
    sh.run(&["catalogue"]).await;
    assert_eq!(sh.run(&["tenant", "list"]).await["items"].as_array().unwrap().len(), 1);
    assert_eq!(sh.run(&["tenant", "show", "acme"]).await["slug"], "acme");
    sh.run(&["policy", "set", "acme", "--mfa", "never"]).await;
    assert_eq!(sh.run(&["policy", "show", "acme"]).await["mfa"]["default"], "never");

    sh.run(&["directory", "create", "acme", "Entra", "--preset", "entra"]).await;
    let edit = ["directory", "edit", "acme", "Entra", "--issuer", "https://login.example/1", "--client-id", "m"];
    assert_eq!(sh.run(&edit).await["signin"]["client_id"], "m");
    let edit = ["directory", "edit", "acme", "Entra", "--name", "Entra ID", "--scope", "profile"];
    assert_eq!(sh.run(&edit).await["signin"]["issuer"], "https://login.example/1", "the rest stays");
    let edit = ["directory", "edit", "acme", "Entra ID", "--no-signin"];
    assert_eq!(sh.run(&edit).await["signin"], Value::Null);
    let edit = ["directory", "edit", "acme", "Entra ID", "--rule-off", "1.8", "--rule-off", "1.3"];
    assert_eq!(sh.run(&edit).await["provisioning"]["rules_off"], json!(["1.8", "1.3"]));
    let edit = ["directory", "edit", "acme", "Entra ID", "--rule-off", "9.9"];
    assert!(sh.refused(&edit).await.contains("there is no rule '9.9'"));
    let edit = ["directory", "edit", "acme", "Entra ID", "--all-rules"];
    assert_eq!(sh.run(&edit).await["provisioning"]["rules_off"], json!([]));
    assert_eq!(sh.run(&["directory", "disable", "acme", "Entra ID"]).await["status"], "disabled");
    assert_eq!(sh.run(&["directory", "enable", "acme", "Entra ID"]).await["status"], "active");
    let token = id(&sh.run(&["scim-token", "create", "acme", "Entra ID"]).await);
    sh.run(&["scim-token", "list", "acme", "Entra ID"]).await;
    sh.run(&["scim-token", "revoke", "acme", "Entra ID", &token]).await;
    assert!(sh.refused(&["directory", "delete", "acme", "Entra ID"]).await.contains("--yes"));
    assert_eq!(sh.run(&["directory", "delete", "acme", "Entra ID", "--yes"]).await["users"], 0);
    assert_eq!(sh.run(&["directory", "list", "acme"]).await["items"].as_array().unwrap().len(), 1);

    let badge = sh.token.with_file_name("badge.json");
    let urn = "urn:acme:badge:User";
    let mut text = json!({"id": urn, "name": "Badge", "attributes": [{"name": "tag"}]});
    std::fs::write(&badge, text.to_string()).expect("a file");
    let badge = badge.to_str().unwrap().to_owned();
    assert_eq!(sh.run(&["schema", "add", "acme", &badge]).await["id"], urn);
    text["attributes"][0]["name"] = json!("badge");
    std::fs::write(&badge, text.to_string()).expect("a file");
    assert_eq!(sh.run(&["schema", "set", "acme", &badge]).await["attributes"][0]["name"], "badge");
    assert_eq!(sh.run(&["schema", "show", "acme", urn]).await["people"], 0);
    assert_eq!(sh.run(&["schema", "list", "acme"]).await["items"].as_array().unwrap().len(), 1);
    assert!(sh.refused(&["schema", "remove", "acme", urn, "--drop-values"]).await.contains("--yes"));
    assert_eq!(sh.run(&["schema", "remove", "acme", urn]).await["people"], 0);
    assert!(sh.refused(&["schema", "show", "acme", urn]).await.contains("not found"));

    sh.run(&["role", "create", "acme", "Help desk", "--permission", "users.view"]).await;
    sh.run(&["role", "edit", "acme", "help desk", "--name", "Service desk"]).await;
    let like = sh.run(&["role", "templates"]).await["items"][0]["id"].as_str().unwrap().to_owned();
    sh.run(&["role", "create", "acme", "Help desk", "--like", &like]).await;
    let d = sh.run(&["role", "diff", "acme", "Help desk", "service desk"]).await;
    assert_eq!(d["less"], json!([]), "{d}");
    assert_eq!(sh.run(&["role", "uses", "acme", "Help desk", "--limit", "3"]).await["total"], 0);
    let (status, out, err) = sh.says(&["role", "export", "acme"]).await;
    assert!(status == 0 && out.starts_with("# Roles and assignments of "), "{out}{err}");
    let (_, out, _) = sh.says(&["role", "export", "acme", "--format", "csv"]).await;
    assert!(out.starts_with("kind,id,name,"), "{out}");
    assert!(sh.refused(&["role", "export", "acme", "--format", "pdf"]).await.contains("format"));
    assert_eq!(sh.run(&["role", "show", "acme", "Service desk"]).await["permissions"][0], "users.view");
    let m = ["mapping", "create", "acme", "--group", "Support", "--role", "Service desk"];
    let said = sh.run(&[&m[..], &["--preview"]].concat()).await;
    assert_eq!((&said["gaining"], &said["items"][0]["user_name"]), (&json!(1), &json!("cid@acme.example")));
    let m = id(&sh.run(&m).await);
    assert_eq!(sh.run(&["mapping", "list", "acme"]).await["items"][0]["standing"], "in_force");
    assert_eq!(sh.run(&["mapping", "delete", "acme", &m, "--preview"]).await["losing"], 1);
    assert_eq!(sh.run(&["group", "show", "acme", "Support", "--preview"]).await["losing"], 1);
    let edit = ["role", "edit", "acme", "Service desk", "--permission", "users.add", "--preview"];
    assert_eq!(sh.run(&edit).await["items"][0]["changes"][0]["gains"], json!(["users.add"]));
    assert_eq!(sh.run(&["role", "delete", "acme", "Service desk", "--preview"]).await["losing"], 1);
    assert!(sh.run(&["mapping", "adopt", "acme", &m]).await["adopted_by"].is_string());
    let able = sh.run(&["who-can", "acme", "users.view"]).await;
    assert!(able["items"].as_array().unwrap().iter().any(|a| a["user_name"] == "cid@acme.example"));
    let e = sh.refused(&["mapping", "create", "acme", "--group", "Support", "--role", "Read-Only", "--tag", "gold"]);
    assert!(e.await.contains("the provider's alone reach beyond"));
    let why = sh.run(&["explain", "acme", "cid@acme.example", "users.view"]).await;
    assert_eq!(why["allowed"], true);
    let no = sh.refused(&["mapping", "delete", "acme", &m]).await;
    assert!(no.contains("'Support'") && no.contains("--yes"), "{no}");
    assert!(sh.refused(&["mapping", "delete", "acme", &uuid::Uuid::nil().to_string()]).await.contains("not found"));
    sh.run(&["mapping", "delete", "acme", &m, "--yes"]).await;
    let no = sh.refused(&["role", "delete", "acme", "service desk"]).await;
    assert!(no.contains("'Service desk'") && no.contains("--yes"), "{no}");
    sh.run(&["role", "delete", "acme", "Service desk", "--yes"]).await;
    sh.run(&["role", "list", "acme"]).await;
    assert_eq!(sh.run(&["group", "list", "acme"]).await["items"][0]["display_name"], "Support");
    assert_eq!(sh.run(&["group", "show", "acme", "Support"]).await["members"][0]["id"], cid.as_str());

    sh.run(&["user", "add", "acme", "bert", "--password-file", password]).await;
    let edit = ["user", "edit", "acme", "bert", "--display-name", "Bert Berg", "--email", "b@acme.example"];
    assert_eq!(sh.run(&edit).await["display_name"], "Bert Berg");
    assert_eq!(sh.run(&["user", "show", "acme", "bert"]).await["email"], "b@acme.example");
    sh.run(&["user", "password", "acme", "bert", "--password-file", password]).await;
    assert!(sh.run(&["user", "one-time-code", "acme", "bert"]).await["otpauth"].is_string());
    sh.run(&["user", "one-time-code", "acme", "bert", "--remove"]).await;
    let g = id(&sh.run(&["grant", "add", "acme", "bert", "Technician"]).await);
    sh.run(&["grant", "list", "acme"]).await;
    let no = sh.refused(&["grant", "remove", &g, "--tenant", "acme"]).await;
    assert!(no.contains("'bert'") && no.contains("--yes"), "{no}");
    sh.run(&["grant", "remove", &g, "--tenant", "acme", "--yes"]).await;
    let set = sh.run(&["user", "set-access", "acme", "bert", "--role", "Read-Only"]).await;
    assert_eq!(set["added"].as_array().unwrap().len(), 1);
    let has = sh.run(&["user", "access", "acme", "bert"]).await;
    assert_eq!(has["access"][0]["roles"][0]["role"]["name"], "Read-Only");
    let bert = sh.run(&["user", "show", "acme", "bert"]).await;
    let one = s.session(acme, id(&bert).parse().unwrap(), "mfa").await.session.to_string();
    sh.run(&["session", "list", "acme", "bert"]).await;
    sh.run(&["session", "end", "acme", "bert", &one]).await;
    assert_eq!(sh.run(&["session", "end", "acme", "bert", "--all"]).await["sessions"], 0);
    let asks = s.app(acme, |new| "Guest book".clone_into(&mut new.name)).await;
    let (user, cx, scopes) = (id(&bert).parse().unwrap(), s.app.system(), vec!["openid".to_owned()]);
    muster::apps::consents::allow(&s.app.store, &cx, acme, user, asks.id, scopes).await.unwrap();
    assert_eq!(sh.run(&["consent", "list", "acme", "bert"]).await["items"][0]["name"], "Guest book");
    sh.run(&["consent", "withdraw", "acme", "bert", "guest book"]).await;
    assert_eq!(sh.run(&["consent", "list", "acme", "bert"]).await["items"], json!([]));
    assert_eq!(sh.run(&["user", "disable", "acme", "bert"]).await["enabled"], false);
    assert_eq!(sh.run(&["user", "enable", "acme", "bert"]).await["enabled"], true);
    let told = sh.run(&["user", "delete", "acme", "bert", "--dry-run"]).await;
    assert_eq!((&told["removes"]["grants"], &told["removes"]["passwords"]), (&json!(1), &json!(1)));
    let no = sh.refused(&["user", "delete", "acme", "bert"]).await;
    assert!(no.contains("1 grants") && no.contains("--yes"), "{no}");
    sh.run(&["user", "delete", "acme", "bert", "--yes"]).await;
    sh.run(&["user", "list", "acme", "--text", "bert"]).await;

    let i = ["invitation", "create", "acme", "finn@acme.example", "--role", "Read-Only"];
    let i = id(&sh.run(&i).await);
    sh.run(&["invitation", "list", "acme"]).await;
    sh.run(&["letters", "set", "acme", "--display-name", "Acme IT", "--locale", "de"]).await;
    assert_eq!(sh.run(&["letters", "show", "acme"]).await["display_name"], "Acme IT");
    sh.run(&["invitation", "bounced", "acme", &i, "finn@acme.example"]).await;
    let kept = sh.run(&["suppression", "list", "acme"]).await;
    assert_eq!(kept["items"][0]["email"], "finn@acme.example");
    sh.run(&["suppression", "clear", "acme", "Finn@acme.example"]).await;
    sh.run(&["invitation", "revoke", "acme", &i]).await;

    let app = ["app", "create", "acme", "Wiki", "--redirect-uri", "https://wiki.acme.example/cb"];
    sh.run(&app).await;
    // Addresses are set, and taken away again.
    let uris = ["logo-uri", "policy-uri", "tos-uri", "client-uri", "post-logout-redirect-uri"];
    for (value, set) in [("https://wiki.acme.example/x", true), ("", false)] {
        for uri in uris {
            let flag = format!("--{uri}");
            sh.run(&["app", "edit", "acme", "Wiki", &flag, value]).await;
            let settings = sh.run(&["app", "show", "acme", "Wiki"]).await["settings"].clone();
            let now = match uri {
                "post-logout-redirect-uri" => settings["post_logout_redirect_uris"][0].clone(),
                uri => settings[uri.replace('-', "_")].clone(),
            };
            assert_eq!(now, if set { json!(value) } else { Value::Null }, "{uri}");
        }
    }
    let int = ["integration", "create", "acme", "Backup", "--scope", "users.view", "--role", "Read-Only"];
    sh.run(&int).await;
    for (noun, name) in [("app", "Wiki"), ("integration", "Backup")] {
        assert_eq!(sh.run(&[noun, "show", "acme", name]).await["name"], name);
        sh.run(&[noun, "list", "acme"]).await;
        assert_eq!(sh.run(&[noun, "disable", "acme", name]).await["enabled"], false);
        assert_eq!(sh.run(&[noun, "enable", "acme", name]).await["enabled"], true);
        assert!(sh.run(&[noun, "secret", "add", "acme", name]).await["client_secret"].is_string());
        let all = sh.run(&[noun, "secret", "list", "acme", name]).await;
        let old = id(&all["items"][0]);
        sh.run(&[noun, "secret", "revoke", "acme", name, &old]).await;
        assert!(sh.refused(&[noun, "delete", "acme", name]).await.contains("--yes"));
        sh.run(&[noun, "delete", "acme", name, "--yes"]).await;
    }
    sh.run(&["hold", "list", "--tenant", "acme"]).await;
    sh.run(&["signins", "list", "acme", "--bad"]).await;
    let trail = sh.run(&["audit", "acme", "--limit", "3"]).await;
    assert!(trail["items"][0]["actor"].as_str().unwrap().starts_with("user:"), "{trail}");

    // What is of the instance, no token does.
    for args in [
        &["keys", "list"][..], &["keys", "rotate"], &["audit"], &["grant", "list", "--everywhere"],
        &["hold", "list", "--everywhere"], &["tenant", "create", "mine"], &["domain", "list"],
    ] {
        assert!(sh.refused(args).await.contains("only Global Administrators"), "{args:?}");
    }
    let no = sh.refused(&["admin", "create", "--user-name", "eve"]).await;
    assert!(no.contains("only Global Administrators") || no.contains("only the owner"), "{no}");
    assert!(sh.refused(&["tenant", "show", "provider"]).await.contains("not found"));
});

story!(async fn a_hold_is_let_go_only_by_who_says_so(t) {
    let s = TestServer::start(&t).await;
    let sh = crate::declared::root(&s).await;
    let acme = s.tenant("acme").await;
    let scim = s.directory(acme).await;
    let bob = id(&scim.post("/Users", json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bob@acme.example",
        "externalId": "b", "active": true,
    })).await.expect(201).json());
    way_in(&s.app.store, acme, bob.parse().unwrap()).await;
    sh.run(&["grant", "add", "acme", &bob, "Tenant Administrator", "--reason", "first"]).await;
    scim.delete(&format!("/Users/{bob}")).await.expect(204);
    let list = ["hold", "list", "--tenant", "acme"];
    let hold = id(&sh.run(&list).await["items"][0]);
    let no = sh.refused(&["hold", "drop", &hold, "--tenant", "acme"]).await;
    assert!(no.contains("the hold of the user 'bob@acme.example'") && no.contains("--yes"), "{no}");
    assert_eq!(id(&sh.run(&list).await["items"][0]), hold, "it is still there");
    sh.run(&["hold", "drop", &hold, "--tenant", "acme", "--yes"]).await;
    assert_eq!(sh.run(&list).await["items"], json!([]));
});

story!(async fn a_token_goes_to_nobody_else(t) {
    let s = TestServer::start(&t).await;
    let sh = Shell::new(&s, "not-a-token-of-ours");
    assert!(sh.refused(&["me"]).await.contains("does not take the token"));
    let usage = async |args: &[&str], variables: &[(&str, &str)]| {
        let mut c = muster();
        c.args(args).envs(variables.iter().copied());
        let out = tokio::task::spawn_blocking(move || c.output().unwrap()).await.unwrap();
        (out.status.code().unwrap(), String::from_utf8(out.stderr).unwrap())
    };
    let file = sh.token.to_str().unwrap();
    for (args, word) in [
        (&["--server", "http://id.example.com", "--token-file", file, "me"][..], "https"),
        (&["--server", "ftp://127.0.0.1", "--token-file", file, "me"], "https"),
        (&["--server", "https://a:b@id.example.com", "--token-file", file, "me"], "address alone"),
        (&["--server", "nonsense", "--token-file", file, "me"], "not a URL"),
        (&["--server", &s.url, "me"], "MUSTER_API_TOKEN"),
        (&["--server", &s.url, "--token-file", "/nowhere", "me"], "cannot read"),
        (&["--server", &s.url, "--token-file", file, "--ca-file", file, "me"], "no certificate"),
        (&["--server", &s.url, "--token-file", file, "migrate"], "this machine alone"),
        (&["--token-file", file, "me"], "--server"),
    ] {
        let (status, err) = usage(args, &[]).await;
        assert!(status == 2 && err.contains(word), "{args:?}: {status} {err}");
    }
    // From the environment; a data directory on the command line counts for more.
    let acme = s.tenant("acme").await;
    let token = token(&s, acme).await;
    let variables = [("MUSTER_SERVER_URL", s.url.as_str()), ("MUSTER_API_TOKEN", token.as_str())];
    let (status, err) = usage(&["me"], &variables).await;
    assert_eq!(status, 0, "{err}");
    let (status, err) = usage(&["tenant", "list", "--data-dir", "/nowhere/muster"], &variables).await;
    assert!(status == 1 && err.contains("/nowhere"), "{err}");
    let nobody = [("MUSTER_SERVER_URL", "http://127.0.0.1:1"), ("MUSTER_API_TOKEN", "x")];
    let (status, err) = usage(&["me"], &nobody).await;
    assert!(status == 1 && err.contains("cannot reach"), "{err}");
});

story!(async fn a_global_administrators_token_for_the_instance_does_what_they_do(t) {
    let s = TestServer::start(&t).await;
    let us = s.provider().await;
    s.tenant("acme").await;
    let new = NewUser {
        kind: UserKind::Administrator,
        user_name: "root".into(),
        display_name: None,
        email: None,
    };
    let root = users::add(&s.app.store, &s.permit(us).await, new).await.unwrap().id;
    let grant = NewGrant::manual(us, root, GLOBAL_ADMINISTRATOR);
    let grant = grants::add_everywhere(&s.app.access, &s.global().await, grant).await.unwrap();
    let everything = || {
        let all = s.app.access.catalogue().all().iter().cloned();
        Some(all.chain(["muster.instance".to_owned()]).collect::<Vec<_>>())
    };
    let portal = s.app(us, |new| { new.platform = true; new.settings.scopes = everything(); }).await;
    let proved = s.session(us, root, "mfa").await;
    let wide = ("scope", "openid muster.instance");
    let got = async |app: &TestApp, who: &Person, scope| {
        let code = s.code(app, who, &[scope, ("tenant", "provider")]).await;
        s.redeem(app, &code).await.expect(200).json()
    };
    let given = got(&portal, &proved, wide).await;
    assert_eq!(given["scope"], "openid muster.instance");
    let sh = Shell::new(&s, given["access_token"].as_str().unwrap());
    assert_eq!(sh.run(&["tenant", "create", "fabrikam", "--name", "Fabrikam"]).await["slug"], "fabrikam");
    sh.run(&["domain", "add", "fabrikam", "fabrikam.example"]).await;
    sh.run(&["user", "add", "fabrikam", "fay"]).await;
    assert_eq!(sh.run(&["user", "list", "acme"]).await["items"], json!([]));
    sh.run(&["keys", "list"]).await;
    let (status, out, err) = sh.says(&["doctor", "--json"]).await;
    let told: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{err}"));
    assert!(status <= 1 && told["checks"].as_array().unwrap().iter().any(|c| c["name"] == "database"), "{told}");

    let odd = ["app", "create", "fabrikam", "Odd", "--redirect-uri", "https://a.example/", "--scope", "nope.x"];
    assert!(sh.refused(&odd).await.contains("'nope.x' is not a permission"));

    // Any other token of theirs is bound to one company, and says so.
    let bound = got(&portal, &proved, ("scope", "openid users.view")).await;
    let bound = Shell::new(&s, bound["access_token"].as_str().unwrap());
    let said = bound.refused(&["tenant", "create", "x", "--name", "X"]).await;
    assert!(said.contains("muster.instance"), "{said}");
    // It is for those who proved a second factor,
    let single = s.session(us, root, "single").await;
    let a = s.authorize(&portal, &single, &[wide, ("prompt", "none"), ("tenant", "provider")]).await.expect(303);
    assert_eq!(field(a.header("location"), "error").as_deref(), Some("login_required"));
    // for Global Administrators,
    let tech = s.person(us, "tech", TENANT_ADMIN).await;
    let tech = s.session(us, tech, "mfa").await;
    assert_eq!(got(&portal, &tech, wide).await["scope"], "openid");
    // and for applications of the platform that are set to it by name.
    for app in [
        s.app(us, |new| { new.platform = true; }).await,
        s.app(us, |new| { new.settings.scopes = everything(); }).await,
    ] {
        assert_eq!(got(&app, &proved, wide).await["scope"], "openid");
    }
    // With the role goes what the token did.
    let second = users::add(&s.app.store, &s.permit(us).await, NewUser {
        kind: UserKind::Administrator, user_name: "second".into(), display_name: None, email: None,
    }).await.unwrap().id;
    let other = NewGrant::manual(us, second, GLOBAL_ADMINISTRATOR);
    grants::add_everywhere(&s.app.access, &s.global().await, other).await.unwrap();
    grants::remove_everywhere(&s.app.access, &s.global().await, grant.id).await.unwrap();
    assert!(sh.refused(&["tenant", "create", "late", "--name", "Late"]).await.contains("Global Administrators"));
    assert!(sh.refused(&["user", "list", "acme"]).await.contains("not found"));
});

crate::pure!(
    fn the_shell_waits_longer_than_a_server_takes() {
        let settings = muster::config::load(None, [], []);
        let taken = *settings.unwrap().config.limits.request_time;
        let waits = muster::cli::remote::ANSWER;
        assert!(waits >= taken + std::time::Duration::from_secs(15), "{waits:?} and {taken:?}");
    }
);
