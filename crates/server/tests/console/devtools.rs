//! Chromium without a screen, driven over a pipe by the DevTools protocol: JSON messages that end in a zero byte.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::site::Site;

/// A browser with one page.
pub(crate) struct Chromium {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    last_id: u64,
    events: VecDeque<Value>,
    /// What the page complained about: its policy, its scripts.
    pub(crate) complaints: Vec<String>,
}

impl Chromium {
    pub(crate) fn start(site: &Site) -> Self {
        let mut shell = site.command("sh");
        // The pipe of the protocol is on descriptors 3 and 4.
        let run = "exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
                   --no-first-run --remote-debugging-pipe --user-data-dir=\"$1\" about:blank 3<&0 4>&1 </dev/null >/dev/null 2>&1";
        shell.args(["-c", run, "sh"]).arg(site.folder.join("profile"));
        let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (session, events) = (None, VecDeque::new());
        let mut browser = Self { child, to, from, session, last_id: 0, events, complaints: Vec::new() };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.ask("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "chromium has ended");
        let message: Value = serde_json::from_slice(&message).unwrap();
        if matches!(message["method"].as_str(), Some("Runtime.exceptionThrown" | "Log.entryAdded")) {
            self.complaints.push(message["params"].to_string());
        }
        message
    }

    /// Sends a command and waits for its result.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let message = self.read();
            if message["id"] == self.last_id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push_back(message);
        }
    }

    fn wait_for(&mut self, method: &str) {
        loop {
            let message = match self.events.pop_front() {
                Some(message) => message,
                None => self.read(),
            };
            if message["method"] == method {
                return;
            }
        }
    }

    /// Opens a page, and waits until it has loaded.
    pub(crate) fn open(&mut self, url: &str) {
        self.events.clear();
        self.ask("Page.navigate", json!({"url": url}));
        self.wait_for("Page.loadEventFired");
    }

    /// Waits until another page has loaded.
    pub(crate) fn wait_for_page(&mut self) {
        self.wait_for("Page.loadEventFired");
    }

    /// What an expression comes to; a promise is waited for.
    pub(crate) fn run(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.ask("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Asks again and again until that is so, for a minute at most.
    pub(crate) fn until(&mut self, so: &str) {
        let is_so = (0..3000).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            self.run(so) == true
        });
        assert!(is_so, "it does not come to {so}");
    }

    /// How wide the window is, and which colours are preferred.
    pub(crate) fn look(&mut self, scheme: &str, width: u32) {
        let size = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500});
        self.ask("Emulation.setDeviceMetricsOverride", size);
        let preferred = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.ask("Emulation.setEmulatedMedia", preferred);
    }

    /// Writes a picture of the whole page.
    pub(crate) fn picture(&mut self, path: &Path) {
        let picture = self.ask("Page.captureScreenshot", json!({"format": "png", "captureBeyondViewport": true}));
        fs::write(path, BASE64.decode(picture["data"].as_str().unwrap()).unwrap()).unwrap();
    }
}

impl Drop for Chromium {
    /// Ends it in order: helpers of a browser that was killed write into its profile for a while, which is in the way of who removes that.
    fn drop(&mut self) {
        let asked = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        if asked.is_err() || std::thread::panicking() {
            self.child.kill().unwrap();
        }
        // Until its end of the pipe is closed it may wait for somebody to read.
        self.from.read_to_end(&mut Vec::new()).unwrap();
        self.child.wait().unwrap();
    }
}
