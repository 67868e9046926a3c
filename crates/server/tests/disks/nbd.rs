//! As much of the NBD protocol as a disk's user needs: fixed newstyle, simple replies, as many requests under way as it likes.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

const GO: u32 = 7;
const ACK: u32 = 1;
const INFO: u32 = 3;
/// No request takes longer.
const PATIENCE: Duration = Duration::from_secs(45);

pub(crate) const FUA: u16 = 1;
pub(crate) const NO_HOLE: u16 = 2;

/// What is asked of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Read = 0,
    Write = 1,
    Flush = 3,
    Trim = 4,
    WriteZeroes = 6,
}

/// A connection to a disk.
pub(crate) struct Nbd {
    stream: UnixStream,
    /// How long the disk was when the connection was made.
    pub(crate) size_bytes: u64,
    next_cookie: u64,
}

impl Nbd {
    pub(crate) fn connect(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut nbd = Self { stream, size_bytes: 0, next_cookie: 0 };
        assert_eq!(nbd.take::<16>()?, *b"NBDMAGICIHAVEOPT");
        nbd.take::<2>()?;
        // Fixed newstyle, no zeros; then the default export, without further questions.
        nbd.stream.write_all(&3u32.to_be_bytes())?;
        nbd.stream.write_all(&[&b"IHAVEOPT"[..], &GO.to_be_bytes(), &6u32.to_be_bytes(), &[0; 6]].concat())?;
        loop {
            assert_eq!(u64::from_be_bytes(nbd.take()?), 0x3_e889_0455_65a9);
            assert_eq!(u32::from_be_bytes(nbd.take()?), GO);
            let kind = u32::from_be_bytes(nbd.take()?);
            let mut data = vec![0; u32::from_be_bytes(nbd.take()?) as usize];
            nbd.stream.read_exact(&mut data)?;
            match (kind, &data[..]) {
                (ACK, _) => return Ok(nbd),
                (INFO, [0, 0, size @ .., _, _]) => nbd.size_bytes = u64::from_be_bytes(size.try_into().unwrap()),
                (INFO, _) => {}
                _ => return Err(io::Error::other(format!("the disk is refused: {kind:#x}"))),
            }
        }
    }

    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Sends a request without waiting for its reply; the cookie that this will have.
    pub(crate) fn send(
        &mut self,
        (command, flags): (Command, u16),
        (offset, length): (u64, usize),
        payload: &[u8],
    ) -> io::Result<u64> {
        let cookie = self.next_cookie;
        self.next_cookie += 1;
        let mut request = Vec::with_capacity(28 + payload.len());
        request.extend(0x2560_9513u32.to_be_bytes());
        request.extend(flags.to_be_bytes());
        request.extend((command as u16).to_be_bytes());
        request.extend(cookie.to_be_bytes());
        request.extend(offset.to_be_bytes());
        request.extend(u32::try_from(length).unwrap().to_be_bytes());
        request.extend(payload);
        self.stream.write_all(&request)?;
        Ok(cookie)
    }

    /// The next reply to a request that is no read: its cookie, and the number of the error or 0.
    pub(crate) fn reply(&mut self) -> io::Result<(u64, i32)> {
        assert_eq!(u32::from_be_bytes(self.take()?), 0x6744_6698);
        let error = i32::from_be_bytes(self.take()?);
        Ok((u64::from_be_bytes(self.take()?), error))
    }

    fn done(&mut self, command: (Command, u16), stretch: (u64, usize), payload: &[u8]) -> io::Result<()> {
        let sent = self.send(command, stretch, payload)?;
        let (cookie, error) = self.reply()?;
        assert_eq!(cookie, sent);
        if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
    }

    pub(crate) fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.done((Command::Read, 0), (offset, length), &[])?;
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.done((Command::Write, 0), (offset, bytes.len()), bytes)
    }

    pub(crate) fn trim(&mut self, offset: u64, length: usize) -> io::Result<()> {
        self.done((Command::Trim, 0), (offset, length), &[])
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.done((Command::Flush, 0), (0, 0), &[])
    }
}
