//! DescribeDiskMonitorData: what a disk did in a span of time, at most 400 points of it.
//!
//! The points are what the volume behind a disk counted, minute by minute. As the vendor's, the answer has none of a period in which the
//! disk did nothing.

use std::collections::BTreeMap;

use coffer_base::{ApiError, Arn, ErrorCode, Timestamp};
use coffer_store::disks::Disk;
use coffer_store::volumes::{self, Sample};

use super::owned;
use crate::context::Cx;
use crate::decode::{Invalid, Parameter, request};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which disk, and when.
    pub struct Request {
        /// The disk.
        pub disk_id: String = "DiskId",
        /// Until when.
        pub end: EndTime = "EndTime",
        /// How far apart.
        pub period: Option<Period> = "Period",
        /// Since when.
        pub start: StartTime = "StartTime",
    }
}

response! {
    /// The points.
    pub struct Response {
        /// The points.
        pub points: Vec<Point> = "MonitorData" of "DiskMonitorData",
        /// How many there are.
        pub total_count: i64 = "TotalCount",
    }

    /// What a disk did in one period.
    pub struct Point {
        /// Bytes read a second.
        pub bps_read: i64 = "BPSRead",
        /// Bytes read and written a second.
        pub bps_total: i64 = "BPSTotal",
        /// Bytes written a second.
        pub bps_write: i64 = "BPSWrite",
        /// The disk.
        pub disk_id: String = "DiskId",
        /// Reads a second.
        pub iops_read: i64 = "IOPSRead",
        /// Reads and writes a second.
        pub iops_total: i64 = "IOPSTotal",
        /// Writes a second.
        pub iops_write: i64 = "IOPSWrite",
        /// The time a read took, in microseconds.
        pub latency_read: i64 = "LatencyRead",
        /// The time a write took, in microseconds.
        pub latency_write: i64 = "LatencyWrite",
        /// When the period began.
        pub time_stamp: String = "TimeStamp",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeDiskMonitorData",
    effect: Effect::Read,
    access: Access::Action("ecs:DescribeDiskMonitorData"),
    idempotent: false,
    errors: &[&[
        ErrorCode::MonitorStartMalformed,
        ErrorCode::MonitorEndMalformed,
        ErrorCode::MonitorPeriod,
        ErrorCode::MonitorStartTooEarly,
        ErrorCode::MonitorEndBeforeStart,
        ErrorCode::MonitorTooMuch,
        ErrorCode::MonitoredDiskNotFound,
    ]],
};

const MOST_POINTS: i64 = 400;
const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;
const MINUTE_MS: i64 = 60 * 1000;

/// `StartTime`, rounded up to the minute.
#[derive(Clone, Copy, Debug)]
pub struct StartTime(Timestamp);

impl Parameter for StartTime {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(Self(minute(text).ok_or(ErrorCode::MonitorStartMalformed)?))
    }
}

/// `EndTime`, rounded up to the minute.
#[derive(Clone, Copy, Debug)]
pub struct EndTime(Timestamp);

impl Parameter for EndTime {
    fn from_text(text: &str) -> Result<Self, Invalid> {
        Ok(Self(minute(text).ok_or(ErrorCode::MonitorEndMalformed)?))
    }
}

fn minute(text: &str) -> Option<Timestamp> {
    let unix_ms = Timestamp::parse_iso8601(text)?.unix_ms();
    Some(Timestamp::from_unix_ms(unix_ms + (-unix_ms).rem_euclid(MINUTE_MS)))
}

/// `Period`, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Period(i64);

impl Parameter for Period {
    const KIND: &'static str = "Integer";

    fn from_text(text: &str) -> Result<Self, Invalid> {
        match text {
            "60" => Ok(Self(60)),
            "600" => Ok(Self(600)),
            "3600" => Ok(Self(3600)),
            _ => Err(ErrorCode::MonitorPeriod.into()),
        }
    }
}

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let (StartTime(start), EndTime(end), Period(period)) =
        (request.start, request.end, request.period.unwrap_or(Period(60)));
    if start < cx.now.plus_ms(-KEPT_MS) {
        return Err(ErrorCode::MonitorStartTooEarly.into());
    }
    if end < start {
        return Err(ErrorCode::MonitorEndBeforeStart.into());
    }
    if (end.unix_ms() - start.unix_ms()) / (period * 1000) > MOST_POINTS {
        return Err(ErrorCode::MonitorTooMuch.into());
    }
    if owned::find::<Disk>(cx, &request.disk_id)?.is_none() {
        return Err(ErrorCode::MonitoredDiskNotFound.into());
    }
    let samples = volumes::samples(cx.tx, &request.disk_id, start, end)?;
    let mut periods: BTreeMap<i64, Sample> = BTreeMap::new();
    for sample in samples {
        let nth = (sample.at.unix_ms() - start.unix_ms()) / (period * 1000);
        periods.entry(nth).and_modify(|sum| sum.add(&sample)).or_insert(sample);
    }
    let point = |(nth, sum): (&i64, &Sample)| point(&request.disk_id, start.plus_ms(nth * period * 1000), period, sum);
    let points: Vec<Point> = periods.iter().map(point).collect();
    Ok(Response { total_count: i64::try_from(points.len()).map_err(ApiError::internal)?, points })
}

fn point(disk_id: &str, began: Timestamp, period_s: i64, sum: &Sample) -> Point {
    let each = |time_us: i64, count: i64| if count == 0 { 0 } else { time_us / count };
    Point {
        bps_read: sum.read_bytes / period_s,
        bps_total: (sum.read_bytes + sum.written_bytes) / period_s,
        bps_write: sum.written_bytes / period_s,
        disk_id: disk_id.to_owned(),
        iops_read: sum.reads / period_s,
        iops_total: (sum.reads + sum.writes) / period_s,
        iops_write: sum.writes / period_s,
        latency_read: each(sum.read_us, sum.reads),
        latency_write: each(sum.write_us, sum.writes),
        time_stamp: began.to_iso8601(),
    }
}
