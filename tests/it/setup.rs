//! The link of a first start.

use crate::{
    invitations::shown_code,
    story,
    support::{TestDb, TestServer, server::Client},
};
use muster::{secret::ExposeSecret as _, setup};
use std::time::Duration;

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
    let newer = offered(&s, Duration::from_millis(300)).await.unwrap();
    let browser = s.browser();
    browser.get(&path).await.expect(410);
    browser.get(&newer).await.expect(200);
    tokio::time::sleep(Duration::from_millis(400)).await;
    browser.get(&newer).await.expect(410);
    for p in ["/setup/x", "/setup/mst_set_x"] {
        browser.get(p).await.expect(410);
    }
});
