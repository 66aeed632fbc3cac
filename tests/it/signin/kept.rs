//! Records of sign-ins are kept for a time.

use crate::{story, support::TestServer};
use muster::{
    audit::{self, Event},
    clock::Clock,
    config,
    signins::{self, NewSignin, Reason},
    sql,
    store::{Scope, Store},
    tx,
};
use std::time::Duration;

story! {
    async fn records_of_sign_ins_are_kept_as_long_as_the_settings_say(t) {
        let shipped = config::load(None, [], []).unwrap().config;
        let day = Duration::from_secs(24 * 3600);
        assert_eq!(*shipped.signin.remember, 180 * day);
        let clock = Clock::manual(t.store.clock().now());
        let store = Store::open(&t.options, clock.clone()).await.unwrap();
        let s = TestServer::on(store.clone(), |_| {}).await;
        let contoso = s.tenant("contoso").await;
        let cx = s.app.system();
        let record = async |n: usize| {
            tx!(store, &cx, [], |tx| {
                let mut last = String::new();
                for _ in 0..n {
                    last = signins::record(tx, contoso, &NewSignin::not(Reason::PasswordWrong, None, None)).await?;
                }
                audit::record(tx, contoso, Event::new("signin")).await?;
                Ok(last)
            })
            .unwrap()
        };
        let audited = async || {
            let mut c = store.read(Scope::Platform).await.unwrap();
            sql!(c, one<i64>, "SELECT count(*) FROM audit_events WHERE tenant_id = $1", contoso).unwrap()
        };
        // More than are removed at once.
        let old = record(1001).await;
        clock.advance(91 * day);
        let young = record(1).await;
        clock.advance(90 * day);
        let events = audited().await;
        let before = store.clock().now().minus(*s.app.config.signin.remember);
        assert_eq!(signins::sweep(&store, &cx, before).await.unwrap(), 1001);
        assert_eq!(signins::sweep(&store, &cx, before).await.unwrap(), 0);
        assert!(signins::by_reference(&store, &old).await.unwrap().is_none());
        assert!(signins::by_reference(&store, &young).await.unwrap().is_some());
        assert_eq!(audited().await, events, "the audit trail is whole");
    }
}
