//! How many connections each source has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Bits of an IPv6 address that are of a network and not of one machine: who has one such network has all addresses in it.
const NETWORK: u128 = !0 << 64;

/// The connections of each source but of this machine, whose users need no network to use up what it has.
pub(super) struct Sources {
    /// Most of one source.
    most: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// The place of a connection, given back when dropped.
pub(super) struct Place {
    sources: Arc<Sources>,
    source: IpAddr,
}

impl Sources {
    /// With as many for one source at most.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// One more connection of that address, if its source may have that.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let source = match address.to_canonical() {
            IpAddr::V6(address) if !address.is_loopback() => IpAddr::V6((u128::from(address) & NETWORK).into()),
            address => address,
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(source).or_default();
        if *count >= self.most && !source.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Place { sources: Arc::clone(self), source })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sources.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_only_so_many_connections_and_this_machine_any_number() {
        let sources = Sources::new(2);
        let take = |address: &str| sources.take(address.parse().unwrap());
        for (first, second, third) in
            [("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3")]
        {
            let held = take(first).zip(take(second)).unwrap();
            assert!(take(third).is_none(), "{third}");
            assert!(take("192.0.2.2").is_some() && take("2001:db8:0:1::1").is_some(), "others have theirs");
            drop(held);
            assert!(take(third).is_some(), "{third}");
        }
        for here in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            let held: Vec<_> = (0..5).map(|_| take(here).unwrap()).collect();
            drop(held);
        }
        assert!(sources.open.lock().unwrap().is_empty(), "nothing is kept of who is gone");
    }
}
