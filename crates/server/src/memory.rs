//! How the process gets its memory.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Asks the system for none in huge pages: much of it is used by one thread and given back by another, and two megabytes
/// that are cleared anew for each turn cost an eighth of the processor's time of a large batch.
pub(crate) fn in_small_pages() {
    // It is as right in huge ones.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
