//! One page of a history: versions in their order, of which those that are asked for are taken.

use anamnesis_kernel::{Instant, Version};
use anamnesis_store::{Changes, ReadError, RecordVersion, VersionPlace};

use super::Of;
use super::asked::Asked;
use crate::app::App;
use crate::fhir::page::End;

/// Above every version; the views count in signed numbers.
const BEYOND: Version = i64::MAX as Version;
/// How many versions are looked at for one page, so that a narrow question does not hold a reader for long.
const SCANNED_MAX: usize = 20_000;
/// How many are read at a time when few are taken.
const CHUNK_MIN: u32 = 50;

/// A page, and where the next one begins if there is one.
pub(super) struct Page {
    pub(super) shown: Vec<RecordVersion>,
    pub(super) next: Option<End>,
}

/// The versions that are asked for; the page is short where few of many are.
///
/// # Errors
///
/// When the views cannot be read.
pub(super) async fn page_of(app: &App, of: &Of, asked: &Asked) -> Result<Page, ReadError> {
    let mut page = Page { shown: Vec::new(), next: None };
    let wanted = asked.count as usize;
    if wanted == 0 {
        return Ok(page);
    }
    let mut behind = asked.after.clone();
    let mut scanned = 0;
    loop {
        // One more than there is room for says whether others follow.
        let room = u32::try_from(wanted - page.shown.len()).unwrap_or(u32::MAX).saturating_add(1);
        let limit = if asked.is_narrow() { room.max(CHUNK_MIN) } else { room };
        let read = of.read(app, asked, behind.as_ref(), limit).await?;
        let last = read.len() < limit as usize;
        for version in read {
            scanned += 1;
            if version.began < asked.since {
                return Ok(page);
            }
            behind = Some(of.end(&version));
            if !asked.takes(&version) {
                continue;
            }
            if page.shown.len() == wanted {
                page.next = page.shown.last().map(|version| of.end(version));
                return Ok(page);
            }
            page.shown.push(version);
        }
        if last {
            return Ok(page);
        }
        if scanned >= SCANNED_MAX {
            page.next = behind;
            return Ok(page);
        }
    }
}

impl Of {
    fn end(&self, version: &RecordVersion) -> End {
        match self {
            Self::Record(_) => End::Version(version.version),
            Self::Type(_) | Self::System => End::Change(version.place()),
        }
    }

    /// What follows the version that `behind` stands for.
    async fn read(
        &self,
        app: &App,
        asked: &Asked,
        behind: Option<&End>,
        limit: u32,
    ) -> Result<Vec<RecordVersion>, ReadError> {
        let kind = match self {
            Self::Record(stream) => {
                let below = match behind {
                    Some(End::Version(version)) => *version,
                    _ => BEYOND,
                };
                return app.engine.views().history(stream, below, asked.as_of, limit).await;
            }
            Self::Type(kind) => Some(*kind),
            Self::System => None,
        };
        let before = match behind {
            Some(End::Change(place)) => *place,
            _ => VersionPlace::after(asked.until().unwrap_or(Instant::from_micros(i64::MAX - 1))),
        };
        let changes = Changes { kind, since: asked.since, before, limit };
        let read = app.engine.views().changes(&changes).await?;
        Ok(read.into_iter().filter_map(|version| version.as_of(asked.as_of)).collect())
    }
}
