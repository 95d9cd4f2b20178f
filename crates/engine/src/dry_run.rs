//! A dry run over the whole log: what of it the code of today cannot lift; nothing is written.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use anamnesis_kernel::Position;
use anamnesis_store::{ReadError, Unapplied};

use crate::codec::{self, Opened};
use crate::engine::Engine;
use crate::rebuild::Progress;

const PAGE: u32 = 2_000;

/// What a dry run found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// How many events were read.
    pub events: u64,
    /// How many of them can no longer be opened because their subject was erased.
    pub erased: u64,
    /// By type and schema version, in order: how many events there are.
    pub shapes: Vec<Shape>,
    /// What could not be lifted, by type, schema version and why, in order.
    pub unlifted: Vec<Unlifted>,
}

/// Events of one type and schema version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The type.
    pub kind: String,
    /// The shape of their data.
    pub schema_version: u16,
    /// How many there are.
    pub events: u64,
}

/// Events that could not be lifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlifted {
    /// What they are, and how many.
    pub shape: Shape,
    /// Why they could not.
    pub why: Unapplied,
    /// Where the first of them stands.
    pub first: Position,
}

/// Opens and lifts every event of the log, and tells how far it is.
///
/// # Errors
///
/// When the log or the keys cannot be read.
pub async fn dry_run(engine: &Engine, mut tell: impl FnMut(Progress)) -> Result<DryRun, ReadError> {
    let total = engine.head().offset(0);
    let (mut offset, mut erased) = (0, 0);
    let mut shapes: BTreeMap<(String, u16), u64> = BTreeMap::new();
    let mut unlifted: BTreeMap<(String, u16, &str), Unlifted> = BTreeMap::new();
    while offset < total {
        for stored in engine.log.read(0, offset, PAGE).await? {
            if stored.position.offset >= total {
                break;
            }
            offset = stored.position.offset + 1;
            let (position, schema_version) = (stored.position, stored.schema_version);
            let kind = stored.kind.clone();
            *shapes.entry((kind.clone(), schema_version)).or_default() += 1;
            let lifted = match codec::opened(&engine.keyring, stored).await? {
                Opened::Erased => {
                    erased += 1;
                    Ok(())
                }
                Opened::Sealed => Err(Unapplied::Unopened),
                Opened::Event(event) => catch_unwind(AssertUnwindSafe(|| codec::lift(&event).map(drop)))
                    .unwrap_or(Err(Unapplied::Bug)),
            };
            if let Err(why) = lifted {
                let one = unlifted.entry((kind.clone(), schema_version, why.code())).or_insert(Unlifted {
                    shape: Shape { kind, schema_version, events: 0 },
                    why,
                    first: position,
                });
                one.shape.events += 1;
            }
        }
        tell(Progress { done: offset, total });
    }
    let shape = |((kind, schema_version), events)| Shape { kind, schema_version, events };
    Ok(DryRun {
        events: total,
        erased,
        shapes: shapes.into_iter().map(shape).collect(),
        unlifted: unlifted.into_values().collect(),
    })
}
