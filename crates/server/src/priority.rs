//! Work that can wait: the machine does it when nobody who asks is waiting.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// How much others go before: a tenth of a processor that somebody else wants.
const NICE: i32 = 10;

/// Does this on a thread that lets all others go before it, and waits.
///
/// A thread of its own, since a thread cannot take that back, and those it starts would inherit it: the threads that
/// searches run on, too.
///
/// # Errors
///
/// When the thread cannot be started.
pub(crate) fn at_leisure<R: Send>(work: impl FnOnce(Handle) -> R + Send) -> io::Result<R> {
    let runtime = Handle::current();
    std::thread::scope(|scope| {
        let work = move || {
            let_others_go_before();
            work(runtime)
        };
        let thread = std::thread::Builder::new().name("builder".into()).spawn_scoped(scope, work)?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Where what comes up again and again is done, each time others may go before it.
pub(crate) struct Leisure(Option<Runtime>);

impl Leisure {
    /// One thread, and those it starts.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("at-leisure")
            .on_thread_start(let_others_go_before)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// To give it work.
    pub(crate) fn handle(&self) -> Option<Handle> {
        self.0.as_ref().map(|runtime| runtime.handle().clone())
    }
}

impl Drop for Leisure {
    fn drop(&mut self) {
        // Where others must not wait, neither may this.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Of this thread, as Linux understands it; where it may not be said, it works like any other.
fn let_others_go_before() {
    let _ = rustix::process::setpriority_process(None, NICE);
}
