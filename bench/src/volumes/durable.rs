//! Small writes, each made durable before the next, against the same without a server.

use std::error::Error;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use coffer_base::{Rng as _, SeededRng};

use super::Settings;
use super::client::SMALL;
use super::peers::{Kind, Peer, run};
use crate::median;
use crate::server::clock;
use crate::verdict;

/// The priority that both sides run under: what else the machine does then does not come between.
const PRIORITY: &str = "50";

pub(super) fn measure(path: &Path, settings: &Settings) -> Result<(), Box<dyn Error>> {
    let mut peer = Peer::start(Kind::Coffer, path, settings.size_bytes)?;
    let bare_path = path.join("bare");
    let bare = bare_file(&bare_path, settings.size_bytes)?;
    for pid in [peer.pid(), std::process::id()] {
        run("chrt", &["--all-tasks", "--fifo", "--pid", PRIORITY, &pid.to_string()])?;
    }
    println!("\n### 4 KiB write, then flush, on disk, one after the other; both sides under SCHED_FIFO\n");
    println!("| | by round, a second | median |");
    println!("| --- | --- | --- |");
    alternate("cores as the system likes", &mut peer, &bare, settings)?;
    // Nothing goes on at once: waking another core is all that more cores add.
    for pid in [peer.pid(), std::process::id()] {
        run("taskset", &["--all-tasks", "--cpu-list", "--pid", "0", &pid.to_string()])?;
    }
    alternate("all on one core", &mut peer, &bare, settings)?;
    let own = std::process::id().to_string();
    run("taskset", &["--cpu-list", "--pid", "0-1023", &own])?;
    run("chrt", &["--other", "--pid", "0", &own])?;
    Ok(std::fs::remove_file(bare_path)?)
}

/// Rounds in which the two sides take turns at every write: a disk has moods.
fn alternate(name: &str, peer: &mut Peer, bare: &std::fs::File, settings: &Settings) -> Result<(), Box<dyn Error>> {
    let (mut served, mut direct, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=settings.rounds {
        let (mut writes, mut our_s, mut their_s) = (0.0, 0.0, 0.0);
        let mut random = SeededRng::new(round as u64);
        while our_s < settings.seconds {
            our_s += timed(&mut || peer.client.write_and_flush())?;
            their_s += timed(&mut || write_and_sync(bare, &mut random, settings.size_bytes))?;
            writes += 1.0;
        }
        if round > 0 {
            served.push(writes / our_s);
            direct.push(writes / their_s);
            ratios.push(their_s / our_s);
        }
    }
    let ratio = median(ratios);
    println!("| bare pwrite + fdatasync, {name} | {} | {:.0} |", crate::list(&direct), median(direct.clone()));
    println!("| coffer over NBD, {name} | {} | {:.0} |", crate::list(&served), median(served.clone()));
    println!("| ratio (bar: 0.8) | | {ratio:.2}: {} |", verdict(ratio, 0.8, true));
    Ok(())
}

fn timed(work: &mut dyn FnMut() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let begin = clock();
    work()?;
    Ok(begin.elapsed().as_secs_f64())
}

fn bare_file(path: &Path, size_bytes: u64) -> std::io::Result<std::fs::File> {
    let file = std::fs::File::create(path)?;
    let block = vec![7; 1 << 20];
    for offset in (0..size_bytes).step_by(block.len()) {
        file.write_all_at(&block, offset)?;
    }
    file.sync_all()?;
    Ok(file)
}

fn write_and_sync(file: &std::fs::File, random: &mut SeededRng, size_bytes: u64) -> Result<(), Box<dyn Error>> {
    let mut block = [0; SMALL as usize];
    random.fill(&mut block[..8]);
    let at = u64::from_le_bytes(block[..8].try_into()?) % (size_bytes / u64::from(SMALL));
    file.write_all_at(&block, at * u64::from(SMALL))?;
    Ok(file.sync_data()?)
}
