//! The machine a table was made on: processor, memory, and how many syncs its disk does.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use super::{Bench, Table};

const SYNC_TIME: Duration = Duration::from_secs(2);

/// Rows about the machine.
pub(super) fn rows(bench: &Bench, table: &mut Table) -> anyhow::Result<()> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let model = model.trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    table.add("machine", format!("{cores} cores, {model}"));
    table.add("syncs of 4 KiB appended, 1 writer", format!("{:.0}/s", syncs(bench)?));
    Ok(())
}

fn syncs(bench: &Bench) -> anyhow::Result<f64> {
    let path = bench.folder.path().join("syncs");
    let mut file = File::create(&path)?;
    file.write_all(&[0; 4096])?;
    let started = Instant::now();
    let mut count = 0_u64;
    while started.elapsed() < SYNC_TIME {
        count += 1;
        file.write_all_at(&[1; 4096], count * 4096)?;
        file.sync_data()?;
    }
    fs::remove_file(path)?;
    Ok(count as f64 / started.elapsed().as_secs_f64())
}

/// A line of `/proc/PID/status` in KiB, as MB.
pub(super) fn memory_mb(pid: Option<u32>, line: &str) -> f64 {
    let status = pid
        .map(|pid| fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default())
        .unwrap_or_default();
    let found = status.lines().find_map(|l| l.strip_prefix(line));
    let kib: f64 =
        found.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse().ok()).unwrap_or(0.0);
    kib * 1024.0 / 1e6
}

/// The processor's time a process has had in all, user and system; none where there is no such process.
pub(super) fn processor(pid: Option<u32>) -> Duration {
    /// What Linux counts in, whatever its clock: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
    const TICKS_PER_S: f64 = 100.0;
    let stat = pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok()).unwrap_or_default();
    // The second field is a name in brackets, which may hold anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    Duration::from_secs_f64(ticks / TICKS_PER_S)
}

/// The bytes of all files in a folder.
pub(super) fn folder_bytes(path: &std::path::Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum()
}
