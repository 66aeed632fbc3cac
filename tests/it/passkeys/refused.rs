//! Answers that do not hold: shown twice, elsewhere, of another page, without the person, counted backwards.

use super::{answered, asked, begin, make, me, person, setting, show, told, with_password};
use crate::{
    story,
    support::{TestDb, TestServer, authenticator::Authenticator},
};

async fn anna(t: &TestDb) -> (TestServer, Authenticator) {
    let (s, contoso) = setting(t).await;
    person(&s, contoso, "anna").await;
    let browser = s.browser();
    with_password(&browser, "anna").await;
    let mut device = Authenticator::at(&s.url);
    make(&browser, &mut device).await;
    (s, device)
}

story! {
    async fn an_answer_counts_once_and_where_it_was_asked_for(t) {
        let (s, mut device) = anna(&t).await;
        let (one, two) = (s.browser(), s.browser());
        let (a, b) = (begin(&one).await, begin(&two).await);
        let (at_a, at_b) = (format!("{a}/passkey"), format!("{b}/passkey"));
        let question = asked(&one, &at_a).await;
        let shown = device.get(&question["options"]);
        // In another browser's sign-in, and in this one's by another browser.
        answered(&two, &at_b, &question, &shown).await.expect(200);
        answered(&two, &at_a, &question, &shown).await.expect(400);
        assert_eq!(me(&two).await, 401);
        let (x, y) = tokio::join!(
            answered(&one, &at_a, &question, &shown),
            answered(&one, &at_a, &question, &shown),
        );
        let mut both = [x.status.as_u16(), y.status.as_u16()];
        both.sort_unstable();
        assert_eq!(both, [200, 303], "{} {}", x.text, y.text);
        // To another question of the same sign-in.
        let third = s.browser();
        let c = begin(&third).await;
        let at_c = format!("{c}/passkey");
        let (first, second) = (asked(&third, &at_c).await, asked(&third, &at_c).await);
        let shown = device.get(&first["options"]);
        answered(&third, &at_c, &second, &shown).await.expect(200);
        assert_eq!(me(&third).await, 401);
    }
}

story! {
    async fn an_authenticator_that_counts_backwards_is_refused_and_told_of(t) {
        let (s, mut device) = anna(&t).await;
        device.counter = 90;
        let browser = s.browser();
        let flow = begin(&browser).await;
        show(&browser, &flow, &mut device).await.expect(303);
        device.counter = 20;
        let other = s.browser();
        let flow = begin(&other).await;
        let no = show(&other, &flow, &mut device).await.expect(303);
        let no = other.get(no.header("location")).await.expect(403).text;
        assert!(no.contains("there may be two of it"), "{no}");
        assert_eq!(me(&other).await, 401);
        let log = s.get("/api/v1/tenants/contoso/audit").await.expect(200).json();
        let alarm = log["items"].as_array().unwrap().iter().find(|e| e["action"] == "passkey.cloned").unwrap();
        assert_eq!(alarm["detail"]["alarm"], true);
        assert_eq!(told(&s).await.last().unwrap()["what"], "passkey_cloned");
        let all = s.get("/api/v1/tenants/contoso/signins?bad=true").await.expect(200).json();
        assert_eq!(all["items"][0]["reason"], "passkey_cloned");
        // Nor is it taken when it counts on from where the other was.
        device.counter = 500;
        let flow = begin(&other).await;
        let no = show(&other, &flow, &mut device).await.expect(303);
        assert!(no.header("location").starts_with("/refused/"), "{:?}", no.headers);
        assert_eq!(me(&other).await, 401);
        let own = s.browser();
        with_password(&own, "anna").await;
        let page = own.get("/me/factors").await.expect(200).text;
        assert!(page.contains("There may be two of it"), "{page}");
        let id = page.split("name=\"passkey\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        own.form("/me/factors/passkey/remove", &[("passkey", id)]).await.expect(303);
    }
}

story! {
    async fn the_person_is_verified_and_the_page_is_ours(t) {
        let (s, mut device) = anna(&t).await;
        let browser = s.browser();
        let flow = begin(&browser).await;
        device.verifies = false;
        show(&browser, &flow, &mut device).await.expect(200);
        assert_eq!(me(&browser).await, 401, "a touch is not enough");
        device.verifies = true;
        let ours = std::mem::replace(&mut device.origin, "http://localhost.evil.example".to_owned());
        show(&browser, &flow, &mut device).await.expect(200);
        assert_eq!(me(&browser).await, 401, "a page that looks like ours");
        device.origin = ours;
        show(&browser, &flow, &mut device).await.expect(303);
        assert_eq!(me(&browser).await, 200);
        // Nor is one made without them.
        device.verifies = false;
        let action = "/me/factors/passkey";
        let question = asked(&browser, action).await;
        let made = device.create(&question["options"]);
        let no = answered(&browser, action, &question, &made).await.expect(409).text;
        assert!(no.contains("does not hold"), "{no}");
    }
}

story! {
    async fn wrong_answers_are_counted_by_themselves(t) {
        let (s, mut device) = anna(&t).await;
        let failures = s.app.config.signin.failures;
        let browser = s.browser();
        let flow = begin(&browser).await;
        device.verifies = false;
        for _ in 0..failures {
            let page = show(&browser, &flow, &mut device).await.expect(200).text;
            assert!(page.contains("was not accepted"), "{page}");
        }
        device.verifies = true;
        let page = show(&browser, &flow, &mut device).await.expect(200).text;
        assert!(page.contains("Too many wrong attempts"), "{page}");
        // The password is counted by itself, and opens no more tries of the passkey.
        with_password(&browser, "anna").await;
        assert_eq!(me(&browser).await, 200);
        let other = s.browser();
        let flow = begin(&other).await;
        let page = show(&other, &flow, &mut device).await.expect(200).text;
        assert!(page.contains("Too many wrong attempts"), "{page}");
    }
}

story! {
    async fn who_is_switched_off_and_whose_company_is_elsewhere_does_not_come_in(t) {
        let (s, mut device) = anna(&t).await;
        s.tenant("fabrikam").await;
        let browser = s.browser();
        let flow = browser.get("/signin?tenant=fabrikam").await.expect(303).header("location").to_owned();
        let page = show(&browser, &flow, &mut device).await.expect(200).text;
        assert!(page.contains("another company"), "{page}");
        let users = s.get("/api/v1/tenants/contoso/users").await.expect(200).json();
        let path = format!("/api/v1/tenants/contoso/users/{}", users["items"][0]["id"].as_str().unwrap());
        let off = serde_json::json!({ "enabled": false });
        s.as_owner(reqwest::Method::PATCH, &path, Some(off)).await.expect(200);
        let flow = begin(&browser).await;
        let no = show(&browser, &flow, &mut device).await.expect(303);
        assert!(no.header("location").starts_with("/refused/"));
        assert_eq!(me(&browser).await, 401);
    }
}
