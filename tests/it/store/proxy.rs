//! A wire to PostgreSQL that can be cut at the worst moments.

use muster::secret::Secret;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    /// Nothing is cut.
    Nowhere,
    /// The next COMMIT (or what else is watched for) does not reach the server.
    BeforeCommit,
    /// The next COMMIT (or what else is watched for) reaches the server; its answer does not come back.
    AfterCommit,
    /// Nobody gets through.
    Everywhere,
}

pub struct Proxy {
    at: SocketAddr,
    mode: Arc<AtomicU8>,
    cut: Arc<Notify>,
    watched: Arc<Mutex<String>>,
}

impl Proxy {
    pub async fn before(url: &str) -> Self {
        let url = url::Url::parse(url).unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (mode, cut) = (Arc::new(AtomicU8::new(0)), Arc::new(Notify::new()));
        let watched = Arc::new(Mutex::new("COMMIT".to_owned()));
        let (m, c, w) = (mode.clone(), cut.clone(), watched.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), m.clone(), c.clone(), w.clone()));
            }
        });
        Self { at, mode, cut, watched }
    }
    /// What is watched for in the place of COMMIT, in what is sent to the server.
    pub fn watch(&self, text: &str) {
        text.clone_into(&mut self.watched.lock().unwrap());
    }
    pub fn url(&self, url: &str) -> Secret {
        let mut url = url::Url::parse(url).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.at.port())).unwrap();
        Secret::from(String::from(url))
    }
    /// Whether what was set has happened.
    pub fn was_cut(&self) -> bool {
        self.mode.load(Ordering::SeqCst) == Cut::Nowhere as u8
    }
    pub fn set(&self, cut: Cut) {
        self.mode.store(cut as u8, Ordering::SeqCst);
        if cut == Cut::Everywhere {
            self.cut.notify_waiters();
        }
    }
}

async fn carry(
    mut client: TcpStream,
    server: String,
    mode: Arc<AtomicU8>,
    cut: Arc<Notify>,
    watched: Arc<Mutex<String>>,
) {
    let is = |c: Cut| mode.load(Ordering::SeqCst) == c as u8;
    if is(Cut::Everywhere) {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut up, mut down) = (vec![0u8; 65536], vec![0u8; 65536]);
    loop {
        tokio::select! {
            () = cut.notified() => return,
            n = client.read(&mut up) => {
                let n = n.unwrap_or(0);
                if n == 0 {
                    return;
                }
                let text = watched.lock().unwrap().clone();
                let commit = up[..n].windows(text.len()).any(|w| w == text.as_bytes());
                let now = |c: Cut| {
                    commit && mode.compare_exchange(c as u8, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
                };
                if now(Cut::BeforeCommit) {
                    return;
                }
                let swallow = now(Cut::AfterCommit);
                if server.write_all(&up[..n]).await.is_err() {
                    return;
                }
                if swallow {
                    // The server has answered: it is done there.
                    let _ = server.read(&mut down).await;
                    return;
                }
            }
            n = server.read(&mut down) => {
                let n = n.unwrap_or(0);
                if n == 0 || client.write_all(&down[..n]).await.is_err() {
                    return;
                }
            }
        }
    }
}
