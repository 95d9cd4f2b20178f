//! The Merkle tree of RFC 6962 as it grows: its size and the roots of its full subtrees, no leaves.
//!
//! Invariant: there is one peak for each bit that is set in the size, the largest subtree first.

use crate::digest::{Hash, node, sha256};

/// A tree that leaves can be added to and whose root can be told: <https://www.rfc-editor.org/rfc/rfc6962#section-2.1>.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    peaks: Vec<Hash>,
}

/// Bytes that are no tree: what kept them is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the bytes of a tree")]
pub struct TreeError;

impl Tree {
    /// Adds a leaf at the right.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each full subtree of the same height that stands at the right joins the new one into a higher.
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak for each bit set in the size");
            hash = node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// How many leaves it has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Its root; of an empty tree, the SHA-256 of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return sha256(b"") };
        peaks.fold(*last, |right, left| node(left, &right))
    }

    /// The size in 8 bytes, big-endian, and the peaks from the largest subtree to the smallest.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend(self.peaks.iter().flatten());
        bytes
    }

    /// The tree that [`Tree::to_bytes`] wrote.
    ///
    /// # Errors
    ///
    /// [`TreeError`] when size and length do not agree.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TreeError> {
        let (size, peaks) = bytes.split_first_chunk().ok_or(TreeError)?;
        let size = u64::from_be_bytes(*size);
        let (peaks, rest) = peaks.as_chunks();
        if !rest.is_empty() || u32::try_from(peaks.len()) != Ok(size.count_ones()) {
            return Err(TreeError);
        }
        Ok(Self { size, peaks: peaks.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// The definition of section 2.1, word for word, with another implementation of the hash.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => *one,
            many => {
                let half = many.len().next_power_of_two() / 2;
                let (left, right) = (by_definition(&many[..half]), by_definition(&many[half..]));
                Sha256::digest([&[1][..], &left, &right].concat()).into()
            }
        }
    }

    #[test]
    fn roots_of_the_reference_implementation() {
        // The inputs and roots that Certificate Transparency's own tests use.
        let inputs = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        #[rustfmt::skip]
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let mut tree = Tree::default();
        assert_eq!(hex(&tree.root()), roots[0]);
        for (input, root) in inputs.into_iter().zip(&roots[1..]) {
            let bytes: Vec<u8> = (0..input.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&input[at..at + 2], 16).unwrap())
                .collect();
            tree.push(crate::digest::leaf(&bytes));
            assert_eq!(hex(&tree.root()), *root, "size {}", tree.size());
        }
    }

    proptest! {
        #[test]
        fn grows_as_defined_and_survives_its_bytes(leaves in prop::collection::vec(any::<[u8; 32]>(), 0..70)) {
            let mut tree = Tree::default();
            for leaf in &leaves {
                tree = Tree::from_bytes(&tree.to_bytes()).unwrap();
                tree.push(*leaf);
            }
            prop_assert_eq!(tree.root(), by_definition(&leaves));
        }

        #[test]
        fn any_bytes_are_a_tree_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(tree) = Tree::from_bytes(&bytes) {
                prop_assert_eq!(tree.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn a_size_that_does_not_fit_its_peaks_is_refused() {
        let mut tree = Tree::default();
        for n in 0..5 {
            tree.push([n; 32]);
        }
        let bytes = tree.to_bytes();
        assert_eq!(Tree::from_bytes(&bytes[..bytes.len() - 1]), Err(TreeError));
        assert_eq!(Tree::from_bytes(&bytes[..bytes.len() - 32]), Err(TreeError));
        assert_eq!(Tree::from_bytes(&[]), Err(TreeError));
    }
}
