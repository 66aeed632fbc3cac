//! `muster doctor` as a shell sees it: over a running and a stopped server, and over one that would not start.

use super::mode;
use crate::{
    cli::{Served, output, place},
    pure, story,
};
use muster::{secret::ExposeSecret as _, store::Database};
use std::{fs, path::Path};

/// Its exit status and its lines.
fn doctor(dir: &Path, args: &[&str]) -> (i32, String) {
    let (status, out, err) = output(dir, &[args, &["doctor"]].concat());
    assert_eq!(err, "", "{out}");
    for line in out.lines() {
        let known = ["ok   ", "warn ", "fail "].iter().any(|s| line.starts_with(s));
        assert!(known && line.contains(": "), "{line}");
        assert_eq!(line.starts_with("ok "), !line.contains("; mend: "), "{line}");
    }
    (status, out)
}

#[track_caller]
fn says(told: &(i32, String), status: i32, part: &str) {
    assert!(told.0 == status && told.1.contains(part), "no '{part}', or not {status}: {told:?}");
}

story! {
    async fn it_looks_at_a_running_and_at_a_stopped_server(t) {
        let (_dir, data) = place();
        let url = match &t.options.database {
            Database::Postgres(url) => format!("database.url={}", url.expose_secret()),
            Database::Sqlite(_) => "database.url=".to_owned(),
        };
        let at = ["--set", url.as_str()];
        says(&doctor(&data, &at), 1, "there is no Muster in");
        assert!(!data.exists(), "it makes nothing");
        for name in ["ada", "bert"] {
            let made = output(&data, &[&at[..], &["admin", "create", "--user-name", name]].concat());
            assert_eq!(made.0, 0, "{made:?}");
        }
        let stopped = doctor(&data, &at);
        says(&stopped, 0, "warn server: it does not run");
        says(&stopped, 0, "ok   administrators: 2 Global Administrators");
        assert!(!stopped.1.contains("public-url"), "nobody answers there");
        let served = Served::start_with(&data, &at);
        let running = doctor(&data, &at);
        says(&running, 0, "ok   server: it runs");
        says(&running, 0, &format!("ok   public-url: {} leads here", served.url));
        let (status, json, _) = output(&data, &["doctor", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((status, &json["ok"]), (0, &serde_json::Value::Bool(true)));
        assert_eq!(json["checks"].as_array().unwrap().len(), running.1.lines().count());
        let (status, out, _) = output(&data, &["doctor", "--send-test-mail", "ops@example.com"]);
        assert_eq!(status, 1);
        assert!(out.contains("fail test-mail: no mail server is set"), "{out}");
        assert_eq!(served.stop(), 0);
    }
}

pure! {
    fn it_tells_of_the_setup_link_while_that_opens_something() {
        let (_dir, data) = place();
        let served = Served::start_with(&data, &[]);
        says(&doctor(&data, &[]), 0, "warn administrators: there is none yet; a setup link is open until ");
        // Somebody came by another way: the link opens nothing any more, so nobody is sent to it nor warned of it.
        assert_eq!(output(&data, &["admin", "create", "--user-name", "ada"]).0, 0);
        let told = doctor(&data, &[]);
        says(&told, 0, "warn administrators: there is one Global Administrator");
        assert!(!told.1.contains("setup link"), "{told:?}");
        assert_eq!(served.stop(), 0);
    }
}

pure! {
    fn it_tells_what_keeps_a_server_from_starting() {
        let (_dir, data) = place();
        assert_eq!(output(&data, &["admin", "create", "--user-name", "ada"]).0, 0);
        // Permissions, which an ordinary start would mend unasked.
        mode(&data, 0o755);
        says(&doctor(&data, &[]), 1, "data is open to others than its owner; mend: chmod 700");
        says(&doctor(&data, &[]), 0, "ok   files");
        // The key: gone, another, and closed again.
        let key = data.join("master.key");
        let good = fs::read(&key).unwrap();
        fs::remove_file(&key).unwrap();
        says(&doctor(&data, &[]), 1, "fail master-key: ");
        assert!(!key.exists(), "it makes none");
        fs::write(&key, "A".repeat(43)).unwrap();
        mode(&key, 0o600);
        says(&doctor(&data, &[]), 1, "sealed with another master key");
        fs::write(&key, good).unwrap();
        // Settings.
        says(&doctor(&data, &["--set", "server.listn=x"]), 1, "did you mean 'server.listen'?");
        says(&doctor(&data, &["--set", "outbound.allow=nowhere"]), 1, "fail settings: outbound.allow: 'nowhere'");
        says(&doctor(&data, &["--set", "mail.server=gopher://x"]), 1, "fail settings: mail.server: ");
        let https = ["--set", "server.public_url=https://id.example.com"];
        says(&doctor(&data, &https), 1, "fail tls: the public URL is https, and nothing says where TLS ends");
        // The database: away, foreign, older, newer.
        let away = ["--set", "database.url=postgres://muster:x@127.0.0.1:9/muster"];
        says(&doctor(&data, &away), 1, "fail database: ");
        let file = data.join("muster.db");
        let version = |n: i64| {
            let c = rusqlite::Connection::open(&file).unwrap();
            c.pragma_update(None, "user_version", n).unwrap();
        };
        version(1);
        says(&doctor(&data, &[]), 0, "warn database: it has 1 of ");
        assert!(doctor(&data, &[]).1.contains("mend: muster migrate"));
        version(99);
        says(&doctor(&data, &[]), 1, "fail database: it has 99 migrations");
        fs::write(&file, "this is no database").unwrap();
        for more in ["muster.db-wal", "muster.db-shm"] {
            let _ = fs::remove_file(data.join(more));
        }
        says(&doctor(&data, &[]), 1, "file is not a database");
        fs::remove_file(&file).unwrap();
        says(&doctor(&data, &[]), 1, "fail database: there is none yet");
        assert!(!file.exists(), "it makes none");
    }
}

pure! {
    fn a_settings_file_with_a_password_is_for_its_owner() {
        let (dir, data) = place();
        assert_eq!(output(&data, &["admin", "create", "--user-name", "ada"]).0, 0);
        let file = dir.path().join("muster.toml");
        fs::write(&file, "[mail]\nserver = \"smtp://me:hunter2@127.0.0.1:9\"\nfrom = \"me@example.com\"\n").unwrap();
        mode(&file, 0o644);
        let at = ["--config", file.to_str().unwrap()];
        says(&doctor(&data, &at), 1, "fail settings: everybody on this machine can read");
        mode(&file, 0o640);
        let told = doctor(&data, &at);
        says(&told, 1, "ok   settings");
        says(&told, 1, "fail mail: ");
        assert!(!told.1.contains("hunter2"), "{told:?}");
    }
}
