//! Files in memory.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, RwLock};

use super::sparse::Sparse;
use super::{Directory, Storage, already_exists, check_name, check_read, check_write, not_found};

/// A file in memory. Syncing does nothing: it lives as long as the process.
#[derive(Default)]
pub struct Memory(RwLock<Sparse>);

const UNPOISONED: &str = "no panic while the lock is held";

impl Memory {
    fn change(&self, offset: u64, length: u64, change: impl FnOnce(&mut Sparse)) -> io::Result<()> {
        let mut content = self.0.write().expect(UNPOISONED);
        check_write(offset, length, content.length())?;
        change(&mut content);
        Ok(())
    }
}

impl Storage for Memory {
    fn length_bytes(&self) -> io::Result<u64> {
        Ok(self.0.read().expect(UNPOISONED).length())
    }

    fn set_length(&self, length_bytes: u64) -> io::Result<()> {
        self.0.write().expect(UNPOISONED).set_length(length_bytes);
        Ok(())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let content = self.0.read().expect(UNPOISONED);
        check_read(offset, buffer.len() as u64, content.length())?;
        content.read(offset, buffer);
        Ok(())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(offset, data.len() as u64, |content| content.write(offset, data))
    }

    fn punch(&self, offset: u64, length_bytes: u64) -> io::Result<()> {
        self.change(offset, length_bytes, |content| content.punch(offset, length_bytes))
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        Ok(self.0.read().expect(UNPOISONED).next_data(offset))
    }

    fn prefetch(&self, _offset: u64, _length_bytes: u64) -> io::Result<()> {
        Ok(())
    }
}

/// A directory in memory.
#[derive(Default)]
pub struct MemoryDirectory(Mutex<BTreeMap<String, Arc<Memory>>>);

impl MemoryDirectory {
    /// A copy of it, all files at one moment. Pages are shared until one side writes.
    #[must_use]
    pub fn fork(&self) -> Self {
        let files = self.0.lock().expect(UNPOISONED);
        let contents: Vec<_> = files.values().map(|file| file.0.read().expect(UNPOISONED)).collect();
        let copies = contents.iter().map(|content| Arc::new(Memory(RwLock::new(Sparse::clone(content)))));
        Self(Mutex::new(files.keys().cloned().zip(copies).collect()))
    }
}

impl Directory for MemoryDirectory {
    fn create(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        check_name(name)?;
        let mut files = self.0.lock().expect(UNPOISONED);
        if files.contains_key(name) {
            return Err(already_exists(name));
        }
        let file = Arc::new(Memory::default());
        files.insert(name.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn Storage>> {
        check_name(name)?;
        let files = self.0.lock().expect(UNPOISONED);
        files.get(name).map(|file| Arc::clone(file) as Arc<dyn Storage>).ok_or_else(|| not_found(name))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        check_name(name)?;
        self.0.lock().expect(UNPOISONED).remove(name);
        Ok(())
    }

    fn contains(&self, name: &str) -> io::Result<bool> {
        check_name(name)?;
        Ok(self.0.lock().expect(UNPOISONED).contains_key(name))
    }
}
