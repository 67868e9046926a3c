//! `coffer key`: KMS keys listed, made, switched on and off.

use clap::{Args, Subcommand};
use coffer_cloud::Product;
use serde_json::json;

use super::failure::Failure;
use super::impact::Impact;
use super::output::Output;
use super::session::{Connection, Session};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// List the region's keys
    List(List),
    /// Show a key, and what is encrypted under it
    Show(One),
    /// Create a key
    Create(Create),
    /// Enable a key
    Enable(One),
    /// List everything that can't be used without a key: disks with the instances they are attached to, snapshots, images, secrets, and
    /// regions whose default it is; and when the key and each of its versions was last used, by what and by whom
    Impact(Impact),
    /// Disable a key: what is encrypted under it can't be opened until it is enabled again
    Disable(One),
}

/// How.
#[derive(Args, Debug)]
pub(crate) struct List {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// Which.
#[derive(Args, Debug)]
pub(crate) struct One {
    /// The key, or its alias
    key: String,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

/// What it is to be.
#[derive(Args, Debug)]
pub(crate) struct Create {
    /// Description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Kind of key, for example Aliyun_AES_256
    #[arg(long, value_name = "SPEC")]
    spec: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    output: Output,
}

const COLUMNS: &[(&str, &str)] = &[
    ("KEY", "KeyId"),
    ("STATE", "KeyState"),
    ("SPEC", "KeySpec"),
    ("CREATOR", "Creator"),
    ("CREATED", "CreationDate"),
    ("DESCRIPTION", "Description"),
];

const FIELDS: &[(&str, &str)] = &[
    ("key", "KeyId"),
    ("ARN", "Arn"),
    ("state", "KeyState"),
    ("spec", "KeySpec"),
    ("creator", "Creator"),
    ("created", "CreationDate"),
    ("deleted on", "DeleteDate"),
    ("description", "Description"),
    ("disks under it", "Disks"),
    ("snapshots under it", "Snapshots"),
];

/// Does it.
pub(crate) fn run(verb: &Key) -> Result<(), Failure> {
    match verb {
        Key::List(list) => list.run(),
        Key::Show(one) => one.show(),
        Key::Create(create) => create.run(),
        Key::Enable(one) => one.switch("EnableKey", "enabled"),
        Key::Impact(impact) => impact.run(),
        Key::Disable(one) => one.switch("DisableKey", "disabled"),
    }
}

impl List {
    fn run(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let listed = session.list((Product::Kms, "ListKeys"), &[], ("Keys", "Key"))?;
        let mut keys = Vec::with_capacity(listed.len());
        for key in listed {
            let parameters = [("KeyId", key["KeyId"].as_str().unwrap_or_default())];
            keys.push(session.call(Product::Kms, "DescribeKey", &parameters)?["KeyMetadata"].clone());
        }
        Ok(self.output.list(COLUMNS, &keys)?)
    }
}

impl One {
    fn show(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let mut key = session.call(Product::Kms, "DescribeKey", &[("KeyId", &self.key)])?["KeyMetadata"].clone();
        let key_id = key["KeyId"].as_str().unwrap_or_default().to_owned();
        key["Disks"] = count(&mut session, "DescribeDisks", &key_id)?.into();
        key["Snapshots"] = count(&mut session, "DescribeSnapshots", &key_id)?.into();
        Ok(self.output.show(FIELDS, &key)?)
    }

    fn switch(&self, action: &str, state: &str) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        session.call(Product::Kms, action, &[("KeyId", &self.key)])?;
        Ok(self.output.done(&format!("{} is {state}.", self.key), &json!({"KeyId": self.key, "KeyState": state}))?)
    }
}

fn count(session: &mut Session, action: &str, key_id: &str) -> Result<i64, Failure> {
    Ok(session.ecs(action, &[("KMSKeyId", key_id)])?["TotalCount"].as_i64().unwrap_or_default())
}

impl Create {
    fn run(&self) -> Result<(), Failure> {
        let mut session = self.connection.open()?;
        let mut parameters = Vec::new();
        parameters.extend(self.description.as_deref().map(|text| ("Description", text)));
        parameters.extend(self.spec.as_deref().map(|spec| ("KeySpec", spec)));
        let made = session.call(Product::Kms, "CreateKey", &parameters)?["KeyMetadata"].clone();
        Ok(self.output.done(made["KeyId"].as_str().unwrap_or_default(), &made)?)
    }
}
