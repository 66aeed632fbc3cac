//! The trail: in the transaction of what it tells, in both tenants where one acts in another's, provable without the
//! personal part.

use crate::story;
use muster::{
    actor::{Actor, Principal, UserKind},
    audit::{self, Event},
    error::{Error, Result},
    id::{EventId, RequestId, TenantId, UserId},
    row, sql,
    store::{Cx, J, Scope, Store},
    tx,
};
use serde_json::{Value, json};

fn system() -> Cx {
    Cx::new(Actor::prove(Principal::System("test"), RequestId::new()), Scope::Platform)
}
fn technician(home: TenantId, there: TenantId) -> (Cx, UserId) {
    let user = UserId::new();
    let principal = Principal::User {
        home,
        user,
        kind: UserKind::Technician,
        session: None,
        app: None,
        scopes: None,
        bound: None,
    };
    (Cx::new(Actor::prove(principal, RequestId::new()), Scope::Tenants(there, home)), user)
}
async fn record(store: &Store, cx: &Cx, t: TenantId, event: Event) -> Result<()> {
    tx!(store, cx, [event], |tx| { audit::record(tx, t, event).await })
}

story!(
    async fn an_event_is_there_exactly_when_its_cause_is(t) {
        let (store, tenant) = (t.store.clone(), TenantId::new());
        record(&store, &system(), tenant, Event::new("thing.done")).await.unwrap();
        let undone: Result<()> = tx!(store, &system(), [], |tx| {
            audit::record(tx, tenant, Event::new("thing.undone")).await?;
            Err(Error::conflict("no"))
        });
        assert!(undone.is_err());
        let all = audit::list(&store, tenant, &audit::Query::default(), 10).await.unwrap().items;
        assert_eq!(all.iter().map(|e| e.action.as_str()).collect::<Vec<_>>(), ["thing.done"]);
        assert_eq!(all[0].actor, "system:test");
    }
);

story!(
    async fn what_a_technician_does_at_a_customers_is_in_both_trails(t) {
        let (provider, customer) = (TenantId::new(), TenantId::new());
        let (cx, user) = technician(provider, customer);
        record(&t.store, &cx, customer, Event::new("user.disable").target("user", user)).await.unwrap();
        let theirs = audit::list(&t.store, customer, &audit::Query::default(), 10).await.unwrap().items;
        let ours = audit::list(&t.store, provider, &audit::Query::default(), 10).await.unwrap().items;
        assert_eq!((theirs.len(), ours.len()), (1, 1));
        assert_eq!((theirs[0].acting_tenant, ours[0].acting_tenant), (None, Some(customer)));
        for e in [&theirs[0], &ours[0]] {
            assert_eq!(e.actor, format!("user:{user}"));
            assert_eq!(e.target, Some(format!("user:{user}")));
        }
        // At home it is one.
        let (cx, _) = technician(provider, provider);
        record(&t.store, &cx, provider, Event::new("user.edit")).await.unwrap();
        assert_eq!(audit::list(&t.store, provider, &audit::Query::default(), 10).await.unwrap().items.len(), 2);
        assert_eq!(audit::list(&t.store, customer, &audit::Query::default(), 10).await.unwrap().items.len(), 1);
    }
);

story!(
    async fn the_trail_is_read_page_by_page_newest_first(t) {
        let (tenant, other) = (TenantId::new(), TenantId::new());
        for n in 0..25 {
            record(&t.store, &system(), tenant, Event::new("n").detail(json!({"n": n}))).await.unwrap();
            record(&t.store, &system(), other, Event::new("other")).await.unwrap();
        }
        let (mut before, mut seen): (_, Vec<i64>) = (None, Vec::new());
        loop {
            let q = audit::Query { before, ..Default::default() };
            let page = audit::list(&t.store, tenant, &q, 10).await.unwrap();
            seen.extend(page.items.iter().map(|e| e.detail["n"].as_i64().unwrap()));
            before = page.next;
            if before.is_none() {
                break;
            }
            // What is added while somebody reads does not move the pages.
            record(&t.store, &system(), tenant, Event::new("n").detail(json!({"n": 99}))).await.unwrap();
        }
        assert_eq!(seen, (0..25).rev().collect::<Vec<_>>());
    }
);

row! {
    struct Stored {
        tenant_id: TenantId,
        id: EventId,
        at: i64,
        action: String,
        actor: String,
        acting_tenant: Option<TenantId>,
        target: Option<String>,
        request: RequestId,
        detail: J<Value>,
        commitment: String,
        digest: String,
    }
}
row! {
    struct Personal {
        salt: String,
        data: J<Value>,
    }
}

story!(
    async fn the_digest_proves_the_event_and_survives_the_erasure_of_the_person(t) {
        let (store, tenant) = (t.store.clone(), TenantId::new());
        let event = Event::new("user.edit")
            .target("user", UserId::new())
            .detail(json!({"z": 1, "fields": ["name"], "a": {"y": true, "b": null}}))
            .personal(json!({"name": "Müller, Zoë", "email": "zoe@example.com"}));
        record(&store, &system(), tenant, event).await.unwrap();
        let shown = audit::list(&store, tenant, &audit::Query::default(), 1).await.unwrap().items.remove(0);
        assert_eq!(shown.personal, Some(json!({"name": "Müller, Zoë", "email": "zoe@example.com"})));

        let sum = |text: String| muster::crypto::sha256_hex(text);
        let stored = async || {
            let mut c = store.read(Scope::Tenant(tenant)).await.unwrap();
            sql!(c, one<Stored>,
                "SELECT tenant_id, id, at, action, actor, acting_tenant, target, request, detail, commitment, digest
                 FROM audit_events WHERE tenant_id = $1", tenant)
            .unwrap()
        };
        // Members of objects in order, whatever order the database gave them back in.
        let proves = |s: &Stored| {
            let event = json!([
                s.tenant_id, s.id, s.at, s.action, s.actor, s.acting_tenant, s.target, s.request, s.detail.0,
                s.commitment
            ]);
            sum(event.to_string()) == s.digest
        };
        let mut s = stored().await;
        assert!(proves(&s));
        let p = {
            let mut c = store.read(Scope::Tenant(tenant)).await.unwrap();
            sql!(c, one<Personal>, "SELECT salt, data FROM audit_personal WHERE tenant_id = $1", tenant).unwrap()
        };
        assert_eq!(sum(format!("{}.{}", p.salt, p.data.0)), s.commitment);
        assert!(p.salt.len() >= 20, "a short salt would let names be guessed");

        tx!(store, &system(), [], |tx| {
            tx.unaudited("test");
            sql!(tx, exec, "DELETE FROM audit_personal WHERE tenant_id = $1", tenant)
        })
        .unwrap();
        let erased = audit::list(&store, tenant, &audit::Query::default(), 1).await.unwrap().items.remove(0);
        assert_eq!(erased.personal, None);
        assert!(proves(&stored().await), "what is proved does not hang on the person's data");
        s.actor.push('x');
        assert!(!proves(&s), "a changed event is noticed");
    }
);
