//! The way to the collector: OTLP over HTTP, <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use ureq::Agent;

use crate::outward;

/// The largest answer that is read.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Posts what it is given, and waits on the thread it is called on: the queue's own.
#[derive(Debug)]
pub(super) struct Sender(Agent);

impl Sender {
    pub(super) fn new(patience: Duration) -> Self {
        Self(outward::agent(patience))
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let answer = self.0.run(Request::from_parts(head, body.as_ref()))?;
        let (head, mut body) = answer.into_parts();
        let body = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}
