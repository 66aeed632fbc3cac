//! Connections that each send requests for a while, and how long every answer took.

use crate::shared::{Fail, figures::percentile, http::Http};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// So often a connection that a server broke is made again for one request.
const TRIES: u32 = 5;
/// So long an answer is waited for: a server that takes no more connections lets some hang.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a side did in its turns.
#[derive(Default)]
pub struct Load {
    pub done: u64,
    pub elapsed: Duration,
    /// Milliseconds.
    pub times: Vec<f64>,
    /// Connections that a server broke before it answered, and which were made once more: the request goes on taking time.
    pub broken: u64,
}

impl Load {
    pub fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
    pub fn add(&mut self, other: Self) {
        self.done += other.done;
        self.elapsed += other.elapsed;
        self.times.extend(other.times);
        self.broken += other.broken;
    }
    /// `1234/s, p50 1.2 ms, p99 3.4 ms`
    pub fn told(&mut self) -> String {
        let (p50, p99) = (percentile(&mut self.times, 0.5), percentile(&mut self.times, 0.99));
        let broken = match self.broken {
            0 => String::new(),
            n => format!(", {n} connections broken"),
        };
        format!("{:.0}/s, p50 {p50:.2} ms, p99 {p99:.2} ms{broken}", self.per_second())
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
    Ok(Load { done: times.len() as u64, elapsed: started.elapsed(), times, broken: 0 })
}

/// Milliseconds since.
pub fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Sends what `make` makes of connection and number until `time` is over or it makes nothing. An answer that is no
/// success ends the benchmark. `anew`: the server ends its connections after each answer, and some before it, where many
/// come at once; those are made again, a few times.
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
    let broken = Arc::new(AtomicU64::new(0));
    let load = together(connections, |c, started| {
        let (make, broken) = (make.clone(), broken.clone());
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
                let mut tries = 0;
                loop {
                    let answer = tokio::time::timeout(PATIENCE, http.status(&request)).await;
                    let e = match answer {
                        Ok(Ok(_)) => break,
                        Ok(Err(e)) => e,
                        Err(_) => io::ErrorKind::TimedOut.into(),
                    };
                    tries += 1;
                    if !anew || tries > TRIES {
                        return Err(e.into());
                    }
                    broken.fetch_add(1, Ordering::Relaxed);
                    http = Http::open(addr).await?;
                }
                let (status, body) = http.last();
                // What was done before its connection broke is there when it is asked for again.
                let done = (200..300).contains(&status) || (tries > 0 && status == 409);
                if !done {
                    let said = String::from_utf8_lossy(body).into_owned();
                    let asked = String::from_utf8_lossy(&request).into_owned();
                    return Err(format!("{asked}\nwas answered with {status}: {said}").into());
                }
                times.push(ms(sent));
            }
            Ok(times)
        }
    })
    .await?;
    Ok(Load { broken: broken.load(Ordering::Relaxed), ..load })
}
