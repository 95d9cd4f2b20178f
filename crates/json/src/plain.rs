//! How much of a string stands in JSON text as it is.

/// How many bytes from the front on need no escape: no control character, quote or backslash.
///
/// Eight are looked at together: a byte's high bit is set where it is one of those, or lies behind one of those, so the
/// lowest that is set is right.
pub(crate) fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES * 0x80;
    let below = |word: u64, byte: u8| word.wrapping_sub(ONES * u64::from(byte)) & !word;
    let is = |word: u64, byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let (words, rest) = bytes.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = (below(word, b' ') | is(word, b'"') | is(word, b'\\')) & HIGH;
        if found != 0 {
            return n * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let escaped = |byte: &u8| *byte < b' ' || matches!(byte, b'"' | b'\\');
    words.len() * 8 + rest.iter().position(escaped).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::plain;

    fn one_by_one(bytes: &[u8]) -> usize {
        bytes.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\').unwrap_or(bytes.len())
    }

    #[test]
    fn every_byte_in_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                for around in [b' ', b'a', 0x7f, 0x80, 0xff, b'!', b'#', b'[', b']'] {
                    let mut bytes = [around; 20];
                    bytes[at] = byte;
                    assert_eq!(plain(&bytes), one_by_one(&bytes), "{byte} at {at} among {around}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn as_one_by_one(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(plain(&bytes), one_by_one(&bytes));
        }
    }
}
