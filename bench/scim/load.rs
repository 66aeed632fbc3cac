//! Connections that each send requests for a while, and how long every answer took.

use crate::shared::{Fail, figures::percentile, http::Http};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// What a side did in its turns.
#[derive(Default)]
pub struct Load {
    pub done: u64,
    pub elapsed: Duration,
    /// Milliseconds.
    pub times: Vec<f64>,
}

impl Load {
    pub fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
    pub fn add(&mut self, other: Self) {
        self.done += other.done;
        self.elapsed += other.elapsed;
        self.times.extend(other.times);
    }
    /// `1234/s, p50 1.2 ms, p99 3.4 ms`
    pub fn told(&mut self) -> String {
        let (p50, p99) = (percentile(&mut self.times, 0.5), percentile(&mut self.times, 0.99));
        format!("{:.0}/s, p50 {p50:.2} ms, p99 {p99:.2} ms", self.per_second())
    }
}

/// Runs `connections` tasks at once; each gives how long every one of its requests took.
pub async fn together<F, Fut>(connections: usize, task: F) -> Result<Load, Fail>
where
    F: Fn(usize, Instant) -> Fut,
    Fut: Future<Output = Result<Vec<f64>, Fail>> + Send + 'static,
{
    let started = Instant::now();
    let tasks: Vec<_> = (0..connections).map(|c| tokio::spawn(task(c, started))).collect();
    let mut times = Vec::new();
    for t in tasks {
        times.extend(t.await??);
    }
    Ok(Load { done: times.len() as u64, elapsed: started.elapsed(), times })
}

/// Milliseconds since.
pub fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Sends what `make` makes of connection and number until `time` is over or it makes nothing. An answer that is no
/// success ends the benchmark. `anew`: the server ends its connections after each answer.
pub async fn play<M>(
    addr: SocketAddr,
    anew: bool,
    connections: usize,
    time: Duration,
    make: M,
) -> Result<Load, Fail>
where
    M: Fn(usize, u64) -> Option<Vec<u8>> + Clone + Send + Sync + 'static,
{
    together(connections, |c, started| {
        let make = make.clone();
        async move {
            let mut http = Http::open(addr).await?;
            let mut times = Vec::new();
            for n in 0.. {
                if started.elapsed() >= time {
                    break;
                }
                let Some(request) = make(c, n) else { break };
                let sent = Instant::now();
                if anew && n > 0 {
                    http = Http::open(addr).await?;
                }
                let (status, body) = http.exchange_body(&request).await?;
                if !(200..300).contains(&status) {
                    let said = String::from_utf8_lossy(body).into_owned();
                    let asked = String::from_utf8_lossy(&request).into_owned();
                    return Err(format!("{asked}\nwas answered with {status}: {said}").into());
                }
                times.push(ms(sent));
            }
            Ok(times)
        }
    })
    .await
}
