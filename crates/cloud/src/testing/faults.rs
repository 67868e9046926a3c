//! Faults that are asked for: KMS out of reach, a key disabled, slow disks, throttling, an error of an action.

use std::sync::{Mutex, MutexGuard, PoisonError};

use coffer_base::{ApiError, ErrorCode, Timestamp};
use coffer_store::keys::Key;
use coffer_store::{Record as _, Tx};
use serde::{Deserialize, Serialize};

use crate::dispatch::{Cloud, operations};
use crate::kms::key::State;
use crate::operation::Entry;
use crate::product::Product;

/// Most faults at a time.
const MOST: usize = 100;
/// Longest delay of a disk's transfers: a client that waits for more has gone.
const MOST_DELAY_MS: u64 = 60_000;
/// What any action may be answered with besides the errors that it declares.
const COMMON: [ErrorCode; 3] = [ErrorCode::Throttling, ErrorCode::ServiceUnavailable, ErrorCode::InternalError];

/// A fault, as it is asked for. An action is `CreateDisk` of any product, `ecs:CreateDisk`, `kms:*`, or `*`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// KMS answers nobody, ECS neither: 503 `ServiceUnavailable`.
    KmsDown,
    /// A key is disabled, that of a service too.
    KeyDisabled {
        /// Which.
        key_id: String,
    },
    /// Every transfer to and from every disk takes that much longer.
    SlowDisk {
        /// How much, at most a minute.
        delay_ms: u64,
    },
    /// Calls are answered 400 `Throttling`.
    Throttle {
        /// Of which action; of any unless it is said.
        #[serde(default = "any")]
        action: String,
        /// Every so manieth call.
        #[serde(default)]
        every: Option<u32>,
        /// Those beyond so many in a second of the machine's clock.
        #[serde(default)]
        per_second: Option<u32>,
    },
    /// The next calls of an action are answered with an error, and do nothing.
    Error {
        /// Which.
        action: String,
        /// One of the action's own codes, or `Throttling`, `ServiceUnavailable`, `InternalError`.
        code: String,
        /// How many calls.
        times: u32,
    },
}

fn any() -> String {
    "*".to_owned()
}

/// Why a fault can't be had.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// What was asked for makes no sense.
    #[error("{0}")]
    Senseless(String),
    /// The service failed.
    #[error("the fault could not be brought about")]
    Failed(ApiError),
}

impl From<ApiError> for FaultError {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

/// The faults that were asked for.
#[derive(Default)]
pub struct Faults(Mutex<Vec<Rule>>);

#[derive(Clone)]
struct Rule {
    fault: Fault,
    /// What an error is, found when it was asked for.
    code: Option<ErrorCode>,
    /// How many calls it was held against.
    calls: u32,
    /// The second that calls are counted in.
    second: i64,
}

impl Rule {
    /// What becomes of a call.
    fn judge(&mut self, product: Product, name: &str, machine: Timestamp) -> Option<ErrorCode> {
        match &self.fault {
            Fault::KmsDown => (product == Product::Kms).then_some(ErrorCode::ServiceUnavailable),
            Fault::KeyDisabled { .. } | Fault::SlowDisk { .. } => None,
            Fault::Throttle { action, every, per_second } => {
                if !means(action, product, name) {
                    return None;
                }
                let second = machine.unix_ms().div_euclid(1000);
                if per_second.is_some() && second != self.second {
                    (self.second, self.calls) = (second, 0);
                }
                self.calls = self.calls.wrapping_add(1);
                let is_due = every.is_some_and(|every| self.calls.is_multiple_of(every));
                let is_beyond = per_second.is_some_and(|most| self.calls > most);
                (is_due || is_beyond).then_some(ErrorCode::Throttling)
            }
            Fault::Error { action, .. } => {
                if !means(action, product, name) || self.is_over() {
                    return None;
                }
                self.calls += 1;
                self.code
            }
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.fault, Fault::Error { times, .. } if self.calls >= times)
    }
}

impl Faults {
    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that are still to come.
    pub fn list(&self) -> Vec<Fault> {
        self.rules().iter().map(|rule| rule.fault.clone()).collect()
    }

    pub(crate) fn kms_is_down(&self) -> bool {
        self.rules().iter().any(|rule| matches!(rule.fault, Fault::KmsDown))
    }

    /// Refuses a call that is to fail.
    pub(crate) fn judge(&self, entry: &Entry, machine: Timestamp) -> Result<(), ApiError> {
        let mut rules = self.rules();
        let code = rules.iter_mut().find_map(|rule| rule.judge(entry.product, entry.operation.name, machine));
        rules.retain(|rule| !rule.is_over());
        code.map_or(Ok(()), |code| Err(worded(code)))
    }

    /// A copy that goes its own way.
    #[must_use]
    pub(crate) fn fork(&self) -> Self {
        Self(Mutex::new(self.rules().clone()))
    }
}

/// An error with something in the place of what it would name.
fn worded(code: ErrorCode) -> ApiError {
    let text = || "injected".to_owned();
    match code.placeholders() {
        0 => ApiError::new(code),
        1 => ApiError::with(code, [text()]),
        _ => ApiError::with(code, [text(), text()]),
    }
}

/// Whether an action of a fault means an operation.
fn means(action: &str, product: Product, name: &str) -> bool {
    let (of, action) = action.split_once(':').map_or((None, action), |(product, action)| (Some(product), action));
    of.is_none_or(|of| of == product.name()) && (action == "*" || action == name)
}

/// The operations that an action of a fault means.
fn meant(action: &str) -> Result<Vec<&'static Entry>, FaultError> {
    let entries = Product::ALL.into_iter().flat_map(operations);
    let found: Vec<_> = entries.filter(|entry| means(action, entry.product, entry.operation.name)).collect();
    if found.is_empty() { Err(FaultError::Senseless(format!("there is no action {action}"))) } else { Ok(found) }
}

/// The error of that code that an action can be answered with.
fn code_of(action: &str, code: &str) -> Result<ErrorCode, FaultError> {
    let mut known = COMMON.to_vec();
    for entry in meant(action)? {
        known.extend(entry.operation.errors.iter().copied().flatten());
    }
    let found = known.iter().find(|known| known.template().0 == code).copied();
    found.ok_or_else(|| {
        let mut known: Vec<_> = known.iter().map(|code| code.template().0).collect();
        known.sort_unstable();
        known.dedup();
        FaultError::Senseless(format!("{action} is not answered with {code}, but with {}", known.join(", ")))
    })
}

/// Parses what was asked for as far as that is possible without a database.
fn rule(fault: Fault) -> Result<Rule, FaultError> {
    let senseless = |what: &str| Err(FaultError::Senseless(what.to_owned()));
    let mut code = None;
    match &fault {
        Fault::SlowDisk { delay_ms } if *delay_ms > MOST_DELAY_MS => return senseless("delay_ms is 60000 at most"),
        Fault::KmsDown | Fault::KeyDisabled { .. } | Fault::SlowDisk { .. } => {}
        Fault::Throttle { action, every, per_second } => {
            meant(action)?;
            if every.is_some() == per_second.is_some() || *every == Some(0) {
                return senseless("a throttle has either every, from 1, or per_second");
            }
        }
        Fault::Error { times: 0, .. } => return senseless("times is 1 at least"),
        Fault::Error { action, code: wanted, .. } => code = Some(code_of(action, wanted)?),
    }
    Ok(Rule { fault, code, calls: 0, second: 0 })
}

impl Cloud {
    /// Brings a fault about. Blocks. Only in test mode.
    pub fn inject(&self, fault: Fault) -> Result<(), FaultError> {
        let faults = self.faults()?;
        let rule = rule(fault)?;
        if faults.rules().len() >= MOST {
            return Err(FaultError::Senseless(format!("there are {MOST} faults, and no more are possible")));
        }
        match &rule.fault {
            Fault::KeyDisabled { key_id } => {
                if !self.turn(key_id.clone(), State::Enabled, State::Disabled)? {
                    return Err(FaultError::Senseless(format!("there is no enabled key {key_id}")));
                }
            }
            Fault::SlowDisk { delay_ms } => {
                self.0.volumes.host.slow_down(*delay_ms);
            }
            Fault::KmsDown | Fault::Throttle { .. } | Fault::Error { .. } => {}
        }
        faults.rules().push(rule);
        Ok(())
    }

    /// Ends all faults. Blocks. Only in test mode.
    pub fn mend(&self) -> Result<(), FaultError> {
        let rules = std::mem::take(&mut *self.faults()?.rules());
        self.0.volumes.host.slow_down(0);
        for rule in rules {
            if let Fault::KeyDisabled { key_id } = rule.fault {
                self.turn(key_id, State::Disabled, State::Enabled)?;
            }
        }
        Ok(())
    }

    /// The faults that were asked for. Only in test mode.
    pub fn faults(&self) -> Result<&Faults, ApiError> {
        Ok(&self.testing()?.faults)
    }

    /// Takes a key from one state to another; whether it was in the first.
    fn turn(&self, key_id: String, from: State, to: State) -> Result<bool, ApiError> {
        let turn = move |tx: &Tx<'_>| -> Result<bool, ApiError> {
            let found = Key::get(tx, &key_id)?.filter(|key| key.state == from.as_str());
            let Some(mut key) = found else { return Ok(false) };
            to.as_str().clone_into(&mut key.state);
            key.update(tx)?;
            Ok(true)
        };
        self.0.db.write(turn).wait()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Result<Rule, FaultError> {
        rule(serde_json::from_str(json).map_err(|error| FaultError::Senseless(error.to_string()))?)
    }

    fn outcomes(rule: &mut Rule, calls: &[(Product, &str, i64)]) -> Vec<bool> {
        let judge = |(product, name, ms): &(Product, &str, i64)| {
            rule.judge(*product, name, Timestamp::from_unix_ms(*ms)).is_some()
        };
        calls.iter().map(judge).collect()
    }

    #[test]
    fn every_so_manieth_call_of_an_action_is_throttled_and_no_other() {
        let mut third = of(r#"{"kind":"throttle","action":"kms:CreateKey","every":3}"#).unwrap();
        let key = (Product::Kms, "CreateKey", 0);
        let calls = [key, (Product::Ecs, "CreateDisk", 0), key, (Product::Kms, "ListKeys", 0), key, key];
        assert_eq!(outcomes(&mut third, &calls), [false, false, false, false, true, false]);
    }

    #[test]
    fn calls_beyond_a_rate_are_throttled_until_the_next_second() {
        let mut rate = of(r#"{"kind":"throttle","per_second":2}"#).unwrap();
        let calls = [0, 10, 999, 1000, 1500, 1999].map(|ms| (Product::Ecs, "CreateDisk", ms));
        assert_eq!(outcomes(&mut rate, &calls), [false, false, true, false, false, true]);
    }

    #[test]
    fn what_makes_no_sense_is_not_taken() {
        for senseless in [
            r#"{"kind":"earthquake"}"#,
            r#"{"kind":"slow-disk","delay_ms":60001}"#,
            r#"{"kind":"throttle","action":"CreateDisc","every":1}"#,
            r#"{"kind":"throttle","every":0}"#,
            r#"{"kind":"throttle"}"#,
            r#"{"kind":"throttle","every":1,"per_second":1}"#,
            r#"{"kind":"error","action":"CreateDisk","code":"Throttling","times":0}"#,
            r#"{"kind":"error","action":"CreateDisk","code":"NoSuchCode","times":1}"#,
            r#"{"kind":"error","action":"CreateDisk","code":"Throttling"}"#,
        ] {
            assert!(of(senseless).is_err(), "{senseless}");
        }
    }

    #[test]
    fn each_error_of_each_operation_can_be_asked_for() {
        for entry in Product::ALL.into_iter().flat_map(operations) {
            let action = format!("{}:{}", entry.product.name(), entry.operation.name);
            for code in entry.operation.errors.iter().copied().flatten() {
                let found = code_of(&action, code.template().0).unwrap();
                assert_eq!(found.template().0, code.template().0, "{action}");
                assert!(worded(*code).status() >= 400 && code.placeholders() <= 2);
            }
        }
    }
}
