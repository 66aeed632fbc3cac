//! A request that is too large to be kept: the page, the API and the command line say which it was, that nothing of it is
//! kept, and that it cannot be done again.

use super::{at, newest, set};
use crate::{
    remote::{Shell, token},
    story,
    support::{
        TestServer,
        person::{Person, TENANT_ADMIN},
        server::Scim,
    },
};
use reqwest::Method;
use serde_json::{Value, json};

/// The page of an entry, as an administrator of the tenant sees it.
async fn page(server: &TestServer, who: &Person, scim: &Scim, entry: &Value) -> String {
    let id = entry["id"].as_str().unwrap();
    let path = format!("/admin/in/contoso/directories/{}/log/{id}", scim.directory);
    let cookie = format!("muster_session={}", who.cookie);
    let client = server.browser();
    client.send(client.request(Method::GET, &path).header("cookie", cookie)).await.expect(200).text
}

/// A person whose document, as it is sent, has so many bytes.
fn person(name: &str, bytes: usize) -> Value {
    let mut v = json!({ "userName": name, "title": "" });
    v["title"] = "x".repeat(bytes - v.to_string().len()).into();
    assert_eq!(v.to_string().len(), bytes);
    v
}

story!(
    async fn a_body_that_is_too_large_to_be_kept_is_said_to_be_everywhere(t) {
        let server = TestServer::start(&t).await;
        let tenant = server.tenant("contoso").await;
        let scim = server.directory(tenant).await;
        let admin = server.person(tenant, "admin", TENANT_ADMIN).await;
        let admin = server.session(tenant, admin, "mfa").await;
        let shell = Shell::new(&server, &token(&server, tenant).await);
        set(&server, &scim, json!({ "log": { "bodies": "full" } })).await;

        // As large as is kept: it can be done again.
        scim.post("/Users", person("ada", 65_536)).await;
        let kept = newest(&server, &scim).await;
        assert_eq!((&kept["kept"], &kept["body"]["userName"]), (&json!("full"), &json!("ada")));
        let text = page(&server, &admin, &scim, &kept).await;
        assert!(text.contains(r#"id="replay""#) && !text.contains("64 KiB"), "{text}");

        // One byte more.
        scim.post("/Users", person("bob", 65_537)).await;
        let large = newest(&server, &scim).await;
        let id = large["id"].as_str().unwrap();
        assert_ne!(large["id"], kept["id"]);
        assert_eq!((&large["kept"], &large["body"]), (&json!("large"), &Value::Null));
        for apply in [false, true] {
            let path = at(&scim, &format!("/log/{id}/replay"));
            let refused = server.post(&path, json!({ "apply": apply })).await.expect(409).json();
            assert_eq!(refused["code"], "not_kept");
            let why = refused["detail"].as_str().unwrap();
            assert!(why.contains(id) && why.contains("too large to be kept"), "{why}");
            // No setting is named, as none would help.
            assert!(!why.contains("--log-bodies"), "{why}");
        }
        let text = page(&server, &admin, &scim, &large).await;
        assert!(text.contains("Not kept: it was larger than 64 KiB."), "{text}");
        let why = "This request cannot be done again: a body of more than 64 KiB is kept by no setting.";
        assert!(text.contains(why) && !text.contains(r#"id="replay""#), "{text}");

        let directory = scim.directory.to_string();
        let place = ["contoso", directory.as_str(), id];
        let shown = shell.run(&[&["provisioning", "show"][..], &place[..]].concat()).await;
        assert_eq!((&shown["id"], &shown["kept"], &shown["body"]), (&large["id"], &json!("large"), &Value::Null));
        for more in [&[] as &[&str], &["--apply"]] {
            let said = shell.refused(&[&["provisioning", "replay"][..], &place[..], more].concat()).await;
            assert!(said.contains(id) && said.contains("too large to be kept"), "{said}");
        }
        let (_, help, _) = shell.says(&["provisioning", "replay", "--help"]).await;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains("A body of more than 64 KiB is kept by no setting"), "{help}");

        // What was no JSON is not kept either, and the page says that it is for that.
        let broken = scim.request(Method::POST, "/Users").header("content-type", "application/scim+json");
        scim.send(broken.body("{")).await.expect(400);
        let text = page(&server, &admin, &scim, &newest(&server, &scim).await).await;
        assert!(text.contains("its body was no JSON") && !text.contains(r#"id="replay""#), "{text}");
    }
);
