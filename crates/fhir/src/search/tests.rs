//! Query strings in, criteria out: against parameters made for it, so that no change of the official ones matters.

mod composites;
mod expressions;
mod ordered;
mod results;
mod same_patients;
mod systems;
mod texts;
mod tokens;
mod ways;

use anamnesis_kernel::search::{Find, Link, Param, Real};
use compact_str::CompactString;

use super::*;
use crate::param::{Known, ParamKind};

/// Type, code, kind, the places under which it is kept, the types it refers to.
type Row = (&'static str, &'static str, ParamKind, &'static [u32], &'static [&'static str]);

#[rustfmt::skip] // A table reads by column.
const PARAMS: &[Row] = &[
    ("AuditEvent",     "agent",                          ParamKind::Reference, &[1],    &["Practitioner", "Patient"]),
    ("AuditEvent",     "agent-name",                     ParamKind::String,    &[2],    &[]),
    ("AuditEvent",     "entity",                         ParamKind::Reference, &[3],    &[]),
    ("Group",          "member",                         ParamKind::Reference, &[1],    &["Patient", "Practitioner"]),
    ("List",           "item",                           ParamKind::Reference, &[1],    &[]),
    ("Observation",    "code",                           ParamKind::Token,     &[1],    &[]),
    ("Observation",    "combo-code",                     ParamKind::Token,     &[1, 6], &[]),
    ("Observation",    "component-code",                 ParamKind::Token,     &[6],    &[]),
    ("Observation",    "component-value-quantity",       ParamKind::Quantity,  &[7],    &[]),
    ("Observation",    "date",                           ParamKind::Date,      &[3],    &[]),
    ("Observation",    "near",                           ParamKind::Special,   &[9],    &[]),
    ("Observation",    "patient",                        ParamKind::Reference, &[2],    &["Patient"]),
    ("Observation",    "performer",                      ParamKind::Reference, &[8],    &["Organization", "Patient", "Practitioner"]),
    ("Observation",    "subject",                        ParamKind::Reference, &[2],    &["Device", "Group", "Patient"]),
    ("Observation",    "value-quantity",                 ParamKind::Quantity,  &[4],    &[]),
    ("Organization",   "name",                           ParamKind::String,    &[1],    &[]),
    ("Organization",   "partof",                         ParamKind::Reference, &[2],    &["Organization"]),
    ("Patient",        "_profile",                       ParamKind::Uri,       &[7],    &[]),
    ("Patient",        "_tag",                           ParamKind::Token,     &[8],    &[]),
    ("Patient",        "birthdate",                      ParamKind::Date,      &[3],    &[]),
    ("Patient",        "gender",                         ParamKind::Token,     &[4],    &[]),
    ("Patient",        "identifier",                     ParamKind::Token,     &[1],    &[]),
    ("Patient",        "link",                           ParamKind::Reference, &[9],    &["Patient", "RelatedPerson"]),
    ("Patient",        "name",                           ParamKind::String,    &[2],    &[]),
    ("Patient",        "organization",                   ParamKind::Reference, &[5],    &["Organization"]),
    ("Practitioner",   "_tag",                           ParamKind::Token,     &[8],    &[]),
    ("Practitioner",   "identifier",                     ParamKind::Token,     &[1],    &[]),
    ("Practitioner",   "name",                           ParamKind::String,    &[2],    &[]),
    ("RiskAssessment", "probability",                    ParamKind::Number,    &[1],    &[]),
    ("ValueSet",       "url",                            ParamKind::Uri,       &[1],    &[]),
];

/// Composites: type, code, components, whether they stand in one element.
#[rustfmt::skip] // A table reads by column.
const COMPOSITES: &[(&str, &str, &[&str], bool)] = &[
    ("Observation", "code-value-quantity",           &["code", "value-quantity"],                     false),
    ("Observation", "component-code-value-quantity", &["component-code", "component-value-quantity"], true),
];

struct Made;

fn number(kind: ResourceType, place: u32) -> Param {
    Param(u32::from(kind.number()) * 256 + place)
}

impl Params for Made {
    fn known(&self, kind: ResourceType, code: &str) -> Option<Known> {
        if let Some((_, _, components, grouped)) =
            COMPOSITES.iter().find(|c| c.0 == kind.name() && c.1 == code)
        {
            let components = components.iter().map(|code| self.known(kind, code).unwrap()).collect();
            return Some(Known {
                code: code.into(),
                kind: ParamKind::Composite,
                params: vec![],
                targets: vec![],
                canonical: false,
                components,
                grouped: *grouped,
            });
        }
        let (_, code, of, places, targets) =
            PARAMS.iter().find(|row| row.0 == kind.name() && row.1 == code)?;
        Some(Known {
            code: (*code).into(),
            kind: *of,
            params: places.iter().map(|place| number(kind, *place)).collect(),
            targets: targets.iter().map(|name| ResourceType::parse(name).unwrap()).collect(),
            canonical: code.starts_with("instantiates"),
            components: vec![],
            grouped: code.starts_with("component"),
        })
    }

    fn codes(&self, kind: ResourceType) -> Vec<Known> {
        let of_kind = PARAMS.iter().filter(|row| row.0 == kind.name());
        of_kind.filter_map(|row| self.known(kind, row.1)).collect()
    }

    fn full_text(&self, _: ResourceType, _: &str) -> bool {
        false
    }
}

impl Sets for Made {
    fn value_set(&self, url: &str) -> Option<Vec<(String, String)>> {
        (url == "http://vs").then(|| vec![("s".into(), "a".into()), ("s".into(), "b".into())])
    }

    fn below(&self, system: &str, code: &str) -> Option<Vec<String>> {
        (system == "s" && code == "a").then(|| vec!["a".into(), "a1".into()])
    }

    fn above(&self, system: &str, code: &str) -> Option<Vec<String>> {
        (system == "s" && code == "a1").then(|| vec!["a".into(), "a1".into()])
    }

    fn units(&self) -> Vec<CompactString> {
        ["mg", "g", "mmol/L", "Cel"].map(CompactString::from).into()
    }
}

fn limits() -> Limits {
    Limits { base: Some("http://here/fhir".into()), values_max: 20, ..Limits::default() }
}

fn context(limits: &Limits) -> Context<'_> {
    // Ten days after 1970 began.
    Context { params: &Made, sets: &Made, limits, now: Instant::from_micros(864_000_000_000) }
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|p| !p.is_empty());
    pairs.map(|p| p.split_once('=').unwrap_or((p, ""))).map(|(k, v)| (k.into(), v.into())).collect()
}

fn parsed(kind: &str, query: &str, limits: &Limits) -> Result<Parsed, Vec<Issue>> {
    match kind {
        "" => parse_system(&pairs(query), &context(limits)),
        kind => parse(ResourceType::parse(kind).unwrap(), &pairs(query), &context(limits)),
    }
}

fn said(issues: &[Issue]) -> String {
    issues.iter().map(|issue| format!("! {}", issue.diagnostics)).collect::<Vec<_>>().join(" ")
}

/// The criteria as text, or what was said.
fn asked(kind: &str, query: &str, limits: &Limits) -> String {
    match parsed(kind, query, limits) {
        Ok(parsed) => joined(&parsed.query.all, " and "),
        Err(issues) => said(&issues),
    }
}

#[track_caller]
fn check(limits: &Limits, cases: &[(&str, &str, &str)]) {
    for (kind, query, expected) in cases {
        assert_eq!(asked(kind, query, limits), *expected, "{kind}?{query}");
    }
}

fn joined(filters: &[Filter], by: &str) -> String {
    filters.iter().map(text).collect::<Vec<_>>().join(by)
}

fn text(filter: &Filter) -> String {
    match filter {
        Filter::Test(test) => shown(test),
        Filter::Any(any) if any.len() == 1 => text(&any[0]),
        Filter::Any(any) => format!("({})", joined(any, " or ")),
        Filter::All(all) => format!("({})", joined(all, " and ")),
        Filter::Not(not) => format!("not {}", text(not)),
    }
}

/// The code of the first parameter that is kept there.
fn code(of: Param) -> String {
    let plain = Param(of.0 & 0xff_ffff);
    let kind = ResourceType::from_number(u16::try_from(plain.0 / 256).unwrap()).unwrap();
    let row = PARAMS.iter().find(|row| row.0 == kind.name() && row.3 == [plain.0 % 256]);
    let code = row.map_or(if plain.0 % 256 == 255 { kind.name() } else { "?" }, |row| row.1);
    if plain == of { code.to_owned() } else { format!("{code}:of-type") }
}

/// A bound as text: the ends are left out.
fn ends<T: PartialEq + ToString>((low, high): (T, T), least: &T, most: &T) -> String {
    let end = |at: T| if at == *least || at == *most { String::new() } else { at.to_string() };
    format!("{}..{}", end(low), end(high))
}

fn times(bound: (i64, i64)) -> String {
    ends(bound, &i64::MIN, &i64::MAX)
}

fn reals((low, high): (Real, Real)) -> String {
    ends((low.get(), high.get()), &f64::NEG_INFINITY, &f64::INFINITY)
}

/// Nothing of a link by name.
const fn linked(by: Link) -> &'static str {
    match by {
        Link::Name => "",
        Link::Url => " by url",
    }
}

fn shown(test: &Test) -> String {
    let or_any = |text: &Option<CompactString>| text.as_deref().unwrap_or("*").to_owned();
    match test {
        Test::Id(id) => format!("id {id}"),
        Test::Kind(of) => format!("type {}", code(*of)),
        Test::Token { param, system, code: value } => {
            format!("{} {}|{}", code(*param), or_any(system), or_any(value))
        }
        Test::Text { param, text, find } => {
            let how = match find {
                Find::Begins => format!("{text}…"),
                Find::Contains => format!("…{text}…"),
                Find::Exact => format!("'{text}'"),
                Find::Whole => text.to_string(),
            };
            format!("{} {how}", code(*param))
        }
        Test::Date { param, low, high } => format!("{} {} {}", code(*param), times(*low), times(*high)),
        Test::Quantity { param, low, high, unit, system } => {
            let of = if unit.is_none() && system.is_none() {
                String::new()
            } else {
                format!(" {}|{}", or_any(system), or_any(unit))
            };
            format!("{} {} {}{of}", code(*param), reals(*low), reals(*high))
        }
        Test::Reference { param, kind, id } => {
            let target = match kind {
                None => "*",
                Some(number) => ResourceType::from_number(*number).map_or("", ResourceType::name),
            };
            format!("{} {target}/{id}", code(*param))
        }
        Test::Refers { param, kind } => format!("{} to a {kind}", code(*param)),
        Test::Present { param, kept } => format!("{} in {kept:?}", code(*param)),
        Test::Updated(from, to) => format!("updated {}", times((from.micros(), to.micros()))),
        Test::Together(parts) => {
            let part = |part: &Vec<Test>| part.iter().map(shown).collect::<Vec<_>>().join(" or ");
            format!("[{}]", parts.iter().map(part).collect::<Vec<_>>().join(" + "))
        }
        Test::Chain { param, by, kind, filter } => {
            format!("{}{}>{kind}.{}", code(*param), linked(*by), text(filter))
        }
        Test::Has { kind, param, by, filter } => {
            format!("{kind}.{}{}<{}", code(*param), linked(*by), text(filter))
        }
        Test::Words { expression, narrative } => format!("words {expression} {narrative}"),
    }
}
