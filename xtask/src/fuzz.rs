//! `cargo xtask fuzz`: what comes in through the port and what is read from stores, fuzzed with the coverage of the code as guide, on the stable compiler.
//!
//! libFuzzer needs the code to count where it goes. `cargo fuzz` has the nightly compiler do that; the passes are LLVM's and can be
//! asked for on stable. What needs nightly, the address sanitizer, has little to find in code without `unsafe`.

use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::report::{self, Counts};

const TARGETS: [&str; 12] = [
    "bytes",
    "call",
    "form",
    "manifest",
    "meta",
    "nbd_handshake",
    "nbd_transmission",
    "object",
    "operation",
    "policy",
    "saml",
    "signature",
];
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";
/// Inputs that get far, to start from: libFuzzer would not come upon a whole request by itself. A zero byte ends a field.
const SEEDS: [(&str, &str); 7] = [
    ("saml", include_str!("../../crates/cloud/tests/saml/by-xmlsec1.xml")),
    (
        "policy",
        "\x00{\"Version\":\"1\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"ecs:*\",\"Resource\":\"*\",\"Condition\":\
         {\"IpAddress\":{\"acs:SourceIp\":[\"127.0.0.0/8\"]},\"DateLessThan\":{\"acs:CurrentTime\":\"2027-01-01T00:00:00Z\"}}}]}",
    ),
    (
        "policy",
        "\x00{\"Version\":\"1\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":\
         {\"Service\":[\"ecs.aliyuncs.com\"],\"RAM\":\"*\"}}]}",
    ),
    (
        "signature",
        "Action=CreateDisk&Version=2014-05-26&AccessKeyId=LTAI&Signature=x%3D&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0\
         &SignatureNonce=1&Timestamp=2026-01-01T00%3A00%3A00Z\x00",
    ),
    (
        "signature",
        "RegionId=cn-hangzhou\x00ACS3-HMAC-SHA256 Credential=LTAI,SignedHeaders=host;x-acs-action;x-acs-content-sha256;\
         x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=00\x00CreateDisk\x002014-05-26\x002026-01-01T00:00:00Z\x001\x00\
         e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\x00\x00localhost\x00\x00",
    ),
    (
        "signature",
        "RegionId=cn-hangzhou\x00ACS4-HMAC-SHA256 Credential=LTAI/20260101/cn-hangzhou/ecs/aliyun_v4_request,SignedHeaders=host;\
         x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=00\x00CreateDisk\x00\
         2014-05-26\x002026-01-01T00:00:00Z\x001\x00e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\x00\x00\
         localhost\x00\x00",
    ),
    (
        "form",
        "\u{1}a=1&b=%E7%A3%81+\x00{\"RegionId\":\"cn-hangzhou\",\"Tag\":[{\"Key\":\"k\"}],\"Size\":20,\"DryRun\":false}",
    ),
];
const RUNS: &str = "stat::number_of_executed_units:";
/// Instrumented code has a directory of its own, so that nothing else is built again for it.
const PLACE: &str = "target/fuzz";
const LONGEST_BYTES: u32 = 4096;
/// Targets that run side by side.
const AT_A_TIME: usize = 2;
/// How long a target runs when nothing else is said: enough to notice what a change breaks.
const SECONDS: u32 = 4;
/// The same for those whose bytes come from disks and from clients of disks: a fault there costs data.
const SECONDS_OF_BLOCK: u32 = 60;
const BLOCK: [&str; 5] = ["manifest", "meta", "nbd_handshake", "nbd_transmission", "object"];

/// Runs one target, or all, each for some seconds.
pub(crate) fn run(arguments: &[&str]) -> Result<Counts, String> {
    let (targets, seconds) = match *arguments {
        [] => (&TARGETS[..], None),
        ["--seconds", seconds] => (&TARGETS[..], Some(seconds)),
        [target] => (&[target][..], None),
        [target, "--seconds", seconds] => (&[target][..], Some(seconds)),
        _ => return Err("fuzz [TARGET] [--seconds N]".to_owned()),
    };
    if let Some(unknown) = targets.iter().find(|target| !TARGETS.contains(target)) {
        return Err(format!("{unknown} is not one of {}", TARGETS.join(", ")));
    }
    let number = |text: &str| text.parse::<u32>().map_err(|_| format!("{text} is no number of seconds"));
    let seconds = seconds.map(number).transpose()?;
    let binary = build()?;
    let (next, counts) = (AtomicUsize::new(0), Mutex::new(Counts::default()));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let usual = if BLOCK.contains(target) { SECONDS_OF_BLOCK } else { SECONDS };
                    let outcome = fuzz(&binary, target, seconds.unwrap_or(usual));
                    let mut counts = counts.lock().expect("no target panics while it counts");
                    match outcome {
                        Ok(passed) => *counts += passed,
                        Err(error) => {
                            report::failed(target, &error);
                            counts.failed += 1;
                        }
                    }
                }
            });
        }
    });
    counts.into_inner().map_err(|error| error.to_string())
}

/// Builds the targets; the binary that holds them. Naming the platform keeps the counting out of build scripts.
fn build() -> Result<String, String> {
    let version = Command::new("rustc").arg("-vV").output().map_err(|error| error.to_string())?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc names no host")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "coffer-fuzz", "--target", host, "--target-dir", PLACE]);
    report::success(cargo.env("RUSTFLAGS", COVERAGE))?;
    Ok(format!("{PLACE}/{host}/debug/coffer-fuzz"))
}

/// What one target found interesting stays for its next run; an input that fails is kept and printed.
fn fuzz(binary: &str, target: &str, seconds: u32) -> Result<Counts, String> {
    let corpus = format!("{PLACE}/corpus/{target}");
    let failures = format!("{PLACE}/failures/{target}/");
    for directory in [&corpus, &failures] {
        fs::create_dir_all(directory).map_err(|error| format!("{directory}: {error}"))?;
    }
    for (number, (_, seed)) in SEEDS.iter().enumerate().filter(|(_, (of, _))| *of == target) {
        fs::write(format!("{corpus}/seed-{number}"), seed).map_err(|error| error.to_string())?;
    }
    let mut fuzzer = Command::new(binary);
    fuzzer.arg(&corpus);
    // What is no text, and so not among the seeds.
    let kept = format!("fuzz/corpus/{target}");
    if fs::exists(&kept).map_err(|error| format!("{kept}: {error}"))? {
        fuzzer.arg(kept);
    }
    fuzzer.arg(format!("-artifact_prefix={failures}")).env("COFFER_FUZZ_TARGET", target);
    fuzzer.arg(format!("-max_total_time={seconds}")).arg(format!("-max_len={LONGEST_BYTES}"));
    fuzzer.args(["-dict=fuzz/words.dict", "-verbosity=0", "-print_final_stats=1", "-timeout=10"]);
    let output = fuzzer.output().map_err(|error| format!("{fuzzer:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let runs: u64 = text.lines().find_map(|line| line.strip_prefix(RUNS)?.trim().parse().ok()).unwrap_or_default();
    if !output.status.success() || runs == 0 {
        return Err(format!(
            "{text}\nThe input is in {failures}; to run it: COFFER_FUZZ_TARGET={target} {binary} FILE"
        ));
    }
    println!("{target}: {runs} inputs in {seconds} s");
    Ok(Counts { passed: 1, ..Counts::default() })
}
