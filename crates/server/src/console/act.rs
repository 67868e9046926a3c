//! What forms do: one API action each, of those that pages offer. Its parameters are the form's fields.

use coffer_cloud::Product;
use hyper::StatusCode;

use super::ask::Refusal;
use super::reply::{self, Reply};
use super::view::View;

/// The actions, their products, and what is said when it is done.
const ACTIONS: [(&str, Product, &str); 12] = [
    ("EnableDiskEncryptionByDefault", Product::Ecs, "New disks are encrypted from now on."),
    ("DisableDiskEncryptionByDefault", Product::Ecs, "New disks are encrypted only where the request says so."),
    ("ModifyDiskDefaultKMSKeyId", Product::Ecs, "The default key is set. Disks keep the keys they have."),
    ("ResetDiskDefaultKMSKeyId", Product::Ecs, "The default key is the service key again."),
    ("EnableKey", Product::Kms, "The key is enabled."),
    ("DisableKey", Product::Kms, "The key is disabled."),
    ("CreateKeyVersion", Product::Kms, "The key has a new version. What was encrypted keeps the one it has."),
    ("ScheduleKeyDeletion", Product::Kms, "The key will be deleted. Until then it can be kept after all."),
    ("CancelKeyDeletion", Product::Kms, "The key is kept. It is disabled until you enable it."),
    ("RewrapDiskDataKey", Product::Coffer, "The disk's data key is wrapped anew."),
    ("ReencryptDisk", Product::Coffer, "The disk is being encrypted anew while it is served."),
    ("ModifyDiskReencryption", Product::Coffer, "The re-encryption is changed."),
];
/// The fields that are the console's own.
const OWN: [&str; 5] = ["csrf", "back", "do", "region", "confirm"];

/// Whether there is a form for an action.
pub(super) fn offers(action: &str) -> bool {
    ACTIONS.iter().any(|(name, ..)| *name == action)
}

/// Does what a form asks, and goes back to where it stands.
pub(super) async fn act(view: &View<'_>) -> Reply {
    let wanted = view.field("do");
    let Some((action, product, done)) = ACTIONS.iter().find(|(name, ..)| *name == wanted) else {
        return view.refused(Refusal::own(StatusCode::BAD_REQUEST, "InvalidAction", "There is no such form here."));
    };
    let is_parameter = |(name, value): &(&str, &str)| !OWN.contains(name) && !value.trim().is_empty();
    let parameters: Vec<_> = view.fields().filter(is_parameter).map(|(name, value)| (name, value.trim())).collect();
    match view.asker().call(*product, action, &parameters).await {
        Ok(_) => {
            view.console.sessions.leave(view.session, (*done).to_owned());
            let back = view.field("back");
            reply::see_other(if super::owns(path_of(back)) { back } else { "/console" })
        }
        Err(refusal) => view.refused(refusal),
    }
}

fn path_of(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}
