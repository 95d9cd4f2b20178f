//! A search that was understood.

use anamnesis_kernel::search::Query;

use super::include::Include;
use super::results::Total;

/// A search that was understood.
#[derive(Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What is asked; never without a criterion.
    pub query: Query,
    /// What comes along with what is found.
    pub includes: Vec<Include>,
    /// How the number of matches is wanted.
    pub total: Total,
    /// Whether only the number of matches is asked for.
    pub summary_count: bool,
    /// `_count` as it was sent, if it was.
    pub count: Option<u32>,
    /// `_page` as it was sent, if it was.
    pub page: Option<String>,
    /// `_asOf` as it was sent, if it was.
    pub as_of: Option<String>,
    /// The names of parameters that were not understood, each once.
    pub ignored: Vec<String>,
    /// The parameters that shaped the answer, as sent, for the self link.
    pub understood: Vec<(String, String)>,
}

/// A query names people: shown are only how many criteria there are.
impl std::fmt::Debug for Parsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parsed({} criteria, {} ignored)", self.query.all.len(), self.ignored.len())
    }
}

impl Parsed {
    pub(super) const fn new(query: Query) -> Self {
        Self {
            query,
            includes: Vec::new(),
            total: Total::Accurate,
            summary_count: false,
            count: None,
            page: None,
            as_of: None,
            ignored: Vec::new(),
            understood: Vec::new(),
        }
    }
}
