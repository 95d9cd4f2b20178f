//! The profiles and value sets that an operator would have registered.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anamnesis_fhir::check::Finding;
use anamnesis_fhir::outcome::Severity;
use anamnesis_fhir::profile::{Claim, Definitions, Profile, Wanted, codes};
use anamnesis_json::{Value, parse};

use super::{PROFILES, json};

/// What was registered.
pub(super) struct Registered {
    profiles: HashMap<String, Arc<Profile>>,
    value_sets: HashMap<String, Arc<Vec<(String, String)>>>,
}

impl Definitions for Registered {
    fn profile(&self, url: &str) -> Option<Arc<Profile>> {
        self.profiles.get(url).cloned()
    }

    fn value_set(&self, url: &str) -> Option<Arc<Vec<(String, String)>>> {
        self.value_sets.get(url.split('|').next().unwrap()).cloned()
    }
}

impl Registered {
    /// US Core's profiles, and of R4's own the one that they stand on and the value sets they bind to.
    pub(super) fn read(shared: &Path) -> Self {
        let definitions = shared.join("definitions");
        let vital_signs = published(
            &definitions.join("r4-structuredefinitions.tar.zst"),
            "StructureDefinition/StructureDefinition-vitalsigns.json",
        );
        let texts = PROFILES.lines().map(json).chain([vital_signs]);
        let profiles = texts.map(|text| Profile::compile(&text).unwrap());
        let value_sets = ["ucum-bodylength", "ucum-bodyweight", "ucum-vitals-common"].map(|name| {
            let archive = definitions.join("r4-terminology.tar.zst");
            let text = published(&archive, &format!("ValueSet/ValueSet-{name}.json"));
            let codes = codes(&text, &|_| None, &|_| None).unwrap();
            (format!("http://hl7.org/fhir/ValueSet/{name}"), Arc::new(codes))
        });
        Self {
            profiles: profiles.map(|profile| (profile.url().to_owned(), Arc::new(profile))).collect(),
            value_sets: HashMap::from(value_sets),
        }
    }

    /// What one profile says of a resource: what is wrong, and what was not checked.
    pub(super) fn said(&self, url: &str, claim: &Claim<'_>) -> (Vec<String>, Vec<String>) {
        let found = self.profile(url).unwrap().check(claim, self, Wanted::All);
        let line = |finding: &Finding| {
            let issue = &finding.issue;
            format!("{}: {}", issue.expression.as_deref().unwrap(), issue.diagnostics)
        };
        let of = |is_error: bool| {
            let all = found.iter().filter(|one| (one.issue.severity == Severity::Error) == is_error);
            all.map(line).collect()
        };
        (of(true), of(false))
    }
}

fn published(archive: &Path, member: &str) -> Value {
    let output = Command::new("tar").arg("--zstd").arg("-xOf").arg(archive).arg(member).output().unwrap();
    assert!(output.status.success(), "{member} is not in the archive");
    parse(&output.stdout).unwrap()
}
