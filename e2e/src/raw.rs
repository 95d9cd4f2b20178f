//! A client that speaks HTTP byte by byte, as badly as a test wants.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use anamnesis_testkit::Server;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub struct Raw {
    stream: TcpStream,
    heard: Vec<u8>,
}

/// What one answer said.
pub struct Said {
    /// Its status.
    pub status: u16,
    /// Its head, as it came.
    pub head: String,
    /// Its body.
    pub body: String,
}

impl Raw {
    /// Connects.
    ///
    /// # Panics
    ///
    /// When it is refused.
    #[track_caller]
    pub fn to(server: &Server) -> Self {
        let stream = TcpStream::connect(server.url().replace("http://", "")).expect("it takes connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout above zero");
        Self { stream, heard: Vec::new() }
    }

    /// Sends bytes; false when the server takes no more.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Sends no more, and listens on.
    pub fn close_half(&self) {
        // A connection that is closed has no half left to close.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// The next answer; none where the connection ended first.
    pub fn answer(&mut self) -> Option<Said> {
        loop {
            if let Some(said) = self.whole_answer() {
                return Some(said);
            }
            if self.hear() == 0 {
                return None;
            }
        }
    }

    /// How long it takes until the connection ends, whatever is said before.
    ///
    /// # Panics
    ///
    /// When it stays open.
    #[track_caller]
    pub fn ended_after(&mut self) -> Duration {
        let begun = Instant::now();
        while self.hear() > 0 {}
        assert!(begun.elapsed() < PATIENCE, "the connection stays open");
        begun.elapsed()
    }

    /// What is heard and belongs to no answer that was taken.
    pub fn rest(&self) -> String {
        String::from_utf8_lossy(&self.heard).into_owned()
    }

    fn hear(&mut self) -> usize {
        let mut bytes = [0; 65_536];
        // A connection that is torn says no more than one that ends.
        let count = self.stream.read(&mut bytes).unwrap_or(0);
        self.heard.extend(bytes.iter().take(count));
        count
    }

    fn whole_answer(&mut self) -> Option<Said> {
        let text = self.rest();
        let (head, after) = text.split_once("\r\n\r\n")?;
        let head = head.to_lowercase();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let length: usize = length.unwrap_or(0);
        let body = after.get(..length)?.to_owned();
        self.heard.drain(..head.len() + 4 + length);
        Some(Said { status, head, body })
    }
}

/// A PUT's head, for a body of so many bytes.
pub fn put_head(id: &str, bytes: usize) -> String {
    format!(
        "PUT /fhir/Patient/{id} HTTP/1.1\r\nhost: x\r\ncontent-type: application/fhir+json\r\ncontent-length: {bytes}\r\n\r\n"
    )
}

/// A Patient of that id.
pub fn patient(id: &str) -> String {
    format!(r#"{{"resourceType":"Patient","id":"{id}","gender":"female"}}"#)
}
