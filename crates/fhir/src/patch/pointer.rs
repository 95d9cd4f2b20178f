//! JSON Pointers: <https://www.rfc-editor.org/rfc/rfc6901>.

use anamnesis_json::Value;
use compact_str::CompactString;

/// A place in a JSON value: the whole when it has no steps.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pointer(Vec<CompactString>);

impl Pointer {
    /// Reads `/name/0/family`; none when it does not begin with a slash, or a tilde escapes nothing.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        text.strip_prefix('/')?.split('/').map(unescaped).collect::<Option<_>>().map(Self)
    }

    /// How many steps it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether `other` lies inside of what this points to.
    pub(super) fn contains(&self, other: &Self) -> bool {
        other.0.len() > self.0.len() && other.0.starts_with(&self.0)
    }

    /// The way to what holds the place, and the last step; none for the whole.
    pub(super) fn split(&self) -> Option<(&[CompactString], &str)> {
        self.0.split_last().map(|(last, above)| (above, last.as_str()))
    }

    /// What stands there.
    pub(super) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, step| match value {
            Value::Object(object) => object.get(step),
            Value::Array(items) => items.get(index(step)?),
            _ => None,
        })
    }
}

/// What stands at the end of the steps, for changing.
pub(super) fn follow<'v>(value: &'v mut Value, steps: &[CompactString]) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, |value, step| match value {
        Value::Object(object) => object.get_mut(step),
        Value::Array(items) => items.get_mut(index(step)?),
        _ => None,
    })
}

/// An index as the RFC writes it: digits without a zero in front.
pub(super) fn index(step: &str) -> Option<usize> {
    let digits = !step.is_empty() && step.bytes().all(|b| b.is_ascii_digit());
    let plain = digits && (step == "0" || !step.starts_with('0'));
    if plain { step.parse().ok() } else { None }
}

fn unescaped(step: &str) -> Option<CompactString> {
    if !step.contains('~') {
        return Some(step.into());
    }
    let mut out = CompactString::with_capacity(step.len());
    let mut chars = step.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers() {
        // The document and the pointers of section 5 of the RFC, and some that point to nothing.
        let text =
            r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
        let value = anamnesis_json::parse(text.as_bytes()).unwrap();
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("",       Some(text)),
            ("/foo",   Some(r#"["bar","baz"]"#)),
            ("/foo/0", Some(r#""bar""#)),
            ("/",      Some("0")),
            ("/a~1b",  Some("1")),
            ("/c%d",   Some("2")),
            ("/e^f",   Some("3")),
            ("/g|h",   Some("4")),
            ("/i\\j",  Some("5")),
            ("/k\"l",  Some("6")),
            ("/ ",     Some("7")),
            ("/m~0n",  Some("8")),
            ("/foo/2", None),
            ("/foo/00", None),
            ("/foo/-", None),
            ("/foo/0/x", None),
        ];
        for (pointer, expected) in cases {
            let found = Pointer::parse(pointer).unwrap();
            let found = found.find(&value).map(|found| String::from_utf8(found.to_text()).unwrap());
            assert_eq!(found.as_deref(), expected, "{pointer}");
        }
        for broken in ["foo", "/a~", "/a~2", "0"] {
            assert!(Pointer::parse(broken).is_none(), "{broken}");
        }
    }
}
