//! What Coffer costs, against peers in the same run: medians over alternating rounds, with the ratios that the project promises.
//!
//! `cargo xtask bench` builds everything and runs this. Server and load generator are single-threaded and, where the machine has two
//! cores, pinned to one each. Requests are signed before the clock starts, so that the generator's own cost stays small.

#![allow(clippy::print_stdout, reason = "a tool for the terminal")]

mod backup;
mod calls;
mod disks;
mod kms;
mod load;
mod peer;
mod policy;
mod request;
mod server;
mod volumes;

use std::error::Error;

use load::Load;
use request::Signer;
use server::{Options, Server};

/// Connections that keep one request each under way.
const CONNECTIONS: usize = 64;
/// Requests in a round of reads, and of writes.
const READS: usize = 60_000;
const WRITES: usize = 12_000;
/// Requests in a round where each write has a commit of its own: as many take far longer.
const SINGLE_WRITES: usize = 3_000;
/// What is written: a key with its version and material; and one row of an account's settings, the lightest write there is. How much
/// slower than the disk's own each sync is made: commits that are shared gain by what a sync costs.
const WRITTEN: [(&str, &str, &str, u32); 4] = [
    ("CreateKey", "2016-01-20", "", 0),
    ("ResetDiskDefaultKMSKeyId", "2014-05-26", "RegionId=cn-hangzhou", 0),
    ("ResetDiskDefaultKMSKeyId", "2014-05-26", "RegionId=cn-hangzhou", 500),
    ("ResetDiskDefaultKMSKeyId", "2014-05-26", "RegionId=cn-hangzhou", 1000),
];
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [verb, settings @ ..] if verb == "volumes" => return volumes::run(settings),
        [verb, directory, size_bytes, cipher] if verb == "volume-server" => {
            return volumes::serve(directory, size_bytes, cipher);
        }
        _ => {}
    }
    if let [verb, address] = &arguments[..]
        && verb == "hello"
    {
        return peer::serve(address);
    }
    match &arguments[..] {
        [verb, settings @ ..] if verb == "kms" => return kms::run(&server::binary()?, settings),
        [verb, settings @ ..] if verb == "policy" => return policy::run(&server::binary()?, settings),
        _ => {}
    }
    if let [verb] = &arguments[..]
        && verb == "disks"
    {
        disks::creation(&server::binary()?)?;
        return disks::listing(&server::binary()?);
    }
    if let [verb] = &arguments[..]
        && verb == "backup"
    {
        return backup::run(&server::binary()?);
    }
    if let [verb] = &arguments[..]
        && verb == "writes"
    {
        return writes(&server::binary()?);
    }
    if let [verb, address, action, version, query, count] = &arguments[..]
        && verb == "load"
    {
        return load_one(address, action, version, query, count.parse()?);
    }
    let binary = server::binary()?;
    println!("machine: {}", server::machine()?);
    println!("binary: {} bytes\n", std::fs::metadata(&binary)?.len());
    start_up(&binary)?;
    reads(&binary)?;
    writes(&binary)?;
    disks::creation(&binary)?;
    disks::listing(&binary)?;
    kms::run(&binary, &[])?;
    policy::run(&binary, &[])?;
    backup::run(&binary)?;
    volumes::run(&[])
}

/// One kind of request against a server that runs already: something to watch with a profiler.
fn load_one(address: &str, action: &str, version: &str, query: &str, count: usize) -> Result<(), Box<dyn Error>> {
    let requests = Signer::new(address.to_owned()).many(action, version, query, count);
    println!("{:.0} requests/s", Load::run(address, &requests, CONNECTIONS)?.rate);
    Ok(())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A bar, and whether a figure meets it.
fn verdict(figure: f64, bar: f64, is_least: bool) -> &'static str {
    if (figure >= bar) == is_least || (figure - bar).abs() < f64::EPSILON { "met" } else { "**not met**" }
}

fn list(figures: &[f64]) -> String {
    figures.iter().map(|figure| format!("{figure:.0}")).collect::<Vec<_>>().join(" ")
}

/// Ready on a data directory that exists, and how much memory an idle server holds.
fn start_up(binary: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let (mut ready_ms, mut idle_mib) = (Vec::new(), Vec::new());
    let data = server::Data::new("start")?;
    Server::start(binary, &data, Options::default())?.stop()?;
    for _ in 0..=ROUNDS * 2 {
        let server = Server::start(binary, &data, Options::default())?;
        ready_ms.push(server.ready_ms);
        std::thread::sleep(std::time::Duration::from_millis(200));
        idle_mib.push(server.resident_mib()?);
        server.stop()?;
    }
    println!("ready on an existing data directory: {:.1} ms (median of {})", median(ready_ms.clone()), ready_ms.len());
    println!("idle memory: {:.1} MiB resident\n", median(idle_mib));
    Ok(())
}

/// A signed, authorised read against a bare hyper "hello" in the same process model.
fn reads(binary: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let data = server::Data::new("reads")?;
    let coffer = Server::start(binary, &data, Options { threads: 1, ..Options::default() })?;
    let hello = Server::hello()?;
    let signer = Signer::new(coffer.address.clone());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let requests =
            signer.many("DescribeDiskEncryptionByDefaultStatus", "2014-05-26", "RegionId=cn-hangzhou", READS);
        let our = Load::run(&coffer.address, &requests, CONNECTIONS)?;
        let their = Load::run(&hello.address, &requests, CONNECTIONS)?;
        // The first round warms up.
        if round > 0 {
            ours.push(our.rate);
            theirs.push(their.rate);
        }
    }
    println!(
        "| signed, authorised DescribeDiskEncryptionByDefaultStatus, {CONNECTIONS} connections, one server core | requests/s, by round | median |"
    );
    println!("| --- | --- | --- |");
    println!("| coffer | {} | {:.0} |", list(&ours), median(ours.clone()));
    println!("| bare hyper hello | {} | {:.0} |", list(&theirs), median(theirs.clone()));
    let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(a, b)| a / b).collect();
    println!("| ratio | bar: 0.25 | {:.3} |\n", median(ratios));
    coffer.stop()?;
    hello.stop()
}

/// Durable signed writes, sharing commits and not.
fn writes(binary: &std::path::Path) -> Result<(), Box<dyn Error>> {
    println!(
        "| durable signed writes a second, {CONNECTIONS} connections | group commit | one commit a call | ratio (bar: 20) |"
    );
    println!("| --- | --- | --- | --- |");
    for (action, version, query, sync_delay_us) in WRITTEN {
        let (shared_data, single_data) = (server::Data::new("shared")?, server::Data::new("single")?);
        let options = Options { pinned: false, sync_delay_us, ..Options::default() };
        let shared = Server::start(binary, &shared_data, options)?;
        let single = Server::start(binary, &single_data, Options { write_batch: Some(1), ..options })?;
        for server in [&shared, &single] {
            let signer = Signer::new(server.address.clone());
            let enable = signer.many("EnableDiskEncryptionByDefault", "2014-05-26", "RegionId=cn-hangzhou", 1);
            Load::run(&server.address, &enable, 1)?;
        }
        let (mut together, mut apart) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let many = |server: &Server, count| {
                let requests = Signer::new(server.address.clone()).many(action, version, query, count);
                Load::run(&server.address, &requests, CONNECTIONS)
            };
            let (a, b) = (many(&shared, WRITES)?, many(&single, SINGLE_WRITES)?);
            if round > 0 {
                together.push(a.rate);
                apart.push(b.rate);
            }
        }
        let ratio = median(together.iter().zip(&apart).map(|(a, b)| a / b).collect());
        let slower = if sync_delay_us > 0 { format!(", each sync {sync_delay_us} us slower") } else { String::new() };
        println!(
            "| {action}{slower} | {} (median {:.0}) | {} (median {:.0}) | {ratio:.1} |",
            list(&together),
            median(together.clone()),
            list(&apart),
            median(apart.clone())
        );
        shared.stop()?;
        single.stop()?;
    }
    println!("\none 4 KiB write and fdatasync on the same disk: {:.0}/s", server::syncs_per_s()?);
    Ok(())
}
