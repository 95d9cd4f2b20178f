//! What the compiler does not check: that documents name what exists, that walls hold, that files keep their form.
//!
//! Invariant: it reads the tree and changes nothing; every complaint says where.

mod conformance;
mod documents;
mod sources;
mod tree;
mod walls;

use std::path::Path;

use tree::Tree;

/// Reads the tree and prints what is out of place; false when something is.
///
/// # Errors
///
/// When the tree cannot be read.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    println!("\n> tidy");
    let tree = Tree::read(root)?;
    let mut complaints = documents::check(&tree);
    complaints.extend(conformance::check(&tree));
    complaints.extend(walls::check(&tree));
    complaints.extend(sources::check(&tree));
    for complaint in &complaints {
        println!("{complaint}");
    }
    Ok(complaints.is_empty())
}
