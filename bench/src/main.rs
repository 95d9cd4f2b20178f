//! `cargo xtask bench [import|appends|batches|reads|check|fold|log|rebuild|search|search-http|search-http-large]`: what the product does on this machine, written so that another can repeat it.
//!
//! Every figure is taken from the release binary over loopback, but for the log reads and searches inside; the rate of syncs of the
//! same disk stands beside them.

#![expect(clippy::print_stdout, reason = "a bench talks to whoever runs it")]

mod appends;
mod imports;
mod inside;
mod machine;
mod reads;
mod rebuild;
mod searches;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;

use anamnesis_testkit::{Options, Server};
use anyhow::Context;

/// The server's own, so that what is measured inside is what the server does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One row of the table.
pub(crate) struct Row {
    what: String,
    result: String,
}

/// The rows so far.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Adds a row, and shows it at once.
    pub(crate) fn add(&mut self, what: impl Into<String>, result: impl Into<String>) {
        let row = Row { what: what.into(), result: result.into() };
        println!("| {} | {} |", row.what, row.result);
        self.0.push(row);
    }
}

/// What every part of the bench is given.
pub(crate) struct Bench {
    /// The release binary.
    pub(crate) binary: PathBuf,
    /// A folder of its own on the disk that is measured.
    pub(crate) folder: tempfile::TempDir,
    /// Seconds a timed row takes.
    pub(crate) seconds: f64,
}

impl Bench {
    /// A server on a data directory of this name.
    pub(crate) fn serve(&self, name: &str) -> Server {
        Options::new().binary(self.binary.clone()).data(self.data(name)).start()
    }

    /// The data directory of this name.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.as_slice() {
        // The yardstick that the bench starts beside the server.
        [echo, address] if echo == "echo" => reads::echo(address),
        parts => run(parts),
    }
}

/// Runs the parts named, or all of them.
fn run(parts: &[String]) -> anyhow::Result<()> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = manifest.parent().unwrap_or(manifest);
    let build = ["build", "--release", "--locked", "--bin", "anamnesis"];
    // Two builds are compared by laying one in the other's place: then nothing may be built in between.
    if std::env::var_os("ANAMNESIS_BENCH_AS_IS").is_none() {
        let built = Command::new("cargo").args(build).current_dir(root).status()?;
        anyhow::ensure!(built.success(), "the binary does not build");
    }
    let scratch = root.join("target").join("bench");
    std::fs::create_dir_all(&scratch)?;
    let bench = Bench {
        binary: root.join("target/release/anamnesis"),
        folder: tempfile::tempdir_in(&scratch).context("no folder to measure in")?,
        seconds: 5.0,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|p| p == part);
    let mut table = Table::default();
    println!("| what | result |\n| --- | --- |");
    machine::rows(&bench, &mut table)?;
    runtime.block_on(async {
        if wanted("import") {
            imports::rows(&bench, &mut table).await?;
        }
        if wanted("appends") {
            appends::rows(&bench, &mut table).await?;
        }
        if wanted("batches") {
            appends::batch_rows(&bench, &mut table).await?;
        }
        if wanted("reads") {
            reads::rows(&bench, &mut table).await?;
        }
        if wanted("check") {
            inside::check_rows(&mut table)?;
        }
        if wanted("fold") {
            inside::fold_rows(&bench, &mut table).await?;
        }
        if wanted("log") {
            inside::rows(&bench, &mut table).await?;
        }
        if wanted("rebuild") {
            rebuild::rows(&bench, &mut table).await?;
        }
        if wanted("search") {
            searches::rows(&bench, &mut table).await?;
        }
        for (part, resources) in [("search-http", 30_000), ("search-http-large", 300_000)] {
            if wanted(part) {
                searches::rows_http(&bench, &mut table, resources).await?;
            }
        }
        anyhow::Ok(())
    })?;
    machine::rows(&bench, &mut table)
}
