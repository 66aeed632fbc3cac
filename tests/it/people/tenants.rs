use super::world::{World, race};
use crate::{pure, story};
use muster::{
    access::perm::SystemEditSettings,
    error::Kind,
    id::RoleId,
    sessions::Limits,
    tenants::{self, Longest, MfaDefault, MfaPolicy, New, Policy, Required, Status},
};
use std::time::Duration;

story!(async fn a_slug_follows_its_grammar_and_is_taken_once(t) {
    let w = World::new(&t.store);
    for bad in ["", "a", "Acme", "-acme", "acme-", "ac--me", "ac me", "acmé", &"a".repeat(41)] {
        let new = New { slug: bad.into(), name: "Acme".into(), provider: false, tags: Vec::new() };
        let e = tenants::create(&w.store, &w.global().await, new).await.unwrap_err();
        assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("slug")), "{bad}");
    }
    let acme = w.tenant("acme-2", false).await;
    let again = New { slug: "acme-2".into(), name: "Other".into(), provider: false, tags: Vec::new() };
    let e = tenants::create(&w.store, &w.global().await, again).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("uniqueness")));
    assert!(e.detail().contains("acme-2"), "{e}");
    assert_eq!(tenants::by_slug(&w.store, "ACME-2").await.unwrap(), Some(acme.clone()));
    assert_eq!(tenants::by_slug(&w.store, "nobody").await.unwrap(), None);
    assert_eq!(tenants::get(&w.store, acme.id).await.unwrap(), acme);
    let other = w.tenant("beta", false).await;
    let all: Vec<_> = tenants::page(&w.store, &w.global().await, None, 100).await.unwrap();
    assert_eq!(all.iter().map(|t| t.slug.as_str()).collect::<Vec<_>>(), ["acme-2", "beta"]);
    assert_eq!(tenants::some(&w.store, &[other.id]).await.unwrap(), [other]);
});

story!(async fn there_is_one_provider(t) {
    let w = World::new(&t.store);
    let p = w.global().await;
    let make = |slug: &'static str| {
        let (store, p) = (w.store.clone(), p.clone());
        async move {
            let new = New { slug: slug.into(), name: slug.into(), provider: true, tags: Vec::new() };
            tenants::create(&store, &p, new).await
        }
    };
    let (a, b) = race(make("one"), make("two")).await;
    let refused = match (a, b) {
        (Ok(_), Err(e)) | (Err(e), Ok(_)) => e,
        both => panic!("exactly one may be the provider: {both:?}"),
    };
    assert_eq!((refused.kind(), refused.attr_str()), (Kind::Conflict, Some("provider")));
    assert!(tenants::provider(&w.store).await.unwrap().unwrap().provider);
});

story!(async fn a_tenant_is_suspended_and_resumed_and_the_provider_never(t) {
    let w = World::new(&t.store);
    let (provider, acme) = (w.tenant("msp", true).await, w.tenant("acme", false).await);
    let scim = w.scim(&w.directory(acme.id, "Entra").await).await;
    let cookie = w.signs_in(&w.user(&scim, "ann@example.com").await).await;
    let p = w.global().await;
    let off = tenants::set_status(&w.store, &p, acme.id, Status::Suspended).await.unwrap();
    assert_eq!(off.status, Status::Suspended);
    assert!(!w.signed_in(&cookie).await, "everything of it ends");
    let again = tenants::set_status(&w.store, &p, acme.id, Status::Suspended).await.unwrap();
    assert_eq!(again, off, "a second time changes nothing");
    let on = tenants::set_status(&w.store, &p, acme.id, Status::Active).await.unwrap();
    assert!(on.status == Status::Active && !w.signed_in(&cookie).await);
    let e = tenants::set_status(&w.store, &p, provider.id, Status::Suspended).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Forbidden);
    let nobody = muster::id::TenantId::new();
    let e = tenants::set_status(&w.store, &p, nobody, Status::Active).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound);
});

story!(async fn a_policy_is_kept_as_it_was_given(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await;
    assert_eq!(acme.policy.0, Policy::default());
    let role = RoleId::new();
    let policy = Policy {
        mfa: MfaPolicy {
            default: MfaDefault::Never,
            roles: [(role, Required::Phr)].into(),
            ..MfaPolicy::default()
        },
        ..Policy::default()
    };
    let p = w.may::<SystemEditSettings>(acme.id).await;
    let day = Duration::from_hours(24);
    let limits = Limits { absolute: day, idle: day };
    let longest = Longest { sessions: limits, refresh: limits };
    let set = tenants::set_policy(&w.store, &w.access, &p, (policy.clone(), None), longest).await.unwrap();
    assert_eq!((&set.policy.0, set.version), (&policy, acme.version + 1));
    let same = tenants::set_policy(&w.store, &w.access, &p, (policy.clone(), None), longest).await.unwrap();
    assert_eq!(same.version, set.version, "the same policy again is no change");
    assert_eq!(tenants::get(&w.store, acme.id).await.unwrap().policy.0, policy);
});

pure!(
    fn a_policy_with_an_unknown_field_is_refused() {
        let ok: Policy = serde_json::from_str(r#"{"mfa":{"default":"always"}}"#).unwrap();
        assert_eq!(ok.mfa.default, MfaDefault::Always);
        for bad in
            [r#"{"mfo":{}}"#, r#"{"mfa":{"defualt":"always"}}"#, r#"{"mfa":{"default":"maybe"}}"#]
        {
            assert!(serde_json::from_str::<Policy>(bad).is_err(), "{bad}");
        }
    }
);

pure!(
    fn the_strongest_demand_of_the_roles_wins() {
        let (harmless, harmful, named) = (RoleId::new(), RoleId::new(), RoleId::new());
        let mut p = MfaPolicy::default();
        assert_eq!(p.required([(harmless, false)]), Required::None);
        assert_eq!(p.required([(harmless, false), (harmful, true)]), Required::Mfa);
        p.roles.insert(named, Required::Phr);
        p.roles.insert(harmful, Required::None);
        assert_eq!(
            p.required([(harmful, true)]),
            Required::None,
            "the policy's word for a role holds"
        );
        assert_eq!(p.required([(harmful, true), (named, false)]), Required::Phr);
        p.default = MfaDefault::Always;
        assert_eq!(p.required([]), Required::Mfa);
        assert_eq!(p.required([(harmless, false)]), Required::Mfa);
        p.level = Required::Attested;
        assert_eq!(p.required([(harmless, false)]), Required::Attested);
        assert_eq!(p.required([(named, false)]), Required::Phr);
        p.default = MfaDefault::Never;
        assert_eq!(p.required([(harmless, true)]), Required::None);
    }
);
