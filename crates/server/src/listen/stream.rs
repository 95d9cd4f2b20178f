//! A connection's stream, which ends when its client is silent for too long, or does not take what it asked for.
//!
//! Invariant: while nothing is late no timer is set or moved but one, now and then.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::pulse::Pulse;
use crate::app::App;
use crate::metrics::Limit;

/// A stream with its limits.
pub(super) struct Watched {
    stream: TcpStream,
    pulse: Arc<Pulse>,
    app: App,
    silence: Alarm,
    stuck: Alarm,
    /// Since when the client has taken nothing.
    stuck_since: Option<Instant>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, pulse: Arc<Pulse>, app: &App) -> Self {
        let (silence, stuck) = (Alarm::default(), Alarm::default());
        Self { stream, pulse, app: app.clone(), silence, stuck, stuck_since: None }
    }

    /// Notes which limit the client met, which ends the stream.
    fn too_slow(&self, limit: Limit) -> io::Error {
        self.app.metrics.refused(limit);
        tracing::debug!(limit = limit.name(), "a connection is closed: its client is too slow");
        io::ErrorKind::TimedOut.into()
    }

    /// What a write that moved nothing, or something, means for the watch.
    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if result.is_ready() {
            self.stuck_since = None;
            self.pulse.wrote();
            return result;
        }
        let since = *self.stuck_since.get_or_insert_with(Instant::now);
        ready!(self.stuck.rings(context, since + self.app.limits.answer));
        Poll::Ready(Err(self.too_slow(Limit::Answer)))
    }
}

/// A timer that is set when first needed, and moved only when it rings or must ring sooner.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready after `deadline`; until then sees to it that the task looks again.
    fn rings(&mut self, context: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline.max(Instant::now() + Duration::from_millis(1)));
        }
        Poll::Pending
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_read(context, buffer);
        if result.is_ready() {
            this.pulse.read();
            return result;
        }
        match this.pulse.deadline(&this.app.limits) {
            Some((deadline, limit)) => {
                ready!(this.silence.rings(context, deadline));
                Poll::Ready(Err(this.too_slow(limit)))
            }
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.wrote(context, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write_vectored(context, bytes);
        this.wrote(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
