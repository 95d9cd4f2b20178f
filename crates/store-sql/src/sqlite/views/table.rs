//! The tables of the index: one for what holds now and one for what held, of each kind of key.

use anamnesis_kernel::search::Kept;

/// A pair of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    /// All records of a type.
    Place,
    Token,
    Text,
    Date,
    Quantity,
    Reference,
    Words,
}

impl Table {
    pub(super) const fn of(kept: Kept) -> Self {
        match kept {
            Kept::Token => Self::Token,
            Kept::Text => Self::Text,
            Kept::Date => Self::Date,
            Kept::Quantity => Self::Quantity,
            Kept::Reference => Self::Reference,
            Kept::Words => Self::Words,
        }
    }

    /// What holds now.
    pub(super) const fn now(self) -> &'static str {
        match self {
            Self::Place => "place_now",
            Self::Token => "token_now",
            Self::Text => "text_now",
            Self::Date => "date_now",
            Self::Quantity => "quantity_now",
            Self::Reference => "reference_now",
            Self::Words => "words_now",
        }
    }

    /// What held until something else did.
    pub(super) const fn then(self) -> &'static str {
        match self {
            Self::Place => "place_then",
            Self::Token => "token_then",
            Self::Text => "text_then",
            Self::Date => "date_then",
            Self::Quantity => "quantity_then",
            Self::Reference => "reference_then",
            Self::Words => "words_then",
        }
    }

    /// What held and is not in then's table yet: rows in runs, of which only those are valid that are listed.
    pub(super) const fn late(self) -> Option<&'static str> {
        match self {
            Self::Text => Some("text_late"),
            _ => None,
        }
    }
}
