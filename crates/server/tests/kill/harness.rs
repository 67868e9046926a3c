//! A server as a process that can be killed, and clients of it.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use coffer_base::{Secret, Timestamp};

use crate::client::{Caller, Client, Endpoint};

pub(crate) const ECS: &str = "2014-05-26";
pub(crate) const KMS: &str = "2016-01-20";
const ID: &str = "LTAIkillkillkillkillkill";
const SECRET: &str = "killkillkillkillkillkillkillki";

#[expect(clippy::disallowed_methods, reason = "requests to a real server carry the real time")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap())
}

pub(crate) struct Server {
    pub(crate) child: Child,
    address: String,
}

impl Server {
    /// Starts it by a command that lacks only arguments.
    pub(crate) fn launch(mut command: Command, data: &Path) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        command
            .args(["serve", "--listen", &address, "--data"])
            .arg(data)
            .env("COFFER_ROOT_ACCESS_KEY_ID", ID)
            .env("COFFER_ROOT_ACCESS_KEY_SECRET", SECRET)
            .stdout(Stdio::null());
        let child = command.spawn().unwrap();
        let server = Self { child, address };
        for _ in 0..2000 {
            if TcpStream::connect(&server.address).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server did not come back after a kill");
    }

    pub(crate) fn client(&self) -> Client {
        let endpoint = Endpoint { address: self.address.clone(), tls: None };
        let secret = Secret::new(SECRET.to_owned());
        Client::new(endpoint, Caller { access_key_id: ID.to_owned(), secret, security_token: None }, now)
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
