//! A DNS server that says what the test tells it to.

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{RData, Record, rdata::TXT},
};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::net::UdpSocket;

/// The texts it publishes, by name; without a dot at the end.
type Zone = Arc<Mutex<HashMap<String, Vec<String>>>>;

pub struct Dns {
    pub address: SocketAddr,
    zone: Zone,
    /// Whether it fails instead.
    fails: Arc<Mutex<bool>>,
}

impl Dns {
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let (zone, fails) = (Zone::default(), Arc::new(Mutex::new(false)));
        let (says, broken) = (zone.clone(), fails.clone());
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((n, from)) = socket.recv_from(&mut buffer).await {
                let answer = answer(&buffer[..n], &says, *broken.lock().unwrap());
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        Self { address, zone, fails }
    }
    /// Publishes these texts under a name, and no others.
    pub fn publish(&self, name: &str, texts: &[&str]) {
        let texts = texts.iter().map(|t| (*t).to_owned()).collect();
        self.zone.lock().unwrap().insert(name.to_owned(), texts);
    }
    pub fn fails(&self, fails: bool) {
        *self.fails.lock().unwrap() = fails;
    }
}

fn answer(query: &[u8], zone: &Zone, fails: bool) -> Vec<u8> {
    let mut m = Message::from_vec(query).unwrap().into_response();
    let asked = m.queries[0].name().clone();
    let name = asked.to_ascii().trim_end_matches('.').to_ascii_lowercase();
    if fails {
        m.metadata.response_code = ResponseCode::ServFail;
        return m.to_vec().unwrap();
    }
    let found = zone.lock().unwrap().get(&name).cloned().unwrap_or_default();
    if found.is_empty() {
        m.metadata.response_code = ResponseCode::NXDomain;
    }
    for text in found {
        let txt = RData::TXT(TXT::new(vec![text]));
        m.add_answer(Record::from_rdata(asked.clone(), 1, txt));
    }
    m.to_vec().unwrap()
}
