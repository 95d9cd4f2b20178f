//! Where people live, and the change of address that benches write.

use anamnesis_json::{Object, Value};
use anamnesis_kernel::Instant;
use compact_str::{CompactString, format_compact};

use super::elements::{DAY_US, date, list, object};
use super::person::HORIZON;
use super::rng::Rng;
use super::words::{STREETS, TOWNS, Town};

/// How long the text of an [`address_event`] is, in bytes.
const EVENT_BYTES: usize = 400;

/// An Address in this town, lived at since then.
pub(super) fn address(rng: &mut Rng, town: &Town, since: Instant) -> Object {
    let mut line = vec![Value::from(format_compact!("{} {}", rng.one_of(&STREETS), rng.between(1, 240)))];
    if rng.chance(25) {
        line.push(Value::from(format_compact!("Flat {}", rng.between(1, 40))));
    }
    object! {
        "use": "home",
        "type": "both",
        "line": line,
        "city": town.city,
        "state": town.state,
        "postalCode": digits(rng, town.postal_code),
        "country": town.country,
        "period": object! { "start": date(since) },
    }
}

/// A pattern filled in: `#` becomes a digit, `@` a capital letter.
pub(super) fn digits(rng: &mut Rng, pattern: &str) -> CompactString {
    let fill = |c| match c {
        '#' => char::from(b'0'.saturating_add(u8::try_from(rng.below(10)).unwrap_or_default())),
        '@' => char::from(b'A'.saturating_add(u8::try_from(rng.below(26)).unwrap_or_default())),
        other => other,
    };
    pattern.chars().map(fill).collect()
}

/// The data of a `PatientAddressUpdated` of version 2, whose JSON text is 400 bytes long; `n` decides what it says.
pub fn address_event(n: u64) -> Object {
    let mut rng = Rng::new(n, 0x6164_6472);
    let moved = HORIZON.plus_micros(rng.between(1, 180) * DAY_US);
    let town = rng.one_of(&TOWNS);
    let mut new = address(&mut rng, town, moved);
    let old_town = rng.one_of(&TOWNS);
    let old = object! {
        "use": "old",
        "city": old_town.city,
        "postalCode": digits(&mut rng, old_town.postal_code),
        "country": old_town.country,
        "period": object! { "end": date(moved) },
    };
    let data = |new: Object| object! { "address": list![new, old.clone()] };
    new.push("text", "");
    let left = EVENT_BYTES.saturating_sub(data(new.clone()).to_text().len());
    new.set("text", directions(&mut rng, left));
    data(new)
}

/// Directions to a door, in exactly so many bytes of ASCII.
fn directions(rng: &mut Rng, bytes: usize) -> String {
    const STEPS: [&str; 6] = [
        "second door past the bakery",
        "ring twice",
        "blue gate by the canal",
        "behind the school",
        "up the stairs",
        "ask at the front desk",
    ];
    let mut text = format!("House {}: ", rng.below(1_000_000));
    while text.len() < bytes {
        text.push_str(rng.word(&STEPS));
        text.push_str(", ");
    }
    text.truncate(bytes);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_event_is_400_bytes_and_its_own() {
        let texts: std::collections::HashSet<_> = (0..1_000).map(|n| address_event(n).to_text()).collect();
        assert_eq!(texts.len(), 1_000);
        for text in texts {
            assert_eq!(text.len(), EVENT_BYTES);
        }
        assert_eq!(address_event(7).to_text(), address_event(7).to_text());
    }

    #[test]
    fn patterns() {
        let mut rng = Rng::new(1, 1);
        let code = digits(&mut rng, "LS# #@@");
        assert!(
            code.starts_with("LS") && code.len() == 7 && code.ends_with(|c: char| c.is_ascii_uppercase()),
            "{code}"
        );
    }
}
