//! What no request waits for: messages to others, what is written in batches, what is swept away.

use crate::{
    actor::{Actor, Principal},
    app::App,
    id::RequestId,
};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The running workers.
pub(super) struct Workers(JoinSet<()>);

/// Starts them; each ends by itself after `stop`.
pub(super) fn start(app: &App, stop: CancellationToken) -> Workers {
    let mut set = JoinSet::new();
    set.spawn(last_used(app.clone(), stop));
    Workers(set)
}

/// Writes when credentials were last used; once more at the end.
async fn last_used(app: App, stop: CancellationToken) {
    loop {
        let ended = stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(5))).await;
        let actor = Actor::prove(Principal::System("last used"), RequestId::new());
        if let Err(e) = app.scim_tokens.flush(&actor).await {
            tracing::warn!(error = ?e, "cannot write when SCIM tokens were last used");
        }
        if ended.is_none() {
            return;
        }
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
