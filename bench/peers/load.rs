//! Connections that each play a script, and how long every answer took.

use crate::shared::{Fail, figures::percentile, http::Http};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// What one connection sends.
pub trait Script: Send + 'static {
    /// The next request; `None` ends it.
    fn next(&mut self) -> Option<&[u8]>;
    /// Looks at an answer's body; `false` is a refusal.
    fn takes(&mut self, body: &[u8]) -> bool;
}

/// The same request again and again, whose answer has `wants` in it.
pub struct Same {
    pub request: Vec<u8>,
    pub wants: &'static [u8],
}
impl Script for Same {
    fn next(&mut self) -> Option<&[u8]> {
        Some(&self.request)
    }
    fn takes(&mut self, body: &[u8]) -> bool {
        find(body, self.wants).is_some()
    }
}

/// Requests made before, each once.
pub struct Each {
    pub requests: VecDeque<Vec<u8>>,
    pub sent: Vec<u8>,
}
impl Script for Each {
    fn next(&mut self) -> Option<&[u8]> {
        self.sent = self.requests.pop_front()?;
        Some(&self.sent)
    }
    fn takes(&mut self, body: &[u8]) -> bool {
        find(body, b"\"access_token\"").is_some()
    }
}

/// A chain of refresh tokens: each answer has the next.
pub struct Chain<F> {
    pub request: Vec<u8>,
    pub make: F,
}
impl<F: Fn(&str) -> Vec<u8> + Send + 'static> Script for Chain<F> {
    fn next(&mut self) -> Option<&[u8]> {
        Some(&self.request)
    }
    fn takes(&mut self, body: &[u8]) -> bool {
        let member = b"\"refresh_token\":\"";
        let token = find(body, member).and_then(|i| {
            let rest = &body[i + member.len()..];
            std::str::from_utf8(&rest[..rest.iter().position(|b| *b == b'"')?]).ok()
        });
        if let Some(t) = token {
            self.request = (self.make)(t);
        }
        token.is_some()
    }
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|w| w == needle)
}

/// What a side did in its turns.
#[derive(Default)]
pub struct Load {
    pub done: u64,
    pub elapsed: Duration,
    /// Milliseconds.
    pub times: Vec<f64>,
    /// Connections that ended early because the peer had forgotten their chain.
    pub forgotten: u32,
}
impl Load {
    pub fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
    pub fn add(&mut self, other: Self) {
        self.done += other.done;
        self.elapsed += other.elapsed;
        self.times.extend(other.times);
        self.forgotten += other.forgotten;
    }
    /// `1234/s, p50 1.2 ms, p99 3.4 ms`
    pub fn told(&mut self) -> String {
        let (p50, p99) = (percentile(&mut self.times, 0.5), percentile(&mut self.times, 0.99));
        let forgotten = match self.forgotten {
            0 => String::new(),
            n => format!(", {n} chains forgotten by its memory"),
        };
        format!("{:.0}/s, p50 {p50:.2} ms, p99 {p99:.2} ms{forgotten}", self.per_second())
    }
}

/// Plays the scripts at once, a connection each, until they end or `time` is over. A refusal ends the benchmark, or, where
/// a side `may_forget`, its connection.
pub async fn play<S: Script>(
    addr: SocketAddr,
    scripts: Vec<S>,
    time: Duration,
    may_forget: bool,
) -> Result<Load, Fail> {
    let mut ready = Vec::new();
    for s in scripts {
        ready.push((Http::open(addr).await?, s));
    }
    let started = Instant::now();
    let tasks: Vec<_> = ready
        .into_iter()
        .map(|(mut http, mut script)| {
            tokio::spawn(async move {
                let mut times = Vec::new();
                while started.elapsed() < time {
                    let Some(request) = script.next() else { break };
                    let sent = Instant::now();
                    let (status, body) = http.exchange_body(request).await?;
                    if may_forget && status == 400 {
                        return Ok((times, 1));
                    }
                    times.push(sent.elapsed().as_secs_f64() * 1000.0);
                    if status != 200 || !script.takes(body) {
                        let said = String::from_utf8_lossy(body).into_owned();
                        return Err(format!("answered with {status}: {said}").into());
                    }
                }
                Ok::<(Vec<f64>, u32), Fail>((times, 0))
            })
        })
        .collect();
    let mut load = Load::default();
    for t in tasks {
        let (times, forgotten) = t.await??;
        load.times.extend(times);
        load.forgotten += forgotten;
    }
    Ok(Load { done: load.times.len() as u64, elapsed: started.elapsed(), ..load })
}
