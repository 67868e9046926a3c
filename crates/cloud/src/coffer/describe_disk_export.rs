//! DescribeDiskExport: where a disk is served over NBD, and what its clients need to be let in. It is served while an instance that has
//! it runs. Who may ask this may read and write the disk.

use coffer_base::{ApiError, Arn, ErrorCode};
use coffer_block::host::ExportInfo;
use coffer_store::disks::Disk;
use coffer_store::volumes;

use crate::context::Cx;
use crate::decode::request;
use crate::ecs::{existing_disk, owned};
use crate::operation::{Access, Effect, Operation};
use crate::value::response;

request! {
    /// Which disk.
    pub struct Request {
        /// Its id.
        pub disk_id: String = "DiskId",
    }
}

response! {
    /// Where it is.
    pub struct Response {
        /// The disk.
        pub disk_id: String = "DiskId",
        /// The volume behind it: another one after a reset.
        pub volume_id: String = "VolumeId",
        /// `Open`, `Fenced` (its I/O is stopped) or `Closed`.
        pub status: &'static str = "Status",
        /// The serial number by which guests know it.
        pub serial: String = "Serial",
        /// How much of it does not need its snapshot any more, in per cent; nothing while it is closed.
        pub hydration_progress: Option<i64> = "HydrationProgress",
        /// The Unix socket.
        pub socket: Option<String> = "Socket",
        /// The same as an NBD URI.
        pub uri: Option<String> = "Uri",
        /// The same over TCP, where that is on.
        pub tls: Option<Tls> = "Tls",
    }

    /// How it is reached over TCP. All in PEM but the address.
    pub struct Tls {
        /// The NBD URI.
        pub uri: String = "Uri",
        /// Who signed the server's certificate.
        pub ca_certificate: String = "CaCertificate",
        /// The client's certificate.
        pub client_certificate: String = "ClientCertificate",
        /// The client's private key.
        pub client_key: String = "ClientKey",
    }
}

/// What it declares.
pub const OPERATION: Operation = Operation {
    name: "DescribeDiskExport",
    effect: Effect::Read,
    access: Access::Action("coffer:DescribeDiskExport"),
    idempotent: false,
    errors: &[&[ErrorCode::DiskNotFound]],
};

/// What a policy must allow it on.
pub fn resources(cx: &mut Cx<'_>, request: &Request) -> Result<Vec<Arn>, ApiError> {
    Ok(vec![owned::arn(cx, "disk", &request.disk_id)])
}

/// Does it.
pub fn run(cx: &mut Cx<'_>, request: Request) -> Result<Response, ApiError> {
    let disk: Disk = existing_disk::find(cx, &request.disk_id)?;
    let volume_id = volumes::id_of(&disk);
    let (is_open, status) = (cx.host.device(&volume_id).is_some(), cx.host.status(&volume_id));
    let state = match status {
        Some(status) if is_open && status.is_fenced => "Fenced",
        _ if is_open => "Open",
        _ => "Closed",
    };
    let hydrated = status.map(|status| status.hydrated_chunks * 100 / status.total_chunks.max(1));
    let (socket, tls) = cx.host.export(&volume_id).map(|ExportInfo { socket, tls, .. }| (socket, tls)).unzip();
    let socket = socket.map(|socket| socket.display().to_string());
    Ok(Response {
        serial: disk.disk_id.strip_prefix("d-").unwrap_or(&disk.disk_id).to_owned(),
        disk_id: disk.disk_id,
        volume_id,
        status: state,
        hydration_progress: hydrated.map(i64::try_from).transpose().map_err(ApiError::internal)?,
        uri: socket.as_ref().map(|socket| format!("nbd+unix:///?socket={socket}")),
        socket,
        tls: tls.flatten().map(|tls| Tls {
            uri: format!("nbds://{}/", tls.address),
            ca_certificate: tls.ca_certificate,
            client_certificate: tls.client_certificate,
            client_key: tls.client_key.expose().clone(),
        }),
    })
}
