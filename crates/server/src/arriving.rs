//! A request's body as it arrives: not too slowly, not too much of all at once, and then it waits for its turn.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::Method;
use futures::future::BoxFuture;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::app::App;
use crate::metrics::Limit;
use crate::turns::{Busy, Turn};

/// How much of a body that nobody wanted is taken all the same, so that its connection can go on.
const UNWANTED_BYTES_MAX: u64 = 64 << 10;

/// Why a body did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unarrived {
    /// It came too slowly.
    #[error("the body came too slowly")]
    TooSlow,
    /// It came, and there was no room for it, or no turn for its request.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// It broke off.
    #[error("the body broke off")]
    Broken(#[source] axum::Error),
}

impl Unarrived {
    /// The reason in an error's sources, whatever has wrapped it on the way.
    pub(crate) fn of<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
    }
}

/// What a request keeps until it is answered: its turn, and the room of its body.
pub(crate) struct Kept {
    app: App,
    turn: OnceLock<Turn>,
    bytes: AtomicU64,
    abandoned: AtomicBool,
}

impl Kept {
    /// Whether some of the body was left where it was, so that no other request can come after it.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.app.turns().give_back(*self.bytes.get_mut());
    }
}

/// A body under watch.
struct Arriving {
    body: Body,
    kept: Arc<Kept>,
    begun: Instant,
    received: u64,
    alarm: Option<Pin<Box<Sleep>>>,
    coming: Option<BoxFuture<'static, Result<Turn, Busy>>>,
    whole: bool,
}

/// Puts a request's body under watch, if it has one; what is given back must be kept until the request is answered.
///
/// What comes with a GET, HEAD or DELETE means nothing, so nobody waits for it:
/// <https://www.rfc-editor.org/rfc/rfc9110#section-9.3.1>.
pub(crate) fn watched(app: &App, request: Request) -> (Request, Option<Arc<Kept>>) {
    if request.body().is_end_stream() {
        return (request, None);
    }
    let (head, body) = request.into_parts();
    let (mut body, kept) = watch(app, body);
    if matches!(head.method, Method::GET | Method::HEAD | Method::DELETE) {
        body = Body::empty();
    }
    (Request::from_parts(head, body), Some(kept))
}

fn watch(app: &App, body: Body) -> (Body, Arc<Kept>) {
    let (bytes, abandoned) = (AtomicU64::new(0), AtomicBool::new(false));
    let kept = Arc::new(Kept { app: app.clone(), turn: OnceLock::new(), bytes, abandoned });
    let arriving = Arriving {
        body,
        kept: Arc::clone(&kept),
        begun: Instant::now(),
        received: 0,
        alarm: None,
        coming: None,
        whole: false,
    };
    (Body::new(arriving), kept)
}

impl Arriving {
    fn late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let limits = &self.kept.app.limits;
        let allowed =
            Duration::from_millis(self.received.saturating_mul(1_000) / limits.body_bytes_per_s_min);
        let deadline = self.begun + limits.body + allowed;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        while alarm.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// The turn of a request whose body is whole.
    fn turn(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Unarrived>>> {
        let coming = self.coming.get_or_insert_with(|| {
            let app = self.kept.app.clone();
            Box::pin(async move { app.turns().take().await })
        });
        let turn = ready!(coming.as_mut().poll(context));
        (self.coming, self.whole) = (None, true);
        Poll::Ready(match turn {
            Ok(turn) => {
                // It comes once.
                let _ = self.kept.turn.set(turn);
                None
            }
            Err(busy) => Some(Err(busy.into())),
        })
    }
}

/// Whoever is refused before their body was looked at may still be sending it, and ask again on the same connection.
impl Drop for Arriving {
    fn drop(&mut self) {
        let rest = self.body.size_hint().upper();
        if self.whole || self.coming.is_some() {
            return;
        }
        if rest.is_none_or(|rest| rest > UNWANTED_BYTES_MAX) {
            self.kept.abandoned.store(true, Ordering::Relaxed);
            return;
        }
        let mut body = std::mem::take(&mut self.body);
        let patience = self.kept.app.limits.body;
        tokio::spawn(tokio::time::timeout(patience, async move {
            while body.frame().await.is_some_and(|frame| frame.is_ok()) {}
        }));
    }
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = Unarrived;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unarrived>>> {
        let this = self.get_mut();
        if this.whole {
            return Poll::Ready(None);
        }
        if this.coming.is_some() {
            return this.turn(context);
        }
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                this.received += bytes;
                this.kept.bytes.fetch_add(bytes, Ordering::Relaxed);
                let room = this.kept.app.turns().add_bytes(bytes);
                Poll::Ready(Some(room.map(|()| frame).map_err(Unarrived::from)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(Unarrived::Broken(error)))),
            Poll::Ready(None) => this.turn(context),
            Poll::Pending => {
                ready!(this.late(context));
                this.whole = true;
                this.kept.abandoned.store(true, Ordering::Relaxed);
                this.kept.app.metrics.refused(Limit::Body);
                Poll::Ready(Some(Err(Unarrived::TooSlow)))
            }
        }
    }

    /// Never before its turn came, which is at the very end.
    fn is_end_stream(&self) -> bool {
        self.whole
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
