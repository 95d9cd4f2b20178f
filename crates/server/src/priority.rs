//! Work that can wait: the machine does it when nobody who asks is waiting.

use std::io;

use tokio::runtime::Handle;

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
            // Of this thread, as Linux understands it; where it may not be said, it works like any other.
            let _ = rustix::process::setpriority_process(None, NICE);
            work(runtime)
        };
        let thread = std::thread::Builder::new().name("builder".into()).spawn_scoped(scope, work)?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
