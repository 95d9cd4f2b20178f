//! Where randomness comes from: handed in, so that tests and vectors can repeat themselves.

use std::cell::RefCell;

/// Fills bytes that nobody can guess.
pub trait Random: Send + Sync {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's randomness, through the cryptographic library's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

/// Draws up to so many bytes come from the thread's stock: nonces and ids, of which every event needs some.
///
/// Keys are longer, and are drawn on their own, so that none ever lies in a stock. A machine that is cloned while it
/// runs has a stock twice, and so may repeat a nonce, which is what AES-256-GCM-SIV is there to survive.
const STOCKED_BYTES_MAX: usize = 16;

/// One call of the generator costs as much as sealing a short event, however few bytes it is asked for.
const STOCK_BYTES: usize = 1_024;

thread_local! {
    static STOCK: RefCell<Stock> = const { RefCell::new(Stock { bytes: [0; STOCK_BYTES], left: 0 }) };
}

/// Randomness that was drawn and not yet given out; what is given out is wiped here.
struct Stock {
    bytes: [u8; STOCK_BYTES],
    left: usize,
}

impl Stock {
    fn give(&mut self, out: &mut [u8]) {
        if self.left < out.len() {
            generate(&mut self.bytes);
            self.left = STOCK_BYTES;
        }
        let (rest, _) = self.bytes.split_at_mut(self.left);
        let (_, given) = rest.split_at_mut(self.left - out.len());
        out.copy_from_slice(given);
        given.fill(0);
        self.left -= out.len();
    }
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() <= STOCKED_BYTES_MAX {
            STOCK.with_borrow_mut(|stock| stock.give(bytes));
        } else {
            generate(bytes);
        }
    }
}

fn generate(bytes: &mut [u8]) {
    // Without randomness no key may be made and nothing may be sealed, so there is no way on from here.
    aws_lc_rs::rand::fill(bytes).expect("the system has randomness");
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_draw_comes_twice_and_none_is_empty() {
        let mut seen = HashSet::new();
        for n in 0..10_000_usize {
            let mut bytes = vec![0; 12 + n % 40];
            SystemRandom.fill(&mut bytes);
            assert!(bytes.iter().any(|byte| *byte != 0));
            assert!(seen.insert(bytes[..12].to_vec()));
        }
    }
}
