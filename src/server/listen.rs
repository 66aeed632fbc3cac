//! Accepts connections, HTTP/1.1 and HTTP/2, over TLS or in the clear, until it is told to stop; then lets what is under way end.

use super::{Tls, as_owner, begin::Begin, router, workers};
use crate::{app::App, error::Result};
use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use std::{future::ready, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Where requests come from.
pub struct Listeners {
    /// The world.
    pub tcp: TcpListener,
    /// The owner's commands; in the data directory, readable by its owner only.
    pub socket: Option<UnixListener>,
    /// What the world's connections begin with.
    pub tls: Option<Tls>,
}

/// Serves until `stop`, then drains: no new connections, requests under way get the time the settings give, batches
/// are written.
///
/// # Errors
/// None after it began; the signature leaves room for workers that cannot start.
pub async fn run(app: App, listeners: Listeners, stop: CancellationToken) -> Result<()> {
    let router = router(&app);
    let workers = workers::start(&app, stop.clone());
    let watch = listeners.tls.clone().map(|tls| tokio::spawn(tls.watch(stop.clone())));
    let limits = &app.config.limits;
    let mut http = Builder::new(TokioExecutor::new());
    let header_size = limits.header_size.0.max(8192);
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(*limits.header_time)
        .max_buf_size(header_size);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .max_header_list_size(u32::try_from(header_size).unwrap_or(u32::MAX))
        .max_concurrent_streams(256);
    let door = Door {
        http,
        router,
        graceful: GracefulShutdown::new(),
        room: Arc::new(Semaphore::new(limits.connections.clamp(1, Semaphore::MAX_PERMITS))),
        patience: *limits.header_time,
    };
    accept(&door, listeners, &stop).await;
    tokio::select! {
        () = door.graceful.shutdown() => {}
        () = tokio::time::sleep(*app.config.server.drain) => {
            tracing::warn!("some requests did not end in time and were cut off");
        }
    }
    workers.finish(&app).await;
    if let Some(watch) = watch {
        let _ = watch.await;
    }
    Ok(())
}

struct Door {
    http: Builder<TokioExecutor>,
    router: Router,
    graceful: GracefulShutdown,
    room: Arc<Semaphore>,
    /// For a client's first words.
    patience: Duration,
}

async fn accept(door: &Door, listeners: Listeners, stop: &CancellationToken) {
    let Listeners { tcp, socket, tls } = listeners;
    loop {
        let room = stop.run_until_cancelled(Arc::clone(&door.room).acquire_owned()).await;
        let Some(Ok(room)) = room else { return };
        let came = tokio::select! {
            () = stop.cancelled() => return,
            r = tcp.accept() => r.map(|(s, peer)| {
                let _ = s.set_nodelay(true);
                match tls.clone() {
                    // A handshake takes its time: it counts as a connection, and nobody else waits for it.
                    Some(tls) => {
                        let stop = stop.clone();
                        let hands = async move { stop.run_until_cancelled(tls.accept(s)).await? };
                        door.serve(hands, Some(peer), room);
                    }
                    None => door.serve(ready(Some(s)), Some(peer), room),
                }
            }),
            r = of_socket(socket.as_ref()) => r.map(|s| door.serve(ready(Some(s)), None, room)),
        };
        if let Err(e) = came {
            // Out of file descriptors, most likely: others will be closed.
            tracing::warn!(error = %e, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn of_socket(socket: Option<&UnixListener>) -> std::io::Result<tokio::net::UnixStream> {
    match socket {
        Some(s) => s.accept().await.map(|(s, _)| s),
        None => std::future::pending().await,
    }
}

impl Door {
    /// Serves what `opening` gives, if it gives anything.
    fn serve<S>(
        &self,
        opening: impl Future<Output = Option<S>> + Send + 'static,
        peer: Option<SocketAddr>,
        room: tokio::sync::OwnedSemaphorePermit,
    ) where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let router = self.router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            match peer {
                Some(peer) => {
                    request.extensions_mut().insert(ConnectInfo(peer));
                }
                None => as_owner(&mut request),
            }
            router.clone().oneshot(request)
        });
        let (http, watcher, patience) = (self.http.clone(), self.graceful.watcher(), self.patience);
        tokio::spawn(async move {
            let Some(stream) = opening.await else { return };
            let stream = TokioIo::new(Begin::new(stream, patience));
            let connection = http.serve_connection(stream, service).into_owned();
            drop(http);
            if let Err(e) = watcher.watch(connection).await {
                tracing::debug!(error = e, "a connection ended early");
            }
            drop(room);
        });
    }
}
