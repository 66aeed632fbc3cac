//! Another catalogue: nobody loses a right because a permission was forgotten.

use crate::{
    access::{give, person, role},
    api::own,
    people::world::World,
    story,
    support::server::TestServer,
};
use muster::{
    access::{
        catalogue::{Catalogue, PERMISSIONS, ROLES},
        roles::must_fit,
    },
    actor::UserKind,
    config, server, sql,
    store::{Cx, Scope},
    tx,
};
use serde_json::{Value, json};

/// The shipped catalogue without approving deployments and without remote control.
fn less() -> String {
    let mut text = PERMISSIONS.to_owned();
    for gone in [
        "  { id = \"approve\", name = \"Approve recommended\" },\n",
        "  { id = \"remote_control\", name = \"Access remote control\" },\n",
    ] {
        let shorter = text.replace(gone, "");
        assert_ne!(shorter, text);
        text = shorter;
    }
    text
}

story!(async fn a_catalogue_without_what_is_in_use_is_refused_with_the_list(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let acme = s.tenant("acme").await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("permissions.toml");
    std::fs::write(&file, less()).unwrap();
    let start = async || {
        let mut config = config::load(None, [], []).unwrap().config;
        config.catalogue.permissions.clone_from(&file);
        config.settle(config.server.listen).unwrap();
        server::assemble(config, s.app.store.clone(), s.app.master.clone()).await.map(|app| {
            app.access.catalogue().all().len()
        })
    };
    // What only the built-in roles have may go: they follow the catalogue.
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme, crate::access::id(crate::access::TECHNICIAN)).await;
    assert_eq!(start().await.unwrap(), 24);

    let desk = role(&w, acme, "Approvers", &["deployments.approve", "users.view"], false).await;
    let new = json!({"name": "RMM", "scopes": ["computers.remote_control", "computers.view"]});
    let i = own(&s, "POST", "/tenants/acme/integrations", new).await.expect(201).json();
    let new = json!({"name": "Wiki", "redirect_uris": ["https://wiki.example/cb"],
                     "scopes": ["openid", "computers.remote_control", "profile"]});
    let a = own(&s, "POST", "/tenants/acme/apps", new).await.expect(201).json();
    let e = start().await.unwrap_err();
    assert_eq!(e.code_str(), Some("catalogue_in_use"));
    for words in [
        "'deployments.approve' is of the role 'Approvers' of acme",
        "'computers.remote_control' is of the integration user 'RMM' of acme",
        "'computers.remote_control' may be asked for by the application 'Wiki' of acme",
    ] {
        assert!(e.detail().contains(words), "{}", e.detail());
    }
    assert!(!e.detail().contains("profile") && !e.detail().contains("users.view"), "{}", e.detail());
    let shipped = Catalogue::shipped().unwrap();
    must_fit(&s.app.store, &s.app.system(), &shipped).await.unwrap();

    let id = |v: &Value| v["id"].as_str().unwrap().to_owned();
    for gone in [format!("roles/{}", desk.id), format!("integrations/{}", id(&i)), format!("apps/{}", id(&a))] {
        own(&s, "DELETE", &format!("/tenants/acme/{gone}"), Value::Null).await.expect(204);
    }
    assert_eq!(start().await.unwrap(), 24, "and when nothing uses it any more, it may go");
});

story!(async fn a_built_in_role_that_somebody_has_does_not_vanish(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await.id;
    let two = ROLES.split("[[role]]").skip(1).take(2).flat_map(|r| ["[[role]]", r]).collect::<String>();
    let catalogue = Catalogue::read(PERMISSIONS, &two).unwrap();
    let cx = Cx::new(World::owner(), Scope::Platform);
    // The one by which a role is given has served.
    must_fit(&w.store, &cx, &Catalogue::shipped().unwrap()).await.unwrap();
    must_fit(&w.store, &cx, &catalogue).await.unwrap();
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme, crate::access::id(crate::access::READ_ONLY)).await;
    let e = must_fit(&w.store, &cx, &catalogue).await.unwrap_err();
    assert!(e.detail().contains("the built-in role 'Read-Only' is given to 'ann' in acme"), "{}", e.detail());
});

story!(async fn what_is_promised_may_be_asked_for_or_stands_in_a_policy_is_in_use(t) {
    let s = TestServer::start(&t).await;
    let acme = s.tenant("acme").await;
    let ann = s.person(acme, "ann", crate::access::READ_ONLY).await;
    // Without Read-Only, and without a permission.
    let most = ROLES.split("[[role]]").filter(|r| !r.contains("Read-Only")).collect::<Vec<_>>().join("[[role]]");
    let catalogue = Catalogue::read(&less(), &most).unwrap();
    let grants = own(&s, "GET", "/tenants/acme/grants", Value::Null).await.expect(200).json();
    let grant = grants["items"][0]["id"].as_str().unwrap();
    own(&s, "DELETE", &format!("/tenants/acme/grants/{grant}"), Value::Null).await.expect(204);
    must_fit(&s.app.store, &s.app.system(), &catalogue).await.unwrap();
    let ask = json!({"user": ann.to_string(), "role": "Read-Only", "max_minutes": 60});
    own(&s, "POST", "/tenants/acme/eligibilities", ask).await.expect(201);
    let new = json!({"email": "new@acme.example", "roles": [{"role": "Read-Only"}]});
    own(&s, "POST", "/tenants/acme/invitations", new).await.expect(201);
    let policy = json!({
        "mfa": {"roles": {(crate::access::READ_ONLY): "mfa"}},
        "permissions": {"deployments.approve": {"class": "mfa"}},
    });
    own(&s, "PUT", "/tenants/acme/policy", policy).await.expect(200);
    let e = must_fit(&s.app.store, &s.app.system(), &catalogue).await.unwrap_err();
    for words in [
        "'Read-Only' is what 'ann' may ask for in acme",
        "'Read-Only' is promised to 'new@acme.example' by an invitation of acme",
        "'Read-Only' stands in the sign-in policy of acme",
        "'deployments.approve' stands in the sign-in policy of acme",
    ] {
        assert!(e.detail().contains(words), "{words}: {}", e.detail());
    }
    must_fit(&s.app.store, &s.app.system(), &Catalogue::shipped().unwrap()).await.unwrap();
});

story!(async fn a_start_looks_through_what_is_in_use_only_where_a_catalogue_lacks_what_another_had(t) {
    let w = World::new(&t.store);
    let acme = w.tenant("acme", false).await.id;
    let cx = Cx::new(World::owner(), Scope::Platform);
    let shipped = Catalogue::shipped().unwrap();
    let names = async || {
        let mut c = w.store.read(Scope::Platform).await.unwrap();
        sql!(c, all<String>, "SELECT name FROM catalogue_names").unwrap()
    };
    // A database of an earlier version: nothing is remembered, and all is looked through.
    role(&w, acme, "Approvers", &["deployments.approve", "users.view"], false).await;
    let smaller = Catalogue::read(&less(), ROLES).unwrap();
    must_fit(&w.store, &cx, &smaller).await.unwrap_err();
    assert!(names().await.is_empty(), "what is refused has not served");
    must_fit(&w.store, &cx, &shipped).await.unwrap();
    assert_eq!(names().await.len(), shipped.all().len() + shipped.roles().len());
    // One that lacks what served is held against what is in use, every time.
    for _ in 0..2 {
        must_fit(&w.store, &cx, &smaller).await.unwrap_err();
    }
    // Had none of them had it, nothing could use it, and nobody would look.
    let (has, gone) = (smaller.all().clone(), shipped.all().clone());
    tx!(w.store, &cx, [has, gone], |tx| {
        tx.unaudited("a test");
        for name in gone.difference(&has) {
            sql!(tx, exec, "DELETE FROM catalogue_names WHERE name = $1", *name)?;
        }
        Ok(())
    })
    .unwrap();
    must_fit(&w.store, &cx, &smaller).await.unwrap();
});
