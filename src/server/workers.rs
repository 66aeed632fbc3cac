//! What no request waits for: messages to others, what is written in batches, what is swept away.

use crate::{
    app::App,
    store::{Cx, Scope},
};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The running workers.
pub(super) struct Workers(JoinSet<()>);

/// Starts them; each ends by itself after `stop`.
pub(super) fn start(app: &App, stop: CancellationToken) -> Workers {
    let mut set = JoinSet::new();
    set.spawn(last_used(app.clone(), stop.clone()));
    set.spawn(signing_keys(app.clone(), stop));
    Workers(set)
}

/// Writes when credentials were last used; once more at the end.
async fn last_used(app: App, stop: CancellationToken) {
    loop {
        let ended = stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(5))).await;
        let actor = super::system("last used");
        if let Err(e) = app.scim_tokens.flush(&actor).await {
            tracing::warn!(error = ?e, "cannot write when SCIM tokens were last used");
        }
        if ended.is_none() {
            return;
        }
    }
}

/// Makes the signing keys that are still missing, once the server is up: RSA takes a while.
async fn signing_keys(app: App, stop: CancellationToken) {
    if stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await.is_none() {
        return;
    }
    let cx = Cx::new(super::system("signing keys"), Scope::Platform);
    if let Err(e) = app.keys.complete(&cx).await {
        tracing::error!(error = ?e, "cannot make signing keys");
    }
}

impl Workers {
    /// Waits until each has written what it holds.
    pub(super) async fn finish(mut self) {
        while let Some(ended) = self.0.join_next().await {
            if let Err(e) = ended {
                tracing::error!(error = %e, "a worker ended badly");
            }
        }
    }
}
