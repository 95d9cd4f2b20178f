//! Addresses and other URIs, as they are written: <https://hl7.org/fhir/R4/search.html#uri>.

use anamnesis_kernel::search::{Find, Param, Test};
use compact_str::format_compact;

use super::escape::unescaped;
use super::wrong::Wrong;
use crate::key;

/// This and no other.
pub(super) fn test(param: Param, value: &str) -> Result<Test, Wrong> {
    let text = key::exact(&unescaped(value));
    if text.is_empty() {
        return Err("an empty value".into());
    }
    Ok(Test::Text { param, text, find: Find::Whole })
}

/// `:below`: this address, and those that go on from it behind a slash.
pub(super) fn below(param: Param, value: &str) -> Result<Vec<Test>, Wrong> {
    let text = address(value)?;
    let stem = text.trim_end_matches('/');
    let under =
        Test::Text { param, text: key::beginning_of(&format_compact!("{stem}/")), find: Find::Begins };
    let itself = Test::Text { param, text: key::exact(stem), find: Find::Whole };
    Ok(if stem.len() < text.len() { vec![under] } else { vec![itself, under] })
}

/// `:above`: this address, and those it goes on from.
pub(super) fn above(param: Param, value: &str) -> Result<Vec<Test>, Wrong> {
    let text = address(value)?;
    let host = text.find("://").map_or(0, |at| at + 3);
    let mut tests = vec![Test::Text { param, text: key::exact(&text), find: Find::Whole }];
    let cuts = text.char_indices().filter(|(at, c)| *c == '/' && *at > host);
    for (at, _) in cuts {
        for end in [at, at + 1] {
            let Some(stem) = text.get(..end).filter(|stem| stem.len() < text.len()) else { continue };
            tests.push(Test::Text { param, text: key::exact(stem), find: Find::Whole });
        }
    }
    Ok(tests)
}

/// Only addresses have a path to go up and down.
fn address(value: &str) -> Result<compact_str::CompactString, Wrong> {
    let text = unescaped(value);
    match text.split_once("://") {
        Some((scheme, rest)) if !scheme.is_empty() && !rest.is_empty() => Ok(text),
        _ => Err("not a URL: only those are above and below one another".into()),
    }
}
