//! A reply as bytes: JSON, or XML as the vendor lays it out (lists repeat their element inside the wrapper).

use std::borrow::Cow;

use coffer_base::ApiError;
use coffer_base::error::AccessDenied;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use crate::exchange::{About, Outgoing};
use crate::product::Product;
use crate::value::Value;

/// How a reply is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/json;charset=utf-8`.
    Json,
    /// `text/xml;charset=utf-8`.
    Xml,
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json;charset=utf-8",
            Self::Xml => "text/xml;charset=utf-8",
        }
    }
}

/// A success: the operation's members, and the request's id first.
pub fn success(format: Format, product: Product, action: &'static str, request_id: String, reply: Value) -> Outgoing {
    let mut members = vec![(Cow::Borrowed("RequestId"), Value::Text(request_id.clone().into()))];
    if let Value::Object(own) = reply {
        members.extend(own);
    }
    let body = write(format, &product.xml_root(action), &Value::Object(members));
    let about = About { product: Some(product), action, code: "OK".into() };
    let warnings = Vec::new();
    Outgoing {
        status: 200,
        content_type: format.content_type(),
        request_id,
        warnings,
        retry_after_ms: None,
        body,
        about,
    }
}

/// An error. `host` is the endpoint as the client called it; `product` may be unknown this early.
pub fn failure(format: Format, product: Option<Product>, host: &str, request_id: String, error: &ApiError) -> Outgoing {
    let code = error.code_text();
    let recommend = format!(
        "https://api.aliyun.com/troubleshoot?q={code}&product={}&requestId={request_id}",
        product.map_or("", Product::code)
    );
    let mut members = vec![
        ("RequestId".into(), Value::Text(request_id.clone().into())),
        ("HostId".into(), Value::Text(host.to_owned().into())),
        ("Code".into(), Value::Text(code)),
        ("Message".into(), Value::Text(error.message())),
        ("Recommend".into(), Value::Text(recommend.into())),
    ];
    if product == Some(Product::Kms) {
        members.insert(0, ("HttpStatus".into(), Value::Integer(i64::from(error.status()))));
    }
    if let Some(detail) = error.access_denied() {
        members.push(("AccessDeniedDetail".into(), access_denied(detail)));
    }
    let body = write(format, "Error", &Value::Object(members));
    let about = About { product, action: "", code: error.code_text().into_owned().into() };
    Outgoing {
        status: error.status(),
        content_type: format.content_type(),
        request_id,
        warnings: Vec::new(),
        retry_after_ms: error.wait_ms(),
        body,
        about,
    }
}

fn access_denied(detail: &AccessDenied) -> Value {
    let text = |text: &str| Value::Text(text.to_owned().into());
    Value::Object(vec![
        ("AuthAction".into(), text(&detail.action)),
        ("AuthPrincipalType".into(), text(detail.principal_type)),
        ("AuthPrincipalOwnerId".into(), text(&detail.principal_owner_id)),
        ("AuthPrincipalDisplayName".into(), text(&detail.principal_display_name)),
        ("PolicyType".into(), text(detail.policy_type)),
        ("NoPermissionType".into(), text(detail.no_permission_type)),
        ("EncodedDiagnosticMessage".into(), text(&detail.message)),
    ])
}

fn write(format: Format, root: &str, value: &Value) -> Vec<u8> {
    match format {
        Format::Json => serde_json::to_vec(value).expect("a tree of text, numbers and truth values is always JSON"),
        Format::Xml => {
            let mut writer = Writer::new(Vec::with_capacity(512));
            write_document(&mut writer, root, value).expect("writing to memory does not fail");
            writer.into_inner()
        }
    }
}

fn write_document(writer: &mut Writer<Vec<u8>>, root: &str, value: &Value) -> std::io::Result<()> {
    // Single quotes, as real replies have them.
    writer.write_event(Event::Decl(BytesDecl::from_start(BytesStart::from_content(
        "xml version='1.0' encoding='UTF-8'",
        "xml".len(),
    ))))?;
    write_element(writer, root, value)
}

fn write_element(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value) -> std::io::Result<()> {
    match value {
        // A list has no element of its own: its items repeat the name. The vendor's wrapper is the object around it.
        Value::List(items) => {
            for item in items {
                write_element(writer, name, item)?;
            }
            Ok(())
        }
        Value::Object(members) => {
            writer.write_event(Event::Start(BytesStart::new(name)))?;
            for (member, value) in members {
                write_element(writer, member, value)?;
            }
            writer.write_event(Event::End(BytesEnd::new(name)))
        }
        Value::Boolean(yes) => write_text(writer, name, if *yes { "true" } else { "false" }),
        Value::Integer(n) => write_text(writer, name, &n.to_string()),
        // As in JSON: a whole one keeps its `.0`.
        Value::Number(n) => write_text(writer, name, &format!("{n:?}")),
        Value::Text(text) => write_text(writer, name, text),
    }
}

fn write_text(writer: &mut Writer<Vec<u8>>, name: &str, text: &str) -> std::io::Result<()> {
    writer.write_event(Event::Start(BytesStart::new(name)))?;
    // XML 1.0 has no way to write most control characters, not even escaped: they go out as U+FFFD.
    let clean = text.replace(
        |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}'),
        "\u{fffd}",
    );
    writer.write_event(Event::Text(BytesText::new(&clean)))?;
    writer.write_event(Event::End(BytesEnd::new(name)))
}

/// The answer to a request that could not even be read. JSON: what is known of the client is nothing.
pub fn early_failure(request_id: String, error: &ApiError) -> Outgoing {
    failure(Format::Json, None, "", request_id, error)
}

#[cfg(test)]
mod tests {
    use coffer_base::ErrorCode;

    use super::*;

    fn body(outgoing: Outgoing) -> String {
        String::from_utf8(outgoing.body).unwrap()
    }

    fn reply() -> Value {
        let region = |id: &'static str| Value::Object(vec![("RegionId".into(), Value::Text(id.into()))]);
        let list = Value::List(vec![region("a"), region("b<&>")]);
        let empty = Value::Object(vec![("Tag".into(), Value::List(vec![]))]);
        Value::Object(vec![("Regions".into(), Value::Object(vec![("Region".into(), list)])), ("Tags".into(), empty)])
    }

    #[test]
    fn a_success_is_written_as_the_vendor_writes_it() {
        let json = success(Format::Json, Product::Ecs, "DescribeRegions", "ID".to_owned(), reply());
        assert_eq!(json.content_type, "application/json;charset=utf-8");
        assert_eq!(
            body(json),
            r#"{"RequestId":"ID","Regions":{"Region":[{"RegionId":"a"},{"RegionId":"b<&>"}]},"Tags":{"Tag":[]}}"#
        );
        let xml = success(Format::Xml, Product::Ecs, "DescribeRegions", "ID".to_owned(), reply());
        assert_eq!(xml.content_type, "text/xml;charset=utf-8");
        assert_eq!(
            body(xml),
            "<?xml version='1.0' encoding='UTF-8'?><DescribeRegionsResponse><RequestId>ID</RequestId><Regions><Region>\
             <RegionId>a</RegionId></Region><Region><RegionId>b&lt;&amp;&gt;</RegionId></Region></Regions><Tags></Tags>\
             </DescribeRegionsResponse>"
        );
    }

    #[test]
    fn an_error_carries_what_every_client_reads() {
        let error = ApiError::new(ErrorCode::NonceUsed);
        let json = body(failure(Format::Json, Some(Product::Ecs), "127.0.0.1:80", "ID".to_owned(), &error));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        for (name, text) in [
            ("RequestId", "ID"),
            ("HostId", "127.0.0.1:80"),
            ("Code", "SignatureNonceUsed"),
            ("Message", "Specified signature nonce was used already."),
            ("Recommend", "https://api.aliyun.com/troubleshoot?q=SignatureNonceUsed&product=Ecs&requestId=ID"),
        ] {
            assert_eq!(value[name], text);
        }
    }

    #[test]
    fn control_characters_do_not_break_the_xml() {
        let value = Value::Object(vec![("Name".into(), Value::Text("a\u{0}b\u{8}".into()))]);
        let xml = body(success(Format::Xml, Product::Kms, "X", "ID".to_owned(), value));
        assert!(xml.starts_with("<?xml version='1.0' encoding='UTF-8'?><KMS>"));
        assert!(xml.contains("<Name>a\u{fffd}b\u{fffd}</Name>"));
    }
}
