//! Functions on strings.
//!
//! <https://hl7.org/fhirpath/N1/#string-manipulation>

use std::borrow::Cow;

use regex::Regex;

use super::{Eval, Result, Scope};
use crate::expr::Call;
use crate::function::{Function, Test};
use crate::item::Atom;
use crate::{Collection, EvalError, Item, Limit, STRING_BYTES_MAX, pattern};

const NO_STRING: EvalError = EvalError::Wrong("a string is wanted");

impl<'a> Eval<'_, 'a> {
    /// A single string.
    pub(super) fn string<'s>(&self, items: &'s Collection<'a>) -> Result<Option<&'s str>> {
        match items.single()? {
            None => Ok(None),
            Some(item) => match item.as_str() {
                Some(text) => Ok(Some(text)),
                None if matches!(item.atom(), Atom::Absent) => Ok(None),
                None => Err(NO_STRING),
            },
        }
    }

    /// The functions on strings that give a boolean.
    pub(super) fn text_test(&self, test: Test, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Option<bool>> {
        let base = self.eval(&call.base, scope)?;
        let argument = self.argument(call, 0, scope)?;
        let Some((text, part)) = self.string(&base)?.zip(self.string(&argument)?) else { return Ok(None) };
        self.charge(text.len() / 16)?;
        Ok(Some(match test {
            Test::Contains => text.contains(part),
            Test::StartsWith => text.starts_with(part),
            Test::EndsWith => text.ends_with(part),
            _ => self.regex(call, part)?.is_match(text),
        }))
    }

    /// The regular expression of a call: the one made when it was parsed, or a new one.
    fn regex<'p>(&self, call: &'p Call, text: &str) -> Result<Cow<'p, Regex>> {
        if let Some(ready) = &call.pattern {
            return Ok(Cow::Borrowed(ready));
        }
        // Making one is dear.
        self.charge(10_000 + text.len() * 100)?;
        let full = call.function == Function::Test(Test::MatchesFull);
        pattern::compile(text, full).map(Cow::Owned).ok_or(EvalError::Wrong("a broken regular expression"))
    }

    pub(super) fn text(&self, call: &'a Call, scope: Scope<'_, 'a>) -> Result<Collection<'a>> {
        let base = self.eval(&call.base, scope)?;
        if call.function == Function::Join {
            return self.joined(&base, &self.argument(call, 0, scope)?);
        }
        let Some(text) = self.string(&base)? else { return Ok(Collection::EMPTY) };
        self.charge_string(text.len())?;
        let first = self.argument(call, 0, scope)?;
        match call.function {
            Function::Upper => Ok(Collection::one(text.to_uppercase())),
            Function::Lower => Ok(Collection::one(text.to_lowercase())),
            Function::Trim => Ok(Collection::one(text.trim().to_owned())),
            Function::Length => Ok(Collection::one(text.chars().count())),
            Function::ToChars => {
                self.charge(text.len())?;
                Ok(text.chars().map(|c| Item::from(c.to_string())).collect())
            }
            Function::Substring => {
                let Some(start) = self.integer(&first)? else { return Ok(Collection::EMPTY) };
                let length = match call.arguments.get(1) {
                    Some(_) => self.integer(&self.argument(call, 1, scope)?)?,
                    None => None,
                };
                Ok(Collection::from(substring(text, start, length).map(str::to_owned)))
            }
            Function::IndexOf | Function::LastIndexOf => {
                let Some(part) = self.string(&first)? else { return Ok(Collection::EMPTY) };
                let at = if call.function == Function::IndexOf { text.find(part) } else { text.rfind(part) };
                let characters = at.and_then(|at| text.get(..at)).map(|before| before.chars().count());
                let index = characters.and_then(|count| i64::try_from(count).ok());
                Ok(Collection::one(index.unwrap_or(-1)))
            }
            Function::Split => {
                let Some(by) = self.string(&first)? else { return Ok(Collection::EMPTY) };
                self.charge(text.len())?;
                if by.is_empty() {
                    return Ok(text.chars().map(|c| Item::from(c.to_string())).collect());
                }
                Ok(text.split(by).map(|part| Item::from(part.to_owned())).collect())
            }
            _ => {
                let second = self.argument(call, 1, scope)?;
                let Some((old, new)) = self.string(&first)?.zip(self.string(&second)?) else {
                    return Ok(Collection::EMPTY);
                };
                self.replaced(call, text, old, new).map(Collection::one)
            }
        }
    }

    fn replaced(&self, call: &'a Call, text: &str, old: &str, new: &str) -> Result<String> {
        // Between any two characters something may be put.
        self.charge_string(text.len().saturating_mul(new.len() + 2))?;
        if call.function == Function::Replace {
            return Ok(text.replace(old, new));
        }
        if old.is_empty() {
            return Ok(text.to_owned());
        }
        let replaced = self.regex(call, old)?.replace_all(text, new).into_owned();
        self.charge_string(replaced.len())?;
        Ok(replaced)
    }

    fn joined(&self, base: &Collection<'a>, separator: &Collection<'a>) -> Result<Collection<'a>> {
        let separator = self.string(separator)?.unwrap_or_default();
        let mut joined = String::new();
        for (n, item) in base.iter().enumerate() {
            let part = item.as_str().ok_or(NO_STRING)?;
            let between = if n > 0 { separator } else { "" };
            self.charge(1 + (between.len() + part.len()) / 16)?;
            joined.push_str(between);
            joined.push_str(part);
            if joined.len() > STRING_BYTES_MAX {
                return Err(EvalError::TooCostly(Limit::StringBytes));
            }
        }
        Ok(if base.is_empty() { Collection::EMPTY } else { Collection::one(joined) })
    }
}

/// The characters from `start`, at most `length`; `None` when `start` is outside.
fn substring(text: &str, start: i64, length: Option<i64>) -> Option<&str> {
    let start = usize::try_from(start).ok()?;
    let (from, _) = text.char_indices().nth(start)?;
    let rest = text.get(from..)?;
    let Some(length) = length else { return Some(rest) };
    let length = usize::try_from(length).unwrap_or(0);
    let end = rest.char_indices().nth(length).map_or(rest.len(), |(at, _)| at);
    rest.get(..end)
}
