//! Laws of the computation, on random models: rights are only added up, and explain agrees with enforcing.

use crate::pure;
use muster::{
    access::{
        Effective, Path, Reach, RoleRef, Site, Source, Subject, Via,
        catalogue::{self, Catalogue},
        effective::void,
        rules,
    },
    actor::UserKind,
    clock::Timestamp,
    id::{DirectoryId, GrantId, GroupId, MappingId, RoleId, TenantId},
};
use proptest::prelude::*;
use std::{collections::BTreeSet, sync::Arc};
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_000);
const WORDS: [&str; 6] = [
    "computers.view",
    "computers.edit",
    "users.view",
    "users.edit",
    "system.view_logs",
    "self_service",
];

fn tenant(n: u8) -> TenantId {
    TenantId(Uuid::from_u128(u128::from(n) + 1))
}
fn kinds() -> impl Strategy<Value = UserKind> {
    prop_oneof![
        Just(UserKind::Administrator),
        Just(UserKind::Technician),
        Just(UserKind::Tenant),
        Just(UserKind::Integration)
    ]
}
fn reaches() -> impl Strategy<Value = Reach> {
    let some = || prop::collection::btree_set((0u8..3).prop_map(tenant), 1..3);
    prop_oneof![
        Just(Reach::All),
        Just(Reach::Every),
        Just(Reach::tagged("gold").unwrap()),
        (0u8..3).prop_map(|n| Reach::Tenant(tenant(n))),
        some().prop_map(|s| Reach::set(s).unwrap()),
        some().prop_map(|s| Reach::except(s).unwrap()),
    ]
}
fn vias() -> impl Strategy<Value = Via> {
    prop_oneof![
        (0u128..9).prop_map(|n| Via::Assignment {
            grant: GrantId(Uuid::from_u128(n)),
            source: Source::Manual,
            reason: None
        }),
        (0u128..9).prop_map(|n| Via::Mapping {
            mapping: MappingId(Uuid::from_u128(n)),
            group: GroupId(Uuid::from_u128(n)),
            group_name: "g".into(),
            directory: DirectoryId(Uuid::from_u128(n)),
            directory_name: "d".into(),
        }),
    ]
}
fn paths() -> impl Strategy<Value = Path> {
    (
        prop::collection::btree_set(prop::sample::select(WORDS.to_vec()), 0..4),
        prop_oneof![Just(None), (0u128..5).prop_map(Some)],
        reaches(),
        vias(),
        500i64..1500,
        prop_oneof![Just(None), (600i64..2000).prop_map(Some)],
    )
        .prop_map(|(words, role, reach, via, since, until)| {
            let permissions: BTreeSet<String> = words.iter().map(|w| (*w).to_owned()).collect();
            let mfa = rules::role_demands_mfa(permissions.iter());
            let id = role.map_or(catalogue::GLOBAL_ADMINISTRATOR, |n| RoleId(Uuid::from_u128(n)));
            Path {
                role: RoleRef { id, name: "r".into(), mfa },
                permissions: Arc::new(permissions),
                reach,
                via,
                since: Timestamp(since),
                until: until.map(Timestamp),
                by: "owner".into(),
                author: None,
            }
        })
}
fn subjects() -> impl Strategy<Value = Subject> {
    let chosen =
        prop::option::of(prop::collection::btree_set(prop::sample::select(WORDS.to_vec()), 0..4));
    (0u8..3, any::<bool>(), kinds(), prop::bool::weighted(0.9), chosen).prop_map(
        |(n, provider, kind, live, chosen)| {
            let words = |c: BTreeSet<&str>| Arc::new(c.into_iter().map(str::to_owned).collect());
            let chosen = chosen.filter(|_| kind == UserKind::Integration).map(words);
            Subject { home: tenant(n), provider, kind, live, chosen }
        },
    )
}
fn rights(e: &Effective) -> (BTreeSet<String>, bool, bool, bool) {
    (e.permissions.clone(), e.self_service, e.global, e.mfa)
}
fn check(run: impl Fn(&Subject, &[Path], Site<'_>) -> Result<(), TestCaseError>) {
    let tags = any::<bool>().prop_map(|gold| gold.then(|| "gold".to_owned()).into_iter().collect());
    let model = (subjects(), prop::collection::vec(paths(), 0..8), 0u8..3, tags);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let run = |(s, p, t, tags): (Subject, Vec<Path>, u8, BTreeSet<String>)| {
        run(&s, &p, Site { tenant: tenant(t), tags: &tags })
    };
    runner.run(&model, run).unwrap();
}

pure!(
    fn one_more_path_never_takes_anything_away() {
        check(|s, paths, t| {
            for n in 0..paths.len() {
                let less = Effective::compute(s, &paths[..n], t, NOW);
                let more = Effective::compute(s, &paths[..=n], t, NOW);
                prop_assert!(less.permissions.is_subset(&more.permissions));
                prop_assert!(more.self_service >= less.self_service && more.global >= less.global);
                prop_assert!(more.mfa >= less.mfa);
            }
            Ok(())
        });
    }
);

pure!(
    fn the_whole_is_the_union_of_its_parts_in_any_order() {
        check(|s, paths, t| {
            let whole = Effective::compute(s, paths, t, NOW);
            let mut union = (BTreeSet::new(), false, false, false);
            for p in paths {
                let e = Effective::compute(s, std::slice::from_ref(p), t, NOW);
                union.0.extend(e.permissions);
                union.1 |= e.self_service;
                union.2 |= e.global;
                union.3 |= e.mfa;
            }
            prop_assert_eq!(rights(&whole), union);
            let turned: Vec<Path> = paths.iter().rev().cloned().collect();
            prop_assert_eq!(rights(&whole), rights(&Effective::compute(s, &turned, t, NOW)));
            Ok(())
        });
    }
);

pure!(
    fn explain_agrees_with_enforcing() {
        check(|s, paths, t| {
            let e = Effective::compute(s, paths, t, NOW);
            for w in WORDS {
                let explained = e.paths.iter().any(|p| p.permissions.contains(w));
                // Of an integration user, only what was chosen for it.
                let chosen = s.chosen.as_ref().is_none_or(|c| c.contains(w));
                let theirs =
                    if w == "self_service" { s.kind != UserKind::Integration } else { chosen };
                prop_assert_eq!(e.allows(w), explained && theirs, "{} {:?}", w, e);
            }
            for p in paths {
                let counts = s.live
                    && p.reach.covers(t)
                    && void(s, p).is_none()
                    && p.since <= NOW
                    && p.until.is_none_or(|u| u > NOW);
                prop_assert_eq!(counts, e.paths.contains(p));
            }
            prop_assert!(s.live || e.is_empty());
            Ok(())
        });
    }
);

pure!(
    fn kinds_never_hold_beyond_their_bounds() {
        check(|s, paths, t| {
            let e = Effective::compute(s, paths, t, NOW);
            for p in &e.paths {
                prop_assert!(p.reach != Reach::All || s.kind == UserKind::Administrator);
                prop_assert!(p.reach == Reach::Tenant(s.home) || s.provider);
                prop_assert!(s.kind != UserKind::Tenant || p.reach == Reach::Tenant(s.home));
            }
            prop_assert!(!e.global || (s.kind == UserKind::Administrator && s.provider));
            Ok(())
        });
    }
);

pure!(
    fn it_does_not_change_before_the_time_it_names() {
        check(|s, paths, t| {
            let e = Effective::compute(s, paths, t, NOW);
            let until = e.until.unwrap_or(Timestamp(10_000));
            prop_assert!(until > NOW);
            let last = Timestamp(until.0 - 1);
            prop_assert_eq!(rights(&e), rights(&Effective::compute(s, paths, t, last)));
            Ok(())
        });
    }
);

pure!(
    fn the_shipped_catalogue_is_the_missions() {
        let c = Catalogue::shipped().unwrap();
        let count = |category: &str| c.all().iter().filter(|p| p.starts_with(category)).count();
        assert_eq!(c.all().len(), 26);
        assert_eq!(count("computers."), 6);
        assert_eq!(count("deployments."), 5);
        assert_eq!(count("software."), 5);
        assert_eq!(count("users."), 5);
        assert_eq!(count("system."), 5);
        let technician = c.roles().iter().find(|r| r.name == "Technician").unwrap();
        assert_eq!(technician.permissions.len(), 6 + 5 + 2);
        assert!(!rules::role_demands_mfa(technician.permissions.iter()));
    }
);

pure!(
    fn a_catalogue_of_ones_own_keeps_musters_part() {
        let own = |more: &str| {
            let users = catalogue::PERMISSIONS
                .split("[[category]]")
                .filter(|c| c.contains("id = \"users\"") || c.contains("id = \"system\""));
            users.flat_map(|c| ["[[category]]", c]).collect::<String>() + more
        };
        let roles = catalogue::ROLES.split("[[role]]").skip(1).take(2);
        let roles = roles.flat_map(|r| ["[[role]]", r]).collect::<String>();
        let doors = "[[category]]\nid = \"doors\"\nname = \"Doors\"\npermissions = [{ id = \"open\", name = \"Open\" }]";
        let c = Catalogue::read(&own(doors), &roles).unwrap();
        assert!(c.all().contains("doors.open"));
        assert!(
            c.role(catalogue::TENANT_ADMINISTRATOR).unwrap().permissions.contains("doors.open")
        );
        for (permissions, roles, word) in [
            (own(doors), "", "roles"),
            (doors.to_owned(), roles.as_str(), "users.* and system.*"),
            (
                own(
                    "[[category]]\nid = \"a b\"\nname = \"\"\npermissions = [{ id = \"x\", name = \"\" }]",
                ),
                &roles,
                "a b.x",
            ),
            (own(doors), catalogue::ROLES, "computers.*"),
            (own("nonsense"), &roles, "catalogue"),
        ] {
            let e = Catalogue::read(&permissions, roles).unwrap_err();
            assert!(e.detail().contains(word), "{e:?} does not say '{word}'");
        }
    }
);
