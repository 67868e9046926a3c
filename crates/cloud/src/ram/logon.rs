//! How users log on: what a password must be, what it is hashed to, and the MFA device's codes. There is no console here; what a
//! password or a device is good for is what the operations about them do.

use coffer_base::{ApiError, ErrorCode, Rng, Secret};
use coffer_crypto::{TOTP_SEED_BYTES, TOTP_STEP_S, hash_password, mac, totp};
use coffer_store::Record as _;
use coffer_store::identities::User;
use coffer_store::logins::{self, LoginProfile, MOST_PAST_PASSWORDS, MfaDevice};
use coffer_store::preferences::{PasswordPolicy, SecurityPreference};

use super::parameter::{Code, Password, SerialNumber};
use crate::context::Cx;
use crate::costly::Step;
use crate::kms::cipher;

const SALT_BYTES: usize = 16;

/// The password policy in force: the account's own, else what the vendor begins with.
pub fn password_policy(cx: &Cx<'_>) -> Result<PasswordPolicy, ApiError> {
    let own = PasswordPolicy::get(cx.tx, cx.account().as_str())?;
    Ok(own.unwrap_or_else(|| PasswordPolicy {
        account: cx.account().clone(),
        minimum_length: 8,
        lowercase: false,
        uppercase: false,
        numbers: false,
        symbols: false,
        hard_expiry: false,
        max_age_d: 0,
        reuse_prevention: 0,
        max_login_attempts: 5,
    }))
}

/// The security preference in force: the account's own, else what the vendor begins with.
pub fn security_preference(cx: &Cx<'_>) -> Result<SecurityPreference, ApiError> {
    let own = SecurityPreference::get(cx.tx, cx.account().as_str())?;
    Ok(own.unwrap_or_else(|| SecurityPreference {
        account: cx.account().clone(),
        save_mfa_ticket: false,
        change_password: true,
        manage_access_keys: false,
        manage_mfa_devices: true,
        manage_public_keys: false,
        login_session_h: 6,
        login_network_masks: String::new(),
    }))
}

/// The profile of a user.
pub fn profile(cx: &Cx<'_>, user: &User) -> Result<LoginProfile, ApiError> {
    Ok(LoginProfile::get(cx.tx, &user.user_id)?.ok_or(ErrorCode::LoginProfileNotExist)?)
}

/// Whether a password is what the policy asks for. `name` is the parameter's.
pub fn check_password(cx: &Cx<'_>, name: &str, Password(password): &Password) -> Result<(), ApiError> {
    let (policy, text) = (password_policy(cx)?, password.expose());
    let holds = |wanted: bool, kind: fn(char) -> bool| !wanted || text.chars().any(kind);
    let fits = i64::try_from(text.chars().count()).is_ok_and(|length| length >= policy.minimum_length)
        && holds(policy.lowercase, |c| c.is_ascii_lowercase())
        && holds(policy.uppercase, |c| c.is_ascii_uppercase())
        && holds(policy.numbers, |c| c.is_ascii_digit())
        && holds(policy.symbols, |c| c.is_ascii_punctuation());
    if fits { Ok(()) } else { Err(weak(name)) }
}

fn weak(name: &str) -> ApiError {
    ApiError::with(ErrorCode::RamPasswordWeak, [name.to_owned()])
}

/// Hashes of the passwords in a request, made before its transaction.
struct Hashes {
    salt: Vec<u8>,
    /// Password and hash.
    known: Vec<(Secret<String>, Secret<Vec<u8>>)>,
}

/// The hashing of a request's passwords, which takes long on purpose: under the salt of their user's profile, or a new one.
pub fn hashing(profile: Option<&LoginProfile>, passwords: &[&Password]) -> Step {
    let salt = profile.map(|profile| profile.salt.clone());
    let passwords: Vec<_> = passwords.iter().map(|Password(password)| password.clone()).collect();
    Step::new(move |rng| {
        let salt = salt.unwrap_or_else(|| new_salt(rng));
        let known = passwords.into_iter().map(|password| {
            let hash = hash(&salt, &password);
            (password, hash)
        });
        let known = known.collect();
        Hashes { salt, known }
    })
}

fn new_salt(rng: &dyn Rng) -> Vec<u8> {
    let mut salt = vec![0; SALT_BYTES];
    rng.fill(&mut salt);
    salt
}

fn hash(salt: &[u8], password: &Secret<String>) -> Secret<Vec<u8>> {
    Secret::new(hash_password(salt, password.expose()).expose().to_vec())
}

/// A new salt and the hash of a user's first password.
pub fn first_hash(cx: &Cx<'_>, Password(password): &Password) -> (Vec<u8>, Vec<u8>) {
    let salt = cx.prepared().map_or_else(|| new_salt(cx.rng), |hashes: &Hashes| hashes.salt.clone());
    let hash = hash_of(cx, &salt, password).expose().clone();
    (salt, hash)
}

/// The hash of a password of the request: the one made before the transaction, unless the profile is another by now.
fn hash_of(cx: &Cx<'_>, salt: &[u8], password: &Secret<String>) -> Secret<Vec<u8>> {
    let hashes = cx.prepared().filter(|hashes: &&Hashes| hashes.salt == salt);
    let known = hashes.and_then(|hashes| hashes.known.iter().find(|(known, _)| known.expose() == password.expose()));
    known.map_or_else(|| hash(salt, password), |(_, hash)| hash.clone())
}

/// Whether it is the password of this profile. In constant time but for the hashing.
pub fn is_password(cx: &Cx<'_>, profile: &LoginProfile, Password(password): &Password) -> bool {
    mac::equal(hash_of(cx, &profile.salt, password).expose(), &profile.password_hash)
}

/// Gives a profile a new password, unless the policy forbids it or it is one of the latest.
pub fn change_password(
    cx: &Cx<'_>,
    profile: &mut LoginProfile,
    name: &str,
    password: &Password,
) -> Result<(), ApiError> {
    check_password(cx, name, password)?;
    let hash = hash_of(cx, &profile.salt, &password.0);
    let remembered = password_policy(cx)?.reuse_prevention.min(MOST_PAST_PASSWORDS);
    let past = logins::past_passwords(cx.tx, &profile.user_id, (remembered - 1).max(0))?;
    let used = past.iter().chain([&profile.password_hash]).any(|known| mac::equal(known, hash.expose()));
    if remembered > 0 && used {
        return Err(weak(name));
    }
    logins::remember_password(cx.tx, &profile.user_id, &profile.password_hash)?;
    profile.password_hash.clone_from(hash.expose());
    profile.reset_required = false;
    Ok(())
}

/// The device of that serial number, if it is the account's.
pub fn device(cx: &Cx<'_>, SerialNumber(serial): &SerialNumber) -> Result<MfaDevice, ApiError> {
    let device = MfaDevice::get(cx.tx, serial)?.filter(|device| device.account == *cx.account());
    Ok(device.ok_or(ErrorCode::MfaDeviceNotExist)?)
}

/// What a device's seed is sealed with.
fn seed_context(serial: &str) -> Vec<u8> {
    [b"coffer/mfa-seed/1/".as_slice(), serial.as_bytes()].concat()
}

/// A new seed, and it sealed for the device of that serial number.
pub fn new_seed(cx: &Cx<'_>, serial: &str) -> Result<(Secret<[u8; TOTP_SEED_BYTES]>, Vec<u8>), ApiError> {
    let mut seed = [0; TOTP_SEED_BYTES];
    cx.rng.fill(&mut seed);
    let sealed = cipher::domain(cx, cx.account())?.aead().seal(cx.rng, &seed_context(serial), &seed);
    Ok((Secret::new(seed), sealed))
}

/// Takes two codes that a device shows one after the other, not long ago. None is taken a second time.
pub fn take_codes(cx: &Cx<'_>, device: &mut MfaDevice, first: &Code, second: &Code) -> Result<(), ApiError> {
    let domain = cipher::domain(cx, cx.account())?;
    let seed = domain.aead().open(&seed_context(&device.serial_number), &device.sealed_seed);
    let seed = seed.map_err(ApiError::internal)?;
    let now = cx.now.unix_ms() / 1000 / TOTP_STEP_S;
    let is = |step, code: &Code| mac::equal(totp(seed.expose(), step).as_bytes(), code.0.as_bytes());
    // The first of the two was shown before the second could be; a clock may be half a minute off.
    let mut steps = (now - 2..=now).filter(|step| *step > device.last_step);
    let taken = steps.find(|step| is(*step, first) && is(step + 1, second)).ok_or(ErrorCode::RamCodeWrong)?;
    device.last_step = taken + 1;
    Ok(())
}
