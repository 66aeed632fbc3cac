//! Who is told that a review waits, who decides where no reviewer is left, and what a review that cannot begin leaves.

use super::{Cast, DAY, clocked, evidence::tamper, said, server};
use crate::{mail, story, support::server::TestServer};
use muster::{
    access::{
        grants,
        reviews::{self, Outcome, State, Undecided, Verdict},
    },
    actor::UserKind,
    audit,
    error::Kind,
    sql,
    store::{Scope, Store},
    users::User,
};
use serde_json::json;
use std::time::Duration;

/// They give no roles any more.
async fn step_down(c: &Cast, who: &User) {
    let g = c.grants(who).await[0].id;
    grants::remove(&c.w.access, &c.w.may(c.acme).await, g).await.unwrap();
}

story!(async fn where_no_reviewer_is_left_anybody_else_decides(t) {
    let (store, clock) = clocked(&t).await;
    let c = Cast::new(&store).await;
    let mut new = c.plan(&[&c.lead, &c.other]);
    (new.every_days, new.undecided) = (Some(30), Undecided::Remove);
    let p = c.w.may(c.acme).await;
    let first = reviews::open(&c.w.access, &p, new).await.unwrap();
    // One of two has gone: the other decides about all of it, also in one that runs already.
    step_down(&c, &c.lead).await;
    assert_eq!(said(c.decide(&c.boss, first.id, &c.ann, Verdict::Keep).await), (Kind::Forbidden, None));
    clock.advance(DAY * 30);
    assert_eq!(reviews::due(&c.w.access, &server()).await.unwrap(), 1);
    // (What nobody decided about is gone.)
    for who in [&c.other, &c.ann] {
        crate::access::give(&c.w, who, c.acme, c.of(first.id, who).await.role_id).await;
    }
    assert_eq!(reviews::begin_due(&c.w.access, &server()).await.unwrap(), 1);
    let second = reviews::list(&c.w.access, &p, None, 10).await.unwrap().remove(0).0;
    assert_eq!(second.reviewers.0.iter().map(|r| r.user).collect::<Vec<_>>(), [c.other.id]);
    assert_eq!(c.of(second.id, &c.ann).await.reviewer_user, Some(c.other.id));
    // Neither is there any more while it runs.
    step_down(&c, &c.other).await;
    c.decide(&c.boss, second.id, &c.ann, Verdict::Keep).await.unwrap();
    let own = c.decide(&c.boss, second.id, &c.boss, Verdict::Keep).await;
    assert_eq!(said(own), (Kind::Forbidden, Some("own_access")));
    clock.advance(DAY * 30);
    assert_eq!(reviews::due(&c.w.access, &server()).await.unwrap(), 1);
    assert_eq!(c.of(second.id, &c.ann).await.outcome, Some(Outcome::Kept));
    // And the next begins with none.
    assert_eq!(reviews::begin_due(&c.w.access, &server()).await.unwrap(), 1);
    let third = reviews::list(&c.w.access, &p, None, 10).await.unwrap().remove(0).0;
    assert!(third.reviewers.0.is_empty());
    assert_eq!(c.of(third.id, &c.ann).await.reviewer_user, None);
    c.decide(&c.boss, third.id, &c.ann, Verdict::Keep).await.unwrap();
});

story!(async fn one_that_cannot_begin_is_told_of_and_the_next_is_tried(t) {
    let (store, clock) = clocked(&t).await;
    let c = Cast::new(&store).await;
    let mut new = c.plan(&[&c.lead, &c.other]);
    new.every_days = Some(30);
    let p = c.w.may(c.acme).await;
    let first = reviews::open(&c.w.access, &p, new).await.unwrap();
    let little = c.of(first.id, &c.lead).await.role_id;
    // More than a review can hold.
    let (ann, end) = (c.ann.id.0, store.clock().now().plus(DAY * 365).0);
    let columns = "INSERT INTO grants (tenant_id, id, user_id, user_label, role_id, scope, scope_tenant, source,
                                       granted_by, valid_from, valid_to, created_at)";
    let same = "user_id, user_label, role_id, scope, scope_tenant, source, granted_by, valid_from";
    let many = match t.url() {
        Some(_) => format!(
            "{columns} SELECT tenant_id, gen_random_uuid(), {same}, {end}, created_at
             FROM grants, generate_series(1, 20001) WHERE user_id = '{ann}'"
        ),
        None => format!(
            "{columns} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20001)
             SELECT tenant_id, randomblob(16), {same}, {end}, created_at
             FROM grants, n WHERE user_id = x'{}'",
            ann.simple()
        ),
    };
    tamper(&t, &many).await;
    // (Through the program, so that it hears of it.)
    crate::access::give(&c.w, &c.ann, c.acme, crate::access::id(crate::access::READ_ONLY)).await;
    clock.advance(DAY * 31);
    let missed = async || {
        let trail = audit::list(&store, c.acme, &audit::Query::default(), 500).await.unwrap().items;
        trail.into_iter().filter(|e| e.action == "review.miss").collect::<Vec<_>>()
    };
    for _ in 0..2 {
        assert_eq!(reviews::begin_due(&c.w.access, &server()).await.unwrap(), 0);
        let told = missed().await;
        assert_eq!(told.len(), 1, "once");
        assert!(told[0].detail["why"].as_str().unwrap().contains("20000 items at most"), "{:?}", told[0]);
    }
    tamper(&t, "DELETE FROM grants WHERE valid_to IS NOT NULL").await;
    crate::access::give(&c.w, &c.ann, c.acme, little).await;
    clock.advance(DAY * 30);
    assert_eq!(reviews::begin_due(&c.w.access, &server()).await.unwrap(), 1);
    assert_eq!(missed().await.len(), 1);
});

/// How many messages there are of whose reviewers are to be told.
async fn messages(store: &Store) -> i64 {
    let mut c = store.read(Scope::Platform).await.unwrap();
    sql!(c, one<i64>, "SELECT count(*) FROM outbox WHERE topic = $1", reviews::TOPIC).unwrap()
}

story!(async fn they_are_told_when_it_begins_and_once_before_it_is_due(t) {
    let (store, clock) = clocked(&t).await;
    let c = Cast::new(&store).await;
    let mut new = c.plan(&[&c.lead, &c.other]);
    new.due_at = store.clock().now().plus(DAY * 30);
    let p = c.w.may(c.acme).await;
    let long = reviews::open(&c.w.access, &p, new).await.unwrap();
    assert_eq!(messages(&store).await, 1);
    let remind = async || reviews::remind(&c.w.access, &server()).await.unwrap();
    clock.advance(DAY * 26);
    assert_eq!(remind().await, 0, "not yet");
    clock.advance(DAY);
    assert_eq!((remind().await, remind().await), (1, 0), "once");
    assert_eq!(messages(&store).await, 2);
    // A short one after half of its time.
    let short = c.open().await;
    clock.advance((DAY / 2).saturating_sub(Duration::from_secs(1)));
    assert_eq!(remind().await, 0);
    clock.advance(Duration::from_secs(1));
    assert_eq!(remind().await, 1);
    // By whoever still has something to decide, and gives roles there.
    let awaited = async |r| {
        let r = reviews::get(&c.w.access, &p, r).await.unwrap().0;
        reviews::awaited(&c.w.access, &server(), &r, 100).await.unwrap()
    };
    let (lead, other) = ((c.acme, c.lead.id), (c.acme, c.other.id));
    assert_eq!(awaited(long.id).await.len(), 2);
    for i in c.items(long.id).await.iter().filter(|i| i.reviewer_user == Some(c.other.id)) {
        let keep = reviews::Decision { verdict: Verdict::Keep, until: None, note: None };
        reviews::decide(&c.w.access, &c.may(&c.other).await, long.id, &[i.id], keep).await.unwrap();
    }
    assert_eq!(awaited(long.id).await, [lead]);
    step_down(&c, &c.lead).await;
    assert_eq!(awaited(long.id).await, [other]);
    step_down(&c, &c.other).await;
    assert_eq!(awaited(long.id).await, [(c.acme, c.boss.id)]);
    // What is closed waits for nobody.
    c.decide(&c.boss, short.id, &c.ann, Verdict::Keep).await.unwrap();
    clock.advance(DAY * 30);
    reviews::due(&c.w.access, &server()).await.unwrap();
    let mut r = store.read(Scope::Tenant(c.acme)).await.unwrap();
    assert!(reviews::waiting(&mut r, c.acme, short.id).await.unwrap().is_none());
    drop(r);
    assert_eq!(remind().await, 0);
});

story!(async fn a_letter_says_what_waits_and_until_when(t) {
    let (port, heard) = mail::server().await;
    let s = TestServer::with(&t, |c| {
        c.mail.server = format!("smtp://127.0.0.1:{port}").into();
        "muster@example.com".clone_into(&mut c.mail.from);
    })
    .await;
    s.tenant("acme").await;
    s.post("/api/v1/tenants/acme/roles", json!({
        "name": "Lead", "permissions": ["users.view", "users.manage_roles"],
    })).await.expect(201);
    for (name, role) in [("lead", "Lead"), ("other", "Lead"), ("ann", "Read-Only")] {
        let new = json!({ "kind": "tenant", "user_name": name, "email": format!("{name}@acme.example") });
        s.post("/api/v1/tenants/acme/users", new).await.expect(201);
        s.post("/api/v1/tenants/acme/grants", json!({ "user": name, "role": role })).await.expect(201);
    }
    let due = s.app.store.clock().now().plus(Duration::from_secs(3600)).rfc3339();
    let new = json!({
        "name": "Autumn", "due_at": due, "undecided": "remove", "role": "Read-Only",
        "reviewers": [{ "user": "lead" }, { "user": "other" }],
    });
    let r = s.post("/api/v1/tenants/acme/reviews", new).await.expect(201).json();
    let until = async |n: usize| {
        for _ in 0..200 {
            if heard.lock().unwrap().matches("\n.\n").count() >= n {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        heard.lock().unwrap().clone()
    };
    let text = until(1).await;
    let items = format!("/api/v1/tenants/acme/reviews/{}/items", r["id"].as_str().unwrap());
    let item = s.get(&items).await.expect(200).json()["items"][0].clone();
    let whose = item["reviewer"]["user_name"].as_str().unwrap();
    assert!(text.contains(&format!("RCPT TO:<{whose}@acme.example>")), "{whose}: {text}");
    assert_eq!(text.matches("RCPT TO:").count(), 1, "{text}");
    for part in ["waits for you", "Autumn", "about 1 of its items", "taken away", "muster review items acme"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Half of its time is over.
    tamper(&t, "UPDATE reviews SET created_at = created_at - 7200000000").await;
    reviews::remind(&s.app.access, &s.app.system()).await.unwrap();
    let text = until(2).await;
    assert_eq!(text.matches("RCPT TO:").count(), 2, "{text}");
    assert!(text.contains("still waits for you") && text.contains("is due on"), "{text}");
});

story!(async fn a_review_of_nothing_waits_for_nobody(t) {
    let c = Cast::new(&t.store).await;
    c.open().await;
    assert_eq!(messages(&t.store).await, 1);
    let mut new = c.plan(&[&c.lead]);
    new.filter.kind = Some(UserKind::Integration);
    let r = reviews::open(&c.w.access, &c.may(&c.boss).await, new).await.unwrap();
    assert_eq!((r.state, messages(&t.store).await), (State::Open, 1));
});
