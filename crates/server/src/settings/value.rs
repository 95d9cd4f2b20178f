//! The kinds of values settings have: how each is read, shown, and described to who gave something else.

mod cache;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anamnesis_json::Value as Json;
use http::HeaderValue;
use toml::de::DeValue;
use tracing_subscriber::EnvFilter;

use crate::app::ConditionalDelete;
use crate::validation::Validation;

pub(crate) use cache::{Prefix, RedisUrl, Seconds};

/// What someone gave for a setting.
#[derive(Clone, Copy)]
pub(super) enum Raw<'a> {
    /// Words of a command line or of the environment.
    Words(&'a str),
    /// A value of a file.
    Toml(&'a DeValue<'a>),
}

impl Raw<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Words(words) => Some(words),
            Self::Toml(value) => value.as_str(),
        }
    }

    fn number(&self) -> Option<u64> {
        let (digits, radix) = match self {
            Self::Words(words) => (*words, 10),
            Self::Toml(value) => value.as_integer().map(|number| (number.as_str(), number.radix()))?,
        };
        // The standard library takes a plus sign, which nobody means.
        if digits.starts_with('+') { None } else { u64::from_str_radix(digits, radix).ok() }
    }

    fn truth(&self) -> Option<bool> {
        match self {
            Self::Words("true" | "1" | "yes" | "on") => Some(true),
            Self::Words("false" | "0" | "no" | "off") => Some(false),
            Self::Words(_) => None,
            Self::Toml(value) => value.as_bool(),
        }
    }
}

/// A setting's value, as it is shown; secrets are masked already.
pub(crate) enum Shown {
    /// Not set.
    Nothing,
    /// A number.
    Number(u64),
    /// Yes or no.
    Truth(bool),
    /// A text.
    Text(String),
}

impl Shown {
    /// For people.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Nothing => "-".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    /// For programs.
    pub(crate) fn json(&self) -> Json {
        match self {
            Self::Nothing => Json::Null,
            Self::Number(number) => (*number).into(),
            Self::Truth(truth) => (*truth).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

/// One kind of value.
pub(crate) trait Value {
    /// Takes what was given; false, and nothing changed, when it is of another kind.
    fn accept(&mut self, raw: Raw<'_>) -> bool;

    /// What can be given, in words.
    fn expected(&self) -> &'static str;

    /// The value as it is shown.
    fn shown(&self) -> Shown;

    /// The number it is, where it is one.
    fn number(&self) -> Option<u64> {
        match self.shown() {
            Shown::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Whether it is a number.
    fn is_number(&self) -> bool {
        self.number().is_some()
    }

    /// Whether it is yes or no, so that its flag needs no value.
    fn is_truth(&self) -> bool {
        matches!(self.shown(), Shown::Truth(_))
    }
}

/// Puts what was read, if anything was.
fn put<T>(place: &mut T, read: Option<T>) -> bool {
    read.map(|read| *place = read).is_some()
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Value for $number {
            fn accept(&mut self, raw: Raw<'_>) -> bool {
                put(self, raw.number().and_then(|number| number.try_into().ok()))
            }

            fn expected(&self) -> &'static str {
                "a whole number"
            }

            fn shown(&self) -> Shown {
                Shown::Number(*self as u64)
            }
        }
    )*};
}

numbers!(usize, u32, u64);

/// In milliseconds.
impl Value for Duration {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        put(self, raw.number().map(Self::from_millis))
    }

    fn expected(&self) -> &'static str {
        "a whole number"
    }

    fn shown(&self) -> Shown {
        Shown::Number(u64::try_from(self.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Value for bool {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        put(self, raw.truth())
    }

    fn expected(&self) -> &'static str {
        "true or false"
    }

    fn shown(&self) -> Shown {
        Shown::Truth(*self)
    }
}

impl Value for SocketAddr {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        put(self, raw.text().and_then(|text| text.parse().ok()))
    }

    fn expected(&self) -> &'static str {
        "an address and a port, such as \"127.0.0.1:8080\""
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.to_string())
    }
}

impl Value for PathBuf {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        put(self, raw.text().filter(|text| !text.is_empty()).map(Self::from))
    }

    fn expected(&self) -> &'static str {
        "a path"
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.display().to_string())
    }
}

/// An address that begins with `http://` or `https://`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url(pub(crate) String);

impl Value for Url {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        let url = raw.text().filter(|url| url.starts_with("http://") || url.starts_with("https://"));
        put(self, url.map(|url| Self(url.trim_end_matches('/').to_owned())))
    }

    fn expected(&self) -> &'static str {
        "an address that begins with http:// or https://"
    }

    fn shown(&self) -> Shown {
        Shown::Text(masked(&self.0))
    }
}

/// An address as it may be shown: a password in it is nobody's to see.
fn masked(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}{path}"),
        None => url.to_owned(),
    }
}

/// Addresses of profiles, with spaces or commas between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Addresses(pub(crate) Vec<String>);

impl Value for Addresses {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        let text = raw.text().map(|text| text.split([' ', ',']).filter(|one| !one.is_empty()));
        let all: Option<Vec<String>> = text.map(|all| all.map(str::to_owned).collect());
        put(self, all.filter(|all| all.iter().all(|one| one.contains(':'))).map(Self))
    }

    fn expected(&self) -> &'static str {
        "addresses with spaces between"
    }

    fn shown(&self) -> Shown {
        if self.0.is_empty() { Shown::Nothing } else { Shown::Text(self.0.join(" ")) }
    }
}

/// How much is logged: a filter that `tracing-subscriber` understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Level(pub(crate) String);

impl Default for Level {
    fn default() -> Self {
        Self("info".into())
    }
}

impl Value for Level {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        let level = raw.text().filter(|text| !text.is_empty() && EnvFilter::try_new(text).is_ok());
        put(self, level.map(|level| Self(level.to_owned())))
    }

    fn expected(&self) -> &'static str {
        "error, warn, info, debug, trace, or a filter such as \"anamnesis=debug\""
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.0.clone())
    }
}

/// Origins of scripts, as browsers name them, or `*` for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origins(pub(crate) Vec<HeaderValue>);

impl Origins {
    fn read(text: &str) -> Option<HeaderValue> {
        let has_path = |rest: &str| rest.is_empty() || rest.contains('/');
        let origin = text
            .split_once("://")
            .is_some_and(|(scheme, rest)| matches!(scheme, "http" | "https") && !has_path(rest));
        if origin || text == "*" { HeaderValue::from_str(text).ok() } else { None }
    }
}

impl Value for Origins {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        let read: Option<Vec<HeaderValue>> = match raw {
            Raw::Words(words) => {
                words.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(Self::read).collect()
            }
            Raw::Toml(value) => match value.as_array() {
                Some(origins) => {
                    origins.iter().map(|origin| origin.get_ref().as_str().and_then(Self::read)).collect()
                }
                None => value.as_str().and_then(Self::read).map(|origin| vec![origin]),
            },
        };
        put(self, read.map(Self))
    }

    fn expected(&self) -> &'static str {
        "origins such as \"https://app.example.org\", or \"*\"; several as a list, or with commas between them"
    }

    fn shown(&self) -> Shown {
        let origins: Vec<_> =
            self.0.iter().map(|origin| String::from_utf8_lossy(origin.as_bytes())).collect();
        if origins.is_empty() { Shown::Nothing } else { Shown::Text(origins.join(", ")) }
    }
}

impl Value for ConditionalDelete {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        put(self, raw.text().and_then(|text| Self::ALL.into_iter().find(|how| how.code() == text)))
    }

    fn expected(&self) -> &'static str {
        "single or multiple"
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.code().to_owned())
    }
}

impl Value for Validation {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        put(self, raw.text().and_then(|text| Self::ALL.into_iter().find(|how| how.code() == text)))
    }

    fn expected(&self) -> &'static str {
        "strict or lenient"
    }

    fn shown(&self) -> Shown {
        Shown::Text(self.code().to_owned())
    }
}

/// What need not be set.
impl<T: Value + Default> Value for Option<T> {
    fn accept(&mut self, raw: Raw<'_>) -> bool {
        let mut value = T::default();
        value.accept(raw) && {
            *self = Some(value);
            true
        }
    }

    fn expected(&self) -> &'static str {
        T::default().expected()
    }

    fn shown(&self) -> Shown {
        self.as_ref().map_or(Shown::Nothing, Value::shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let number = |words| {
            let mut value = 7_u32;
            value.accept(Raw::Words(words)).then_some(value)
        };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("5",          Some(5)),
            ("0",          Some(0)),
            ("4294967296", None),
            ("+5",         None),
            ("-5",         None),
            ("5 MiB",      None),
            ("",           None),
        ];
        for (words, expected) in cases {
            assert_eq!(number(words), expected, "{words}");
        }
        let mut truth = false;
        assert!(truth.accept(Raw::Words("true")) && truth);
        assert!(!truth.accept(Raw::Words("perhaps")) && truth, "what is refused changes nothing");
    }

    #[test]
    fn a_password_is_masked() {
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("http://ann:secret@here:80/fhir/", "http://***@here:80/fhir"),
            ("https://here/a@b",                "https://here/a@b"),
        ];
        for (url, shown) in cases {
            let mut value: Option<Url> = None;
            assert!(value.accept(Raw::Words(url)));
            assert_eq!(value.shown().words(), shown);
        }
        assert!(!Url::default().accept(Raw::Words("here:80")));
    }
}
