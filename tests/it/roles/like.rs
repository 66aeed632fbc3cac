//! A role like another, or like a template; how two differ.

use crate::{
    access::{give, person, role, session},
    api::{call, own},
    people::world::World,
    pure, story,
    support::server::TestServer,
};
use muster::{
    access::catalogue::{Catalogue, PERMISSIONS, ROLES},
    actor::UserKind,
    id::RoleId,
};
use serde_json::{Value, json};

fn world(s: &TestServer) -> World {
    World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() }
}

pure!(
    fn every_shipped_template_is_of_the_shipped_catalogue() {
        let c = Catalogue::shipped().unwrap();
        assert_eq!(c.left_out().iter().map(|t| &t.name).collect::<Vec<_>>(), Vec::<&String>::new());
        assert!(c.templates().len() >= 6);
        let mut names: Vec<&str> =
            c.templates().iter().flat_map(|t| [t.id.as_str(), t.name.as_str()]).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 2 * c.templates().len(), "each is found by its id and its name");
        for t in c.templates() {
            assert!(!t.permissions.is_empty() && t.description.ends_with('.'), "{t:?}");
            assert!(c.roles().iter().all(|r| r.name != t.name && *r.permissions != t.permissions));
        }
    }
);

pure!(
    fn a_template_that_names_what_another_catalogue_lacks_is_left_out() {
        let without = PERMISSIONS
            .replace("{ id = \"remote_control\", name = \"Access remote control\" },", "");
        assert_ne!(without, PERMISSIONS);
        let c = Catalogue::read(&without, ROLES).unwrap();
        let left_out: Vec<&str> = c.left_out().iter().map(|t| t.id.as_str()).collect();
        assert_eq!(left_out, ["help_desk"]);
        assert!(
            c.templates().iter().all(|t| t.permissions.is_subset(c.all()) && t.id != "help_desk")
        );
    }
);

story!(async fn a_role_is_made_like_a_template_and_like_a_role(t) {
    let s = TestServer::start(&t).await;
    s.tenant("acme").await;
    let all = own(&s, "GET", "/role-templates", Value::Null).await.expect(200).json();
    let desk = &all["items"][0];
    assert_eq!(desk["id"], "help_desk");
    let new = json!({"name": "Service desk", "like": "help_desk"});
    let made = own(&s, "POST", "/tenants/acme/roles", new).await.expect(201).json();
    assert_eq!((&made["permissions"], &made["description"]), (&desk["permissions"], &desk["description"]));

    let new = json!({"name": "Second line", "like": "service DESK", "description": "Mine."});
    let clone = own(&s, "POST", "/tenants/acme/roles", new).await.expect(201).json();
    assert_eq!((&clone["permissions"], &clone["description"]), (&desk["permissions"], &json!("Mine.")));
    let new = json!({"name": "Tech", "like": "Technician"});
    let tech = own(&s, "POST", "/tenants/acme/roles", new).await.expect(201).json();
    assert_eq!((&tech["built_in"], tech["permissions"].as_array().unwrap().len()), (&json!(false), 13));
    let told = own(&s, "GET", "/tenants/acme/audit?limit=1", Value::Null).await.expect(200).json();
    assert_eq!(told["items"][0]["detail"]["like"], "Technician", "{told}");

    for (new, status, field) in [
        (json!({"name": "X", "like": "Nothing"}), 404, "like"),
        (json!({"name": "X", "like": RoleId::new()}), 404, "like"),
        (json!({"name": "X", "like": "Self-Service"}), 400, "like"),
        (json!({"name": "X"}), 400, "permissions"),
        (json!({"name": "X", "like": "Technician", "permissions": []}), 400, "permissions"),
    ] {
        let e = own(&s, "POST", "/tenants/acme/roles", new.clone()).await.expect(status).json();
        assert_eq!(e["field"], field, "{new}: {e}");
    }
});

story!(async fn a_clone_is_bound_by_the_ceiling_and_by_what_can_be_seen(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let (acme, other) = (s.tenant("acme").await, s.tenant("other").await);
    let theirs = role(&w, other, "Theirs", &["users.view"], false).await;
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    let keeps = role(&w, acme, "Keeper", &["users.view", "users.manage_roles"], false).await;
    give(&w, &ann, acme, keeps.id).await;
    let a = session(&ann);
    let ask = async |like: &str| {
        let body = json!({"name": format!("like {like}"), "like": like}).to_string();
        call(&s, Some(&a), "POST", "/tenants/acme/roles", &body).await
    };
    for like in ["Technician", "Global Administrator", "help_desk"] {
        let e = ask(like).await.expect(403);
        assert!(e.text.contains("what they do not hold"), "{}", e.text);
    }
    ask("Keeper").await.expect(201);
    ask(&theirs.id.to_string()).await.expect(404);
    ask("Theirs").await.expect(404);
});

story!(async fn two_roles_differ_by_what_one_has_more_and_less(t) {
    let s = TestServer::start(&t).await;
    let w = world(&s);
    let (acme, other) = (s.tenant("acme").await, s.tenant("other").await);
    let desk = role(&w, acme, "Desk", &["computers.view", "users.edit"], false).await;
    let theirs = role(&w, other, "Theirs", &["users.view"], false).await;
    let at = format!("/tenants/acme/roles/{}/difference", desk.id);
    let d = own(&s, "GET", &format!("{at}?with=read-only"), Value::Null).await.expect(200).json();
    assert_eq!(d["more"], json!(["users.edit"]));
    let less = ["deployments.view", "software.view", "system.view_logs", "system.view_settings", "users.view"];
    assert_eq!(d["less"], json!(less));
    assert_eq!((&d["role"]["name"], &d["with"]["name"]), (&json!("Desk"), &json!("Read-Only")));
    let same = own(&s, "GET", &format!("{at}?with={}", desk.id), Value::Null).await.expect(200).json();
    assert_eq!((&same["more"], &same["less"]), (&json!([]), &json!([])));
    for with in [theirs.id.to_string(), "Theirs".to_owned()] {
        let e = own(&s, "GET", &format!("{at}?with={with}"), Value::Null).await.expect(404).json();
        assert_eq!(e["field"], "with");
    }
    own(&s, "GET", &at, Value::Null).await.expect(400);
    let gone = format!("/tenants/acme/roles/{}/difference?with=Read-Only", theirs.id);
    own(&s, "GET", &gone, Value::Null).await.expect(404);
});
