//! A forgotten password: the letter, whoever asks; the link, once; the second factor beside it.

use super::{code, make, shown, until_second, with_code};
use crate::{
    passkeys::{self, PASSWORD, me, person, setting, told, with_password},
    story,
    support::{TestServer, authenticator::Authenticator, server::Client},
};
use muster::{
    id::TenantId,
    sql,
    store::{J, Scope},
    tx,
};
use serde_json::{Value, json};
use std::time::Duration;

const NEW: &str = "umbrella quartz pelican";

muster::row! {
    #[derive(Debug, Clone)]
    pub struct Letter {
        pub tenant_id: TenantId,
        pub payload: J<Value>,
    }
}

/// The letters with links so far.
async fn letters(s: &TestServer) -> Vec<Letter> {
    let mut c = s.app.store.read(Scope::Platform).await.unwrap();
    let all = sql!(
        c,
        all<Letter>,
        "SELECT tenant_id, payload FROM outbox WHERE topic = 'password_reset.mail' ORDER BY id"
    );
    all.unwrap()
}

/// The path of the newest link, once there are so many.
pub async fn link(s: &TestServer, n: usize) -> String {
    for _ in 0..200 {
        let all = letters(s).await;
        if all.len() == n {
            let last = all.last().unwrap();
            let user = last.payload.0["user"].as_str().unwrap();
            let bound = format!("password reset {} {user}", last.tenant_id);
            let token =
                s.app.master.open(&bound, last.payload.0["link"].as_str().unwrap()).unwrap();
            return format!("/reset/{}", String::from_utf8(token).unwrap());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} letters and not {n}", letters(s).await.len());
}

pub async fn forgot(s: &TestServer, name: &str) -> String {
    s.browser().form("/forgot", &[("user_name", name)]).await.expect(200).text
}

async fn set(b: &Client, link: &str, password: &str, code: Option<&str>) -> (u16, String) {
    let mut form = vec![("password", password), ("password_again", password)];
    form.extend(code.map(|c| ("code", c)));
    let a = b.form(link, &form).await;
    (a.status.as_u16(), a.text)
}

/// All that was asked has been found out about.
async fn quiet(s: &TestServer) {
    for _ in 0..200 {
        let mut c = s.app.store.read(Scope::Platform).await.unwrap();
        let left = sql!(
            c,
            one<i64>,
            "SELECT count(*) FROM outbox WHERE topic = 'password_reset.asked' AND done_at IS NULL"
        );
        drop(c);
        if left.unwrap() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("something is still asked");
}

story! {
    async fn a_forgotten_password_is_set_anew_by_a_link_that_opens_once(t) {
        let (s, contoso) = setting(&t).await;
        person(&s, contoso, "anna").await;
        let browser = s.browser();
        with_password(&browser, "anna").await;
        let sure = forgot(&s, " Anna").await;
        assert_eq!(sure, forgot(&s, "nobody").await, "whoever exists");
        let path = link(&s, 1).await;
        assert_eq!(letters(&s).await[0].payload.0["to"], "anna@contoso.example");
        let at = s.browser();
        for _ in 0..3 {
            let page = at.get(&path).await.expect(200).text;
            assert!(page.contains("id=\"reset-form\"") && !page.contains("id=\"code\""), "{page}");
        }
        let (status, text) = set(&at, &path, "short", None).await;
        assert!(status == 200 && text.contains("at least 15 characters"), "{text}");
        assert_eq!(me(&browser).await, 200);
        assert_eq!(set(&at, &path, NEW, None).await.0, 200);
        assert_eq!(me(&at).await, 401, "a letter opens no session");
        assert_eq!(me(&browser).await, 401, "every session has ended");
        assert_eq!(set(&at, &path, PASSWORD, None).await.0, 410);
        at.get(&path).await.expect(410);
        assert_eq!(told(&s).await.last().unwrap()["what"], "password_reset");
        let flow = at.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
        at.form(&format!("{flow}/password"), &[("user_name", "anna"), ("password", NEW)]).await.expect(303);
        assert_eq!(me(&at).await, 200);
        let log = s.get("/api/v1/tenants/contoso/audit").await.expect(200).text;
        assert!(log.contains("password_reset.send") && log.contains("password.reset"), "{log}");
        for bad in ["/reset/x", "/reset/mst_rst_x"] {
            at.get(bad).await.expect(410);
        }
    }
}

story! {
    async fn of_links_the_newest_opens_and_for_a_while(t) {
        let (s, contoso) = setting(&t).await;
        person(&s, contoso, "anna").await;
        forgot(&s, "anna").await;
        let first = link(&s, 1).await;
        forgot(&s, "anna").await;
        let second = link(&s, 2).await;
        let b = s.browser();
        b.get(&first).await.expect(410);
        // Two at once, with the same one: one sets it.
        let (x, y) = tokio::join!(set(&b, &second, NEW, None), set(&b, &second, "violet kettle harbour moss", None));
        let mut both = [x.0, y.0];
        both.sort_unstable();
        assert_eq!(both, [200, 410], "{} {}", x.1, y.1);
        forgot(&s, "anna").await;
        let third = link(&s, 3).await;
        let cx = s.app.system();
        tx!(s.app.store, &cx, [], |tx| {
            tx.unaudited("time goes by");
            sql!(tx, exec, "UPDATE password_resets SET expires_at = expires_at - 1800000000")
        }).unwrap();
        assert_eq!(set(&b, &third, NEW, None).await.0, 410);
    }
}

story! {
    async fn the_letter_takes_the_place_of_the_password_and_of_nothing_else(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let app = code(&s, &anna).await;
        let browser = s.browser();
        with_code(&browser, "anna", &shown(&app, 0)).await;
        let codes = make(&browser).await;
        forgot(&s, "anna").await;
        let path = link(&s, 1).await;
        let b = s.browser();
        let page = b.get(&path).await.expect(200).text;
        assert!(page.contains("or a recovery code"), "{page}");
        for bad in [None, Some(""), Some("000000"), Some("aaaa-bbbb-cccc-dddd")] {
            let (status, text) = set(&b, &path, NEW, bad).await;
            assert!(status == 200 && text.contains("The code is not right"), "{bad:?}: {text}");
        }
        assert_eq!(me(&browser).await, 200);
        // A password that is refused uses no code up.
        let next = shown(&app, 1);
        assert!(set(&b, &path, "short", Some(&next)).await.1.contains("at least 8 characters"));
        let (_, done) = set(&b, &path, NEW, Some(&next)).await;
        assert!(done.contains("id=\"done\""), "{done}");
        assert_eq!(me(&browser).await, 401);
        forgot(&s, "anna").await;
        let path = link(&s, 2).await;
        let (_, done) = set(&b, &path, PASSWORD, Some(&codes[0])).await;
        assert!(done.contains("id=\"done\""), "{done}");
        let flow = until_second(&b, "anna").await;
        b.form(&format!("{flow}/recovery"), &[("recovery_code", &codes[0])]).await.expect(200);
        assert_eq!(me(&b).await, 401, "it was used up");
    }
}

story! {
    async fn who_has_only_a_passkey_beside_it_shows_that(t) {
        let (s, contoso) = setting(&t).await;
        person(&s, contoso, "anna").await;
        let browser = s.browser();
        with_password(&browser, "anna").await;
        let mut device = Authenticator::at(&s.url);
        passkeys::make(&browser, &mut device).await;
        forgot(&s, "anna").await;
        let path = link(&s, 1).await;
        let b = s.browser();
        assert!(b.get(&path).await.expect(200).text.contains("id=\"only-passkey\""));
        for code in [None, Some("000000")] {
            assert!(!set(&b, &path, NEW, code).await.1.contains("id=\"done\""));
        }
        let flow = passkeys::begin(&b).await;
        passkeys::show(&b, &flow, &mut device).await.expect(303);
        b.form("/me/factors/password", &[("password", NEW), ("password_again", NEW)]).await.expect(303);
        assert_eq!(me(&browser).await, 401);
    }
}

story! {
    async fn no_letter_goes_to_whom_it_does_not_concern(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let users = format!("/api/v1/tenants/{contoso}/users");
        // Without an address, without a password, switched off, of a directory.
        let bare = json!({ "kind": "tenant", "user_name": "bare" });
        let path = format!("{users}/{}", s.post(&users, bare).await.expect(201).json()["id"].as_str().unwrap());
        let password = json!({ "password": PASSWORD });
        s.put(&format!("{path}/password"), password).await.expect(204);
        let new = json!({ "kind": "tenant", "user_name": "new", "email": "new@contoso.example" });
        s.post(&users, new).await.expect(201);
        let off = json!({ "enabled": false });
        s.as_owner(reqwest::Method::PATCH, &anna, Some(off)).await.expect(200);
        let scim = s.directory(contoso).await;
        let far = json!({ "userName": "far", "emails": [{ "value": "far@contoso.example", "primary": true }] });
        scim.post("/Users", far).await.expect(201);
        for name in ["bare", "new", "anna", "far"] {
            forgot(&s, name).await;
        }
        quiet(&s).await;
        assert_eq!(letters(&s).await.len(), 0);
        // However often it is asked, few letters are written.
        let on = json!({ "enabled": true });
        s.as_owner(reqwest::Method::PATCH, &anna, Some(on)).await.expect(200);
        for _ in 0..12 {
            forgot(&s, "anna").await;
        }
        quiet(&s).await;
        let n = letters(&s).await.len();
        let most = usize::try_from(s.app.config.signin.failures).unwrap();
        assert!((1..=most).contains(&n), "{n}");
    }
}

story! {
    async fn addresses_that_guess_are_bounded_behind_the_proxies_that_are_trusted(t) {
        let s = TestServer::with(&t, |c| {
            c.limits.tries_per_minute = 3;
            c.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        }).await;
        let b = s.browser();
        let ask = async |path: &str, from: &str| {
            let form = b.request(reqwest::Method::POST, path).form(&[("user_name", "anna")]);
            b.send(form.header("x-forwarded-for", from)).await.status.as_u16()
        };
        for path in ["/forgot", "/reset/x"] {
            let from = if path == "/forgot" { "203.0.113.7" } else { "203.0.113.8" };
            for _ in 0..3 {
                assert_ne!(ask(path, from).await, 429, "{path}");
            }
            assert_eq!(ask(path, from).await, 429, "{path}");
            assert_ne!(ask(path, "198.51.100.9").await, 429, "another's tries are their own");
        }
        for (n, what) in ["password", "code", "recovery", "passkey"].iter().enumerate() {
            let path = format!("/signin/{}/{what}", muster::id::FlowId::new());
            let from = format!("192.0.2.{n}");
            for _ in 0..3 {
                assert_ne!(ask(&path, &from).await, 429, "{what}");
            }
            assert_eq!(ask(&path, &from).await, 429, "{what}");
        }
    }
}

story! {
    async fn it_is_looked_for_in_the_company_at_whose_page_it_was_said(t) {
        let (s, contoso) = setting(&t).await;
        person(&s, contoso, "anna").await;
        // Namesakes elsewhere: four without a password, one with.
        for n in 0..4 {
            let other = s.tenant(&format!("a-{n}")).await;
            let new = json!({ "kind": "tenant", "user_name": "anna", "email": format!("anna@a{n}.example") });
            s.post(&format!("/api/v1/tenants/{other}/users"), new).await.expect(201);
        }
        let fabrikam = s.tenant("fabrikam").await;
        person(&s, fabrikam, "anna").await;
        let b = s.browser();
        let flow = b.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
        let page = b.get(&flow).await.expect(200).text;
        let to = page.split("id=\"forgot\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        let page = b.get(to).await.expect(200).text;
        let at = page.split("name=\"at\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert!(!at.contains(&contoso.to_string()), "it is sealed");
        b.form("/forgot", &[("user_name", "anna"), ("at", &at)]).await.expect(200);
        quiet(&s).await;
        let all = letters(&s).await;
        assert_eq!((all.len(), all[0].tenant_id), (1, contoso));
        // Said nowhere, or with what nobody sealed: to all who have a password.
        for at in [None, Some("v1.x.y.z")] {
            let before = letters(&s).await.len();
            let mut form = vec![("user_name", "anna")];
            form.extend(at.map(|at| ("at", at)));
            b.form("/forgot", &form).await.expect(200);
            quiet(&s).await;
            assert_eq!(letters(&s).await.len(), before + 2);
        }
    }
}
