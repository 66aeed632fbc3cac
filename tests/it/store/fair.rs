//! Turns: who goes next where more is asked for than there is room.

use crate::{pure, story};
use futures::{FutureExt as _, future::BoxFuture};
use muster::{
    error::{Kind, Result},
    id::TenantId,
    store::{Fair, Scope, Turn},
};
use std::time::Duration;

type Wait = BoxFuture<'static, Result<Turn>>;

fn ask(fair: &Fair, t: TenantId) -> Wait {
    let fair = fair.clone();
    let mut wait = async move { fair.turn(t).await }.boxed();
    // Polled once, so that it stands in line.
    match (&mut wait).now_or_never() {
        Some(turn) => std::future::ready(turn).boxed(),
        None => wait,
    }
}
fn has(wait: &mut Wait) -> Option<Turn> {
    wait.now_or_never().map(|t| t.unwrap())
}

pure!(
    fn tenants_take_turns_however_many_one_has_waiting() {
        let fair = Fair::new(4, 100);
        let [a, b, c] = [TenantId::new(), TenantId::new(), TenantId::new()];
        // Three of four are the most that one tenant gets; the last is the next one's.
        let mut running: Vec<Turn> = (0..3).map(|_| has(&mut ask(&fair, a)).unwrap()).collect();
        let mut of_a: Vec<Wait> = (0..20).map(|_| ask(&fair, a)).collect();
        assert!(of_a.iter_mut().all(|w| has(w).is_none()));
        let of_b = has(&mut ask(&fair, b)).unwrap();
        let mut more_b: Vec<Wait> = (0..2).map(|_| ask(&fair, b)).collect();
        let mut of_c = ask(&fair, c);
        // Each place that comes free: first the first of those that wait, then around.
        running.pop();
        let a1 = has(&mut of_a[0]).unwrap();
        assert!(has(&mut more_b[0]).is_none() && has(&mut of_c).is_none());
        running.pop();
        let b1 = has(&mut more_b[0]).unwrap();
        drop(of_b);
        let c1 = has(&mut of_c).unwrap();
        running.pop();
        let a2 = has(&mut of_a[1]).unwrap();
        drop((a1, b1));
        assert!(has(&mut more_b[1]).is_some());
        drop((c1, a2));
    }
);

pure!(
    fn whoever_goes_away_takes_no_turn_and_a_line_has_an_end() {
        let fair = Fair::new(1, 2);
        let [a, b] = [TenantId::new(), TenantId::new()];
        let first = has(&mut ask(&fair, a)).unwrap();
        let (gone, mut stays) = (ask(&fair, a), ask(&fair, a));
        let refused = ask(&fair, a).now_or_never().unwrap().unwrap_err();
        assert_eq!(refused.kind(), Kind::Unavailable);
        assert!(refused.retry_after_secs().unwrap() > 0);
        // Another tenant's line is its own, and one that went away leaves its place.
        let mut other = ask(&fair, b);
        drop(gone);
        let mut again = ask(&fair, a);
        assert!(has(&mut again).is_none());
        drop(first);
        let second = has(&mut stays).unwrap();
        assert!(has(&mut other).is_none());
        drop(second);
        let third = has(&mut other).unwrap();
        // Given a turn and gone before it looked: the turn goes on.
        drop(third);
        drop(again);
        assert!(has(&mut ask(&fair, b)).is_some());
    }
);

pure!(
    fn no_turn_is_lost_whatever_comes_and_goes() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let fair = Fair::new(3, 1000);
            let tenants: Vec<TenantId> = (0..5).map(|_| TenantId::new()).collect();
            let tasks = (0..2000_u64).map(|n| {
                let (fair, t) = (fair.clone(), tenants[usize::try_from(n % 5).unwrap()]);
                tokio::spawn(async move {
                    // Some lose patience, before or just as their turn comes.
                    let patience =
                        Duration::from_micros(if n % 3 == 0 { n * 7 % 900 } else { 60_000_000 });
                    if let Ok(turn) = tokio::time::timeout(patience, fair.turn(t)).await {
                        let _turn = turn.unwrap();
                        tokio::task::yield_now().await;
                    }
                })
            });
            for t in tasks.collect::<Vec<_>>() {
                t.await.unwrap();
            }
            // All the room is there again.
            let one = fair.turn(tenants[0]).now_or_never().unwrap();
            let two = fair.turn(tenants[0]).now_or_never().unwrap();
            let three = fair.turn(tenants[1]).now_or_never().unwrap();
            assert!(one.is_ok() && two.is_ok() && three.is_ok());
        });
    }
);

story!(async fn long_reads_of_one_tenant_leave_connections_to_the_others(t) {
    let [a, b] = [TenantId::new(), TenantId::new()];
    // The tests' stores have four connections: two are for long reads, one of them for one tenant at most... of whom
    // the first reads as long as it likes.
    let first = t.store.scan(Scope::Tenant(a)).await.unwrap();
    let second = t.store.scan(Scope::Tenant(b)).await.unwrap();
    let mut third = std::pin::pin!(t.store.scan(Scope::Tenant(a)));
    assert!((&mut third).now_or_never().is_none());
    for _ in 0..8 {
        t.store.read(Scope::Tenant(b)).await.unwrap();
    }
    drop(first);
    third.await.unwrap();
    drop(second);
});
