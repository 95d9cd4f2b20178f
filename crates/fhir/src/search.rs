//! The query string of a search, against one type: <https://hl7.org/fhir/R4/search.html>.
//!
//! Invariant: what is not understood is listed as ignored or refused, and never silently narrows or widens.

mod values;

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Filter, Query, Test};

use crate::outcome::{Issue, IssueCode};
use crate::param::{self, ParamKind};

/// What bounds a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The own base, without a slash at the end: absolute references that begin with it are local.
    pub base: Option<String>,
    /// How many records a page has unless `_count` says otherwise.
    pub count_default: u32,
    /// How many records a page has at most.
    pub count_max: u32,
    /// How many values a search has at most, all criteria together.
    pub values_max: usize,
    /// Whether unknown parameters are refused (`Prefer: handling=strict`) or ignored.
    pub strict: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { base: None, count_default: 20, count_max: 1_000, values_max: 1_000, strict: false }
    }
}

/// A search that was understood.
#[derive(Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What is asked; never without a criterion.
    pub query: Query,
    /// Whether only the number of matches is asked for.
    pub summary_count: bool,
    /// `_count` as it was sent, if it was.
    pub count: Option<u32>,
    /// `_page` as it was sent, if it was.
    pub page: Option<String>,
    /// The names of parameters that were not understood, each once.
    pub ignored: Vec<String>,
    /// The parameters that shaped the answer, as sent, for the self link.
    pub understood: Vec<(String, String)>,
}

/// A query names people: shown are only how many criteria there are.
impl std::fmt::Debug for Parsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parsed({} criteria, {} ignored)", self.query.all.len(), self.ignored.len())
    }
}

/// Reads the parameters of a search for records of one type; `pairs` are decoded and in order.
///
/// `_format` and `_pretty` are the server's: known here, and neither used nor listed.
///
/// # Errors
///
/// Every parameter that cannot be taken as it was sent.
pub fn parse(kind: ResourceType, pairs: &[(String, String)], limits: &Limits) -> Result<Parsed, Vec<Issue>> {
    let query = Query::new(Some(kind), Vec::new(), 0);
    let parsed = Parsed {
        query,
        summary_count: false,
        count: None,
        page: None,
        ignored: Vec::new(),
        understood: Vec::new(),
    };
    let mut parse = Parse { kind, limits, parsed, values: 0, issues: Vec::new() };
    for (key, value) in pairs {
        parse.pair(key, value);
    }
    let Parse { mut parsed, issues, .. } = parse;
    if !issues.is_empty() {
        return Err(issues);
    }
    parsed.query.limit = parsed.count.unwrap_or(limits.count_default).min(limits.count_max);
    if parsed.query.all.is_empty() {
        parsed.query.all.push(Test::Kind(param::of_this_type(kind)).into());
    }
    Ok(parsed)
}

/// The parameters that searches of this type take, with their kinds, in the order of their codes.
pub fn codes(kind: ResourceType) -> impl Iterator<Item = (&'static str, ParamKind)> {
    let id = std::iter::once(("_id", ParamKind::Token));
    let taken = param::params(kind).filter(|param| values::takes(param.kind));
    id.chain(taken.map(|param| (param.code, param.kind)))
}

struct Parse<'a> {
    kind: ResourceType,
    limits: &'a Limits,
    parsed: Parsed,
    values: usize,
    issues: Vec<Issue>,
}

impl Parse<'_> {
    fn pair(&mut self, key: &str, value: &str) {
        let understood = match key {
            "_format" | "_pretty" => return,
            // To answer with the present what was asked of the past would be a lie.
            "_asOf" => self.refuse(key, "not answered yet: only the present can be searched"),
            "_page" => {
                self.parsed.page = Some(value.to_owned());
                return;
            }
            "_count" => self.count(value),
            "_summary" => self.summary(value),
            "_elements" => true,
            "_total" => {
                matches!(value, "none" | "estimate" | "accurate") || self.refuse(key, "not a kind of total")
            }
            _ => self.criterion(key, value),
        };
        if understood {
            self.parsed.understood.push((key.to_owned(), value.to_owned()));
        }
    }

    fn count(&mut self, value: &str) -> bool {
        let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        if !digits {
            return self.refuse("_count", "not a whole number from 0");
        }
        // More digits than fit ask for more than any page holds.
        let count = value.parse().unwrap_or(u32::MAX);
        self.parsed.count = Some(count);
        self.parsed.summary_count |= count == 0;
        true
    }

    /// Which part of each is shown is for [`crate::subset::Subset`] to say.
    fn summary(&mut self, value: &str) -> bool {
        self.parsed.summary_count |= value == "count";
        true
    }

    fn criterion(&mut self, key: &str, value: &str) -> bool {
        let code = key.split([':', '.']).next().unwrap_or(key);
        let param = param::param(self.kind, code).filter(|param| values::takes(param.kind));
        if (param.is_none() && code != "_id") || value.is_empty() {
            return self.unknown(key);
        }
        if code.len() < key.len() {
            let what =
                if key.contains('.') { "chained searches are" } else { "modifiers of a parameter are" };
            self.issues.push(Issue::error(IssueCode::NotSupported, format!("{code}: {what} not supported")));
            return false;
        }
        let wanted = values::split(value, ',');
        self.values += wanted.len();
        if self.values > self.limits.values_max {
            let what = format!("{code}: more than {} values in one search", self.limits.values_max);
            self.issues.push(Issue::error(IssueCode::TooCostly, what));
            return false;
        }
        let mut any = Vec::with_capacity(wanted.len());
        for one in wanted {
            if let Err(wrong) = values::tests(self.kind, param, one, self.limits, &mut any) {
                return self.refuse(code, wrong);
            }
        }
        self.parsed.query.all.push(Filter::any_of(any));
        true
    }

    /// Says what is wrong with the value of a known parameter, without repeating it.
    fn refuse(&mut self, code: &str, wrong: &str) -> bool {
        self.issues.push(Issue::error(IssueCode::Value, format!("{code}: {wrong}")));
        false
    }

    fn unknown(&mut self, key: &str) -> bool {
        if self.limits.strict {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':' | b'.');
            let name = if key.len() <= 64 && key.bytes().all(plain) { key } else { "a parameter" };
            let what = format!("{name}: not supported for {}, or without a value", self.kind);
            self.issues.push(Issue::error(IssueCode::NotSupported, what));
        } else if !self.parsed.ignored.iter().any(|known| known == key) {
            self.parsed.ignored.push(key.to_owned());
        }
        false
    }
}

#[cfg(test)]
mod tests;
