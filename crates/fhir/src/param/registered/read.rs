//! Reading a definition, with everything that is wrong with it.

use anamnesis_fhirpath::{Context, EvalError, Expression, Kind, Model, Node};
use anamnesis_json::Object;
use anamnesis_kernel::ResourceType;

use super::keys::Local;
use super::{FNV_BASIS, Registered, fnv, texts};
use crate::model::R4;
use crate::outcome::{Issue, IssueCode};
use crate::param::{ParamKind, left_out, param};

/// The types that are no DomainResource.
const BARE: [&str; 3] = ["Binary", "Bundle", "Parameters"];

impl Registered {
    /// Reads a SearchParameter; its status is the caller's to look at.
    ///
    /// # Errors
    ///
    /// Everything that keeps it from being indexed.
    pub fn read(definition: &Object) -> Result<Self, Vec<Issue>> {
        let mut issues = Vec::new();
        let mut wrong = |code, what: String, at: &str| {
            issues.push(Issue::error(code, what).at(format!("SearchParameter.{at}")));
        };
        let url = definition.str("url").unwrap_or_default();
        if url.is_empty() {
            wrong(IssueCode::Required, "a search parameter is known by its address".into(), "url");
        }
        let code = definition.str("code").unwrap_or_default();
        if !is_code(code) {
            let what = "must be letters, digits and hyphens, and begin with a letter";
            wrong(IssueCode::Value, what.into(), "code");
        }
        let bases = bases(definition);
        if bases.is_empty() {
            wrong(IssueCode::Value, "must name types of FHIR R4".into(), "base");
        }
        for kind in &bases {
            if param(*kind, code).is_some() || left_out(*kind, code).is_some() {
                let what = format!("R4 has a search parameter of this code for {kind}");
                wrong(IssueCode::BusinessRule, what, "code");
                break;
            }
        }
        let kind = kind_of(definition.str("type").unwrap_or_default());
        if kind.is_none() {
            let what = "must be date, number, quantity, reference, string, token or uri; others are not indexed here";
            wrong(IssueCode::NotSupported, what.into(), "type");
        }
        let text = definition.str("expression").unwrap_or_default();
        let expression = match Expression::parse(text) {
            Ok(expression) => {
                match bases.iter().find_map(|kind| applied(&expression, *kind, bases.len() == 1)) {
                    None => Some(expression),
                    Some(error) => {
                        wrong(IssueCode::Value, error.to_string(), "expression");
                        None
                    }
                }
            }
            Err(error) => {
                let (code, what) = match text.is_empty() {
                    true => {
                        (IssueCode::Required, "without an expression there is nothing to index".to_owned())
                    }
                    false => (IssueCode::Value, error.to_string()),
                };
                wrong(code, what, "expression");
                None
            }
        };
        match (kind, expression) {
            (Some(kind), Some(expression)) if issues.is_empty() => {
                let targets = texts(definition, "target").filter_map(ResourceType::parse).collect();
                let mut one =
                    Self { url: url.into(), code: code.into(), kind, bases, targets, expression, digest: 0 };
                one.digest = digest(&one, text);
                Ok(one)
            }
            _ => Err(issues),
        }
    }
}

/// Codes that need no escape in a URL and are none of FHIR's own names, which begin with an underscore.
fn is_code(code: &str) -> bool {
    code.len() <= 64
        && code.starts_with(|first: char| first.is_ascii_alphabetic())
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// The types that are named, all where one stands for all; none where one is unknown.
fn bases(definition: &Object) -> Vec<ResourceType> {
    let mut bases = Vec::new();
    for name in texts(definition, "base") {
        match (ResourceType::parse(name), name) {
            (Some(kind), _) => bases.push(kind),
            (None, "Resource") => bases.extend(ResourceType::all()),
            (None, "DomainResource") => {
                bases.extend(ResourceType::all().filter(|kind| !BARE.contains(&kind.name())));
            }
            _ => return Vec::new(),
        }
    }
    bases.sort_unstable();
    bases.dedup();
    bases
}

fn kind_of(name: &str) -> Option<ParamKind> {
    Some(match name {
        "date" => ParamKind::Date,
        "number" => ParamKind::Number,
        "quantity" => ParamKind::Quantity,
        "reference" => ParamKind::Reference,
        "string" => ParamKind::String,
        "token" => ParamKind::Token,
        "uri" => ParamKind::Uri,
        _ => return None,
    })
}

/// Why the expression cannot be had for records of this type, if it cannot; where it is for one type alone, names of
/// elements that this has not are wrong.
fn applied(expression: &Expression, kind: ResourceType, alone: bool) -> Option<EvalError> {
    let empty = Object::new();
    let node = Node::object(&empty, R4.type_named(kind.name()), Kind::Resource);
    let context = Context::typed(&R4).resource(node).resolver(&Local);
    let context = if alone { context.strict() } else { context };
    expression.evaluate(&context, node).err()
}

fn digest(one: &Registered, expression: &str) -> u64 {
    let bases = one.bases.iter().map(|kind| kind.name());
    let targets = one.targets.iter().map(|kind| kind.name());
    let parts = [one.url.as_str(), &one.code, one.kind.name(), expression].into_iter();
    let with_ends = parts.chain(bases).chain(["|"]).chain(targets);
    with_ends.fold(FNV_BASIS, |hash, part| fnv(fnv(hash, part.as_bytes()), &[0]))
}
