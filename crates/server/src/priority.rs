//! Work that can wait: the machine does it when nobody who asks is waiting.

/// How much others go before: a tenth of a processor that somebody else wants.
const NICE: i32 = 10;

/// Lets all other threads go before this one, for as long as it lives.
pub(crate) fn yield_to_others() {
    // Of this thread, as Linux understands it; where it may not be said, it works like any other.
    let _ = rustix::process::setpriority_process(None, NICE);
}
