//! Who has lost what they sign in with, or never had what is demanded now: one link of a help desk sets it up anew, and
//! nothing that was there before helps whoever has it.

use super::{
    code,
    reset::{forgot, link},
    shown, until_second, with_code,
};
use crate::{
    passkeys::{self, PASSWORD, answered, asked, me, person, setting, told, with_password},
    story,
    support::{TestDb, TestServer, authenticator::Authenticator, server::Client},
};
use muster::{id::TenantId, sql, store::Scope};
use reqwest::Method;
use serde_json::json;

const NEW: &str = "umbrella quartz pelican";

/// Gives somebody a role that demands a second factor.
async fn promote(s: &TestServer, path: &str) {
    let grant = json!({ "user": path.rsplit('/').next().unwrap(), "role": "Tenant Administrator" });
    s.post("/api/v1/tenants/contoso/grants", grant).await.expect(201);
}

/// A server that hands letters to somebody who does not answer.
async fn mailing(t: &TestDb) -> (TestServer, TenantId) {
    let s = TestServer::at_localhost(t, |c| {
        c.mail.server = "smtp://127.0.0.1:9".to_owned().into();
        "muster@example.com".clone_into(&mut c.mail.from);
    });
    let s = s.await;
    let contoso = s.tenant("contoso").await;
    (s, contoso)
}

/// Begins a sign-in with this password: where it leads, or nothing where it is wrong.
async fn tried(b: &Client, password: &str) -> Option<String> {
    let flow = b.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
    let typed = [("user_name", "anna"), ("password", password)];
    let a = b.form(&format!("{flow}/password"), &typed).await;
    (a.status == 303).then(|| a.header("location").to_owned())
}

/// Opens a help desk's link and begins: the flow's path.
async fn begun(b: &Client, path: &str) -> String {
    let page = b.get(path).await.expect(200).text;
    assert!(page.contains("id=\"enrols\"") && !page.contains("id=\"reset-form\""), "{page}");
    b.form(&format!("{path}/enrol"), &[]).await.expect(303).header("location").to_owned()
}

story! {
    async fn who_has_lost_everything_sets_all_of_it_up_by_one_link(t) {
        let (s, contoso) = mailing(&t).await;
        let anna = person(&s, contoso, "anna").await;
        promote(&s, &anna).await;
        let lost = code(&s, &anna).await;
        let browser = s.browser();
        with_code(&browser, "anna", &shown(&lost, 0)).await;
        assert_eq!(me(&browser).await, 200);
        forgot(&s, "anna").await;
        let before = link(&s, 1).await;
        let gone = s.post(&format!("{anna}/reset-factors"), json!({})).await.expect(200).json();
        assert_eq!(gone, json!({ "one_time_code": true, "passkeys": 0, "recovery_codes": 0 }), "the link is theirs alone");
        assert_eq!(me(&browser).await, 401);
        let left = s.get(&format!("{anna}/removal")).await.expect(200).json();
        assert_eq!((&left["removes"]["passwords"], &left["removes"]["one_time_codes"]), (&json!(0), &json!(0)), "{left}");
        let path = link(&s, 2).await;
        let b = s.browser();
        b.get(&before).await.expect(410);
        // A password that a stranger has sets up nothing, and no other letter takes this one's place.
        assert_eq!(tried(&b, PASSWORD).await, None);
        forgot(&s, "anna").await;
        let page = b.form(&path, &[("password", NEW), ("password_again", NEW)]).await.expect(200).text;
        assert!(page.contains("id=\"enrols\""), "no password without the factor: {page}");
        let (flow, second) = (begun(&b, &path).await, begun(&s.browser(), &path).await);
        assert_ne!(flow, second);
        b.form(&format!("{flow}/code"), &[("code", "000000")]).await.expect(303);
        let next = b.form(&flow, &[("password", NEW), ("password_again", NEW)]).await.expect(303);
        assert_eq!((next.header("location"), me(&b).await), (format!("{flow}/code").as_str(), 401));
        assert_eq!(tried(&s.browser(), NEW).await, None, "nothing is stored before it is proved");
        let page = b.get(&format!("{flow}/code")).await.expect(200).text;
        let secret = page.split("id=\"otp-secret\"").nth(1).unwrap().split('>').nth(1).unwrap();
        let secret: String = secret.split('<').next().unwrap().split_whitespace().collect();
        let app = format!("otpauth://totp/Muster:x?secret={secret}&issuer=Muster");
        let done = b.form(&format!("{flow}/code"), &[("code", &shown(&app, 0))]).await.expect(303);
        assert_eq!((done.header("location"), me(&b).await), ("/me?done=reset", 200));
        b.get("/api/v1/tenants/contoso/users").await.expect(200);
        b.get(&path).await.expect(410);
        let other = s.browser();
        let flow = tried(&other, NEW).await.unwrap();
        other.form(&format!("{flow}/code"), &[("code", &shown(&app, 1))]).await.expect(303);
        assert_eq!(me(&other).await, 200);
        let whats: Vec<_> = told(&s).await.into_iter().map(|l| l["what"].clone()).collect();
        assert_eq!(whats, ["code_set", "factors_reset", "password_reset"]);
    }
}

story! {
    async fn a_password_alone_that_a_new_role_outgrew_gets_a_way_on(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        promote(&s, &anna).await;
        let b = s.browser();
        let no = tried(&b, PASSWORD).await.unwrap();
        let page = b.get(&no).await.expect(403).text;
        assert!(page.contains("you have none set up") && page.contains("Ask your administrator"), "{page}");
        let all = s.get("/api/v1/tenants/contoso/signins?bad=true").await.expect(200).json();
        assert_eq!(all["items"][0]["reason"], "second_factor_missing");
        // What anybody can ask for takes the place of the password alone.
        forgot(&s, "anna").await;
        let path = link(&s, 1).await;
        let page = b.get(&path).await.expect(200).text;
        assert!(page.contains("id=\"reset-form\"") && !page.contains("id=\"enrols\""), "{page}");
        b.form(&format!("{path}/enrol"), &[]).await.expect(200);
        s.post(&format!("{anna}/reset-link"), json!({})).await.expect(200);
        let path = link(&s, 2).await;
        let flow = begun(&b, &path).await;
        let mut device = Authenticator::at(&s.url);
        let action = format!("{flow}/passkey");
        let question = asked(&b, &action).await;
        let made = device.create(&question["options"]);
        answered(&b, &action, &question, &made).await.expect(303);
        assert_eq!(me(&b).await, 200);
        assert_eq!(tried(&s.browser(), PASSWORD).await, None, "the passkey took its place");
        let other = s.browser();
        let flow = passkeys::begin(&other).await;
        passkeys::show(&other, &flow, &mut device).await.expect(303);
        assert_eq!(me(&other).await, 200);
    }
}

story! {
    async fn who_has_no_mailbox_gets_the_link_by_hand(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        s.as_owner(Method::PATCH, &anna, Some(json!({ "email": "" }))).await.expect(200);
        code(&s, &anna).await;
        s.post(&format!("{anna}/reset-link"), json!({})).await.expect(409);
        for _ in 0..2 {
            // As often as the link was over before it was opened.
            let gone = s.post(&format!("{anna}/reset-factors"), json!({})).await.expect(200).json();
            let path = gone["link"].as_str().unwrap().strip_prefix(&s.url).unwrap().to_owned();
            let page = s.browser().get(&path).await.expect(200).text;
            assert!(page.contains("id=\"reset-form\""), "nothing more is demanded: {page}");
        }
        let mut c = s.app.store.read(Scope::Platform).await.unwrap();
        let n = sql!(c, one<i64>, "SELECT count(*) FROM outbox WHERE topic = 'password_reset.mail'").unwrap();
        assert_eq!(n, 0);
    }
}

story! {
    async fn a_link_is_not_for_who_never_had_anything_nor_for_who_is_off(t) {
        let (s, contoso) = setting(&t).await;
        let new = json!({ "email": "new@contoso.example", "roles": [{ "role": "Read-Only" }] });
        let invited = s.post("/api/v1/tenants/contoso/invitations", new).await.expect(201).json();
        let id = invited["user"].as_str().unwrap();
        let path = format!("/api/v1/tenants/{contoso}/users/{id}");
        let no = s.post(&format!("{path}/reset-link"), json!({})).await.expect(409).text;
        assert!(no.contains("invite them"), "{no}");
        let anna = person(&s, contoso, "anna").await;
        let off = json!({ "enabled": false });
        s.as_owner(Method::PATCH, &anna, Some(off)).await.expect(200);
        let no = s.post(&format!("{anna}/reset-link"), json!({})).await.expect(409).text;
        assert!(no.contains("switched off"), "{no}");
    }
}

story! {
    async fn a_short_password_keeps_what_stands_beside_it(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let app = code(&s, &anna).await;
        s.put(&format!("{anna}/password"), json!({ "password": "Xk7#pq!v2T" })).await.expect(204);
        let b = s.browser();
        let flow = tried(&b, "Xk7#pq!v2T").await.unwrap();
        b.form(&format!("{flow}/code"), &[("code", &shown(&app, 0))]).await.expect(303);
        let no = b.form("/me/factors/code/remove", &[]).await.expect(409).text;
        assert!(no.contains("too short to be asked for alone"), "{no}");
        let no = s.as_owner(Method::DELETE, &format!("{anna}/one-time-code"), None).await.expect(409).text;
        assert!(no.contains("too short"), "{no}");
        b.form("/me/factors/password", &[("password", NEW), ("password_again", NEW)]).await.expect(303);
        b.form("/me/factors/code/remove", &[]).await.expect(303);
        assert!(tried(&s.browser(), NEW).await.is_some());
        assert_eq!(told(&s).await.iter().filter(|l| l["what"] == "password_set").count(), 1, "by somebody else");
    }
}

story! {
    async fn what_is_guessed_at_a_link_is_on_record(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        code(&s, &anna).await;
        forgot(&s, "anna").await;
        let path = link(&s, 1).await;
        let b = s.browser();
        for guess in ["000000", "aaaa-bbbb-cccc-dddd"] {
            b.form(&path, &[("password", NEW), ("password_again", NEW), ("code", guess)]).await.expect(200);
        }
        let all = s.get("/api/v1/tenants/contoso/signins?bad=true").await.expect(200).json();
        let mut reasons: Vec<_> = all["items"].as_array().unwrap().iter().map(|i| i["reason"].as_str().unwrap()).collect();
        reasons.sort_unstable();
        assert_eq!(reasons, ["code_wrong", "recovery_code_wrong"]);
        let _ = until_second(&b, "anna").await;
    }
}

story! {
    async fn a_link_that_was_sent_ends_with_what_it_was_sent_for(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let b = s.browser();
        with_password(&b, "anna").await;
        forgot(&s, "anna").await;
        let first = link(&s, 1).await;
        b.form("/me/factors/password", &[("password", NEW), ("password_again", NEW)]).await.expect(303);
        b.get(&first).await.expect(410);
        forgot(&s, "anna").await;
        let second = link(&s, 2).await;
        s.put(&format!("{anna}/password"), json!({ "password": PASSWORD })).await.expect(204);
        b.get(&second).await.expect(410);
    }
}

story! {
    async fn a_link_leads_around_no_companys_login(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        promote(&s, &anna).await;
        s.post(&format!("{anna}/reset-link"), json!({})).await.expect(200);
        let path = link(&s, 1).await;
        let b = s.browser();
        let flow = begun(&b, &path).await;
        // Somebody of an address elsewhere administers as well: with nobody left it would not be enforced.
        let boss = person(&s, contoso, "boss").await;
        promote(&s, &boss).await;
        let elsewhere = json!({ "email": "boss@elsewhere.example" });
        s.as_owner(Method::PATCH, &boss, Some(elsewhere)).await.expect(200);
        // Meanwhile the company's login becomes the only way in.
        s.post("/api/v1/domains", json!({ "domain": "contoso.example", "tenant": "contoso" })).await.expect(201);
        let signin = json!({ "issuer": "https://login.example", "client_id": "muster" });
        let new = json!({ "name": "Login", "preset": "generic", "signin": signin });
        let directories = format!("/api/v1/tenants/{contoso}/directories");
        let made = s.post(&directories, new).await.expect(201).json();
        let directory = format!("{directories}/{}", made["id"].as_str().unwrap());
        s.as_owner(Method::PATCH, &directory, Some(json!({ "stage": "enforced" }))).await.expect(200);
        let page = b.get(&flow).await.expect(403).text;
        assert!(page.contains("the only way in here"), "{page}");
        b.form(&flow, &[("password", NEW), ("password_again", NEW)]).await.expect(403);
        assert_eq!(me(&b).await, 401);
        s.as_owner(Method::PATCH, &directory, Some(json!({ "stage": "active" }))).await.expect(200);
        b.get(&flow).await.expect(200);
    }
}
