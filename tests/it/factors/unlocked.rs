//! What a help desk's word opens again, and what only looks at a link leaves as it is.

use super::reset::{forgot, link};
use crate::{federation::stub::provisioned, passkeys::person, story, support::TestServer};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

story! {
    /// Somebody who asked too often for a link is counted like one who was wrong too often.
    async fn who_is_unlocked_is_sent_a_link_again(t) {
        let s = TestServer::at_localhost(&t, |c| c.signin.failures = 3).await;
        let contoso = s.tenant("contoso").await;
        let anna = person(&s, contoso, "anna").await;
        for n in 1..=3 {
            forgot(&s, "anna").await;
            link(&s, n).await;
        }
        forgot(&s, "anna").await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        link(&s, 3).await;
        s.post(&format!("{anna}/unlock"), json!({})).await.expect(204);
        forgot(&s, "anna").await;
        let last = link(&s, 4).await;
        // A scanner that asks what it leads to uses nothing up.
        let b = s.browser();
        let looked = b.send(b.request(Method::HEAD, &last)).await;
        assert_eq!((looked.status.as_u16(), looked.text.as_str()), (200, ""));
        b.get(&last).await.expect(200);
    }
}

story! {
    /// Whatever a help desk tries about whomever, the answer says what to do instead where nothing is done.
    async fn no_word_of_a_help_desk_ends_in_nothing(t) {
        let s = TestServer::at_localhost(&t, |_| {}).await;
        let contoso = s.tenant("contoso").await;
        let users = format!("/api/v1/tenants/{contoso}/users");
        let id = |made: &serde_json::Value| made["id"].as_str().unwrap().to_owned();
        let directory = json!({ "name": "Contoso login", "preset": "generic" });
        let directories = format!("/api/v1/tenants/{contoso}/directories");
        let d = id(&s.post(&directories, directory).await.expect(201).json());
        let una = provisioned(&s, contoso, d.parse().unwrap(), "u1").await;
        let una = format!("{users}/{una}");
        let new = json!({ "email": "ivy@contoso.example", "roles": [] });
        let ivy = s.post(&format!("/api/v1/tenants/{contoso}/invitations"), new).await.expect(201).json();
        let ivy = format!("{users}/{}", ivy["user"].as_str().unwrap());
        let anna = person(&s, contoso, "anna").await;
        let off = person(&s, contoso, "otto").await;
        s.as_owner(Method::PATCH, &off, Some(json!({ "enabled": false }))).await.expect(200);
        let said = async |who: &str, verb: &str, status: u16| {
            s.post(&format!("{who}/{verb}"), json!({})).await.expect(status).json()["detail"].as_str().unwrap().to_owned()
        };
        let verbs = ["unlock", "reset-factors", "reset-link"];
        let all = async |who: &str, status: u16, part: &str| {
            for verb in verbs {
                let told = said(who, verb, status).await;
                assert!(told.contains(part), "{verb} of {who}: {told}");
            }
        };
        all(&una, 403, "nobody signs in through it yet: set up its sign-in").await;
        let told = said(&una, "one-time-code", 403).await;
        assert!(told.contains("nobody signs in through it yet"), "{told}");
        let at = format!("{directories}/{d}");
        let signin = json!({ "issuer": "https://login.example", "client_id": "muster" });
        s.as_owner(Method::PATCH, &at, Some(json!({ "signin": signin }))).await.expect(200);
        all(&una, 403, "is mended at that login").await;
        s.as_owner(Method::PATCH, &at, Some(json!({ "status": "disabled" }))).await.expect(200);
        all(&una, 403, "muster directory enable").await;
        all(&ivy, 409, "send their invitation again").await;
        all(&off, 409, "muster user enable").await;
        let told = said(&anna, "reset-factors", 404).await;
        assert!(told.contains("muster user reset-link"), "{told}");
        s.post(&format!("{anna}/unlock"), json!({})).await.expect(204);
    }
}
