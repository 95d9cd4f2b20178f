//! How the process gets its memory.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Asks the system for none in huge pages: each thread has pages of its own for each size of what it allocates, of which
/// two megabytes each would stay nearly empty; and to clear them anew, since one thread gives back what another took, was
/// an eighth of the processor's time of a large batch.
pub(crate) fn in_small_pages() {
    // It is as right in huge ones.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
