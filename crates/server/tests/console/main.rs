//! The console of a real server: over HTTP as any program sees it, and in a browser. Chromium must be installed: `apt-get install chromium`.
#![allow(clippy::unwrap_used, reason = "a test")]

mod browser;
#[path = "../../src/client.rs"]
#[allow(dead_code, reason = "no test here looks at warnings")]
mod client;
mod dependants;
mod devtools;
mod explain;
mod findings;
mod forms;
mod http;
mod operator;
mod pages;
mod sign_in;
#[allow(dead_code, reason = "that of another test, which uses all of it")]
#[path = "../cli/site.rs"]
mod site;
