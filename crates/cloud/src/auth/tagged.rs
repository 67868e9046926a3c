//! The tags of a resource in conditions.

use coffer_base::{AccountId, ApiError, Arn, Region};
use coffer_store::tags::Tag;
use coffer_store::{identities, ram_tags, secrets, tags};

use super::policy::Context;
use crate::context::Cx;

/// The context with the tags of a resource: `acs:ResourceTag/<key>`, and `<product>:tag/<key>`. Only its owner's tags count.
pub fn with_tags(cx: &Cx<'_>, resource: &Arn, context: &Context) -> Result<Context, ApiError> {
    let parts: Vec<&str> = resource.as_str().splitn(5, ':').collect();
    let [_, service, region, account, relative] = parts[..] else { return Ok(context.clone()) };
    let tags = borne(cx, service, region, account, relative)?;
    Ok(tags.iter().fold(context.clone(), |context, tag| with_tag(context, resource, tag)))
}

/// The context with one tag of a resource.
pub(super) fn with_tag(context: Context, resource: &Arn, Tag { key, value }: &Tag) -> Context {
    let service = resource.as_str().split(':').nth(1).unwrap_or_default();
    let context = context.with(&["acs:ResourceTag/", key].concat(), value.as_str());
    context.with(&[service, ":tag/", key].concat(), value.as_str())
}

fn borne(cx: &Cx<'_>, service: &str, region: &str, account: &str, relative: &str) -> Result<Vec<Tag>, ApiError> {
    let Some((kind, name)) = relative.split_once('/') else { return Ok(Vec::new()) };
    if service != "ram" && kind != "secret" {
        return Ok(tags::of_owned(cx.tx, account, name)?);
    }
    let Some(account) = AccountId::parse(account) else { return Ok(Vec::new()) };
    if service == "kms" {
        let Some(region) = Region::parse(region) else { return Ok(Vec::new()) };
        let secret = secrets::by_name(cx.tx, &account, region, name)?;
        return Ok(secret.map(|secret| tags::of(cx.tx, &secret.secret_id)).transpose()?.unwrap_or_default());
    }
    of_ram(cx, &account, kind, name)
}

/// The tags of what RAM has under a name. Tags hang on a name as it was first written; roles are found by theirs without case.
fn of_ram(cx: &Cx<'_>, account: &AccountId, kind: &str, name: &str) -> Result<Vec<Tag>, ApiError> {
    let role = if kind == "role" { identities::role(cx.tx, account, name)? } else { None };
    let name = role.as_ref().map_or(name, |role| &role.role_name);
    Ok(ram_tags::of(cx.tx, account, kind, name)?)
}
