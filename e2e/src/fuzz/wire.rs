//! A connection that sends any bytes and reads what HTTP answers, as long as the server lets it stand.
//!
//! Invariant: an answer is read to its end, so that the next request shows whether the connection is still good.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use flate2::read::GzDecoder;

use super::shot::Shot;

/// How long an answer may take, on a machine that has much else to do: a batch may be of hundreds of searches.
const PATIENCE: Duration = Duration::from_secs(300);
/// The largest answer that is read.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// What came back.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A client's side of one connection after another.
pub struct Wire {
    address: String,
    open: Option<BufReader<TcpStream>>,
    /// What was last asked on the open connection, and the status it was answered with.
    before: Option<(Shot, u16)>,
}

impl Wire {
    /// A client of the server at this URL; it connects when it has something to send.
    pub fn to(url: &str) -> Self {
        Self { address: url.replace("http://", ""), open: None, before: None }
    }

    /// Sends a request, and gives its answer; none where the connection ended before there was one.
    ///
    /// # Errors
    ///
    /// When the server takes no connection, or what it says is not HTTP.
    pub fn send(&mut self, shot: &Shot) -> Result<Option<Answer>, String> {
        let mut stream = match self.open.take() {
            Some(stream) => stream,
            None => {
                self.before = None;
                BufReader::new(self.connect()?)
            }
        };
        // A server may answer and close while a body is still on its way.
        let _ = stream.get_mut().write_all(&shot.bytes());
        let Some(answer) = read(&mut stream, shot.method == "HEAD")? else { return Ok(None) };
        let follows = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        let closes = answer.header("connection") == Some("close");
        // After a head that is broken nobody knows where the next one begins.
        if !closes && !follows && shot.flaws.is_empty() {
            self.open = Some(stream);
            self.before = Some((shot.clone(), answer.status));
        }
        Ok(Some(answer))
    }

    /// What was asked before on the connection that is open, if there was something.
    pub fn before(&self) -> Option<&(Shot, u16)> {
        self.before.as_ref()
    }

    fn connect(&self) -> Result<TcpStream, String> {
        let told = |error: std::io::Error| format!("no connection: {error}");
        let stream = TcpStream::connect(&self.address).map_err(told)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
        stream.set_nodelay(true).map_err(told)?;
        Ok(stream)
    }
}

/// Reads one answer.
fn read(stream: &mut BufReader<TcpStream>, head_only: bool) -> Result<Option<Answer>, String> {
    let first = line(stream)?;
    if first.is_empty() {
        return Ok(None);
    }
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
    let status: u16 = status.ok_or("what came back is not HTTP/1")?;
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or("a header without a colon")?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if head_only || matches!(status, 100..=199 | 204 | 304) {
        return Ok(Some(answer));
    }
    if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
        return Ok(Some(answer));
    }
    answer.body = if answer.header("transfer-encoding") == Some("chunked") {
        chunks(stream)?
    } else {
        let length = answer.header("content-length").and_then(|length| length.parse().ok());
        exactly(stream, length.ok_or("an answer without a length")?)?
    };
    if answer.header("content-encoding") == Some("gzip") {
        let mut plain = Vec::new();
        let unpacked = GzDecoder::new(answer.body.as_slice()).take(ANSWER_BYTES_MAX).read_to_end(&mut plain);
        unpacked.map_err(|error| format!("a body that is said to be gzip and is not: {error}"))?;
        answer.body = plain;
    }
    Ok(Some(answer))
}

fn chunks(stream: &mut BufReader<TcpStream>) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        let length = line(stream)?;
        let length = u64::from_str_radix(&length, 16).map_err(|_| "a chunk without a length")?;
        body.extend(exactly(stream, length)?);
        line(stream)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

fn exactly(stream: &mut BufReader<TcpStream>, length: u64) -> Result<Vec<u8>, String> {
    if length > ANSWER_BYTES_MAX {
        return Err(format!("an answer of {length} bytes"));
    }
    let mut bytes = Vec::new();
    let count =
        stream.take(length).read_to_end(&mut bytes).map_err(|error| format!("half an answer: {error}"))?;
    if count as u64 == length { Ok(bytes) } else { Err("the answer breaks off".to_owned()) }
}

/// A line without its end; empty too where the connection has ended.
fn line(stream: &mut BufReader<TcpStream>) -> Result<String, String> {
    let mut line = Vec::new();
    match stream.read_until(b'\n', &mut line) {
        Ok(_) => Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(String::new()),
        Err(error) => Err(format!("no answer: {error}")),
    }
}
