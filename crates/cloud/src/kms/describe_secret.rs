//! DescribeSecret: a secret, without its value.

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::tags;

use super::managed::Shown;
use super::secret::{self, Flag};
use super::tag_item::TagItem;
use crate::context::Cx;
use crate::decode::request;
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which.
    pub struct Request {
        /// Whether its tags are wanted.
        pub fetch_tags: Option<Flag> = "FetchTags",
        /// Its name or ARN.
        pub secret_name: String = "SecretName",
    }
}

response! {
    /// The secret.
    pub struct Response {
        /// Its ARN.
        pub arn: String = "Arn",
        /// Whether it is rotated by itself.
        pub automatic_rotation: &'static str = "AutomaticRotation",
        /// What a managed one is of.
        pub config: Option<String> = "ExtendedConfig",
        /// When it was last rotated.
        pub last_rotation: Option<String> = "LastRotationDate",
        /// When it will be rotated.
        pub next_rotation: Option<String> = "NextRotationDate",
        /// How often it is rotated.
        pub interval: Option<String> = "RotationInterval",
        /// When it was made.
        pub create_time: String = "CreateTime",
        /// Its description.
        pub description: String = "Description",
        /// The key that its values are encrypted with, if it is one of the caller's.
        pub key_id: Option<String> = "EncryptionKeyId",
        /// When it will be deleted, if it is to be.
        pub planned: Option<String> = "PlannedDeleteTime",
        /// Its name.
        pub secret_name: String = "SecretName",
        /// What it is.
        pub secret_type: String = "SecretType",
        /// Its tags, if they are wanted.
        pub tags: Option<Vec<TagItem>> = "Tags" of "Tag",
        /// When it was last changed.
        pub update_time: String = "UpdateTime",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeSecret",
    effect: Effect::Read,
    access: Access::Action("kms:DescribeSecret"),
    idempotent: false,
    errors: &[secret::ERRORS, &[ErrorCode::KmsInvalidParameter]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    secret::resource(cx, &request.secret_name)
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let record = secret::find(cx, &request.secret_name)?;
    let wanted = request.fetch_tags.is_some_and(|Flag(wanted)| wanted);
    let tags = wanted.then(|| tags::of(cx.tx, &record.secret_id)).transpose()?;
    let Shown { automatic, interval, last, next, config } = Shown::of(&record);
    Ok(Response {
        arn: secret::arn(&record).to_string(),
        automatic_rotation: automatic,
        config,
        last_rotation: last,
        next_rotation: next,
        interval,
        create_time: record.created_at.to_iso8601(),
        description: record.description,
        key_id: record.key_id,
        planned: record.delete_at.map(Timestamp::to_iso8601),
        secret_name: record.secret_name,
        secret_type: record.secret_type,
        tags: tags.map(|tags| tags.into_iter().map(TagItem::of).collect()),
        update_time: record.updated_at.to_iso8601(),
    })
}
