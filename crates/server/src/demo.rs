//! `coffer demo`: the whole story, played through the API against a fresh server, each step with its proof.

use std::net::SocketAddr;
use std::path::PathBuf;

use coffer_base::{Region, Rng as _};
use coffer_cloud::bootstrap::KmsService;
use coffer_cloud::{Product, Settings};
use coffer_crypto::SystemRng;
use serde_json::Value;

use crate::client::{Answer, Caller, Client, Endpoint};
use crate::config::{self, Config};
use crate::default_role;
use crate::serve::{Error, Server, now};

const REGION: &str = "cn-hangzhou";

/// Plays the story. Fails at the first step whose proof does not hold.
pub(crate) fn run() -> Result<(), Error> {
    let data = std::env::temp_dir().join(format!("coffer-demo-{}", SystemRng.uuid()));
    let outcome = play(&data);
    std::fs::remove_dir_all(&data)?;
    outcome
}

fn play(data: &std::path::Path) -> Result<(), Error> {
    let config = Config {
        file: None,
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        data: PathBuf::from(data),
        allow_plaintext: false,
        kms: Some(KmsService::Open),
        tls: None,
        threads: None,
        write_batch: coffer_base::limits::WRITE_BATCH,
        volumes: config::usual_place(data),
        seal: crate::seal::SealSettings::default(),
        metadata: None,
        webhook: None,
        test: None,
        settings: Settings::new(Region::parse(REGION).ok_or("the demo's region")?),
    };
    let (server, access) = Server::start(&config)?;
    let access = access.ok_or("a fresh server shows its access key")?;
    say(&format!("A fresh server listens on {}; account {}.", server.address, server.account))?;
    let endpoint = Endpoint { address: server.address.to_string(), tls: None };
    let caller = Caller { access_key_id: access.access_key_id, secret: access.secret, security_token: None };
    let mut story = Story { client: Client::new(endpoint, caller, now), step: 0 };
    let outcome = story.tell(data);
    server.stop();
    outcome
}

struct Story {
    client: Client,
    step: u32,
}

impl Story {
    fn tell(&mut self, data: &std::path::Path) -> Result<(), Error> {
        let plain = self.create_disk("Before anything is enabled, a new disk is plain")?;
        proof(plain["Encrypted"] == false, "DescribeDisks: Encrypted = false")?;

        self.ecs("Enable default encryption for the region", "EnableDiskEncryptionByDefault", &[])?;
        let service_key = text(&self.ecs("Which key is used now?", "DescribeDiskDefaultKMSKeyId", &[])?, "KMSKeyId")?;
        proof(!service_key.is_empty(), &format!("KMS made the region's service key: {service_key}"))?;
        let disk = self.create_disk("A disk that asks for nothing is encrypted with it")?;
        proof(disk["KMSKeyId"] == service_key.as_str(), &format!("Encrypted = true, KMSKeyId = {service_key}"))?;

        let key = self.call("Create a key of our own", Product::Kms, "CreateKey", &[("Description", "demo")])?;
        let key = text(&key.body["KeyMetadata"], "KeyId")?;
        say(&format!("     key {key}"))?;
        self.refused(
            "Make it the default: ECS has no right to use it yet",
            ("ModifyDiskDefaultKMSKeyId", &[("RegionId", REGION), ("KMSKeyId", &key)]),
            "InvalidParameter.KMSKeyId.KMSUnauthorized",
        )?;
        let role = [("RoleName", default_role::NAME), ("AssumeRolePolicyDocument", default_role::TRUST)];
        self.call("Give ECS the role it needs", Product::Ram, "CreateRole", &role)?;
        let policy = [("RoleName", default_role::NAME), ("PolicyType", "System"), ("PolicyName", default_role::POLICY)];
        self.call("… and the role its policy", Product::Ram, "AttachPolicyToRole", &policy)?;
        self.ecs("Make our key the default", "ModifyDiskDefaultKMSKeyId", &[("KMSKeyId", &key)])?;

        let disk = self.create_disk("A new disk is encrypted with our key")?;
        proof(disk["KMSKeyId"] == key.as_str(), &format!("Encrypted = true, KMSKeyId = {key}"))?;
        self.wrapped(data, &text(&disk, "DiskId")?, &key)?;

        self.refused(
            "A disk that asks to be plain is refused",
            (
                "CreateDisk",
                &[("RegionId", REGION), ("ZoneId", "cn-hangzhou-b"), ("Size", "20"), ("Encrypted", "false")],
            ),
            "InvalidEncrypted.NotMatchDiskDefaultEncryption",
        )?;
        self.call("Disable our key", Product::Kms, "DisableKey", &[("KeyId", &key)])?;
        let before = self.count_disks()?;
        self.refused(
            "No disk can be made with a disabled key",
            ("CreateDisk", &[("RegionId", REGION), ("ZoneId", "cn-hangzhou-b"), ("Size", "20")]),
            "InvalidParameter.KMSKeyId.CMKNotEnabled",
        )?;
        proof(self.count_disks()? == before, "and nothing is left behind")?;

        self.ecs("Go back to the service key", "ResetDiskDefaultKMSKeyId", &[])?;
        let now_used = text(&self.ecs("Which key is used now?", "DescribeDiskDefaultKMSKeyId", &[])?, "KMSKeyId")?;
        proof(now_used == service_key, "the service key again")?;
        self.ecs("Disable default encryption", "DisableDiskEncryptionByDefault", &[])?;
        let status = self.ecs("Is it off?", "DescribeDiskEncryptionByDefaultStatus", &[])?;
        proof(status["Encrypted"] == false, "Encrypted = false")?;
        say("\nThat is the whole story. Start a server of your own with: coffer serve")
    }

    fn call(
        &mut self,
        what: &str,
        product: Product,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Answer, Error> {
        self.announce(what, product, action)?;
        let answer = self.client.call(product.version(), action, parameters)?;
        if answer.status != 200 {
            return Err(format!("{action} was refused: {}", answer.body).into());
        }
        Ok(answer)
    }

    /// Says what the next step does: a sentence without its full stop, or a question.
    fn announce(&mut self, what: &str, product: Product, action: &str) -> Result<(), Error> {
        self.step += 1;
        let end = if what.ends_with('?') { "" } else { "." };
        say(&format!("\n{:>2}. {what}{end}\n     {}:{action}", self.step, product.code()))
    }

    fn ecs(&mut self, what: &str, action: &str, parameters: &[(&str, &str)]) -> Result<Value, Error> {
        let parameters = [&[("RegionId", REGION)], parameters].concat();
        Ok(self.call(what, Product::Ecs, action, &parameters)?.body)
    }

    fn refused(&mut self, what: &str, (action, parameters): (&str, &[(&str, &str)]), code: &str) -> Result<(), Error> {
        self.announce(what, Product::Ecs, action)?;
        let answer = self.client.call(Product::Ecs.version(), action, parameters)?;
        let shown =
            format!("HTTP {} {}: {}", answer.status, text(&answer.body, "Code")?, text(&answer.body, "Message")?);
        proof(answer.body["Code"] == code, &shown)
    }

    /// Creates a disk; how DescribeDisks shows it.
    fn create_disk(&mut self, what: &str) -> Result<Value, Error> {
        let disk = self.ecs(what, "CreateDisk", &[("ZoneId", "cn-hangzhou-b"), ("Size", "20")])?;
        let ids = format!("[\"{}\"]", text(&disk, "DiskId")?);
        let shown = self.ecs("… and look at it", "DescribeDisks", &[("DiskIds", &ids)])?;
        Ok(shown["Disks"]["Disk"][0].clone())
    }

    fn count_disks(&mut self) -> Result<i64, Error> {
        let answer = self.client.call(Product::Ecs.version(), "DescribeDisks", &[("RegionId", REGION)])?;
        Ok(answer.body["TotalCount"].as_i64().ok_or("no TotalCount")?)
    }

    /// The disk's wrapped data key, as it is stored, opened by KMS for this disk and for no other.
    fn wrapped(&mut self, data: &std::path::Path, disk_id: &str, key: &str) -> Result<(), Error> {
        let (blob, account) = crate::inspect::wrapped_data_key(data, disk_id)?;
        say(&format!("\n     wrapped data key in the database: {}… ({} characters)", &blob[..48], blob.len()))?;
        let mut open = |disk: &str| {
            let context =
                serde_json::json!({"acs:account": account, "acs:disk": disk, "acs:region": REGION}).to_string();
            let parameters = [("CiphertextBlob", blob.as_str()), ("EncryptionContext", &context)];
            self.client.call(Product::Kms.version(), "Decrypt", &parameters)
        };
        let (right, wrong) = (open(disk_id)?, open("d-bp1anotherdisk000000")?);
        proof(right.status == 200 && right.body["KeyId"] == key, "KMS opens it with our key, for this disk")?;
        proof(wrong.status == 400, &format!("for another disk: HTTP 400 {}", text(&wrong.body, "Code")?))
    }
}

fn text(value: &Value, name: &str) -> Result<String, Error> {
    Ok(value[name].as_str().ok_or_else(|| format!("the answer has no {name}: {value}"))?.to_owned())
}

fn say(line: &str) -> Result<(), Error> {
    use std::io::Write as _;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn proof(holds: bool, what: &str) -> Result<(), Error> {
    if !holds {
        return Err(format!("this does not hold: {what}").into());
    }
    say(&format!("     ✓ {what}"))
}
