//! The rules by which directories are understood: each is needed by an exchange of `scim-tests/`, and `docs/scim.md`
//! shows them as they are.

use crate::{
    pure, story,
    support::{TestServer, server::Scim},
};
use muster::{
    cli::scim_check::{Options, Outcome, Report, built_in, check},
    directories::Provisioning,
    protocol::scim::quirks::TABLE,
    provisioning,
};
use std::collections::BTreeSet;

/// A new directory in which the rule of this number is off.
async fn without(server: &TestServer, rule: &str) -> Scim {
    let tenant = server.tenant(&format!("without-{}", rule.replace('.', "-"))).await;
    server.extend_users(tenant).await;
    let scim = server.directory(tenant).await;
    let to = Provisioning { rules_off: vec![rule.to_owned()], ..Provisioning::default() };
    let permit = server.permit(tenant).await;
    provisioning::configure(&server.app.store, &permit, scim.directory, to).await.unwrap();
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
            let fails = report.conversations.iter().flat_map(|c| &c.exchanges).any(|e| {
                e.outcome == Outcome::Failed && e.rules.iter().any(|r| r == row.id)
            });
            assert!(fails, "with rule {} ({}) off every exchange marked with it still passes", row.id, row.name);
        }
    }
);

pure!(
    fn numbers_and_names_are_each_one_rules() {
        let ids: BTreeSet<&str> = TABLE.iter().map(|r| r.id).collect();
        let names: BTreeSet<&str> = TABLE.iter().map(|r| r.name).collect();
        assert_eq!((ids.len(), names.len()), (TABLE.len(), TABLE.len()));
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
        let ids: Vec<&str> =
            shown.iter().filter_map(|l| l.split(" | ").next()?.strip_prefix("| ")).collect();
        for id in ids.iter().filter(|id| id.contains('.') && id.len() < 6) {
            assert!(TABLE.iter().any(|r| r.id == *id), "docs/scim.md has a rule {id} that is none");
        }
    }
);
