//! Text to tree, in one pass; what it refuses it locates by line and column, and never quotes.

use compact_str::CompactString;

use crate::plain::plain;
use crate::{DEPTH_MAX, Object, Value};

/// What was wrong, and where in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at line {line}, column {column}")]
pub struct ParseError {
    /// What was wrong.
    pub reason: Reason,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1.
    pub column: usize,
}

/// Why a text is not JSON that is taken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The text ends inside a value.
    #[error("the text ends too early")]
    Truncated,
    /// A character that cannot stand there.
    #[error("unexpected character")]
    Unexpected,
    /// It begins with a byte order mark, which RFC 8259 forbids.
    #[error("a byte order mark before the text")]
    ByteOrderMark,
    /// Something follows the value.
    #[error("something follows the value")]
    Trailing,
    /// The same key twice in one object.
    #[error("a key stands twice in one object")]
    DuplicateKey,
    /// Arrays and objects nest too deep.
    #[error("nested too deep")]
    TooDeep,
    /// A number RFC 8259 does not know.
    #[error("not a number as JSON writes it")]
    Number,
    /// An escape JSON does not know, or half of a surrogate pair.
    #[error("a broken escape")]
    Escape,
    /// A control character, or `U+0000` in any spelling.
    #[error("a control character in a string")]
    Control,
    /// Not UTF-8.
    #[error("not UTF-8")]
    Utf8,
}

/// Parses `text`, nesting at most [`DEPTH_MAX`] deep.
///
/// # Errors
///
/// A [`ParseError`] that says what and where.
pub fn parse(text: &[u8]) -> Result<Value, ParseError> {
    parse_with_depth(text, DEPTH_MAX)
}

/// Parses `text`, nesting at most `depth` deep.
///
/// # Errors
///
/// A [`ParseError`] that says what and where.
pub fn parse_with_depth(text: &[u8], depth: usize) -> Result<Value, ParseError> {
    let located = |at: usize, reason| {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |n| n + 1);
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        ParseError { reason, line, column: at - line_start + 1 }
    };
    let text = std::str::from_utf8(text).map_err(|e| located(e.valid_up_to(), Reason::Utf8))?;
    if text.starts_with('\u{feff}') {
        return Err(located(0, Reason::ByteOrderMark));
    }
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, pairs: Vec::new(), items: Vec::new() };
    let whole = parser.value(depth).and_then(|value| {
        parser.space();
        if parser.at == parser.bytes.len() { Ok(value) } else { Err(Reason::Trailing) }
    });
    whole.map_err(|reason| located(parser.at, reason))
}

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// The pairs of the objects that are not read to their end, outermost first: so each is laid out once it is known how
    /// many it has, in a piece of memory that fits.
    pairs: Vec<(CompactString, Value)>,
    /// The items of arrays, likewise.
    items: Vec<Value>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Reason> {
        match self.peek() {
            Some(b) if b == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Reason::Unexpected),
            None => Err(Reason::Truncated),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Reason> {
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<Value, Reason> {
        self.space();
        match self.peek().ok_or(Reason::Truncated)? {
            b'{' => self.object(depth.checked_sub(1).ok_or(Reason::TooDeep)?),
            b'[' => self.array(depth.checked_sub(1).ok_or(Reason::TooDeep)?),
            b'"' => self.string().map(Value::String),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(Reason::Unexpected),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Reason> {
        self.at += 1;
        let first = self.pairs.len();
        let mut seen = Seen::default();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(Object::new()));
        }
        loop {
            self.space();
            let start = self.at;
            let key = self.string()?;
            if seen.has(self.pairs.get(first..).unwrap_or_default(), &key) {
                self.at = start;
                return Err(Reason::DuplicateKey);
            }
            self.space();
            self.expect(b':')?;
            let value = self.value(depth)?;
            self.pairs.push((key, value));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => {
                    self.expect(b'}')?;
                    return Ok(Value::Object(Object::of_pairs(self.pairs.drain(first..).collect())));
                }
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Reason> {
        self.at += 1;
        let first = self.items.len();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(Vec::new()));
        }
        loop {
            let item = self.value(depth)?;
            self.items.push(item);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => {
                    self.expect(b']')?;
                    return Ok(Value::Array(self.items.drain(first..).collect()));
                }
            }
        }
    }

    fn digits(&mut self) -> Result<(), Reason> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Reason::Number) }
    }

    fn number(&mut self) -> Result<Value, Reason> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'0'..=b'9' | b'.')) {
            return Err(Reason::Number);
        }
        Ok(Value::Number(self.slice(start, self.at).into()))
    }

    /// The text between two places this parser stopped at; both stand beside ASCII, so on a character's edge.
    fn slice(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn plain(&mut self) {
        self.at += plain(self.bytes.get(self.at..).unwrap_or_default());
    }

    fn string(&mut self) -> Result<CompactString, Reason> {
        self.expect(b'"')?;
        let start = self.at;
        self.plain();
        if self.peek() == Some(b'"') {
            let text = CompactString::new(self.slice(start, self.at));
            self.at += 1;
            return Ok(text);
        }
        let mut text = String::from(self.slice(start, self.at));
        loop {
            match self.peek().ok_or(Reason::Truncated)? {
                b'"' => {
                    self.at += 1;
                    return Ok(text.into());
                }
                b'\\' => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                _ => return Err(Reason::Control),
            }
            let start = self.at;
            self.plain();
            text.push_str(self.slice(start, self.at));
        }
    }

    fn escape(&mut self) -> Result<char, Reason> {
        let byte = self.peek().ok_or(Reason::Truncated)?;
        self.at += 1;
        match byte {
            b'"' => Ok('"'),
            b'\\' => Ok('\\'),
            b'/' => Ok('/'),
            b'b' => Ok('\u{8}'),
            b'f' => Ok('\u{c}'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            b'u' => self.unicode(),
            _ => Err(Reason::Escape),
        }
    }

    fn unicode(&mut self) -> Result<char, Reason> {
        let first = self.hex()?;
        let code = match first {
            0 => return Err(Reason::Control),
            0xd800..=0xdbff => {
                if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
                    return Err(Reason::Escape);
                }
                self.at += 2;
                let second = self.hex()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(Reason::Escape);
                }
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            one => one,
        };
        char::from_u32(code).ok_or(Reason::Escape)
    }

    fn hex(&mut self) -> Result<u32, Reason> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(Reason::Truncated)?;
        let mut code = 0;
        for &digit in digits {
            code = code * 16 + char::from(digit).to_digit(16).ok_or(Reason::Escape)?;
        }
        self.at += 4;
        Ok(code)
    }
}

/// The keys of an object so far: compared one by one while they are few, hashed once they are many.
#[derive(Default)]
struct Seen {
    many: std::collections::HashSet<CompactString>,
}

impl Seen {
    const FEW: usize = 24;

    fn has(&mut self, pairs: &[(CompactString, Value)], key: &CompactString) -> bool {
        if pairs.len() < Self::FEW {
            return pairs.iter().any(|(known, _)| known == key);
        }
        if self.many.is_empty() {
            self.many.extend(pairs.iter().map(|(known, _)| known.clone()));
        }
        !self.many.insert(key.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> Result<String, Reason> {
        let value = parse(text.as_bytes()).map_err(|e| e.reason)?;
        Ok(String::from_utf8(value.to_text()).unwrap())
    }

    #[test]
    fn keeps_what_it_was_given() {
        for text in [
            r#"{"b":1.50,"a":[1e400,-0.0,1.1E+2,10000000000000000000001],"":{}}"#,
            r#""é \u0001 \" \\ \n 😀""#,
            "[true,false,null]",
            r#"{"$serde_json::private::Number":"7.0"}"#,
        ] {
            assert_eq!(round(text).as_deref(), Ok(text));
        }
        assert_eq!(round(r#" "\ud83d\ude00\/" "#).as_deref(), Ok("\"😀/\""));
    }

    #[test]
    fn refuses() {
        use Reason::*;
        let cases = [
            ("", Truncated),
            ("{", Truncated),
            ("[1,", Truncated),
            ("\"a", Truncated),
            ("tru", Truncated),
            ("{\"a\":1,\"a\":2}", DuplicateKey),
            ("[1]]", Trailing),
            ("[1,]", Unexpected),
            ("{a:1}", Unexpected),
            ("01", Number),
            ("1.", Number),
            ("1.5.2", Number),
            ("-", Number),
            ("+1", Unexpected),
            ("NaN", Unexpected),
            ("\"\\ud800\"", Escape),
            ("\"\\ud800\\u0041\"", Escape),
            ("\"\\udc00\"", Escape),
            ("\"\\x\"", Escape),
            ("\"\\u0000\"", Control),
            ("\"a\0b\"", Control),
            ("\"a\nb\"", Control),
            ("\u{feff}{}", ByteOrderMark),
        ];
        for (text, reason) in cases {
            assert_eq!(round(text), Err(reason), "{text}");
        }
        assert_eq!(parse(b"\"\xff\"").unwrap_err().reason, Utf8);
        assert_eq!(parse("[".repeat(10_000).as_bytes()).unwrap_err().reason, TooDeep);
        assert!(parse(("[".repeat(64) + &"]".repeat(64)).as_bytes()).is_ok());
    }

    #[test]
    fn finds_a_key_twice_among_many() {
        let many = |last: &str| {
            let pairs: Vec<_> =
                (0..100).map(|n| format!("\"k{n}\":{n}")).chain([format!("\"{last}\":0")]).collect();
            parse(format!("{{{}}}", pairs.join(",")).as_bytes()).map_err(|e| e.reason)
        };
        assert!(many("new").is_ok());
        assert_eq!(many("k3").unwrap_err(), Reason::DuplicateKey);
        assert_eq!(many("k99").unwrap_err(), Reason::DuplicateKey);
    }

    #[test]
    fn says_where() {
        let error = parse(b"{\"a\": 1,\n  \"a\": 2}").unwrap_err();
        assert_eq!((error.line, error.column), (2, 3));
    }

    #[test]
    fn sameness_is_of_values() {
        let same = |a: &str, b: &str| parse(a.as_bytes()).unwrap().same(&parse(b.as_bytes()).unwrap());
        assert!(same(r#"{"a":1,"b":[{"c":1,"d":2}]}"#, r#"{"b":[{"d":2,"c":1}],"a":1}"#));
        assert!(!same(r#"{"a":1.50}"#, r#"{"a":1.5}"#));
        assert!(!same(r#"{"a":1}"#, r#"{"a":1,"b":null}"#));
        assert!(!same("[1,2]", "[2,1]"));
    }

    proptest::proptest! {
        /// What serde_json reads we read, and the other way round, but for what is stricter here on purpose.
        #[test]
        fn agrees_with_serde_json(text in "[\\[\\]{},:\"a1e.\\\\ntu0 -]{0,24}") {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match parse(text.as_bytes()) {
                Ok(_) => assert!(theirs.is_ok() || text.contains('e'), "{text}"),
                Err(e) => assert!(theirs.is_err() || matches!(e.reason, Reason::DuplicateKey | Reason::Control), "{text}"),
            }
        }
    }
}
