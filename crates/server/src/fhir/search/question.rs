//! What a search asks, as of when, and from where on.
//!
//! Invariant: all pages of a search are answered as of the cursor of the first, and a link to one is good for that
//! search alone.

use anamnesis_engine::When;
use anamnesis_fhir::search::{Parsed, Total};
use anamnesis_kernel::Cursor;
use anamnesis_kernel::search::After;

use super::linked;
use super::scope::Scope;
use crate::app::App;
use crate::as_of::{AsOf, resolved};
use crate::fhir::outcome::Outcome;
use crate::fhir::page::{self, End, Turn};
use crate::fhir::query;

/// A search that was understood.
pub(super) struct Question {
    /// What is asked.
    pub(super) parsed: Parsed,
    /// As of when.
    pub(super) cursor: Cursor,
    /// How many there are in all, where the page before knew.
    pub(super) total: Option<u64>,
    /// The address that is searched.
    url: String,
    /// What a link to another page is bound to.
    text: String,
}

impl Question {
    /// What was understood, and as of when; the views have all there was then.
    ///
    /// # Errors
    ///
    /// When the link to a page is not one of this search, or the views do not get there in time.
    pub(super) async fn of(
        app: &App,
        scope: &Scope,
        mut parsed: Parsed,
        mut as_of: AsOf,
    ) -> Result<Self, Outcome> {
        // The moment is told as the cursor that it came to, so that the same can be asked again.
        if let Some((asked, cursor)) = as_of.pair() {
            let said = parsed.understood.iter_mut().filter(|(key, _)| key == asked);
            said.for_each(|(_, value)| value.clone_from(&cursor));
        }
        let path = scope.path();
        let url = if path.is_empty() { app.base_url.clone() } else { format!("{}/{path}", app.base_url) };
        let bound = parsed.understood.iter().filter(|(key, _)| key != "_count").cloned();
        let text = format!("{path}?{}", query::text(&bound.collect::<Vec<_>>()));
        let mut total = None;
        if let Some(token) = &parsed.page {
            let Some(End::Search(turn)) = page::read(&app.engine.keyring().store, &text, token) else {
                return Err(Outcome::bad("_page: not a page of this search"));
            };
            as_of = resolved(app, &When::Cursor(turn.cursor)).await?;
            total = turn.total;
            parsed.query.after = turn.after;
        }
        Ok(Self { parsed, cursor: as_of.cursor, total, url, text })
    }

    /// Whether the number of all that are found is wanted, and not known yet.
    pub(super) fn counts(&self) -> bool {
        let wanted = self.parsed.summary_count || self.parsed.total != Total::None;
        wanted && self.total.is_none()
    }

    /// The address of this page.
    pub(super) fn own(&self) -> String {
        self.address(self.parsed.page.as_deref())
    }

    /// The address of the page that begins behind `after`, or of the first; each is answered as of the same cursor.
    pub(super) fn page(&self, app: &App, total: Option<u64>, after: Option<After>) -> String {
        let end = End::Search(Turn { cursor: self.cursor.clone(), total, after });
        self.address(Some(&page::token(&app.engine.keyring().store, &self.text, &end)))
    }

    fn address(&self, token: Option<&str>) -> String {
        let understood = self.parsed.understood.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let pairs: Vec<_> = understood.chain(token.map(|token| ("_page", token))).collect();
        linked(&self.url, &query::text(&pairs))
    }
}
