//! Links to the next page: where the last one ended, sealed, so that a link that comes back is one we gave and tells
//! nobody what the records were ordered by.
//!
//! Invariant: a token is good for the question it was given with, and for no other.

mod end;

use anamnesis_seal::StoreKeys;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(super) use end::{End, Turn};

/// The token for a page that follows `end`; `question` is what was asked.
pub(super) fn token(keys: &StoreKeys, question: &str, end: &End) -> String {
    URL_SAFE_NO_PAD.encode(keys.seal_link(question.as_bytes(), &end.to_bytes()))
}

/// Where the page before ended; `None` when the token is not ours, or is another question's.
pub(super) fn read(keys: &StoreKeys, question: &str, token: &str) -> Option<End> {
    let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
    End::from_bytes(&keys.open_link(question.as_bytes(), &sealed).ok()?)
}

#[cfg(test)]
mod tests {
    use anamnesis_seal::SystemRandom;

    use super::*;

    #[test]
    fn tokens() {
        let keys = StoreKeys::generate(&SystemRandom);
        let end = End::Name("Organization/o1".parse().unwrap());
        let given = token(&keys, "Patient?name=a", &end);
        assert!(read(&keys, "Patient?name=a", &given) == Some(end));
        assert!(read(&keys, "Patient?name=b", &given).is_none(), "another question");
        let others = StoreKeys::generate(&SystemRandom);
        assert!(read(&others, "Patient?name=a", &given).is_none(), "another store");
        for at in 0..given.len() {
            let mut bent = given.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            let bent = std::str::from_utf8(&bent).unwrap();
            assert!(read(&keys, "Patient?name=a", bent).is_none(), "tampered at {at}");
        }
        for odd in ["", "0", "zz", "ä", &"0".repeat(31), &"A".repeat(64), &format!("{given}=")] {
            assert!(read(&keys, "", odd).is_none(), "{odd}");
        }
    }
}
