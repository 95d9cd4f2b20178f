//! Text to tokens.
//!
//! <https://hl7.org/fhirpath/N1/#lexical-elements>

use crate::Temporal;
use crate::error::Reason;

/// A piece of the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token<'t> {
    /// A name, bare: perhaps a keyword.
    Word(&'t str),
    /// A name in backticks, never a keyword.
    Name(String),
    String(String),
    /// Digits, perhaps with decimals.
    Number(&'t str),
    Temporal(TemporalToken),
    /// `$this`, without the sign.
    Dollar(&'t str),
    /// Punctuation and operators that are no words.
    Sign(&'static str),
    End,
}

/// A temporal literal.
#[derive(Clone, Copy)]
pub(crate) struct TemporalToken(pub(crate) Temporal);

impl PartialEq for TemporalToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.equivalent(&other.0)
    }
}

impl std::fmt::Debug for TemporalToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: &[&str] = &[
    "<=", ">=", "!=", "!~", "(", ")", "[", "]", "{", "}", ".", ",", "+", "-", "*", "/", "&", "|", "<", ">",
    "=", "~", "%",
];

pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next token and where it begins.
    pub(crate) fn next(&mut self) -> Result<(usize, Token<'t>), (usize, Reason)> {
        self.space().map_err(|reason| (self.at, reason))?;
        let start = self.at;
        self.token().map(|token| (start, token)).map_err(|reason| (start, reason))
    }

    fn space(&mut self) -> Result<(), Reason> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find(['\r', '\n']).unwrap_or(trimmed.len());
            } else if let Some(inside) = trimmed.strip_prefix("/*") {
                self.at += inside.find("*/").ok_or(Reason::Unclosed)? + 4;
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Token<'t>, Reason> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        match first {
            'A'..='Z' | 'a'..='z' | '_' => Ok(Token::Word(self.take(is_word))),
            '0'..='9' => Ok(Token::Number(self.number())),
            '\'' => self.quoted('\'').map(Token::String),
            // Not of the grammar, but FHIR's own pages write %"vs-name" so.
            '"' => self.quoted('"').map(Token::String),
            '`' => self.quoted('`').map(Token::Name),
            '@' => self.temporal(),
            '$' => {
                self.at += 1;
                Ok(Token::Dollar(self.take(is_word)))
            }
            _ => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).ok_or(Reason::Unexpected)?;
                self.at += sign.len();
                Ok(Token::Sign(sign))
            }
        }
    }

    fn take(&mut self, is: fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !is(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn number(&mut self) -> &'t str {
        let rest = self.rest();
        let mut length = self.take(|c| c.is_ascii_digit()).len();
        // `2.power(3)` is a call on a whole number.
        if self.rest().strip_prefix('.').is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()))
        {
            self.at += 1;
            length += 1 + self.take(|c| c.is_ascii_digit()).len();
        }
        rest.get(..length).unwrap_or_default()
    }

    fn quoted(&mut self, quote: char) -> Result<String, Reason> {
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                _ if c == quote => {
                    self.at += at + c.len_utf8();
                    return Ok(text);
                }
                '\\' => {
                    let (_, escaped) = chars.next().ok_or(Reason::Unclosed)?;
                    text.push(match escaped {
                        'f' => '\u{c}',
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'u' => {
                            let mut code = 0;
                            for _ in 0..4 {
                                let digit =
                                    chars.next().and_then(|(_, c)| c.to_digit(16)).ok_or(Reason::Escape)?;
                                code = code * 16 + digit;
                            }
                            char::from_u32(code).ok_or(Reason::Escape)?
                        }
                        // What is no escape is the character itself.
                        other => other,
                    });
                }
                _ => text.push(c),
            }
        }
        Err(Reason::Unclosed)
    }

    fn temporal(&mut self) -> Result<Token<'t>, Reason> {
        self.at += 1;
        let rest = self.rest();
        let is_digit = |at: usize| rest.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        // A point belongs to the literal only before a digit: `@2015.is(Date)` is a call.
        let end = rest
            .bytes()
            .enumerate()
            .position(|(at, b)| match b {
                b'0'..=b'9' | b':' | b'T' | b'Z' => false,
                b'.' | b'-' | b'+' => !is_digit(at + 1),
                _ => true,
            })
            .unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or_default();
        let read = match text.strip_prefix('T') {
            Some(time) => Temporal::time(time),
            None if text.contains('T') => Temporal::date_time(text),
            None => Temporal::date(text),
        };
        self.at += end;
        read.map(|temporal| Token::Temporal(TemporalToken(temporal))).ok_or(Reason::Literal)
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut lexer = Lexer::new(text);
        let mut found = Vec::new();
        loop {
            match lexer.next() {
                Ok((_, Token::End)) => break,
                Ok((_, token)) => found.push(format!("{token:?}")),
                Err((at, reason)) => {
                    found.push(format!("{reason} at {at}"));
                    break;
                }
            }
        }
        assert_eq!(found.join(" "), expected, "{text}");
    }

    #[test]
    fn tokens() {
        check("a.b", r#"Word("a") Sign(".") Word("b")"#);
        check("1.5.x 2.y", r#"Number("1.5") Sign(".") Word("x") Number("2") Sign(".") Word("y")"#);
        check("'a\\'\\u0041\\p'", r#"String("a'Ap")"#);
        check("`div` // all\n/* of it */ <=", r#"Name("div") Sign("<=")"#);
        check("@2015-02.is", r#"Temporal(a Date to the Month) Sign(".") Word("is")"#);
        check("@T10:30:00.5-1", "a literal out of range at 0");
        check("@2015-01-01T10:30:00.5-01:00", "Temporal(a DateTime to the Second)");
        check("$this", r#"Dollar("this")"#);
        check("'a", "an opened string, name or comment is not closed at 0");
        check("1 /* a", r#"Number("1") an opened string, name or comment is not closed at 2"#);
        check("#", "unexpected character or word at 0");
        check("'\\ud800'", "a broken escape at 0");
    }
}
