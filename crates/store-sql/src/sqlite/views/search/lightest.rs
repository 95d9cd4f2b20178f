//! With which of its filters a search begins: the one that gives the fewest rows.

use super::asked::Asked;
use super::plan::Aim;
use super::source::{LARGE, Source};
use super::sql::Made;

/// Sources that have more rows than so many are not told apart.
const LARGEST: u64 = 64 * LARGE;

/// The source with the fewest rows; of large ones the first that comes in order, or for all rows the first that is
/// no whole type. It says of which filter it is, and whether it is known to be small.
pub(super) fn lightest(
    asked: &Asked<'_>,
    mut sources: Vec<(Option<usize>, Source)>,
    aim: Aim,
) -> Made<(Option<usize>, Source, bool)> {
    let mut small = false;
    let good = |source: &Source| match aim {
        Aim::Page => source.ordered(),
        Aim::All => true,
    };
    // One beside the whole type needs no counting, where it would be taken however large it is.
    let only = |sources: &[(Option<usize>, Source)]| {
        sources.iter().filter(|(_, source)| !source.whole_type).count() == 1
            && sources.first().is_some_and(|(_, source)| good(source) && !source.whole_type && !source.large)
    };
    if sources.len() > 1 && !only(&sources) {
        let (rows, limit) = counted(asked, &sources, aim)?;
        let mut ranked: Vec<_> = rows.into_iter().zip(sources).collect();
        ranked.sort_by_key(|(rows, (_, source))| match aim {
            Aim::Page if *rows >= limit => (limit, !source.ordered(), source.whole_type, source.large),
            Aim::All if *rows >= limit => (limit, source.whole_type, !source.ordered(), source.large),
            _ => (*rows, source.whole_type, !source.ordered(), false),
        });
        small = ranked.first().is_some_and(|(rows, _)| *rows < limit);
        sources = ranked.into_iter().map(|(_, source)| source).collect();
    }
    let whole = || (None, Source::of(Vec::new(), true, true));
    let (begun, source) = sources.into_iter().next().unwrap_or_else(whole);
    Ok((begun, source, small))
}

/// How many rows each of the sources has, as far as it shows which has the fewest, and from which number on they are
/// large: large ones alike are enough for a page, while for all rows it is worth counting on.
fn counted(asked: &Asked<'_>, sources: &[(Option<usize>, Source)], aim: Aim) -> Made<(Vec<u64>, u64)> {
    let known = sources.iter().filter(|(_, source)| !source.large).count();
    let mut large = LARGE;
    loop {
        let (mut rows, mut fewest) = (Vec::new(), large);
        for (_, source) in sources {
            // One more than the fewest is more.
            let limit = if fewest < large { fewest + 1 } else { large };
            let found = if source.large { large } else { source.counted_to(asked, limit)? };
            fewest = fewest.min(found);
            rows.push(found);
        }
        if aim == Aim::Page || large >= LARGEST || known < 2 || fewest < large {
            return Ok((rows, large));
        }
        large *= 4;
    }
}
