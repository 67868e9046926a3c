//! The disk cipher: AES-256-XTS (IEEE Std 1619, NIST SP 800-38E) over units of 4096 bytes, by aws-lc. The tweak is the unit's number
//! as 128 bits, little-endian, as the standard has it.
//!
//! Where keys are: the 64 bytes and all that aws-lc expands them to are in one [`LockedBytes`]. aws-lc would put an expanded key on its
//! heap; the pointer to it is a public field of its context, and is made to point to locked memory before the context sees a key.
//! What is left of a key outside is what the processor's registers and aws-lc's stack hold during a call.

use std::cell::{Cell, UnsafeCell};
use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_lc_sys::{
    AES_KEY, EVP_CIPHER_CTX, EVP_CIPHER_CTX_init, EVP_Cipher, EVP_CipherInit_ex, EVP_aes_256_xts, OPENSSL_free,
};

use crate::locked::LockedBytes;
use crate::mac;

/// Bytes of a key: the data key, then the tweak key. A disk's data key is such a key, and a snapshot's is as long.
pub const XTS_KEY_BYTES: usize = 64;
/// Bytes of a unit.
pub const XTS_UNIT_BYTES: usize = 4096;

/// Room for aws-lc's `EVP_AES_XTS_CTX`: two expanded keys, four pointers and a flag; whole cache lines. A test sees that no more is used.
const STATE_BYTES: usize = (2 * size_of::<AES_KEY>() + 64).next_multiple_of(64);
/// Most contexts of one key; as many calls go on at a time.
const MOST_SLOTS: usize = 64;

/// Why a key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum XtsKeyError {
    /// SP 800-38E and FIPS 140-3 IG C.I want two different keys.
    #[error("the two halves of an AES-XTS key are equal")]
    EqualHalves,
    /// No memory to keep the key in.
    #[error("no memory for a key: {0}")]
    Memory(#[from] io::Error),
}

/// A 512-bit key, ready for use from any number of threads at once. Wiped when dropped.
pub struct Xts {
    /// The key, then two states a slot: encryption's and decryption's.
    memory: LockedBytes,
    slots: Box<[Slot]>,
}

/// Contexts that one call at a time uses. In cache lines of its own.
#[repr(align(128))]
#[derive(Default)]
struct Slot {
    busy: AtomicBool,
    contexts: UnsafeCell<Option<Contexts>>,
}

struct Contexts {
    encrypting: EVP_CIPHER_CTX,
    decrypting: EVP_CIPHER_CTX,
}

#[derive(Clone, Copy)]
enum Direction {
    Encrypt = 1,
    Decrypt = 0,
}

// SAFETY: a slot's contexts, and the part of `memory` they point to, are touched only by who holds the slot (`busy`); the key's bytes
// are only read.
unsafe impl Send for Xts {}
// SAFETY: as above.
unsafe impl Sync for Xts {}

impl Xts {
    /// Takes a key. The caller wipes its own copy.
    pub fn new(key: &[u8; XTS_KEY_BYTES]) -> Result<Self, XtsKeyError> {
        if mac::equal(&key[..XTS_KEY_BYTES / 2], &key[XTS_KEY_BYTES / 2..]) {
            return Err(XtsKeyError::EqualHalves);
        }
        // More slots than cores, as a thread may lose its core while it has one.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let slots: Box<[Slot]> = (0..(2 * cores).min(MOST_SLOTS)).map(|_| Slot::default()).collect();
        let mut memory = LockedBytes::new(XTS_KEY_BYTES + slots.len() * 2 * STATE_BYTES)?;
        memory[..XTS_KEY_BYTES].copy_from_slice(key);
        Ok(Self { memory, slots })
    }

    /// Whether the key can't be swapped out; see [`LockedBytes::is_locked`].
    pub const fn is_locked(&self) -> bool {
        self.memory.is_locked()
    }

    /// Encrypts whole units in place, the first of which is number `first_unit`.
    pub fn encrypt(&self, first_unit: u64, data: &mut [u8]) {
        self.run::<XTS_UNIT_BYTES>(Direction::Encrypt, first_unit, data);
    }

    /// Decrypts whole units in place, the first of which is number `first_unit`.
    pub fn decrypt(&self, first_unit: u64, data: &mut [u8]) {
        self.run::<XTS_UNIT_BYTES>(Direction::Decrypt, first_unit, data);
    }

    /// Works on units of any length, as the standard's examples want it.
    fn run<const UNIT: usize>(&self, direction: Direction, first_unit: u64, data: &mut [u8]) {
        let (units, rest) = data.as_chunks_mut::<UNIT>();
        assert!(rest.is_empty(), "only whole units are encrypted or decrypted");
        self.with_contexts(|contexts| {
            let context = match direction {
                Direction::Encrypt => &mut contexts.encrypting,
                Direction::Decrypt => &mut contexts.decrypting,
            };
            for (number, unit) in (u128::from(first_unit)..).zip(units) {
                run_unit(context, direction, number, unit);
            }
        });
    }

    /// Runs `work` with the contexts of a free slot: the one this thread had last, as a rule, so that threads do not meet.
    fn with_contexts(&self, work: impl FnOnce(&mut Contexts)) {
        let mut index = preferred_slot() % self.slots.len();
        let mut tries = 0;
        while self.slots[index].busy.swap(true, Ordering::Acquire) {
            index = (index + 1) % self.slots.len();
            tries += 1;
            if tries % self.slots.len() == 0 {
                std::thread::yield_now();
            }
        }
        let slot = Held(&self.slots[index]);
        // SAFETY: `busy` was false and is true now, so nobody else refers to this slot's contexts until `Held` is dropped.
        let contexts = unsafe { &mut *slot.0.contexts.get() };
        work(contexts.get_or_insert_with(|| self.expand(index)));
    }

    /// Expands the key into a slot's states.
    fn expand(&self, index: usize) -> Contexts {
        let state = |nth: usize| {
            let offset = XTS_KEY_BYTES + (2 * index + nth) * STATE_BYTES;
            // SAFETY: `new` made room for that many states.
            unsafe { self.memory.as_ptr().add(offset) }
        };
        // SAFETY: the memory starts with the key. The states are aligned (pages, 64 bytes), zeros, the slot's own, and live as long as
        // the contexts: both are fields of `self`.
        unsafe {
            let key = self.memory.as_ptr();
            Contexts {
                encrypting: new_context(key, state(0), Direction::Encrypt),
                decrypting: new_context(key, state(1), Direction::Decrypt),
            }
        }
    }
}

/// A slot that is given back when this is dropped.
struct Held<'a>(&'a Slot);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Release);
    }
}

/// A number of this thread's own.
fn preferred_slot() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    NUMBER.with(|number| {
        if number.get() == usize::MAX {
            number.set(THREADS.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

/// A context for `key` that keeps all it makes of the key in `state`. It owns nothing else, so it needs no clean-up.
///
/// # Safety
/// `key` points to [`XTS_KEY_BYTES`] bytes. `state` points to [`STATE_BYTES`] zeros, aligned as aws-lc's allocator would, used by
/// nobody else while the context is.
unsafe fn new_context(key: *const u8, state: *mut u8, direction: Direction) -> EVP_CIPHER_CTX {
    let mut context = MaybeUninit::<EVP_CIPHER_CTX>::uninit();
    // SAFETY: the first call makes an empty context of any memory. The second chooses the cipher and allocates its state, which holds
    // no key yet: it is freed by the allocator it came from and replaced by `state`, whose zeros are what a fresh one holds. The third
    // expands the key into it.
    unsafe {
        EVP_CIPHER_CTX_init(context.as_mut_ptr());
        let mut context = context.assume_init();
        initialise(&mut context, EVP_aes_256_xts(), ptr::null(), ptr::null(), direction);
        OPENSSL_free(context.cipher_data);
        context.cipher_data = state.cast();
        initialise(&mut context, ptr::null(), key, ptr::null(), direction);
        context
    }
}

/// `EVP_CipherInit_ex`, which fails only if it is called wrongly or there is no memory.
///
/// # Safety
/// As of that function.
unsafe fn initialise(
    context: &mut EVP_CIPHER_CTX,
    cipher: *const aws_lc_sys::EVP_CIPHER,
    key: *const u8,
    iv: *const u8,
    direction: Direction,
) {
    // SAFETY: the caller's.
    let done = unsafe { EVP_CipherInit_ex(context, cipher, ptr::null_mut(), key, iv, direction as c_int) };
    assert_eq!(done, 1, "aws-lc refuses AES-256-XTS");
}

/// Encrypts or decrypts one unit in place.
fn run_unit<const UNIT: usize>(
    context: &mut EVP_CIPHER_CTX,
    direction: Direction,
    number: u128,
    unit: &mut [u8; UNIT],
) {
    let tweak = number.to_le_bytes();
    let data = unit.as_mut_ptr();
    // SAFETY: the context holds a key; the tweak has the 16 bytes that the cipher reads; XTS may work in place and writes as many
    // bytes as it reads.
    let done = unsafe {
        initialise(context, ptr::null(), ptr::null(), tweak.as_ptr(), direction);
        EVP_Cipher(context, data, data, UNIT)
    };
    assert_eq!(done, 1, "AES-256-XTS takes units of 16 bytes to 16 MiB");
}

#[cfg(test)]
mod tests {
    use aes::Aes256;
    use aes::cipher::KeyInit as _;
    use proptest::prelude::*;
    use xts_mode::{Xts128, get_tweak_default};

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    fn key(seed: u8) -> [u8; XTS_KEY_BYTES] {
        std::array::from_fn(|i| u8::try_from(i).unwrap().wrapping_mul(73) ^ seed)
    }

    /// The digits of e and of pi, the keys of the standard's examples 10 to 14.
    const EXAMPLE_KEY: &str = "2718281828459045235360287471352662497757247093699959574966967627\
                               3141592653589793238462643383279502884197169399375105820974944592";

    #[test]
    fn the_standards_examples_hold() {
        let xts = Xts::new(&hex(EXAMPLE_KEY).try_into().unwrap()).unwrap();
        let plaintext: Vec<u8> = (0..=255).chain(0..=255).collect();
        let lines: Vec<&str> = include_str!("xts_vectors.txt").lines().filter(|line| !line.starts_with('#')).collect();
        let examples = lines.chunks(9);
        assert_eq!(examples.len(), 5);
        for example in examples {
            let (name, number) = example[0].split_once(' ').unwrap();
            let number = u64::from_str_radix(number, 16).unwrap();
            let mut data = plaintext.clone();
            xts.run::<512>(Direction::Encrypt, number, &mut data);
            assert_eq!(data, hex(&example[1..].concat()), "vector {name}");
            xts.run::<512>(Direction::Decrypt, number, &mut data);
            assert_eq!(data, plaintext, "vector {name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn it_agrees_byte_for_byte_with_an_implementation_in_rust(
            key: [[u8; 32]; 2],
            first in prop_oneof![any::<u64>(), 0..1000u64, (1u64 << 32) - 2..(1 << 32) + 2, u64::MAX - 4..=u64::MAX],
            seed: u64,
            units in 1..5usize,
        ) {
            prop_assume!(key[0] != key[1]);
            let cipher = |half: &[u8; 32]| Aes256::new(half.into());
            let reference = Xts128::new(cipher(&key[0]), cipher(&key[1]));
            let xts = Xts::new(key.as_flattened().try_into().unwrap()).unwrap();
            let mut plain = vec![0u8; units * XTS_UNIT_BYTES];
            coffer_base::Rng::fill(&coffer_base::SeededRng::new(seed), &mut plain);
            let (mut ours, mut theirs) = (plain.clone(), plain.clone());
            xts.encrypt(first, &mut ours);
            for (number, unit) in (u128::from(first)..).zip(theirs.chunks_mut(XTS_UNIT_BYTES)) {
                reference.encrypt_sector(unit, get_tweak_default(number));
            }
            prop_assert_eq!(&ours, &theirs);
            xts.decrypt(first, &mut ours);
            prop_assert_eq!(ours, plain);
        }
    }

    #[test]
    fn a_key_of_two_equal_halves_is_refused() {
        assert!(matches!(Xts::new(&[7; XTS_KEY_BYTES]), Err(XtsKeyError::EqualHalves)));
    }

    #[test]
    #[should_panic(expected = "only whole units")]
    fn a_part_of_a_unit_is_refused() {
        Xts::new(&key(1)).unwrap().encrypt(0, &mut [0; XTS_UNIT_BYTES + 512]);
    }

    #[test]
    fn more_threads_than_slots_get_the_right_bytes() {
        let xts = Xts::new(&key(2)).unwrap();
        let mut expected = vec![9u8; 4 * XTS_UNIT_BYTES];
        xts.encrypt(5, &mut expected);
        std::thread::scope(|scope| {
            for _ in 0..3 * xts.slots.len() {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let mut data = vec![9u8; 4 * XTS_UNIT_BYTES];
                        xts.encrypt(5, &mut data);
                        assert_eq!(data, expected);
                        xts.decrypt(5, &mut data);
                        assert!(data.iter().all(|byte| *byte == 9));
                    }
                });
            }
        });
    }

    /// The expanded key starts with the key itself (FIPS 197), so that it shows where it is.
    #[test]
    fn the_expanded_keys_are_in_the_locked_memory_and_fit_their_room() {
        let (key, mut unit) = (key(3), [0u8; XTS_UNIT_BYTES]);
        let mut memory = LockedBytes::new(XTS_KEY_BYTES + 8192).unwrap();
        memory[..XTS_KEY_BYTES].copy_from_slice(&key);
        for direction in [Direction::Encrypt, Direction::Decrypt] {
            memory[XTS_KEY_BYTES..].fill(0);
            // SAFETY: more than the room that is asked for, and aligned to 64 bytes.
            let mut context = unsafe { new_context(memory.as_ptr(), memory.as_ptr().add(XTS_KEY_BYTES), direction) };
            run_unit(&mut context, direction, 1, &mut unit);
            let state = &memory[XTS_KEY_BYTES..];
            assert!(state[STATE_BYTES..].iter().all(|byte| *byte == 0), "more is used than there is room for");
            // The tweak key is always expanded for encryption, in the order of its bytes or, in some of aws-lc's code, of its words.
            let tweak_key = &key[XTS_KEY_BYTES / 2..];
            let swapped: Vec<u8> = tweak_key.chunks(4).flat_map(|word| word.iter().rev().copied()).collect();
            let holds = |key: &[u8]| state.windows(key.len()).any(|window| window == key);
            assert!(holds(tweak_key) || holds(&swapped), "the expanded key is elsewhere");
        }
    }
}
