//! The query string of a search: <https://hl7.org/fhir/R4/search.html>.
//!
//! Invariant: what is not understood is listed as ignored or refused, and never silently narrows or widens.

mod chain;
mod compare;
mod composite;
mod dates;
mod decimal;
mod escape;
mod filter;
mod include;
mod limits;
mod modifier;
mod number;
mod parsed;
mod patients;
mod prefix;
mod quantity;
mod reading;
mod referred;
mod results;
mod sets;
mod sort;
mod string;
mod token;
mod uri;
mod words;
mod wrong;

use anamnesis_kernel::search::{Filter, Query, Test};
use anamnesis_kernel::{Instant, ResourceType};

pub use include::Include;
pub use limits::Limits;
pub use parsed::Parsed;
pub use patients::{as_one, patients};
pub use results::{Total, is_about_result};
pub use sets::{OfR4, Sets};

use crate::outcome::Issue;
use crate::param::{self, Params};
use reading::Reading;
use wrong::{NAMELESS, Wrong};

/// What a query string is read against.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The search parameters there are.
    pub params: &'a dyn Params,
    /// What is known of codes and units.
    pub sets: &'a dyn Sets,
    /// What bounds the search.
    pub limits: &'a Limits,
    /// The present, from which `ap` measures how near a date must be.
    pub now: Instant,
}

/// Reads the parameters of a search for records of one type; `pairs` are decoded and in order.
///
/// `_format` and `_pretty` are the server's: known here, and neither used nor listed.
///
/// # Errors
///
/// Every parameter that cannot be taken as it was sent.
pub fn parse(
    kind: ResourceType,
    pairs: &[(String, String)],
    context: &Context<'_>,
) -> Result<Parsed, Vec<Issue>> {
    Parse::new(vec![kind], context).all(pairs)
}

/// Reads the parameters of a search for records of the types that `_type` names, of all where it names none.
///
/// A parameter must be one of each type.
///
/// # Errors
///
/// Every parameter that cannot be taken as it was sent.
pub fn parse_system(pairs: &[(String, String)], context: &Context<'_>) -> Result<Parsed, Vec<Issue>> {
    let mut kinds = Vec::new();
    for name in pairs.iter().filter(|(key, _)| key == "_type").flat_map(|(_, value)| value.split(',')) {
        match ResourceType::parse(name) {
            Some(kind) if !kinds.contains(&kind) => kinds.push(kind),
            Some(_) => {}
            None => return Err(vec![Wrong::from("not a type of resource").of("_type")]),
        }
    }
    if kinds.is_empty() {
        kinds.extend(ResourceType::all());
    }
    Parse::new(kinds, context).all(pairs)
}

struct Parse<'a> {
    /// The types that are searched, and what must hold of records of each.
    kinds: Vec<ResourceType>,
    criteria: Vec<Vec<Filter>>,
    reading: Reading<'a>,
    /// How many parameters it is sorted by.
    sorts: usize,
    parsed: Parsed,
    issues: Vec<Issue>,
}

impl<'a> Parse<'a> {
    fn new(kinds: Vec<ResourceType>, context: &'a Context<'a>) -> Self {
        let criteria = kinds.iter().map(|_| Vec::new()).collect();
        let parsed = Parsed::new(Query::new(None, Vec::new(), 0));
        Self {
            kinds,
            criteria,
            reading: Reading { context, tests: 0, ways: 0 },
            sorts: 0,
            parsed,
            issues: Vec::new(),
        }
    }

    fn all(mut self, pairs: &[(String, String)]) -> Result<Parsed, Vec<Issue>> {
        for (key, value) in pairs {
            match self.pair(key, value) {
                Ok(true) => self.parsed.understood.push((key.clone(), value.clone())),
                Ok(false) => {}
                Err(wrong) => self.issues.push(wrong.of(key)),
            }
        }
        if !self.issues.is_empty() {
            return Err(self.issues);
        }
        let Context { limits, .. } = *self.reading.context;
        let mut parsed = self.parsed;
        parsed.query.limit = parsed.count.unwrap_or(limits.count_default).min(limits.count_max);
        let of_type = |kind: ResourceType| Filter::from(Test::Kind(param::of_this_type(kind)));
        match self.kinds.as_slice() {
            [kind] => {
                parsed.query.kind = Some(*kind);
                parsed.query.all = self.criteria.into_iter().flatten().collect();
                if parsed.query.all.is_empty() {
                    parsed.query.all.push(of_type(*kind));
                }
            }
            kinds => {
                let any = kinds.iter().zip(self.criteria).map(|(kind, criteria)| {
                    let mut all = vec![of_type(*kind)];
                    all.extend(criteria);
                    if all.len() == 1 { of_type(*kind) } else { Filter::All(all) }
                });
                parsed.query.all.push(Filter::Any(any.collect()));
            }
        }
        Ok(parsed)
    }

    /// Takes one parameter; says whether it shapes the answer.
    fn pair(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        let Context { params, limits, .. } = *self.reading.context;
        match key {
            "_format" | "_pretty" => return Ok(false),
            "_page" => {
                once(&mut self.parsed.page, value)?;
                return Ok(false);
            }
            "_asOf" => once(&mut self.parsed.as_of, value)?,
            "_count" => {
                let count = results::count(value)?;
                if self.parsed.count.is_some_and(|before| before != count) {
                    return Err("stands twice".into());
                }
                self.parsed.count = Some(count);
                self.parsed.summary_count |= count == 0;
            }
            // Which part of each is shown is for the subset to say.
            "_summary" => self.parsed.summary_count |= value == "count",
            "_elements" => {}
            "_total" => self.parsed.total = Total::read(value)?,
            "_contained" | "_containedType" => results::contained(key, value)?,
            "_sort" => {
                for one in value.split(',') {
                    self.sorts += 1;
                    if self.sorts > limits.sorts_max {
                        return Err(Wrong::costly(format!("more than {} parameters", limits.sorts_max)));
                    }
                    self.parsed.query.order.extend(sort::orders(&self.kinds, one.trim(), params)?);
                }
            }
            "_type" => match self.kinds.as_slice() {
                [kind] if value.split(',').any(|name| name != kind.name()) => {
                    return Err("another type than the one that is searched".into());
                }
                _ => {}
            },
            "_query" => return Err(Wrong::unsupported("there are no named queries")),
            _ if Include::is_asked(key) => {
                self.parsed.includes.push(Include::read(key, value, params)?);
                if self.parsed.includes.len() > limits.includes_max {
                    return Err(Wrong::costly(format!("more than {} in one search", limits.includes_max)));
                }
            }
            _ => return self.criterion(key, value),
        }
        Ok(true)
    }

    /// What each type that is searched makes of a criterion; the values of one count, since the others have the same.
    fn criterion(&mut self, key: &str, value: &str) -> Result<bool, Wrong> {
        let known = self.kinds.iter().all(|kind| self.reading.knows(*kind, key));
        if value.is_empty() || !known {
            // Where the = was lost, as in `familySmith`, what looks like a name has a value in it.
            return self.unknown(key, known || !value.is_empty());
        }
        self.reading.ways = 0;
        let (before, mut most) = (self.reading.tests, 0);
        for (kind, criteria) in self.kinds.iter().zip(&mut self.criteria) {
            self.reading.tests = before;
            criteria.push(self.reading.criterion(*kind, key, value)?);
            most = most.max(self.reading.tests);
        }
        self.reading.tests = most;
        Ok(true)
    }

    fn unknown(&mut self, key: &str, named: bool) -> Result<bool, Wrong> {
        if self.reading.context.limits.strict {
            let of = match self.kinds.as_slice() {
                [kind] => kind.name(),
                _ => "all the types that are searched",
            };
            let wrong = Wrong::unsupported(format!("not supported for {of}, or without a value"));
            return Err(if named { wrong } else { wrong.unnamed() });
        }
        let key = if named { key } else { NAMELESS };
        if !self.parsed.ignored.iter().any(|known| known == key) {
            self.parsed.ignored.push(key.to_owned());
        }
        Ok(false)
    }
}

/// Keeps a text that may stand once.
fn once(slot: &mut Option<String>, value: &str) -> Result<(), Wrong> {
    match slot.as_deref() {
        Some(before) if before != value => Err("stands twice".into()),
        _ => {
            *slot = Some(value.to_owned());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
