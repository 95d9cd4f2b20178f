//! Index keys no longer than every store can hold: a longer one is cut, and a hash of the whole keeps it apart.

use compact_str::{CompactString, format_compact};

/// The longest text a key has, in bytes; PostgreSQL refuses index rows beyond 2,704.
const KEY_BYTES_MAX: usize = 256;

/// `text` as a key that equals another's only when the texts are equal.
pub(crate) fn exact(text: &str) -> CompactString {
    if text.len() <= KEY_BYTES_MAX {
        return text.into();
    }
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format_compact!("{}~{hash:016x}", beginning(text, KEY_BYTES_MAX - 17))
}

/// The beginning of `text` as a key for searches by beginning.
pub(crate) fn beginning_of(text: &str) -> CompactString {
    beginning(text, KEY_BYTES_MAX).into()
}

fn beginning(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_stay_apart() {
        let long = "ä".repeat(300);
        assert_eq!(exact("short"), "short");
        assert_eq!(exact(&long).len(), 255);
        assert_ne!(exact(&long), exact(&format!("{long}b")));
        assert_eq!(beginning_of(&long), "ä".repeat(128));
    }
}
