//! Who has somebody's session, or a right over them, does not come to be them by it: what letters go to is as good as a
//! credential, and what somebody changes about theirs ends whatever else is open.

use super::{
    make, offered,
    reset::{forgot, link},
    shown,
};
use crate::{
    access::{give, role, session},
    passkeys::{self, PASSWORD, me, person, setting, told, with_password},
    people::world::World,
    story,
    support::{TestServer, authenticator::Authenticator, server::Client},
};
use muster::{
    access::{catalogue::TENANT_ADMINISTRATOR, perm::UsersEdit},
    credentials::person as by_hand,
    error::Kind,
    id::{TenantId, UserId},
    sql,
    store::Scope,
    users::{self, Edit, User},
};
use serde_json::json;

const NEW: &str = "umbrella quartz pelican";

async fn user(s: &TestServer, t: TenantId, path: &str) -> User {
    let id = UserId::parse(path.rsplit('/').next().unwrap()).unwrap();
    let mut c = s.app.store.read(Scope::Tenant(t)).await.unwrap();
    users::find(&mut c, t, id).await.unwrap().unwrap()
}

fn email(to: &str) -> Edit {
    Edit { email: Some(to.to_owned()), ..Edit::default() }
}

story! {
    async fn where_letters_go_is_changed_by_who_holds_as_much_and_the_old_address_is_told(t) {
        let (s, contoso) = setting(&t).await;
        let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
        let help = role(&w, contoso, "Help", &["users.edit"], false).await;
        let (desk, boss, ben) = (
            person(&s, contoso, "desk").await, person(&s, contoso, "boss").await, person(&s, contoso, "ben").await,
        );
        let (desk, boss) = (user(&s, contoso, &desk).await, user(&s, contoso, &boss).await);
        give(&w, &desk, contoso, help.id).await;
        give(&w, &boss, contoso, TENANT_ADMINISTRATOR).await;
        let may = w.access.require::<UsersEdit>(&session(&desk), contoso).await.unwrap();
        let edit = async |who: &User, edit: Edit| {
            by_hand::edit(&w.store, &w.access, &may, None, (who.id, None), edit).await
        };
        let name = Edit { user_name: Some("chef".to_owned()), ..Edit::default() };
        for (change, field) in [(email("evil@contoso.example"), "email"), (name.clone(), "user_name")] {
            let e = edit(&boss, change).await.unwrap_err();
            assert_eq!((e.kind(), e.attr_str()), (Kind::Forbidden, Some(field)), "{}", e.detail());
        }
        let shown = Edit { display_name: Some("The boss".to_owned()), ..Edit::default() };
        edit(&boss, shown).await.unwrap();
        // One's own takes a fresh proof, which a token that was given away is not.
        let e = edit(&desk, email("other@contoso.example")).await.unwrap_err();
        assert_eq!(e.code_str(), Some("own_credentials"));
        // Of somebody who holds no more it is a help desk's work; what was sent is worth nothing any more.
        forgot(&s, "ben").await;
        let sent = link(&s, 1).await;
        let ben = user(&s, contoso, &ben).await;
        edit(&ben, email("ben@new.example")).await.unwrap();
        s.browser().get(&sent).await.expect(410);
        let letters = told(&s).await;
        let last = letters.last().unwrap();
        assert_eq!((&last["to"], &last["what"]), (&"ben@contoso.example".into(), &"address_changed".into()));
        edit(&ben, Edit { user_name: Some("benjamin".to_owned()), ..Edit::default() }).await.unwrap();
        assert_eq!(told(&s).await.last().unwrap()["what"], "name_changed");
        give(&w, &ben, contoso, TENANT_ADMINISTRATOR).await;
        let e = edit(&ben, email("evil@contoso.example")).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden, "who has come to hold more is out of reach");
    }
}

story! {
    async fn ones_own_address_takes_a_fresh_proof(t) {
        let (s, contoso) = setting(&t).await;
        let boss = person(&s, contoso, "boss").await;
        let who = user(&s, contoso, &boss).await;
        let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
        give(&w, &who, contoso, TENANT_ADMINISTRATOR).await;
        let live = s.session(contoso, who.id, "mfa").await;
        let change = async |to: &str| {
            let r = s.browser().request(reqwest::Method::PATCH, &boss).json(&json!({ "email": to }));
            s.browser().send(r.header("cookie", format!("muster_session={}", live.cookie))).await
        };
        change("boss@new.example").await.expect(200);
        let cx = s.app.system();
        muster::tx!(s.app.store, &cx, [], |tx| {
            tx.unaudited("time goes by");
            sql!(tx, exec, "UPDATE sessions SET auth_time = auth_time - 1200000000, created_at = created_at - 1200000000")
        }).unwrap();
        let no = change("boss@newer.example").await.expect(403).text;
        assert!(no.contains("fresh_proof") || no.contains("fresh sign-in"), "{no}");
    }
}

/// Signs in by the passkey, somewhere else.
async fn elsewhere(s: &TestServer, device: &mut Authenticator) -> Client {
    let b = s.browser();
    let flow = passkeys::begin(&b).await;
    passkeys::show(&b, &flow, device).await.expect(303);
    assert_eq!(me(&b).await, 200);
    b
}

story! {
    async fn what_is_replaced_or_removed_ends_what_else_is_open(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let (b, other) = (s.browser(), s.browser());
        with_password(&b, "anna").await;
        with_password(&other, "anna").await;
        let mut device = Authenticator::at(&s.url);
        passkeys::make(&b, &mut device).await;
        assert_eq!(me(&other).await, 200, "what is only added ends nothing");
        let app = s.app(contoso, |_| {}).await;
        let who = user(&s, contoso, &anna).await;
        let there = s.session(contoso, who.id, "single").await;
        let tokens = s.redeem(&app, &s.code(&app, &there, &[]).await).await.expect(200).json();
        let access = tokens["access_token"].as_str().unwrap();
        let flow = passkeys::begin(&b).await;
        passkeys::show(&b, &flow, &mut device).await.expect(303);
        // A code.
        assert!(s.active(&app, access).await);
        let page = b.form("/me/factors/code", &[]).await.expect(200).text;
        let (secret, ceremony) = offered(&page);
        let typed = shown(&secret, 0);
        b.form("/me/factors/code/prove", &[("ceremony", &ceremony), ("code", &typed)]).await.expect(303);
        assert_eq!((me(&b).await, me(&other).await), (200, 401));
        assert!(!s.active(&app, access).await, "tokens, too");
        s.refresh(&app, tokens["refresh_token"].as_str().unwrap()).await.expect(400);
        // Recovery codes.
        let other = elsewhere(&s, &mut device).await;
        assert_eq!(make(&b).await.len(), 10);
        assert_eq!((me(&b).await, me(&other).await), (200, 401));
        // The code, taken away.
        let other = elsewhere(&s, &mut device).await;
        b.form("/me/factors/code/remove", &[]).await.expect(303);
        assert_eq!((me(&b).await, me(&other).await), (200, 401));
        // A passkey.
        let other = elsewhere(&s, &mut device).await;
        passkeys::make(&b, &mut device).await;
        assert_eq!(me(&other).await, 200);
        let page = b.get("/me/factors").await.expect(200).text;
        let id = page.split("name=\"passkey\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        b.form("/me/factors/passkey/remove", &[("passkey", id)]).await.expect(303);
        assert_eq!((me(&b).await, me(&other).await), (200, 401));
    }
}

story! {
    async fn another_password_ends_however_many_sessions_there_are(t) {
        let (s, contoso) = setting(&t).await;
        let anna = person(&s, contoso, "anna").await;
        let who = user(&s, contoso, &anna).await;
        for _ in 0..205 {
            s.session(contoso, who.id, "single").await;
        }
        let b = s.browser();
        with_password(&b, "anna").await;
        b.form("/me/factors/password", &[("password", NEW), ("password_again", NEW)]).await.expect(303);
        assert_eq!(me(&b).await, 200);
        let mut c = s.app.store.read(Scope::Platform).await.unwrap();
        let left = sql!(c, one<i64>, "SELECT count(*) FROM sessions WHERE ended_at IS NULL").unwrap();
        assert_eq!(left, 1);
        assert_ne!(NEW, PASSWORD);
    }
}
