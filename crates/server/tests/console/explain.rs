//! Why something was refused, from the audit or by asking.

use crate::http::Browser;
use crate::site::{ID, RAM, SECRET, Site};

/// A user with a policy that denies, and a caller of hers.
fn alice(site: &Site) -> (String, String) {
    let root = |action: &str, parameters: &[(&str, &str)]| site.call((ID, SECRET), RAM, action, parameters);
    let named = ("UserName", "alice");
    root("CreateUser", &[named]);
    let policy = r#"{"Version":"1","Statement":[
        {"Effect":"Allow","Action":"kms:Describe*","Resource":"*"},
        {"Effect":"Allow","Action":"kms:*","Resource":"*"},
        {"Effect":"Deny","Action":"kms:DisableKey","Resource":"*"}]}"#;
    root("CreatePolicy", &[("PolicyName", "careful"), ("PolicyDocument", policy)]);
    root("AttachPolicyToUser", &[named, ("PolicyName", "careful"), ("PolicyType", "Custom")]);
    let made = root("CreateAccessKey", &[named]);
    let text = |name: &str| made["AccessKey"][name].as_str().unwrap().to_owned();
    (text("AccessKeyId"), text("AccessKeySecret"))
}

/// The row of a statement in the table.
fn row(page: &str, place: &str) -> String {
    let is_it = |row: &&str| row.contains("careful") && row.contains(&format!("<td data-label=\"statement\">{place},"));
    page.split("<tr").find(is_it).expect("there is such a row").to_owned()
}

#[test]
fn a_refused_row_of_the_audit_leads_to_the_statement_that_decided() {
    let site = Site::new();
    let key = site.does(&["key", "create"]).trim().to_owned();
    let (id, secret) = alice(&site);
    let browser = Browser::of_root(&site);
    assert!(!browser.page("/console/audit").contains(">Explain</a></td>"), "nothing was refused yet");
    assert_eq!(Browser::of_key(&site, (&id, &secret)).act("DisableKey", &[("KeyId", &key)]).status, 403);
    let audit = browser.page("/console/audit?action=DisableKey");
    let link = audit.split("\">Explain</a></td>").next().unwrap().rsplit("href=\"").next().unwrap();
    let page = browser.page(&link.replace("&amp;", "&"));
    assert!(page.contains("kms:DisableKey <span class=\"badge plain\">Forbidden.NoPermission"), "{page}");
    assert!(page.contains("user/alice") && page.contains("<span class=\"badge bad\">refused</span>"), "{page}");
    assert!(row(&page, "0").contains("Action is not met"), "{page}");
    assert!(row(&page, "1").contains("matches</span>"), "{page}");
    assert!(row(&page, "2").contains("<span class=\"badge bad\">decides</span>"), "{page}");
}

#[test]
fn a_question_is_asked_by_principal_action_and_resource() {
    let site = Site::new();
    alice(&site);
    let browser = Browser::of_root(&site);
    let blank = browser.page("/console/explain");
    assert!(blank.contains("name=\"AuthResource.1\"") && !blank.contains("id=\"answer\""), "{blank}");
    let asked = "/console/explain?Principal=user/alice&AuthAction=kms:EnableKey&AuthResource.1=*&RequestId=";
    let page = browser.page(asked);
    assert!(page.contains("<span class=\"badge good\">allowed</span>"), "{page}");
    assert!(row(&page, "1").contains("<span class=\"badge good\">decides</span>"), "{page}");
    assert!(page.contains("value=\"user/alice\""), "the form keeps what was asked");
    let refused = browser.page("/console/explain?Principal=user/nobody&AuthAction=kms:EnableKey");
    assert!(refused.contains("class=\"refusal\""), "{refused}");
    let conditions =
        browser.page("/console/explain?Principal=root&AuthAction=kms:EnableKey&Context.1.Key=acs:SourceIp");
    assert!(conditions.contains("<details open>"), "{conditions}");
}
