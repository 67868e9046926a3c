//! The production source of randomness.

use aws_lc_rs::rand;
use coffer_base::Rng;

/// aws-lc's generator, seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes).expect("the system's random source does not fail once the process runs");
    }
}
