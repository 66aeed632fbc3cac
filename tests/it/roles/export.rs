//! The document of all roles and who has them.

use crate::{
    access::{READ_ONLY, give, id, make_global, person, role, session},
    api::{call, own},
    people::world::World,
    pure, story,
    support::server::TestServer,
};
use muster::{
    access::{
        Reach,
        catalogue::TENANT_ADMINISTRATOR,
        grants::{self, NewGrant, Query},
        mappings::{self, Target},
        roles::export::{plain, value},
    },
    actor::UserKind,
    groups::GroupChange,
    users,
};
use serde_json::{Value, json};

pure!(
    fn a_value_is_no_formula_and_a_text_is_no_markup() {
        for (text, wanted) in [
            ("Anna", "Anna"),
            ("a,b \"c\"", "\"a,b \"\"c\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("+49 30", "\"'+49 30\""),
            ("-2", "\"'-2\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\tx", "\"'\tx\""),
            ("\rx", "\"'\rx\""),
            ("a=b", "a=b"),
        ] {
            assert_eq!(value(text), wanted);
        }
        assert_eq!(plain("a|b\nc"), "a\\|b c");
        assert_eq!(plain("<b>[x](y) *z*"), "\\<b\\>\\[x\\](y) \\*z\\*");
    }
);

story!(async fn all_roles_and_who_has_them_are_one_document(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let us = w.tenant("us", true).await.id;
    make_global(&w, us, "gina").await;
    let (acme, _, scim) = w.company("acme", false).await;
    let acme = acme.id;
    let desk = role(&w, acme, "=Desk", &["computers.view", "users.edit"], false).await;
    let ann = w.user(&scim, "ann@acme.example").await;
    let g = w.group(&scim, "Help|ers", &[ann.id]).await;
    mappings::create(&w.access, &w.may(acme).await, Target::Own, g.id, desk.id).await.unwrap();
    let bob = person(&w, acme, "bob", UserKind::Tenant).await;
    give(&w, &bob, acme, TENANT_ADMINISTRATOR).await;
    let cover = json!({"user": "ann@acme.example", "role": "Technician", "reason": "-cover, \"June\"",
                       "valid_to": "2099-01-01T00:00:00Z"});
    let b = session(&bob);
    call(&s, Some(&b), "POST", "/tenants/acme/grants", &cover.to_string()).await.expect(201);

    let at = "/tenants/acme/roles/export";
    let a = own(&s, "GET", at, Value::Null).await.expect(200);
    assert_eq!(a.header("content-type"), "text/markdown; charset=utf-8");
    for line in [
        "# Roles and assignments of ACME (acme)", "### Technician", "- Computers: View, Add, Edit,",
        "### =Desk\n\nOf acme.", "- Users: Edit\n", "- self\\_service", "## Given to people",
        "| Display ann@acme.example (ann@acme.example) | acme | Technician | acme | manual |", "| 2099-01-01T00:00:00Z | bob | -cover, \"June\" |",
        "| bob | acme | Tenant Administrator | acme |", "## Given to groups",
        "| Help\\|ers | acme | Entra ID | 1 | =Desk | acme |",
        "| gina | us | Global Administrator | everywhere | manual |",
    ] {
        assert!(a.text.contains(line), "'{line}' is not in\n{}", a.text);
    }

    // A tenant's own administrator does not read who runs the instance, only that there are some.
    let a = call(&s, Some(&b), "GET", at, "").await.expect(200);
    assert!(!a.text.contains("gina") && a.text.contains("on the whole instance"), "{}", a.text);

    let a = call(&s, Some(&b), "GET", &format!("{at}?format=csv"), "").await.expect(200);
    assert!(a.header("content-type").starts_with("text/csv"));
    let lines: Vec<&str> = a.text.split_terminator("\r\n").collect();
    assert!(lines[0].starts_with("kind,id,name,home,role,in,directory,source,since,until,by,reason,members"));
    let of = |kind: &str| lines.iter().filter(|l| l.starts_with(&format!("{kind},"))).count();
    assert_eq!((of("role"), of("assignment"), of("mapping")), (6, 2, 1), "{}", a.text);
    assert_eq!(lines.len(), 10);
    assert!(a.text.contains(",\"'=Desk\",acme,") && a.text.contains(",\"'-cover, \"\"June\"\"\","), "{}", a.text);
    assert!(a.text.contains("computers.view users.edit"));
    own(&s, "GET", &format!("{at}?format=pdf"), Value::Null).await.expect(400);
});

story!(async fn how_a_mapping_stands_and_when_a_grant_ends_is_in_the_document(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let (acme, _, scim) = w.company("acme", false).await;
    let acme = acme.id;
    let mut made = Vec::new();
    for name in ["stays", "leaves", "falls", "adopts"] {
        let who = person(&w, acme, name, UserKind::Tenant).await;
        give(&w, &who, acme, TENANT_ADMINISTRATOR).await;
        let g = w.group(&scim, &format!("Of {name}"), &[]).await;
        let p = w.access.require(&session(&who), acme).await.unwrap();
        let m = mappings::create(&w.access, &p, Target::Own, g.id, id(READ_ONLY)).await.unwrap();
        made.push((who, m.id));
    }
    muster::credentials::person::set_enabled(&w.store, &w.may(acme).await, made[1].0.id, false).await.unwrap();
    let q = Query { user: Some(made[2].0.id), ..Query::default() };
    let g = grants::list(&w.access, &w.may(acme).await, q).await.unwrap()[0].id;
    grants::remove(&w.access, &w.may(acme).await, g).await.unwrap();
    let p = w.access.require(&session(&made[0].0), acme).await.unwrap();
    let adopted = mappings::adopt(&w.access, &p, Target::Own, made[3].1).await.unwrap();
    let at = adopted.adopted_at.unwrap().rfc3339();
    let mut ends = NewGrant::manual(acme, made[3].0.id, id(READ_ONLY));
    ends.valid_to = Some(muster::clock::Timestamp(4_000_000_000_000_000));
    let end = ends.valid_to.unwrap().rfc3339();
    grants::add(&w.access, &w.may(acme).await, ends).await.unwrap();

    let a = own(&s, "GET", "/tenants/acme/roles/export", Value::Null).await.expect(200).text;
    let line = |start: &str| a.lines().find(|l| l.starts_with(start)).unwrap_or_else(|| panic!("{start}: {a}"));
    for (group, by, stands) in [
        ("Of stays", "stays", "in force".to_owned()),
        ("Of leaves", "leaves", "in force, who answered for it has left".to_owned()),
        ("Of falls", "falls", "suspended".to_owned()),
        ("Of adopts", "adopts", format!("in force, adopted by stays at {at}")),
    ] {
        assert!(line(&format!("| {group} |")).ends_with(&format!("| {by} | {stands} |")), "{group}: {a}");
    }
    assert!(line("| adopts | acme | Read-Only |").contains(&format!("| {end} |")), "{a}");
    assert!(line("| stays | acme | Tenant Administrator |").contains("| no end |"), "{a}");

    let a = own(&s, "GET", "/tenants/acme/roles/export?format=csv", Value::Null).await.expect(200).text;
    let lines: Vec<&str> = a.split_terminator("\r\n").collect();
    assert!(lines[0].ends_with(",standing,adopted_by,adopted_at"), "{a}");
    for (group, stands) in [
        ("Of stays", ",in force,,".to_owned()),
        ("Of leaves", ",\"in force, who answered for it has left\",,".to_owned()),
        ("Of falls", ",suspended,,".to_owned()),
        ("Of adopts", format!(",in force,stays,{at}")),
    ] {
        let line = lines.iter().find(|l| l.contains(&format!(",{group},"))).unwrap();
        assert!(line.starts_with("mapping,") && line.ends_with(&stands), "{line}");
    }
    assert!(lines.iter().any(|l| l.starts_with("assignment,") && l.contains(&format!(",{end},"))), "{a}");
});

story!(async fn a_document_of_many_pieces_tells_each_assignment_once(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let acme = s.tenant("acme").await;
    let bob = person(&w, acme, "bob", UserKind::Tenant).await;
    // A thousand and one, in three pieces: roles that end at different times are different assignments.
    let (access, cx) = (&w.access, w.may(acme).await);
    for n in 0..1001_i64 {
        let mut new = muster::access::grants::NewGrant::manual(acme, bob.id, crate::access::id(crate::access::READ_ONLY));
        new.valid_to = Some(muster::clock::Timestamp(4_000_000_000_000_000 + n));
        muster::access::grants::add(access, &cx, new).await.unwrap();
    }
    let a = own(&s, "GET", "/tenants/acme/roles/export?format=csv", Value::Null).await.expect(200);
    let mut ids: Vec<&str> = a.text.lines().filter(|l| l.starts_with("assignment,")).map(|l| &l[..47]).collect();
    assert_eq!(ids.len(), 1001);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1001);
    let a = own(&s, "GET", "/tenants/acme/roles/export", Value::Null).await.expect(200);
    assert_eq!(a.text.matches("## Given to people").count(), 1, "one table, however many pieces");
    assert_eq!(a.text.matches("| bob | acme | Read-Only |").count(), 1001);
});

story!(async fn what_is_kept_in_many_tenants_is_told_where_it_counts(t) {
    let s = TestServer::start(&t).await;
    let w = World { store: s.app.store.clone(), access: s.app.access.clone(), master: s.app.master.clone() };
    let (us, _, scim) = w.company("us", true).await;
    let (acme, beta) = (w.tenant("acme", false).await.id, w.tenant("beta", false).await.id);
    let u = w.people(&scim, 20).await;
    let g = w.group(&scim, "Night", &u).await;
    let p = w.may(us.id).await;
    let o = w.access.over(&p, Reach::except([beta].into()).unwrap()).await.unwrap();
    let desk = role(&w, us.id, "Desk", &["computers.view"], true).await;
    mappings::create(&w.access, &p, Target::Over(&o), g.id, desk.id).await.unwrap();
    let all = w.access.require_global(&World::owner()).await.unwrap();
    mappings::create(&w.access, &p, Target::All(&all), g.id, id(READ_ONLY)).await.unwrap();
    for n in &u[..10] {
        let edit = users::Edit { kind: Some(UserKind::Administrator), ..users::Edit::default() };
        muster::credentials::person::edit(&w.store, &w.access, &w.may(us.id).await, None, (*n, None), edit).await.unwrap();
    }
    w.apply(&scim, g.id, vec![GroupChange::Clear]).await;
    assert!(w.access.effective(us.id, u[0], acme).await.unwrap().allows("computers.view"));
    for (tenant, desks) in [("acme", 20), ("us", 20), ("beta", 0)] {
        let a = own(&s, "GET", &format!("/tenants/{tenant}/roles/export?format=csv"), Value::Null).await.expect(200);
        let lines: Vec<&str> = a.text.lines().filter(|l| l.starts_with("parked,")).collect();
        let of = |role: &str, place: &str| lines.iter().filter(|l| l.contains(role) && l.contains(place)).count();
        assert_eq!(of("Desk", "all tenants except"), desks, "{tenant}: {}", a.text);
        assert_eq!(of("Read-Only", "everywhere"), 10, "{tenant}: {}", a.text);
    }
    // Whoever may not see who has a role on the whole instance does not see what is kept there either.
    let ann = person(&w, acme, "ann", UserKind::Tenant).await;
    give(&w, &ann, acme, TENANT_ADMINISTRATOR).await;
    let a = call(&s, Some(&session(&ann)), "GET", "/tenants/acme/roles/export?format=csv", "").await.expect(200);
    assert!(a.text.contains("Desk") && !a.text.contains(",everywhere,"), "{}", a.text);
});
