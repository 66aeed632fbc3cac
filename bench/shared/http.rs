//! The smallest HTTP/1.1 client that keeps its connection: on two cores shared with the server every cycle the load
//! generator saves is one the server is measured with.

use std::{
    fmt::Write as _,
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// One connection.
pub struct Http {
    stream: TcpStream,
    buf: Vec<u8>,
    /// Of the last answer: its status, and where its body is.
    last: (u16, usize, usize),
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| {
            let (n, v) = l.split_once(':')?;
            n.eq_ignore_ascii_case(name).then(|| v.trim())
        })
    }
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A request as it goes over the wire.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut r = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    for (k, v) in headers {
        let _ = write!(r, "{k}: {v}\r\n");
    }
    let _ = write!(r, "Content-Length: {}\r\n\r\n{body}", body.len());
    r.into_bytes()
}

impl Http {
    pub async fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buf: Vec::with_capacity(16 * 1024), last: (0, 0, 0) })
    }

    /// Sends and reads the whole answer: status, end of the head, end of the body, all in `self.buf`.
    async fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, usize, usize)> {
        self.stream.write_all(request).await?;
        self.buf.clear();
        let head = loop {
            if let Some(i) = find(&self.buf, b"\r\n\r\n") {
                break i + 4;
            }
            if self.stream.read_buf(&mut self.buf).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let text = &self.buf[..head];
        let status = std::str::from_utf8(text.get(9..12).unwrap_or_default())
            .ok()
            .and_then(|s| s.parse().ok())
            .ok_or_else(|| io::Error::other("no status"))?;
        let length = content_length(text).unwrap_or(0);
        while self.buf.len() < head + length {
            if self.stream.read_buf(&mut self.buf).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.last = (status, head, head + length);
        Ok(self.last)
    }

    /// Only the status: nothing is copied.
    pub async fn status(&mut self, request: &[u8]) -> io::Result<u16> {
        Ok(self.exchange(request).await?.0)
    }

    /// Status and body, where they were read.
    pub async fn exchange_body(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.exchange(request).await?;
        Ok(self.last())
    }

    /// The same of the last answer.
    pub fn last(&self) -> (u16, &[u8]) {
        let (status, head, end) = self.last;
        (status, self.buf.get(head..end).unwrap_or_default())
    }

    /// The whole answer.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<Answer> {
        let (status, head, end) = self.exchange(request).await?;
        Ok(Answer {
            status,
            head: String::from_utf8_lossy(&self.buf[..head]).into_owned(),
            body: self.buf[head..end].to_vec(),
        })
    }
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|w| w == needle)
}

fn content_length(head: &[u8]) -> Option<usize> {
    head.split(|b| *b == b'\n').find_map(|line| {
        let i = line.iter().position(|b| *b == b':')?;
        if !line[..i].eq_ignore_ascii_case(b"content-length") {
            return None;
        }
        std::str::from_utf8(&line[i + 1..]).ok()?.trim().parse().ok()
    })
}

/// What a flood of requests came to.
pub struct Load {
    pub done: u64,
    pub refused: u64,
    pub elapsed: Duration,
}
impl Load {
    pub fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64()
    }
}

/// Sends what `make` makes over `connections` connections for `time`; answers other than `status` are refusals.
pub async fn flood<F>(
    addr: SocketAddr,
    connections: u64,
    time: Duration,
    status: u16,
    make: F,
) -> io::Result<Load>
where
    F: Fn(u64, u64) -> Vec<u8> + Clone + Send + 'static,
{
    let started = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|c| {
            let make = make.clone();
            tokio::spawn(async move {
                let mut http = Http::open(addr).await?;
                let (mut done, mut refused) = (0, 0);
                while started.elapsed() < time {
                    if http.status(&make(c, done + refused)).await? == status {
                        done += 1;
                    } else {
                        refused += 1;
                    }
                }
                io::Result::Ok((done, refused))
            })
        })
        .collect();
    let (mut done, mut refused) = (0, 0);
    for t in tasks {
        let (d, r) = t.await.map_err(io::Error::other)??;
        done += d;
        refused += r;
    }
    Ok(Load { done, refused, elapsed: started.elapsed() })
}
