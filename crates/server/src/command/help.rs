//! `anamnesis completions` and `anamnesis man`: what shells and readers of manuals need, made from the command line.

use std::io::Write;

use anyhow::Context;

use super::Outcome;
use crate::args::{Completions, Man, command};

const NAME: &str = "anamnesis";

pub(super) fn completions(arguments: &Completions) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), NAME, &mut script);
    written(&script)
}

pub(super) fn man(arguments: &Man) -> anyhow::Result<Outcome> {
    if let Some(folder) = &arguments.folder {
        let failed = || format!("cannot write to {}", folder.display());
        std::fs::create_dir_all(folder).with_context(failed)?;
        clap_mangen::generate_to(command(), folder).with_context(failed)?;
        return Ok(Outcome::Good);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command()).render(&mut page).context("the page cannot be made")?;
    written(&page)
}

/// Prints it all; a reader that had enough ends nothing.
fn written(text: &[u8]) -> anyhow::Result<Outcome> {
    match std::io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("cannot print"),
        _ => Ok(Outcome::Good),
    }
}
