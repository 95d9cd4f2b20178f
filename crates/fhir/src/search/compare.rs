//! The comparisons of `_filter`: <https://hl7.org/fhir/R4/search_filter.html#ops>.
//!
//! Each is what a search parameter with a prefix or a modifier asks; one that no index answers is refused by its name.

use anamnesis_kernel::ResourceType;
use anamnesis_kernel::search::{Filter, Find};
use compact_str::{CompactString, format_compact};

use super::modifier::Modifier;
use super::reading::{Reading, one_value};
use super::wrong::Wrong;
use super::{dates, string};
use crate::param::{Known, ParamKind};

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Op(&'static str);

impl Op {
    const ALL: [&'static str; 17] = [
        "eq", "ne", "co", "sw", "gt", "lt", "ge", "le", "ap", "sa", "eb", "pr", "po", "ss", "sb", "in", "ni",
    ];

    /// The comparison of this name.
    pub(super) fn read(name: &str) -> Result<Self, Wrong> {
        match name {
            "re" => return Ok(Self("re")),
            "ew" => {
                return Err(Wrong::unsupported(
                    "the operator ew is not supported: no index has the ends of texts",
                ));
            }
            _ => {}
        }
        Self::ALL.into_iter().find(|known| *known == name).map(Self).ok_or_else(|| "not an operator".into())
    }
}

impl Reading<'_> {
    /// What one comparison asks of a record of this type.
    pub(super) fn compared(
        &mut self,
        kind: ResourceType,
        code: &str,
        Op(op): Op,
        value: &str,
    ) -> Result<Filter, Wrong> {
        if matches!(code, "_id" | "_lastUpdated") {
            return self.of_the_record(kind, code, op, value);
        }
        let known = self.known(kind, code)?;
        let value = one_value(value);
        let ordered = matches!(known.kind, ParamKind::Date | ParamKind::Number | ParamKind::Quantity);
        let modifier = match (op, known.kind) {
            ("pr", _) => return self.is_present(kind, &known, &value),
            ("eq" | "ne" | "gt" | "lt" | "ge" | "le" | "ap" | "sa" | "eb", _) if ordered => {
                return self.asked(kind, &known, Modifier::Plain, &format_compact!("{op}{value}"));
            }
            ("po", ParamKind::Date) => {
                self.spend(known.params.len())?;
                let tests: Result<Vec<_>, _> =
                    known.params.iter().map(|param| dates::overlapping(*param, &value)).collect();
                return Ok(Filter::any_of(tests?));
            }
            ("eq" | "ne", ParamKind::String) => {
                self.spend(known.params.len())?;
                let tests: Result<Vec<_>, _> =
                    known.params.iter().map(|param| string::test(*param, &value, Find::Whole)).collect();
                return self.or_not(kind, &known, op, Filter::any_of(tests?));
            }
            (
                "eq" | "ne",
                ParamKind::Token | ParamKind::Reference | ParamKind::Uri | ParamKind::Composite,
            )
            | ("re", ParamKind::Reference)
            | ("sw", ParamKind::String) => Modifier::Plain,
            ("co", ParamKind::String) => Modifier::Contains,
            ("in", ParamKind::Token) => Modifier::In,
            ("ni", ParamKind::Token) => Modifier::NotIn,
            ("ss", ParamKind::Token) => Modifier::Above,
            ("sb", ParamKind::Token | ParamKind::Uri) => Modifier::Below,
            (_, kind) => {
                let what =
                    format!("the operator {op} is not supported on a parameter of type {}", kind.name());
                return Err(Wrong::unsupported(what));
            }
        };
        let filter = self.asked(kind, &known, modifier, &value)?;
        self.or_not(kind, &known, op, filter)
    }

    /// `ne` needs a value that is another: a record without any has none that is.
    fn or_not(
        &mut self,
        kind: ResourceType,
        known: &Known,
        op: &str,
        filter: Filter,
    ) -> Result<Filter, Wrong> {
        Ok(match op {
            "ne" => Filter::All(vec![self.present(kind, known)?, Filter::Not(Box::new(filter))]),
            _ => filter,
        })
    }

    fn is_present(&mut self, kind: ResourceType, known: &Known, value: &str) -> Result<Filter, Wrong> {
        match value {
            "true" => self.present(kind, known),
            "false" => Ok(Filter::Not(Box::new(self.present(kind, known)?))),
            _ => Err("pr is followed by true or false".into()),
        }
    }

    fn of_the_record(
        &mut self,
        kind: ResourceType,
        code: &str,
        op: &str,
        value: &str,
    ) -> Result<Filter, Wrong> {
        let value: CompactString = match (code, op) {
            ("_id", "eq" | "ne") => one_value(value),
            ("_lastUpdated", "eq" | "ne" | "gt" | "lt" | "ge" | "le" | "ap" | "sa" | "eb") => {
                format_compact!("{op}{}", one_value(value))
            }
            _ => return Err(Wrong::unsupported(format!("the operator {op} is not supported on {code}"))),
        };
        let filter = self.criterion(kind, code, &value)?;
        Ok(if (code, op) == ("_id", "ne") { Filter::Not(Box::new(filter)) } else { filter })
    }
}
