//! No snapshots at all: what is folded is folded from the log.

use anamnesis_seal::{SubjectNumber, Tag};
use async_trait::async_trait;

use super::{Listed, Shape, Snapshot, SnapshotWrite, Snapshots, Tally, UpTo};
use crate::{Cause, ReadError};

/// Keeps nothing: for who may write no snapshots and lives without.
#[derive(Clone, Copy, Debug)]
pub struct NoSnapshots;

#[async_trait]
impl Snapshots for NoSnapshots {
    async fn put(&self, _: Vec<SnapshotWrite>) -> Result<(), Cause> {
        Ok(())
    }

    async fn newest(&self, _: Tag, _: Shape, _: UpTo) -> Result<Option<Snapshot>, ReadError> {
        Ok(None)
    }

    async fn list(&self, _: Tag) -> Result<Vec<Listed>, ReadError> {
        Ok(Vec::new())
    }

    async fn remove_subject(&self, _: SubjectNumber) -> Result<u64, Cause> {
        Ok(0)
    }

    async fn remove_other_shapes(&self, _: Shape, _: u32) -> Result<u64, Cause> {
        Ok(0)
    }

    async fn swept(&self) -> Result<Option<u64>, ReadError> {
        Ok(None)
    }

    async fn set_swept(&self, _: u64) -> Result<(), Cause> {
        Ok(())
    }

    async fn tally(&self) -> Result<Tally, ReadError> {
        Ok(Tally::default())
    }

    fn bytes(&self) -> u64 {
        0
    }
}
