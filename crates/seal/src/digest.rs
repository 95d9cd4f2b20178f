//! SHA-256, the one hash of the log.

use aws_lc_rs::digest;

/// A SHA-256 (FIPS 180-4).
pub type Hash = [u8; 32];

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// The leaf of the tree that holds `entry`: <https://www.rfc-editor.org/rfc/rfc6962#section-2.1>.
pub(crate) fn leaf(entry: &[u8]) -> Hash {
    prefixed(0, &[entry])
}

/// The node above `left` and `right`, of the same section.
pub(crate) fn node(left: &Hash, right: &Hash) -> Hash {
    prefixed(1, &[left, right])
}

fn prefixed(prefix: u8, parts: &[&[u8]]) -> Hash {
    // In one piece, as the library's context for several is slower than hashing what is this short.
    let mut whole = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    whole.push(prefix);
    for part in parts {
        whole.extend_from_slice(part);
    }
    sha256(&whole)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn agrees_with_another_implementation() {
        for length in [0, 1, 55, 56, 64, 65, 1_000] {
            let bytes = vec![0xa5; length];
            assert_eq!(sha256(&bytes)[..], Sha256::digest(&bytes)[..], "{length}");
            assert_eq!(leaf(&bytes)[..], Sha256::digest([&[0][..], &bytes].concat())[..], "{length}");
        }
        let (left, right) = ([1; 32], [2; 32]);
        assert_eq!(node(&left, &right)[..], Sha256::digest([&[1][..], &left, &right].concat())[..]);
    }
}
