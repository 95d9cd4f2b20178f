//! The real binary, started for a test and stopped with it.
//!
//! Invariant: a server outlives neither its [`Server`] nor a start that failed.

mod http;
mod options;
mod redis;
mod shared;

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

pub use http::{Http, Reply, Unreached};
pub use options::{Options, StartError};
pub use redis::{Answer, Redis};
pub use shared::{shared_data, unpack_synthea};

/// How long a server may take to be ready, and to end when asked to, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often it is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(10);
/// How often a port is looked for, should another process take the one just found.
const PORTS_TRIED: u32 = 5;
/// How much of the child's last words a failure shows, in lines.
const TAIL_LINES: usize = 40;

/// A running `anamnesis serve`, killed when dropped.
#[derive(Debug)]
pub struct Server {
    options: Options,
    /// Holds what the child says, and its data unless the caller keeps that.
    room: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
}

impl Server {
    /// A server on an empty data directory of its own.
    ///
    /// # Panics
    ///
    /// When it does not get ready.
    pub fn start() -> Self {
        Options::new().start()
    }

    fn launch(options: Options) -> Result<Self, StartError> {
        let room = tempfile::tempdir().map_err(StartError::Unstarted)?;
        let mut server = Self { options, room, port: 0, child: None };
        server.bring_up()?;
        Ok(server)
    }

    /// Where it listens: `http://127.0.0.1:PORT`, the same after a restart unless the port was lost.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// A client of it; take a new one after a restart.
    pub fn http(&self) -> Http {
        Http::new(&self.url())
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.options.data.clone().unwrap_or_else(|| self.room.path().join("data"))
    }

    /// Everything it has said on stderr since it was first started.
    pub fn stderr(&self) -> String {
        std::fs::read(self.stderr_path())
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .unwrap_or_default()
    }

    /// Kills it where it stands (SIGKILL), and waits until it is gone.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error means that it has ended by itself, and then it is only waited for.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to end (SIGTERM), and waits; `None` when it was not running.
    ///
    /// # Panics
    ///
    /// When it is still there after 90 seconds.
    pub fn terminate(&mut self) -> Option<ExitStatus> {
        self.signal("TERM");
        let mut child = self.child.take()?;
        let ended = patiently(|| child.try_wait().ok().flatten());
        if ended.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        Some(ended.unwrap_or_else(|| {
            give_up(&format!("no end within {PATIENCE:?} of SIGTERM; stderr:\n{}", self.tail()))
        }))
    }

    /// Sends a signal by its name, such as `STOP`, `CONT` or `HUP`, if it runs.
    ///
    /// # Panics
    ///
    /// When the machine has no `kill` command.
    pub fn signal(&self, name: &str) {
        if let Some(pid) = self.pid() {
            let sent = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status();
            sent.expect("the kill command stands on every machine these tests run on");
        }
    }

    /// Ends it as [`terminate`](Self::terminate) does if it runs, then starts it again on the same data and port.
    ///
    /// # Panics
    ///
    /// When it does not end, or does not get ready again.
    pub fn restart(&mut self) {
        if let Err(failure) = self.try_restart() {
            failure.give_up();
        }
    }

    /// As [`restart`](Self::restart), for tests in which it may refuse to start.
    ///
    /// # Errors
    ///
    /// [`StartError`] when it does not get ready again.
    ///
    /// # Panics
    ///
    /// When it does not end.
    pub fn try_restart(&mut self) -> Result<(), StartError> {
        self.terminate();
        self.bring_up()
    }

    fn bring_up(&mut self) -> Result<(), StartError> {
        let mut tried = 0;
        loop {
            if self.port == 0 {
                self.port = free_port().map_err(StartError::Unstarted)?;
            }
            tried += 1;
            match self.spawn_and_wait() {
                Err(failure) if failure.lost_its_port() && tried < PORTS_TRIED => self.port = 0,
                result => return result,
            }
        }
    }

    fn spawn_and_wait(&mut self) -> Result<(), StartError> {
        let stderr = File::options().create(true).append(true).open(self.stderr_path());
        let stderr = stderr.map_err(StartError::Unstarted)?;
        let stdout = File::create(self.stdout_path()).map_err(StartError::Unstarted)?;
        let mut command = self.options.command(&self.data(), &self.address());
        // Its own directory, so that no configuration lying about where the tests run is taken up.
        command.current_dir(self.room.path()).stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        self.child = Some(command.spawn().map_err(StartError::Unstarted)?);

        let http = self.http();
        let mut ended = None;
        let ready = patiently(|| {
            ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            let ready = || http.try_send("GET", "/readyz", &[], None).is_ok_and(|reply| reply.status == 200);
            (ended.is_some() || (self.listens() && ready())).then_some(())
        });
        match (ready, ended) {
            (Some(()), None) => Ok(()),
            (_, Some(status)) => {
                self.child = None;
                Err(StartError::Ended { status, stderr: self.tail() })
            }
            (None, None) => {
                self.kill9();
                Err(StartError::Unready { stderr: self.tail() })
            }
        }
    }

    /// Whether it says that it listens where it was told to: another test's server may answer there instead.
    fn listens(&self) -> bool {
        let said = std::fs::read_to_string(self.stdout_path()).unwrap_or_default();
        said.contains(&format!("listens on http://{}\n", self.address()))
    }

    fn stdout_path(&self) -> PathBuf {
        self.room.path().join("stdout")
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn stderr_path(&self) -> PathBuf {
        self.room.path().join("stderr")
    }

    fn tail(&self) -> String {
        let said = self.stderr();
        let lines: Vec<_> = said.lines().collect();
        lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// The `anamnesis` executable: `ANAMNESIS_BIN`, else the one built beside the running test.
///
/// # Panics
///
/// When there is none, saying how to build it.
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("ANAMNESIS_BIN") {
        return named.into();
    }
    let name = format!("anamnesis{}", std::env::consts::EXE_SUFFIX);
    let here = std::env::current_exe().unwrap_or_default();
    // A test stands in target/PROFILE/deps, an ordinary binary in target/PROFILE.
    let beside =
        here.ancestors().skip(1).take(2).map(|dir: &Path| dir.join(&name)).find(|path| path.is_file());
    beside.unwrap_or_else(|| {
        give_up("there is no anamnesis beside this test: cargo build --bin anamnesis, or set ANAMNESIS_BIN")
    })
}

fn free_port() -> io::Result<u16> {
    TcpListener::bind("127.0.0.1:0")?.local_addr().map(|address| address.port())
}

/// Asks again and again until there is an answer, or patience ends.
fn patiently<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if begun.elapsed() > PATIENCE {
            return None;
        }
        std::thread::sleep(GLANCE);
    }
}

#[expect(clippy::panic, reason = "a test whose server fails has failed, and this is where it says so")]
#[track_caller]
fn give_up(why: &str) -> ! {
    panic!("{why}")
}

#[cfg(test)]
mod tests;
