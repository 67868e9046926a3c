//! The NBD server and the clients that others have made, over a Unix socket and over TLS. They must be installed:
//! `cargo xtask tools` does that.
#![allow(clippy::unwrap_used, reason = "a test")]

mod fio;
mod fuse;
mod leaving;
mod libnbd;
mod qemu;
mod site;
#[path = "../support/mod.rs"]
mod support;
mod tls;

/// A test over each way there is to the server.
macro_rules! both_ways {
    ($(fn $name:ident($site:ident) $body:block)*) => { $(
        mod $name {
            #[test]
            fn over_a_unix_socket() {
                super::$name(&crate::site::Site::unix());
            }

            #[test]
            fn over_tls() {
                super::$name(&crate::site::Site::tls());
            }
        }

        fn $name($site: &crate::site::Site) $body
    )* };
}

use both_ways;
