//! Which server is asked, as whom, and in which region; and asking it.

use std::env;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use coffer_base::{Region, Secret};
use coffer_cloud::Product;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;

use super::failure::{Failure, Reason, chain};
use super::output::plain;
use super::profile;
use crate::client::{Caller, Client, Endpoint};
use crate::config;
use crate::console::link;
use crate::hints;
use crate::serve::now;

/// How the server is reached.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Server")]
pub(crate) struct Connection {
    /// Profile of the aliyun CLI's configuration [default: the environment's access key, else the current profile]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The server, for example https://coffer.example:7600 [default: http://127.0.0.1:7600]
    #[arg(long, env = "COFFER_ENDPOINT", value_name = "URL")]
    endpoint: Option<String>,
    /// Region [default: the profile's, else cn-hangzhou]
    #[arg(long, env = "ALIBABA_CLOUD_REGION_ID", value_name = "REGION")]
    region: Option<String>,
    /// Certificates in PEM that the server's must be signed by: its `ca.pem` [default: the system's]
    #[arg(long, env = "COFFER_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

const USUAL_ENDPOINT: &str = "http://127.0.0.1:7600";
const USUAL_REGION: &str = "cn-hangzhou";
/// Where systems keep the certificates that they trust.
const SYSTEM_CERTIFICATES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
/// Most items that a page of a listing has.
const PAGE: usize = 100;

/// A server that is asked by somebody.
pub(crate) struct Session {
    client: Client,
    /// What was asked for, for people.
    pub(crate) endpoint: String,
    /// The region.
    pub(crate) region: Region,
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

impl Connection {
    /// To that server, as the environment says.
    pub(crate) fn to(endpoint: String, ca: Option<PathBuf>) -> Self {
        Self { profile: None, endpoint: Some(endpoint), region: None, ca }
    }

    /// To the server that listens there, unless another is named.
    pub(crate) fn or_to(&self, listen: SocketAddr) -> Self {
        let own = format!("http://{}", config::from_this_machine(listen));
        Self { endpoint: Some(self.endpoint.clone().unwrap_or(own)), ..self.clone() }
    }

    /// Whether a server is named, by option or environment.
    pub(crate) fn names_server(&self) -> bool {
        self.endpoint.is_some()
    }

    /// Puts command line, environment and profile together. Nothing is sent yet.
    pub(crate) fn open(&self) -> Result<Session, Failure> {
        let (caller, profile_region) = self.caller()?;
        let region = self.region.clone().or(profile_region).unwrap_or_else(|| USUAL_REGION.to_owned());
        let region = Region::parse(&region).ok_or_else(|| {
            Failure::new(Reason::Configuration, format!("there is no region {region}"))
                .next("give one with --region, for example --region cn-hangzhou")
        })?;
        let (endpoint, found) = self.endpoint()?;
        Ok(Session { client: Client::new(found, caller, now), endpoint, region })
    }

    /// Where the server is, as it was said and as it is reached.
    pub(crate) fn endpoint(&self) -> Result<(String, Endpoint), Failure> {
        let endpoint = self.endpoint.clone().unwrap_or_else(|| USUAL_ENDPOINT.to_owned());
        let (address, is_tls) = address(&endpoint)?;
        let tls = is_tls.then(|| trust(self.ca.as_deref())).transpose()?;
        Ok((endpoint, Endpoint { address, tls }))
    }

    /// Whether it was said which server is meant, or as whom.
    pub(crate) const fn is_named(&self) -> bool {
        self.endpoint.is_some() || self.profile.is_some()
    }

    /// A link that signs the caller in to the console, once and within minutes.
    pub(crate) fn console_link(&self) -> Result<String, Failure> {
        let endpoint = self.endpoint.clone().unwrap_or_else(|| USUAL_ENDPOINT.to_owned());
        let (address, is_tls) = address(&endpoint)?;
        let scheme = if is_tls { "https" } else { "http" };
        Ok(format!("{scheme}://{address}{}", link::path(&self.caller()?.0, now())))
    }

    /// Who calls, and the region of the profile if it is one. A profile that was named wins over the environment.
    fn caller(&self) -> Result<(Caller, Option<String>), Failure> {
        let (id, secret) = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET");
        let caller = match (&self.profile, variable(id), variable(secret)) {
            (None, Some(access_key_id), Some(secret)) => {
                let security_token = variable("ALIBABA_CLOUD_SECURITY_TOKEN").map(Secret::new);
                (Caller { access_key_id, secret: Secret::new(secret), security_token }, None)
            }
            (None, Some(_), None) => return Err(half(id, secret)),
            (None, None, Some(_)) => return Err(half(secret, id)),
            _ => self.of_profile()?,
        };
        require_header_text(&caller.0)?;
        Ok(caller)
    }

    fn of_profile(&self) -> Result<(Caller, Option<String>), Failure> {
        let named = self.profile.clone().or_else(|| variable("ALIBABA_CLOUD_PROFILE"));
        let path = variable("HOME").map(|home| Path::new(&home).join(".aliyun/config.json"));
        let found = path.map(|path| profile::read(&path, named.as_deref())).transpose()?.flatten();
        found.map(|found| (found.caller, found.region)).ok_or_else(|| {
            Failure::new(Reason::Configuration, "there is no access key").next(
                "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or write a profile with \
                 `aliyun configure`; `coffer serve` showed the first access key when it made its data directory",
            )
        })
    }
}

fn half(there: &str, missing: &str) -> Failure {
    Failure::new(Reason::Configuration, format!("{there} is set and {missing} is not")).next("set both, or neither")
}

/// They become part of HTTP headers.
fn require_header_text(caller: &Caller) -> Result<(), Failure> {
    let token = caller.security_token.as_ref().map_or("", |token| token.expose().as_str());
    let is_text = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_text(&caller.access_key_id) && is_text(token) {
        return Ok(());
    }
    Err(Failure::new(
        Reason::Configuration,
        "the access key id or the security token holds blanks or control characters",
    )
    .next("look where it was copied from"))
}

/// Host and port of an endpoint, and whether TLS is spoken there.
fn address(endpoint: &str) -> Result<(String, bool), Failure> {
    let (rest, is_tls) = match (endpoint.strip_prefix("http://"), endpoint.strip_prefix("https://")) {
        (Some(rest), _) => (rest, false),
        (_, Some(rest)) => (rest, true),
        _ => (endpoint, false),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let host_text = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte));
    if rest.is_empty() || !host_text(rest) {
        return Err(Failure::new(Reason::Configuration, format!("{endpoint} is not an endpoint"))
            .next("give a URL of host and port, for example --endpoint http://127.0.0.1:7600"));
    }
    // A colon within brackets belongs to an IPv6 address.
    let has_port = rest.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    let address = if has_port { rest.to_owned() } else { format!("{rest}:{}", if is_tls { 443 } else { 80 }) };
    Ok((address, is_tls))
}

/// Trust in those who signed, or in those that the system trusts.
pub(crate) fn trust(ca: Option<&Path>) -> Result<Arc<ClientConfig>, Failure> {
    let wrong = |what: String| {
        Failure::new(Reason::Configuration, what)
            .next("give the server's ca.pem, from its data directory, with --ca FILE")
    };
    let own = ca.map(Path::to_owned).or_else(|| variable("SSL_CERT_FILE").map(PathBuf::from));
    let system = || SYSTEM_CERTIFICATES.iter().map(PathBuf::from).find(|path| path.exists());
    let path = own.or_else(system).ok_or_else(|| wrong("this system has no certificates to trust".to_owned()))?;
    let mut roots = RootCertStore::empty();
    let read = CertificateDer::pem_file_iter(&path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| wrong(format!("{}: {error}", path.display())))?;
    if roots.add_parsable_certificates(certificates).0 == 0 {
        return Err(wrong(format!("{} holds no certificate", path.display())));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| wrong(error.to_string()))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

impl Session {
    /// Calls an action: what it answered, or the server's refusal.
    pub(crate) fn call(
        &mut self,
        product: Product,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Value, Failure> {
        let outcome = self.client.call(product.version(), action, parameters);
        let answer = outcome.map_err(|error| unreachable(&self.endpoint, &error))?;
        for warning in &answer.warnings {
            eprintln!("coffer: warning: {}", plain(warning));
        }
        if answer.status == 200 { Ok(answer.body) } else { Err(refusal(action, &answer.body)) }
    }

    /// Calls an action of ECS in the region.
    pub(crate) fn ecs(&mut self, action: &str, parameters: &[(&str, &str)]) -> Result<Value, Failure> {
        let region = self.region.id();
        self.call(Product::Ecs, action, &[&[("RegionId", region)], parameters].concat())
    }

    /// All items of a listing, at `[outer][inner]` of its pages.
    pub(crate) fn list(
        &mut self,
        (product, action): (Product, &str),
        parameters: &[(&str, &str)],
        (outer, inner): (&str, &str),
    ) -> Result<Vec<Value>, Failure> {
        let (region, size, mut items) = (self.region.id(), PAGE.to_string(), Vec::new());
        for page in 1usize.. {
            let number = page.to_string();
            let mut asked = vec![("PageNumber", number.as_str()), ("PageSize", &size)];
            asked.extend((product != Product::Kms).then_some(("RegionId", region)));
            asked.extend_from_slice(parameters);
            let answer = self.call(product, action, &asked)?;
            let found = answer[outer][inner].as_array().map(Vec::as_slice).unwrap_or_default();
            items.extend_from_slice(found);
            if found.len() < PAGE {
                break;
            }
        }
        Ok(items)
    }
}

fn unreachable(endpoint: &str, error: &io::Error) -> Failure {
    let next = if error.to_string().contains("invalid peer certificate") {
        "a server with the certificate it made itself is trusted by its ca.pem: give that with --ca FILE"
    } else {
        "is `coffer serve` running there? --endpoint or COFFER_ENDPOINT say where it is"
    };
    Failure::new(Reason::Unreachable, format!("{endpoint} can't be asked: {}", chain(error))).next(next)
}

fn refusal(action: &str, body: &Value) -> Failure {
    let text = |name: &str| body[name].as_str().unwrap_or("-").to_owned();
    let (code, request_id) = (text("Code"), text("RequestId"));
    let failure = Failure::refused(&code, format!("{action}: {code}: {} (request {request_id})", text("Message")));
    let next = match code.as_str() {
        "InvalidAccessKeyId.NotFound" | "InvalidAccessKeyId.Inactive" => {
            "the server does not know that access key as a valid one: is it of another server?"
        }
        "SignatureDoesNotMatch" | "IncompleteSignature" => {
            "the secret is not the access key's: look where it was copied from"
        }
        "InvalidSecurityToken.Expired" | "InvalidSecurityToken.Malformed" => {
            "ask for new temporary credentials with sts AssumeRole"
        }
        "InvalidTimeStamp.Expired" => "the clocks of this machine and of the server differ",
        _ if code.starts_with("NoPermission") || code.starts_with("Forbidden.RAM") || code == "Forbidden" => {
            return failure.next(format!("the caller's policies must allow {action}"));
        }
        code => match hints::of(code) {
            Some(hint) => hint,
            None => return failure,
        },
    };
    failure.next(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_and_a_port_with_or_without_a_scheme() {
        for (text, host, tls) in [
            ("http://127.0.0.1:7600", "127.0.0.1:7600", false),
            ("127.0.0.1:7600", "127.0.0.1:7600", false),
            ("https://coffer.example/", "coffer.example:443", true),
            ("http://coffer.example", "coffer.example:80", false),
            ("https://[::1]:7600", "[::1]:7600", true),
            ("https://[::1]", "[::1]:443", true),
        ] {
            assert_eq!(address(text).unwrap(), (host.to_owned(), tls), "{text}");
        }
        for text in ["", "http://", "http://a/b", "ftp://a", "a b", "http://user@a"] {
            let failure = address(text).unwrap_err();
            assert!(failure.text().contains("--endpoint"), "{text}");
        }
    }

    #[test]
    fn a_refusal_says_code_message_request_and_what_to_do() {
        let body = serde_json::json!({"Code": "SignatureDoesNotMatch", "Message": "No.", "RequestId": "R-1"});
        let failure = refusal("DescribeDisks", &body);
        assert!(failure.is_refusal("SignatureDoesNotMatch") && failure.reason() == Reason::Refused);
        assert!(failure.text().contains("DescribeDisks: SignatureDoesNotMatch: No. (request R-1)"));
        assert!(failure.text().contains("look where it was copied from"));
        let body = serde_json::json!({"Code": "InvalidParameter.KMSKeyId.CMKNotEnabled", "Message": "No."});
        assert!(refusal("AttachDisk", &body).text().contains("coffer key enable"));
        let body = serde_json::json!({"Code": "Forbidden.RAM", "Message": "No."});
        assert!(refusal("AttachDisk", &body).text().contains("must allow AttachDisk"));
    }

    #[test]
    fn what_can_not_stand_in_a_header_is_refused() {
        let caller = |id: &str, token: Option<&str>| Caller {
            access_key_id: id.to_owned(),
            secret: Secret::new("s".to_owned()),
            security_token: token.map(|token| Secret::new(token.to_owned())),
        };
        assert!(require_header_text(&caller("LTAI", Some("a+b/c="))).is_ok());
        assert!(require_header_text(&caller("LTAI\r\nx: y", None)).is_err());
        assert!(require_header_text(&caller("LTAI", Some("a b"))).is_err());
    }
}
