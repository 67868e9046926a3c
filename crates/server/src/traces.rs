//! Spans of requests for an OpenTelemetry collector, by OTLP over HTTP (protobuf). In the feature `otel`; on if the environment names a
//! collector: `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
//!
//! A span tells which action was asked for, what came of it, how long that took and the request's id. No parameter, no key and no
//! name of a resource is in it.

use std::env;
use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use coffer_cloud::{Outgoing, Product};
use hyper::HeaderMap;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, Status, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use crate::cli::Connection;
use crate::http;
use crate::serve::{Error, now};

const VARIABLES: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// The way to a collector.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// A request that has begun.
pub(crate) struct Begun {
    at: SystemTime,
    caller: Context,
}

impl Traces {
    /// The one that the environment names.
    pub(crate) fn from_environment() -> Result<Option<Self>, Error> {
        if !VARIABLES.iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty())) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder().with_http().with_http_client(Collector).build()?;
        let resource = Resource::builder().with_service_name("coffer");
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = resource.with_attribute(version).build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Some(Self { tracer: provider.tracer("coffer"), provider }))
    }

    /// A request begins; whoever sent it may have a span of its own, which this one is then below.
    pub(crate) fn begin(headers: &HeaderMap) -> Begun {
        let since = Duration::from_millis(u64::try_from(now().unix_ms()).unwrap_or_default());
        let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        Begun { at: UNIX_EPOCH + since, caller }
    }

    /// It was answered, after so long.
    pub(crate) fn end(&self, begun: Begun, answer: &Outgoing, took: Duration) {
        let product = answer.about.product.map_or("unknown", Product::name);
        let action = if answer.about.action.is_empty() { "unknown" } else { answer.about.action };
        let code = answer.about.code.clone().into_owned();
        let attributes = [
            KeyValue::new("rpc.system", "coffer"),
            KeyValue::new("rpc.service", product),
            KeyValue::new("rpc.method", action),
            KeyValue::new("http.response.status_code", i64::from(answer.status)),
            KeyValue::new("coffer.code", code.clone()),
            KeyValue::new("coffer.request_id", answer.request_id.clone()),
        ];
        let span = SpanBuilder::from_name(format!("{product}:{action}")).with_kind(SpanKind::Server);
        let span = span.with_start_time(begun.at).with_attributes(attributes);
        let mut span = span.start_with_context(&self.tracer, &begun.caller);
        if answer.status >= 500 {
            span.set_status(Status::error(code));
        }
        span.end_with_timestamp(begun.at + took);
    }

    /// Sends what is left. Blocks, for a few seconds at most.
    pub(crate) fn stop(&self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::warn!(%error, "the last spans did not reach the collector");
        }
    }
}

/// The collector, asked from the exporter's own thread, which may block.
struct Collector;

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector")
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let uri = request.uri();
        let base = format!("{}://{}", uri.scheme_str().unwrap_or("http"), uri.authority().ok_or("no host")?);
        let (_, endpoint) = Connection::to(base, None).endpoint().map_err(|failure| failure.what().to_owned())?;
        let mut begin = format!("POST {} HTTP/1.1\r\n", uri.path());
        for (name, value) in request.headers().iter().filter(|(name, _)| *name != "host" && *name != "content-length") {
            write!(begin, "{name}: {}\r\n", value.to_str()?)?;
        }
        let answer = http::send(&endpoint, &begin, request.body())?;
        let status = http::status(&answer).ok_or("what answers is no collector")?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
        Ok(Response::builder().status(status).body(Bytes::from(body))?)
    }
}
