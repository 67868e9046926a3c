//! Tasks: long work as its owner sees it.

use coffer_base::{AccountId, Region, Timestamp};

use crate::connection::Condition;
use crate::record::{self, Lead, Start, record};
use crate::{StoreError, Tx};

record! {
    /// A task's row. The vendor's words for action and status are stored as they are.
    pub struct Task in "tasks" {
        /// Its id.
        pub task_id: String = "task_id",
        /// Its owner.
        pub account: AccountId = "account_id",
        /// Where it is.
        pub region: Region = "region",
        /// For example `CopyImage`.
        pub task_action: String = "task_action",
        /// What it works on.
        pub resource_id: String = "resource_id",
        /// `Waiting`, `Processing`, `Finished`, `Failed` or `Deleted`.
        pub status: String = "status",
        /// How much of it is done, 0 to 100.
        pub progress: i64 = "progress",
        /// Whether its owner may cancel it.
        pub supports_cancel: bool = "supports_cancel",
        /// When it was over.
        pub finished_at: Option<Timestamp> = "finished_at",
        /// When it was made.
        pub created_at: Timestamp = "created_at",
    }
}

/// Which tasks a listing is about; what is `None` or empty restricts nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these ids.
    pub task_ids: Option<Vec<String>>,
    /// Only on these resources.
    pub resource_ids: Option<Vec<String>>,
    /// Only of this action.
    pub task_action: Option<String>,
    /// Only in this status.
    pub status: Option<String>,
    /// Only made at or after this moment.
    pub created_from: Option<Timestamp>,
    /// Only made at or before this moment.
    pub created_until: Option<Timestamp>,
}

/// At most `limit` of an account's tasks in a region, newest first.
pub fn list(
    tx: &Tx<'_>,
    account: &AccountId,
    region: Region,
    filter: &Filter,
    start: &Start,
    limit: i64,
) -> Result<Vec<Task>, StoreError> {
    record::page(tx, condition(account, region, filter), start, limit)
}

/// How many of an account's tasks in a region a filter lets through.
pub fn count(tx: &Tx<'_>, account: &AccountId, region: Region, filter: &Filter) -> Result<i64, StoreError> {
    record::count::<Task>(tx, &condition(account, region, filter))
}

/// The tasks on a resource that are not over.
pub fn unfinished(tx: &Tx<'_>, resource_id: &str) -> Result<Vec<Task>, StoreError> {
    record::all(tx, &Condition::new(" WHERE r.resource_id = $1 AND r.finished_at IS NULL", &[resource_id.into()]))
}

fn condition<'a>(account: &'a AccountId, region: Region, filter: &'a Filter) -> Condition<'a> {
    let mut wanted = record::owned(account, region, Lead::Owner);
    for (column, values) in [("r.task_id", &filter.task_ids), ("r.resource_id", &filter.resource_ids)] {
        if let Some(values) = values {
            wanted.and_in(column, values);
        }
    }
    wanted.and_equal("r.task_action", filter.task_action.as_deref());
    wanted.and_equal("r.status", filter.status.as_deref());
    wanted.and_created(filter.created_from, filter.created_until);
    wanted
}
