//! Where randomness comes from: handed in, so that tests and vectors can repeat themselves.

/// Fills bytes that nobody can guess.
pub trait Random: Send + Sync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's randomness, through the cryptographic library's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no key may be made and nothing may be sealed, so there is no way on from here.
        aws_lc_rs::rand::fill(bytes).expect("the system has randomness");
    }
}

impl<F: Fn(&mut [u8]) + Send + Sync> Random for F {
    fn fill(&self, bytes: &mut [u8]) {
        self(bytes);
    }
}

/// Draws a fixed number of bytes.
pub(crate) fn draw<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}
