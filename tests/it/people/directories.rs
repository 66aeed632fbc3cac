use super::world::World;
use crate::story;
use muster::{
    access::perm::{SystemEditSettings, SystemViewSettings},
    clock::Clock,
    directories::{self, Edit, New, Provisioning, SignInSettings, Status, Tokens},
    error::Kind,
    protocol::oidc::{Preset, Rules},
    provisioning,
    secret::{ExposeSecret as _, Secret},
    store::Store,
};
use std::time::Duration;

fn signin(secret: Option<&str>) -> SignInSettings {
    SignInSettings {
        issuer: "https://login.example.com/tenant/v2.0".into(),
        client_id: "muster".into(),
        client_secret_expires_at: None,
        client_secret: secret.map(|s| Secret::from(s.to_owned())),
        scopes: vec!["profile".into()],
        rules: Rules::default(),
        newcomers: muster::directories::Newcomers::default(),
        end_upstream: false,
    }
}

story!(async fn a_client_secret_is_sealed_and_opens_only_for_its_directory(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let p = w.may::<SystemEditSettings>(acme.id).await;
    let new = New {
        name: "Contoso's Entra ID".into(),
        preset: Preset::Entra,
        provisioning: Provisioning::default(),
        signin: Some(signin(Some("upstream secret"))),
    };
    let d = directories::create(&w.store, &p, new, &w.master).await.unwrap();
    let half = directories::signin(&w.store, acme.id, d.id, &w.master).await.unwrap().unwrap();
    assert_eq!(half.client_secret.unwrap().expose_secret(), "upstream secret");
    assert_eq!((half.issuer.as_str(), half.client_id.as_str()), (signin(None).issuer.as_str(), "muster"));
    assert_eq!((half.generation, half.preset), (1, Preset::Entra));
    let other = muster::crypto::seal::MasterKey::generate().unwrap();
    assert!(directories::signin(&w.store, acme.id, d.id, &other).await.is_err());
    let beta = w.tenant("beta", false).await;
    assert!(directories::signin(&w.store, beta.id, d.id, &w.master).await.unwrap().is_none());
    assert_eq!(directories::tenants_of(&w.store, [d.id].into_iter()).await.unwrap().get(&d.id), Some(&acme.id));
    assert_eq!(directories::ways_in(&w.store, acme.id).await.unwrap(), [(d.id, d.name.clone())]);
});

story!(async fn a_change_of_the_signin_half_begins_a_generation(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let p = w.may::<SystemEditSettings>(acme.id).await;
    let d = w.scim_only(acme.id, "Entra").await;
    assert!(directories::signin(&w.store, acme.id, d.id, &w.master).await.unwrap().is_none());
    let go = async |e: Edit| w.edit(acme.id, d.id, e).await.unwrap().directory;
    let named = go(Edit { name: Some("Okta".into()), ..Edit::default() }).await;
    assert_eq!((named.name.as_str(), named.generation, named.version), ("Okta", 1, 2));
    let with = go(Edit { signin: Some(Some(signin(Some("s1")))), ..Edit::default() }).await;
    assert_eq!((with.generation, with.version), (2, 3));
    let same = go(Edit { signin: Some(Some(signin(None))), ..Edit::default() }).await;
    assert_eq!((same.generation, same.version), (2, 3), "no secret given keeps the one there is");
    let half = directories::signin(&w.store, acme.id, d.id, &w.master).await.unwrap().unwrap();
    assert_eq!(half.client_secret.unwrap().expose_secret(), "s1");
    let moved = go(Edit {
        signin: Some(Some(SignInSettings { issuer: "https://other.example.com".into(), ..signin(None) })),
        ..Edit::default()
    })
    .await;
    assert_eq!(moved.generation, 3);
    let half = directories::signin(&w.store, acme.id, d.id, &w.master).await.unwrap().unwrap();
    assert!(half.client_secret.is_none(), "another provider is not told the old one's secret");
    let without = go(Edit { signin: Some(None), ..Edit::default() }).await;
    assert_eq!((without.generation, without.issuer), (4, None));
    let stale = provisioning::edit(&w.store, &w.access, &p, d.id, Some(1), Edit::default(), &w.master).await;
    assert_eq!(stale.unwrap_err().kind(), Kind::Precondition);
    for bad in ["", "ftp://x", "https://x/?q=1", "not a url"] {
        let s = SignInSettings { issuer: bad.into(), ..signin(None) };
        let e = Edit { signin: Some(Some(s)), ..Edit::default() };
        let e = w.edit(acme.id, d.id, e).await.unwrap_err();
        assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("issuer")), "{bad}");
    }
});

story!(async fn a_directory_switched_off_signs_nobody_in(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let p = w.may::<SystemEditSettings>(acme.id).await;
    let d = w.scim_only(acme.id, "Entra").await;
    let e = Edit { signin: Some(Some(signin(None))), ..Edit::default() };
    w.edit(acme.id, d.id, e).await.unwrap();
    let scim = w.scim(&d).await;
    let other = w.scim(&w.scim_only(acme.id, "Okta").await).await;
    let theirs = w.signs_in(&w.user(&other, "bob@example.com").await).await;
    let ann = w.user(&scim, "ann@example.com").await;
    let mut cookies = Vec::new();
    for _ in 0..205 {
        cookies.push(w.signs_in(&ann).await);
    }
    let switch = async |to: Status| {
        w.edit(acme.id, d.id, Edit { status: Some(to), ..Edit::default() }).await.unwrap()
    };
    let off = switch(Status::Disabled).await;
    assert_eq!(off.sessions_ended, 205);
    let off = off.directory;
    for c in &cookies {
        assert!(!w.signed_in(c).await);
    }
    assert!(w.signed_in(&theirs).await);
    assert_eq!((off.status, off.generation), (Status::Disabled, 3));
    assert!(directories::signin(&w.store, acme.id, d.id, &w.master).await.unwrap().is_none());
    assert!(directories::ways_in(&w.store, acme.id).await.unwrap().is_empty());
    switch(Status::Active).await;
    assert!(directories::signin(&w.store, acme.id, d.id, &w.master).await.unwrap().is_some());
});

story!(async fn two_scim_tokens_live_and_a_revoked_one_is_refused_at_once(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let d = w.directory(acme.id, "Entra").await;
    let p = w.may::<SystemEditSettings>(acme.id).await;
    let known = Tokens::new(&w.store);
    let (a, plain_a) = directories::token_create(&w.store, &w.access, &p, d.id, None).await.unwrap();
    let (_, plain_b) = directories::token_create(&w.store, &w.access, &p, d.id, None).await.unwrap();
    let e = directories::token_create(&w.store, &w.access, &p, d.id, None).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("two_live_tokens")));
    for plain in [&plain_a, &plain_b] {
        let opens = known.open(plain.expose_secret()).await.unwrap();
        assert_eq!(opens, Some((acme.id, d.id)));
        assert_eq!(directories::by_token(&w.store, plain.expose_secret()).await.unwrap(), opens);
    }
    let mut wrong = plain_a.expose_secret().to_owned();
    wrong.pop();
    assert_eq!(known.open(&wrong).await.unwrap(), None);
    assert_eq!(known.open("").await.unwrap(), None);
    directories::token_revoke(&w.store, &p, d.id, a.id).await.unwrap();
    assert_eq!(known.open(plain_a.expose_secret()).await.unwrap(), None);
    assert_eq!(known.open(plain_b.expose_secret()).await.unwrap(), Some((acme.id, d.id)));
    let e = directories::token_revoke(&w.store, &p, d.id, a.id).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound);
    directories::token_create(&w.store, &w.access, &p, d.id, None).await.unwrap();
});

story!(async fn many_at_once_make_two_scim_tokens(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    let d = w.directory(acme.id, "Entra").await;
    let p = w.may::<SystemEditSettings>(acme.id).await;
    let tries = (0..6).map(|_| {
        let (store, access, p, id) = (w.store.clone(), w.access.clone(), p.clone(), d.id);
        tokio::spawn(async move { directories::token_create(&store, &access, &p, id, None).await.is_ok() })
    });
    let mut made = 0;
    for t in tries.collect::<Vec<_>>() {
        made += usize::from(t.await.unwrap());
    }
    assert_eq!(made, 2);
    let v = w.may::<SystemViewSettings>(acme.id).await;
    assert_eq!(directories::tokens(&w.store, &v, d.id).await.unwrap().len(), 2);
});

story!(async fn a_scim_token_expires_and_says_when_it_was_used(t) {
    let clock = Clock::manual(t.store.clock().now());
    let w = World::new(&Store::open(&t.options, clock.clone()).await.unwrap());
    let acme = w.tenant("acme", false).await;
    let d = w.directory(acme.id, "Entra").await;
    let p = w.may::<SystemEditSettings>(acme.id).await;
    let v = w.may::<SystemViewSettings>(acme.id).await;
    let end = clock.now().plus(Duration::from_secs(60));
    let past = directories::token_create(&w.store, &w.access, &p, d.id, Some(clock.now())).await;
    assert_eq!(past.unwrap_err().kind(), Kind::Invalid);
    let (_, plain) = directories::token_create(&w.store, &w.access, &p, d.id, Some(end)).await.unwrap();
    let known = Tokens::new(&w.store);
    assert!(known.open(plain.expose_secret()).await.unwrap().is_some());
    let shown = directories::tokens(&w.store, &v, d.id).await.unwrap();
    assert_eq!(shown[0].last_used_at, None, "written in batches, not per request");
    known.flush(&World::owner()).await.unwrap();
    let shown = directories::tokens(&w.store, &v, d.id).await.unwrap();
    assert!(shown[0].last_used_at.is_some());
    clock.advance(Duration::from_secs(61));
    assert_eq!(known.open(plain.expose_secret()).await.unwrap(), None);
    assert_eq!(directories::by_token(&w.store, plain.expose_secret()).await.unwrap(), None);
    // Expired ones do not count as live.
    directories::token_create(&w.store, &w.access, &p, d.id, None).await.unwrap();
    directories::token_create(&w.store, &w.access, &p, d.id, None).await.unwrap();
});
