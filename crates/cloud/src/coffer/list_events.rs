//! ListEvents: what happened in the account, in order, after a cursor. An answer that would be empty waits for a while, if that is
//! wished. Whoever goes on with the last `NextCursor` misses none, and sees one again only if it asks again.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_store::events::{self, Told};
use serde_json::Value as Json;

use crate::bell::Wait;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request, whole};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

/// Events in an answer unless it is said, and at most.
const USUAL: i64 = 100;
const MOST: i64 = 1000;
/// Longest wait, in seconds.
const MOST_WAIT_S: i64 = 5;

/// A number from 0 on.
#[derive(Clone, Copy, Debug)]
pub struct Natural(i64);

impl Parameter for Natural {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        whole(text).filter(|number| *number >= 0).map(Self).ok_or(Invalid::Value)
    }
}

request! {
    /// From where on.
    pub struct Request {
        /// The last event that is known; 0 for none.
        pub cursor: Option<Natural> = "Cursor",
        /// Most events in the answer.
        pub max_results: Option<i64> = "MaxResults",
        /// How long to wait for an event, at most 5 seconds.
        pub wait_s: Option<Natural> = "WaitSeconds",
    }
}

response! {
    /// What happened.
    pub struct Response {
        /// The events, in order.
        pub events: Vec<EventItem> = "Events" of "Event",
        /// Where to go on.
        pub next_cursor: i64 = "NextCursor",
        /// The newest event's cursor.
        pub latest_cursor: i64 = "LatestCursor",
        /// Whether events after the cursor were forgotten already.
        pub has_gap: bool = "Gap",
    }

    /// Something that happened.
    pub struct EventItem {
        /// Its cursor.
        pub cursor: i64 = "Cursor",
        /// When.
        pub time: String = "Time",
        /// What.
        pub kind: String = "Kind",
        /// Where.
        pub region_id: String = "RegionId",
        /// The kind of resource.
        pub resource_type: String = "ResourceType",
        /// Its id.
        pub resource_id: String = "ResourceId",
        /// Who did it: an ARN, or a service.
        pub principal: String = "Principal",
        /// The request that did it; empty for what a service did by itself.
        pub request_id: String = "EventRequestId",
        /// What else there is to say.
        pub detail: Vec<DetailItem> = "Details" of "Detail",
    }

    /// A name and a value.
    pub struct DetailItem {
        /// The name.
        pub name: String = "Name",
        /// The value, as text.
        pub value: String = "Value",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "ListEvents",
    effect: Effect::Read,
    access: Access::Action("coffer:ListEvents"),
    idempotent: false,
    errors: &[&[ErrorCode::EcsInvalidParameter]],
};

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![Arn::any()])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let asked = request.cursor.map_or(0, |Natural(number)| number);
    let most = request.max_results.unwrap_or(USUAL).clamp(1, MOST);
    let (oldest, latest_cursor) = events::bounds(cx.tx, cx.account())?;
    // A cursor of what this server never told: of another one, or of before a restore. All that there is may be new then.
    let is_foreign = asked > latest_cursor;
    let cursor = if is_foreign { 0 } else { asked };
    let told = events::of_account(cx.tx, cx.account(), cursor, most)?;
    if told.is_empty()
        && let Some(Natural(seconds)) = request.wait_s.filter(|Natural(seconds)| *seconds > 0)
    {
        let until = cx.now.plus_ms(seconds.min(MOST_WAIT_S) * 1000);
        cx.wait = Some(Wait { after: events::last(cx.tx)?, until });
    }
    Ok(Response {
        next_cursor: told.last().map_or(cursor, |last| last.number),
        latest_cursor,
        has_gap: is_foreign || cursor < oldest - 1,
        events: told.into_iter().map(item).collect::<Result<_, _>>()?,
    })
}

fn item(told: Told) -> Result<EventItem, ApiError> {
    let event = told.event;
    let detail: serde_json::Map<String, Json> = serde_json::from_str(&event.detail).map_err(ApiError::internal)?;
    let text = |value: Json| match value {
        Json::String(text) => text,
        Json::Null => String::new(),
        other => other.to_string(),
    };
    Ok(EventItem {
        cursor: told.number,
        time: event.at.to_iso8601(),
        kind: event.kind,
        region_id: event.region,
        resource_type: event.resource_type,
        resource_id: event.resource_id,
        principal: event.principal,
        request_id: event.request_id,
        detail: detail.into_iter().map(|(name, value)| DetailItem { name, value: text(value) }).collect(),
    })
}
