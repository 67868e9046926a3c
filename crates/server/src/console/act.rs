//! What forms do: one API action each, of those that pages offer. Its parameters are the form's fields.

use std::sync::Arc;

use coffer_cloud::parameters::Parameters;
use coffer_cloud::{Incoming, Method, Product};
use hyper::StatusCode;
use serde_json::Value;

use super::ask::Refusal;
use super::failed::Failed;
use super::reply::{self, Reply};
use super::view::View;

/// What a form does, its product, what is said when it is done, and where the browser goes then.
struct Action {
    name: &'static str,
    product: Product,
    done: &'static str,
    then: Then,
}

/// Where the browser goes when it is done.
enum Then {
    /// Back to where the form stands.
    Back,
    /// To a list: what the form stands on is gone.
    List(&'static str),
    /// To what was made, whose id is there in the answer.
    Made(&'static str, &'static str),
}

const fn action(name: &'static str, product: Product, done: &'static str) -> Action {
    Action { name, product, done, then: Then::Back }
}

const ACTIONS: [Action; 21] = [
    action("EnableDiskEncryptionByDefault", Product::Ecs, "New disks are encrypted from now on."),
    action("DisableDiskEncryptionByDefault", Product::Ecs, "New disks are encrypted only where the request says so."),
    action("ModifyDiskDefaultKMSKeyId", Product::Ecs, "The default key is set. Disks keep the keys they have."),
    action("ResetDiskDefaultKMSKeyId", Product::Ecs, "The default key is the service key again."),
    Action { then: Then::Made("disks", "/DiskId"), ..action("CreateDisk", Product::Ecs, "The disk is made.") },
    action("AttachDisk", Product::Ecs, "The disk is attached."),
    action("DetachDisk", Product::Ecs, "The disk is detached."),
    action("ResizeDisk", Product::Ecs, "The disk is larger. A client sees that when it connects again."),
    Action { then: Then::List("disks"), ..action("DeleteDisk", Product::Ecs, "The disk is deleted.") },
    Action {
        then: Then::Made("snapshots", "/SnapshotId"),
        ..action("CreateSnapshot", Product::Ecs, "The snapshot is of this moment. It can be used once it is complete.")
    },
    Action {
        then: Then::Made("snapshots", "/SnapshotId"),
        ..action("CopySnapshot", Product::Ecs, "The copy is being made. It can be used once it is complete.")
    },
    Action { then: Then::List("snapshots"), ..action("DeleteSnapshot", Product::Ecs, "The snapshot is deleted.") },
    Action {
        then: Then::Made("keys", "/KeyMetadata/KeyId"),
        ..action("CreateKey", Product::Kms, "The key is made, and enabled.")
    },
    action("EnableKey", Product::Kms, "The key is enabled."),
    action("DisableKey", Product::Kms, "The key is disabled."),
    action("CreateKeyVersion", Product::Kms, "The key has a new version. What was encrypted keeps the one it has."),
    action("ScheduleKeyDeletion", Product::Kms, "The key will be deleted. Until then it can be kept after all."),
    action("CancelKeyDeletion", Product::Kms, "The key is kept. It is disabled until you enable it."),
    action("RewrapDiskDataKey", Product::Coffer, "The disk's data key is wrapped anew."),
    action("ReencryptDisk", Product::Coffer, "The disk is being encrypted anew while it is served."),
    action("ModifyDiskReencryption", Product::Coffer, "The re-encryption is changed."),
];
/// Those that nothing undoes: each form has a box to be ticked beside what goes.
const FOR_GOOD: [&str; 3] = ["DeleteDisk", "DeleteSnapshot", "ScheduleKeyDeletion"];
/// The fields that are the console's own, and the region, which every call of a page has already.
const OWN: [&str; 7] = ["csrf", "back", "do", "form", "region", "confirm", "RegionId"];

/// Whether there is a form for an action that asks nothing but its parameters.
pub(super) fn offers(action: &str) -> bool {
    !FOR_GOOD.contains(&action) && ACTIONS.iter().any(|known| known.name == action)
}

/// Does what a form asks, and goes on; or shows the form again with what was said.
pub(super) async fn act(view: &View<'_>) -> Reply {
    match call(view).await {
        Ok((action, answer)) => {
            view.console.sessions.leave(view.session, action.done.to_owned());
            reply::see_other(&next(view, action, &answer))
        }
        Err(refusal) => again(view, refusal).await,
    }
}

async fn call(view: &View<'_>) -> Result<(&'static Action, Value), Refusal> {
    let wanted = view.field("do");
    let Some(action) = ACTIONS.iter().find(|known| known.name == wanted) else {
        return Err(Refusal::own(StatusCode::BAD_REQUEST, "InvalidAction", "There is no such form here."));
    };
    if FOR_GOOD.contains(&wanted) && view.field("confirm") != "yes" {
        let message = "Nothing was done: tick the box that says what goes.";
        return Err(Refusal::own(StatusCode::BAD_REQUEST, "NotConfirmed", message));
    }
    let is_parameter = |(name, value): &(&str, &str)| !OWN.contains(name) && !value.trim().is_empty();
    let parameters: Vec<_> = view.fields().filter(is_parameter).map(|(name, value)| (name, value.trim())).collect();
    Ok((action, view.asker().call(action.product, action.name, &parameters).await?))
}

fn next(view: &View<'_>, action: &Action, answer: &Value) -> String {
    let region = view.region.id();
    match action.then {
        Then::Back => own_page(view.field("back")).unwrap_or("/console").to_owned(),
        Then::List(list) => format!("/console/{list}?region={region}"),
        Then::Made(list, place) => {
            let id = answer.pointer(place).and_then(Value::as_str).unwrap_or_default();
            // A copy is in the region it went to.
            let there = Some(view.field("DestinationRegionId")).filter(|id| !id.is_empty()).unwrap_or(region);
            format!("/console/{list}/{id}?region={there}")
        }
    }
}

/// The address, if it is one of the console's.
fn own_page(back: &str) -> Option<&str> {
    super::owns(back.split('?').next().unwrap_or_default()).then_some(back)
}

/// The page that a refused form stands on, with the refusal beside it and what was filled in; the refusal alone where there is no such
/// page or form any more.
async fn again(view: &View<'_>, refusal: Refusal) -> Reply {
    let failed = Arc::new(Failed::new(view, refusal));
    if let Some(back) = own_page(view.field("back")) {
        let (path, query) = back.split_once('?').unwrap_or((back, ""));
        let request = Incoming {
            method: Method::Get,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: view.request.headers.clone(),
            body: Vec::new(),
            peer: view.request.peer,
            tls: view.request.tls,
        };
        if let Ok(parameters) = Parameters::parse(&request) {
            let mut page = View::new(view.console, &request, &parameters, view.session, false);
            page.failed = Some(Arc::clone(&failed));
            let mut reply = view.console.page(&page, super::below(path)).await;
            if let (refusal, true) = failed.outcome() {
                *reply.status_mut() = refusal.status;
                return reply;
            }
        }
    }
    view.refused(failed.outcome().0.clone())
}
