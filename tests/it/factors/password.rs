//! What is asked of a password: its length by what stands beside it, that it is not common, that it cannot be guessed.

use super::{code, shown, with_code};
use crate::{
    passkeys::{PASSWORD, me, person, setting, with_password},
    pure, story,
    support::TestServer,
};
use muster::{config, sql, tx};
use reqwest::Method;
use serde_json::json;

async fn set(s: &TestServer, path: &str, password: &str) -> (u16, String) {
    let body = json!({ "password": password });
    let a = s.as_owner(Method::PUT, &format!("{path}/password"), Some(body)).await;
    (a.status.as_u16(), a.text)
}

story! {
    async fn a_shorter_one_does_beside_a_second_factor_and_never_alone(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let short = "Xk7#pq!v2T";
        let (status, text) = set(&s, &anna, short).await;
        assert_eq!(status, 400, "{text}");
        assert!(text.contains("at least 15 characters where there is no second factor, and this one has 10"), "{text}");
        let app = code(&s, &anna).await;
        let (status, text) = set(&s, &anna, "Xk7#pq!").await;
        assert!(status == 400 && text.contains("at least 8 characters"), "{text}");
        assert_eq!(set(&s, &anna, short).await.0, 204);
        // Without the code it is not enough any more.
        let browser = s.browser();
        let signin = async |b: &crate::support::server::Client| {
            let flow = b.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
            let typed = [("user_name", "anna"), ("password", short)];
            (b.form(&format!("{flow}/password"), &typed).await.expect(303), flow)
        };
        let (_, flow) = signin(&browser).await;
        browser.form(&format!("{flow}/code"), &[("code", &shown(&app, 0))]).await.expect(303);
        assert_eq!(me(&browser).await, 200);
        let cx = s.app.system();
        tx!(s.app.store, &cx, [], |tx| {
            tx.unaudited("it is gone");
            sql!(tx, exec, "DELETE FROM one_time_codes")
        }).unwrap();
        let other = s.browser();
        let (no, _) = signin(&other).await;
        assert!(no.header("location").starts_with("/refused/"), "{:?}", no.headers);
        let all = s.get("/api/v1/tenants/contoso/signins?bad=true").await.expect(200).json();
        assert_eq!(all["items"][0]["reason"], "password_short");
        let page = other.get(no.header("location")).await.expect(403).text;
        assert!(page.contains("too short to be asked for alone") && page.contains("I forgot my password"), "{page}");
    }
}

story! {
    async fn all_of_unicode_counts_and_one_way_to_type_it_is_another(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        // As one character each, as a keyboard has it; as letter and accent, as another has it.
        let (one, two) = ("Zw\u{f6}lf Fl\u{f6}\u{df}e im \u{c5}ngstrom", "Zwo\u{308}lf Flo\u{308}\u{df}e im A\u{30a}ngstrom");
        assert_eq!(set(&s, &anna, one).await.0, 204);
        for typed in [two, one] {
            let browser = s.browser();
            let flow = browser.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
            browser.form(&format!("{flow}/password"), &[("user_name", "anna"), ("password", typed)]).await.expect(303);
            assert_eq!(me(&browser).await, 200, "{typed}");
        }
        // Each of its characters counts once, and 64 of the longest are taken.
        let (status, text) = set(&s, &anna, &"\u{1f98a}\u{1f33b}".repeat(7)).await;
        assert!(status == 400 && text.contains("this one has 14"), "{text}");
        let long: String = "\u{1f98a}\u{1f33b}\u{1f9ed}\u{1fa81}violet ".chars().cycle().take(64).collect();
        let long = format!("{long} harbour kettle");
        let (status, text) = set(&s, &anna, &long).await;
        assert_eq!(status, 204, "{text}");
        // No rule about which characters.
        assert_eq!(set(&s, &anna, "umbrella quartz pelican").await.0, 204);
    }
}

story! {
    async fn what_is_tried_first_and_what_everybody_knows_is_refused(t) {
        let (s, contoso) = setting(&t).await;
        let users = format!("/api/v1/tenants/{contoso}/users");
        let new = json!({ "kind": "tenant", "user_name": "rosalind", "display_name": "Rosalind Franklin-Wilkins",
                          "email": "rf@crystals.example" });
        let id = s.post(&users, new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let path = format!("{users}/{id}");
        code(&s, &path).await;
        for (bad, word) in [
            ("football", "tried first"),
            ("F00tball", "tried first"),
            ("llabtoof", "tried first"),
            ("contoso-muster", "everybody knows"),
            ("FranklinWilkins1", "everybody knows"),
            ("crystals.example", "everybody knows"),
            ("aaaaaaaaaaaaaaaaaaaa", "could be guessed"),
            ("qwertyuiopasdfgh", "could be guessed"),
        ] {
            let (status, text) = set(&s, &path, bad).await;
            assert!(status == 400 && text.contains(word), "{bad}: {text}");
            assert!(!text.contains(bad), "it is not repeated: {text}");
        }
    }
}

story! {
    async fn ones_own_is_changed_with_a_fresh_proof_and_ends_what_else_there_is(t) {
        let (s, contoso) = setting(&t).await;
        person(&s, contoso, "anna").await;
        let (browser, other) = (s.browser(), s.browser());
        with_password(&browser, "anna").await;
        with_password(&other, "anna").await;
        let new = "umbrella quartz pelican";
        let typed = |a: &'static str, b: &'static str| [("password", a), ("password_again", b)];
        let no = browser.form("/me/factors/password", &typed(new, "umbrella quartz")).await.expect(409).text;
        assert!(no.contains("not the same"), "{no}");
        let no = browser.form("/me/factors/password", &typed("short", "short")).await.expect(409).text;
        // It is said where it was typed, and nowhere else.
        assert!(no.contains("<details id=\"change-password\" open>") && no.contains("aria-invalid=\"true\""), "{no}");
        assert_eq!(no.matches("id=\"problem\"").count(), 1, "{no}");
        assert!(no.contains("at least 15 characters"), "{no}");
        assert_eq!(me(&other).await, 200);
        browser.form("/me/factors/password", &typed(new, new)).await.expect(303);
        assert_eq!((me(&browser).await, me(&other).await), (200, 401));
        let letters = crate::passkeys::told(&s).await;
        assert_eq!(letters.last().unwrap()["what"], "password_changed");
        let flow = other.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
        other.form(&format!("{flow}/password"), &[("user_name", "anna"), ("password", PASSWORD)]).await.expect(200);
        // With a code she has, the password alone is no proof for it.
        let users = s.get("/api/v1/tenants/contoso/users").await.expect(200).json();
        let path = format!("/api/v1/tenants/contoso/users/{}", users["items"][0]["id"].as_str().unwrap());
        assert_eq!(set(&s, &path, PASSWORD).await.0, 204);
        let third = s.browser();
        with_password(&third, "anna").await;
        let app = code(&s, &path).await;
        assert_eq!(me(&third).await, 401, "a code that somebody gives her ends her sessions");
        with_code(&third, "anna", &shown(&app, 0)).await;
        third.form("/me/factors/password", &typed(new, new)).await.expect(303);
    }
}

pure! {
    fn nobody_asks_for_less_than_the_least() {
        for (name, value) in [
            ("signin.password_length", "14"),
            ("signin.password_length_with_second", "7"),
            ("signin.password_strength", "2"),
        ] {
            let mut config = config::load(None, [], []).unwrap().config;
            match name {
                "signin.password_length" => config.signin.password_length = value.parse().unwrap(),
                "signin.password_strength" => config.signin.password_strength = value.parse().unwrap(),
                _ => config.signin.password_length_with_second = value.parse().unwrap(),
            }
            let e = config.settle("127.0.0.1:1".parse().unwrap()).unwrap_err();
            assert_eq!(e.attr_str(), Some(name), "{}", e.detail());
        }
    }
}
