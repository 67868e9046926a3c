//! The text of an operation that is still to be written.

use std::collections::{BTreeMap, BTreeSet};

use coffer_base::ErrorCode;
use serde_json::Value;

use crate::name::{snake_case, type_name};

/// Parameters of every operation of ECS that the signature makes pointless (`metadata/exceptions.json`), and the one that `dispatch`
/// reads for all operations.
const NOT_IN_REQUESTS: [&str; 5] =
    ["ClientToken", "OwnerAccount", "OwnerId", "ResourceOwnerAccount", "ResourceOwnerId"];
const READS: [&str; 5] = ["Check", "Describe", "Get", "List", "Query"];
const KEYWORDS: [&str; 5] = ["enum", "match", "ref", "type", "use"];

/// A request's and a response's structures while they are written.
#[derive(Default)]
struct Text {
    /// Fields of the request.
    fields: Vec<String>,
    /// Types of parameters.
    types: Vec<String>,
    /// Structures of the response, the outermost first.
    structures: Vec<String>,
    names: BTreeSet<String>,
}

/// The file of an operation. `errors` are the documented ones: rows of status, code and message, or null.
pub(super) fn operation(product: &str, action: &str, description: &Value, errors: &Value) -> String {
    let mut text = Text::default();
    text.names.extend(["Request".to_owned(), "Response".to_owned()]);
    for (name, parameter) in members(&description["parameters"]) {
        if !(NOT_IN_REQUESTS.contains(&name) || product == "ecs" && name == "RegionId") {
            text.parameter(name, parameter);
        }
    }
    let in_region = product == "ecs" && !description["parameters"]["RegionId"].is_null();
    if in_region {
        let required = description["parameters"]["RegionId"]["required"] == true;
        text.field("region", &optional("KnownRegion".to_owned(), required), "RegionId");
    }
    text.structure("Response".to_owned(), &description["response"]);
    let (declared, unknown) = declared(errors);
    let (fields, types, structures) = (text.fields.concat(), text.types.concat(), text.structures.join("\n"));
    let lists = types.contains("impl Field");
    let decode = [
        (lists, "Field"),
        (types.contains("Invalid>"), "Invalid"),
        (types.contains("impl Parameter"), "Parameter"),
        (lists, "Reader"),
        (true, "request"),
    ];
    let decode: Vec<_> = decode.iter().filter(|(used, _)| *used).map(|(_, name)| *name).collect();
    let effect = if READS.iter().any(|word| action.starts_with(word)) { "Read" } else { "Write" };
    let idempotent = !description["parameters"]["ClientToken"].is_null();
    format!(
        "//! {action}: TODO: what the vendor promises, and what was chosen where it is silent.

{maps}use coffer_base::{{ApiError, Arn, ErrorCode}};

{region}use crate::context::Cx;
use crate::decode::{{{decode}}};
use crate::operation::{{Access, Effect, Operation}};
use crate::value::response;

request! {{
    /// TODO
    pub struct Request {{
{fields}    }}
}}

{types}response! {{
{structures}}}

/// What it declares.
pub const OPERATION: Operation = Operation {{
    name: \"{action}\",
    effect: Effect::{effect},
    access: Access::Action(\"{product}:{action}\"),
    idempotent: {idempotent},
    errors: OWN_ERRORS,
}};

{unknown}const OWN_ERRORS: &[&[ErrorCode]] = &[&[{declared}]];

/// What a policy must allow it on.
pub fn resources(_cx: &mut Cx<'_>, _request: &Request) -> Result<Vec<Arn>, ApiError> {{
    todo!(\"the resources of {action}\")
}}

/// Does it.
pub fn run(_cx: &mut Cx<'_>, _request: Request) -> Result<Response, ApiError> {{
    todo!(\"{action}\")
}}
",
        maps = if types.contains("BTreeMap") { "use std::collections::BTreeMap;\n\n" } else { "" },
        region = if in_region { "use super::parameter::KnownRegion;\n" } else { "" },
        decode = decode.join(", "),
        unknown = unknown.into_iter().collect::<String>(),
        declared = declared.into_iter().collect::<String>(),
    )
}

/// A sample: an arm with every required parameter.
pub(super) fn sample(action: &str, description: &Value) -> String {
    let required = members(&description["parameters"]).filter(|(_, parameter)| parameter["required"] == true);
    let pairs: Vec<_> = required.map(|(name, _)| format!("(\"{name}\", \"TODO\")")).collect();
    match pairs[..] {
        [] => format!("\"{action}\" => Vec::new(),\n            "),
        _ => format!("\"{action}\" => owned(&[{}]),\n            ", pairs.join(", ")),
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn optional(kind: String, required: bool) -> String {
    if required { kind } else { format!("Option<{kind}>") }
}

fn field_name(name: &str) -> String {
    let name = snake_case(name);
    if KEYWORDS.contains(&name.as_str()) { format!("r#{name}") } else { name }
}

/// The documented errors that the catalogue has, one a line, and a comment on each of the others.
fn declared(errors: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut known, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for row in errors.as_array().into_iter().flatten() {
        let code = row[1].as_str().unwrap_or_default();
        let same = |ours: &&ErrorCode| row[0] == ours.status() && ours.template().0 == code;
        match ErrorCode::ALL.iter().find(same) {
            Some(ours) => known.insert(format!("\n    ErrorCode::{ours:?},")),
            None => unknown.insert(format!("// TODO: not in the catalogue yet: {} {code}\n", row[0])),
        };
    }
    (known, unknown)
}

impl Text {
    fn field(&mut self, field: &str, kind: &str, name: &str) {
        self.fields.push(format!("        /// TODO\n        pub {field}: {kind} = \"{name}\",\n"));
    }

    fn parameter(&mut self, name: &str, parameter: &Value) {
        let required = parameter["required"] == true;
        let kind = match parameter["type"].as_str().unwrap_or_default() {
            "String" => optional("String".to_owned(), required),
            "Integer" | "Long" => optional("i64".to_owned(), required),
            "Boolean" => optional("bool".to_owned(), required),
            "RepeatList" => self.list(name, parameter, required),
            other => optional(self.raw(name, other), required),
        };
        self.field(&field_name(name), &kind, name);
    }

    /// A name for a type that the file does not have yet.
    fn unused(&mut self, name: &str) -> String {
        let free = (1..).map(|n| if n == 1 { type_name(name) } else { format!("{}{n}", type_name(name)) });
        let name = free.into_iter().find(|name| !self.names.contains(name)).unwrap_or_default();
        self.names.insert(name.clone());
        name
    }

    /// The type of a list: it says itself whether it is required.
    fn list(&mut self, name: &str, parameter: &Value, required: bool) -> String {
        let kind = self.unused(&format!("{name} List"));
        let members: Vec<_> = members(&parameter["items"]).map(|(name, _)| format!("\"{name}\"")).collect();
        let (element, read) = match members[..] {
            [] => ("String", "items(name, MOST)?.into_iter().map(str::to_owned)"),
            _ => (
                "BTreeMap<String, String>",
                "structures(name, MOST)?.into_iter().map(|element| element.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())",
            ),
        };
        let constant = format!("MOST_{}", snake_case(&kind).to_uppercase());
        let (read, members) = (read.replace("MOST", &constant), members.join(", "));
        self.types.push(format!(
            "/// TODO: most elements of `{name}`.
const {constant}: usize = 100;

/// `{name}.N`, each as it was sent. TODO: parse, don't validate.
#[derive(Debug)]
pub struct {kind}(pub Vec<{element}>);

impl Field for {kind} {{
    const KIND: &'static str = \"RepeatList\";
    const REQUIRED: bool = {required};
    const MEMBERS: &'static [&'static str] = &[{members}];

    fn read(reader: &Reader<'_>, name: &'static str) -> Result<Self, ApiError> {{
        let elements: Vec<_> = reader.{read}.collect();
        {missing}Ok(Self(elements))
    }}
}}

",
            missing =
                if required { "if elements.is_empty() { return Err(reader.missing(name)); }\n        " } else { "" },
        ));
        kind
    }

    /// A parameter of a type that is written as text and has no Rust type of its own here.
    fn raw(&mut self, name: &str, vendors: &str) -> String {
        let kind = self.unused(&format!("{name} {vendors}"));
        self.types.push(format!(
            "/// `{name}` as it was sent. TODO: parse, don't validate.
#[derive(Debug)]
pub struct {kind}(pub String);

impl Parameter for {kind} {{
    const KIND: &'static str = \"{vendors}\";

    fn from_text(text: &str) -> Result<Self, Invalid> {{
        Ok(Self(text.to_owned()))
    }}
}}

"
        ));
        kind
    }

    /// A structure of the response with those inside it. `RequestId` is everyone's.
    fn structure(&mut self, kind: String, shape: &Value) {
        let place = self.structures.len();
        self.structures.push(String::new());
        let mut fields = BTreeMap::new();
        for (name, value) in members(shape).filter(|(name, _)| *name != "RequestId") {
            let line = match self.reply(name, value) {
                Some(kind) => format!("        /// TODO\n        pub {}: {kind},\n", field_name(name)),
                None => format!("        // TODO: `{name}`, of a type that no reply has yet: {value}\n"),
            };
            fields.insert(name, line);
        }
        let fields: String = fields.into_values().collect();
        let body = if fields.is_empty() { "{}".to_owned() } else { format!("{{\n{fields}    }}") };
        self.structures[place] = format!("    /// TODO\n    pub struct {kind} {body}\n");
    }

    /// A member's type and name, `Option` since the metadata does not tell what is always there.
    fn reply(&mut self, name: &str, value: &Value) -> Option<String> {
        // A list in the vendor's wrapper: `{"Disks": {"Disk": [...]}}`.
        if let Some((item, list)) = members(value).next().filter(|_| members(value).count() == 1)
            && let Some(element) = list.get(0)
        {
            return Some(format!("Vec<{}> = \"{name}\" of \"{item}\"", self.element(item, element)?));
        }
        let kind = match value.get(0) {
            Some(element) => format!("Vec<{}>", self.element(name, element)?),
            None => format!("Option<{}>", self.element(name, value)?),
        };
        Some(format!("{kind} = \"{name}\""))
    }

    fn element(&mut self, name: &str, value: &Value) -> Option<String> {
        match value.as_str() {
            Some("string") => Some("String".to_owned()),
            Some("integer") => Some("i64".to_owned()),
            Some("boolean") => Some("bool".to_owned()),
            None if value.is_object() => {
                let kind = self.unused(&format!("{name} Item"));
                self.structure(kind.clone(), value);
                Some(kind)
            }
            _ => None,
        }
    }
}
