//! `muster serve`: opens the data directory, listens, serves until told to stop.

use super::{
    logs,
    place::{self, Make, Place},
};
use crate::{
    clock::Clock,
    config::Loaded,
    error::{Error, Kind, Result},
    server::{self, Listeners},
    store::Store,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the settings, the data directory, the database or the address do not allow a start.
pub async fn run(loaded: Loaded) -> Result<()> {
    let Loaded { mut config, warnings } = loaded;
    logs::start(&config.log)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    place::only_for_the_owner();
    let place = take(&config.server.data_dir).await?;
    let asked = config.server.listen;
    let tcp = TcpListener::bind(asked)
        .await
        .map_err(|e| Error::new(Kind::Unavailable, format!("cannot listen on {asked}: {e}")))?;
    let address = tcp.local_addr().map_err(Error::internal)?;
    config.settle(address)?;
    say_what_is_open(&config);
    let store = Store::open(&place.options(&config), Clock::System).await?;
    let master = place::master_key(&config)?;
    let database = if store.is_postgres() { "PostgreSQL" } else { "SQLite" };
    let issuer = config.issuer().to_owned();
    let app = server::assemble(config, store, master).await?;
    let socket = Some(place.listen()?);
    let stop = CancellationToken::new();
    stop_on_signal(&stop)?;
    tracing::info!(%address, issuer, database, "ready");
    server::run(app, Listeners { tcp, socket }, stop).await?;
    tracing::info!("stopped");
    Ok(())
}

/// The data directory; a command that holds it at the moment is waited for.
async fn take(dir: &std::path::Path) -> Result<Place> {
    for _ in 0..20 {
        match Place::take(dir, Make::Yes) {
            Err(e) if e.code_str() == Some("data_dir_in_use") => {}
            other => return other,
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Place::take(dir, Make::Yes)
}

/// What an operator must not overlook.
fn say_what_is_open(config: &crate::config::Config) {
    if !config.outbound.allow.is_empty() {
        tracing::warn!(
            allow = config.outbound.allow.join(", "),
            "OUTBOUND REQUESTS TO THESE PRIVATE ADDRESSES ARE ALLOWED (outbound.allow): whoever may \
             configure a directory can make this server ask them"
        );
    }
    let loopback = config.server.listen.ip().is_loopback();
    if !config.https() && !loopback {
        tracing::warn!(
            issuer = config.issuer(),
            "the public URL is not https: passwords and tokens can be read on the way"
        );
    }
    if !config.database.durable {
        tracing::warn!("database.durable is off: a loss of power may undo the last changes");
    }
}

fn stop_on_signal(stop: &CancellationToken) -> Result<()> {
    let mut term = signal(SignalKind::terminate()).map_err(Error::internal)?;
    let mut int = signal(SignalKind::interrupt()).map_err(Error::internal)?;
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        tracing::info!("stopping: no new connections; requests under way may end");
        stop.cancel();
        // A second signal means it.
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(())
}
