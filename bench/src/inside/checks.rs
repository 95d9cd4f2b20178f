//! How long it takes to check a resource against all of R4, without parsing it and without the store.

use std::path::Path;
use std::time::Instant as Stopwatch;

use anamnesis_fhir::check::{Extent, check};
use anamnesis_json::Value;
use anamnesis_kernel::ResourceType;
use anyhow::Context;

/// How often everything is checked; the first time is not counted, since expressions are parsed in it.
const ROUNDS: u32 = 5;

/// Microseconds a resource of the bundles in a folder takes: of all types, and of Observations alone.
pub(super) fn micros(folder: &Path) -> anyhow::Result<(f64, f64)> {
    let mut all = Vec::new();
    read(folder, &mut all)?;
    let observation = ResourceType::parse("Observation").context("R4 has observations")?;
    let observations: Vec<_> = all.iter().filter(|(kind, _)| *kind == observation).cloned().collect();
    Ok((mean(&all), mean(&observations)))
}

fn mean(resources: &[(ResourceType, Value)]) -> f64 {
    let mut started = Stopwatch::now();
    for round in 0..=ROUNDS {
        if round == 1 {
            started = Stopwatch::now();
        }
        for (kind, resource) in resources {
            if let Some(elements) = resource.as_object() {
                std::hint::black_box(check(*kind, elements, Extent::Whole));
            }
        }
    }
    started.elapsed().as_secs_f64() * 1e6 / (f64::from(ROUNDS) * resources.len().max(1) as f64)
}

fn read(folder: &Path, all: &mut Vec<(ResourceType, Value)>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, all)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let bundle = anamnesis_json::parse(&std::fs::read(&path)?)?;
            for resource in bundle
                .get("entry")
                .into_iter()
                .flat_map(Value::each)
                .filter_map(|entry| entry.get("resource"))
            {
                let kind = resource.get("resourceType").and_then(Value::as_str).and_then(ResourceType::parse);
                all.extend(kind.map(|kind| (kind, resource.clone())));
            }
        }
    }
    Ok(())
}
