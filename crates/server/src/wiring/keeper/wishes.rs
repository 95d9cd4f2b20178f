//! What operators ask of the keeper while it makes nothing.

use std::sync::Arc;

use super::{Folded, Keeper, MakeError, Previous, parameters_of};
use crate::generations::{Act, Denied, Wish};

impl Keeper {
    /// Does what is asked, and tells who asked.
    pub(super) async fn obey(&mut self, wish: Wish) {
        let done = match wish.act {
            Act::Build => self.want(None).map(Ok),
            Act::Remove(number) | Act::Serve(number) if number == self.store.views.number() => {
                Ok(Err(Denied::Serves))
            }
            Act::Remove(number) => self.remove(number),
            Act::Serve(number) => self.go_back(number).await,
        };
        let told = done.unwrap_or_else(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(cause, "what was asked of the generations cannot be done: {error}");
            Err(Denied::Failed)
        });
        // Who asked and went away has nothing to be told.
        let _ = wish.told.send(told);
    }

    fn remove(&mut self, number: u64) -> Result<Result<(), Denied>, MakeError> {
        if self.previous.as_ref().is_some_and(|previous| previous.views.number() == number) {
            self.forget_previous();
            return Ok(Ok(()));
        }
        // One that failed waits to be tried again.
        match self.generations.building() {
            Some(building) if building.number == number => {
                self.want(Some(&building.shape))?;
                self.generations.tell(|told| told.building = None);
                Ok(Ok(()))
            }
            _ => Ok(Err(Denied::Unknown)),
        }
    }

    /// Brings the one that served before up to date and has it serve again; what is wanted is not made until it is asked
    /// for, or something else is.
    async fn go_back(&mut self, number: u64) -> Result<Result<(), Denied>, MakeError> {
        let Some(Previous { views, generation, until }) = self.previous.take() else {
            return Ok(Err(Denied::Unknown));
        };
        if views.number() != number {
            self.previous = Some(Previous { views, generation, until });
            return Ok(Err(Denied::Unknown));
        }
        let unwanted = self.parameters.wanted().shape().to_owned();
        let put = match self.fold(&generation, number).await {
            Ok(Folded::Near(projector)) => self.put_in_place(Arc::clone(&views), projector).await,
            Ok(Folded::Cancelled(_) | Folded::Stopped) => Ok(false),
            Err(error) => Err(error),
        };
        if !matches!(put, Ok(true)) {
            self.previous = Some(Previous { views, generation, until });
            return put.map(|_| Err(Denied::Failed));
        }
        let serves = unwanted == parameters_of(&generation).shape();
        self.want((!serves).then_some(&unwanted))?;
        tracing::info!(number, "the generation that served before serves again");
        Ok(Ok(()))
    }
}
