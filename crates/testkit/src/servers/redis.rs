//! A real Redis of a test's own: on a free port of this machine, in a folder of its own, and stopped with it.
//!
//! Invariant: no Redis that stands on the machine already is touched, and none outlives its [`Redis`].

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{free_port, give_up, patiently};
use crate::skipped;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(10);
const PORTS_TRIED: u32 = 5;

/// A running `redis-server`, killed when dropped.
#[derive(Debug)]
pub struct Redis {
    folder: tempfile::TempDir,
    port: u16,
    settings: Vec<String>,
    tls: bool,
    password: Option<String>,
    child: Option<Child>,
}

impl Redis {
    /// A Redis that keeps nothing on disk; none where the machine has none, which it says.
    ///
    /// # Panics
    ///
    /// When it does not answer.
    pub fn start() -> Option<Self> {
        Self::launch(&[], false, None)
    }

    /// As [`start`](Self::start), with settings as they stand on its command line: `--maxmemory`, `3mb`.
    ///
    /// # Panics
    ///
    /// When it does not answer.
    pub fn with(settings: &[&str]) -> Option<Self> {
        Self::launch(settings, false, None)
    }

    /// One that speaks TLS alone, under a certificate for 127.0.0.1 of its own, and wants a password.
    ///
    /// # Panics
    ///
    /// When it does not answer, or no certificate can be made.
    pub fn guarded(password: &str) -> Option<Self> {
        Self::launch(&["--requirepass", password], true, Some(password))
    }

    fn launch(settings: &[&str], tls: bool, password: Option<&str>) -> Option<Self> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            skipped("redis-server is not installed");
            return None;
        }
        let folder = tempfile::tempdir().expect("a test may write where it keeps its files");
        if tls {
            certify(folder.path());
        }
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let password = password.map(str::to_owned);
        let mut redis = Self { folder, port: 0, settings, tls, password, child: None };
        redis.go();
        Some(redis)
    }

    /// Where it listens, with its password: `redis://…`, or `rediss://…` where it speaks TLS.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let password = self.password.as_ref().map(|word| format!(":{word}@")).unwrap_or_default();
        format!("{scheme}://{password}127.0.0.1:{}/0", self.port)
    }

    /// The file of the certificate that vouches for it, where it speaks TLS.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Starts it again after [`stop`](Self::stop), on the same port and empty.
    ///
    /// # Panics
    ///
    /// When it does not answer.
    pub fn go(&mut self) {
        for _ in 0..PORTS_TRIED {
            if self.port == 0 {
                self.port = free_port().unwrap_or_else(|error| give_up(&format!("no port is free: {error}")));
            }
            let log = File::create(self.folder.path().join("log")).expect("the folder is its own");
            let mut command = Command::new("redis-server");
            command.current_dir(self.folder.path()).args(["--bind", "127.0.0.1", "--save", ""]);
            command.args(["--appendonly", "no", "--daemonize", "no"]).args(&self.settings);
            let port = self.port.to_string();
            if self.tls {
                command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
                command.args(["--tls-cert-file", "redis.pem", "--tls-key-file", "redis.key"]);
                command.args(["--tls-ca-cert-file", "ca.pem"]);
            } else {
                command.args(["--port", &port]);
            }
            let child = command.stdin(Stdio::null()).stdout(log).stderr(Stdio::null()).spawn();
            self.child = Some(child.unwrap_or_else(|error| give_up(&format!("redis-server: {error}"))));
            let listens = || TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            let ended = patiently(|| match self.child.as_mut().map(Child::try_wait) {
                Some(Ok(None)) => listens().then_some(false),
                _ => Some(true),
            });
            if ended == Some(false) {
                return;
            }
            self.stop();
            self.port = 0;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        give_up(&format!("redis-server does not start:\n{log}"));
    }

    /// Kills it where it stands, and waits until it is gone.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error means that it has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Sends it a signal by its name, such as `STOP` or `CONT`, if it runs.
    ///
    /// # Panics
    ///
    /// When the machine has no `kill` command.
    pub fn signal(&self, name: &str) {
        if let Some(child) = &self.child {
            let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
            sent.expect("the kill command stands on every machine these tests run on");
        }
    }

    /// What it answers to a command, past our own client: of one that speaks no TLS.
    ///
    /// # Panics
    ///
    /// When it does not answer, or the answer is of a kind that no test here asks for.
    pub fn ask(&self, command: &[&[u8]]) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream.set_read_timeout(Some(ANSWER)).expect("a time that is not zero");
        let mut request = format!("*{}\r\n", command.len()).into_bytes();
        for part in command {
            request.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
            request.extend_from_slice(part);
            request.extend_from_slice(b"\r\n");
        }
        stream.write_all(&request).expect("it reads");
        answer(&mut BufReader::new(stream))
    }

    /// All its keys, in order.
    ///
    /// # Panics
    ///
    /// As [`ask`](Self::ask).
    pub fn keys(&self) -> Vec<String> {
        let Answer::Many(keys) = self.ask(&[b"KEYS", b"*"]) else { give_up("KEYS gives a list") };
        let text = |key| match key {
            Answer::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            other => give_up(&format!("{other:?} is no key")),
        };
        let mut keys: Vec<String> = keys.into_iter().map(text).collect();
        keys.sort();
        keys
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What Redis answers: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A word such as `OK`.
    Word(String),
    /// An error.
    Error(String),
    /// A number.
    Number(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Nothing.
    Nothing,
    /// Several of these.
    Many(Vec<Self>),
}

fn answer(from: &mut impl BufRead) -> Answer {
    let mut line = String::new();
    from.read_line(&mut line).expect("it answers");
    let (kind, rest) = line.trim_end().split_at_checked(1).unwrap_or_default();
    let number = || rest.parse::<i64>().unwrap_or(-1);
    match kind {
        "+" => Answer::Word(rest.to_owned()),
        "-" => Answer::Error(rest.to_owned()),
        ":" => Answer::Number(number()),
        "$" => match usize::try_from(number()) {
            Ok(length) => {
                let mut bytes = vec![0; length + 2];
                from.read_exact(&mut bytes).expect("as many bytes as it said");
                bytes.truncate(length);
                Answer::Bytes(bytes)
            }
            Err(_) => Answer::Nothing,
        },
        "*" => Answer::Many((0..number()).map(|_| answer(from)).collect()),
        _ => give_up(&format!("Redis answers {line:?}")),
    }
}

/// Makes a certificate for 127.0.0.1, and the one that vouches for it.
fn certify(folder: &Path) {
    let script = "set -e
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
            -subj /CN=test-ca -keyout ca.key -out ca.pem
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
            -subj /CN=127.0.0.1 -keyout redis.key -out redis.csr
        printf 'subjectAltName=IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' > redis.ext
        openssl x509 -req -in redis.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
            -extfile redis.ext -out redis.pem";
    let made = Command::new("sh").arg("-c").arg(script).current_dir(folder).output();
    let made = made.unwrap_or_else(|error| give_up(&format!("sh: {error}")));
    if !made.status.success() {
        give_up(&format!("no certificate: {}", String::from_utf8_lossy(&made.stderr)));
    }
}
