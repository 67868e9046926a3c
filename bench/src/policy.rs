//! What policies cost: a decision by itself, and a signed read by a RAM user against one by the account, which no policy restricts.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use coffer_cloud::auth::policy::{Context, Decision, Grant, Layers, Policy, PolicyKind, decide};

use crate::calls::{self, Call, KMS};
use crate::request::{Signer, query};
use crate::server::{Data, Options, Server, cpu_s};
use crate::{ROUNDS, median, verdict};

const POLICIES: usize = 20;
const STATEMENTS: usize = 10;
const DECISIONS: u32 = 20_000;
const READS: usize = 40_000;
const RESOURCE: &str = "acs:kms:cn-hangzhou:1234567890123456:key/2a7a7f2e-5d9c-4c31-9d3c-0f3b3f6a9a01";

/// Which statements a decision has to look at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// Most are about other services, as in life.
    Some,
    /// Each is about the action and the resource, so that only its conditions keep it from allowing.
    All,
}

/// Twenty policies of ten statements, each with conditions; the very last statement alone allows.
pub(crate) fn some_policies() -> Vec<String> {
    documents(About::Some)
}

fn documents(about: About) -> Vec<String> {
    (0..POLICIES)
        .map(|policy| {
            let statements: Vec<_> = (0..STATEMENTS).map(|n| statement(policy * STATEMENTS + n, about)).collect();
            format!(r#"{{"Version":"1","Statement":[{}]}}"#, statements.join(","))
        })
        .collect()
}

fn statement(n: usize, about: About) -> String {
    const SERVICES: [&str; 5] = ["ecs", "oss", "kms", "ram", "log"];
    let last = n + 1 == POLICIES * STATEMENTS;
    let service = if last || about == About::All { "kms" } else { SERVICES[n % SERVICES.len()] };
    let actions = if service == "kms" {
        r#""kms:Describe*","kms:Encrypt","kms:Decrypt""#.to_owned()
    } else {
        format!(r#""{service}:Describe*","{service}:List*","{service}:Get{n}""#)
    };
    let resource = format!("acs:{service}:*:*:{}", if service == "kms" { "key/*" } else { "*" });
    let conditions = match n % 4 {
        _ if last => r#""IpAddress":{"acs:SourceIp":["10.0.0.0/8","127.0.0.0/8"]}"#.to_owned(),
        0 => format!(r#""IpAddress":{{"acs:SourceIp":["10.{}.0.0/16","192.168.0.0/24"]}}"#, n % 250),
        1 => r#""Bool":{"acs:SecureTransport":"true"},"StringLike":{"acs:UserAgent":"Terraform/*"}"#.to_owned(),
        2 => format!(r#""DateLessThan":{{"acs:CurrentTime":"20{:02}-01-01T00:00:00Z"}}"#, n % 20),
        _ => format!(r#""StringEquals":{{"acs:PrincipalARN":"acs:ram::1234567890123456:user/u{n}"}}"#),
    };
    format!(r#"{{"Effect":"Allow","Action":[{actions}],"Resource":"{resource}","Condition":{{{conditions}}}}}"#)
}

/// Measures both: `[--calls N]`, N in a round of reads.
pub(crate) fn run(binary: &Path, arguments: &[String]) -> Result<(), Box<dyn Error>> {
    println!(
        "\n| decision over {POLICIES} policies of {STATEMENTS} statements with conditions | ns of processor time, by round | median | bar |"
    );
    println!("| --- | --- | --- | --- |");
    decision("a third of them about the action's service or all", About::Some)?;
    decision("every statement about the action and the resource", About::All)?;
    match arguments {
        [] => reads(binary, READS),
        [flag, calls] if flag == "--calls" => reads(binary, calls.parse()?),
        _ => Err("policy [--calls N]".into()),
    }
}

fn decision(name: &str, about: About) -> Result<(), Box<dyn Error>> {
    let parse = |text: String| Policy::parse(&text, PolicyKind::Identity).map(Arc::new);
    let policies: Vec<_> = documents(about).into_iter().map(parse).collect::<Result<_, _>>()?;
    let layers = Layers { grant: Grant::Account, foreign: false, session: None, identity: Some(&policies) };
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let before_s = cpu_s(Path::new("/proc/thread-self"))?;
        for _ in 0..DECISIONS {
            // What a request brings is made anew with each: it is part of what a decision costs.
            let context = Context::new()
                .with("acs:UserAgent", "aliyun-sdk/1.0")
                .with("acs:CurrentTime", "2026-03-01T12:00:00Z")
                .with("acs:SecureTransport", "false")
                .with("acs:SourceIp", "127.0.0.1")
                .with("acs:PrincipalARN", "acs:ram::1234567890123456:user/bench");
            let decision = decide(black_box(&layers), black_box("kms:DescribeKey"), black_box(RESOURCE), &context);
            assert_eq!(decision, Decision::Allowed, "the last statement allows");
        }
        if round > 0 {
            let used_s = cpu_s(Path::new("/proc/thread-self"))? - before_s;
            rounds.push(used_s * 1e9 / f64::from(DECISIONS));
        }
    }
    let figure = median(rounds.clone());
    println!("| {name} | {} | {figure:.0} | 5000: {} |", crate::list(&rounds), verdict(figure, 5000.0, false));
    Ok(())
}

fn reads(binary: &Path, calls: usize) -> Result<(), Box<dyn Error>> {
    let data = Data::new("policy")?;
    let server = Server::start(binary, &data, Options { threads: 1, ..Options::default() })?;
    let root = Signer::new(server.address.clone());
    let key = calls::call(&root, "CreateKey", KMS, &[])?;
    let key_id = calls::text(&key, &["KeyMetadata", "KeyId"])?;
    let user = calls::user(&root, "reader", &some_policies())?;
    let read = |name: &str, signer| Call {
        name: name.to_owned(),
        signer,
        action: "DescribeKey",
        version: KMS,
        queries: vec![query(&[("KeyId", &key_id)])],
    };
    let turns = [read("the account", &root), read("a RAM user with those policies", &user)];
    let figures = calls::alternate(&server, &turns, calls)?;
    println!(
        "\n| signed DescribeKey, one server core, by | requests/s, by round | median | CPU us | ratio, by CPU | bar |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    println!("{} | |", figures[0].row(&turns[0].name));
    let (ratio, cpu) = figures[1].against(&figures[0]);
    println!("{} {ratio:.2}, {cpu:.2} | 0.85: {} |", figures[1].row(&turns[1].name), verdict(ratio, 0.85, true));
    server.stop()
}
