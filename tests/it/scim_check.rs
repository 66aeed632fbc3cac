//! `muster scim-check`: its files are complete, its comparison is strict, and our server holds every conversation.

use crate::{
    pure, story,
    support::{TestDb, TestServer},
};
use muster::cli::scim_check::{Options, built_in, check, differ};
use serde_json::{Value, json};

fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut out = Vec::new();
    differ(expected, Some(actual), "", &mut out);
    out
}

/// Our server holds the conversations of one directory, none of them skipped.
async fn held(t: &TestDb, whose: &str) {
    let server = TestServer::start(t).await;
    let tenant = server.tenant("contoso").await;
    server.extend_users(tenant).await;
    let scim = server.directory(tenant).await;
    let options = Options {
        base_url: scim.base.clone(),
        token: scim.token.clone(),
        only: vec![whose.to_owned()],
        ..Options::default()
    };
    let report = check(&options).await.expect("a report");
    let skipped: Vec<_> = report.conversations.iter().filter_map(|c| c.skipped.clone()).collect();
    let differences = report.differences();
    assert!(
        report.passed() && skipped.is_empty(),
        "{} exchanges passed, {} failed, {} skipped\n{}\n{skipped:?}",
        report.exchanges_passed,
        report.exchanges_failed,
        report.exchanges_skipped,
        differences.join("\n")
    );
}

story!(
    async fn entras_conversations_are_held(t) {
        held(&t, "entra").await;
    }
);
story!(
    async fn oktas_conversations_are_held(t) {
        held(&t, "okta").await;
    }
);
story!(
    async fn the_others_conversations_are_held(t) {
        held(&t, "onelogin").await;
    }
);
story!(
    async fn the_standards_conversations_are_held(t) {
        held(&t, "rfc").await;
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
        ] {
            let expected = json!({ "k": pattern });
            assert!(differences(&expected, &json!({ "k": good })).is_empty(), "{pattern} {good}");
            assert_eq!(differences(&expected, &json!({ "k": bad })).len(), 1, "{pattern} {bad}");
        }
        assert_eq!(differences(&json!({"k": "<any>"}), &json!({})).len(), 1);
    }
);
