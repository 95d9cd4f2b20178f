//! Why a parameter cannot be taken as it was sent.
//!
//! Invariant: it never repeats a value, since values name people.

use std::borrow::Cow;

use crate::outcome::{Issue, IssueCode};

/// One no, without the name of the parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    code: IssueCode,
    what: Cow<'static, str>,
    /// Whether the parameter's name is not told either.
    unnamed: bool,
}

impl Wrong {
    /// It could be asked of another server.
    pub(super) fn unsupported(what: impl Into<Cow<'static, str>>) -> Self {
        Self { code: IssueCode::NotSupported, what: what.into(), unnamed: false }
    }

    /// It would cost too much.
    pub(super) fn costly(what: impl Into<Cow<'static, str>>) -> Self {
        Self { code: IssueCode::TooCostly, what: what.into(), unnamed: false }
    }

    /// Whether it is a limit that says no.
    pub(super) fn is_costly(&self) -> bool {
        self.code == IssueCode::TooCostly
    }

    /// What stands in the place of the name may be a value.
    pub(super) fn unnamed(self) -> Self {
        Self { unnamed: true, ..self }
    }

    /// As it is told, with the parameter's name.
    pub(super) fn of(self, key: &str) -> Issue {
        Issue::error(
            self.code,
            format!("{}: {}", if self.unnamed { NAMELESS } else { shown(key) }, self.what),
        )
    }
}

impl From<&'static str> for Wrong {
    fn from(what: &'static str) -> Self {
        Self { code: IssueCode::Value, what: what.into(), unnamed: false }
    }
}

impl From<String> for Wrong {
    fn from(what: String) -> Self {
        Self { code: IssueCode::Value, what: what.into(), unnamed: false }
    }
}

/// A parameter's name where it can be one: what stands in its place could be anything.
pub(super) fn shown(key: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'.' | b'*');
    if key.len() <= 128 && key.bytes().all(plain) { key } else { NAMELESS }
}

/// What is said in place of a name.
pub(super) const NAMELESS: &str = "a parameter";
