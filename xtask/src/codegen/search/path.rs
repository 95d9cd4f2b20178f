//! The expression of a search parameter as paths: <https://hl7.org/fhir/R4/searchparameter-registry.html>.
//!
//! The subset that is read: alternatives of dotted paths, `(x as Type)`, `.as(Type)`, `.ofType(Type)`,
//! `.where(resolve() is Type)`, `.where(name='value')`.

use anyhow::{Context, bail, ensure};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To an element.
    To(String),
    /// Only what is of this type.
    Cast(String),
    /// Only what refers to this type.
    Refers(String),
    /// Only what has this code in this element.
    Where(String, String),
}

/// The alternatives of an expression that are about `kind`, each without the type in front.
pub(super) fn paths(expression: &str, kind: &str) -> anyhow::Result<Vec<Vec<Step>>> {
    let mut found = Vec::new();
    for alternative in expression.split('|').map(str::trim) {
        let mut steps = path(alternative).with_context(|| format!("beyond the subset: {alternative}"))?;
        // An expression without a type in front is about the type it is used for.
        if let Some(Step::To(first)) = steps.first()
            && first.starts_with(char::is_uppercase)
        {
            if first != kind && first != "Resource" {
                continue;
            }
            steps.remove(0);
        }
        found.push(steps);
    }
    Ok(found)
}

fn path(text: &str) -> anyhow::Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = text;
    if let Some(inner) = text.strip_prefix('(') {
        let (inside, behind) = inner.split_once(')').context("an open parenthesis")?;
        let (before, cast) = inside.split_once(" as ").context("a parenthesis without a cast")?;
        steps = path(before)?;
        steps.push(Step::Cast(cast.trim().to_owned()));
        rest = behind.strip_prefix('.').unwrap_or(behind);
    }
    while !rest.is_empty() {
        let end = rest.find(['.', '(']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        ensure!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()), "no name");
        rest = behind;
        if let Some(call) = behind.strip_prefix('(') {
            let argument = call.strip_suffix(')').or_else(|| call.split_once(").").map(|(inside, _)| inside));
            let argument = argument.context("an open call")?;
            rest = call.get(argument.len() + 1..).unwrap_or_default();
            steps.push(call_step(name, argument)?);
        } else {
            steps.push(Step::To(name.to_owned()));
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    Ok(steps)
}

fn call_step(function: &str, argument: &str) -> anyhow::Result<Step> {
    Ok(match (function, argument.strip_prefix("resolve() is "), argument.split_once('=')) {
        ("as" | "ofType", ..) => Step::Cast(argument.to_owned()),
        ("where", Some(kind), _) => Step::Refers(kind.to_owned()),
        ("where", None, Some((name, value))) => {
            let value = value.trim().strip_prefix('\'').and_then(|v| v.strip_suffix('\''));
            Step::Where(name.trim().to_owned(), value.context("not a code")?.to_owned())
        }
        _ => bail!("a function beyond the subset: {function}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_and_their_paths() {
        let to = |name: &str| Step::To(name.into());
        let cast = |name: &str| Step::Cast(name.into());
        #[rustfmt::skip] // A table reads by column.
        let cases = [
            ("A.b.c | B.d",                          vec![vec![to("b"), to("c")]]),
            ("(A.b as Quantity) | A.c",              vec![vec![to("b"), cast("Quantity")], vec![to("c")]]),
            ("(A.b as CodeableConcept).text",        vec![vec![to("b"), cast("CodeableConcept"), to("text")]]),
            ("A.b.as(dateTime)",                     vec![vec![to("b"), cast("dateTime")]]),
            ("A.b.where(resolve() is Patient)",      vec![vec![to("b"), Step::Refers("Patient".into())]]),
            ("A.b.where(type='x').c",                vec![vec![to("b"), Step::Where("type".into(), "x".into()), to("c")]]),
            ("name",                                 vec![vec![to("name")]]),
        ];
        for (expression, expected) in cases {
            assert_eq!(paths(expression, "A").unwrap(), expected, "{expression}");
        }
        for beyond in ["A.b.exists()", "A.b[0].c", "A.b = 1", "(A.b", "A.b.where(c > 1)"] {
            assert!(paths(beyond, "A").is_err(), "{beyond}");
        }
    }
}
