//! What is searched: the records of a type, of all types, or of a compartment.
//!
//! <https://hl7.org/fhir/R4/http.html#vsearch>, <https://hl7.org/fhir/R4/compartmentdefinition.html>

use anamnesis_fhir::outcome::Issue;
use anamnesis_fhir::search::{Context, Parsed, parse, parse_system};
use anamnesis_fhir::{has_compartment, in_compartment};
use anamnesis_kernel::{ResourceType, StreamName};

use crate::fhir::outcome::Outcome;
use crate::fhir::request;

/// In a URL, every type.
const ALL: &str = "*";

/// What is searched.
pub(in crate::fhir) struct Scope {
    /// The record in whose compartment they must be.
    within: Option<StreamName>,
    /// Their type; any where there is none.
    kind: Option<ResourceType>,
}

impl Scope {
    /// Records of any type.
    pub(in crate::fhir) const SYSTEM: Self = Self { within: None, kind: None };

    /// Records of this type.
    pub(in crate::fhir) const fn of_type(kind: ResourceType) -> Self {
        Self { within: None, kind: Some(kind) }
    }

    /// Records of the type that is named, or of any for `*`, in the compartment of a record.
    ///
    /// # Errors
    ///
    /// When R4 has no such type, or no such compartment.
    pub(in crate::fhir) fn compartment(owner: StreamName, of: &str) -> Result<Self, Outcome> {
        if !has_compartment(owner.kind) {
            return Err(Outcome::NoInteraction);
        }
        let kind = if of == ALL { None } else { Some(request::kind(of)?) };
        Ok(Self { within: Some(owner), kind })
    }

    /// Its path below the base.
    pub(super) fn path(&self) -> String {
        let kind = self.kind.map(ResourceType::name);
        match &self.within {
            Some(owner) => format!("{owner}/{}", kind.unwrap_or(ALL)),
            None => kind.unwrap_or_default().to_owned(),
        }
    }

    /// Reads what is asked of it.
    ///
    /// # Errors
    ///
    /// Every parameter that cannot be taken as it was sent.
    pub(super) fn parse(
        &self,
        pairs: &[(String, String)],
        context: &Context<'_>,
    ) -> Result<Parsed, Vec<Issue>> {
        let mut parsed = match self.kind {
            Some(kind) => parse(kind, pairs, context)?,
            None => parse_system(pairs, context)?,
        };
        if let Some(owner) = &self.within {
            let ids = std::slice::from_ref(&owner.id);
            parsed.query.all.push(in_compartment(owner.kind, ids, self.kind, context.params));
        }
        Ok(parsed)
    }
}
