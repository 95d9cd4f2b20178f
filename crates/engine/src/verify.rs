//! Whether the log reads back whole: every leaf, the tree's root, every stream's versions and that it is found by its
//! name, every seal.

use std::collections::HashMap;

use anamnesis_seal::{Tag, Tree, sha256};
use anamnesis_store::{ReadError, StoredEvent};

use crate::codec;
use crate::engine::Engine;
use crate::rebuild::Progress;
use crate::shown::readable;

const PAGE: u32 = 2_000;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many events were read.
    pub events: u64,
    /// How many of them can no longer be opened because their subject was erased.
    pub erased: u64,
    /// The first thing that is not as it was written.
    pub first_bad: Option<Damage>,
}

/// What is not as it was written, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The partition.
    pub partition: u32,
    /// The offset of the event; for the root, and for a stream that is not found whole by its name, the number of events.
    pub offset: u64,
    /// `leaf`, `order`, `seal`, `name`, `missing`, `root`, `stream` …
    pub kind: String,
}

/// Reads the whole log back.
///
/// # Errors
///
/// When the log cannot be read at all.
pub async fn verify(engine: &Engine, mut tell: impl FnMut(Progress)) -> Result<Verdict, ReadError> {
    let head = engine.log.head().borrow().clone();
    let total = head.cursor.offset(0);
    let mut check = Check { tree: Tree::default(), versions: HashMap::new(), last_moment: None, erased: 0 };
    let mut offset = 0;
    while offset < total {
        let (page, damage) = readable(&*engine.log, offset, PAGE).await?;
        for stored in page {
            offset = stored.position.offset;
            if offset >= total {
                break;
            }
            if let Err(kind) = check.event(engine, stored).await? {
                return Ok(check.bad(offset, kind));
            }
            offset += 1;
        }
        if let Some((offset, what)) = damage {
            return Ok(check.bad(offset, what));
        }
        tell(Progress { done: offset, total });
    }
    if head.roots.first() != Some(&check.tree.root()) {
        return Ok(check.bad(total, "root"));
    }
    for (stream, version) in &check.versions {
        if engine.log.stream_events(*stream).await? != *version {
            return Ok(check.bad(total, "stream"));
        }
    }
    Ok(Verdict { events: total, erased: check.erased, first_bad: None })
}

struct Check {
    tree: Tree,
    versions: HashMap<Tag, u64>,
    last_moment: Option<(anamnesis_kernel::Instant, uuid::Uuid)>,
    erased: u64,
}

impl Check {
    fn bad(&self, offset: u64, kind: &str) -> Verdict {
        let first_bad = Some(Damage { partition: 0, offset, kind: kind.to_owned() });
        Verdict { events: self.tree.size(), erased: self.erased, first_bad }
    }

    async fn event(
        &mut self,
        engine: &Engine,
        stored: StoredEvent,
    ) -> Result<Result<(), &'static str>, ReadError> {
        let leaf = stored.entry(sha256(&stored.sealed)).leaf();
        if leaf != stored.leaf {
            return Ok(Err("leaf"));
        }
        self.tree.push(leaf);
        let version = self.versions.entry(stored.stream).or_default();
        *version += 1;
        if *version != stored.version {
            return Ok(Err("order"));
        }
        let moves_on = |(moment, commit)| {
            stored.moment > moment || (stored.moment == moment && stored.commit_id == commit)
        };
        if !self.last_moment.is_none_or(moves_on) {
            return Ok(Err("order"));
        }
        self.last_moment = Some((stored.moment, stored.commit_id));
        let tag = stored.stream;
        match codec::open(&engine.keyring, stored).await {
            Ok(Some(event)) if engine.keyring.store.stream_tag(&event.stream) == tag => Ok(Ok(())),
            Ok(Some(_)) => Ok(Err("name")),
            Ok(None) => {
                self.erased += 1;
                Ok(Ok(()))
            }
            Err(ReadError::Damaged { .. }) => Ok(Err("seal")),
            Err(error) => Err(error),
        }
    }
}
