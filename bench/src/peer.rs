//! The peer for reads: hyper answering every request with the same JSON, on one thread, served as Coffer serves.

use std::convert::Infallible;
use std::error::Error;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

async fn hello(_request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = r#"{"RequestId":"473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E","Encrypted":false}"#;
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    let kind = hyper::header::HeaderValue::from_static("application/json;charset=utf-8");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    Ok(response)
}

/// Serves until the process is ended.
pub(crate) fn serve(address: &str) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                let service = hyper::service::service_fn(hello);
                if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
                    eprintln!("hello: {error}");
                }
            });
        }
    })
}
