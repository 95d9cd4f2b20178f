//! Generated lists in lines of a width that a review can show.

/// Writes the pieces in lines of at most 110 columns.
pub(super) fn wrapped(out: &mut String, pieces: impl Iterator<Item = String>) {
    let mut width = 0;
    for piece in pieces {
        if width == 0 || width + piece.len() + 1 > 110 {
            *out += if width == 0 { "        " } else { "\n        " };
            width = 8;
        } else {
            *out += " ";
            width += 1;
        }
        *out += &piece;
        width += piece.len();
    }
    if width > 0 {
        *out += "\n";
    }
}
