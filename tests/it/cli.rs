//! The program as a shell sees it: a first start, commands to a running and to a stopped server, the lock, signals.

use crate::{pure, story};
use muster::{secret::ExposeSecret as _, store::Database};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The binary that belongs to these tests.
pub fn muster() -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_muster"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MUSTER_") {
            c.env_remove(name);
        }
    }
    c.stdin(Stdio::null());
    c
}

pub fn output(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let out = muster().arg("--data-dir").arg(dir).args(args).output().expect("the program runs");
    let text = |b: Vec<u8>| String::from_utf8(b).expect("text");
    (out.status.code().expect("a status"), text(out.stdout), text(out.stderr))
}

fn json(dir: &Path, args: &[&str]) -> Value {
    let (status, out, err) = output(dir, args);
    assert_eq!(status, 0, "{args:?}: {out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?}: {e}: {out}"))
}

fn refused(dir: &Path, args: &[&str]) -> String {
    let (status, out, err) = output(dir, args);
    assert_eq!((status, out.as_str()), (1, ""), "{args:?}: {err}");
    err
}

/// A running server.
pub struct Served {
    child: Child,
    /// Its public URL.
    pub url: String,
}
impl Served {
    fn start(dir: &Path) -> Self {
        Self::start_with(dir, &[])
    }
    pub fn start_with(dir: &Path, args: &[&str]) -> Self {
        Self::start_at(dir, "127.0.0.1:0", args)
    }
    /// One that listens there.
    pub fn start_at(dir: &Path, listen: &str, args: &[&str]) -> Self {
        let mut child = muster()
            .arg("--data-dir")
            .arg(dir)
            .args(args)
            .args(["serve", "--listen", listen])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        // Owned from here on: whatever fails below, the server does not outlive the test.
        let mut served = Self { child, url: String::new() };
        let ready = lines.find(|l| l.as_ref().is_ok_and(|l| l.contains(" ready address=")));
        let ready = ready.expect("it gets ready").expect("text");
        let url = ready.split("issuer=\"").nth(1).and_then(|r| r.split('"').next());
        url.unwrap_or_else(|| panic!("{ready}")).clone_into(&mut served.url);
        std::thread::spawn(move || lines.for_each(drop));
        served
    }
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
    pub fn stop(mut self) -> i32 {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        self.child.wait().expect("an end").code().expect("a status")
    }
}
impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    (dir, data)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

pure! {
    fn the_first_start_makes_everything_for_its_owner_only() {
        let (_dir, data) = place();
        let served = Served::start(&data);
        assert_eq!(mode(&data), 0o700);
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&data).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            names.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
        for wanted in ["muster.db", "master.key", "muster.lock", "muster.sock"] {
            assert!(names.iter().any(|n| n == wanted), "{wanted} in {names:?}");
        }
        assert_eq!(served.stop(), 0);
        let key = std::fs::read(data.join("master.key")).unwrap();
        assert_eq!(Served::start(&data).stop(), 0);
        assert_eq!(std::fs::read(data.join("master.key")).unwrap(), key);
    }
}

pure! {
    fn commands_reach_a_running_and_a_stopped_server_alike() {
        let (_dir, data) = place();
        let made = json(&data, &["tenant", "create", "stopped"]);
        assert_eq!(made["slug"], "stopped");
        let served = Served::start(&data);
        json(&data, &["tenant", "create", "running", "--name", "Made while it runs"]);
        let directory = json(&data, &["directory", "create", "running", "Entra", "--preset", "entra"]);
        let base = directory["scim_base_url"].as_str().unwrap();
        assert!(base.starts_with(&served.url), "{base} is at {}", served.url);
        let token = json(&data, &["scim-token", "create", "running", "entra"]);
        assert!(token["token"].as_str().unwrap().starts_with("mst_scim_"));
        served.stop();
        let list = json(&data, &["tenant", "list"]);
        let slugs: Vec<_> = list["items"].as_array().unwrap().iter().map(|t| &t["slug"]).collect();
        assert_eq!(slugs, ["running", "stopped"]);
        assert!(refused(&data, &["tenant", "create", "running"]).contains("exists already"));
    }
}

pure! {
    fn everything_can_be_set_up_from_a_shell() {
        let (dir, data) = place();
        let admin = json(&data, &["admin", "create", "--user-name", "ada@example.com"]);
        assert!(admin["otpauth"].as_str().unwrap().starts_with("otpauth://totp/"));
        assert!(admin["password"].as_str().unwrap().len() >= 12);
        assert_eq!(json(&data, &["tenant", "list"])["items"][0]["provider"], true);
        json(&data, &["tenant", "create", "contoso", "--name", "Contoso AG"]);
        let secret = dir.path().join("secret.txt");
        std::fs::write(&secret, "s3cret\n").unwrap();
        let made = json(&data, &[
            "directory", "create", "contoso", "Entra", "--preset", "entra", "--issuer",
            "https://login.microsoftonline.com/x/v2.0", "--client-id", "id", "--client-secret-file",
            secret.to_str().unwrap(), "--auth-context", "c1", "--scope", "profile",
        ]);
        assert_eq!(made["signin"]["rules"]["acrs"], "c1");
        assert!(!made.to_string().contains("s3cret"));
        json(&data, &["scim-token", "create", "contoso", "entra"]);
        let tokens = json(&data, &["scim-token", "list", "contoso", "entra"]);
        let id = tokens["items"][0]["id"].as_str().unwrap().to_owned();
        output(&data, &["scim-token", "revoke", "contoso", "entra", &id]);
        let served = Served::start(&data);
        let role = json(&data, &[
            "role", "create", "contoso", "Help desk", "--permission", "users.view", "--permission",
            "users.edit",
        ]);
        assert_eq!(role["demands_mfa"], true);
        json(&data, &["policy", "set", "contoso", "--mfa", "always", "--role", "help desk=none"]);
        assert_eq!(json(&data, &["policy", "show", "contoso"])["mfa"]["default"], "always");
        let password = dir.path().join("password.txt");
        std::fs::write(&password, "violet harbour 27 lanterns").unwrap();
        let bert = json(&data, &[
            "user", "add", "contoso", "bert", "--password-file", password.to_str().unwrap(),
            "--one-time-code",
        ]);
        assert!(bert["otpauth"].is_string());
        json(&data, &["grant", "add", "contoso", "bert", "Help desk", "--reason", "new here"]);
        let why = json(&data, &["explain", "contoso", "bert", "users.edit"]);
        assert_eq!(why["allowed"], true);
        assert_eq!(why["paths"][0]["via"]["reason"], "new here");
        let app = json(&data, &[
            "app", "create", "contoso", "Wiki", "--redirect-uri", "https://wiki.contoso.com/cb",
        ]);
        assert!(app["client_secret"].is_string());
        let program = json(&data, &[
            "integration", "create", "contoso", "Backup", "--role", "Read-Only", "--scope",
            "users.view",
        ]);
        assert!(program["client_secret"].is_string());
        assert_eq!(json(&data, &["user", "disable", "contoso", "bert"])["enabled"], false);
        json(&data, &["keys", "rotate"]);
        json(&data, &["tenant", "suspend", "contoso"]);
        assert_eq!(json(&data, &["tenant", "resume", "contoso"])["status"], "active");
        assert!(refused(&data, &["explain", "contoso", "nobody", "users.edit"]).contains("nobody"));
        served.stop();
    }
}

pure! {
    fn a_data_directory_is_held_by_one() {
        let (_dir, data) = place();
        let _served = Served::start(&data);
        let (status, _, err) = output(&data, &["serve", "--listen", "127.0.0.1:0"]);
        assert_eq!(status, 1);
        assert!(err.contains("is in use by process"), "{err}");
    }
}

pure! {
    fn what_is_no_data_directory_is_left_alone() {
        let (dir, data) = place();
        assert!(refused(&data, &["tenant", "list"]).contains("not found"));
        assert!(!data.exists());
        std::fs::write(dir.path().join("letter.txt"), "private").unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(refused(dir.path(), &["serve"]).contains("holds other things"));
        assert_eq!(mode(dir.path()), 0o755);
    }
}

pure! {
    fn a_master_key_that_others_can_read_is_refused() {
        let (_dir, data) = place();
        json(&data, &["migrate"]);
        let key = data.join("master.key");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(refused(&data, &["tenant", "list"]).contains("chmod 600"));
    }
}

pure! {
    fn https_outside_wants_a_certificate_or_a_known_proxy() {
        let (_dir, data) = place();
        let url = ["serve", "--listen", "127.0.0.1:0", "--public-url", "https://id.example.com"];
        let (status, _, err) = output(&data, &url);
        assert_eq!(status, 2);
        assert!(err.contains("--tls-cert FILE") && err.contains("--trusted-proxy ADDRESS"), "{err}");
        let (status, _, err) = output(&data, &[&url[..], &["--tls-cert", "x.pem"]].concat());
        assert_eq!(status, 2);
        assert!(err.contains("--tls-key"), "{err}");
        let both = ["--tls-cert", "x.pem", "--tls-key", "x.pem"];
        let (status, _, err) = output(&data, &[&url[..], &both].concat());
        assert_eq!(status, 1);
        assert!(err.contains("server.tls_cert: cannot read x.pem"), "{err}");
        let proxied = Served::start_with(&data, &[
            "--set", "server.public_url=https://id.example.com", "--set", "server.trusted_proxies=127.0.0.1",
        ]);
        assert_eq!(proxied.url, "https://id.example.com");
        assert_eq!(proxied.stop(), 0);
    }
}

pure! {
    fn a_slip_on_the_command_line_is_status_2() {
        let (_dir, data) = place();
        let (status, _, err) = output(&data, &["tenant", "list", "--set", "sessions.idel=2m"]);
        assert_eq!(status, 2);
        assert!(err.contains("did you mean 'sessions.idle'?"), "{err}");
        assert_eq!(output(&data, &["tenants"]).0, 2);
    }
}

pure! {
    fn config_prints_the_manual_and_help_teaches() {
        let (_dir, data) = place();
        let (_, out, _) = output(&data, &["config"]);
        assert_eq!(out, muster::config::MANUAL);
        for command in [
            &["serve"][..], &["admin", "create"], &["tenant", "create"], &["directory", "create"],
            &["scim-token", "create"], &["role", "create"], &["mapping", "create"], &["grant", "add"],
            &["policy", "set"], &["app", "create"], &["integration", "create"], &["user", "add"],
            &["explain"], &["keys", "rotate"], &["config"], &["scim-check"], &["doctor"],
        ] {
            let (status, help, _) = output(&data, &[command, &["--help"]].concat());
            assert_eq!(status, 0);
            assert!(help.contains("Examples:\n"), "{command:?} shows no examples");
        }
    }
}

story! {
    async fn a_server_starts_on_either_database_and_commands_reach_it(t) {
        let (_dir, data) = place();
        // Without a URL it makes a SQLite of its own in the data directory.
        let url = match &t.options.database {
            Database::Postgres(url) => vec![format!("--database-url={}", url.expose_secret())],
            Database::Sqlite(_) => Vec::new(),
        };
        let url: Vec<&str> = url.iter().map(String::as_str).collect();
        let with = |args: &[&str]| json(&data, &[url.as_slice(), args].concat());
        with(&["tenant", "create", "before"]);
        let served = Served::start_with(&data, &url);
        with(&["tenant", "create", "meanwhile"]);
        let ready = reqwest::get(format!("{}/readyz", served.url)).await.unwrap();
        assert_eq!(ready.status().as_u16(), 200);
        assert_eq!(served.stop(), 0);
        let list = with(&["tenant", "list"]);
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
    }
}

story! {
    async fn a_person_gets_another_role_in_each_tenant_from_a_shell(t) {
        let (_dir, data) = place();
        let url = match &t.options.database {
            Database::Postgres(url) => vec![format!("--database-url={}", url.expose_secret())],
            Database::Sqlite(_) => Vec::new(),
        };
        let url: Vec<&str> = url.iter().map(String::as_str).collect();
        let with = |args: &[&str]| json(&data, &[url.as_slice(), args].concat());
        with(&["tenant", "create", "us", "--provider"]);
        with(&["tenant", "create", "contoso"]);
        with(&["tenant", "create", "fabrikam"]);
        // Whoever cannot sign in is nobody's last administrator.
        let password = data.join("password.txt");
        std::fs::write(&password, "correct horse battery staple").unwrap();
        let file = format!("--password-file={}", password.display());
        with(&["user", "add", "us", "tess", "--kind", "technician", &file]);
        let set = with(&[
            "user", "set-access", "us", "tess", "--role", "Tenant Administrator@contoso", "--role",
            "Read-Only@fabrikam",
        ]);
        assert_eq!(set["added"].as_array().unwrap().len(), 2);
        let may = |tenant: &str| {
            with(&["explain", tenant, "tess", "computers.delete", "--home", "us"])["allowed"].clone()
        };
        assert_eq!((may("contoso"), may("fabrikam")), (true.into(), false.into()));
        let has = with(&["user", "access", "us", "tess"]);
        let slugs: Vec<_> = has["access"].as_array().unwrap().iter().map(|a| &a["slug"]).collect();
        assert_eq!(slugs, ["contoso", "fabrikam"]);
        // The tenant's last administrator does not go unnoticed.
        let last = [url.as_slice(), &["user", "set-access", "us", "tess", "--nothing"]].concat();
        assert!(refused(&data, &last).contains("last administrator"));
        let told = with(&["user", "delete", "us", "tess", "--dry-run"]);
        assert_eq!(told["removes"]["grants"], 2);
    }
}
