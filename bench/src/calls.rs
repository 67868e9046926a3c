//! Kinds of calls to one server, in alternating rounds: how many a second, and what each costs of the processor.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::load::{Load, whole_answer};
use crate::request::{Signer, query};
use crate::server::Server;
use crate::{CONNECTIONS, ROUNDS, list, median};

/// What can be called.
pub(crate) const KMS: &str = "2016-01-20";
/// The version of RAM.
pub(crate) const RAM: &str = "2015-05-01";
/// The version of STS.
pub(crate) const STS: &str = "2015-04-01";

/// A kind of call.
pub(crate) struct Call<'a> {
    /// As the table has it.
    pub(crate) name: String,
    /// Who calls.
    pub(crate) signer: &'a Signer,
    /// The action.
    pub(crate) action: &'static str,
    /// The version of its product.
    pub(crate) version: &'static str,
    /// Its parameters: of a request each, in turn.
    pub(crate) queries: Vec<String>,
}

/// What a kind of call came to.
pub(crate) struct Figures {
    /// Answered a second, by round.
    pub(crate) rates: Vec<f64>,
    /// Processor time of the server for one, in microseconds, by round.
    pub(crate) cpu_us: Vec<f64>,
}

impl Figures {
    /// The median rate.
    pub(crate) fn rate(&self) -> f64 {
        median(self.rates.clone())
    }

    /// The median processor time in microseconds.
    pub(crate) fn cpu(&self) -> f64 {
        median(self.cpu_us.clone())
    }

    /// Throughput against a neighbour in each round: the median; the same by processor time, which other work on the machine changes
    /// less.
    pub(crate) fn against(&self, other: &Self) -> (f64, f64) {
        let ratios = |ours: &[f64], theirs: &[f64]| median(ours.iter().zip(theirs).map(|(a, b)| a / b).collect());
        (ratios(&self.rates, &other.rates), ratios(&other.cpu_us, &self.cpu_us))
    }

    /// A row's beginning.
    pub(crate) fn row(&self, name: &str) -> String {
        format!("| {name} | {} | {:.0} | {:.1} |", list(&self.rates), self.rate(), self.cpu())
    }
}

/// Each kind in turn, `count` calls a round; the first round warms up.
pub(crate) fn alternate(server: &Server, calls: &[Call<'_>], count: usize) -> Result<Vec<Figures>, Box<dyn Error>> {
    let mut all: Vec<Figures> = calls.iter().map(|_| Figures { rates: Vec::new(), cpu_us: Vec::new() }).collect();
    for round in 0..=ROUNDS {
        for (call, figures) in calls.iter().zip(&mut all) {
            let (rate, cpu_us) = once(server, call, count)?;
            if round > 0 {
                figures.rates.push(rate);
                figures.cpu_us.push(cpu_us);
            }
        }
    }
    Ok(all)
}

/// One round: the rate, and what one call takes of the server's processor in microseconds.
pub(crate) fn once(server: &Server, call: &Call<'_>, count: usize) -> Result<(f64, f64), Box<dyn Error>> {
    let each = count.div_ceil(call.queries.len());
    let requests = call.queries.iter().flat_map(|query| call.signer.many(call.action, call.version, query, each));
    let requests: Vec<_> = requests.collect();
    let before_s = server.cpu_s()?;
    let rate = Load::run(call.signer.host(), &requests, CONNECTIONS)?.rate;
    Ok((rate, (server.cpu_s()? - before_s) * 1e6 / usize_f64(requests.len())))
}

#[expect(clippy::cast_precision_loss, reason = "a count of requests")]
const fn usize_f64(count: usize) -> f64 {
    count as f64
}

/// One call; its answer.
pub(crate) fn call(
    signer: &Signer,
    action: &'static str,
    version: &'static str,
    pairs: &[(&str, &str)],
) -> Result<Value, Box<dyn Error>> {
    let request = signer.many(action, version, &query(pairs), 1).remove(0);
    let mut stream = TcpStream::connect(signer.host())?;
    stream.write_all(&request)?;
    let mut answer = Vec::new();
    while whole_answer(&answer).is_none() {
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer)? {
            0 => return Err("the server closed a connection".into()),
            read => answer.extend_from_slice(&buffer[..read]),
        }
    }
    let text = String::from_utf8(answer)?;
    match text.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(serde_json::from_str(body)?),
        _ => Err(text.into()),
    }
}

/// Text in an answer, by the names that lead to it.
pub(crate) fn text(answer: &Value, path: &[&str]) -> Result<String, Box<dyn Error>> {
    let found = path.iter().try_fold(answer, |value, name| value.get(name));
    Ok(found.and_then(Value::as_str).ok_or_else(|| format!("no {path:?} in {answer}"))?.to_owned())
}

/// Most custom policies that a user may have, and a group.
const OF_USER: usize = 10;
const OF_GROUP: usize = 5;

/// A RAM user with these policies attached; those that are too many for a user, to its groups.
pub(crate) fn user(root: &Signer, name: &str, policies: &[String]) -> Result<Signer, Box<dyn Error>> {
    call(root, "CreateUser", RAM, &[("UserName", name)])?;
    for (n, document) in policies.iter().enumerate() {
        let policy = format!("{name}-{n}");
        call(root, "CreatePolicy", RAM, &[("PolicyName", &policy), ("PolicyDocument", document)])?;
        let attached = [("PolicyName", policy.as_str()), ("PolicyType", "Custom")];
        if n < OF_USER {
            call(root, "AttachPolicyToUser", RAM, &[attached[0], attached[1], ("UserName", name)])?;
            continue;
        }
        let group = format!("{name}-{}", (n - OF_USER) / OF_GROUP);
        if (n - OF_USER).is_multiple_of(OF_GROUP) {
            call(root, "CreateGroup", RAM, &[("GroupName", &group)])?;
            call(root, "AddUserToGroup", RAM, &[("GroupName", &group), ("UserName", name)])?;
        }
        call(root, "AttachPolicyToGroup", RAM, &[attached[0], attached[1], ("GroupName", &group)])?;
    }
    let key = call(root, "CreateAccessKey", RAM, &[("UserName", name)])?;
    let part = |part| text(&key, &["AccessKey", part]);
    Ok(Signer::of(root.host().to_owned(), part("AccessKeyId")?, part("AccessKeySecret")?))
}
