//! The rules by which directories are understood: each is needed by an exchange of `scim-tests/`, and `docs/scim.md`
//! shows them as they are.

use crate::{
    pure, story,
    support::{TestServer, server::Scim},
};
use muster::{
    cli::scim_check::{Options, Outcome, Report, built_in, check},
    directories::{Edit, Provisioning},
    protocol::scim::quirks::{LETTER, TABLE, known},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A new directory in which the rule of this number is off.
async fn without(server: &TestServer, rule: &str) -> Scim {
    let tenant = server.tenant(&format!("without-{}", rule.replace('.', "-"))).await;
    server.extend_users(tenant).await;
    let scim = server.directory(tenant).await;
    let to = Provisioning { rules_off: vec![rule.to_owned()], ..Provisioning::default() };
    server.edit(tenant, scim.directory, Edit { provisioning: Some(to), ..Edit::default() }).await;
    scim
}

async fn held(scim: &Scim, only: Vec<String>) -> Report {
    let options = Options {
        base_url: scim.base.clone(),
        token: scim.token.clone(),
        only,
        ..Options::default()
    };
    check(&options).await.expect("a report")
}

/// The conversations in which a rule is marked.
fn marked(rule: &str) -> Vec<String> {
    let has = |c: &muster::cli::scim_check::Conversation| {
        c.step.iter().any(|s| s.rules.iter().any(|r| r == rule))
    };
    built_in().expect("they parse").into_iter().filter(has).map(|c| c.name).collect()
}

story!(
    async fn each_rule_is_needed_by_an_exchange(t) {
        let server = TestServer::start(&t).await;
        for row in TABLE {
            let scim = without(&server, row.id).await;
            let only = marked(row.id);
            assert!(!only.is_empty(), "no exchange is marked with rule {}", row.id);
            let report = held(&scim, only).await;
            let (mut fails, mut passes) = (0, Vec::new());
            for c in &report.conversations {
                for e in c.exchanges.iter().filter(|e| e.rules.iter().any(|r| r == row.id)) {
                    match e.outcome {
                        Outcome::Failed => fails += 1,
                        Outcome::Passed => passes.push(format!("{}: {}", c.name, e.name)),
                        Outcome::Skipped => {}
                    }
                }
            }
            let what = format!("with rule {} ({}) off", row.id, row.name);
            assert!(fails > 0, "{what} no exchange marked with it fails");
            assert!(passes.is_empty(), "{what} these are answered all the same: {passes:#?}");
        }
    }
);

story!(
    async fn a_rule_goes_and_comes_at_once(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let ada = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada", "active": "True",
        });
        let at = |id: &str| format!("/api/v1/tenants/contoso/directories/{id}");
        let set = async |off: Value| {
            let body = json!({"provisioning": {"rules_off": off}});
            server.as_owner(Method::PATCH, &at(&scim.directory.to_string()), Some(body)).await
        };
        let made = scim.post("/Users", ada.clone()).await.expect(201).json();
        let path = format!("/Users/{}", made["id"].as_str().unwrap());
        set(json!(["1.1"])).await.expect(200);
        assert_eq!(scim.put(&path, ada.clone()).await.expect(400).json()["scimType"], "invalidValue");
        set(json!([])).await.expect(200);
        scim.put(&path, ada.clone()).await.expect(200);
        // By the letter: what the RFC says is taken, what only a rule understands is not.
        set(json!(["all"])).await.expect(200);
        scim.put(&path, ada.clone()).await.expect(400);
        let mut right = ada;
        right["active"] = json!(true);
        scim.put(&path, right).await.expect(200);
        let op = json!([{"op": "replace", "path": "active", "value": false}]);
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": op});
        assert_eq!(scim.patch(&path, body).await.expect(200).json()["active"], false);
        scim.patch(&path, json!({"Operations": op})).await.expect(400);
        assert_eq!(scim.get("//Users").await.status, 404);
        let none = scim.get("/Users?filter=userName%20eq%20%22nobody%22").await.expect(200).json();
        assert_eq!(none, json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0}));
        let refused = set(json!(["1.1", "7.7"])).await.expect(400).json();
        assert!(refused["detail"].as_str().unwrap().contains("7.7"), "{refused}");
    }
);

story!(
    async fn another_version_is_said_to_be_one(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let base = scim.base.trim_end_matches("/v2").to_owned();
        let client = server.client(&base).bearer(&scim.token);
        assert_eq!(client.get("/v1/Users").await.expect(400).json()["scimType"], "invalidVers");
        client.get("/V2/Users").await.expect(200);
    }
);

story!(
    async fn a_manager_has_a_name(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let ent = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let boss = scim.post("/Users", json!({"userName": "boss", "displayName": "The Boss"})).await.expect(201).json();
        let new = json!({"userName": "ada", ent: {"manager": boss["id"]}});
        let ada = scim.post("/Users", new).await.expect(201).json();
        let url = format!("{}/Users/{}", scim.base, boss["id"].as_str().unwrap());
        let want = json!({"value": boss["id"], "$ref": url});
        assert_eq!(ada[ent]["manager"], want);
        let at = format!("/Users/{}", ada["id"].as_str().unwrap());
        assert_eq!(scim.get(&at).await.expect(200).json()[ent]["manager"], want);
        let asked = format!("attributes=userName,{ent}:manager.displayName");
        let one = scim.get(&format!("{at}?{asked}")).await.expect(200).json();
        assert_eq!(one[ent]["manager"], json!({"displayName": "The Boss"}));
        let page = scim.get(&format!("/Users?filter=userName%20eq%20%22ada%22&{asked}")).await.expect(200).json();
        assert_eq!(page["Resources"][0][ent]["manager"], json!({"displayName": "The Boss"}));
        // Read back and put again, as some connectors do: the name is the server's and means nothing.
        let mut again = ada.clone();
        again[ent]["manager"]["displayName"] = json!("Somebody");
        assert_eq!(scim.put(&at, again).await.expect(200).json()[ent]["manager"], want);
        let other = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
            {"op": "replace", "path": format!("{ent}:manager.value"), "value": "unknown-yet"},
        ]});
        let after = scim.patch(&at, other).await.expect(200).json();
        assert_eq!(after[ent]["manager"], json!({"value": "unknown-yet"}), "no address of the one before");
    }
);

pure!(
    fn numbers_and_names_are_each_one_rules() {
        let all = TABLE.iter().map(|r| (r.id, r.name)).chain(LETTER.iter().map(|l| (l.id, l.name)));
        let (ids, names): (BTreeSet<&str>, BTreeSet<&str>) = all.unzip();
        let n = TABLE.len() + LETTER.len();
        assert_eq!((ids.len(), names.len()), (n, n));
        for row in TABLE {
            assert_eq!(row.rule.id(), row.id, "rules stand in the order of the table");
        }
    }
);

pure!(
    fn the_docs_show_the_table() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scim.md");
        let docs = std::fs::read_to_string(path).expect("docs/scim.md");
        let shown: Vec<&str> =
            docs.lines().filter(|l| l.starts_with("| ") && l.contains(" | ")).collect();
        for row in TABLE {
            let line = format!(
                "| {} | {} | {} | {} | {} |",
                row.id, row.name, row.who, row.sent, row.done
            );
            assert!(shown.contains(&line.as_str()), "docs/scim.md lacks or has otherwise:\n{line}");
        }
        for l in LETTER {
            let line = format!("| {} | {} | {} | {} | {} |", l.id, l.name, l.who, l.sent, l.done);
            assert!(shown.contains(&line.as_str()), "docs/scim.md lacks or has otherwise:\n{line}");
        }
        let numbers = (1..=29).map(|n| format!("1.{n}")).chain((1..=11).map(|n| format!("2.{n}")));
        for id in numbers.chain((1..=6).map(|n| format!("3.{n}"))) {
            let row = docs.contains(&format!("| {id} | "));
            let prose =
                docs.lines().filter(|l| l.starts_with("- ")).filter_map(|l| l.split_once(": "));
            let prose = prose.filter(|(l, _)| l[2..].split(", ").any(|n| n == id)).count();
            assert_eq!(usize::from(row) + prose, 1, "docs/scim.md defines {id} once");
        }
        let ids: Vec<&str> =
            shown.iter().filter_map(|l| l.split(" | ").next()?.strip_prefix("| ")).collect();
        for id in ids.iter().filter(|id| id.contains('.') && id.len() < 6) {
            assert!(known(id), "docs/scim.md has a number {id} that is none");
        }
    }
);
