//! What a help desk does for others: with the right, up to what it holds itself, never for itself; told and on record.

use super::{code, make, reset::link, shown, until_second, with_code};
use crate::{
    access::{give, id, role, session},
    passkeys::{self, PASSWORD, me, person, setting, told, with_password},
    people::world::World,
    story,
    support::{TestServer, authenticator::Authenticator},
};
use muster::{
    access::{catalogue::TENANT_ADMINISTRATOR, perm::UsersEdit},
    actor::UserKind,
    error::Kind,
    id::UserId,
    secret::Secret,
};
use serde_json::json;

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}

story! {
    async fn somebody_who_waits_is_let_try_again(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let app = code(&s, &anna).await;
        let b = s.browser();
        let flow = until_second(&b, "anna").await;
        for _ in 0..s.app.config.signin.failures {
            b.form(&format!("{flow}/code"), &[("code", "000000")]).await.expect(200);
        }
        let right = shown(&app, 0);
        let no = b.form(&format!("{flow}/code"), &[("code", &right)]).await.expect(200).text;
        assert!(no.contains("Too many wrong attempts"), "{no}");
        let other = s.browser();
        let wrong = other.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
        for _ in 0..s.app.config.signin.failures {
            other.form(&format!("{wrong}/password"), &[("user_name", "anna"), ("password", "no")]).await.expect(200);
        }
        let typed = [("user_name", "anna"), ("password", PASSWORD)];
        other.form(&format!("{wrong}/password"), &typed).await.expect(200);
        s.post(&format!("{anna}/unlock"), json!({})).await.expect(204);
        other.form(&format!("{wrong}/password"), &typed).await.expect(303);
        b.form(&format!("{flow}/code"), &[("code", &right)]).await.expect(303);
        assert_eq!(me(&b).await, 200);
        assert_eq!(told(&s).await.last().unwrap()["what"], "unlocked");
        let log = s.get("/api/v1/tenants/contoso/audit").await.expect(200).text;
        assert!(log.contains("credentials.unlock"), "{log}");
    }
}

story! {
    async fn factors_that_are_lost_are_taken_away_and_the_way_in_is_a_letter(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let browser = s.browser();
        with_password(&browser, "anna").await;
        let mut device = Authenticator::at(&s.url);
        passkeys::make(&browser, &mut device).await;
        let app = code(&s, &anna).await;
        let b = s.browser();
        let flow = passkeys::begin(&b).await;
        passkeys::show(&b, &flow, &mut device).await.expect(303);
        make(&b).await;
        let gone = s.post(&format!("{anna}/reset-factors"), json!({})).await.expect(200).json();
        let by_hand = gone["link"].as_str().unwrap().strip_prefix(&s.url).unwrap().to_owned();
        let expected = json!({ "one_time_code": true, "passkeys": 1, "recovery_codes": 10, "link": gone["link"] });
        assert_eq!(gone, expected, "no mail is sent here");
        assert_eq!(me(&b).await, 401, "what was open ends");
        let flow = passkeys::begin(&b).await;
        passkeys::show(&b, &flow, &mut device).await.expect(200);
        assert_eq!(me(&b).await, 401);
        assert_eq!(told(&s).await.last().unwrap()["what"], "factors_reset");
        let flow = b.get("/signin?tenant=contoso").await.expect(303).header("location").to_owned();
        b.form(&format!("{flow}/password"), &[("user_name", "anna"), ("password", PASSWORD)]).await.expect(200);
        assert_eq!(me(&b).await, 401, "a password that may be a stranger's is nothing any more");
        drop(app);
        // And the letter: to the person, never to who has it sent.
        let sent = s.post(&format!("{anna}/reset-link"), json!({})).await.expect(200).json();
        assert_eq!(sent["letter"], "waits", "and that nothing sends it is said: {sent}");
        assert!(sent["warning"].as_str().unwrap().contains("mail.server"), "{sent}");
        assert!(sent.get("link").is_none() && sent["expires_at"].is_string(), "{sent}");
        let path = link(&s, 1).await;
        b.get(&by_hand).await.expect(410);
        let new = "umbrella quartz pelican";
        let done = b.form(&path, &[("password", new), ("password_again", new)]).await.expect(200).text;
        assert!(done.contains("id=\"done\""), "{done}");
        let log = s.get("/api/v1/tenants/contoso/audit").await.expect(200).json();
        let reset = log["items"].as_array().unwrap().iter().find(|e| e["action"] == "factors.reset").unwrap();
        assert_eq!((&reset["actor"], &reset["detail"]["recovery_codes"]), (&"owner".into(), &10.into()));
        // Who has nothing to write to gets none.
        let users = format!("/api/v1/tenants/{contoso}/users");
        let bare = json!({ "kind": "tenant", "user_name": "bare" });
        let bare = s.post(&users, bare).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        s.post(&format!("{users}/{bare}/reset-link"), json!({})).await.expect(409);
    }
}

story! {
    async fn nobody_resets_who_holds_more_nor_themselves(t) {
        let (s, contoso) = setting(&t).await;
        let w = world(&s);
        let help = role(&w, contoso, "Help", &["users.edit"], false).await;
        let (desk, boss, ben) = (
            crate::access::person(&w, contoso, "desk", UserKind::Tenant).await,
            crate::access::person(&w, contoso, "boss", UserKind::Tenant).await,
            crate::access::person(&w, contoso, "ben", UserKind::Tenant).await,
        );
        give(&w, &desk, contoso, help.id).await;
        give(&w, &boss, contoso, TENANT_ADMINISTRATOR).await;
        let (c, owner) = (&s.app.credentials, s.permit::<UsersEdit>(contoso).await);
        for u in [&desk, &boss, &ben] {
            c.set_password(&owner, u.id, &Secret::from(PASSWORD)).await.unwrap();
            c.add_code(&owner, u.id, "m").await.unwrap();
        }
        let may = w.access.require::<UsersEdit>(&session(&desk), contoso).await.unwrap();
        for u in [boss.id, desk.id] {
            let said = [
                c.unlock(&may, u).await.unwrap_err(),
                c.reset_factors(&may, u, true).await.unwrap_err(),
                c.send_reset(&may, u).await.unwrap_err(),
                c.set_password(&may, u, &Secret::from("umbrella quartz pelican")).await.unwrap_err(),
                c.remove_code(&may, u).await.unwrap_err(),
            ];
            assert!(said.iter().all(|e| e.kind() == Kind::Forbidden), "{said:?}");
        }
        c.reset_factors(&may, ben.id, true).await.unwrap();
        // Who has come to hold more meanwhile is out of reach.
        c.add_code(&owner, ben.id, "m").await.unwrap();
        give(&w, &ben, contoso, id(crate::access::READ_ONLY)).await;
        let e = c.reset_factors(&may, ben.id, true).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden);
        // Without the right nobody gets as far.
        let none = w.access.require::<UsersEdit>(&session(&ben), contoso).await;
        assert_eq!(none.unwrap_err().kind(), Kind::Forbidden);
    }
}

story! {
    async fn a_link_of_the_help_desk_asks_for_what_the_person_has(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let app = code(&s, &anna).await;
        let b = s.browser();
        with_code(&b, "anna", &shown(&app, 0)).await;
        s.post(&format!("{anna}/reset-link"), json!({})).await.expect(200);
        let path = link(&s, 1).await;
        let page = b.get(&path).await.expect(200).text;
        assert!(page.contains("id=\"code\""), "the help desk's link asks for the code as well: {page}");
        let user = UserId::parse(anna.rsplit('/').next().unwrap()).unwrap();
        let permit = s.permit::<UsersEdit>(contoso).await;
        s.app.credentials.reset_factors(&permit, user, true).await.unwrap();
        // A reset sends a link of its own, and no other opens.
        b.get(&path).await.expect(410);
        let path = link(&s, 2).await;
        let page = b.get(&path).await.expect(200).text;
        assert!(!page.contains("id=\"code\""), "{page}");
    }
}
