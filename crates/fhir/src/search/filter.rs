//! `_filter`: expressions over search parameters, <https://hl7.org/fhir/R4/search_filter.html>.
//!
//! Invariant: as the standard says, `and` and `or` are taken from left to right, and neither binds closer.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::Filter;
use compact_str::CompactString;

use super::compare::Op;
use super::reading::Reading;
use super::wrong::Wrong;

impl Reading<'_> {
    /// What an expression asks of records of this type.
    pub(super) fn filter(&mut self, kind: ResourceType, text: &str) -> Result<Filter, Wrong> {
        let limits = self.context.limits;
        if text.len() > limits.filter_bytes_max {
            return Err(Wrong::costly(format!("longer than {} bytes", limits.filter_bytes_max)));
        }
        let mut expression = Expression { rest: text.trim(), kind, depth_left: limits.filter_depth_max };
        let filter = expression.joined(self)?;
        if expression.rest.is_empty() { Ok(filter) } else { Err("something stands behind its end".into()) }
    }
}

/// What is left of an expression.
struct Expression<'t> {
    rest: &'t str,
    kind: ResourceType,
    depth_left: usize,
}

impl<'t> Expression<'t> {
    /// `filter (("and" / "or") filter)*`
    fn joined(&mut self, reading: &mut Reading<'_>) -> Result<Filter, Wrong> {
        let mut left = self.one(reading)?;
        loop {
            left = if self.takes_word("and") {
                match left {
                    Filter::All(mut all) => {
                        all.push(self.one(reading)?);
                        Filter::All(all)
                    }
                    other => Filter::All(vec![other, self.one(reading)?]),
                }
            } else if self.takes_word("or") {
                Filter::Any(vec![left, self.one(reading)?])
            } else {
                return Ok(left);
            };
        }
    }

    /// `("not")? "(" filter ")"`, or a comparison.
    fn one(&mut self, reading: &mut Reading<'_>) -> Result<Filter, Wrong> {
        let negated = self.takes_word("not");
        if let Some(inside) = self.rest.strip_prefix('(') {
            self.rest = inside.trim_start();
            self.depth_left =
                self.depth_left.checked_sub(1).ok_or_else(|| Wrong::costly("nested too deep"))?;
            let filter = self.joined(reading)?;
            self.depth_left += 1;
            self.rest = self.rest.strip_prefix(')').ok_or("a parenthesis that is not closed")?.trim_start();
            return Ok(if negated { Filter::Not(Box::new(filter)) } else { filter });
        }
        if negated {
            return Err("not stands before a parenthesis: not (a eq b)".into());
        }
        let path = self.word(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'));
        if self.rest.starts_with('[') {
            return Err(Wrong::unsupported("filters inside of a path, [...], are not supported"));
        }
        let op = self.word(|c| c.is_ascii_lowercase());
        if path.is_empty() || op.is_empty() {
            return Err("not a parameter, an operator and a value: birthdate ge 2014-10-10".into());
        }
        let op = Op::read(op)?;
        let value = self.value()?;
        let kind = self.kind;
        reading.along(kind, path, 0, &mut |reading, kind, code| reading.compared(kind, code, op, &value))
    }

    fn takes_word(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word).filter(|after| after.starts_with([' ', '(', '\t'])) {
            Some(after) => {
                self.rest = after.trim_start();
                true
            }
            None => false,
        }
    }

    fn word(&mut self, good: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c: char| !good(c)).unwrap_or(self.rest.len());
        let (word, after) = self.rest.split_at(end);
        self.rest = after.trim_start();
        word
    }

    /// A JSON string, or what ends at white space or a closing parenthesis.
    fn value(&mut self) -> Result<CompactString, Wrong> {
        if !self.rest.starts_with('"') {
            return match self.word(|c| !c.is_whitespace() && !matches!(c, ')' | ']')) {
                "" => Err("no value behind an operator".into()),
                value => Ok(value.into()),
            };
        }
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let (text, after) =
            end.and_then(|(at, _)| self.rest.split_at_checked(at + 1)).ok_or("a quote that is not closed")?;
        self.rest = after.trim_start();
        let value = anamnesis_json::parse(text.as_bytes()).map_err(|_| "not a JSON string")?;
        Ok(value.as_str().unwrap_or_default().into())
    }
}
