//! Many values of one parameter as one list, so that a thousand codes are no thousand statements.

use super::clause::Clause;

/// So many clauses are not gathered: their rows are merged in order.
pub(super) const MERGED_MAX: usize = 8;

/// The clauses, those that differ in one value alone as one that lists the values.
pub(super) fn gathered(clauses: Vec<Clause>) -> Vec<Clause> {
    if clauses.len() <= MERGED_MAX {
        return clauses;
    }
    let mut lists: Vec<Clause> = Vec::new();
    let mut others = Vec::new();
    for clause in clauses {
        // Values come sorted by what they share in practice: the list that took the last takes the next.
        match lists.iter_mut().rev().find(|list| list.takes(&clause)) {
            Some(list) => list.take(clause),
            None if clause.listed.is_some() => lists.push(clause),
            None => others.push(clause),
        }
    }
    lists.into_iter().map(Clause::into_list).chain(others).collect()
}
