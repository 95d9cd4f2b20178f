//! What bounds a search.

/// What bounds a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The own base, without a slash at the end: absolute references that begin with it are local.
    pub base: Option<String>,
    /// How many records a page has unless `_count` says otherwise.
    pub count_default: u32,
    /// How many records a page has at most.
    pub count_max: u32,
    /// How many values a search has at most, all criteria together, with those that chains and value sets make of them.
    pub values_max: usize,
    /// How many records a chain leads over at most.
    pub chain_depth_max: usize,
    /// How many `_include` and `_revinclude` a search has at most.
    pub includes_max: usize,
    /// How many parameters a search is sorted by at most.
    pub sorts_max: usize,
    /// How long an expression of `_filter`, `_text` or `_content` is at most.
    pub filter_bytes_max: usize,
    /// How deep its parentheses nest at most.
    pub filter_depth_max: usize,
    /// Whether unknown parameters are refused (`Prefer: handling=strict`) or ignored.
    pub strict: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            base: None,
            count_default: 20,
            count_max: 1_000,
            values_max: 1_000,
            chain_depth_max: 8,
            includes_max: 32,
            sorts_max: 8,
            filter_bytes_max: 8_192,
            filter_depth_max: 16,
            strict: false,
        }
    }
}
