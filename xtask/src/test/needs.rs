//! What the tests need beside the toolchain: nextest, the clients that drive a server, and zstd with tar where
//! there is shared data to unpack.

mod clients;

use std::path::Path;

use anyhow::ensure;

use crate::run::{command, shown, succeeds};
use crate::shared_data;

/// Brings what is missing; what is there already is left alone.
///
/// # Errors
///
/// When something is missing and cannot be brought.
pub(crate) fn bring(root: &Path) -> anyhow::Result<()> {
    if !succeeds(command(root, "cargo", &["nextest", "--version"])) {
        let install = command(root, "cargo", &["install", "cargo-nextest", "--locked"]);
        ensure!(shown(install)?, "cargo-nextest cannot be installed");
    }
    clients::bring(root)?;
    if shared_data(root)?.is_some() {
        let missing: Vec<&str> = ["zstd", "tar"]
            .into_iter()
            .filter(|tool| !succeeds(command(root, tool, &["--version"])))
            .collect();
        install_packages(root, &missing)?;
    }
    Ok(())
}

fn install_packages(root: &Path, packages: &[&str]) -> anyhow::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let is_root = succeeds(command(root, "sh", &["-c", "test \"$(id -u)\" = 0"]));
    ensure!(is_root, "missing: {}; install it, or run this as root", packages.join(", "));
    ensure!(
        shown(command(root, "apt-get", &["update"]))?,
        "the list of packages cannot be brought up to date"
    );
    let mut args = vec!["install", "--yes", "--no-install-recommends"];
    args.extend(packages);
    ensure!(shown(command(root, "apt-get", &args))?, "{} cannot be installed", packages.join(", "));
    Ok(())
}
