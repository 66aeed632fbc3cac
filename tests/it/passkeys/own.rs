//! What people do about their own passkeys: with a fresh proof as strong as what they have, and never out of their way in.

use super::{answered, asked, begin, make, me, person, setting, show, told, with_password};
use crate::{story, support::authenticator::Authenticator, support::server::Client};
use muster::{sql, store::Scope, tx};
use reqwest::Method;
use serde_json::json;

/// The ids of the passkeys on a page.
fn ids(page: &str) -> Vec<String> {
    let rest = page.split("name=\"passkey\" value=\"").skip(1);
    rest.map(|r| r.split('"').next().unwrap().to_owned()).collect()
}

async fn remove(browser: &Client, id: &str) -> crate::support::server::Answer {
    browser.form("/me/factors/passkey/remove", &[("passkey", id)]).await
}

story! {
    async fn a_removed_passkey_opens_nothing_and_its_owner_is_told(t) {
        let (s, contoso) = setting(&t).await;
        person(&s, contoso, "anna").await;
        let browser = s.browser();
        with_password(&browser, "anna").await;
        let mut device = Authenticator::at(&s.url);
        make(&browser, &mut device).await;
        let flow = begin(&browser).await;
        show(&browser, &flow, &mut device).await.expect(303);
        let page = browser.get("/me/factors").await.expect(200).text;
        let id = ids(&page).pop().unwrap();
        let foreign = browser.request(Method::POST, "/me/factors/passkey/remove").form(&[("passkey", &id)]);
        browser.send(foreign.header("sec-fetch-site", "cross-site")).await.expect(403);
        let sure = browser.get(&format!("/me/factors/passkey/remove?passkey={id}")).await.expect(200).text;
        assert!(sure.contains("id=\"remove-form\"") && sure.contains("My key"), "{sure}");
        remove(&browser, &id).await.expect(303);
        remove(&browser, &id).await.expect(404);
        browser.get(&format!("/me/factors/passkey/remove?passkey={id}")).await.expect(404);
        let letters = told(&s).await;
        assert_eq!(letters.last().unwrap()["what"], json!({"passkey_removed": "My key"}));
        let other = s.browser();
        let flow = begin(&other).await;
        let page = show(&other, &flow, &mut device).await.expect(200).text;
        assert!(page.contains("not known here"), "{page}");
        assert_eq!(me(&other).await, 401);
    }
}

story! {
    async fn nobody_removes_what_they_could_not_come_in_without(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let id = anna.rsplit('/').next().unwrap();
        let browser = s.browser();
        with_password(&browser, "anna").await;
        let mut device = Authenticator::at(&s.url);
        make(&browser, &mut device).await;
        let grant = json!({ "user": id, "role": "Tenant Administrator" });
        s.post("/api/v1/tenants/contoso/grants", grant).await.expect(201);
        let flow = begin(&browser).await;
        show(&browser, &flow, &mut device).await.expect(303);
        // Her role demands a second factor, and her password is none.
        let page = browser.get("/me/factors").await.expect(200).text;
        let first = ids(&page).pop().unwrap();
        let no = remove(&browser, &first).await.expect(409).text;
        assert!(no.contains("id=\"problem\"") && no.contains("could not sign in any more"), "{no}");
        make(&browser, &mut device).await;
        remove(&browser, &first).await.expect(303);
    }
}

story! {
    async fn it_takes_a_fresh_proof_as_strong_as_what_they_have(t) {
        let (s, contoso) = setting(&t).await;
        person(&s, contoso, "anna").await;
        let browser = s.browser();
        with_password(&browser, "anna").await;
        let mut device = Authenticator::at(&s.url);
        make(&browser, &mut device).await;
        // Her password is the weaker of the two now.
        let page = browser.get("/me/factors").await.expect(200).text;
        assert!(page.contains("id=\"stale\"") && ids(&page).is_empty(), "{page}");
        browser.form("/me/factors/passkey/begin", &[]).await.expect(403);
        let fresh = browser.get("/signin?fresh=1&tenant=contoso").await.expect(303).header("location").to_owned();
        assert!(browser.get(&fresh).await.expect(200).text.contains("id=\"passkey-form\""), "she is asked again");
        show(&browser, &fresh, &mut device).await.expect(303);
        assert_eq!(browser.get(&fresh).await.expect(303).header("location"), "/me/factors");
        let page = browser.get("/me/factors").await.expect(200).text;
        assert!(!page.contains("id=\"stale\"") && ids(&page).len() == 1, "{page}");
        // What was begun while it was fresh is not finished when it is not.
        let action = "/me/factors/passkey";
        let question = asked(&browser, action).await;
        let cx = s.app.system();
        tx!(s.app.store, &cx, [], |tx| {
            tx.unaudited("time goes by");
            sql!(tx, exec, "UPDATE sessions SET auth_time = auth_time - 700000000, created_at = created_at - 700000000")
        }).unwrap();
        let made = device.create(&question["options"]);
        let late = answered(&browser, action, &question, &made).await.expect(409).text;
        assert!(late.contains("sign in again"), "{late}");
        let mut c = s.app.store.read(Scope::Platform).await.unwrap();
        assert_eq!(sql!(c, one<i64>, "SELECT count(*) FROM passkeys").unwrap(), 1);
    }
}

story! {
    async fn whom_a_directory_signs_in_has_none_here(t) {
        let (s, contoso) = setting(&t).await;
        let scim = s.directory(contoso).await;
        let made = scim.post("/Users", json!({ "userName": "far@contoso.example" })).await.expect(201).json();
        let user = muster::id::UserId::parse(made["id"].as_str().unwrap()).unwrap();
        let who = s.session(contoso, user, "mfa").await;
        let mut tab = crate::support::tab::Tab::of(&s, &who);
        let page = tab.get("/me/factors").await.expect(200).text;
        assert!(page.contains("id=\"elsewhere\"") && !page.contains("passkey-form"), "{page}");
        tab.form("/me/factors/passkey/begin", &[]).await.expect(403);
    }
}
