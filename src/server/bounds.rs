//! What a request may cost: size, time, and how often one address may guess.

use super::problem::{id_of, refuse};
use crate::config::Config;
use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};
use http_body_util::Limited;
use ipnet::IpNet;
use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Where a request comes from, as far as the settings let us believe it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    /// Its address; `None` on the socket in the data directory.
    address: Option<IpAddr>,
    pub(super) may_read_figures: bool,
}

/// The limits of one server.
pub(super) struct Bounds {
    body: usize,
    scim_body: usize,
    time: Duration,
    proxies: Vec<IpNet>,
    figures: Vec<IpNet>,
    tries: Limiter,
    signins: Limiter,
}

impl Bounds {
    pub(super) fn new(config: &Config) -> Self {
        let limits = &config.limits;
        Self {
            body: limits.body.0,
            scim_body: limits.scim_body.0,
            time: *limits.request_time,
            proxies: config.server.trusted_proxies.clone(),
            figures: config.log.metrics_from.clone(),
            tries: Limiter::new(limits.tries_per_minute),
            signins: Limiter::new(limits.signins_per_minute),
        }
    }

    /// The peer, or behind trusted proxies the last address that none of them has.
    fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Client {
        let Some(peer) = peer.map(|p| p.ip().to_canonical()) else {
            return Client { address: None, may_read_figures: true };
        };
        let within = |nets: &[IpNet], ip: &IpAddr| nets.iter().any(|n| n.contains(ip));
        let mut address = peer;
        let mut forwarded = headers.contains_key("forwarded");
        let hops = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok());
        let hops: Vec<&str> = hops.flat_map(|v| v.split(',')).map(str::trim).collect();
        for hop in hops.iter().rev() {
            if !within(&self.proxies, &address) {
                forwarded = true;
                break;
            }
            match hop.parse::<IpAddr>() {
                Ok(ip) => address = ip.to_canonical(),
                Err(_) => break,
            }
        }
        // A proxy on this machine that nobody told us of must not lend its address to the world.
        let may_read_figures = !forwarded && within(&self.figures, &address);
        Client { address: Some(address), may_read_figures }
    }

    /// Which limiter a request falls under: those that carry something to guess, and those that begin a sign-in.
    fn limiter(&self, method: &Method, path: &str) -> Option<&Limiter> {
        const SECRETS: [&str; 6] =
            ["/invite/", "/enrol/", "/setup/", "/reset/", "/forgot", "/portal/open/"];
        const TYPED: [&str; 4] = ["/password", "/code", "/recovery", "/passkey"];
        let typed = path.starts_with("/signin/") && TYPED.iter().any(|p| path.ends_with(p))
            || SECRETS.iter().any(|p| path.starts_with(p));
        if method == Method::POST && typed {
            return Some(&self.tries);
        }
        // HEAD is answered as GET is, with all that it does.
        let begins = match *method {
            Method::GET | Method::HEAD => {
                path == "/signin"
                    || path == "/oauth/authorize"
                    || path.starts_with("/federation/") && path.ends_with("/frontchannel-logout")
            }
            Method::POST => {
                path.starts_with("/signin/")
                    || path == "/federation/start"
                    || path == "/oauth/authorize"
            }
            _ => false,
        };
        begins.then_some(&self.signins)
    }
}

/// The middleware.
pub(super) async fn keep(
    State(bounds): State<Arc<Bounds>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0);
    let client = bounds.client(peer, request.headers());
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(crate::web::ClientAddr(client.address));
    let (path, id) = (request.uri().path().to_owned(), id_of(&request));
    if !crate::web::plain(&path) {
        let text = "this path can be read in more than one way; it is not looked up";
        return refuse(&path, id, StatusCode::BAD_REQUEST, text);
    }
    if let (Some(ip), Some(limiter)) = (client.address, bounds.limiter(request.method(), &path))
        && let Err(wait) = limiter.admit(ip)
    {
        tracing::warn!(address = %ip, "too many tries");
        let text = format!("too many tries from this address; wait {wait} seconds");
        let mut response = refuse(&path, id, StatusCode::TOO_MANY_REQUESTS, &text);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        return response;
    }
    let most = if path.starts_with("/scim/") { bounds.scim_body } else { bounds.body };
    let told = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    if told.and_then(|v| v.parse::<u64>().ok()).is_some_and(|n| n > most as u64) {
        let text = format!("the body is larger than {most} bytes, the most that is taken here");
        return refuse(&path, id, StatusCode::PAYLOAD_TOO_LARGE, &text);
    }
    let request = request.map(|b| Body::new(Limited::new(b, most)));
    let answer = tokio::time::timeout(bounds.time, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        tracing::error!("no answer within the time limit");
        refuse(&path, id, StatusCode::SERVICE_UNAVAILABLE, "this took too long; try again")
    })
}

/// At most so many a minute for each address, all of them at once if need be.
struct Limiter {
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    since_swept: AtomicU32,
}

impl Limiter {
    fn new(per_minute: u32) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        Self {
            by_address: RateLimiter::keyed(Quota::per_minute(per_minute)),
            since_swept: AtomicU32::new(0),
        }
    }
    /// # Errors
    /// The seconds to wait.
    fn admit(&self, ip: IpAddr) -> Result<(), u64> {
        // Addresses that are back to full are forgotten now and then, so that the table stays small.
        if self.since_swept.fetch_add(1, Ordering::Relaxed) >= 10_000 {
            self.since_swept.store(0, Ordering::Relaxed);
            self.by_address.retain_recent();
        }
        self.by_address.check_key(&network(ip)).map_err(|not_until| {
            let wait = not_until.wait_time_from(governor::clock::DefaultClock::default().now());
            wait.as_secs() + 1
        })
    }
}

/// One IPv6 customer has at least a /64.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => {
            let mask = u128::MAX << 64;
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}
