//! The primitive types, and which texts are values of each: <https://hl7.org/fhir/R4/datatypes.html#primitive>.
//!
//! Invariant: what is wrong is said in words about the type, never by showing the text.

mod time;

use anamnesis_json::Value;
use anamnesis_kernel::ResourceId;

/// How long a string, markdown or uri may be, in bytes; base64 is bounded by the body alone.
pub(crate) const STRING_BYTES_MAX: usize = 1 << 20;

macro_rules! primitives {
    ($($name:ident = $code:literal),* $(,)?) => {
        /// A primitive type of R4, in the order of the generated tables.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Primitive { $($name),* }

        impl Primitive {
            /// All of them, in order.
            pub(crate) const ALL: [Self; 20] = [$(Self::$name),*];

            /// Its name in FHIR.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }
        }
    };
}

primitives! {
    Boolean = "boolean", Integer = "integer", UnsignedInt = "unsignedInt", PositiveInt = "positiveInt",
    Decimal = "decimal", String = "string", Code = "code", Id = "id", Markdown = "markdown",
    Base64Binary = "base64Binary", Date = "date", DateTime = "dateTime", Instant = "instant", Time = "time",
    Xhtml = "xhtml", Uri = "uri", Url = "url", Canonical = "canonical", Oid = "oid", Uuid = "uuid",
}

/// Why a value is not one of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// JSON of another kind belongs here.
    Kind,
    /// The text is longer than any may be.
    TooLong,
    /// The text is none of the type, which is said in these words.
    Form(&'static str),
}

impl Primitive {
    /// The JSON it is written as, in a word.
    pub(crate) const fn json_name(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Integer | Self::UnsignedInt | Self::PositiveInt | Self::Decimal => "a number",
            _ => "a string",
        }
    }

    /// Whether it is an address: uri, url, canonical, oid, uuid.
    pub(crate) const fn is_address(self) -> bool {
        matches!(self, Self::Uri | Self::Url | Self::Canonical | Self::Oid | Self::Uuid)
    }

    /// Whether `value` is one of this type.
    pub(crate) fn judge(self, value: &Value) -> Result<(), Fault> {
        let is_number = matches!(self, Self::Integer | Self::UnsignedInt | Self::PositiveInt | Self::Decimal);
        match value {
            Value::Bool(_) if self == Self::Boolean => Ok(()),
            Value::Number(text) if is_number => self.judge_number(text),
            Value::String(text) if !is_number && self != Self::Boolean => self.judge_text(text),
            _ => Err(Fault::Kind),
        }
    }

    fn judge_number(self, text: &str) -> Result<(), Fault> {
        let whole = || text.parse::<i32>().ok();
        let (good, form) = match self {
            Self::Integer => (whole().is_some(), "must be a whole number of 32 bits"),
            Self::UnsignedInt => (whole().is_some_and(|n| n >= 0), "must be a whole number, not negative"),
            Self::PositiveInt => (whole().is_some_and(|n| n > 0), "must be a whole number above 0"),
            // JSON's own grammar of numbers is that of a decimal; more digits than 18 cannot be computed with.
            _ => (text.len() <= DECIMAL_CHARACTERS_MAX, "must be a decimal of fewer digits"),
        };
        if good { Ok(()) } else { Err(Fault::Form(form)) }
    }

    fn judge_text(self, text: &str) -> Result<(), Fault> {
        if text.is_empty() {
            return Err(Fault::Form("must not be empty"));
        }
        if text.len() > STRING_BYTES_MAX && !matches!(self, Self::Base64Binary | Self::Xhtml) {
            return Err(Fault::TooLong);
        }
        let (good, form) = match self {
            Self::String | Self::Markdown if has_script(text) => (false, "must not hold a script element"),
            Self::Xhtml if !has_xml_entities(text) => {
                (false, "must use characters for entities that XML does not have")
            }
            Self::String | Self::Markdown | Self::Xhtml => {
                (!has_control(text), "must not hold control characters other than tab, CR and LF")
            }
            Self::Code => (is_code(text), "must be a code: no space around it, single spaces within"),
            Self::Id => (ResourceId::new(text).is_ok(), "must be an id: 1 to 64 of A-Z a-z 0-9 - ."),
            Self::Uri | Self::Url | Self::Canonical => (!has_space(text), "must be a URI, without spaces"),
            Self::Oid => (is_oid(text), "must be an OID: urn:oid: and numbers with dots between"),
            Self::Uuid => {
                (is_uuid(text), "must be a UUID: urn:uuid: and 32 digits in lower case, 8-4-4-4-12")
            }
            Self::Base64Binary => (is_base64(text), "must be base64"),
            Self::Date => (time::is_date(text), "must be a date that exists: YYYY, YYYY-MM or YYYY-MM-DD"),
            Self::DateTime => (
                time::is_date_time(text),
                "must be a date, or a date and time with seconds and zone, that exists",
            ),
            Self::Instant => {
                (time::is_instant(text), "must be a date and time with seconds and zone, that exists")
            }
            Self::Time => (time::is_time(text), "must be a time: hh:mm:ss"),
            Self::Boolean | Self::Integer | Self::UnsignedInt | Self::PositiveInt | Self::Decimal => {
                return Err(Fault::Kind);
            }
        };
        if good { Ok(()) } else { Err(Fault::Form(form)) }
    }
}

/// How long the text of a decimal may be; beyond it nothing can compute with it.
const DECIMAL_CHARACTERS_MAX: usize = 64;

/// Whether there is a character below a space that R4 does not allow in text.
fn has_control(text: &str) -> bool {
    text.bytes().any(|b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r'))
}

/// Whether a program stands in it that a careless page would run.
fn has_script(text: &str) -> bool {
    let tag = "<script";
    text.match_indices('<')
        .any(|(at, _)| text.get(at..at + tag.len()).is_some_and(|found| found.eq_ignore_ascii_case(tag)))
}

/// Whether every entity is one of XML's own, or a number.
fn has_xml_entities(text: &str) -> bool {
    text.split('&').skip(1).all(|behind| {
        let name = behind.split(';').next().unwrap_or_default();
        matches!(name, "lt" | "gt" | "amp" | "quot" | "apos") || name.starts_with('#')
    })
}

/// Whether there is white space, or a character that is none.
fn has_space(text: &str) -> bool {
    text.bytes().any(|b| b <= 0x20) || (!text.is_ascii() && text.chars().any(char::is_whitespace))
}

fn is_code(text: &str) -> bool {
    let space = |b: &u8| b.is_ascii_whitespace();
    let bytes = text.as_bytes();
    !bytes.first().is_some_and(space)
        && !bytes.last().is_some_and(space)
        && !bytes.windows(2).any(|two| two.iter().all(space))
        && !has_control(text)
}

fn is_oid(text: &str) -> bool {
    let Some(numbers) = text.strip_prefix("urn:oid:") else { return false };
    let number =
        |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && (n == "0" || !n.starts_with('0'));
    let mut parts = numbers.split('.');
    matches!(parts.next(), Some("0" | "1" | "2")) && {
        let mut rest = parts.peekable();
        rest.peek().is_some() && rest.all(number)
    }
}

fn is_uuid(text: &str) -> bool {
    let Some(digits) = text.strip_prefix("urn:uuid:") else { return false };
    digits.len() == 36
        && digits.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => matches!(b, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// Groups of four of the alphabet, padded at the end only, with white space between.
fn is_base64(text: &str) -> bool {
    let (mut digits, mut pads) = (0_usize, 0_usize);
    for b in text.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if pads == 0 => digits += 1,
            b'=' => pads += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => return false,
        }
    }
    pads <= 2 && digits > 0 && (digits + pads).is_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line a type: its name, what it takes, what it refuses.
    #[test]
    fn values() {
        #[rustfmt::skip] // A table reads by column.
        let cases: &[(&str, &[&str], &[&str])] = &[
         // type            takes                                                   refuses
            ("boolean",     &["true", "false"],                                     &["1", "\"true\"", "null"]),
            ("integer",     &["0", "-7", "2147483647", "-2147483648"],              &["1.0", "1e3", "2147483648", "\"1\""]),
            ("unsignedInt", &["0", "7"],                                            &["-1", "0.5"]),
            ("positiveInt", &["1"],                                                 &["0", "-1"]),
            ("decimal",     &["0", "-1.50", "1e-7", "100.000"],                     &["\"1.5\"", "true"]),
            ("string",      &["\"a\"", "\" \"", "\"a\\n\\tb\"", "\"ä\""],           &["\"\"", "\"a\\u0007\"", "1", "\"a <SCRIPT>b\""]),
            ("markdown",    &["\"# a\\n\\nb\""],                                    &["\"\"", "\"\\u001b[\""]),
            ("xhtml",       &["\"<div>&lt;&#160;</div>\""],                         &["\"<div>&nbsp;</div>\"", "\"\""]),
            ("code",        &["\"a\"", "\"a b\"", "\"<=\""],                        &["\"\"", "\" a\"", "\"a \"", "\"a  b\"", "\"a\\t b\""]),
            ("id",          &["\"a-1.B\""],                                         &["\"a_b\"", "\"a/b\"", "\"ä\"", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""]),
            ("uri",         &["\"http://a/b?c=d#e\"", "\"urn:x\"", "\"a\""],         &["\"http://a b\"", "\" a\"", "\"a\\n\"", "\"a\\u00a0b\"", "\"\""]),
            ("canonical",   &["\"http://a/b|1.0\""],                                &["\"http://a/b | 1\""]),
            ("oid",         &["\"urn:oid:1.2.3\"", "\"urn:oid:2.0\""],              &["\"1.2.3\"", "\"urn:oid:3.1\"", "\"urn:oid:1\"", "\"urn:oid:1.02\"", "\"urn:oid:1..2\""]),
            ("uuid",        &["\"urn:uuid:c757873d-ec9a-4326-a141-556f43239520\""], &["\"c757873d-ec9a-4326-a141-556f43239520\"", "\"urn:uuid:C757873D-EC9A-4326-A141-556F43239520\"", "\"urn:uuid:1\""]),
            ("base64Binary", &["\"YQ==\"", "\"YWI=\"", "\"YWJj\"", "\"YW\\nJj\""],  &["\"YQ\"", "\"YQ=\"", "\"=\"", "\"Y=Q=\"", "\"%%%%\"", "\"\""]),
            ("date",        &["\"2024\"", "\"2024-02\"", "\"2024-02-29\""],         &["\"2023-02-29\"", "\"2024-13\"", "\"0000\"", "\"24\"", "\"2024-2\"", "\"2024-02-29T10:00:00Z\"", "\"2024-02-00\""]),
            ("dateTime",    &["\"2024\"", "\"2024-02-29T23:59:60Z\"", "\"2024-02-29T10:00:00.123+14:00\"", "\"2024-02-29T10:00:00-13:59\""], &["\"2024-02-29T10:00Z\"", "\"2024-02-29T10:00:00\"", "\"2024-02-29T24:00:00Z\"", "\"2024-02-29T10:00:00.Z\"", "\"2024-02-29T10:00:00+14:01\"", "\"2024-02T10:00:00Z\"", "\"2024-02-29t10:00:00Z\""]),
            ("instant",     &["\"2024-02-29T10:00:00Z\"", "\"2024-02-29T10:00:00.5+01:00\""], &["\"2024-02-29\"", "\"2024-02-29T10:00:00\"", "\"2024-02-30T10:00:00Z\""]),
            ("time",        &["\"10:00:00\"", "\"23:59:60.5\""],                    &["\"10:00\"", "\"24:00:00\"", "\"10:00:00Z\"", "\"1:00:00\""]),
        ];
        for (name, takes, refuses) in cases {
            let primitive = Primitive::ALL.into_iter().find(|p| p.name() == *name).unwrap();
            let judge = |json: &&str| primitive.judge(&anamnesis_json::parse(json.as_bytes()).unwrap());
            for json in *takes {
                assert_eq!(judge(json), Ok(()), "{name} {json}");
            }
            for json in *refuses {
                assert!(judge(json).is_err(), "{name} {json}");
            }
        }
    }

    #[test]
    fn strings_are_of_a_megabyte() {
        let of = |length: usize| Primitive::String.judge(&Value::from("x".repeat(length)));
        assert_eq!(of(STRING_BYTES_MAX), Ok(()));
        assert_eq!(of(STRING_BYTES_MAX + 1), Err(Fault::TooLong));
    }
}
