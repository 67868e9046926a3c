//! What encrypted volumes cost: against peers in the same run, in alternating rounds, by medians, with the ratios that the project
//! promises.
//!
//! `coffer-bench volumes [--only MEASURE,...] [--places ram,disk] [--servers NAME,...] [--seconds S] [--rounds N] [--mib N]
//! [--freeze-mib N] [--disk DIRECTORY]`

mod client;
mod durable;
mod ours;
mod peers;
mod snapshots;
mod transfers;

use std::error::Error;
use std::path::PathBuf;

pub(crate) use ours::serve;
use peers::Kind;

/// What can be measured, in the order in which it is.
const MEASURES: [&str; 6] = ["transfers", "durable", "memory", "objects", "clone", "freeze"];

/// How it is measured.
pub(crate) struct Settings {
    only: Vec<String>,
    /// By name.
    places: Vec<(String, PathBuf)>,
    servers: Vec<Kind>,
    /// Of a round.
    seconds: f64,
    rounds: usize,
    /// Of the volumes that are read and written.
    size_bytes: u64,
    /// Written to the disk that is frozen.
    freeze_mib: u64,
}

impl Settings {
    fn parse(arguments: &[String]) -> Result<Self, Box<dyn Error>> {
        let (mut disk, mut places) = (std::env::current_dir()?.join("target"), "ram,disk".to_owned());
        let mut settings = Self {
            only: MEASURES.map(str::to_owned).to_vec(),
            places: Vec::new(),
            servers: peers::ALL.to_vec(),
            seconds: 2.0,
            rounds: 5,
            size_bytes: 1 << 30,
            freeze_mib: 10 << 10,
        };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { return Err(format!("{} of what?", pair[0]).into()) };
            match name.as_str() {
                "--only" => settings.only = value.split(',').map(str::to_owned).collect(),
                "--places" => places.clone_from(value),
                "--servers" => settings.servers = Kind::parse(value)?,
                "--seconds" => settings.seconds = value.parse()?,
                "--rounds" => settings.rounds = value.parse()?,
                "--mib" => settings.size_bytes = value.parse::<u64>()? << 20,
                "--freeze-mib" => settings.freeze_mib = value.parse()?,
                "--disk" => disk = value.into(),
                _ => return Err(format!("unknown: {name}").into()),
            }
        }
        for place in places.split(',') {
            let root = if place == "ram" { PathBuf::from("/dev/shm") } else { disk.clone() };
            settings.places.push((place.to_owned(), root.join(format!("coffer-bench-{}", std::process::id()))));
        }
        match settings.only.iter().find(|only| !MEASURES.contains(&only.as_str())) {
            Some(unknown) => Err(format!("unknown measure: {unknown}; there are {}", MEASURES.join(", ")).into()),
            None => Ok(settings),
        }
    }

    fn on_disk(&self) -> Option<&PathBuf> {
        self.places.iter().find(|(name, _)| name != "ram").map(|(_, path)| path)
    }
}

/// Runs the measures that were asked for.
pub(crate) fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let settings = Settings::parse(arguments)?;
    for (_, path) in &settings.places {
        std::fs::create_dir_all(path)?;
    }
    let measured = settings.only.iter().try_for_each(|measure| one(measure, &settings));
    for (_, path) in &settings.places {
        std::fs::remove_dir_all(path)?;
    }
    measured
}

fn one(measure: &str, settings: &Settings) -> Result<(), Box<dyn Error>> {
    if measure == "transfers" {
        return settings.places.iter().try_for_each(|(name, path)| transfers::measure(name, path, settings));
    }
    // The last place is the disk, unless there is none.
    let path = settings.on_disk().unwrap_or(&settings.places[0].1);
    match measure {
        "durable" => durable::measure(path, settings),
        "memory" => snapshots::memory(path),
        "objects" => snapshots::objects(&settings.places[0].1, settings.rounds),
        "clone" => snapshots::clone(path, settings.rounds),
        _ => snapshots::freeze(path, settings),
    }
}

/// The figure that so much of all figures are not above.
fn percentile(figures: &mut [u64], percent: usize) -> u64 {
    figures.sort_unstable();
    figures.get((figures.len() * percent / 100).min(figures.len().saturating_sub(1))).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}
