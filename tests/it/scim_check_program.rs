//! `muster scim-check` as a shell sees it: what it prints for people and for programs, and what it ends with.

use crate::{
    cli::muster,
    story,
    support::{TestDb, TestServer, server::Scim},
};
use axum::{Router, http::header, response::IntoResponse as _, routing::get};
use muster::directories::{Edit, Provisioning};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What it ended with, what it printed, and what it said beside.
type Ended = (i32, String, String);

/// The program with this server, the token in its environment as somebody's job has it.
async fn checks(base: &str, token: &str, args: &[&str]) -> Ended {
    let mut c = muster();
    c.args(["scim-check", base]).args(args).env("MUSTER_SCIM_TOKEN", token);
    let out = tokio::task::spawn_blocking(move || c.output().expect("it runs")).await.unwrap();
    let text = |b: Vec<u8>| String::from_utf8(b).expect("text");
    (out.status.code().expect("a status"), text(out.stdout), text(out.stderr))
}

/// A directory, in which these rules are off.
async fn directory(t: &TestDb, off: &[&str]) -> (TestServer, Scim) {
    let server = TestServer::start(t).await;
    let tenant = server.tenant("contoso").await;
    let scim = server.directory(tenant).await;
    let rules_off = off.iter().map(|r| (*r).to_owned()).collect();
    let to = Provisioning { rules_off, ..Provisioning::default() };
    server.edit(tenant, scim.directory, Edit { provisioning: Some(to), ..Edit::default() }).await;
    (server, scim)
}

fn document(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|e| panic!("{e}: {out}"))
}

/// The lines of conversations: what stands before the name, the name, and passed, failed and skipped.
fn lines(out: &str) -> Vec<(String, String, [u64; 3])> {
    let line = |l: &str| {
        let w: Vec<&str> = l.split_whitespace().collect();
        let head = !l.starts_with(' ') && w.get(3) == Some(&"passed");
        head.then(|| {
            let n = |i: usize| w[i].parse::<u64>().unwrap();
            assert_eq!((w[5], w[7], w[9]), ("failed", "skipped", "ms"), "{l}");
            assert!(w[8].parse::<u64>().is_ok() && w.len() > 10, "{l}");
            (w[0].to_owned(), w[1].to_owned(), [n(2), n(4), n(6)])
        })
    };
    out.lines().filter_map(line).collect()
}

/// The keys of an object.
fn keys(v: &Value) -> BTreeSet<&str> {
    v.as_object().unwrap().keys().map(String::as_str).collect()
}

story!(
    async fn all_that_is_well_ends_with_0(t) {
        let (_server, scim) = directory(&t, &[]).await;
        // None of them is held to a time, which is the machine's matter where others are at work.
        let only = ["--only", "okta/wizard", "--only", "rfc/sort"];
        let (code, out, err) = checks(&scim.base, &scim.token, &only).await;
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        let all = lines(&out);
        let names: Vec<&str> = all.iter().map(|l| l.1.as_str()).collect();
        assert_eq!(names, ["okta/wizard", "rfc/sort"], "{out}");
        assert!(all.iter().all(|(mark, _, n)| mark == "ok" && n[0] > 3 && n[1..] == [0, 0]), "{out}");
        assert!(out.contains("An app from the integration wizard: updates by PUT"), "{out}");
        let held: u64 = all.iter().map(|l| l.2[0]).sum();
        let sum = format!(
            "\n{}: {held} exchanges passed, 0 failed (0 of them by a directory's habit that is not understood), 0 skipped\n",
            scim.base
        );
        assert!(out.ends_with(&sum), "{out}");
        assert_eq!(out.lines().count(), all.len() + 2, "no exchange that is well has a line: {out}");
        assert!(!out.contains(&scim.token), "{out}");

        // Each of them where that is asked for.
        let (code, out, _) = checks(&scim.base, &scim.token, &["--only", "okta/wizard", "-v"]).await;
        let told = out.lines().filter(|l| l.starts_with("        ok: ")).count();
        assert_eq!((code, u64::try_from(told).unwrap()), (0, all[0].2[0]), "{out}");
        assert!(out.contains("        ok: on save: two people\n            GET /Users?startIndex=1&count=2 -> 200\n"), "{out}");

        // The same for programs: one document and nothing beside it.
        let (code, out, err) =
            checks(&scim.base, &scim.token, &[&only[..], &["--json"]].concat()).await;
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        let doc = document(&out);
        let whole = [
            "base_url", "conversations", "exchanges_failed", "exchanges_passed", "exchanges_skipped", "habits_failed",
        ];
        assert_eq!(keys(&doc), BTreeSet::from(whole));
        assert_eq!((&doc["base_url"], &doc["exchanges_passed"]), (&json!(scim.base), &json!(held)));
        for n in ["exchanges_failed", "exchanges_skipped", "habits_failed"] {
            assert_eq!(doc[n], 0, "{n}");
        }
        let said: Vec<&str> =
            doc["conversations"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
        assert_eq!(said, names);
        let first = &doc["conversations"][0];
        assert_eq!(keys(first), BTreeSet::from(["exchanges", "ms", "name", "title"]));
        for e in first["exchanges"].as_array().unwrap() {
            let mut has = keys(e);
            has.remove("rules");
            let want = BTreeSet::from(["ms", "name", "outcome", "request", "status"]);
            assert_eq!((has, &e["outcome"]), (want, &json!("passed")), "{e}");
        }
    }
);

story!(
    async fn what_fails_is_named_and_ends_with_1(t) {
        let (_server, scim) = directory(&t, &["1.1"]).await;
        let only = ["--only", "entra/odds", "--only", "rfc/errors"];
        let (code, out, _) = checks(&scim.base, &scim.token, &only).await;
        assert_eq!(code, 1, "{out}");
        let all = lines(&out);
        let marks: Vec<(&str, &str)> = all.iter().map(|l| (l.0.as_str(), l.1.as_str())).collect();
        assert_eq!(marks, [("FAIL", "entra/odds"), ("ok", "rfc/errors")], "{out}");
        // Which exchange, by which habit, what was sent and what came, and what was wanted instead.
        let begins = out.lines().position(|l| l.starts_with("        failed: ")).expect("one failed");
        let told: Vec<&str> = out.lines().skip(begins).take(3).collect();
        assert!(told[0].ends_with(']') && told[0].contains("1.1"), "{out}");
        assert!(told[1].starts_with("            P") && told[1].ends_with(" -> 400"), "{out}");
        assert!(told[2].starts_with("            ") && told[2].contains("400"), "{out}");
        let failed: u64 = all.iter().map(|l| l.2[1]).sum();
        assert!(out.contains(&format!(" {failed} failed (")), "{out}");
        assert!(!out.contains("        ok: "), "{out}");

        let (code, out, _) = checks(&scim.base, &scim.token, &[&only[..], &["--json"]].concat()).await;
        let doc = document(&out);
        assert_eq!((code, &doc["exchanges_failed"]), (1, &json!(failed)), "{out}");
        let of = doc["conversations"].as_array().unwrap().iter();
        let each: Vec<&Value> = of.flat_map(|c| c["exchanges"].as_array().unwrap()).collect();
        let bad: Vec<&&Value> = each.iter().filter(|e| e["outcome"] == "failed").collect();
        assert_eq!(u64::try_from(bad.len()).unwrap(), failed);
        let habit = bad.iter().filter(|e| e.get("rules").is_some()).count();
        assert_eq!(doc["habits_failed"], habit);
        let first = bad.iter().find(|e| e["rules"].to_string().contains("\"1.1\"")).expect("the rule's number");
        assert_eq!(first["status"], 400, "{first}");
        assert!(first["differences"][0].as_str().unwrap().contains("400"), "{first}");
        // What came after it and could not be asked says why.
        for e in each.iter().filter(|e| e["outcome"] == "skipped") {
            assert!(e["differences"][0].is_string(), "{e}");
        }

        // A token that is none: everything is another answer than it should be, and it is no crash.
        let (code, out, _) = checks(&scim.base, "mst_scim_nobody", &["--only", "okta/spec"]).await;
        assert_eq!((code, lines(&out)[0].0.as_str()), (1, "FAIL"), "{out}");
        assert!(out.contains(" -> 401\n"), "{out}");
    }
);

story!(
    async fn who_is_not_there_is_no_failed_exchange(t) {
        // Bound, so that nobody else listens there, and does not listen.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let base = format!("http://{}/v2", socket.local_addr().unwrap());
        for args in [&["--only", "okta/spec"][..], &["--only", "okta/spec", "--json"]] {
            let (code, out, err) = checks(&base, "x", args).await;
            assert_eq!((code, out.as_str()), (1, ""), "{err}");
            assert!(err.starts_with("muster: ") && err.contains(&base), "which server, and why: {err}");
        }
        // What is no address, what no conversation is called, and who asks which there are, need no server.
        let (code, out, err) = checks("not-an-address", "x", &[]).await;
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains("not-an-address"), "{err}");
        let (code, out, err) = checks(&base, "x", &["--only", "nosuch"]).await;
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains("nosuch") && err.contains("--list"), "{err}");
        let (code, out, _) = checks(&base, "x", &["--list", "--only", "okta"]).await;
        assert_eq!(code, 0);
        assert!(out.lines().all(|l| l.starts_with("okta/") && l.contains(" exchanges  ")), "{out}");
        assert!(out.lines().count() > 3, "{out}");
    }
);

story!(
    async fn what_the_server_says_it_has_not_is_skipped_and_nothing_checked_is_not_well(t) {
        let has_none = || async {
            let body = json!({"etag": {"supported": false}, "sort": {"supported": false}}).to_string();
            ([(header::CONTENT_TYPE, "application/scim+json")], body).into_response()
        };
        let app = Router::new().route("/ServiceProviderConfig", get(has_none));
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", tcp.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(tcp, app).await });
        let (code, out, _) = checks(&base, "x", &["--only", "rfc/etag"]).await;
        assert_eq!(code, 1, "{out}");
        let all = lines(&out);
        assert_eq!((all[0].0.as_str(), all[0].2[..2].to_vec()), ("skip", vec![0, 0]), "{out}");
        assert!(out.contains("skipped: ") && out.contains("etag"), "why: {out}");
        let (code, out, _) = checks(&base, "x", &["--only", "rfc/etag", "--json"]).await;
        let doc = document(&out);
        assert_eq!((code, &doc["exchanges_passed"], &doc["exchanges_failed"]), (1, &json!(0), &json!(0)));
        assert!(doc["conversations"][0]["skipped"].as_str().unwrap().contains("etag"), "{out}");
    }
);
