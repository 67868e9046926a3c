//! "Handshake": how client and server agree on an export and on what both can do.

use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicBool, Ordering};

use super::input::Input;
use super::protocol::{
    ALLOCATION, ALLOCATION_ID, Fields, GREETING, MOST_PAYLOAD_BYTES, OPTION_BYTES, OPTION_MAGIC, OPTION_REPLY_MAGIC,
    handshake_flag, info, option, option_reply, string, transmission_flag,
};
use super::transport::Transport;
use super::{Deadline, Exports, Limits, Offer};
use crate::geometry::UNIT_BYTES;

/// Whether options are haggled over in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Privacy {
    /// "NOTLS mode".
    Clear,
    /// "FORCEDTLS mode": nothing is said before TLS.
    TlsWanted,
    /// TLS has been initiated.
    Tls,
}

/// How haggling ended.
pub(super) enum Outcome {
    /// With an export.
    Transmission(Agreement),
    /// TLS is to be initiated; then it goes on.
    StartTls,
    /// Without one.
    Over,
}

/// What was agreed on.
pub(super) struct Agreement {
    pub(super) offer: Offer,
    /// As the client was told. An export that grows is seen by who connects afterwards.
    pub(super) size_bytes: u64,
    /// Whether replies are structured.
    pub(super) structured: bool,
    /// Whether `base:allocation` was selected.
    pub(super) allocation: bool,
}

/// A handshake with one client.
pub(super) struct Handshake<'a> {
    pub(super) exports: &'a dyn Exports,
    pub(super) limits: &'a Limits,
    pub(super) stopping: &'a AtomicBool,
    pub(super) deadline: Deadline,
    /// Asks for room among those that have an export, just before one is given; whether there is.
    enter: &'a dyn Fn() -> bool,
    privacy: Privacy,
    no_zeroes: bool,
    options: u32,
    structured: bool,
    /// The export for which `base:allocation` was selected.
    allocation_of: Option<String>,
}

const NO_ROOM: &str = "too many clients";

/// An option, and what the client says about it.
struct Asked<'a> {
    option: u32,
    data: &'a [u8],
}

impl<'a> Handshake<'a> {
    pub(super) fn new(
        exports: &'a dyn Exports,
        limits: &'a Limits,
        stopping: &'a AtomicBool,
        deadline: Deadline,
        enter: &'a dyn Fn() -> bool,
        privacy: Privacy,
    ) -> Self {
        let (no_zeroes, options, structured, allocation_of) = (false, 0, false, None);
        Self { exports, limits, stopping, deadline, enter, privacy, no_zeroes, options, structured, allocation_of }
    }

    /// Begins: both sides say which protocol they speak.
    pub(super) fn greet(&mut self, transport: &impl Transport, input: &mut Input) -> io::Result<()> {
        let offered = handshake_flag::FIXED_NEWSTYLE | handshake_flag::NO_ZEROES;
        transport.set_timeout(Some(self.deadline.left()?))?;
        transport.write(&mut [IoSlice::new(&GREETING), IoSlice::new(&offered.to_be_bytes())])?;
        self.need(transport, input, 4)?;
        let taken = Fields(input.available()).u32().expect("there is as much");
        input.consume(4);
        // "Client flags": who sets one that was not offered is disconnected.
        if taken & !u32::from(offered) != 0 {
            return Err(violation("unknown client flags"));
        }
        // "FORCEDTLS mode" needs fixed newstyle.
        if taken & u32::from(handshake_flag::FIXED_NEWSTYLE) == 0 && self.privacy != Privacy::Clear {
            return Err(violation("a client that can't initiate TLS"));
        }
        self.no_zeroes = taken & u32::from(handshake_flag::NO_ZEROES) != 0;
        Ok(())
    }

    /// TLS was initiated: nothing that was said before holds.
    pub(super) fn secured(&mut self) {
        (self.privacy, self.structured, self.allocation_of) = (Privacy::Tls, false, None);
    }

    /// Answers options until one of them ends it.
    pub(super) fn haggle(&mut self, transport: &impl Transport, input: &mut Input) -> io::Result<Outcome> {
        loop {
            self.options += 1;
            if self.options > self.limits.options {
                return Err(violation("too many options"));
            }
            self.need(transport, input, OPTION_BYTES)?;
            let mut header = Fields(input.available());
            let (magic, option, length) = (header.u64(), header.u32(), header.u32());
            let (Some(OPTION_MAGIC), Some(option), Some(length)) = (magic, option, length) else {
                return Err(violation("not an option"));
            };
            let length = length as usize;
            if length > self.limits.option_bytes {
                return Err(violation("an option that is too long"));
            }
            input.consume(OPTION_BYTES);
            self.need(transport, input, length)?;
            let asked = Asked { option, data: &input.available()[..length] };
            let mut reply = Vec::new();
            let ended = self.answer(&asked, &mut reply)?;
            input.consume(length);
            transport.set_timeout(Some(self.deadline.left()?))?;
            transport.write(&mut [IoSlice::new(&reply)])?;
            match ended {
                None => {}
                // What came in clear before TLS could be taken for what comes under it.
                Some(Outcome::StartTls) if !input.available().is_empty() => return Err(violation("bytes before TLS")),
                Some(outcome) => return Ok(outcome),
            }
        }
    }

    /// Waits until that many bytes are there.
    fn need(&self, transport: &impl Transport, input: &mut Input, length: usize) -> io::Result<()> {
        while input.available().len() < length {
            transport.set_timeout(Some(self.deadline.left()?))?;
            if !input.fill(transport)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Answers one option; how haggling ends, if it does.
    fn answer(&mut self, asked: &Asked<'_>, reply: &mut Vec<u8>) -> io::Result<Option<Outcome>> {
        if self.privacy == Privacy::TlsWanted && !matches!(asked.option, option::STARTTLS | option::ABORT) {
            return match asked.option {
                option::EXPORT_NAME => Err(violation("NBD_OPT_EXPORT_NAME before TLS")),
                _ => asked.refuse(reply, option_reply::ERR_TLS_REQD, "TLS comes first"),
            };
        }
        if self.stopping.load(Ordering::Relaxed) && asked.option != option::ABORT {
            return asked.refuse(reply, option_reply::ERR_SHUTDOWN, "the server stops");
        }
        match asked.option {
            option::EXPORT_NAME => self.export_name(asked, reply),
            option::ABORT => {
                asked.acknowledge(reply);
                Ok(Some(Outcome::Over))
            }
            option::LIST => self.list(asked, reply),
            option::STARTTLS => self.start_tls(asked, reply),
            option::INFO | option::GO => self.info(asked, reply),
            option::STRUCTURED_REPLY => {
                if !asked.data.is_empty() {
                    return asked.invalid(reply);
                }
                self.structured = true;
                asked.acknowledge(reply);
                Ok(None)
            }
            option::LIST_META_CONTEXT | option::SET_META_CONTEXT => self.contexts(asked, reply),
            _ => asked.refuse(reply, option_reply::ERR_UNSUP, "unknown option"),
        }
    }

    /// `NBD_OPT_EXPORT_NAME`: has no way to say no but to disconnect.
    fn export_name(&self, asked: &Asked<'_>, reply: &mut Vec<u8>) -> io::Result<Option<Outcome>> {
        let offer = string(asked.data).and_then(|name| self.exports.find(name));
        let agreement = self.agree(offer.ok_or_else(|| violation("an unknown export"))?);
        if !(self.enter)() {
            return Err(io::Error::other(NO_ROOM));
        }
        reply.extend(agreement.size_bytes.to_be_bytes());
        reply.extend(agreement.flags().to_be_bytes());
        if !self.no_zeroes {
            reply.extend([0; 124]);
        }
        Ok(Some(Outcome::Transmission(agreement)))
    }

    fn list(&self, asked: &Asked<'_>, reply: &mut Vec<u8>) -> io::Result<Option<Outcome>> {
        if !asked.data.is_empty() {
            return asked.invalid(reply);
        }
        for offer in self.exports.list() {
            let name = offer.name.as_bytes();
            asked.reply(reply, option_reply::SERVER, &[&length(name), name, offer.description.as_bytes()]);
        }
        asked.acknowledge(reply);
        Ok(None)
    }

    fn start_tls(&self, asked: &Asked<'_>, reply: &mut Vec<u8>) -> io::Result<Option<Outcome>> {
        match self.privacy {
            _ if !asked.data.is_empty() => asked.invalid(reply),
            Privacy::Tls => asked.refuse(reply, option_reply::ERR_INVALID, "TLS was initiated already"),
            Privacy::Clear => asked.refuse(reply, option_reply::ERR_POLICY, "this server has no TLS"),
            Privacy::TlsWanted => {
                asked.acknowledge(reply);
                Ok(Some(Outcome::StartTls))
            }
        }
    }

    /// `NBD_OPT_INFO` and `NBD_OPT_GO`.
    fn info(&self, asked: &Asked<'_>, reply: &mut Vec<u8>) -> io::Result<Option<Outcome>> {
        let Some((name, wanted)) = information(asked.data) else { return asked.invalid(reply) };
        let Some(offer) = self.exports.find(name) else {
            return asked.refuse(reply, option_reply::ERR_UNKNOWN, "no export of that name");
        };
        if asked.option == option::GO && !(self.enter)() {
            return asked.refuse(reply, option_reply::ERR_POLICY, NO_ROOM);
        }
        let agreement = self.agree(offer);
        let mut about = |what: u16, parts: [&[u8]; 3]| {
            let [first, second, third] = parts;
            asked.reply(reply, option_reply::INFO, &[&what.to_be_bytes(), first, second, third]);
        };
        about(info::EXPORT, [&agreement.size_bytes.to_be_bytes(), &agreement.flags().to_be_bytes(), &[]]);
        if wanted.contains(&info::NAME) {
            about(info::NAME, [agreement.offer.name.as_bytes(), &[], &[]]);
        }
        if wanted.contains(&info::DESCRIPTION) {
            about(info::DESCRIPTION, [agreement.offer.description.as_bytes(), &[], &[]]);
        }
        if wanted.contains(&info::BLOCK_SIZE) {
            let preferred = u32::try_from(UNIT_BYTES).expect("a unit is small").to_be_bytes();
            about(info::BLOCK_SIZE, [&1_u32.to_be_bytes(), &preferred, &MOST_PAYLOAD_BYTES.to_be_bytes()]);
        }
        asked.acknowledge(reply);
        Ok((asked.option == option::GO).then_some(Outcome::Transmission(agreement)))
    }

    /// `NBD_OPT_LIST_META_CONTEXT` and `NBD_OPT_SET_META_CONTEXT`.
    fn contexts(&mut self, asked: &Asked<'_>, reply: &mut Vec<u8>) -> io::Result<Option<Outcome>> {
        let sets = asked.option == option::SET_META_CONTEXT;
        if sets {
            // "Replaces all previously-set metadata contexts (including when this command fails)".
            self.allocation_of = None;
            if !self.structured {
                return asked.refuse(reply, option_reply::ERR_INVALID, "structured replies come first");
            }
        }
        let Some((name, queries)) = queries(asked.data) else { return asked.invalid(reply) };
        let Some(offer) = self.exports.find(name) else {
            return asked.refuse(reply, option_reply::ERR_UNKNOWN, "no export of that name");
        };
        let named = queries.contains(&ALLOCATION);
        let listed = !sets && (queries.is_empty() || queries.contains(&"base:"));
        if named || listed {
            // "The metadata context ID in these replies is reserved" in a list.
            let id = if sets { ALLOCATION_ID } else { 0 };
            asked.reply(reply, option_reply::META_CONTEXT, &[&id.to_be_bytes(), ALLOCATION.as_bytes()]);
        }
        if sets && named {
            self.allocation_of = Some(offer.name);
        }
        asked.acknowledge(reply);
        Ok(None)
    }

    fn agree(&self, offer: Offer) -> Agreement {
        let allocation = self.allocation_of.as_ref() == Some(&offer.name);
        Agreement { size_bytes: offer.export.size_bytes(), structured: self.structured, allocation, offer }
    }
}

impl Agreement {
    /// "Transmission flags".
    fn flags(&self) -> u16 {
        use transmission_flag::{
            CAN_MULTI_CONN, HAS_FLAGS, READ_ONLY, SEND_CACHE, SEND_DF, SEND_FAST_ZERO, SEND_FLUSH, SEND_FUA, SEND_TRIM,
            SEND_WRITE_ZEROES,
        };
        let always = HAS_FLAGS | SEND_FLUSH | SEND_FUA | CAN_MULTI_CONN | SEND_CACHE;
        let df = if self.structured { SEND_DF } else { 0 };
        let read_only = self.offer.export.is_read_only();
        always | df | if read_only { READ_ONLY } else { SEND_TRIM | SEND_WRITE_ZEROES | SEND_FAST_ZERO }
    }
}

impl Asked<'_> {
    /// "Fixed newstyle negotiation": a reply to an option.
    fn reply(&self, reply: &mut Vec<u8>, kind: u32, data: &[&[u8]]) {
        let total: usize = data.iter().map(|part| part.len()).sum();
        reply.extend(OPTION_REPLY_MAGIC.to_be_bytes());
        reply.extend(self.option.to_be_bytes());
        reply.extend(kind.to_be_bytes());
        reply.extend(u32::try_from(total).expect("replies are small").to_be_bytes());
        for part in data {
            reply.extend_from_slice(part);
        }
    }

    fn acknowledge(&self, reply: &mut Vec<u8>) {
        self.reply(reply, option_reply::ACK, &[]);
    }

    #[expect(clippy::unnecessary_wraps, reason = "what an answer is")]
    fn refuse(&self, reply: &mut Vec<u8>, kind: u32, message: &str) -> io::Result<Option<Outcome>> {
        // An option is answered by its information and an end, or by an error alone.
        reply.clear();
        self.reply(reply, kind, &[message.as_bytes()]);
        Ok(None)
    }

    fn invalid(&self, reply: &mut Vec<u8>) -> io::Result<Option<Outcome>> {
        self.refuse(reply, option_reply::ERR_INVALID, "the option's data are not what they should be")
    }
}

/// The data of `NBD_OPT_INFO` and `NBD_OPT_GO`: a name and what is to be told.
fn information(data: &[u8]) -> Option<(&str, Vec<u16>)> {
    let mut fields = Fields(data);
    let name = fields.string()?;
    let count = fields.u16()?;
    let wanted = (0..count).map(|_| fields.u16()).collect::<Option<_>>()?;
    fields.0.is_empty().then_some((name, wanted))
}

/// The data of the options about metadata contexts: a name and queries.
fn queries(data: &[u8]) -> Option<(&str, Vec<&str>)> {
    let mut fields = Fields(data);
    let name = fields.string()?;
    let count = fields.u32()?;
    // Not collected at once: that would make room for as many as the client says there are.
    let mut queries = Vec::new();
    for _ in 0..count {
        queries.push(fields.string()?);
    }
    fields.0.is_empty().then_some((name, queries))
}

fn length(text: &[u8]) -> [u8; 4] {
    u32::try_from(text.len()).expect("names are short").to_be_bytes()
}

/// The client does what the protocol forbids, and no reply could say so.
fn violation(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
