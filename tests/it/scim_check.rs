//! `muster scim-check`: its files are complete, its comparison is strict, and our server holds every conversation.

use crate::{
    pure, story,
    support::{TestDb, TestServer},
};
use muster::{
    cli::scim_check::{Options, built_in, check, differ},
    directories::{Edit, Status},
};
use serde_json::{Value, json};

fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut out = Vec::new();
    differ(expected, Some(actual), "", &mut out);
    out
}

/// Our server holds the conversations of some directories, none of them skipped.
async fn held(t: &TestDb, whose: &[&str]) {
    let server = TestServer::start(t).await;
    let tenant = server.tenant("contoso").await;
    server.extend_users(tenant).await;
    let scim = server.directory(tenant).await;
    let options = Options {
        base_url: scim.base.clone(),
        token: scim.token.clone(),
        only: whose.iter().map(|w| (*w).to_owned()).collect(),
        ..Options::default()
    };
    let report = check(&options).await.expect("a report");
    let skipped: Vec<_> = report.conversations.iter().filter_map(|c| c.skipped.clone()).collect();
    let differences = report.differences();
    assert!(
        report.passed() && report.exchanges_skipped == 0 && skipped.is_empty(),
        "{} exchanges passed, {} failed, {} skipped\n{}\n{skipped:?}",
        report.exchanges_passed,
        report.exchanges_failed,
        report.exchanges_skipped,
        differences.join("\n")
    );
}

story!(
    async fn entras_conversations_are_held(t) {
        held(&t, &["entra"]).await;
    }
);
story!(
    async fn oktas_conversations_are_held(t) {
        held(&t, &["okta"]).await;
    }
);
story!(
    async fn the_others_conversations_are_held(t) {
        held(&t, &["google", "jumpcloud", "onelogin", "ping", "rippling"]).await;
    }
);
story!(
    async fn the_standards_conversations_are_held(t) {
        held(&t, &["rfc"]).await;
    }
);

pure!(
    fn every_conversation_is_inside_the_program() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scim-tests");
        let mut files = Vec::new();
        for folder in std::fs::read_dir(&root).expect("scim-tests") {
            let folder = folder.expect("an entry").path();
            if !folder.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(&folder).expect("a folder") {
                let path = file.expect("an entry").path().with_extension("");
                files.push(path.strip_prefix(&root).expect("below").to_string_lossy().into_owned());
            }
        }
        let mut inside: Vec<_> =
            built_in().expect("they parse").into_iter().map(|c| c.name).collect();
        files.sort();
        inside.sort();
        assert_eq!(inside, files);
    }
);

pure!(
    fn there_are_enough_of_them() {
        let all = built_in().expect("they parse");
        let exchanges: usize = all.iter().map(|c| c.step.len()).sum();
        assert!(exchanges >= 400, "only {exchanges}, not counting repetitions");
        for whose in ["entra", "okta", "onelogin", "google", "jumpcloud", "ping", "rippling", "rfc"]
        {
            let of = all.iter().filter(|c| c.name.starts_with(whose));
            assert!(of.map(|c| c.step.len()).sum::<usize>() >= 7, "{whose}");
        }
    }
);

pure!(
    fn failures_of_the_field_are_held_off_by_what_there_is() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(root.join("scim-tests/README.md")).expect("the manual");
        let table = text.split("## Failures seen in the field").nth(1).expect("the table");
        let rows: Vec<_> = table.lines().filter(|l| l.starts_with("| ")).skip(2).collect();
        assert!(rows.len() >= 40, "{}", rows.len());
        let all = built_in().expect("they parse");
        let tests = walk(&root.join("tests/it"));
        for row in rows {
            let by = row.trim_matches(['|', ' ']).rsplit_once(" | ").expect("two columns").1;
            let (place, name) = by.split_once(": ").expect("where: what");
            let there = match place {
                "tests" => tests.contains(&format!("fn {name}(")),
                _ => all.iter().any(|c| c.name == place && c.step.iter().any(|s| s.name == name)),
            };
            assert!(there, "scim-tests/README.md names what there is not: {by}");
        }
    }
);

/// The text of every file below a folder.
fn walk(folder: &std::path::Path) -> String {
    let each = std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path());
    each.map(
        |p| {
            if p.is_dir() { walk(&p) } else { std::fs::read_to_string(&p).unwrap_or_default() }
        },
    )
    .collect()
}

story!(
    async fn a_put_that_does_not_speak_of_active_leaves_it(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let ada = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"});
        let mut off = ada.clone();
        off["active"] = json!(false);
        let made = scim.post("/Users", off).await.expect(201).json();
        let at = format!("/Users/{}", made["id"].as_str().unwrap());
        assert_eq!(scim.put(&at, ada.clone()).await.expect(200).json()["active"], false);
        assert_eq!(scim.get(&at).await.expect(200).json()["active"], false);
        let on = json!([{"op": "replace", "path": "active", "value": true}]);
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": on});
        scim.patch(&at, body).await.expect(200);
        assert_eq!(scim.put(&at, ada).await.expect(200).json()["active"], true);
    }
);

story!(
    async fn a_directory_that_is_off_or_unknown_is_not_said_yes_to(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let other = server.directory(tenant).await;
        let ada = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"});
        scim.post("/Users", ada.clone()).await.expect(201);
        // The token of one directory at the address of another, and at one that nobody has.
        for base in [&other.base, &format!("{}/scim/{}/v2", server.url, uuid::Uuid::now_v7())] {
            let wrong = server.client(base).bearer(&scim.token);
            wrong.get("/Users").await.expect(401);
            wrong.post("/Users", ada.clone()).await.expect(401);
        }
        let switch = |to: Status| server.edit(tenant, scim.directory, Edit { status: Some(to), ..Edit::default() });
        switch(Status::Disabled).await;
        let grace = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "grace"});
        for refused in [scim.get("/Users").await, scim.post("/Users", grace).await] {
            assert!(refused.status == 401 || refused.status == 403, "{} {}", refused.status, refused.text);
            assert_eq!(refused.json()["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
        }
        switch(Status::Active).await;
        assert_eq!(scim.get("/Users").await.expect(200).json()["totalResults"], 1);
    }
);

pure!(
    fn an_answer_may_hold_more_but_not_less() {
        let expected = json!({"a": 1, "b": {"c": "x"}});
        assert!(
            differences(&expected, &json!({"a": 1, "b": {"c": "x", "d": 2}, "e": 3})).is_empty()
        );
        assert_eq!(
            differences(&expected, &json!({"a": 2, "b": {}})),
            ["/a is 2, expected 1", "/b/c is missing, expected \"x\""]
        );
    }
);

pure!(
    fn null_means_unassigned() {
        let expected = json!({"title": null});
        assert!(differences(&expected, &json!({})).is_empty());
        assert!(differences(&expected, &json!({"title": []})).is_empty());
        assert_eq!(differences(&expected, &json!({"title": "x"})).len(), 1);
        assert_eq!(differences(&expected, &json!({"title": null})).len(), 1);
    }
);

pure!(
    fn lists_match_in_any_order_and_each_element_once() {
        let expected = json!([{"v": 1}, {"v": 2}]);
        assert!(differences(&expected, &json!([{"v": 2, "w": 0}, {"v": 1}])).is_empty());
        assert_eq!(differences(&expected, &json!([{"v": 1}, {"v": 1}])).len(), 1);
        assert_eq!(differences(&expected, &json!([{"v": 1}])).len(), 1);
        assert_eq!(differences(&expected, &json!([{"v": 1}, {"v": 2}, {"v": 3}])).len(), 1);
        let some = json!({"<has>": [{"v": 1}]});
        assert!(differences(&some, &json!([{"v": 2}, {"v": 1}])).is_empty());
        assert_eq!(differences(&some, &json!([{"v": 2}])).len(), 1);
        assert_eq!(differences(&some, &json!({"v": 1})).len(), 1);
    }
);

pure!(
    fn patterns_are_not_satisfied_by_the_wrong_kind() {
        for (pattern, good, bad) in [
            ("<any>", json!(0), Value::Null),
            ("<text>", json!("x"), json!(" ")),
            ("<number>", json!(3), json!("3")),
            ("<url>", json!("https://x.example"), json!("x.example")),
            ("<time>", json!("2026-01-02T03:04:05.678Z"), json!("yesterday")),
            ("<starts ab>", json!("abc"), json!("bab")),
            ("<ends bc>", json!("abc"), json!("bca")),
            ("<holds BC>", json!("abcd"), json!("acbd")),
            ("<below 3>", json!(2), json!(3)),
            ("<atleast 3>", json!(3), json!(2)),
            ("<not x>", json!("y"), json!("x")),
            ("<count 2>", json!([1, 2]), json!([1])),
            ("<count 2>", json!([{}, {}]), json!(2)),
        ] {
            let expected = json!({ "k": pattern });
            assert!(differences(&expected, &json!({ "k": good })).is_empty(), "{pattern} {good}");
            assert_eq!(differences(&expected, &json!({ "k": bad })).len(), 1, "{pattern} {bad}");
        }
        assert_eq!(differences(&json!({"k": "<any>"}), &json!({})).len(), 1);
    }
);
