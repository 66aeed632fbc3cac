//! A connection that says nothing. Which version of HTTP a client speaks is read from its first bytes, and hyper waits
//! for those without end: whoever sends none of them, or only the first of HTTP/2's preface, would keep a connection's
//! place for ever. Here they get as much time as for their headers, which later waits are held to by hyper itself.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

/// What every HTTP/2 client sends first (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream whose first bytes come in time, or that ends with an error.
pub(super) struct Begin<S> {
    stream: S,
    /// How much of the preface was read.
    seen: usize,
    /// Gone when the version is known.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<S> Begin<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self { stream, seen: 0, patience: Some(Box::pin(tokio::time::sleep(patience))) }
    }
    fn look(&mut self, bytes: &[u8]) {
        let left = PREFACE.get(self.seen..).unwrap_or_default();
        self.seen += bytes.len();
        // Anything else is HTTP/1.
        if bytes.len() >= left.len() || !left.starts_with(bytes) {
            self.patience = None;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Begin<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some(patience) = &mut self.patience {
            if read.is_pending() && patience.as_mut().poll(cx).is_ready() {
                let late = io::Error::new(io::ErrorKind::TimedOut, "nothing was said in time");
                return Poll::Ready(Err(late));
            }
            if read.is_ready() {
                self.look(buf.filled().get(before..).unwrap_or_default());
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begin<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
