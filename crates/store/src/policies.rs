//! Custom policies, their versions, and what is attached to whom.

use coffer_base::{AccountId, Timestamp};

use crate::connection::Condition;
use crate::ram_tags::bearing;
use crate::{Row, StoreError, Tx};

/// A custom policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name.
    pub policy_name: String,
    /// A description.
    pub description: String,
    /// The version in force: the number in `v1`.
    pub default_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A policy version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The number in `v1`.
    pub version: i64,
    /// The document as it was submitted.
    pub document: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A policy attached to a user, group or role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// `Custom` or `System`.
    pub policy_type: String,
    /// The policy's name.
    pub policy_name: String,
    /// When it was attached.
    pub attached_at: Timestamp,
}

/// An attached policy with what is needed to evaluate it, and to say what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The policy's name.
    pub policy_name: String,
    /// `user`, `group` or `role`: what it is attached to.
    pub entity_kind: String,
    /// The version in force of a custom policy.
    pub version: Option<i64>,
    /// For a custom policy: the id of the document in force, which is never used for another document. `None` for a system policy.
    pub document_id: Option<i64>,
}

/// Adds a custom policy with its first version. `false` when the name is taken.
pub fn insert(tx: &Tx<'_>, policy: &Policy, document: &str) -> Result<bool, StoreError> {
    let sql = "INSERT INTO policies (account_id, policy_name, description, default_version, last_version, created_at,
               updated_at) VALUES ($1, $2, $3, 1, 1, $4, $5) ON CONFLICT (account_id, policy_name) DO NOTHING";
    let values = [
        (&policy.account).into(),
        (&policy.policy_name).into(),
        (&policy.description).into(),
        policy.created_at.into(),
        policy.updated_at.into(),
    ];
    if tx.execute(sql, &values)? == 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO policy_versions (account_id, policy_name, version, document, created_at)
               VALUES ($1, $2, 1, $3, $4)";
    let values = [(&policy.account).into(), (&policy.policy_name).into(), document.into(), policy.created_at.into()];
    tx.execute(sql, &values)?;
    Ok(true)
}

const POLICY: &str = "SELECT r.account_id, r.policy_name, r.description, r.default_version, r.created_at, r.updated_at
                      FROM policies r WHERE ";

fn read(row: &Row<'_>) -> Result<Policy, StoreError> {
    Ok(Policy {
        account: row.account(0)?,
        policy_name: row.text(1)?,
        description: row.text(2)?,
        default_version: row.integer(3)?,
        created_at: row.moment(4)?,
        updated_at: row.moment(5)?,
    })
}

/// The custom policy of that name.
pub fn get(tx: &Tx<'_>, account: &AccountId, policy_name: &str) -> Result<Option<Policy>, StoreError> {
    let sql = [POLICY, "r.account_id = $1 AND r.policy_name = $2"].concat();
    tx.first(&sql, &[account.into(), policy_name.into()], read)
}

/// The versions of a custom policy, oldest first.
pub fn versions(tx: &Tx<'_>, account: &AccountId, policy_name: &str) -> Result<Vec<Version>, StoreError> {
    let sql = "SELECT version, document, created_at FROM policy_versions
               WHERE account_id = $1 AND policy_name = $2 ORDER BY version";
    tx.all(sql, &[account.into(), policy_name.into()], |row| {
        Ok(Version { version: row.integer(0)?, document: row.text(1)?, created_at: row.moment(2)? })
    })
}

/// Deletes a custom policy with all its versions.
pub fn delete(tx: &Tx<'_>, account: &AccountId, policy_name: &str) -> Result<(), StoreError> {
    let values = [account.into(), policy_name.into()];
    tx.execute("DELETE FROM policy_versions WHERE account_id = $1 AND policy_name = $2", &values)?;
    tx.execute("DELETE FROM policies WHERE account_id = $1 AND policy_name = $2", &values).map(drop)
}

/// How many custom policies an account has.
pub fn count(tx: &Tx<'_>, account: &AccountId) -> Result<i64, StoreError> {
    tx.count("SELECT count(*) FROM policies WHERE account_id = $1", &[account.into()])
}

/// Attaches a policy. `false` when it is attached already. `entity_kind` is `user`, `group` or `role`.
pub fn attach(
    tx: &Tx<'_>,
    account: &AccountId,
    entity_kind: &str,
    entity_id: &str,
    attachment: &Attachment,
) -> Result<bool, StoreError> {
    let sql =
        "INSERT INTO policy_attachments (entity_id, entity_kind, account_id, policy_type, policy_name, attached_at)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (entity_id, policy_type, policy_name) DO NOTHING";
    let values = [
        entity_id.into(),
        entity_kind.into(),
        account.into(),
        (&attachment.policy_type).into(),
        (&attachment.policy_name).into(),
        attachment.attached_at.into(),
    ];
    Ok(tx.execute(sql, &values)? == 1)
}

/// Detaches a policy. `false` when it was not attached.
pub fn detach(tx: &Tx<'_>, entity_id: &str, policy_type: &str, policy_name: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM policy_attachments WHERE entity_id = $1 AND policy_type = $2 AND policy_name = $3";
    Ok(tx.execute(sql, &[entity_id.into(), policy_type.into(), policy_name.into()])? == 1)
}

/// What is attached to a user, group or role, oldest first.
pub fn attached(tx: &Tx<'_>, entity_id: &str) -> Result<Vec<Attachment>, StoreError> {
    let sql = "SELECT policy_type, policy_name, attached_at FROM policy_attachments
               WHERE entity_id = $1 ORDER BY attached_at, policy_name";
    tx.all(sql, &[entity_id.into()], |row| {
        Ok(Attachment { policy_type: row.text(0)?, policy_name: row.text(1)?, attached_at: row.moment(2)? })
    })
}

/// How many entities of a kind a policy is attached to.
pub fn count_attached(
    tx: &Tx<'_>,
    account: &AccountId,
    policy_type: &str,
    policy_name: &str,
    entity_kind: &str,
) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM policy_attachments
               WHERE account_id = $1 AND policy_type = $2 AND policy_name = $3 AND entity_kind = $4";
    tx.count(sql, &[account.into(), policy_type.into(), policy_name.into(), entity_kind.into()])
}

/// The policies in force for a user, with those of its groups, or for a role. The order never matters to a decision; it is that of
/// names.
pub fn effective(tx: &Tx<'_>, entity_id: &str) -> Result<Vec<Effective>, StoreError> {
    let sql = "SELECT a.policy_name, a.entity_kind, v.version, v.document_id FROM policy_attachments a
               LEFT JOIN policies p ON a.policy_type = 'Custom' AND p.account_id = a.account_id
                    AND p.policy_name = a.policy_name
               LEFT JOIN policy_versions v ON v.account_id = p.account_id AND v.policy_name = p.policy_name
                    AND v.version = p.default_version
               WHERE a.entity_id IN (SELECT $1 UNION ALL SELECT group_id FROM group_members WHERE user_id = $1)
                    AND (a.policy_type = 'System' OR v.document_id IS NOT NULL)
               ORDER BY a.policy_type, a.policy_name, a.entity_id";
    tx.all(sql, &[entity_id.into()], |row| {
        Ok(Effective {
            policy_name: row.text(0)?,
            entity_kind: row.text(1)?,
            version: row.optional_integer(2)?,
            document_id: row.optional_integer(3)?,
        })
    })
}

/// The text of a document.
pub fn document(tx: &Tx<'_>, document_id: i64) -> Result<Option<String>, StoreError> {
    tx.first("SELECT document FROM policy_versions WHERE document_id = $1", &[document_id.into()], |row| row.text(0))
}

/// At most `limit` custom policies of an account that bear all of these tags, by name, after the name `after`.
pub fn page(
    tx: &Tx<'_>,
    account: &AccountId,
    tags: &[(String, Option<String>)],
    after: &str,
    limit: i64,
) -> Result<Vec<Policy>, StoreError> {
    let from = [POLICY, "r.account_id = $1 AND $2 = $2 AND r.policy_name > $3"].concat();
    let mut wanted = Condition::new(&from, &[account.into(), "policy".into(), after.into()]);
    bearing(&mut wanted, "r.policy_name", tags);
    let limit = wanted.value(limit);
    wanted.sql.extend([" ORDER BY r.policy_name LIMIT ", limit]);
    tx.all(&wanted.sql, &wanted.values, read)
}

/// Adds a version to a policy; its number, which none of the policy ever had.
pub fn add_version(
    tx: &Tx<'_>,
    account: &AccountId,
    policy_name: &str,
    document: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let sql = "UPDATE policies SET last_version = last_version + 1, updated_at = $3
               WHERE account_id = $1 AND policy_name = $2";
    tx.execute(sql, &[account.into(), policy_name.into(), now.into()])?;
    let sql = "SELECT last_version FROM policies WHERE account_id = $1 AND policy_name = $2";
    let version = tx.count(sql, &[account.into(), policy_name.into()])?;
    let sql = "INSERT INTO policy_versions (account_id, policy_name, version, document, created_at)
               VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &[account.into(), policy_name.into(), version.into(), document.into(), now.into()])?;
    Ok(version)
}

/// Puts a version in force.
pub fn set_default(
    tx: &Tx<'_>,
    account: &AccountId,
    policy_name: &str,
    version: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE policies SET default_version = $3, updated_at = $4 WHERE account_id = $1 AND policy_name = $2";
    tx.execute(sql, &[account.into(), policy_name.into(), version.into(), now.into()]).map(drop)
}

/// Sets the description of a policy.
pub fn set_description(
    tx: &Tx<'_>,
    account: &AccountId,
    policy_name: &str,
    description: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE policies SET description = $3, updated_at = $4 WHERE account_id = $1 AND policy_name = $2";
    tx.execute(sql, &[account.into(), policy_name.into(), description.into(), now.into()]).map(drop)
}

/// Deletes a version of a policy.
pub fn delete_version(tx: &Tx<'_>, account: &AccountId, policy_name: &str, version: i64) -> Result<(), StoreError> {
    let sql = "DELETE FROM policy_versions WHERE account_id = $1 AND policy_name = $2 AND version = $3";
    tx.execute(sql, &[account.into(), policy_name.into(), version.into()]).map(drop)
}

/// What a policy is attached to, of one kind: ids and when, in the order of attachment.
pub fn entities(
    tx: &Tx<'_>,
    account: &AccountId,
    policy_type: &str,
    policy_name: &str,
    entity_kind: &str,
) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let sql = "SELECT entity_id, attached_at FROM policy_attachments
               WHERE account_id = $1 AND policy_type = $2 AND policy_name = $3 AND entity_kind = $4
               ORDER BY attached_at, entity_id";
    let values = [account.into(), policy_type.into(), policy_name.into(), entity_kind.into()];
    tx.all(sql, &values, |row| Ok((row.text(0)?, row.moment(1)?)))
}
