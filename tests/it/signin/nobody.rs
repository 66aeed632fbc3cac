//! Who exists is not to be learnt by trying: not by waiting, not by time, not by going from one page to the other.

use super::{PASSWORD, person, typed};
use crate::{
    story,
    support::{TestDb, TestServer, server::Client},
};
use muster::{
    actor::{Actor, Principal},
    clock::Clock,
    credentials::{Outcome, Typed},
    id::{RequestId, TenantId},
    secret::Secret,
    store::{Cx, Scope, Store},
};
use serde_json::json;
use std::time::{Duration, Instant};

/// A flow that has got behind an address.
async fn behind(browser: &Client, address: &str) -> String {
    let flow = browser.get("/signin").await.expect(303).header("location").to_owned();
    browser.form(&format!("{flow}/email"), &[("email", address)]).await.expect(303);
    flow
}

async fn clocked(t: &TestDb, clock: &Clock) -> TestServer {
    let store = Store::open(&t.options, clock.clone()).await.unwrap();
    TestServer::on(store, |c| c.signin.failures = 3).await
}

story! {
    /// A name that exists and one that does not wait alike, however long the pauses between the tries are.
    async fn names_that_exist_and_others_wait_alike_after_any_pause(t) {
        let clock = Clock::manual(t.store.clock().now());
        let s = clocked(&t, &clock).await;
        let contoso = s.tenant("contoso").await;
        person(&s, contoso, "anna@mail.example", false).await;
        let system = || Actor::prove(Principal::System("test"), RequestId::new());
        let c = &s.app.credentials;
        let places = [
            (Typed::At(contoso), Cx::new(system(), Scope::Tenant(contoso))),
            (Typed::ByAddress(vec![contoso]), Cx::new(system(), Scope::Platform)),
            (Typed::ByDomain(contoso), Cx::new(system(), Scope::Platform)),
        ];
        for (place, cx) in &places {
            for hours in [0, 16, 25] {
                let mut seen = Vec::new();
                for name in ["anna@mail.example", "nobody@mail.example"] {
                    let mut outcomes = Vec::new();
                    let place = match (place, name) {
                        (Typed::ByAddress(_), "nobody@mail.example") => Typed::ByAddress(Vec::new()),
                        (place, _) => place.clone(),
                    };
                    for pause in [0, 16 * 60, 16 * 60, hours * 3600] {
                        clock.advance(Duration::from_secs(pause));
                        let tried = c.verify_password(cx, &place, name, &Secret::from("no")).await.unwrap();
                        outcomes.push(matches!(tried, Outcome::Wait(_)));
                    }
                    let last = c.verify_password(cx, &place, name, &Secret::from("no")).await.unwrap();
                    outcomes.push(matches!(last, Outcome::Wait(_)));
                    seen.push(outcomes);
                }
                assert_eq!(seen[0], seen[1], "{place:?} after {hours} hours");
                // Both forgotten after a day, for the next round.
                clock.advance(Duration::from_secs(30 * 3600));
            }
        }
        // What is typed on one page shows on no other: the count would tell that both are of one person.
        for _ in 0..3 {
            c.verify_password(&places[1].1, &places[1].0, "anna@mail.example", &Secret::from("no")).await.unwrap();
        }
        let right = Secret::from(PASSWORD);
        let by_address = c.verify_password(&places[1].1, &places[1].0, "anna@mail.example", &right).await.unwrap();
        assert!(matches!(by_address, Outcome::Wait(_)), "{by_address:?}");
        // Nor does what is right in a company clear what was tried behind other addresses, or the other way round.
        for n in [0, 2, 0] {
            let at = c.verify_password(&places[n].1, &places[n].0, "anna@mail.example", &right).await.unwrap();
            assert!(matches!(at, Outcome::Right(_)), "{at:?}");
        }
        let still = c.verify_password(&places[1].1, &places[1].0, "anna@mail.example", &right).await.unwrap();
        assert!(matches!(still, Outcome::Wait(_)), "{still:?}");
    }
}

/// Eve at Contoso and another Eve at Mallory's, who has another password; where theirs are set.
async fn namesakes(s: &TestServer) -> [String; 2] {
    let (contoso, mallory) = (s.tenant("contoso").await, s.tenant("mallory").await);
    let ours = person(s, contoso, "eve@mail.example", false).await;
    let theirs = person(s, mallory, "eve@mail.example", false).await;
    let path = |t: TenantId, id: &str| format!("/api/v1/tenants/{t}/users/{id}/password");
    let theirs = path(mallory, &theirs.id);
    s.put(&theirs, json!({ "password": THEIRS })).await.expect(204);
    [path(contoso, &ours.id), theirs]
}
const THEIRS: &str = "another harbour 28 lamps";

/// What a password comes to that is typed behind Eve's address in a browser of its own: in, or a page.
async fn eve(s: &TestServer, password: &str) -> Result<(), String> {
    let browser = s.browser();
    let flow = behind(&browser, "eve@mail.example").await;
    let a = typed(&browser, &flow, "eve@mail.example", password).await;
    if a.status == 303 { Ok(()) } else { Err(a.expect(200).text) }
}

story! {
    async fn of_namesakes_none_clears_what_was_tried_against_the_other(t) {
        let s = TestServer::with(&t, |c| c.signin.failures = 3).await;
        let [_, theirs] = namesakes(&s).await;
        // Guess, then clear the count with an account of one's own, or a new password for it: it does not clear it.
        for n in 0..3 {
            eve(&s, "a guess").await.unwrap_err();
            if n == 0 {
                eve(&s, THEIRS).await.unwrap();
            } else {
                s.put(&theirs, json!({ "password": THEIRS })).await.expect(204);
            }
        }
        // Not even the right one is taken now, and whose it would be is not told.
        let page = eve(&s, PASSWORD).await.unwrap_err();
        assert!(page.contains("is not right"), "{page}");
        eve(&s, THEIRS).await.unwrap();
        for _ in 0..3 {
            eve(&s, "a guess").await.unwrap_err();
        }
        for password in [PASSWORD, THEIRS] {
            let page = eve(&s, password).await.unwrap_err();
            assert!(page.contains("Too many wrong attempts"), "{page}");
        }
    }
}

story! {
    async fn the_right_password_of_one_is_no_wrong_one_of_a_namesake(t) {
        let s = TestServer::with(&t, |c| {
            c.signin.failures = 3;
            // The limit of an address would answer instead.
            c.limits.tries_per_minute = 1_000_000;
            c.limits.signins_per_minute = 1_000_000;
        })
        .await;
        namesakes(&s).await;
        for round in 0..4 {
            for password in [PASSWORD, THEIRS, THEIRS, THEIRS, THEIRS] {
                eve(&s, password).await.unwrap_or_else(|page| panic!("round {round}: {page}"));
            }
        }
        // What both are guessed at is counted all the same, right ones in between or not.
        for right in [THEIRS, THEIRS] {
            eve(&s, "a guess").await.unwrap_err();
            eve(&s, right).await.unwrap();
        }
        eve(&s, "a guess").await.unwrap_err();
        eve(&s, PASSWORD).await.unwrap_err();
    }
}

story! {
    async fn a_new_password_ends_the_wait_wherever_the_name_was_typed(t) {
        let s = TestServer::with(&t, |c| {
            c.signin.failures = 3;
            // The limit of an address would answer instead.
            c.limits.tries_per_minute = 1_000_000;
            c.limits.signins_per_minute = 1_000_000;
        })
        .await;
        let [path, _] = namesakes(&s).await;
        for _ in 0..3 {
            eve(&s, "a guess").await.unwrap_err();
        }
        for password in [PASSWORD, THEIRS] {
            let page = eve(&s, password).await.unwrap_err();
            assert!(page.contains("Too many wrong attempts"), "{page}");
        }
        let new = "yet another pier 29 ropes";
        s.put(&path, json!({ "password": new })).await.expect(204);
        eve(&s, new).await.unwrap();
        let page = eve(&s, THEIRS).await.unwrap_err();
        assert!(page.contains("is not right"), "the other still waits, behind who does not: {page}");
    }
}

story! {
    async fn a_no_takes_its_time_whoever_exists(t) {
        let s = TestServer::start(&t).await;
        let (contoso, fabrikam) = (s.tenant("contoso").await, s.tenant("fabrikam").await);
        for tenant in [contoso, fabrikam] {
            person(&s, tenant, "eve@mail.example", false).await;
        }
        let browser = s.browser();
        let timed = async |flow: &str, name: &str| {
            let begun = Instant::now();
            typed(&browser, flow, name, "not it").await.expect(200);
            begun.elapsed()
        };
        let flow = browser.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
        for name in ["eve@mail.example", "nobody@mail.example"] {
            assert!(timed(&flow, name).await >= Duration::from_millis(250), "{name}");
            let flow = behind(&browser, name).await;
            assert!(timed(&flow, name).await >= Duration::from_millis(700), "{name}");
        }
    }
}

story! {
    async fn where_a_domain_is_a_companys_no_other_is_asked(t) {
        let s = TestServer::start(&t).await;
        let (contoso, fabrikam) = (s.tenant("contoso").await, s.tenant("fabrikam").await);
        let body = json!({ "tenant": "contoso", "domain": "contoso.example" });
        s.post("/api/v1/domains", body).await.expect(201);
        person(&s, fabrikam, "eve@contoso.example", false).await;
        let browser = s.browser();
        let flow = behind(&browser, "eve@contoso.example").await;
        typed(&browser, &flow, "eve@contoso.example", PASSWORD).await.expect(200);
        let tried = async |t: TenantId| {
            let list = s.get(&format!("/api/v1/tenants/{t}/signins?bad=true")).await.expect(200).json();
            list["items"].as_array().unwrap().len()
        };
        assert_eq!((tried(contoso).await, tried(fabrikam).await), (1, 0));
        // At their own company's page they come in.
        let flow = browser.get("/signin?tenant=fabrikam").await.expect(303).header("location").to_owned();
        typed(&browser, &flow, "eve@contoso.example", PASSWORD).await.expect(303);
    }
}
