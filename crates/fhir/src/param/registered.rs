//! A search parameter that a client registered, read from its SearchParameter resource.
//!
//! Invariant: what was read can be evaluated on any record; everything wrong with a definition is said at once. What
//! restates an official parameter of a type, as those of implementation guides do, is none beside it for that type.
//!
//! <https://hl7.org/fhir/R4/searchparameter.html>

use std::fmt;

use anamnesis_fhirpath::Expression;
use anamnesis_json::{Object, Value};
use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::Param;
use compact_str::CompactString;

use super::{Known, ParamKind, left_out, param};
use crate::outcome::{Issue, IssueCode};

/// Where the official parameters have their addresses.
const OFFICIAL: &str = "http://hl7.org/fhir/SearchParameter/";
/// How long a code may be.
const CODE_BYTES_MAX: usize = 64;
/// How many components a composite may have.
const COMPONENTS_MAX: usize = 8;

const REGISTERED: u32 = 1 << 31;
const COMPONENT: u32 = 1 << 30;
/// The bit that marks identifiers with their types, see [`of_type`](super::of_type).
const OF_TYPE: u32 = 1 << 24;

/// A search parameter that a client registered.
pub struct Registered {
    url: String,
    code: CompactString,
    kind: ParamKind,
    base: Vec<ResourceType>,
    targets: Vec<ResourceType>,
    text: String,
    expression: Expression,
    components: Vec<Component>,
}

/// A part of a composite.
pub(crate) struct Component {
    code: CompactString,
    pub(crate) kind: ParamKind,
    text: String,
    pub(crate) expression: Expression,
}

/// Shows its code and types, and nothing of its expression.
impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registered({} of {} types)", self.code, self.base.len())
    }
}

impl Registered {
    /// Reads the definition.
    ///
    /// # Errors
    ///
    /// Everything that keeps it from being used.
    pub fn read(definition: &Object) -> Result<Self, Vec<Issue>> {
        let mut issues = Vec::new();
        let url = required(definition, "url", &mut issues);
        let kind = kind(definition, &mut issues);
        let mut base = types(definition, "base", &mut issues);
        if base.is_empty()
            && issues.iter().all(|issue| issue.expression.as_deref() != Some("SearchParameter.base"))
        {
            issues.push(wrong(IssueCode::Required, "base", "at least one type is required"));
        }
        let targets = types(definition, "target", &mut issues);
        let code = code(definition, &mut base, kind, &mut issues);
        let text = required(definition, "expression", &mut issues);
        let expression = compiled(text, "SearchParameter.expression", &mut issues);
        let components = if kind == Some(ParamKind::Composite) {
            components(definition, &base, &mut issues)
        } else {
            Vec::new()
        };
        match (kind, expression) {
            (Some(kind), Some(expression)) if issues.is_empty() => Ok(Self {
                url: url.to_owned(),
                code: code.into(),
                kind,
                base,
                targets,
                text: text.to_owned(),
                expression,
                components,
            }),
            _ => Err(issues),
        }
    }

    /// The address that names it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The types whose records are found by it; none where it restates what is official.
    pub fn base(&self) -> &[ResourceType] {
        &self.base
    }

    /// Whether both cannot be registered: a code means one thing for a type, and so does a number.
    pub fn clashes(&self, other: &Self) -> bool {
        self.base.iter().filter(|kind| other.base.contains(kind)).any(|kind| {
            let ours = self.numbers(*kind);
            self.code == other.code
                || other.numbers(*kind).any(|theirs| ours.clone().any(|our| our == theirs))
        })
    }

    /// What searches know of it, if it is for this type.
    pub(crate) fn known(&self, kind: ResourceType) -> Option<Known> {
        let component = |(n, component): (usize, &Component)| Known {
            code: component.code.clone(),
            kind: component.kind,
            params: vec![self.component_number(kind, n)],
            targets: Vec::new(),
            canonical: false,
            components: Vec::new(),
            grouped: true,
        };
        let composite = self.kind == ParamKind::Composite;
        self.base.contains(&kind).then(|| Known {
            code: self.code.clone(),
            kind: self.kind,
            params: if composite { Vec::new() } else { vec![self.number(kind)] },
            targets: self.targets.clone(),
            // What its expression finds may be either.
            canonical: self.kind == ParamKind::Reference,
            components: self.components.iter().enumerate().map(component).collect(),
            grouped: composite,
        })
    }

    pub(crate) fn expression(&self) -> &Expression {
        &self.expression
    }

    pub(crate) fn kind(&self) -> ParamKind {
        self.kind
    }

    pub(crate) fn components(&self) -> &[Component] {
        &self.components
    }

    /// The number its entries have.
    pub(crate) fn number(&self, kind: ResourceType) -> Param {
        Param(REGISTERED | hash([kind.name(), &self.url, ""]) & !(REGISTERED | COMPONENT | OF_TYPE))
    }

    /// The number the entries of its nth component have.
    pub(crate) fn component_number(&self, kind: ResourceType, n: usize) -> Param {
        let hash = hash([kind.name(), &self.url, &n.to_string()]);
        Param(REGISTERED | COMPONENT | hash & !(REGISTERED | COMPONENT | OF_TYPE))
    }

    /// Whether entries of this number are its own.
    pub(crate) fn has_number(&self, kind: ResourceType, number: Param) -> bool {
        self.numbers(kind).any(|own| own == number)
    }

    fn numbers(&self, kind: ResourceType) -> impl Iterator<Item = Param> + Clone {
        let components = (0..self.components.len()).map(move |n| self.component_number(kind, n));
        std::iter::once(self.number(kind)).chain(components)
    }

    /// All that its entries come from, for the shape of the index.
    pub(super) fn source(&self) -> impl Iterator<Item = &str> {
        let base = self.base.iter().map(|kind| kind.name());
        let components = self.components.iter().flat_map(|part| [part.kind.name(), part.text.as_str()]);
        [self.url.as_str(), self.kind.name(), &self.text].into_iter().chain(base).chain(components)
    }
}

/// 32 bits that stay what they are: FNV-1a over the texts, each ended by a zero, folded from 64.
pub(super) fn hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> u32 {
    let bytes = texts.into_iter().flat_map(|text| text.bytes().chain([0]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 32)) as u32
}

fn wrong(code: IssueCode, element: &str, what: impl Into<String>) -> Issue {
    Issue::error(code, what).at(format!("SearchParameter.{element}"))
}

fn required<'a>(definition: &'a Object, element: &str, issues: &mut Vec<Issue>) -> &'a str {
    let text = definition.str(element).unwrap_or_default();
    if text.is_empty() {
        issues.push(wrong(IssueCode::Required, element, "required to search by it"));
    }
    text
}

fn kind(definition: &Object, issues: &mut Vec<Issue>) -> Option<ParamKind> {
    let name = required(definition, "type", issues);
    let found = ParamKind::named(name).filter(|kind| *kind != ParamKind::Special);
    if found.is_none() && !name.is_empty() {
        issues.push(wrong(IssueCode::NotSupported, "type", "no kind of parameter that can be registered"));
    }
    found
}

/// The types named under `element`; `Resource` and `DomainResource` are all.
fn types(definition: &Object, element: &str, issues: &mut Vec<Issue>) -> Vec<ResourceType> {
    let mut found = Vec::new();
    for (n, name) in definition.get(element).into_iter().flat_map(Value::each).enumerate() {
        match name.as_str() {
            Some("Resource" | "DomainResource") if element == "base" => found.extend(ResourceType::all()),
            // Any type can stand where no target is named.
            Some("Resource" | "DomainResource") => return Vec::new(),
            name => match name.and_then(ResourceType::parse) {
                Some(kind) => found.push(kind),
                None => {
                    issues.push(wrong(IssueCode::CodeInvalid, &format!("{element}[{n}]"), "not a type of R4"))
                }
            },
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The code; types that have it by an official parameter of which this one is derived are taken out of its base.
fn code<'a>(
    definition: &'a Object,
    base: &mut Vec<ResourceType>,
    kind: Option<ParamKind>,
    issues: &mut Vec<Issue>,
) -> &'a str {
    let code = required(definition, "code", issues);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if derived(definition) {
        let official = |of: &ResourceType| match code {
            "_id" => Some(ParamKind::Token),
            "_lastUpdated" => Some(ParamKind::Date),
            _ => param(*of, code).map(|one| one.kind),
        };
        base.retain(|of| kind.is_none() || official(of) != kind);
    }
    if base.is_empty() {
        return code;
    }
    if code.starts_with('_') {
        let what = "codes that begin with _ are those of the standard and of the server";
        issues.push(wrong(IssueCode::BusinessRule, "code", what));
    } else if !code.is_empty() && (code.len() > CODE_BYTES_MAX || !code.bytes().all(plain)) {
        let what = format!("not 1 to {CODE_BYTES_MAX} of A-Z a-z 0-9 - _");
        issues.push(wrong(IssueCode::Value, "code", what));
    }
    let official = |kind: &&ResourceType| param(**kind, code).is_some() || left_out(**kind, code).is_some();
    if let Some(kind) = base.iter().find(official) {
        let what = format!("{kind} has an official parameter of this code");
        issues.push(wrong(IssueCode::BusinessRule, "code", what));
    }
    code
}

/// Whether it says that it is an official parameter again, perhaps for fewer types or values.
fn derived(definition: &Object) -> bool {
    definition.str("derivedFrom").is_some_and(|from| from.starts_with(OFFICIAL))
}

fn compiled(text: &str, at: &str, issues: &mut Vec<Issue>) -> Option<Expression> {
    match Expression::parse(text) {
        Ok(expression) => Some(expression),
        Err(_) if text.is_empty() => None,
        Err(error) => {
            issues.push(Issue::error(IssueCode::Invalid, format!("no FHIRPath: {error}")).at(at));
            None
        }
    }
}

/// The components of a composite, each of which an official parameter defines.
fn components(definition: &Object, base: &[ResourceType], issues: &mut Vec<Issue>) -> Vec<Component> {
    let given: Vec<&Value> = definition.get("component").into_iter().flat_map(Value::each).collect();
    if !(1..=COMPONENTS_MAX).contains(&given.len()) {
        let what = format!("a composite has 1 to {COMPONENTS_MAX} components");
        issues.push(wrong(IssueCode::Required, "component", what));
        return Vec::new();
    }
    let mut found = Vec::new();
    for (n, one) in given.iter().enumerate() {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let at = |name: &str| format!("component[{n}].{name}");
        let official = official(text("definition"), base);
        if official.is_none() {
            let what = "not the address of an official parameter of its types that is no composite";
            issues.push(wrong(IssueCode::NotFound, &at("definition"), what));
        }
        if text("expression").is_empty() {
            issues.push(wrong(IssueCode::Required, &at("expression"), "required to search by it"));
        }
        let place = format!("SearchParameter.{}", at("expression"));
        if let (Some((code, kind)), Some(expression)) =
            (official, compiled(text("expression"), &place, issues))
        {
            found.push(Component {
                code: code.into(),
                kind,
                text: text("expression").to_owned(),
                expression,
            });
        }
    }
    found
}

/// The code and kind of the official parameter at this address: `…/SearchParameter/Observation-code`.
fn official<'a>(url: &'a str, base: &[ResourceType]) -> Option<(&'a str, ParamKind)> {
    let id = url.strip_prefix(OFFICIAL)?;
    let (_, code) = id.split_once('-')?;
    let found = base.iter().find_map(|kind| param(*kind, code))?;
    (found.kind != ParamKind::Composite).then_some((code, found.kind))
}

#[cfg(test)]
mod tests;
