//! Who writes to a disk until the server is gone, and remembers what it was told.

use std::io;
use std::sync::{Mutex, PoisonError};

use crate::model::{Area, Dice, SECTOR, Ticks, fill};
use crate::nbd::{Command, FUA, NO_HOLE, Nbd};

/// Most requests that are under way at a time, each at a part of the area of its own.
const DEPTH: usize = 8;
/// Longest request.
const MOST_SECTORS: usize = 64;

/// Writes, flushes, and writes zeros until the connection breaks.
pub(crate) fn write(nbd: &mut Nbd, area: &Mutex<Area>, ticks: &Ticks, dice: &mut Dice) -> io::Error {
    loop {
        if let Err(error) = batch(nbd, area, ticks, dice) {
            return error;
        }
    }
}

/// Some requests at once, and perhaps a flush together with them or after them.
fn batch(nbd: &mut Nbd, area: &Mutex<Area>, ticks: &Ticks, dice: &mut Dice) -> io::Result<()> {
    let lock = || area.lock().unwrap_or_else(PoisonError::into_inner);
    let mut flush = None;
    if dice.below(3) == 0 {
        let covered = lock().covered();
        flush = Some((nbd.send((Command::Flush, 0), (0, 0), &[])?, covered));
    }
    let part = lock().sectors() / DEPTH;
    let mut under_way = Vec::new();
    for nth in 0..DEPTH {
        if dice.below(2) == 0 {
            continue;
        }
        let length = 1 + dice.below(MOST_SECTORS);
        let first = nth * part + dice.below(part - length + 1);
        let (sectors, sent) = (first..first + length, ticks.next());
        let is_zeros = dice.below(8) == 0;
        let value = if is_zeros { 0 } else { sent };
        lock().sent(sectors.clone(), value, sent);
        let is_fua = dice.below(5) == 0;
        let stretch = (lock().offset + (first * SECTOR) as u64, length * SECTOR);
        let fua = if is_fua { FUA } else { 0 };
        let cookie = if is_zeros {
            let no_hole = if dice.below(2) == 0 { NO_HOLE } else { 0 };
            nbd.send((Command::WriteZeroes, fua | no_hole), stretch, &[])?
        } else {
            nbd.send((Command::Write, fua), stretch, &payload(value, first, length))?
        };
        under_way.push((cookie, sectors, is_fua));
    }
    while flush.is_some() || !under_way.is_empty() {
        let (cookie, error) = nbd.reply()?;
        assert_eq!(error, 0, "a request fails");
        if let Some((_, covered)) = flush.take_if(|(flush, _)| *flush == cookie) {
            lock().flushed(&covered);
            continue;
        }
        let place = under_way.iter().position(|(sent, ..)| *sent == cookie).expect("a reply to a request");
        let (_, sectors, is_fua) = under_way.swap_remove(place);
        lock().acknowledged(sectors, is_fua, ticks.next());
    }
    if dice.below(4) == 0 {
        let covered = lock().covered();
        nbd.flush()?;
        lock().flushed(&covered);
    }
    Ok(())
}

fn payload(value: u64, first: usize, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length * SECTOR];
    for (nth, sector) in bytes.as_chunks_mut::<SECTOR>().0.iter_mut().enumerate() {
        fill(value, first + nth, sector);
    }
    bytes
}
