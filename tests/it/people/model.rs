//! Many random changes of one group, beside a set in memory.

use super::world::World;
use crate::story;
use muster::{groups::GroupChange, id::UserId};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use std::collections::BTreeSet;

const PEOPLE: usize = 9;

/// Numbers up to [`PEOPLE`] are people, those above are strangers.
#[derive(Debug, Clone)]
enum Step {
    Add(Vec<usize>),
    Remove(Vec<usize>),
    Replace(Vec<usize>),
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some = || prop::collection::vec(0..PEOPLE + 3, 0..6);
    let step = prop_oneof![
        4 => some().prop_map(Step::Add),
        4 => some().prop_map(Step::Remove),
        2 => some().prop_map(Step::Replace),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 1..4)
}

story!(
    async fn a_group_is_what_a_set_would_be(t) {
        let w = World::new(&t.store);
        let (_, _, p) = w.company("acme", false).await;
        let mut all = w.people(&p, PEOPLE).await;
        all.extend((0..3).map(|_| UserId::new()));
        let people = all[..PEOPLE].to_vec();
        let g = w.group(&p, "Staff", &[]).await;
        let (mut model, mut version): (BTreeSet<UserId>, i64) = (BTreeSet::new(), 1);
        let mut runner = TestRunner::new(Config::default());
        for _ in 0..120 {
            let steps = steps().new_tree(&mut runner).unwrap().current();
            let ids = |n: &[usize]| n.iter().map(|i| all[*i]).collect::<Vec<_>>();
            let (before, mut strangers) = (model.clone(), BTreeSet::new());
            let mut come = |model: &mut BTreeSet<UserId>, users: &[UserId]| {
                let (known, unknown): (Vec<UserId>, Vec<UserId>) =
                    users.iter().partition(|u| people.contains(u));
                model.extend(known);
                strangers.extend(unknown);
            };
            let mut changes = Vec::new();
            for s in &steps {
                changes.push(match s {
                    Step::Add(n) => {
                        come(&mut model, &ids(n));
                        GroupChange::Add(ids(n))
                    }
                    Step::Remove(n) => {
                        for u in ids(n) {
                            model.remove(&u);
                        }
                        GroupChange::Remove(ids(n))
                    }
                    Step::Replace(n) => {
                        model.clear();
                        come(&mut model, &ids(n));
                        GroupChange::Replace(ids(n))
                    }
                    Step::Clear => {
                        model.clear();
                        GroupChange::Clear
                    }
                });
            }
            let (after, changed) = w.apply(&p, g.id, changes).await;
            assert_eq!(changed, model != before, "{steps:?}");
            version += i64::from(changed);
            assert_eq!(after.version, version, "{steps:?}");
            assert_eq!(after.skipped, strangers.into_iter().collect::<Vec<_>>(), "{steps:?}");
            assert_eq!(w.members(&p, g.id).await, model, "{steps:?}");
        }
    }
);
