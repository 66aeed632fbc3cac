//! Where log lines go: to stderr, as text for people or JSON for machines.

use crate::{
    config::{Format, Log},
    error::{Error, Result},
};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Starts the log. A second call changes nothing.
///
/// # Errors
/// [`crate::error::Kind::Invalid`] when the level is none.
pub fn start(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(&log.level)
        .map_err(|e| Error::invalid(format!("log.level '{}': {e}", log.level)))?;
    let base = tracing_subscriber::registry().with(filter);
    let _ = match log.format {
        Format::Json => base
            .with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
            .try_init(),
        Format::Text => {
            let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
            base.with(fmt::layer().with_ansi(ansi).with_writer(std::io::stderr)).try_init()
        }
    };
    Ok(())
}
