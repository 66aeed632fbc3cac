//! Texts that somebody publishes in DNS (TXT): how a company proves that a domain is its own. Each server is asked for
//! itself, so that one that lies, or is behind, does not decide alone.

use crate::error::{Error, Result};
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::rr::RData,
    system_conf::read_system_conf,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// The most servers that are asked.
const SERVERS: usize = 3;
/// A server that has not answered by then has not answered.
const WAIT: Duration = Duration::from_secs(3);

/// The servers that are asked. Cheap to clone.
#[derive(Clone)]
pub struct Texts(Arc<[TokioResolver]>);

/// What the servers say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// All that answered know of it.
    There,
    /// Some know of it and some do not: it was published, or taken away, a moment ago.
    Here(Vec<String>),
    /// All that answered have an answer without it; these are the texts that one of them has.
    NotThere(Vec<String>),
    /// None answered.
    Unknown(String),
}

/// One server's answer.
enum Said {
    Texts(Vec<String>),
    Nothing(String),
}

impl Texts {
    /// Asks these servers; none: the machine's own.
    ///
    /// # Errors
    /// `Invalid` when a server cannot be used.
    pub fn new(servers: &[String]) -> Result<Self> {
        let servers = servers.iter().map(|s| address(s)).collect::<Result<Vec<_>>>()?;
        let given = servers.iter().map(|at| {
            let mut all = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
            for c in &mut all {
                c.port = at.port();
            }
            NameServerConfig::new(at.ip(), true, all)
        });
        let mut servers: Vec<NameServerConfig> = given.collect();
        if servers.is_empty() {
            // A machine without a resolver can do everything but this.
            servers =
                read_system_conf().map(|(c, _)| c.name_servers().to_vec()).unwrap_or_default();
        }
        let one = |server: NameServerConfig| {
            let config = ResolverConfig::from_name_servers(vec![server]);
            let mut b = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
            let o = b.options_mut();
            // What is looked for was perhaps published a moment ago.
            (o.cache_size, o.attempts, o.timeout) = (0, 2, WAIT);
            b.build().map_err(|e| Error::invalid(format!("dns.servers: {e}")))
        };
        let all = servers.into_iter().take(SERVERS).map(one).collect::<Result<Vec<_>>>()?;
        Ok(Self(all.into()))
    }

    /// Looks for a text under a name.
    pub async fn look(&self, name: &str, text: &str) -> Found {
        // Absolute, so that no search list of the machine is put behind it.
        let name = format!("{}.", name.trim_end_matches('.'));
        let answers = futures::future::join_all(self.0.iter().map(|r| ask(r, &name))).await;
        let (mut there, mut not_there) = (false, None);
        let mut last = "no DNS server is known".to_owned();
        for said in answers {
            match said {
                Said::Texts(texts) if texts.iter().any(|t| t.trim() == text) => there = true,
                // Of several, one that has something says more about what is wrong.
                Said::Texts(texts) if not_there.as_ref().is_none_or(Vec::is_empty) => {
                    not_there = Some(texts);
                }
                Said::Texts(_) => {}
                Said::Nothing(why) => last = why,
            }
        }
        match (there, not_there) {
            (true, None) => Found::There,
            (true, Some(texts)) => Found::Here(texts),
            (false, Some(texts)) => Found::NotThere(texts),
            (false, None) => Found::Unknown(last),
        }
    }
}

/// `address` or `address:port`.
fn address(text: &str) -> Result<SocketAddr> {
    let bare = || text.parse().map(|ip| SocketAddr::new(ip, 53));
    text.parse().or_else(|_| bare()).map_err(|_| {
        let shown = crate::text::excerpt(text);
        Error::invalid(format!("outbound.dns_servers: '{shown}' is not an address of a machine"))
    })
}

async fn ask(r: &TokioResolver, name: &str) -> Said {
    match tokio::time::timeout(3 * WAIT, r.txt_lookup(name)).await {
        Err(_) => Said::Nothing("no DNS server answers in time".to_owned()),
        Ok(Err(e)) if e.is_no_records_found() => Said::Texts(Vec::new()),
        Ok(Err(e)) => Said::Nothing(e.to_string()),
        Ok(Ok(found)) => {
            let texts = found.answers().iter().filter_map(|r| match &r.data {
                // A long text comes in parts.
                RData::TXT(t) => {
                    let all: Vec<u8> = t.txt_data.iter().flat_map(|p| p.iter().copied()).collect();
                    Some(String::from_utf8_lossy(&all).into_owned())
                }
                _ => None,
            });
            Said::Texts(texts.take(50).collect())
        }
    }
}
