//! The two servers of the play, each as `muster serve` would run it, in one temporary folder.

use crate::{
    cli::{
        place::{self, Make, Place},
        reach::Reach,
    },
    clock::Clock,
    config::{self, Config},
    error::{Error, Result},
    server::{self, Listeners},
    store::Store,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// What is built up before the play and torn down after it.
pub(super) struct Stage {
    /// Muster itself.
    pub muster: Actor,
    /// The company's login: a second one.
    pub company: Actor,
    /// The one private address that Muster may ask.
    pub allowed: SocketAddr,
    stop: CancellationToken,
    folder: PathBuf,
}

/// A running server.
pub(super) struct Actor {
    /// Its public URL.
    pub url: String,
    /// Its folder, in which its socket is.
    pub data_dir: PathBuf,
    running: Option<JoinHandle<Result<()>>>,
    #[expect(dead_code, reason = "held while it runs")]
    place: Place,
}

impl Stage {
    /// Starts both.
    pub(super) async fn set(listen: SocketAddr) -> Result<Self> {
        place::only_for_the_owner();
        let folder = std::env::temp_dir().join(format!("muster-demo-{}", std::process::id()));
        let stop = CancellationToken::new();
        let tcp = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let allowed = tcp.local_addr().map_err(Error::internal)?;
        let company = start(settings(&folder, "company", &[])?, tcp, &stop).await?;
        // Cookies know hosts and no ports: the two servers need two names, or their sessions would mix.
        let tcp = bind(listen).await?;
        let port = tcp.local_addr().map_err(Error::internal)?.port();
        let url = format!("http://localhost:{port}");
        let own = [("server.public_url", url), ("outbound.allow", allowed.to_string())];
        let muster = start(settings(&folder, "muster", &own)?, tcp, &stop).await?;
        Ok(Self { muster, company, allowed, stop, folder })
    }
    /// Stops both and removes the folder.
    pub(super) async fn strike(&mut self) {
        self.stop.cancel();
        for actor in [&mut self.muster, &mut self.company] {
            if let Some(running) = actor.running.take() {
                let _ = running.await;
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Actor {
    /// The way of its owner's commands.
    pub(super) fn owner(&self) -> Reach {
        Reach::Running(place::socket(&self.data_dir))
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|e| Error::unavailable(format!("cannot listen on {address}: {e}")))
}

fn settings(folder: &std::path::Path, name: &str, more: &[(&str, String)]) -> Result<Config> {
    let dir = folder.join(name).display().to_string();
    let mut line = vec![("server.data_dir".to_owned(), dir)];
    line.extend(more.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
    Ok(config::load(None, [], line)?.config)
}

async fn start(mut config: Config, tcp: TcpListener, stop: &CancellationToken) -> Result<Actor> {
    let data_dir = config.server.data_dir.clone();
    let place = Place::take(&data_dir, Make::Yes)?;
    config.settle(tcp.local_addr().map_err(Error::internal)?)?;
    let url = config.issuer().to_owned();
    let store = Store::open(&place.options(&config), Clock::System).await?;
    let app = server::assemble(config.clone(), store, place::master_key(&config)?).await?;
    let socket = Some(place.listen()?);
    let running =
        tokio::spawn(server::run(app, Listeners { tcp, socket, tls: None }, stop.clone()));
    Ok(Actor { url, data_dir, running: Some(running), place })
}
