//! The signed proofs that keys were destroyed: one for each, in a chain, and no change of them goes unnoticed.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

mod support;

use coffer_cloud::kms::erasure;
use coffer_store::proofs::{self, Proof};
use serde_json::{Value, json};
use support::{World, text};

const DAY_MS: i64 = 24 * 3_600_000;

/// A new key with a second version, destroyed when its window is over; its id.
fn destroyed(world: &World) -> String {
    let key =
        text(&world.kms("CreateKey", &[("KeySpec", "EC_P256"), ("KeyUsage", "SIGN/VERIFY")])["KeyMetadata"], "KeyId");
    world.kms("CreateKeyVersion", &[("KeyId", &key)]);
    world.kms("ScheduleKeyDeletion", &[("KeyId", &key), ("PendingWindowInDays", "7")]);
    key
}

fn all(world: &World) -> Vec<Proof> {
    world.db.read(proofs::all).unwrap()
}

#[test]
fn each_destroyed_key_has_a_proof_and_a_cancelled_deletion_has_none() {
    let world = World::new();
    let cancelled = destroyed(&world);
    world.kms("CancelKeyDeletion", &[("KeyId", &cancelled)]);
    let key = destroyed(&world);
    assert!(all(&world).is_empty(), "nothing is destroyed yet");
    world.advance(8 * DAY_MS);
    let proofs = all(&world);
    assert_eq!(proofs.iter().map(|proof| &proof.key_id).collect::<Vec<_>>(), [&key]);
    let content: Value = serde_json::from_str(&proofs[0].proof).unwrap();
    assert_eq!(content["versions"].as_array().unwrap().len(), 2);
    assert_eq!([&content["keyId"], &content["unreadable"], &content["previous"]], [&json!(key), &json!(0), &json!("")]);
    world.advance(8 * DAY_MS);
    assert_eq!(all(&world), proofs, "it happens once");
}

#[test]
fn proofs_that_were_changed_removed_moved_or_signed_by_another_are_noticed() {
    let world = World::new();
    for _ in 0..3 {
        destroyed(&world);
    }
    world.advance(8 * DAY_MS);
    let lines: Vec<String> = all(&world).iter().map(erasure::line).collect();
    let verify = |lines: &[&String]| {
        let lines: Vec<&str> = lines.iter().map(|line| line.as_str()).collect();
        erasure::verify(
            &lines.join(
                "
",
            ),
            None,
        )
    };
    let [a, b, c] = &lines[..] else { panic!("three keys, three proofs") };
    let (count, signer) = verify(&[a, b, c]).unwrap();
    assert_eq!(count, 3);
    assert!(erasure::verify(&lines.join("\n"), Some(&signer)).is_ok());
    assert_eq!(
        erasure::verify(&lines.join("\n"), Some(&signer.replace(&signer[..1], "x"))).unwrap_err(),
        "line 1: another key signed it"
    );

    let changed = b.replace("\\\"unreadable\\\":0", "\\\"unreadable\\\":1");
    assert_ne!(&changed, b);
    assert_eq!(verify(&[a, &changed, c]).unwrap_err(), "line 2: the signature is wrong: the proof was changed");
    for broken in [&[b, c][..], &[a, c], &[a, c, b], &[a, a, b]] {
        assert!(verify(broken).unwrap_err().contains("it does not follow the one before"));
    }
    let other = World::new();
    other.reseed(2);
    destroyed(&other);
    other.advance(8 * DAY_MS);
    let foreign = erasure::line(&all(&other)[0]);
    assert_eq!(verify(&[a, &foreign]).unwrap_err(), "line 2: another key signed it");
    assert!(verify(&[&"{}".to_owned()]).unwrap_err().contains("it is no proof"));
}

#[test]
fn a_file_without_proofs_verifies_nothing() {
    for nothing in ["", "\n", " \n\n"] {
        let said = erasure::verify(nothing, None).unwrap_err();
        assert_eq!(said, "there are no proofs in it: nothing was verified", "{nothing:?}");
    }
    assert_eq!(erasure::verify("{}\n", None).unwrap_err(), "line 1: it is no proof");
}
