//! Local credentials: right, wrong, waiting, once.

use crate::{
    access::{give, id, make_global, person, session},
    people::world::World,
    story,
    support::server::TestServer,
};
use muster::{
    access::{catalogue::TENANT_ADMINISTRATOR, perm::UsersEdit},
    actor::{Actor, Principal, UserKind},
    credentials::{Outcome, Proved, Typed, new_password},
    error::Kind,
    id::{RequestId, TenantId, UserId},
    secret::{ExposeSecret as _, Secret},
    store::{Cx, Scope},
};
use totp_rs::{Builder, Totp};

const GOOD: &str = "violet-kettle-49-harbour";

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}
fn cx(t: TenantId) -> Cx {
    Cx::new(Actor::prove(Principal::System("test"), RequestId::new()), Scope::Tenant(t))
}
async fn try_password(s: &TestServer, t: TenantId, name: &str, password: &str) -> Outcome {
    let c = &s.app.credentials;
    c.verify_password(&cx(t), &Typed::At(t), name, &Secret::from(password.to_owned()))
        .await
        .unwrap()
}
fn right(outcome: Outcome) -> Proved {
    match outcome {
        Outcome::Right(proved) => proved,
        other => panic!("{other:?}"),
    }
}
async fn with_password(s: &TestServer, t: TenantId, name: &str) -> UserId {
    let u = person(&world(s), t, name, UserKind::Tenant).await;
    let p = s.permit::<UsersEdit>(t).await;
    s.app.credentials.set_password(&p, u.id, &Secret::from(GOOD.to_owned())).await.unwrap();
    u.id
}
fn totp(base32: &str) -> Totp {
    let secret = totp_rs::Secret::try_from_base32(base32).unwrap();
    Builder::new().with_secret(secret).build_noncompliant()
}

story!(async fn a_password_is_right_or_wrong_and_nobody_learns_who_exists(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let user = with_password(&s, acme, "Ann@acme.example").await;
    let proved = right(try_password(&s, acme, "ann@ACME.example ", GOOD).await);
    assert_eq!((proved.home, proved.user, proved.code_set), (acme, user, None));
    assert_eq!(try_password(&s, acme, "ann@acme.example", "violet").await, Outcome::Wrong);
    assert_eq!(try_password(&s, acme, "nobody", GOOD).await, Outcome::Wrong);
    let other = s.tenant("other").await;
    assert_eq!(try_password(&s, other, "ann@acme.example", GOOD).await, Outcome::Wrong);
    // Both wait after as many misses.
    for name in ["ann@acme.example", "nobody"] {
        let mut misses = 0;
        while try_password(&s, acme, name, "no").await == Outcome::Wrong {
            misses += 1;
            assert!(misses < 20, "{name} never waits");
        }
        assert_eq!(misses + 1, i64::from(s.app.config.signin.failures), "{name}");
        assert!(matches!(try_password(&s, acme, name, GOOD).await, Outcome::Wait(1..)));
    }
});

story!(async fn many_tries_at_once_are_no_more_than_one_after_the_other(t) {
    let s = TestServer::with(&t, |c| c.signin.failures = 4).await;
    let acme = s.tenant("acme").await;
    with_password(&s, acme, "ann").await;
    let tries = (0..20).map(|n| {
        let c = s.app.credentials.clone();
        let password = Secret::from(format!("guess number {n}"));
        async move { c.verify_password(&cx(acme), &Typed::At(acme), "ann", &password).await.unwrap() }
    });
    let all = futures::future::join_all(tries).await;
    let judged = all.iter().filter(|o| **o == Outcome::Wrong).count();
    assert_eq!(judged, 4, "{all:?}");
});

story!(async fn a_person_who_is_switched_off_does_not_come_in(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let user = with_password(&s, acme, "ann").await;
    muster::credentials::person::set_enabled(&s.app.store, &s.permit(acme).await, user, false).await.unwrap();
    assert_eq!(try_password(&s, acme, "ann", "wrong").await, Outcome::Wrong);
    assert_eq!(try_password(&s, acme, "ann", GOOD).await, Outcome::Off { home: acme, user });
});

story!(async fn a_code_is_taken_once_and_its_guesses_are_counted(t) {
    let s = TestServer::with(&t, |c| c.signin.failures = 3).await;
    let acme = s.tenant("acme").await;
    let user = with_password(&s, acme, "ann").await;
    let p = s.permit::<UsersEdit>(acme).await;
    let code = s.app.credentials.add_code(&p, user, "Muster & Co").await.unwrap();
    let uri = code.otpauth.expose_secret();
    assert!(uri.starts_with("otpauth://totp/Muster%20%26%20Co:ann?secret="), "{uri}");
    let proved = right(try_password(&s, acme, "ann", GOOD).await);
    assert!(proved.code_set.is_some());
    let has = Outcome::Right(proved);
    let totp = totp(code.secret.expose_secret());
    let now = u64::try_from(s.app.store.clock().now().secs()).unwrap();
    let good = totp.generate(now).to_string();
    let c = s.app.credentials.clone();
    let check = async |code: &str| c.verify_code(&cx(acme), &proved, code).await.unwrap();
    let (a, b) = futures::future::join(check(&good), check(&good)).await;
    assert!((a == has) != (b == has), "one of two at once: {a:?} {b:?}");
    assert_eq!(check(&good).await, Outcome::Wrong, "used up");
    let next = totp.generate(now + 30).to_string();
    assert_eq!(check(&format!("{} {}", &next[..3], &next[3..])).await, has, "the next one");
    for bad in ["", "12345", "abcdef"] {
        assert_eq!(check(bad).await, Outcome::Wrong);
    }
    assert!(matches!(check(&next).await, Outcome::Wait(_)));
    c.remove_code(&p, user).await.unwrap();
    assert_eq!(c.remove_code(&p, user).await.unwrap_err().kind(), Kind::NotFound);
});

story!(async fn a_password_that_can_be_guessed_is_refused(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let u = person(&world(&s), acme, "rosalind.franklin@acme.example", UserKind::Tenant).await;
    let p = s.permit::<UsersEdit>(acme).await;
    let long = "x".repeat(600);
    for weak in ["short", "password1234", "rosalind.franklin", "aaaaaaaaaaaaaa", "qwertyuiop12", &long] {
        let set = s.app.credentials.set_password(&p, u.id, &Secret::from(weak.to_owned())).await;
        let e = set.err().unwrap_or_else(|| panic!("'{weak}' was taken"));
        assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("password")), "{weak}");
        assert!(!e.detail().contains(weak), "it does not repeat the password");
    }
    for _ in 0..5 {
        let made = new_password().unwrap();
        s.app.credentials.set_password(&p, u.id, &made).await.unwrap();
    }
});

story!(async fn whoever_sets_credentials_holds_what_their_owner_holds(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let (provider, acme) = (s.provider().await, s.tenant("acme").await);
    let help = crate::access::role(&w, acme, "Help", &["users.edit"], false).await;
    let (ann, boss) = (
        person(&w, acme, "ann", UserKind::Tenant).await,
        person(&w, acme, "boss", UserKind::Tenant).await,
    );
    give(&w, &ann, acme, help.id).await;
    give(&w, &boss, acme, TENANT_ADMINISTRATOR).await;
    let may = w.access.require::<UsersEdit>(&session(&ann), acme).await.unwrap();
    let c = &s.app.credentials;
    let password = Secret::from(GOOD.to_owned());
    let e = c.set_password(&may, boss.id, &password).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden, "she could act as the boss");
    let e = c.add_code(&may, boss.id, "m").await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    let bob = person(&w, acme, "bob", UserKind::Tenant).await;
    c.set_password(&may, bob.id, &password).await.unwrap();
    give(&w, &bob, acme, id(crate::access::READ_ONLY)).await;
    let e = c.set_password(&may, bob.id, &password).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    let gina = make_global(&w, provider, "gina").await;
    let tech = person(&w, provider, "tech", UserKind::Technician).await;
    give(&w, &tech, provider, TENANT_ADMINISTRATOR).await;
    let may = w.access.require::<UsersEdit>(&session(&tech), provider).await.unwrap();
    let e = c.set_password(&may, gina.id, &password).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    // Nor for who signs in elsewhere.
    let scim = s.directory(acme).await;
    let d = w.scim_of(acme, scim.directory).await;
    let far = w.user(&d, "far@acme.example").await;
    let e = c.set_password(&s.permit(acme).await, far.id, &password).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
});
