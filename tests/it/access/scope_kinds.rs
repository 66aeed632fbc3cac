//! A grant in a scope of every kind: given, taken away, over by itself.

use super::{READ_ONLY, TECHNICIAN, id, person};
use crate::{people::world::World, story};
use muster::{
    access::{
        Reach,
        grants::{self, NewGrant},
    },
    actor::UserKind,
    audit,
    clock::Clock,
    id::TenantId,
    store::{Cx, Scope, Store},
    tenants,
};
use std::time::Duration;

async fn told(w: &World, t: TenantId, action: &str) -> usize {
    let trail = audit::list(&w.store, t, &audit::Query::default(), 200).await.unwrap().items;
    trail.iter().filter(|e| e.action == action).count()
}

story!(async fn a_grant_of_every_kind_of_scope_is_given_taken_away_and_ends(t) {
    let clock = Clock::manual(t.store.clock().now());
    let w = World::new(&Store::open(&t.options, clock.clone()).await.unwrap());
    let provider = w.tenant("provider", true).await.id;
    let (a, b) = (w.tenant("alpha", false).await.id, w.tenant("beta", false).await.id);
    let gold = tenants::Edit { tags: Some(vec!["gold".into()]), ..Default::default() };
    tenants::edit(&w.store, &w.global().await, a, None, gold).await.unwrap();
    let tom = person(&w, provider, "tom", UserKind::Technician).await;
    let both = || Reach::set([a, b].into()).unwrap();
    for (reach, told_to) in [
        (both(), vec![a, b, provider]),
        (Reach::tagged("gold").unwrap(), vec![provider]),
        (Reach::Every, vec![provider]),
        (Reach::except([b].into()).unwrap(), vec![provider]),
    ] {
        let told_all = async |action: &str| {
            let mut out = Vec::new();
            for t in [a, b, provider] {
                out.push(told(&w, t, action).await);
            }
            out
        };
        let p = w.may(provider).await;
        let o = w.access.over(&p, reach.clone()).await.unwrap();
        let before = (told_all("grant.add").await, told_all("grant.remove").await, told_all("grant.end").await);
        let more = |was: &[usize], n: usize| -> Vec<usize> {
            let here = [a, b, provider].map(|t| if told_to.contains(&t) { n } else { 0 });
            was.iter().zip(here).map(|(was, n)| was + n).collect()
        };
        let g = grants::add_over(&w.access, &o, NewGrant::manual(provider, tom.id, id(TECHNICIAN))).await.unwrap();
        let mut ends = NewGrant::manual(provider, tom.id, id(READ_ONLY));
        ends.valid_to = Some(clock.now().plus(Duration::from_secs(60)));
        grants::add_over(&w.access, &o, ends).await.unwrap();
        assert!(w.access.effective(provider, tom.id, a).await.unwrap().allows("computers.edit"), "{reach:?}");
        grants::remove(&w.access, &w.may(provider).await, g.id).await.unwrap();
        assert!(!w.access.effective(provider, tom.id, a).await.unwrap().allows("computers.edit"), "{reach:?}");
        clock.advance(Duration::from_secs(61));
        let cx = Cx::new(World::owner(), Scope::Platform);
        assert_eq!(grants::end_due(&w.access, &cx).await.unwrap(), 1, "{reach:?}");
        assert!(w.access.effective(provider, tom.id, a).await.unwrap().is_empty(), "{reach:?}");
        assert_eq!(told_all("grant.add").await, more(&before.0, 2), "{reach:?}");
        assert_eq!(told_all("grant.remove").await, more(&before.1, 1), "{reach:?}");
        assert_eq!(told_all("grant.end").await, more(&before.2, 1), "{reach:?}");
    }
});
