//! Which names someone may have meant.

use anamnesis_kernel::ResourceType;

use crate::catalogue::rows_of;

/// Up to three names of events of this type that are spelled most alike, nearest first.
pub(super) fn nearest(kind: ResourceType, meant: &str) -> Vec<&'static str> {
    nearest_of(rows_of(kind).map(|row| row.kind), meant)
}

/// Up to three of these names that are spelled most like the one meant, nearest first.
pub fn nearest_of<'a>(names: impl Iterator<Item = &'a str>, meant: &str) -> Vec<&'a str> {
    // Distances grow with the product of lengths, and no name is longer than this.
    const NAME_BYTES_MAX: usize = 64;
    if meant.len() > NAME_BYTES_MAX {
        return Vec::new();
    }
    let mut names: Vec<(usize, &str)> = names.map(|name| (distance(meant, name), name)).collect();
    names.sort_unstable();
    names.into_iter().filter(|(far, name)| *far * 2 <= name.len()).take(3).map(|(_, name)| name).collect()
}

/// Levenshtein's, by bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(left);
        for (y, &above) in b.bytes().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            next.push(left);
            diagonal = above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near() {
        #[rustfmt::skip]
        let cases = [("", "abc", 3), ("abc", "abc", 0), ("abc", "abd", 1), ("kitten", "sitting", 3), ("abc", "", 3)];
        for (a, b, far) in cases {
            assert_eq!(distance(a, b), far, "{a} {b}");
        }
        assert_eq!(
            nearest(ResourceType::PATIENT, "PatientAddressChanged").first(),
            Some(&"PatientAddressUpdated")
        );
        assert!(nearest(ResourceType::PATIENT, "x").is_empty());
        assert_eq!(nearest_of(["listen", "data"].into_iter(), "lisen"), ["listen"]);
    }
}
