//! Where a session ends with the provider's: not after `session_expiry`.

use super::stub::{signed_in, world};
use crate::{
    story,
    support::op::{Seal, now},
};
use muster::clock::Timestamp;
use serde_json::json;

story!(
    async fn a_session_ends_no_later_than_the_provider_says(t) {
        let w = world(&t, "generic", json!({})).await;
        let browser = w.ours.browser();
        let ends = async || {
            let s = w.session().await;
            Timestamp::parse_rfc3339(s["expires_at"].as_str().unwrap()).unwrap().secs()
        };
        let soon = now() + 600;
        w.sign_in(&browser, Seal::Good, |c| c["session_expiry"] = json!(soon)).await;
        assert!(signed_in(&browser).await);
        assert_eq!(ends().await, soon);
        // A later one is no reason to last longer than we let any session last.
        let day = 24 * 3600;
        w.sign_in(&browser, Seal::Good, |c| c["session_expiry"] = json!(now() + 30 * day)).await;
        assert!((ends().await - now() - day).abs() < 60);
        w.policy(json!({ "sessions": { "max": 3600 } })).await;
        w.sign_in(&browser, Seal::Good, |c| c["session_expiry"] = json!(now() + day)).await;
        assert!((ends().await - now() - 3600).abs() < 60);
        for bad in [json!(now() - 1), json!("soon"), json!([now() + 600])] {
            let other = w.ours.browser();
            let refused = w.sign_in(&other, Seal::Good, |c| c["session_expiry"] = bad.clone()).await;
            assert!(refused.header("location").starts_with("/refused/"), "{bad}");
            assert!(!signed_in(&other).await);
        }
    }
);
