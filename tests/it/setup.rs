//! The link of a first start.

use crate::{
    invitations::shown_code,
    story,
    support::{TestDb, TestServer, server::Client},
};
use muster::{secret::ExposeSecret as _, setup};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
    time::Duration,
};

const PASSWORD: &str = "violet harbour 27 lanterns";
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn offered(s: &TestServer, life: Duration) -> Option<String> {
    let link = setup::offer(&s.app.store, &s.app.system(), life).await.unwrap();
    link.map(|l| format!("/setup/{}", l.expose_secret()))
}

async fn setting(t: &TestDb) -> (TestServer, String) {
    let s = TestServer::start(t).await;
    let path = offered(&s, DAY).await.expect("an instance without an administrator");
    (s, path)
}

fn typed<'a>(name: &'a str, password: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("company", "Example & Söhne"),
        ("display_name", "Ada"),
        ("email", "ada@example.com"),
        ("user_name", name),
        ("password", password),
        ("password_again", password),
    ]
}

/// As far as the second factor: the page of it.
async fn until_code(browser: &Client, path: &str) -> String {
    let next = browser.form(path, &typed("ada", PASSWORD)).await.expect(303);
    next.header("location").to_owned()
}

story!(async fn the_first_administrator_sets_the_instance_up(t) {
    let (s, path) = setting(&t).await;
    let browser = s.browser();
    for _ in 0..5 {
        let page = browser.get(&path).await.expect(200).text;
        for id in ["user_name", "display_name", "email", "company", "password", "password_again", "continue"] {
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }
    let weak = browser.form(&path, &typed("ada", "password12")).await.expect(200).text;
    assert!(weak.contains("id=\"problem\"") && weak.contains("value=\"ada@example.com\""), "{weak}");
    // Nor one that is made of what everybody knows of the person and the company.
    for known in ["example söhne", "ada@example.com1"] {
        let weak = browser.form(&path, &typed("root", known)).await.expect(200).text;
        assert!(weak.contains("id=\"problem\""), "{known}: {weak}");
    }
    let code = until_code(&browser, &path).await;
    let page = browser.get(&code).await.expect(200).text;
    let before = s.get("/api/v1/tenants").await.expect(200).json();
    assert_eq!(before["items"], serde_json::json!([]), "nothing is made before the code is proved");
    let done = browser.form(&code, &[("code", &shown_code(&page))]).await.expect(303);
    assert_eq!(done.header("location"), "/me?done=setup");
    let me = browser.get("/api/v1/me").await.expect(200).json();
    assert_eq!((&me["kind"], &me["in"][0]["global"]), (&"administrator".into(), &true.into()));
    let tenants = s.get("/api/v1/tenants").await.expect(200).json();
    assert_eq!((&tenants["items"][0]["slug"], &tenants["items"][0]["provider"]),
               (&"example-s-hne".into(), &true.into()));
    // The session proves two factors: administrators may do what they are for.
    browser.get("/api/v1/keys").await.expect(200);
    // The link is used, and another is not given.
    browser.get(&path).await.expect(410);
    assert!(offered(&s, DAY).await.is_none());
});

story!(async fn of_two_browsers_one_becomes_it(t) {
    let (s, path) = setting(&t).await;
    let (one, two) = (s.browser(), s.browser());
    let (a, b) = (until_code(&one, &path).await, until_code(&two, &path).await);
    let (pa, pb) = (one.get(&a).await.text, two.get(&b).await.text);
    let (ca, cb) = (shown_code(&pa), shown_code(&pb));
    let (ca, cb) = ([("code", ca.as_str())], [("code", cb.as_str())]);
    let (a, b) = tokio::join!(one.form(&a, &ca), two.form(&b, &cb));
    let mut status = [a.status.as_u16(), b.status.as_u16()];
    status.sort_unstable();
    assert_eq!(status, [303, 409], "{} {}", a.text, b.text);
    let all = s.get("/api/v1/grants").await.expect(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
});

story!(async fn an_administrator_by_another_path_closes_it(t) {
    let (s, path) = setting(&t).await;
    let browser = s.browser();
    let code = until_code(&browser, &path).await;
    let page = browser.get(&code).await.expect(200).text;
    s.provider().await;
    let new = serde_json::json!({ "user_name": "boss" });
    s.post("/api/v1/administrators", new).await.expect(201);
    browser.get(&path).await.expect(410);
    browser.form(&path, &typed("ada", PASSWORD)).await.expect(410);
    browser.form(&code, &[("code", &shown_code(&page))]).await.expect(409);
});

story!(async fn a_newer_link_replaces_it_and_time_ends_it(t) {
    let (s, path) = setting(&t).await;
    let newer = offered(&s, Duration::from_secs(4)).await.unwrap();
    let browser = s.browser();
    browser.get(&path).await.expect(410);
    browser.get(&newer).await.expect(200);
    tokio::time::sleep(Duration::from_millis(4100)).await;
    browser.get(&newer).await.expect(410);
    for p in ["/setup/x", "/setup/mst_set_x"] {
        browser.get(p).await.expect(410);
    }
});

story!(async fn what_does_not_fit_is_said_before_the_second_factor(t) {
    let (s, path) = setting(&t).await;
    let browser = s.browser();
    let form = |name: &'static str, value: &'static str| {
        let mut form = typed("ada", PASSWORD);
        for field in &mut form {
            if field.0 == name {
                field.1 = value;
            }
        }
        form
    };
    for (name, value, says) in [
        ("email", "no address", "not an e-mail address"),
        ("company", "  ", "needs a name"),
        ("password_again", "another harbour 27 lanterns", "not the same"),
    ] {
        let page = browser.form(&path, &form(name, value)).await.expect(200).text;
        assert!(page.contains("id=\"problem\"") && page.contains(says), "{name}: {page}");
    }
    // A customer has the company's short name already.
    s.tenant("example-s-hne").await;
    let code = until_code(&browser, &path).await;
    let page = browser.get(&code).await.expect(200).text;
    browser.form(&code, &[("code", "000000")]).await.expect(200);
    browser.form(&code, &[("code", &shown_code(&page))]).await.expect(303);
    let tenants = s.get("/api/v1/tenants").await.expect(200).json();
    let provider = tenants["items"].as_array().unwrap().iter().find(|t| t["provider"] == true);
    assert_eq!(provider.unwrap()["slug"], "example-s-hne-2");
});

story!(async fn looking_at_the_link_changes_nothing(t) {
    let (s, path) = setting(&t).await;
    for _ in 0..50 {
        let scanner = s.browser();
        scanner.get(&path).await.expect(200);
        scanner.send(scanner.request(reqwest::Method::HEAD, &path)).await.expect(200);
    }
    let c = s.browser();
    let r = c.request(reqwest::Method::POST, &path).form(&typed("eve", PASSWORD));
    c.send(r.header("sec-fetch-site", "cross-site")).await.expect(403);
    until_code(&s.browser(), &path).await;
});

/// What a start prints until the server is ready, and the setup link in it.
fn first_lines(data: &Path) -> (String, Option<String>) {
    let mut child = crate::cli::muster()
        .arg("--data-dir")
        .arg(data)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let log: Vec<String> = BufReader::new(err)
        .lines()
        .map_while(Result::ok)
        .take_while(|l| !l.contains(" ready address="))
        .collect();
    child.kill().expect("it runs");
    child.wait().expect("an end");
    let printed: Vec<String> = BufReader::new(out).lines().map_while(Result::ok).collect();
    let link = printed.iter().find(|l| l.contains("/setup/")).map(|l| l.trim().to_owned());
    (log.join("\n"), link)
}

crate::pure! {
    fn a_start_prints_the_link_until_there_is_an_administrator() {
        let (_dir, data) = crate::cli::place();
        let (log, first) = first_lines(&data);
        let first = first.expect("a link");
        assert!(first.starts_with("http://"), "{first}");
        assert!(log.contains("no administrator yet") && !log.contains("/setup/"), "{log}");
        let (_, second) = first_lines(&data);
        let token = |l: &str| l.rsplit('/').next().unwrap().to_owned();
        assert_ne!(token(&first), token(&second.expect("another link")));
        let made = crate::cli::output(&data, &["admin", "create", "--user-name", "ada@example.com"]);
        assert_eq!(made.0, 0, "{}", made.2);
        let (log, none) = first_lines(&data);
        assert!(none.is_none() && !log.contains("no administrator yet"), "{log}");
    }
}

crate::pure! {
    fn people_are_asked_in_from_a_shell() {
        let (_dir, data) = crate::cli::place();
        let json = |args: &[&str]| -> Value {
            let (code, out, err) = crate::cli::output(&data, args);
            assert_eq!(code, 0, "{args:?}: {err}");
            serde_json::from_str(&out).unwrap_or(Value::Null)
        };
        json(&["tenant", "create", "contoso"]);
        let made = json(&["invitation", "create", "contoso", "bert@contoso.example", "--role", "Read-Only"]);
        assert!(made["link"].as_str().unwrap().contains("/invite/mst_inv_"), "{made}");
        let id = made["id"].as_str().unwrap();
        let again = json(&["invitation", "resend", "contoso", id]);
        assert_ne!(made["link"], again["link"]);
        json(&["invitation", "revoke", "contoso", id]);
        let list = json(&["invitation", "list", "contoso"]);
        assert_eq!(list["items"][0]["state"], "revoked");
        assert!(list["items"][0]["link"].is_null());
        let (code, _, err) =
            crate::cli::output(&data, &["invitation", "create", "contoso", "no address"]);
        assert!(code != 0 && err.contains("e-mail address"), "{err}");
    }
}
