//! Profiles of the aliyun CLI's configuration, `~/.aliyun/config.json`.

use std::path::Path;

use coffer_base::Secret;
use serde::Deserialize;

use super::failure::{Failure, Reason};
use crate::client::Caller;

/// The file, as far as it is of interest here.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    current: String,
    #[serde(default)]
    profiles: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    access_key_id: String,
    #[serde(default)]
    access_key_secret: String,
    #[serde(default)]
    sts_token: String,
    #[serde(default)]
    region_id: String,
}

/// What a profile says.
pub(crate) struct Profile {
    /// Who calls.
    pub(crate) caller: Caller,
    /// The region, if it names one.
    pub(crate) region: Option<String>,
}

/// Reads a profile: the one of that name, or the file's current one. `None` without a file where no name was asked for.
pub(crate) fn read(path: &Path, name: Option<&str>) -> Result<Option<Profile>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, name).map(Some).map_err(|what| wrong(path, &what)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && name.is_none() => Ok(None),
        Err(error) => Err(wrong(path, &error.to_string())),
    }
}

fn wrong(path: &Path, what: &str) -> Failure {
    Failure::new(Reason::Configuration, format!("{}: {what}", path.display()))
        .next("`aliyun configure --mode AK --profile NAME` writes a profile; `coffer … --profile NAME` chooses one")
}

fn parse(text: &str, name: Option<&str>) -> Result<Profile, String> {
    // Where it stands is said, what stands there is not: it holds secrets.
    let at = |error: serde_json::Error| format!("line {}, column {} is not as expected", error.line(), error.column());
    let File { current, profiles } = serde_json::from_str(text).map_err(at)?;
    let name = name.unwrap_or(if current.is_empty() { "default" } else { &current });
    let names: Vec<String> = profiles.iter().map(|profile| profile.name.clone()).collect();
    let entry = profiles.into_iter().find(|profile| profile.name == name);
    let entry = entry.ok_or_else(|| format!("it has no profile `{name}`; it has: {}", names.join(", ")))?;
    let security_token = match entry.mode.as_str() {
        "AK" => None,
        "StsToken" if entry.sts_token.is_empty() => return Err(format!("profile `{name}` has no sts_token")),
        "StsToken" => Some(Secret::new(entry.sts_token)),
        mode => return Err(format!("profile `{name}` has the mode `{mode}`; AK and StsToken can be used here")),
    };
    if entry.access_key_id.is_empty() || entry.access_key_secret.is_empty() {
        return Err(format!("profile `{name}` has no access key"));
    }
    let (access_key_id, secret) = (entry.access_key_id, Secret::new(entry.access_key_secret));
    let region = Some(entry.region_id).filter(|region| !region.is_empty());
    Ok(Profile { caller: Caller { access_key_id, secret, security_token }, region })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
        "current": "temporary",
        "profiles": [
            {"name": "default", "mode": "AK", "access_key_id": "LTAI1", "access_key_secret": "s1",
             "region_id": "cn-beijing", "output_format": "json", "site": "china", "retry_count": 0},
            {"name": "temporary", "mode": "StsToken", "access_key_id": "STS.2", "access_key_secret": "s2",
             "sts_token": "t2", "region_id": ""},
            {"name": "role", "mode": "RamRoleArn", "access_key_id": "LTAI3", "access_key_secret": "s3"},
            {"name": "half", "mode": "AK", "access_key_id": "LTAI4"},
            {"name": "tokenless", "mode": "StsToken", "access_key_id": "STS.5", "access_key_secret": "s5"}
        ],
        "meta_path": ""
    }"#;

    #[test]
    fn the_current_profile_is_used_unless_another_is_named() {
        let current = parse(FILE, None).unwrap();
        assert_eq!((current.caller.access_key_id.as_str(), current.region), ("STS.2", None));
        assert_eq!(current.caller.security_token.unwrap().expose(), "t2");
        let named = parse(FILE, Some("default")).unwrap();
        assert_eq!((named.caller.access_key_id.as_str(), named.region.as_deref()), ("LTAI1", Some("cn-beijing")));
        assert!(named.caller.security_token.is_none() && named.caller.secret.expose() == "s1");
    }

    #[test]
    fn without_a_current_profile_it_is_the_default_one() {
        let text = FILE.replace("\"current\": \"temporary\",", "");
        assert_eq!(parse(&text, None).unwrap().caller.access_key_id, "LTAI1");
    }

    #[test]
    fn what_can_not_be_used_is_named_and_no_secret_is() {
        let problem = |name| parse(FILE, Some(name)).err().unwrap();
        assert!(problem("role").contains("`RamRoleArn`"));
        assert!(problem("half").contains("no access key"));
        assert!(problem("tokenless").contains("no sts_token"));
        assert!(problem("absent").contains("default, temporary, role, half, tokenless"));
        let broken = parse("{\"profiles\": [{\"name\": \"a\", \"access_key_secret\": [\"hidden\"]}]}", None);
        let broken = broken.err().unwrap();
        assert!(broken.contains("line 1") && !broken.contains("hidden"), "{broken}");
    }

    #[test]
    fn a_missing_file_matters_only_if_a_profile_was_asked_for() {
        let path = Path::new("/nowhere/config.json");
        assert!(read(path, None).unwrap().is_none());
        let failure = read(path, Some("default")).err().unwrap();
        assert_eq!(failure.reason(), Reason::Configuration);
        assert!(failure.text().contains("aliyun configure"));
    }
}
