//! Words in all of a record: `_text` and `_content`, <https://hl7.org/fhir/R4/search.html#content>.
//!
//! Invariant: what comes out is an expression of the full-text index that is made of quoted words and of the operators
//! written here; nothing that was sent stands in it unquoted.

use compact_str::CompactString;

use super::Limits;
use super::wrong::Wrong;

/// What is said of the parts of an expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Open,
    Close,
    And,
    Or,
    Not,
    /// One word or several in order; whether only their beginning is given.
    Words(&'a str, bool),
}

/// `(bone OR liver) metastases NOT "soft tissue"`: words side by side must all be there.
pub(super) fn expression(text: &str, limits: &Limits) -> Result<CompactString, Wrong> {
    if text.len() > limits.filter_bytes_max {
        return Err(Wrong::costly(format!("longer than {} bytes", limits.filter_bytes_max)));
    }
    let pieces = pieces(text)?;
    if pieces.iter().filter(|piece| matches!(piece, Piece::Words(..))).count() > limits.values_max {
        return Err(Wrong::costly(format!("more than {} words", limits.values_max)));
    }
    let mut parse =
        Parse { pieces: &pieces, out: CompactString::default(), depth_left: limits.filter_depth_max };
    parse.any()?;
    if parse.pieces.is_empty() { Ok(parse.out) } else { Err("a parenthesis that closes nothing".into()) }
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Wrong> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        match first {
            '(' | ')' => {
                found.push(if first == '(' { Piece::Open } else { Piece::Close });
                rest = rest.get(1..).unwrap_or_default();
            }
            '"' => {
                let inner = rest.get(1..).unwrap_or_default();
                let (words, after) = inner.split_once('"').ok_or("a quote that is not closed")?;
                found.push(Piece::Words(words, false));
                rest = after;
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"'));
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                found.push(match word {
                    "AND" | "and" => Piece::And,
                    "OR" | "or" => Piece::Or,
                    "NOT" | "not" => Piece::Not,
                    _ => match word.strip_suffix('*') {
                        Some(beginning) => Piece::Words(beginning, true),
                        None => Piece::Words(word, false),
                    },
                });
                rest = after;
            }
        }
        rest = rest.trim_start();
    }
    Ok(found)
}

struct Parse<'a> {
    pieces: &'a [Piece<'a>],
    out: CompactString,
    depth_left: usize,
}

impl Parse<'_> {
    fn any(&mut self) -> Result<(), Wrong> {
        self.all()?;
        while self.takes(Piece::Or) {
            self.out.push_str(" OR ");
            self.all()?;
        }
        Ok(())
    }

    fn all(&mut self) -> Result<(), Wrong> {
        self.without()?;
        while self.takes(Piece::And) || matches!(self.pieces.first(), Some(Piece::Words(..) | Piece::Open)) {
            self.out.push_str(" AND ");
            self.without()?;
        }
        Ok(())
    }

    fn without(&mut self) -> Result<(), Wrong> {
        self.one()?;
        if self.takes(Piece::Not) {
            // Side by side, since what is taken away one after the other nests, and the index refuses depths.
            self.out.push_str(" NOT (");
            self.one()?;
            while self.takes(Piece::Not) {
                self.out.push_str(" OR ");
                self.one()?;
            }
            self.out.push(')');
        }
        Ok(())
    }

    fn one(&mut self) -> Result<(), Wrong> {
        let Some((first, rest)) = self.pieces.split_first() else {
            return Err("ends where words should follow".into());
        };
        self.pieces = rest;
        match *first {
            Piece::Words(words, beginning) => {
                if !words.contains(char::is_alphanumeric) {
                    return Err("a word without a letter or digit".into());
                }
                self.out.push('"');
                self.out.push_str(&words.replace(['"', '\0'], " "));
                self.out.push_str(if beginning { "\" *" } else { "\"" });
                Ok(())
            }
            Piece::Open => {
                self.depth_left =
                    self.depth_left.checked_sub(1).ok_or_else(|| Wrong::costly("nested too deep"))?;
                self.out.push('(');
                self.any()?;
                self.out.push(')');
                self.depth_left += 1;
                if self.takes(Piece::Close) { Ok(()) } else { Err("a parenthesis that is not closed".into()) }
            }
            Piece::Not => Err("NOT needs words before it, from which it takes away".into()),
            _ => Err("an operator where words should stand".into()),
        }
    }

    fn takes(&mut self, piece: Piece<'_>) -> bool {
        match self.pieces.split_first() {
            Some((first, rest)) if *first == piece => {
                self.pieces = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let limits = Limits { values_max: 9, filter_bytes_max: 60, filter_depth_max: 2, ..Limits::default() };
        #[rustfmt::skip] // A table reads by column.
        let cases = [
         // sent                                       to the index
            ("liver",                                  r#""liver""#),
            ("bone liver",                             r#""bone" AND "liver""#),
            ("bone OR liver and lung",                 r#""bone" OR "liver" AND "lung""#),
            ("(bone OR liver) metastases",             r#"("bone" OR "liver") AND "metastases""#),
            (r#"cancer NOT "soft tissue""#,            r#""cancer" NOT ("soft tissue")"#),
            ("a b NOT c NOT (d e) f",                  r#""a" AND "b" NOT ("c" OR ("d" AND "e")) AND "f""#),
            ("a b c d e f g h i j",                    "! more than 9 words"),
            ("metasta*",                               r#""metasta" *"#),
            ("near(a b) title:x",                      r#""near" AND ("a" AND "b") AND "title:x""#),
            ("^a -b {c}",                              r#""^a" AND "-b" AND "{c}""#),
            ("NOT bone",                               "! NOT needs words before it, from which it takes away"),
            ("bone OR",                                "! ends where words should follow"),
            ("bone AND OR liver",                      "! an operator where words should stand"),
            ("(bone",                                  "! a parenthesis that is not closed"),
            ("bone)",                                  "! a parenthesis that closes nothing"),
            (r#""bone"#,                               "! a quote that is not closed"),
            ("*",                                      "! a word without a letter or digit"),
            ("(((bone)))",                             "! nested too deep"),
            ("1234567890123456789012345678901234567890123456789012345678901", "! longer than 60 bytes"),
        ];
        for (text, expected) in cases {
            let found = expression(text, &limits);
            let found = found.unwrap_or_else(|wrong| {
                format!("! {}", wrong.of("_text").diagnostics.trim_start_matches("_text: ")).into()
            });
            assert_eq!(found, expected, "{text}");
        }
    }
}
