//! Signed calls of any operation, through everything up to the database: an answer that its client can read, never a failure.

use std::cell::RefCell;

use crate::input;
use crate::support::{World, root};

/// Calls after which the world is made anew: what they made slows it down.
const CALLS: u32 = 5000;

thread_local! {
    static WORLD: RefCell<(World, u32)> = RefCell::new((World::new(), 0));
}

pub(crate) fn run(data: &[u8]) {
    let Some((entry, pairs)) = input::call(data) else { return };
    WORLD.with_borrow_mut(|(world, calls)| {
        *calls += 1;
        if *calls > CALLS {
            (*world, *calls) = (World::new(), 0);
        }
        let (status, body) = world.send(world.request(&root(), entry.product, entry.operation.name, &pairs));
        assert!(status == 200 || (400..500).contains(&status), "{} {status} {body}", entry.operation.name);
        assert!(status == 200 || body["Code"].is_string(), "{} {status} {body}", entry.operation.name);
    });
}
