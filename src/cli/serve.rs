//! `muster serve`: opens the data directory, listens, serves until told to stop.

use super::{
    logs,
    place::{self, Make, Place},
};
use crate::{
    app::App,
    clock::Clock,
    config::{Config, Loaded},
    error::{Error, Kind, Result},
    secret::ExposeSecret as _,
    server::{self, Listeners, Tls},
    setup,
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
    demand_a_way_in(&config)?;
    say_what_is_open(&config);
    let tls = Tls::open(&config)?;
    let store = Store::open(&place.options(&config), Clock::System).await?;
    let master = place::master_key(&config)?;
    let database = if store.is_postgres() { "PostgreSQL" } else { "SQLite" };
    let issuer = config.issuer().to_owned();
    let app = server::assemble(config, store, master).await?;
    if app.mailer.in_the_clear() {
        tracing::warn!(
            "letters cross the network without TLS (mail.server); links in them can be read on the way"
        );
    }
    offer_setup(&app).await?;
    let socket = Some(place.listen()?);
    let stop = CancellationToken::new();
    stop_on_signal(&stop)?;
    read_again_on_signal(tls.clone())?;
    tracing::info!(%address, issuer, database, tls = tls.is_some(), "ready");
    server::run(app, Listeners { tcp, socket, tls }, stop).await?;
    tracing::info!("stopped");
    Ok(())
}

/// The way in of an instance that nobody administers yet. On stdout; the log
/// says only that it is there, as whoever has the link can use it.
async fn offer_setup(app: &App) -> Result<()> {
    let life = app.config.signin.setup;
    let Some(link) = setup::offer(&app.store, &app.system(), *life).await? else { return Ok(()) };
    tracing::warn!(
        "this instance has no administrator yet; the link to set it up is on standard output"
    );
    println!(
        "\nThis instance has no administrator yet. Whoever opens this link first becomes it (it works once, until {}):\n\n  {}/setup/{}\n",
        app.store.clock().now().plus(*life).for_people(),
        app.config.issuer(),
        link.expose_secret()
    );
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

/// Where the outside is https, TLS ends here, or at a proxy whose address we know: any other would lend one address to
/// everybody, and whoever goes past it would be believed what it says.
fn demand_a_way_in(config: &Config) -> Result<()> {
    if !config.https() || config.tls() || !config.server.trusted_proxies.is_empty() {
        return Ok(());
    }
    let text = format!(
        "the public URL is {}, and nothing says where TLS ends; if here: --tls-cert FILE --tls-key FILE; if at a \
         proxy in front: --trusted-proxy ADDRESS (127.0.0.1 for one on this machine)",
        config.issuer()
    );
    Err(Error::invalid(text).code("settings"))
}

/// What an operator must not overlook.
fn say_what_is_open(config: &Config) {
    if !config.outbound.allow.is_empty() {
        tracing::warn!(
            allow = config.outbound.allow.join(", "),
            "OUTBOUND REQUESTS TO THESE PRIVATE ADDRESSES ARE ALLOWED (outbound.allow): whoever may \
             configure a directory can make this server ask them"
        );
    }
    if !config.outbound.ca_file.as_os_str().is_empty() {
        tracing::warn!(
            file = %config.outbound.ca_file.display(),
            "FURTHER AUTHORITIES ARE TRUSTED for outbound requests and mail (outbound.ca_file): whoever holds one of \
             their keys can pose as any directory"
        );
    }
    for net in config.server.trusted_proxies.iter().filter(|n| n.prefix_len() < 8) {
        tracing::warn!(%net, "nearly everybody is a trusted proxy: anybody can write which address they come from");
    }
    let listen = config.server.listen;
    if config.tls() && !config.server.trusted_proxies.is_empty() {
        tracing::info!("TLS ends here; X-Forwarded-For is believed from server.trusted_proxies");
    }
    if config.host().parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_unspecified()) {
        tracing::warn!(
            issuer = config.issuer(),
            "nobody can open this public URL; set server.public_url"
        );
    }
    if !config.https() && !listen.ip().is_loopback() {
        tracing::warn!(
            issuer = config.issuer(),
            "the public URL is not https: passwords and tokens can be read on the way"
        );
    }
    if !config.database.durable {
        tracing::warn!("database.durable is off: a loss of power may undo the last changes");
    }
}

/// SIGHUP: the certificate is read again.
fn read_again_on_signal(tls: Option<Tls>) -> Result<()> {
    let mut told = signal(SignalKind::hangup()).map_err(Error::internal)?;
    tokio::spawn(async move {
        while told.recv().await.is_some() {
            match &tls {
                Some(tls) => tls.read_again(),
                None => tracing::info!("SIGHUP: there is no certificate to read again"),
            }
        }
    });
    Ok(())
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
