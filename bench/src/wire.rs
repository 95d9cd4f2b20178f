//! A client that costs little: requests laid out beforehand, one connection each, answers read by their length.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection that is kept.
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What a run of many requests came to.
#[derive(Clone, Default)]
pub(crate) struct Run {
    /// How long each took.
    pub(crate) times: Vec<Duration>,
    /// How long all took.
    pub(crate) total: Duration,
    /// Bytes of all answers' bodies.
    pub(crate) bytes: u64,
}

impl Wire {
    /// Connects to `address`, `127.0.0.1:PORT`.
    pub(crate) async fn connect(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("the server does not listen")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 << 10) })
    }

    /// Sends a request laid out by [`request`]; gives the status and the body.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<(u16, Vec<u8>)> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
        };
        let text = std::str::from_utf8(self.buffer.get(..head).unwrap_or_default())?.to_ascii_lowercase();
        let status: u16 = text.get(9..12).context("no status")?.parse()?;
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let length: usize = match header("content-length:") {
            Some(length) => length.parse()?,
            None if status == 204 => 0,
            None => bail!("an answer without a length"),
        };
        while self.buffer.len() < head + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the answer broke off");
            }
        }
        Ok((status, self.buffer.get(head..head + length).unwrap_or_default().to_vec()))
    }
}

/// Lays out a request.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let kind = if path.starts_with("/fhir") { "application/fhir+json" } else { "application/json" };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Runs `clients` connections, each sending what `next(client, n)` lays out until the time is up or it gives none.
pub(crate) async fn run(
    address: &str,
    clients: usize,
    seconds: f64,
    next: impl Fn(usize, usize) -> Option<Vec<u8>> + Send + Sync + Clone + 'static,
) -> anyhow::Result<Run> {
    let mut tasks = Vec::new();
    let started = Instant::now();
    for client in 0..clients {
        let (address, next) = (address.to_owned(), next.clone());
        tasks.push(tokio::spawn(async move {
            let mut wire = Wire::connect(&address).await?;
            let mut run = Run::default();
            for n in 0.. {
                if started.elapsed().as_secs_f64() > seconds {
                    break;
                }
                let Some(request) = next(client, n) else { break };
                let sent = Instant::now();
                let (status, body) = wire.send(&request).await?;
                anyhow::ensure!(status < 300, "answered {status}: {}", String::from_utf8_lossy(&body));
                run.times.push(sent.elapsed());
                run.bytes += body.len() as u64;
            }
            Ok::<Run, anyhow::Error>(run)
        }));
    }
    let mut all = Run::default();
    for task in tasks {
        let run = task.await??;
        all.times.extend(run.times);
        all.bytes += run.bytes;
    }
    all.total = started.elapsed();
    all.times.sort();
    Ok(all)
}

/// As [`run`], but each connection asks at its own pace, until `next` gives none; what an answer takes counts from when
/// its question was due.
pub(crate) async fn paced(
    address: String,
    clients: usize,
    every: Duration,
    next: impl Fn(usize, usize) -> Option<Vec<u8>> + Send + Sync + Clone + 'static,
) -> anyhow::Result<Run> {
    let mut tasks = Vec::new();
    let started = Instant::now();
    for client in 0..clients {
        let (address, next) = (address.clone(), next.clone());
        let first = started + every.mul_f64(client as f64 / clients as f64);
        tasks.push(tokio::spawn(async move {
            let mut wire = Wire::connect(&address).await?;
            let (mut due, mut times) = (first, Vec::new());
            for n in 0.. {
                tokio::time::sleep_until(due.into()).await;
                let Some(request) = next(client, n) else { break };
                let (status, body) = wire.send(&request).await?;
                anyhow::ensure!(status < 300, "answered {status}: {}", String::from_utf8_lossy(&body));
                times.push(due.elapsed());
                due += every;
            }
            Ok::<Vec<Duration>, anyhow::Error>(times)
        }));
    }
    let mut all = Run::default();
    for task in tasks {
        all.times.extend(task.await??);
    }
    all.total = started.elapsed();
    all.times.sort();
    Ok(all)
}

impl Run {
    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.times.len() as f64 / self.total.as_secs_f64()
    }

    /// Microseconds for each request, of the time all of them took.
    pub(crate) fn each_us(&self, all: Duration) -> f64 {
        all.as_secs_f64() * 1e6 / self.times.len().max(1) as f64
    }

    /// The time that this share of requests stayed below, in milliseconds.
    pub(crate) fn percentile_ms(&self, share: f64) -> f64 {
        let at = ((self.times.len() as f64 * share) as usize).min(self.times.len().saturating_sub(1));
        self.times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
