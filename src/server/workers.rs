//! What no request waits for: messages to others, what is written in batches, what is swept away.

use crate::app::App;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The running workers.
pub(super) struct Workers(JoinSet<()>);

/// Starts them; each ends by itself after `stop`.
pub(super) fn start(_app: &App, _stop: CancellationToken) -> Workers {
    Workers(JoinSet::new())
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
