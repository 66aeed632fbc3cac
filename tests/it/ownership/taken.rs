//! Invited first, provisioned later.

use super::{arrives, confirm, decide, kept_out, local, requests};
use crate::{
    access::{READ_ONLY, SELF_SERVICE, give, id, make_global, person, role, session},
    people::world::{World, draft, race},
    story,
};
use muster::{
    access::perm,
    actor::UserKind,
    directories::{self, SignInSettings},
    error::Kind,
    provisioning::adoption::{self, Reason, State},
    secret::Secret,
    store::Scope,
    tx,
    users::{self, Edit},
};

story!(async fn a_person_in_a_confirmed_domain_is_taken_over(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    confirm(&w, acme.id, "example.com").await;
    let ann = local(&w, acme.id, "Ann@Example.com", Some("ann@example.com")).await;
    give(&w, &ann, acme.id, id(SELF_SERVICE)).await;
    let (u, taken) = arrives(&w, &p, draft("ANN@example.COM")).await.unwrap();
    assert!(taken && u.id == ann.id && u.directory_id == Some(d.id));
    assert_eq!((u.user_name.as_str(), u.created_at), ("ANN@example.COM", ann.created_at));
    assert_eq!(u.external_id.as_deref(), Some("ext-ANN@example.COM"));
    assert!(w.access.effective(acme.id, ann.id, acme.id).await.unwrap().self_service, "roles stay");
    assert!(requests(&w, acme.id).await.is_empty());
    // From now on the directory's word reaches them.
    let cookie = w.signs_in(&u).await;
    w.set_active(&p, u.id, false).await.unwrap();
    assert!(!w.signed_in(&cookie).await);
    // And only the directory describes them.
    let e = muster::credentials::person::edit(
        &w.store,
        &w.access,
        &w.may(acme.id).await,
        None,
        (u.id, None),
        Edit { email: Some("other@example.com".into()), ..Edit::default() },
    )
    .await
    .unwrap_err();
    assert_eq!((e.kind(), e.attr_str()), (Kind::Forbidden, Some("email")));
    assert!(e.detail().contains("'email'") && e.detail().contains("'Entra ID'"), "{}", e.detail());
    assert_eq!(arrives(&w, &p, draft("ann@example.com")).await.unwrap_err().code_str(), Some("uniqueness"));
});

story!(async fn by_address_by_name_and_by_neither(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    confirm(&w, acme.id, "example.com").await;
    // The name differs, the address is the same.
    let bob = local(&w, acme.id, "bobby", Some("bob@example.com")).await;
    assert_eq!(arrives(&w, &p, draft("bob@example.com")).await.unwrap().0.id, bob.id);
    // Neither is the same.
    local(&w, acme.id, "eve", Some("eve@example.com")).await;
    let (other, taken) = arrives(&w, &p, draft("evelyn@example.com")).await.unwrap();
    assert!(!taken && other.user_name == "evelyn@example.com");
    // The same name is no address: nobody says that it is the same person.
    let cat = local(&w, acme.id, "cat", None).await;
    let told = kept_out(&w, &p, "cat").await;
    assert!(told.contains("no domain that is confirmed") && told.contains("muster adoption accept"), "{told}");
    let asked = requests(&w, acme.id).await;
    assert_eq!((asked.len(), asked[0].user_id, asked[0].state), (1, cat.id, State::Pending));
    assert_eq!(asked[0].reasons.0, [Reason::Domain]);
    // Two fit.
    local(&w, acme.id, "dan@example.com", None).await;
    local(&w, acme.id, "daniel", Some("dan@example.com")).await;
    let told = kept_out(&w, &p, "dan@example.com").await;
    assert!(told.contains("more than one person"), "{told}");
    assert_eq!(requests(&w, acme.id).await.len(), 1);
    // What is refused is called by what it was.
    local(&w, acme.id, "rich", Some("rich@late.example")).await;
    let mut by_address = draft("rr@example.com");
    by_address.email = Some("Rich@late.example".into());
    let e = arrives(&w, &p, by_address).await.unwrap_err();
    assert_eq!((e.code_str(), e.attr_str()), (Some("uniqueness"), Some("emails")));
    assert!(e.detail().starts_with("emails 'Rich@late.example' is that of a person of this tenant"), "{}", e.detail());
});

story!(async fn a_domain_of_another_tenant_confirms_nothing(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let beta = w.tenant("beta", false).await;
    confirm(&w, beta.id, "example.com").await;
    let ann = local(&w, acme.id, "ann@example.com", None).await;
    kept_out(&w, &p, "ann@example.com").await;
    let still = users::view(&w.store, &w.may(acme.id).await, ann.id).await.unwrap();
    assert_eq!(still, ann, "nothing of it happened");
    // A person of another tenant is nobody here.
    local(&w, beta.id, "bob@example.com", None).await;
    assert!(!arrives(&w, &p, draft("bob@example.com")).await.unwrap().1);
});

story!(async fn an_administrator_decides_and_the_next_try_takes_over(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let ann = local(&w, acme.id, "ann@example.com", None).await;
    let told = kept_out(&w, &p, "ann@example.com").await;
    let asked = requests(&w, acme.id).await;
    assert!(told.contains(&asked[0].id.to_string()));
    let mut capital = draft("Ann@example.com");
    capital.external_id = Some("ext-ann@example.com".into());
    arrives(&w, &p, capital).await.unwrap_err();
    assert_eq!(requests(&w, acme.id).await, asked, "asked again, it is the same request");
    decide(&w, &asked[0], false).await;
    let told = kept_out(&w, &p, "ann@example.com").await;
    assert!(told.contains("refused"), "{told}");
    decide(&w, &asked[0], true).await;
    // Decided was about this account, and not about another that the directory puts in its place.
    let mut another = draft("ann@example.com");
    another.external_id = Some("somebody-else".into());
    let e = arrives(&w, &p, another).await.unwrap_err();
    assert!(e.detail().contains("without an administrator's decision"), "{}", e.detail());
    let asked = requests(&w, acme.id).await;
    assert_eq!((asked.len(), asked[0].state), (1, State::Pending));
    kept_out(&w, &p, "ann@example.com").await;
    decide(&w, &requests(&w, acme.id).await[0], true).await;
    let (u, taken) = arrives(&w, &p, draft("ann@example.com")).await.unwrap();
    assert!(taken && u.id == ann.id && u.directory_id == Some(d.id));
    assert!(requests(&w, acme.id).await.is_empty(), "it is done with");
});

story!(async fn whoever_holds_more_is_not_taken_over_by_a_bare_address(t) {
    let w = World::new(&t.store);
    let (msp, _, p) = w.company("msp", true).await;
    confirm(&w, msp.id, "example.com").await;
    // What somebody who runs the directory would try.
    let root = make_global(&w, msp.id, "root@example.com").await;
    let boss = person(&w, msp.id, "boss@example.com", UserKind::Technician).await;
    give(&w, &boss, msp.id, id(READ_ONLY)).await;
    kept_out(&w, &p, "root@example.com").await;
    kept_out(&w, &p, "boss@example.com").await;
    let mut reasons: Vec<_> =
        requests(&w, msp.id).await.into_iter().map(|a| (a.user_id, a.reasons.0)).collect();
    reasons.sort_by_key(|(u, _)| *u);
    assert_eq!(reasons, [
        (root.id, vec![Reason::Administrator, Reason::Roles]),
        (boss.id, vec![Reason::Roles]),
    ]);
    // Who holds less than the person does not give them away.
    let desk = role(&w, msp.id, "Desk", &["users.manage_roles"], false).await;
    let helper = person(&w, msp.id, "helper", UserKind::Technician).await;
    give(&w, &helper, msp.id, desk.id).await;
    let may = w.access.require::<perm::UsersManageRoles>(&session(&helper), msp.id).await.unwrap();
    for a in requests(&w, msp.id).await {
        let e = adoption::decide(&w.store, &w.access, &may, a.id, true).await.unwrap_err();
        assert_eq!(e.kind(), Kind::Forbidden, "{a:?}");
    }
    // Decided about little, it does not count for much: the roles came later.
    let cal = person(&w, msp.id, "cal@elsewhere.example", UserKind::Technician).await;
    kept_out(&w, &p, "cal@elsewhere.example").await;
    let asked = requests(&w, msp.id).await.into_iter().find(|a| a.user_id == cal.id).unwrap();
    decide(&w, &asked, true).await;
    give(&w, &cal, msp.id, id(READ_ONLY)).await;
    let told = kept_out(&w, &p, "cal@elsewhere.example").await;
    assert!(told.contains("more than Self-Service"), "{told}");
    let asked = requests(&w, msp.id).await.into_iter().find(|a| a.user_id == cal.id).unwrap();
    assert_eq!(asked.state, State::Pending);
    decide(&w, &asked, true).await;
    let (u, _) = arrives(&w, &p, draft("cal@elsewhere.example")).await.unwrap();
    assert_eq!((u.id, u.kind), (cal.id, UserKind::Technician));
});

story!(async fn who_has_signed_in_as_the_account_is_the_account(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let half = SignInSettings {
        client_secret_expires_at: None,
        issuer: "https://login.example".into(),
        client_id: "muster".into(),
        client_secret: None,
        scopes: Vec::new(),
        rules: muster::protocol::oidc::Rules::default(),
        newcomers: muster::directories::Newcomers::default(),
        end_upstream: false,
    };
    let edit = directories::Edit { signin: Some(Some(half)), ..directories::Edit::default() };
    w.edit(acme.id, d.id, edit).await.unwrap();
    let boss = local(&w, acme.id, "boss", None).await;
    give(&w, &boss, acme.id, id(READ_ONLY)).await;
    let system = w.access.system(&World::owner(), acme.id).await.unwrap();
    let (home, user, directory) = (acme.id, boss.id, d.id);
    tx!(w.store, &system.cx(), [], |tx| {
        users::link(tx, home, directory, "https://login.example", "b-1", user).await
    })
    .unwrap();
    // Another name, another address, and it is them.
    let mut b = draft("b.oss@corp.example");
    b.external_id = Some("b-1".into());
    let (u, taken) = arrives(&w, &p, b).await.unwrap();
    assert!(taken && u.id == boss.id);
    let mut c = w.store.read(Scope::Tenant(acme.id)).await.unwrap();
    let found = users::find_by_identity(&mut c, acme.id, d.id, "https://login.example", "b-1").await.unwrap();
    assert_eq!(found.map(|u| u.id), Some(boss.id), "and the identity stays theirs");
    let e = w.access.effective(acme.id, boss.id, acme.id).await.unwrap();
    assert!(e.allows("computers.view"));
});

story!(async fn a_password_goes_and_is_nobodys_only_way_in(t) {
    let s = crate::support::TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let acme = w.tenant("acme", false).await;
    let d = w.scim_only(acme.id, "Entra ID").await;
    let p = w.scim(&d).await;
    confirm(&w, acme.id, "example.com").await;
    let ann = local(&w, acme.id, "ann@example.com", None).await;
    let may = w.may::<perm::UsersEdit>(acme.id).await;
    let password: Secret = "correct horse battery staple".to_owned().into();
    s.app.credentials.set_password(&may, ann.id, &password).await.unwrap();
    kept_out(&w, &p, "ann@example.com").await;
    assert_eq!(requests(&w, acme.id).await[0].reasons.0, [Reason::OnlyWayIn]);
    // With a way in through the directory, hers here is no longer needed, and ends with the session that it began.
    let half = SignInSettings {
        client_secret_expires_at: None,
        issuer: "https://login.example".into(),
        client_id: "muster".into(),
        client_secret: None,
        scopes: Vec::new(),
        rules: muster::protocol::oidc::Rules::default(),
    newcomers: muster::directories::Newcomers::default(),
    end_upstream: false,
    };
    let edit = directories::Edit { signin: Some(Some(half)), ..directories::Edit::default() };
    w.edit(acme.id, d.id, edit).await.unwrap();
    let cookie = w.signs_in(&ann).await;
    let (u, taken) = arrives(&w, &p, draft("ann@example.com")).await.unwrap();
    assert!(taken && u.id == ann.id);
    assert!(!w.signed_in(&cookie).await);
    let system = w.access.system(&World::owner(), acme.id).await.unwrap();
    let tried = s.app.credentials.verify_password(&system.cx(), &muster::credentials::Typed::At(acme.id), "ann@example.com", &password).await;
    assert_eq!(tried.unwrap(), muster::credentials::Outcome::Wrong);
    let e = s.app.credentials.set_password(&may, ann.id, &password).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
});

story!(async fn of_two_directories_one_takes_the_person_over(t) {
    let w = World::new(&t.store);
    for round in 0..6 {
        let slug = format!("acme{round}");
        let (acme, _, a) = w.company(&slug, false).await;
        let b = w.scim(&w.directory(acme.id, "Okta").await).await;
        let domain = format!("{slug}.example");
        confirm(&w, acme.id, &domain).await;
        let name = format!("ann@{domain}");
        let ann = local(&w, acme.id, &name, None).await;
        let go = |p: muster::access::Permit<perm::Provision>| {
            let (store, access, d) = (w.store.clone(), w.access.clone(), draft(&name));
            async move { adoption::create(&store, &access, &p, d).await.unwrap() }
        };
        let (x, y) = race(go(a.clone()), go(b.clone())).await;
        assert!(x.1 != y.1, "one took over, the other made its own: {x:?} {y:?}");
        let theirs = if x.1 { x.0.id } else { y.0.id };
        assert_eq!(theirs, ann.id);
    }
});
