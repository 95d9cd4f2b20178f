//! The kinds of values that only the caches' settings have.

use std::fmt;
use std::time::Duration;

use super::{Raw, Shown, Value, masked, put};

/// The longest prefix of keys.
const PREFIX_MAX: usize = 64;

/// An address that begins with `redis://` or `rediss://`, and may hold a password.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct RedisUrl(pub(crate) String);

/// A password in it is nobody's to see.
impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

impl Value for RedisUrl {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        let url = raw.text().filter(|url| url.starts_with("redis://") || url.starts_with("rediss://"));
        put(self, url.map(|url| Self(url.to_owned())))
    }

    fn expected(&self) -> &'static str {
        "an address that begins with redis:// or rediss://"
    }

    fn shown(&self) -> Shown {
        Shown::Text(masked(&self.0))
    }
}

/// In seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Value for Seconds {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        put(self, raw.number().map(|number| Self(Duration::from_secs(number))))
    }

    fn expected(&self) -> &'static str {
        "a whole number"
    }

    fn shown(&self) -> Shown {
        Shown::Number(self.0.as_secs())
    }
}

/// What keys begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix(pub(crate) String);

impl Value for Prefix {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        let good = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
        let taken = |text: &&str| (1..=PREFIX_MAX).contains(&text.len()) && text.bytes().all(good);
        put(self, raw.text().filter(taken).map(|text| Self(text.to_owned())))
    }

    fn expected(&self) -> &'static str {
        "1 to 64 letters, digits, and - _ . :"
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_of_redis_is_masked_everywhere() {
        let mut url: Option<RedisUrl> = None;
        assert!(url.accept(Raw::Words("rediss://ann:se/cret@here:6380/2")));
        assert!(url.accept(Raw::Words("rediss://:secret@here:6380/2")));
        assert_eq!(url.shown().words(), "rediss://***@here:6380/2");
        assert_eq!(format!("{url:?}"), "Some(rediss://***@here:6380/2)");
        assert!(!url.accept(Raw::Words("http://here:6380")));
    }

    #[test]
    fn prefixes() {
        let taken = |text: &str| Prefix(String::new()).accept(Raw::Words(text));
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("anamnesis",       true),
            ("ward-3:v1.x_y",   true),
            ("",                false),
            ("two words",       false),
            ("a*",              false),
            ("{a}",             false),
        ];
        for (text, expected) in cases {
            assert_eq!(taken(text), expected, "{text}");
        }
        assert!(!taken(&"x".repeat(65)));
    }
}
