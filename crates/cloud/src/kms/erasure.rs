//! The signed proof that a key's material was destroyed: what it was, what became unreadable with it, and the proof before it.

use coffer_base::{ApiError, Rng, Timestamp};
use coffer_crypto::{ProofKey, digest, is_proven};
use coffer_store::keys::{self, Key};
use coffer_store::proofs::{self, Proof};
use coffer_store::{Tx, dependants};
use serde_json::{Value, json};

use crate::keyring::Keyring;

/// Puts the proof down, in the transaction that is about to destroy the key.
pub fn prove(tx: &Tx<'_>, keyring: &Keyring, rng: &dyn Rng, now: Timestamp, key: &Key) -> Result<(), ApiError> {
    let signer = ProofKey::new(&keyring.proof_seed(tx, rng).map_err(ApiError::internal)?);
    let last = proofs::last(tx)?;
    let unreadable: Vec<Value> = dependants::page(tx, &key.key_id, &dependants::Page::default())?
        .into_iter()
        .filter_map(|lost| Some((lost.kind.as_str(), lost.id, lost.wrapped_data_key?)))
        .map(|(kind, id, wrapped)| json!({"kind": kind, "id": id, "sha256": digest::hex(&digest::sha256(wrapped.as_bytes()))}))
        .collect();
    let sequence = last.as_ref().map_or(1, |last| last.sequence + 1);
    let proof = json!({
        "sequence": sequence,
        "at": now.to_iso8601(),
        "account": key.account.as_str(),
        "region": key.region.id(),
        "keyId": key.key_id,
        "versions": keys::version_ids(tx, &key.key_id)?,
        "unreadable": unreadable.len(),
        "wrappedDataKeys": unreadable,
        "previous": last.as_ref().map(hash).unwrap_or_default(),
        "publicKey": digest::hex(&signer.public()),
    })
    .to_string();
    let signature = signer.sign(proof.as_bytes());
    Ok(proofs::append(tx, &Proof { sequence, key_id: key.key_id.clone(), proof, signature })?)
}

/// What the next proof names a proof by: SHA-256 of what is signed and the signature.
fn hash(proof: &Proof) -> String {
    digest::hex(&digest::sha256(&[proof.proof.as_bytes(), &proof.signature].concat()))
}

/// A proof as a line of an exported file.
pub fn line(proof: &Proof) -> String {
    json!({"proof": proof.proof, "signature": digest::hex(&proof.signature)}).to_string()
}

/// Checks exported lines: that each is signed by the same key, which is the one given if there is one, and names the one before it.
/// How many there are, and the key; or what is wrong.
pub fn verify(text: &str, public_key: Option<&str>) -> Result<(usize, String), String> {
    let (mut signer, mut previous) = (public_key.map(str::to_owned), String::new());
    let mut count = 0;
    if text.lines().all(|line| line.trim().is_empty()) {
        return Err("there are no proofs in it: nothing was verified".to_owned());
    }
    for (number, line) in (1usize..).zip(text.lines()) {
        let wrong = |what: &str| format!("line {number}: {what}");
        let (proof, content) = parse(line).ok_or_else(|| wrong("it is no proof"))?;
        let own = content["publicKey"].as_str().unwrap_or_default();
        let public = digest::from_hex(own).unwrap_or_default();
        if !is_proven(&public, proof.proof.as_bytes(), &proof.signature) {
            return Err(wrong("the signature is wrong: the proof was changed"));
        }
        if *signer.get_or_insert_with(|| own.to_owned()) != own {
            return Err(wrong("another key signed it"));
        }
        if content["sequence"].as_u64() != u64::try_from(number).ok() || content["previous"] != previous {
            return Err(wrong("it does not follow the one before: one was removed, added or moved"));
        }
        previous = hash(&proof);
        count = number;
    }
    Ok((count, signer.unwrap_or_default()))
}

fn parse(line: &str) -> Option<(Proof, Value)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let proof = line["proof"].as_str()?.to_owned();
    let signature = digest::from_hex(line["signature"].as_str()?)?;
    let content: Value = serde_json::from_str(&proof).ok()?;
    let (sequence, key_id) = (content["sequence"].as_i64()?, content["keyId"].as_str()?.to_owned());
    Some((Proof { sequence, key_id, proof, signature }, content))
}
