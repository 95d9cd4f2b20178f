//! Rows in the order of their keys, found fast: nearly all are told apart by what fits one number.

use anamnesis_kernel::search::Key;
use anamnesis_store::{IndexRow, IndexWrite};

/// Beside the parameter and the kind of key there is room for so much of the key.
const BEGINNING_BYTES: usize = 11;

/// Sorts them by their rows.
pub(super) fn sort(writes: &mut Vec<&IndexWrite>) {
    let mut led: Vec<(u128, &IndexWrite)> = writes.iter().map(|write| (lead(write.row()), *write)).collect();
    led.sort_unstable_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.row().cmp(b.row())));
    writes.clear();
    writes.extend(led.into_iter().map(|(_, write)| write));
}

/// A number that is no greater than that of any row which comes later.
fn lead(row: &IndexRow) -> u128 {
    let (kind, beginning): (u8, u128) = match &row.entry.key {
        Key::Token { code, .. } => (0, first(code.as_bytes())),
        Key::Text { text, .. } => (1, first(text.as_bytes())),
        Key::Date { low, .. } => (2, rising(*low)),
        // Of a negative number all bits but the sign are turned, as the larger is the lesser.
        Key::Quantity { low, .. } => {
            let bits = low.get().to_bits().cast_signed();
            (3, rising(if bits < 0 { bits ^ i64::MAX } else { bits }))
        }
        Key::Reference { kind, id } => (4, (u128::from(*kind) << 72) | (first(id.as_bytes()) >> 16)),
        Key::Words { .. } => (5, 0),
    };
    (u128::from(row.entry.param.0) << 96) | (u128::from(kind) << (8 * BEGINNING_BYTES)) | beginning
}

/// The first bytes as a number.
fn first(bytes: &[u8]) -> u128 {
    let mut beginning = [0; BEGINNING_BYTES];
    let length = bytes.len().min(BEGINNING_BYTES);
    if let (Some(to), Some(from)) = (beginning.get_mut(..length), bytes.get(..length)) {
        to.copy_from_slice(from);
    }
    beginning.iter().fold(0, |number, byte| (number << 8) | u128::from(*byte))
}

/// A number without a sign in the place of one with.
fn rising(number: i64) -> u128 {
    u128::from(number.cast_unsigned() ^ (1 << 63)) << (8 * BEGINNING_BYTES - 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anamnesis_kernel::Instant;
    use anamnesis_kernel::search::{Entry, Param, Place, Real};

    #[test]
    fn what_leads_agrees_with_the_order_of_rows() {
        let texts = ["", "a", "ab", "abcdefghijk", "abcdefghijkl", "abcdefghijkz", "b", "\u{e9}", "\u{ffff}"];
        let numbers = [i64::MIN, -2_000_000, -1, 0, 1, 7, i64::MAX];
        let reals = [f64::NEG_INFINITY, -1e300, -2.5, -1.0, 0.0, 1e-300, 1.0, 2.5, f64::INFINITY];
        let mut keys: Vec<Key> = Vec::new();
        for text in texts {
            keys.push(Key::Token { code: text.into(), system: "s".into() });
            keys.push(Key::Text { text: text.into(), exact: "".into() });
            keys.extend([0, 1, 300].map(|kind| Key::Reference { kind, id: text.into() }));
        }
        keys.extend(numbers.map(|low| Key::Date { low, high: i64::MAX }));
        keys.extend(reals.map(|low| {
            let (low, high) = (Real::new(low).unwrap(), Real::GREATEST);
            Key::Quantity { low, high, unit: "u".into(), system: "".into() }
        }));
        let place = Place { date: 0, record: 1, partition: 0 };
        let mut writes: Vec<IndexWrite> = Vec::new();
        for param in [3, 1, u32::MAX, 2] {
            for key in keys.iter().rev() {
                let entry = Entry { param: Param(param), key: key.clone(), group: 0 };
                writes.push(IndexWrite::Open(IndexRow { entry, place }, Instant::from_micros(1)));
            }
        }
        let mut sorted: Vec<&IndexWrite> = writes.iter().collect();
        sort(&mut sorted);
        assert!(sorted.is_sorted_by_key(|write| write.row()));
        assert_eq!(sorted.len(), writes.len());
    }
}
