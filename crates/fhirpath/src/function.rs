//! The functions, by name, with how many arguments each takes.

/// A function; `is`, `as` and `ofType` are part of the grammar instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Abs,
    Aggregate,
    Ceiling,
    Children,
    Coalesce,
    Combine,
    ConformsTo,
    Count,
    Decode,
    Descendants,
    Distinct,
    ElementDefinition,
    Encode,
    Escape,
    Exclude,
    Exp,
    Extension,
    First,
    Floor,
    GetValue,
    HighBoundary,
    Iif,
    IndexOf,
    Intersect,
    Join,
    Last,
    LastIndexOf,
    Length,
    Ln,
    Log,
    LowBoundary,
    Lower,
    MemberOf,
    Now,
    Power,
    Precision,
    Repeat,
    Replace,
    ReplaceMatches,
    Resolve,
    Round,
    Select,
    Single,
    Skip,
    Slice,
    Sort,
    Split,
    Sqrt,
    Substring,
    Subsumes,
    SubsumedBy,
    Tail,
    Take,
    /// One that gives a boolean.
    Test(Test),
    TimeOfDay,
    To(Target),
    ToChars,
    Today,
    Trace,
    Trim,
    Truncate,
    Type,
    Unescape,
    Union,
    Upper,
    Where,
}

/// A function that gives a boolean, and so can be a condition without a collection being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Test {
    All,
    AllFalse,
    AllTrue,
    AnyFalse,
    AnyTrue,
    Comparable,
    Contains,
    ConvertsTo(Target),
    Empty,
    EndsWith,
    Exists,
    HasValue,
    HtmlChecks,
    IsDistinct,
    Matches,
    MatchesFull,
    Not,
    StartsWith,
    SubsetOf,
    SupersetOf,
}

/// What `toX` and `convertsToX` turn into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Boolean,
    Date,
    DateTime,
    Decimal,
    Integer,
    Quantity,
    String,
    Time,
}

/// Name, function, fewest and most arguments; sorted by name.
#[rustfmt::skip] // A table reads by column.
const FUNCTIONS: &[(&str, Function, usize, usize)] = &[
    ("abs",                Function::Abs,                                      0, 0),
    ("aggregate",          Function::Aggregate,                                1, 2),
    ("all",                Function::Test(Test::All),                          1, 1),
    ("allFalse",           Function::Test(Test::AllFalse),                     0, 0),
    ("allTrue",            Function::Test(Test::AllTrue),                      0, 0),
    ("anyFalse",           Function::Test(Test::AnyFalse),                     0, 0),
    ("anyTrue",            Function::Test(Test::AnyTrue),                      0, 0),
    ("ceiling",            Function::Ceiling,                                  0, 0),
    ("children",           Function::Children,                                 0, 0),
    ("coalesce",           Function::Coalesce,                                 1, 32),
    ("combine",            Function::Combine,                                  1, 1),
    ("comparable",         Function::Test(Test::Comparable),                   1, 1),
    ("conformsTo",         Function::ConformsTo,                               1, 1),
    ("contains",           Function::Test(Test::Contains),                     1, 1),
    ("convertsToBoolean",  Function::Test(Test::ConvertsTo(Target::Boolean)),  0, 0),
    ("convertsToDate",     Function::Test(Test::ConvertsTo(Target::Date)),     0, 0),
    ("convertsToDateTime", Function::Test(Test::ConvertsTo(Target::DateTime)), 0, 0),
    ("convertsToDecimal",  Function::Test(Test::ConvertsTo(Target::Decimal)),  0, 0),
    ("convertsToInteger",  Function::Test(Test::ConvertsTo(Target::Integer)),  0, 0),
    ("convertsToQuantity", Function::Test(Test::ConvertsTo(Target::Quantity)), 0, 1),
    ("convertsToString",   Function::Test(Test::ConvertsTo(Target::String)),   0, 0),
    ("convertsToTime",     Function::Test(Test::ConvertsTo(Target::Time)),     0, 0),
    ("count",              Function::Count,                                    0, 0),
    ("decode",             Function::Decode,                                   1, 1),
    ("descendants",        Function::Descendants,                              0, 0),
    ("distinct",           Function::Distinct,                                 0, 0),
    ("elementDefinition",  Function::ElementDefinition,                        0, 0),
    ("empty",              Function::Test(Test::Empty),                        0, 0),
    ("encode",             Function::Encode,                                   1, 1),
    ("endsWith",           Function::Test(Test::EndsWith),                     1, 1),
    ("escape",             Function::Escape,                                   1, 1),
    ("exclude",            Function::Exclude,                                  1, 1),
    ("exists",             Function::Test(Test::Exists),                       0, 1),
    ("exp",                Function::Exp,                                      0, 0),
    ("extension",          Function::Extension,                                1, 1),
    ("first",              Function::First,                                    0, 0),
    ("floor",              Function::Floor,                                    0, 0),
    ("getValue",           Function::GetValue,                                 0, 0),
    ("hasValue",           Function::Test(Test::HasValue),                     0, 0),
    ("highBoundary",       Function::HighBoundary,                             0, 1),
    ("htmlChecks",         Function::Test(Test::HtmlChecks),                   0, 0),
    ("iif",                Function::Iif,                                      2, 3),
    ("indexOf",            Function::IndexOf,                                  1, 1),
    ("intersect",          Function::Intersect,                                1, 1),
    ("isDistinct",         Function::Test(Test::IsDistinct),                   0, 0),
    ("join",               Function::Join,                                     0, 1),
    ("last",               Function::Last,                                     0, 0),
    ("lastIndexOf",        Function::LastIndexOf,                              1, 1),
    ("length",             Function::Length,                                   0, 0),
    ("ln",                 Function::Ln,                                       0, 0),
    ("log",                Function::Log,                                      1, 1),
    ("lowBoundary",        Function::LowBoundary,                              0, 1),
    ("lower",              Function::Lower,                                    0, 0),
    ("matches",            Function::Test(Test::Matches),                      1, 1),
    ("matchesFull",        Function::Test(Test::MatchesFull),                  1, 1),
    ("memberOf",           Function::MemberOf,                                 1, 1),
    ("not",                Function::Test(Test::Not),                          0, 0),
    ("now",                Function::Now,                                      0, 0),
    ("power",              Function::Power,                                    1, 1),
    ("precision",          Function::Precision,                                0, 0),
    ("repeat",             Function::Repeat,                                   1, 1),
    ("replace",            Function::Replace,                                  2, 2),
    ("replaceMatches",     Function::ReplaceMatches,                           2, 2),
    ("resolve",            Function::Resolve,                                  0, 0),
    ("round",              Function::Round,                                    0, 1),
    ("select",             Function::Select,                                   1, 1),
    ("single",             Function::Single,                                   0, 0),
    ("skip",               Function::Skip,                                     1, 1),
    ("slice",              Function::Slice,                                    2, 2),
    ("sort",               Function::Sort,                                     0, 8),
    ("split",              Function::Split,                                    1, 1),
    ("sqrt",               Function::Sqrt,                                     0, 0),
    ("startsWith",         Function::Test(Test::StartsWith),                   1, 1),
    ("subsetOf",           Function::Test(Test::SubsetOf),                     1, 1),
    ("substring",          Function::Substring,                                1, 2),
    ("subsumedBy",         Function::SubsumedBy,                               1, 1),
    ("subsumes",           Function::Subsumes,                                 1, 1),
    ("supersetOf",         Function::Test(Test::SupersetOf),                   1, 1),
    ("tail",               Function::Tail,                                     0, 0),
    ("take",               Function::Take,                                     1, 1),
    ("timeOfDay",          Function::TimeOfDay,                                0, 0),
    ("toBoolean",          Function::To(Target::Boolean),                      0, 0),
    ("toChars",            Function::ToChars,                                  0, 0),
    ("toDate",             Function::To(Target::Date),                         0, 0),
    ("toDateTime",         Function::To(Target::DateTime),                     0, 0),
    ("toDecimal",          Function::To(Target::Decimal),                      0, 0),
    ("toInteger",          Function::To(Target::Integer),                      0, 0),
    ("toQuantity",         Function::To(Target::Quantity),                     0, 1),
    ("toString",           Function::To(Target::String),                       0, 0),
    ("toTime",             Function::To(Target::Time),                         0, 0),
    ("today",              Function::Today,                                    0, 0),
    ("trace",              Function::Trace,                                    1, 2),
    ("trim",               Function::Trim,                                     0, 0),
    ("truncate",           Function::Truncate,                                 0, 0),
    ("type",               Function::Type,                                     0, 0),
    ("unescape",           Function::Unescape,                                 1, 1),
    ("union",              Function::Union,                                    1, 1),
    ("upper",              Function::Upper,                                    0, 0),
    ("where",              Function::Where,                                    1, 1),
];

impl Function {
    /// The function of this name, with the fewest and most arguments it takes.
    pub(crate) fn named(name: &str) -> Option<(Self, std::ops::RangeInclusive<usize>)> {
        let at = FUNCTIONS.binary_search_by(|row| row.0.cmp(name)).ok()?;
        let (_, function, least, most) = FUNCTIONS.get(at)?;
        Some((*function, *least..=*most))
    }
}

impl Function {
    /// Whether what it gives comes in no order one could rely on.
    pub(crate) fn is_unordered(self) -> bool {
        matches!(self, Self::Children | Self::Descendants)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
