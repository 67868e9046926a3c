//! Deterministic simulation: from one number, a history of calls by two accounts and their users, good and bad, with steps of the
//! clock, restarts and crashes in between, on a database in files. After every step the service is held against a small model of
//! what should be, and against what must always hold:
//!
//! * a call that is refused, and one that reads, changes nothing; no call fails for a reason of the server's;
//! * nobody does what no policy allows;
//! * what was acknowledged is there after a restart; what was not committed is gone after a crash, and nobody was told otherwise;
//! * every disk is encrypted with the key that the documented precedence chooses.
//!
//! `cargo xtask sim SEED` plays one history again.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod anything;
mod dice;
mod model;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::mpsc::{Receiver, channel};
use std::task::{Context, Waker};

use coffer_base::{Clock, Timestamp};
use coffer_cloud::{Access, Cloud, Entry, Outgoing, Product, audit, operations};
use coffer_store::StoreError;
use serde_json::Value;

use anything::Seen;
use dice::Dice;
use model::{Account, Call, REGIONS, State, Statements, With};
use support::{Dump, Key, NOW_MS, Pairs, World, other, root};

/// Histories that every run of the tests plays.
const SEEDS: std::ops::Range<u64> = 0..12;
const STEPS: u32 = 1000;
/// Set to play one history alone.
const SEED: &str = "COFFER_SIM_SEED";
const CHECK_EVERY: u32 = 20;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Who calls: an account itself, or its user with a policy.
struct Caller {
    account: usize,
    key: Key,
    policy: Option<Statements>,
}

impl Caller {
    fn may(&self, entry: &Entry) -> bool {
        let Some(statements) = &self.policy else { return true };
        match entry.operation.access {
            Access::Caller | Access::Anyone => true,
            Access::AccountByDefault(_) | Access::MainAccount => false,
            Access::Each(actions) => actions.iter().all(|action| model::allowed(statements, action)),
            Access::Action(action) => model::allowed(statements, action),
        }
    }
}

struct Simulation {
    seed: u64,
    step: u32,
    dice: Dice,
    clock: Clock,
    /// Below it every run of the service has a directory of its own.
    place: PathBuf,
    runs: u64,
    world: World,
    accounts: [Account; 2],
    callers: Vec<Caller>,
    /// What calls that the model does not know made in each account.
    seen: [Seen; 2],
    /// What the database holds.
    state: Dump,
    /// What was done and what came of it.
    history: Vec<String>,
}

impl Drop for Simulation {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let last = &self.history[self.history.len().saturating_sub(5)..];
            eprintln!("seed {}, step {}, after:\n{}", self.seed, self.step, last.join("\n"));
            eprintln!("again: cargo xtask sim {}", self.seed);
        }
        // The directory of a history that failed stays, to be looked at.
        if !std::thread::panicking() {
            fs::remove_dir_all(&self.place).ok();
        }
    }
}

fn entry(product: &str, action: &str) -> &'static Entry {
    let product = Product::by_name(product).unwrap();
    operations(product).iter().find(|entry| entry.operation.name == action).unwrap()
}

impl Simulation {
    fn new(seed: u64, name: &str) -> Self {
        // Memory where there is a file system for it: nothing here depends on how long a disk takes to write.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) };
        let place = place.join(format!("coffer-sim-{name}-{seed}-{}", std::process::id()));
        let (dice, clock) = (Dice::new(seed), Clock::manual(Timestamp::from_unix_ms(NOW_MS)));
        let world = World::open(&place.join("0"), clock.clone(), seed);
        let mut callers = Vec::new();
        for (account, key) in [root(), other()].into_iter().enumerate() {
            world.let_ecs_use_keys(&key);
            for user in ["user-0", "user-1"] {
                let statements = statements(&dice);
                let user = world.user_of(&key, user, Some(&document(&statements)));
                callers.push(Caller { account, key: user, policy: Some(statements) });
            }
            callers.push(Caller { account, key, policy: None });
        }
        let accounts = [0, 1].map(|_| Account { role: true, ..Account::default() });
        let (state, history) = (world.state(), Vec::new());
        let known = [Seen::default(), Seen::default()];
        Self { seed, step: 0, dice, clock, place, runs: 1, world, accounts, callers, seen: known, state, history }
    }

    fn play(mut self) -> Vec<String> {
        for step in 1..=STEPS {
            self.step = step;
            match self.dice.below(40) {
                0..14 => self.known_call(),
                14 => self.spoiled_call(),
                15..36 => self.any_call(),
                36..38 => self.wait(),
                38 => self.restart(),
                _ => self.crash(),
            }
            if step % CHECK_EVERY == 0 {
                self.check();
            }
        }
        self.check();
        std::mem::take(&mut self.history)
    }

    fn now(&self) -> i64 {
        self.clock.now().unix_ms()
    }

    /// The account itself more often than its users.
    fn caller(&self) -> usize {
        let accounts = self.callers.iter().enumerate().filter(|(_, caller)| caller.policy.is_none());
        let all = self.callers.iter().enumerate();
        let chosen = if self.dice.once_in(4) { self.dice.any(all) } else { self.dice.any(accounts) };
        chosen.unwrap().0
    }

    /// Sends a call and holds against it what always must hold. Its answer, if it succeeded.
    fn call(&mut self, caller: usize, entry: &Entry, parameters: &Pairs) -> Result<Value, Value> {
        let (caller, operation) = (&self.callers[caller], entry.operation);
        let request = self.world.request(&caller.key, entry.product, operation.name, parameters);
        let (status, body) = self.world.send(request);
        self.history.push(format!("{} {} {parameters:.300?}: {status} {body}", caller.key.0, operation.name));
        let state = self.world.state();
        let changed = state != self.state;
        self.state = state;
        assert!(status == 200 || (400..500).contains(&status), "{status}");
        assert!(!changed || (status == 200 && anything::writes(entry)), "it changes something");
        assert!(status != 200 || caller.may(entry), "nobody allowed this");
        if status == 200 { Ok(body) } else { Err(body) }
    }

    fn known_call(&mut self) {
        let (caller, now) = (self.caller(), self.now());
        let call = self.choose(self.callers[caller].account);
        let (product, action) = call.action();
        let entry = entry(product, action);
        let outcome = self.call(caller, entry, &call.parameters());
        let caller = &self.callers[caller];
        let account = &mut self.accounts[caller.account];
        match (outcome, account.refusal(&call, now)) {
            (Ok(answer), None) => account.done(&call, &answer, now),
            (Err(body), Some(code)) if caller.may(entry) => assert_eq!(body["Code"], code, "{call:?}"),
            (Err(_), _) if !caller.may(entry) => {}
            (outcome, expected) => panic!("{call:?} gives {outcome:?} and should give {expected:?}"),
        }
    }

    /// A call without one of its required parameters.
    fn spoiled_call(&mut self) {
        let caller = self.caller();
        let call = self.choose(self.callers[caller].account);
        let (product, action) = call.action();
        let (entry, mut parameters) = (entry(product, action), call.parameters());
        let required: Vec<_> = (entry.parameters)().into_iter().filter(|fact| fact.required).collect();
        if let Some(fact) = self.dice.any(&required) {
            parameters.retain(|(name, _)| name != fact.name);
            assert!(self.call(caller, entry, &parameters).is_err(), "{} is missing", fact.name);
        }
    }

    fn any_call(&mut self) {
        let caller = self.caller();
        let account = self.callers[caller].account;
        let seen = &self.seen[if self.dice.once_in(12) { 1 - account } else { account }];
        let (entry, parameters) = anything::call(&self.dice, seen);
        let outcome = self.call(caller, entry, &parameters);
        if let Ok(answer) = outcome
            && anything::writes(entry)
        {
            self.seen[account].keep(&answer);
        }
    }

    fn wait(&mut self) {
        let days = i64::try_from(self.dice.below(9)).unwrap();
        let ms = if self.dice.once_in(4) { days * DAY_MS } else { 1000 };
        self.world.advance(ms);
        self.world.cloud.forget_expired().unwrap();
        self.state = self.world.state();
        self.history.push(format!("{ms} ms pass"));
    }

    /// A call whose outcome the model knows, on what the account has and, now and then, has not.
    fn choose(&self, account: usize) -> Call {
        // One region more often than the others: much is to meet there.
        let region = if self.dice.once_in(2) { REGIONS[0] } else { self.dice.pick(&REGIONS) };
        let key = || self.choose_key(account, None);
        let key_there = || self.choose_key(account, Some(region));
        match self.dice.below(26) {
            0..3 => Call::Enable(region),
            3 => Call::Disable(region),
            4..8 => Call::Modify(region, key_there()),
            8 => Call::Reset(region),
            9..15 => Call::CreateDisk {
                region,
                encrypted: self.dice.any([None, None, Some(true), Some(false)]).unwrap(),
                key: self.dice.once_in(4).then(key_there),
            },
            15 => Call::DeleteDisk(self.choose_disk(account)),
            16..18 => Call::CreateKey(region),
            18..20 => Call::EnableKey(key()),
            20 => Call::DisableKey(key()),
            21 => Call::ScheduleKeyDeletion(key(), 7),
            22 => Call::CancelKeyDeletion(key()),
            23 => Call::Encrypt(key()),
            _ if self.accounts[account].role && self.dice.once_in(3) => Call::DetachRolePolicy,
            _ => Call::AttachRolePolicy,
        }
    }

    /// A key, mostly of the account and mostly of the region that is wanted.
    fn choose_key(&self, account: usize, region: Option<&str>) -> String {
        let account = &self.accounts[if self.dice.once_in(12) { 1 - account } else { account }];
        let services = account.service_keys.values().filter(|_| self.dice.once_in(8));
        let fits = |key: &model::Key| region.is_none_or(|region| region == key.region) || self.dice.once_in(12);
        let keys = account.keys.iter().filter(|(_, key)| fits(key)).map(|(id, _)| id);
        let key = self.dice.any(keys.chain(services).cloned());
        key.unwrap_or_else(|| "00000000-0000-4000-8000-000000000000".to_owned())
    }

    fn choose_disk(&self, account: usize) -> String {
        let account = &self.accounts[if self.dice.once_in(8) { 1 - account } else { account }];
        self.dice.any(account.disks.keys().cloned()).unwrap_or_else(|| "d-bp1gone".to_owned())
    }

    /// Stops in order and starts again on the same files: everything is there.
    fn restart(&mut self) {
        let directory = self.place.join((self.runs - 1).to_string());
        self.start(&directory);
        self.history.push("restart".to_owned());
        self.check();
    }

    /// Writes are under way, executed and not committed, when the files stop changing: nobody has been told that they are done, and
    /// what is started on these files knows nothing of them.
    fn crash(&mut self) {
        let calls: Vec<_> = (0..3).map(|_| (self.caller(), self.choose(0))).collect();
        let old = self.place.join((self.runs - 1).to_string());
        let new = self.place.join(self.runs.to_string());
        let (cloud, db) = (self.world.cloud.clone(), self.world.db.clone());
        let (release, start) = channel::<()>();
        let (photographed, photo) = channel::<()>();
        let (finish, end) = channel::<()>();
        let wait = |signal: Receiver<()>| signal.recv().map_err(|_| StoreError::Stopped);
        // The writer takes up what waits while it is busy, and commits it together.
        let busy = db.write(move |_| wait(start));
        let mut answers: Vec<_> = calls.iter().map(|(caller, call)| self.under_way(&cloud, *caller, call)).collect();
        assert!(answers.iter_mut().all(is_pending), "{calls:?}");
        let target = new.clone();
        let last = db.write(move |_| {
            copy(&old, &target);
            photographed.send(()).map_err(|_| StoreError::Stopped)?;
            wait(end)
        });
        release.send(()).unwrap();
        photo.recv().unwrap();
        assert!(answers.iter_mut().all(is_pending), "answered before it is committed: {calls:?}");
        finish.send(()).unwrap();
        busy.wait().unwrap();
        last.wait().unwrap();
        drop(answers);
        drop((cloud, db));
        self.runs += 1;
        self.start(&new);
        self.history.push(format!("crash during {calls:?}"));
        self.check();
    }

    /// A call that has been made and is not answered.
    fn under_way<'a>(&self, cloud: &'a Cloud, caller: usize, call: &Call) -> Answer<'a> {
        let (product, action) = call.action();
        let product = Product::by_name(product).unwrap();
        Box::pin(cloud.handle(self.world.request(&self.callers[caller].key, product, action, &call.parameters())))
    }

    /// Ends the service and starts one on the files in a directory, which must hold what was acknowledged.
    fn start(&mut self, directory: &Path) {
        let seed = self.seed * 1_000_000 + u64::from(self.step) * 2 + 1_000;
        // A handle on the old files must be gone before they are opened again.
        let placeholder = World::new();
        drop(std::mem::replace(&mut self.world, placeholder));
        self.world = World::open(directory, self.clock.clone(), seed);
        assert!(self.world.state() == self.state, "what was acknowledged is not what is there");
        self.world.db.read(audit::verify).unwrap().expect("the chain of the audit is whole");
    }

    /// Holds what the service shows of each account against the model.
    fn check(&mut self) {
        let now = self.now();
        for (number, key) in [root(), other()].iter().enumerate() {
            for region in REGIONS {
                self.check_default(number, key, region);
            }
            self.check_disks(number, key);
            for (id, known) in &self.accounts[number].keys {
                let parameters = [("KeyId", id.as_str()), ("RegionId", known.region)];
                let (status, body) = self.world.call(key, Product::Kms, "DescribeKey", &parameters);
                let shown = (status == 200).then(|| body["KeyMetadata"]["KeyState"].as_str().unwrap());
                let expected = self.accounts[number].state(id, now).map(|state| match state {
                    State::Enabled => "Enabled",
                    State::Disabled => "Disabled",
                    State::Pending(_) => "PendingDeletion",
                });
                assert_eq!(shown, expected, "{id}");
            }
        }
    }

    fn check_default(&mut self, number: usize, key: &Key, region: &'static str) {
        let show = |action| self.world.succeed(key, Product::Ecs, action, &[("RegionId", region)]);
        let account = &mut self.accounts[number];
        let default = account.defaults.get(region);
        assert_eq!(show("DescribeDiskEncryptionByDefaultStatus")["Encrypted"], default.is_some(), "{region}");
        let shown = support::text(&show("DescribeDiskDefaultKMSKeyId"), "KMSKeyId");
        if let Some(chosen) = default.and_then(Option::as_ref) {
            assert_eq!(&shown, chosen, "{region}");
            return;
        }
        // The service key: it is made when it is needed first, and stays the same.
        assert!(default.is_none() || !shown.is_empty(), "{region}");
        if let Some(service) = account.service_keys.get(region) {
            assert_eq!(&shown, service, "{region}");
        } else if !shown.is_empty() {
            account.service_keys.insert(region, shown);
        }
    }

    fn check_disks(&mut self, number: usize, key: &Key) {
        let account = &mut self.accounts[number];
        for (id, (region, with)) in &account.disks {
            let ids = format!("[\"{id}\"]");
            let body = self.world.succeed(
                key,
                Product::Ecs,
                "DescribeDisks",
                &[("RegionId", *region), ("DiskIds", ids.as_str())],
            );
            let disk = &body["Disks"]["Disk"][0];
            assert_eq!(disk["DiskId"], id.as_str());
            let shown = (disk["Encrypted"].as_bool(), disk["KMSKeyId"].as_str().unwrap_or_default());
            let expected = match with {
                With::Nothing => "",
                // A disk may be the first to need it, where the default is another key.
                With::Service => account.service_keys.entry(region).or_insert_with(|| shown.1.to_owned()).as_str(),
                With::Customer(key) => key,
            };
            assert_eq!(shown, (Some(*with != With::Nothing), expected), "{id}");
        }
    }
}

/// An answer that is waited for.
type Answer<'a> = Pin<Box<dyn Future<Output = Outgoing> + 'a>>;

fn is_pending(answer: &mut Answer<'_>) -> bool {
    answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// The files as a crash leaves them.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for name in ["coffer.db", "coffer.db-wal", "root.key"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

fn statements(dice: &Dice) -> Statements {
    let patterns = ["*", "ecs:*", "kms:*", "ecs:Describe*", "ecs:CreateDisk", "kms:EnableKey", "ram:*", "kms:List*"];
    (0..=dice.below(3)).map(|n| (n == 0 || dice.once_in(2), dice.pick(&patterns))).collect()
}

fn document(statements: &Statements) -> String {
    let effect = |allow: bool| if allow { "Allow" } else { "Deny" };
    let statements: Vec<Value> = statements
        .iter()
        .map(|(allow, action)| serde_json::json!({"Effect": effect(*allow), "Action": action, "Resource": "*"}))
        .collect();
    serde_json::json!({"Version": "1", "Statement": statements}).to_string()
}

#[test]
fn every_history_keeps_to_the_model() {
    if let Ok(seed) = std::env::var(SEED) {
        let history = Simulation::new(seed.parse().expect("a seed is a number"), "alone").play();
        eprintln!("{}", history.join("\n"));
        return;
    }
    let history: Vec<String> = SEEDS.flat_map(|seed| Simulation::new(seed, "model").play()).collect();
    // That the histories mean something: what the model knows was done and was refused, and most operations were called with success.
    let every: Vec<_> = Product::ALL.iter().flat_map(|product| operations(*product)).collect();
    let times = |name: &str, good: bool| {
        let of_it = |line: &&String| line.split(' ').nth(1) == Some(name) && line.contains(": 200 {") == good;
        history.iter().filter(of_it).count()
    };
    let names = every.iter().map(|entry| entry.operation.name);
    let unsuccessful: Vec<&str> = names.filter(|name| times(name, true) == 0).collect();
    eprintln!("{} events; without success {unsuccessful:?}", history.len());
    assert!(unsuccessful.len() * 4 < every.len(), "{unsuccessful:?}");
    for name in model::ACTIONS {
        assert!(times(name, true) > 0 && times(name, false) > 0, "{name}");
    }
}

#[test]
fn the_same_seed_makes_the_same_history() {
    let history = || Simulation::new(7, "same").play();
    assert_eq!(history(), history());
}
