use super::world::{World, draft};
use crate::{
    access::{TECHNICIAN, id},
    scim_groups::crowd_of,
    story,
};
use muster::{
    access::{
        Permit,
        mappings::{self, Target},
        perm::Provision,
    },
    directories::{Provisioning, UnknownMembers},
    error::Kind,
    groups::{
        self,
        GroupChange::{Add, Clear, ExternalId, Remove, Rename, Replace},
        GroupDraft,
    },
    id::{GroupId, UserId},
    users::{self, Query, query::Where},
};
use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

fn set(ids: &[UserId]) -> BTreeSet<UserId> {
    ids.iter().copied().collect()
}

story!(async fn a_group_changes_by_what_is_asked_and_no_more(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let u = w.people(&p, 6).await;
    let g = w.group(&p, "Staff", &u[..2]).await;
    assert_eq!((g.version, w.members(&p, g.id).await), (1, set(&u[..2])));
    let (g, changed) = w.apply(&p, g.id, vec![Add(vec![u[1], u[2], u[2]])]).await;
    assert_eq!((g.version, changed), (2, true));
    let (g, changed) = w.apply(&p, g.id, vec![Add(vec![u[0]]), Remove(vec![u[5]]), Add(vec![])]).await;
    assert_eq!((g.version, changed), (2, false), "who is in already, who is not, nobody");
    let (g, _) = w.apply(&p, g.id, vec![Remove(vec![u[0], u[5]])]).await;
    assert_eq!((g.version, w.members(&p, g.id).await), (3, set(&u[1..3])));
    let (g, changed) = w.apply(&p, g.id, vec![Replace(vec![u[2], u[1]])]).await;
    assert_eq!((g.version, changed), (3, false), "the same set");
    let (g, _) = w.apply(&p, g.id, vec![Replace(u[2..5].to_vec()), Rename("Team".into())]).await;
    assert_eq!((g.version, g.display_name.as_str()), (4, "Team"));
    assert_eq!(w.members(&p, g.id).await, set(&u[2..5]));
    let (g, changed) = w.apply(&p, g.id, vec![Remove(vec![u[2]]), Add(vec![u[2]])]).await;
    assert_eq!((g.version, changed), (4, false), "what comes and goes in one request is no change");
    let (g, _) = w.apply(&p, g.id, vec![Clear, ExternalId(Some("x".into()))]).await;
    assert_eq!((g.version, g.external_id.as_deref()), (5, Some("x")));
    assert!(w.members(&p, g.id).await.is_empty());
    let e = groups::apply(&w.store, &p, g.id, Some(4), vec![Clear]).await.unwrap_err();
    assert_eq!(e.kind(), Kind::Precondition);
    groups::delete(&w.store, &p, g.id, None).await.unwrap();
    let e = groups::delete(&w.store, &p, g.id, None).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound);
});

story!(async fn a_failing_step_undoes_the_steps_before_it(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let u = w.people(&p, 2).await;
    let g = w.group(&p, "Staff", &u[..1]).await;
    let steps = vec![Add(vec![u[1]]), Rename(" ".into())];
    let e = groups::apply(&w.store, &p, g.id, None, steps).await.unwrap_err();
    assert_eq!((e.kind(), e.attr_str()), (Kind::Invalid, Some("displayName")));
    assert_eq!(w.members(&p, g.id).await, set(&u[..1]));
});

story!(async fn members_are_people_of_the_same_directory(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let second = w.scim(&w.directory(acme.id, "Okta").await).await;
    let (_, _, beta) = w.company("beta", false).await;
    let mine = w.user(&p, "ann@example.com").await.id;
    let others = [
        w.user(&second, "bob@example.com").await.id,
        w.user(&beta, "eve@example.com").await.id,
        UserId::new(),
    ];
    let named = [vec![mine], others.to_vec()].concat();
    let g = w.group(&p, "Staff", &named).await;
    assert_eq!((w.members(&p, g.id).await, set(&g.skipped)), (set(&[mine]), set(&others)));
    let (g, changed) = w.apply(&p, g.id, vec![Add(others.to_vec())]).await;
    assert_eq!((changed, set(&g.skipped)), (false, set(&others)));
    for stranger in [&second, &beta] {
        let e = groups::get(&w.store, stranger, g.id).await.unwrap_err();
        assert_eq!(e.kind(), Kind::NotFound);
        let e = groups::apply(&w.store, stranger, g.id, None, vec![Clear]).await.unwrap_err();
        assert_eq!(e.kind(), Kind::NotFound);
        let e = groups::delete(&w.store, stranger, g.id, None).await.unwrap_err();
        assert_eq!(e.kind(), Kind::NotFound);
    }
    let strict = Provisioning { unknown_members: UnknownMembers::Refuse, ..Provisioning::default() };
    w.configure(acme.id, p.directory(), strict).await.unwrap();
    let steps = vec![Clear, Add(others.to_vec())];
    let e = groups::apply(&w.store, &p, g.id, None, steps).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Invalid, Some("invalidValue")));
    assert_eq!(w.members(&p, g.id).await, set(&[mine]));
});

story!(async fn parallel_changes_of_one_group_add_up(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let u = w.people(&p, 48).await;
    let g = w.group(&p, "Staff", &u[..16]).await;
    // 16 requests add two people each, 8 take two of the first out each.
    let adds = u[16..].chunks(2).map(|c| Add(c.to_vec()));
    let removes = u[..16].chunks(2).map(|c| Remove(c.to_vec()));
    let all = adds.chain(removes).map(|step| {
        let (store, p, id) = (w.store.clone(), p.clone(), g.id);
        tokio::spawn(async move { groups::apply(&store, &p, id, None, vec![step]).await })
    });
    for one in all.collect::<Vec<_>>() {
        assert!(one.await.unwrap().unwrap().1);
    }
    assert_eq!(w.members(&p, g.id).await, set(&u[16..]));
    let g = groups::get(&w.store, &p, g.id).await.unwrap();
    assert_eq!(g.version, 25);
});

story!(async fn people_who_are_deleted_while_they_are_added_do_not_stop_the_others(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let u = w.people(&p, 20).await;
    let g = w.group(&p, "Staff", &[]).await;
    let deletes = u[..10].iter().map(|id| {
        let (store, p, id) = (w.store.clone(), p.clone(), *id);
        tokio::spawn(async move { muster::groups::delete_person(&store, &p, id, None).await.map(|_| ()) })
    });
    let adds = u.chunks(4).map(|c| {
        let (store, p, id, c) = (w.store.clone(), p.clone(), g.id, c.to_vec());
        tokio::spawn(async move { groups::apply(&store, &p, id, None, vec![Add(c)]).await.map(|_| ()) })
    });
    for one in deletes.chain(adds).collect::<Vec<_>>() {
        one.await.unwrap().unwrap();
    }
    assert_eq!(w.members(&p, g.id).await, set(&u[10..]));
});

story!(async fn a_group_name_is_unique_where_the_directory_wants_it(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let a = w.group(&p, "Staff", &[]).await;
    let twin = || GroupDraft { display_name: "STAFF".into(), external_id: None, members: vec![] };
    let e = groups::create(&w.store, &p, twin()).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("uniqueness")));
    assert!(e.detail().contains("STAFF"), "{e}");
    let b = w.group(&p, "Other", &[]).await;
    let e = groups::apply(&w.store, &p, b.id, None, vec![Rename("staff".into())]).await.unwrap_err();
    assert_eq!((e.kind(), e.code_str()), (Kind::Conflict, Some("uniqueness")));
    let loose = Provisioning { unique_group_names: false, ..Provisioning::default() };
    w.configure(acme.id, d.id, loose).await.unwrap();
    let twin = groups::create(&w.store, &p, twin()).await.unwrap();
    let back = w.configure(acme.id, d.id, Provisioning::default()).await;
    assert_eq!(back.unwrap_err().code_str(), Some("uniqueness"), "two share a name now");
    w.apply(&p, a.id, vec![Rename("Crew".into())]).await;
    w.configure(acme.id, d.id, Provisioning::default()).await.unwrap();
    let e = groups::apply(&w.store, &p, a.id, None, vec![Rename("staff".into())]).await.unwrap_err();
    assert_eq!(e.code_str(), Some("uniqueness"));
    groups::delete(&w.store, &p, twin.id, None).await.unwrap();
});

story!(async fn groups_are_listed_with_or_without_members(t) {
    let w = World::new(&t.store);
    let (acme, _, p) = w.company("acme", false).await;
    let u = w.people(&p, 3).await;
    let (a, b) = (w.group(&p, "A", &u[..2]).await, w.group(&p, "B", &u[1..]).await);
    let bare = groups::list(&w.store, &p, &Query::default()).await.unwrap();
    assert_eq!(bare.total, 2);
    let all = groups::members_of(&w.store, &p, &[a.id, b.id]).await.unwrap();
    assert_eq!((set(&all[&a.id]), set(&all[&b.id])), (set(&u[..2]), set(&u[1..])));
    let sizes = groups::sizes(&w.store, &p, &[a.id, b.id, GroupId::new()], 1).await.unwrap();
    assert_eq!(sizes, HashMap::from([(a.id, 1), (b.id, 1)]), "counted no further than wanted");
    let stranger = w.company("beta", false).await.2;
    assert!(groups::members_of(&w.store, &stranger, &[a.id]).await.unwrap().is_empty());
    assert!(groups::sizes(&w.store, &stranger, &[a.id], 1).await.unwrap().is_empty());
    let e = groups::members(&w.store, &stranger, a.id, None, 10).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound);
    let text = "g.display_key = 'b'".to_owned();
    let filter = Some(Where { lite: text.clone(), pg: text, ..Where::default() });
    let one = groups::list(&w.store, &p, &Query { filter, ..Query::default() }).await;
    assert_eq!(one.unwrap().items[0].id, b.id);
    let of = groups::shown::user(&w.store, &p, u[1]).await.unwrap().groups;
    assert_eq!(of.iter().map(|m| m.group).collect::<Vec<_>>(), [a.id, b.id]);
    let all = groups::shown::list(&w.store, &p, &Query::default()).await.unwrap().items;
    let of = |id| all.iter().find(|s| s.user.id == id).unwrap().groups.iter().map(|m| m.group);
    assert_eq!(of(u[0]).collect::<Vec<_>>(), [a.id]);
    assert_eq!(of(u[1]).collect::<Vec<_>>(), [a.id, b.id]);
    let v = w.may(acme.id).await;
    assert_eq!(groups::search(&w.store, &v, "b", None, 10).await.unwrap()[0].id, b.id);
    assert_eq!(groups::view(&w.store, &v, b.id, 10).await.unwrap().count, 2);
    muster::groups::delete_person(&w.store, &p, u[1], None).await.unwrap();
    assert_eq!(w.members(&p, a.id).await, set(&u[..1]));
    users::create(&w.store, &p, draft("person1@example.com")).await.unwrap();
    assert_eq!(w.members(&p, b.id).await, set(&u[2..]), "who comes again begins anew");
});

/// What a change cost: how long it took, and how many statements.
type Cost = (Duration, u64);

/// The least that somebody costs who comes to one of these groups and leaves it again, group by group: what others do
/// beside the test is in the dearer rounds.
async fn least(w: &World, p: &Permit<Provision>, groups: [GroupId; 2], who: UserId) -> [Cost; 2] {
    let mut least = [(Duration::MAX, u64::MAX); 2];
    for _ in 0..10 {
        for (id, least) in groups.into_iter().zip(&mut least) {
            let (begun, before) = (Instant::now(), muster::store::statements());
            for step in [Add(vec![who]), Remove(vec![who])] {
                assert!(w.apply(p, id, vec![step]).await.1);
            }
            least.0 = least.0.min(begun.elapsed());
            least.1 = least.1.min(muster::store::statements() - before);
        }
    }
    least
}

/// Whether what the large group costs is about what the small one does.
fn alike([small, large]: [Cost; 2]) -> bool {
    large.0 < small.0 * 4 && large.1 < small.1 + 5000
}

story!(async fn a_large_group_changes_in_the_time_of_the_change(t) {
    let w = World::new(&t.store);
    let (acme, d, p) = w.company("acme", false).await;
    let u = w.people(&p, 11).await;
    let (small, large) = (w.group(&p, "Ten", &u[1..]).await.id, w.group(&p, "Everybody", &u[1..]).await.id);
    crowd_of(&t, (acme.id, d.id), large, 20_000).await;
    let plain = least(&w, &p, [small, large], u[0]).await;
    assert!(alike(plain), "ten and all, milliseconds and statements: {plain:?}");
    // The same where a role hangs on them, which comes and goes.
    let may = w.may(acme.id).await;
    for g in [small, large] {
        mappings::create(&w.access, &may, Target::Own, g, id(TECHNICIAN)).await.unwrap();
    }
    let mapped = least(&w, &p, [small, large], u[0]).await;
    assert!(alike(mapped), "ten and all, milliseconds and statements: {mapped:?}");
});

story!(async fn a_large_group_is_replaced_by_some_of_it_and_many_who_are_nobody(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let u = w.people(&p, 400).await;
    let g = w.group(&p, "Everybody", &u).await;
    let nobody: Vec<UserId> = (0..2000).map(|_| UserId::new()).collect();
    let (after, _) = w.apply(&p, g.id, vec![Replace([&u[200..], &nobody[..]].concat())]).await;
    assert_eq!((after.version, after.skipped.len()), (2, 2000));
    assert_eq!(w.members(&p, g.id).await, set(&u[200..]));
});

story!(async fn members_are_read_in_pages_while_they_change(t) {
    let w = World::new(&t.store);
    let (_, _, p) = w.company("acme", false).await;
    let mut u = w.people(&p, 30).await;
    u.sort();
    let g = w.group(&p, "Everybody", &u[..25]).await;
    let (mut seen, mut last) = (Vec::new(), None);
    loop {
        let page = groups::members(&w.store, &p, g.id, last, 10).await.unwrap();
        assert!(page.len() <= 10 && page.is_sorted());
        if seen.is_empty() {
            // One who was read, one who was not yet, and some who come.
            w.apply(&p, g.id, vec![Remove(vec![u[3], u[12]]), Add(u[25..].to_vec())]).await;
        }
        last = page.last().copied();
        seen.extend_from_slice(&page);
        if page.len() < 10 {
            break;
        }
    }
    let want: Vec<UserId> = u.iter().copied().filter(|id| *id != u[12]).collect();
    assert_eq!(seen, want, "whoever stayed is there once");
    groups::delete(&w.store, &p, g.id, None).await.unwrap();
    let e = groups::members(&w.store, &p, g.id, last, 10).await.unwrap_err();
    assert_eq!(e.kind(), Kind::NotFound, "the end of a group that is gone is no end");
});
