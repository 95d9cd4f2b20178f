//! What the server sends goes over HTTPS too, and only to whom the machine trusts.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anamnesis_testkit::{Options, Server, skipped};

/// Takes whatever is posted, behind TLS, and says first on which port.
const SCRIPT: &str = r#"
import http.server, ssl, sys
class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = tls.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
"#;

/// A receiver behind TLS; gone when dropped.
struct Taker {
    child: Child,
    port: u16,
}

impl Taker {
    /// One with a certificate of its own, which is left in the folder.
    fn start(folder: &Path) -> Result<Self, String> {
        let told = |error: std::io::Error| error.to_string();
        let mut openssl = Command::new("openssl");
        openssl.args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ]);
        openssl.args([
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ]);
        openssl.args(["-keyout", "key.pem", "-out", "cert.pem"]).current_dir(folder);
        let made = openssl.output().map_err(told)?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into_owned());
        }
        let mut python = Command::new("python3");
        python.args(["-c", SCRIPT, "cert.pem", "key.pem"]).current_dir(folder).stdout(Stdio::piped());
        let mut child = python.spawn().map_err(told)?;
        let mut line = String::new();
        let said = child.stdout.take().map(BufReader::new);
        said.map(|mut said| said.read_line(&mut line)).transpose().map_err(told)?;
        let mut taker = Self { child, port: 0 };
        taker.port = line.trim().parse().map_err(|_| "the receiver does not start".to_owned())?;
        Ok(taker)
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks something, until spans of it came to be counted so.
fn wait_for(server: &Server, result: &str) {
    let begun = Instant::now();
    let nothing = format!("anamnesis_trace_spans_total{{result=\"{result}\"}} 0");
    while server.http().get("/metrics").expect(200).text().contains(&nothing) {
        server.http().get("/fhir/Patient/p1").expect(404);
        assert!(begun.elapsed() < Duration::from_secs(30), "no span is {result}:\n{}", server.stderr());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_certificate_must_be_one_the_machine_trusts() {
    let folder = tempfile::tempdir().unwrap();
    let taker = match Taker::start(folder.path()) {
        Ok(taker) => taker,
        Err(why) if std::env::var_os("CI").is_some() => panic!("no HTTPS server can be had: {why}"),
        Err(why) => return skipped(&format!("no HTTPS server can be had: {why}")),
    };
    let there = |port: u16| {
        let otlp = format!("telemetry.otlp=https://127.0.0.1:{port}");
        Options::new().arg("--set").arg(otlp)
    };
    let certificate = folder.path().join("cert.pem");
    wait_for(&there(taker.port).env("SSL_CERT_FILE", certificate).start(), "exported");
    wait_for(&there(taker.port).start(), "failed");
}
