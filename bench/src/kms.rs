//! KMS: what using a key costs against a signed call that does nothing, signatures against OpenSSL, keys made, and a key described
//! among very many.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use coffer_base::{AccountId, Region, Timestamp};
use coffer_store::keys::{Key, KeyVersion};
use coffer_store::{Db, Record as _, StoreError, accounts};

use crate::calls::{self, Call, KMS, STS};
use crate::request::{Signer, query};
use crate::server::{Data, Options, SERVER_CORE, Server};
use crate::{CONNECTIONS, ROUNDS, list, median, verdict};

const REGION: &str = "cn-hangzhou";
/// Calls in a round; fewer where each takes longer.
const CALLS: usize = 20_000;
/// So many of them are signatures.
const SIGNED_PART: usize = 4;
const FEW: usize = 10;
const MANY: usize = 1_000_000;
/// Rows in a transaction when filling a database.
const CHUNK: usize = 20_000;
/// 32 bytes in base64: the text that is encrypted.
const PLAINTEXT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// A digest of 32 bytes in base64.
const DIGEST: &str = PLAINTEXT;

/// Measures all of it, or what is asked for by name: `[--calls N] [use] [sign] [create] [describe]`, N in a round.
pub(crate) fn run(binary: &Path, arguments: &[String]) -> Result<(), Box<dyn Error>> {
    type Measure = fn(&Path, usize) -> Result<(), Box<dyn Error>>;
    let (calls, only) = match arguments {
        [flag, calls, only @ ..] if flag == "--calls" => (calls.parse()?, only),
        only => (CALLS, only),
    };
    let measures: [(&str, Measure); 4] =
        [("use", uses), ("sign", signatures), ("create", creation), ("describe", description)];
    if let Some(unknown) = only.iter().find(|only| measures.iter().all(|(name, _)| name != only)) {
        return Err(format!("unknown measure: {unknown}; there are use, sign, create, describe").into());
    }
    let asked = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    measures.into_iter().filter(|(name, _)| asked(name)).try_for_each(|(_, measure)| measure(binary, calls))
}

fn one_core() -> Options {
    Options { threads: 1, ..Options::default() }
}

/// Encrypt and Decrypt of 32 bytes, by the account and by a RAM user, each against the same caller's GetCallerIdentity.
fn uses(binary: &Path, calls: usize) -> Result<(), Box<dyn Error>> {
    let data = Data::new("kms-use")?;
    let server = Server::start(binary, &data, one_core())?;
    let root = Signer::new(server.address.clone());
    let key = calls::call(&root, "CreateKey", KMS, &[])?;
    let key_id = calls::text(&key, &["KeyMetadata", "KeyId"])?;
    let user = calls::user(&root, "encrypter", &crate::policy::some_policies())?;
    let encrypt = [("KeyId", key_id.as_str()), ("Plaintext", PLAINTEXT)];
    let sealed = calls::text(&calls::call(&root, "Encrypt", KMS, &encrypt)?, &["CiphertextBlob"])?;
    let kinds = [
        ("GetCallerIdentity", STS, String::new()),
        ("Encrypt", KMS, query(&encrypt)),
        ("Decrypt", KMS, query(&[("CiphertextBlob", &sealed)])),
    ];
    let mut turns = Vec::new();
    for (who, signer) in [("the account", &root), ("a RAM user of 20 policies", &user)] {
        for (action, version, query) in &kinds {
            turns.push(Call {
                name: format!("{action}, {who}"),
                signer,
                action,
                version,
                queries: vec![query.clone()],
            });
        }
    }
    let figures = calls::alternate(&server, &turns, calls)?;
    println!(
        "\n| 32 bytes, AES-256-GCM, on record before the answer; {CONNECTIONS} connections, one server core | requests/s, by round | median | CPU us | of GetCallerIdentity, by CPU | bars |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for (turn, figure) in turns.chunks(kinds.len()).zip(figures.chunks(kinds.len())) {
        println!("{} | |", figure[0].row(&turn[0].name));
        for (turn, figure_of) in turn.iter().zip(figure).skip(1) {
            let (ratio, cpu) = figure_of.against(&figure[0]);
            let (rate, share) = (verdict(figure_of.rate(), 20_000.0, true), verdict(ratio, 0.5, true));
            println!("{} {ratio:.2}, {cpu:.2} | 20000/s: {rate}; 0.5: {share} |", figure_of.row(&turn.name));
        }
    }
    server.stop()
}

/// AsymmetricSign with RSA-2048 against OpenSSL on the same core.
fn signatures(binary: &Path, calls: usize) -> Result<(), Box<dyn Error>> {
    let data = Data::new("kms-sign")?;
    let server = Server::start(binary, &data, one_core())?;
    let root = Signer::new(server.address.clone());
    let made = calls::call(&root, "CreateKey", KMS, &[("KeySpec", "RSA_2048"), ("KeyUsage", "SIGN/VERIFY")])?;
    let key_id = calls::text(&made, &["KeyMetadata", "KeyId"])?;
    let versions = calls::call(&root, "ListKeyVersions", KMS, &[("KeyId", &key_id)])?;
    let version = versions.pointer("/KeyVersions/KeyVersion/0").ok_or("a key without a version")?;
    let version_id = calls::text(version, &["KeyVersionId"])?;
    println!(
        "\n| RSA-2048, one server core | signatures/s, by round | median | CPU us | of openssl speed, by CPU | bar |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for algorithm in ["RSA_PKCS1_SHA_256", "RSA_PSS_SHA_256"] {
        let pairs = [("Algorithm", algorithm), ("Digest", DIGEST), ("KeyId", &key_id), ("KeyVersionId", &version_id)];
        let sign = Call {
            name: format!("AsymmetricSign, {algorithm}"),
            signer: &root,
            action: "AsymmetricSign",
            version: KMS,
            queries: vec![query(&pairs)],
        };
        let (mut ours, mut theirs, mut cpu_us) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let figures = calls::once(&server, &sign, calls / SIGNED_PART)?;
            let openssl = openssl_signs()?;
            if round > 0 {
                ours.push(figures.0);
                cpu_us.push(figures.1);
                theirs.push(openssl);
            }
        }
        let ratio = median(ours.iter().zip(&theirs).map(|(a, b)| a / b).collect());
        let by_cpu = median(cpu_us.iter().zip(&theirs).map(|(us, b)| 1e6 / us / b).collect());
        println!("| openssl speed | {} | {:.0} | | | |", list(&theirs), median(theirs.clone()));
        println!(
            "| {} | {} | {:.0} | {:.1} | {ratio:.2}, {by_cpu:.2} | 0.85: {} |",
            sign.name,
            list(&ours),
            median(ours.clone()),
            median(cpu_us.clone()),
            verdict(ratio, 0.85, true)
        );
    }
    server.stop()
}

/// Signatures a second of processor time, as OpenSSL counts them.
fn openssl_signs() -> Result<f64, Box<dyn Error>> {
    let mut command = Command::new("taskset");
    let output = command.args(["-c", SERVER_CORE, "openssl", "speed", "-seconds", "1", "rsa2048"]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().rfind(|line| line.starts_with("rsa") && line.contains("2048 bits"));
    let rate = line.and_then(|line| line.split_whitespace().rev().nth(1));
    Ok(rate.ok_or("openssl speed printed no signatures")?.parse()?)
}

/// Keys made over the wire, each durable before its answer.
fn creation(binary: &Path, calls: usize) -> Result<(), Box<dyn Error>> {
    let data = Data::new("kms-create")?;
    let server = Server::start(binary, &data, Options { pinned: false, ..Options::default() })?;
    let root = Signer::new(server.address.clone());
    let create = Call {
        name: "CreateKey".to_owned(),
        signer: &root,
        action: "CreateKey",
        version: KMS,
        queries: vec![String::new()],
    };
    let figures = calls::alternate(&server, &[create], calls)?;
    println!(
        "\n| durable CreateKey (AES), {CONNECTIONS} connections, all cores | keys/s, by round | median | CPU us | bar |"
    );
    println!("| --- | --- | --- | --- | --- |");
    println!("{} 5000: {} |", figures[0].row("coffer"), verdict(figures[0].rate(), 5000.0, true));
    server.stop()
}

/// DescribeKey among few keys and among many: every tenth of a millionth key in turn.
fn description(binary: &Path, calls: usize) -> Result<(), Box<dyn Error>> {
    const SAMPLE: usize = 1000;
    println!(
        "\n| DescribeKey, one server core, among | requests/s, by round | median | CPU us | time, by CPU, of that among {FEW} | bar |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    let mut first = None;
    for keys in [FEW, MANY] {
        let data = Data::new("kms-describe")?;
        Server::start(binary, &data, one_core())?.stop()?;
        fill(data.path(), keys)?;
        let server = Server::start(binary, &data, one_core())?;
        let root = Signer::new(server.address.clone());
        let sampled = keys.min(SAMPLE);
        let queries = (0..sampled).map(|n| query(&[("KeyId", &key_id(n * (keys / sampled)))])).collect();
        let describe =
            Call { name: format!("{keys} keys"), signer: &root, action: "DescribeKey", version: KMS, queries };
        let figure = calls::alternate(&server, &[describe], calls)?.remove(0);
        let row = figure.row(&format!("{keys} keys"));
        match &first {
            None => println!("{row} | |"),
            Some(few) => {
                let (ratio, cpu) = figure.against(few);
                let slower = 1.0 / ratio;
                println!("{row} {slower:.2}, {:.2} | 1.5: {} |", 1.0 / cpu, verdict(slower, 1.5, false));
            }
        }
        first.get_or_insert(figure);
        server.stop()?;
    }
    Ok(())
}

/// Ids are random in life: the number's digits are spread over the space of ids by a multiplication.
fn key_id(n: usize) -> String {
    let spread = (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (a, b, c) = (spread >> 32, spread >> 16 & 0xFFFF, spread & 0xFFF);
    format!("{a:08x}-{b:04x}-4{c:03x}-8000-{n:012x}")
}

/// Puts keys into the database of a server that does not run. Nobody opens their material.
fn fill(directory: &Path, keys: usize) -> Result<(), Box<dyn Error>> {
    let db = Db::open(directory, coffer_store::Options::default())?;
    let account = db.read(|tx| accounts::fact(tx, "main-account"))?.ok_or("no account")?;
    let account = AccountId::parse(&account).ok_or("no account")?;
    let region = Region::parse(REGION).ok_or("no region")?;
    for chunk in 0..keys.div_ceil(CHUNK) {
        let account = account.clone();
        let range = chunk * CHUNK..keys.min((chunk + 1) * CHUNK);
        db.write(move |tx| -> Result<(), StoreError> {
            for n in range {
                let (key, version) = key(n, &account, region);
                key.insert(tx)?;
                version.insert(tx)?;
            }
            Ok(())
        })
        .wait()?;
    }
    Ok(())
}

fn key(n: usize, account: &AccountId, region: Region) -> (Key, KeyVersion) {
    let created_at = Timestamp::from_unix_ms(1_700_000_000_000 + i64::try_from(n).unwrap_or(0) * 1000);
    let (key_id, version_id) = (key_id(n), key_id(n + MANY));
    let version =
        KeyVersion { version_id: version_id.clone(), key_id: key_id.clone(), sealed_material: vec![7; 60], created_at };
    let key = Key {
        key_id,
        account: account.clone(),
        region,
        key_spec: "Aliyun_AES_256".to_owned(),
        key_usage: "ENCRYPT/DECRYPT".to_owned(),
        origin: "Aliyun_KMS".to_owned(),
        protection_level: "SOFTWARE".to_owned(),
        description: format!("key {n}"),
        state: "Enabled".to_owned(),
        creator_type: "User".to_owned(),
        primary_version_id: Some(version_id),
        delete_at: None,
        rotation_interval_s: None,
        last_rotation_at: created_at,
        deletion_protection: false,
        deletion_protection_description: String::new(),
        material_digest: None,
        material_expire_at: None,
        policy: None,
        created_at,
    };
    (key, version)
}
