//! XML as SAML's messages need it, and no more: elements, attributes and text. What a signature could be dodged with - document types,
//! entities, comments, processing instructions, CDATA - is refused. Bounds keep what nobody signed yet from costing much.

use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Deepest nesting of elements.
const DEPTH: usize = 32;
/// Most elements of a document.
const ELEMENTS: usize = 4096;
/// Most namespaces in scope.
const NAMESPACES: usize = 64;
/// Most attributes of an element, declarations of namespaces among them.
const ATTRIBUTES: usize = 32;
/// What the prefix `xml` stands for in every document.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Prefixes and the namespaces they stand for; the empty prefix is the default.
type Scope = Vec<(String, String)>;

/// An element with its names resolved.
#[derive(Debug)]
pub struct Element {
    /// The prefix it is written with, or empty.
    pub prefix: String,
    /// Its name without the prefix.
    pub local: String,
    /// Its namespace, or empty.
    pub namespace: String,
    /// Its attributes, without the declarations of namespaces.
    pub attributes: Vec<Attribute>,
    /// What is in it.
    pub children: Vec<Node>,
    scope: Arc<Scope>,
}

/// An attribute with its name resolved.
#[derive(Debug)]
pub struct Attribute {
    /// The prefix it is written with, or empty.
    pub prefix: String,
    /// Its name without the prefix.
    pub local: String,
    /// Its namespace; empty without a prefix.
    pub namespace: String,
    /// Its value.
    pub value: String,
}

/// What is in an element.
#[derive(Debug)]
pub enum Node {
    /// An element.
    Element(Element),
    /// Text.
    Text(String),
}

impl Element {
    /// Whether it has this namespace and name.
    pub fn is(&self, (namespace, local): Name) -> bool {
        self.namespace == namespace && self.local == local
    }

    /// The elements right in it.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The one element of that name right in it: there may not be two.
    pub fn only(&self, name: Name) -> Option<&Self> {
        let mut found = self.elements().filter(|element| element.is(name));
        found.next().filter(|_| found.next().is_none())
    }

    /// Itself and every element below it.
    pub fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        let mut next = 0;
        while let Some(element) = all.get(next).copied() {
            all.extend(element.elements());
            next += 1;
        }
        all
    }

    /// The value of the attribute of that name that is in no namespace.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        let mut named = self.attributes.iter().filter(|attribute| attribute.namespace.is_empty());
        named.find(|attribute| attribute.local == local).map(|attribute| attribute.value.as_str())
    }

    /// Its text without blanks around it, if it holds nothing else.
    pub fn text(&self) -> Option<&str> {
        match self.children.as_slice() {
            [Node::Text(text)] => Some(text.trim()),
            _ => None,
        }
    }

    /// The namespace that a prefix stands for in it.
    pub fn namespace_of(&self, prefix: &str) -> Option<&str> {
        lookup(&self.scope, prefix)
    }
}

/// Namespace and local name.
pub type Name = (&'static str, &'static str);

fn lookup<'a>(scope: &'a Scope, prefix: &str) -> Option<&'a str> {
    scope.iter().rev().find(|(known, _)| known == prefix).map(|(_, namespace)| namespace.as_str())
}

/// Reads a document; `None` if it is not well-formed, or has what is refused.
pub fn parse(text: &str) -> Option<Element> {
    // As XML has it, ends of lines are told apart by nobody after this.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader::from_str(&text);
    reader.config_mut().expand_empty_elements = true;
    let (mut open, mut root, mut count) = (Vec::<Element>::new(), None, 0);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                count += 1;
                if count > ELEMENTS || open.len() >= DEPTH || root.is_some() {
                    return None;
                }
                open.push(element(&start, open.last())?);
            }
            Event::End(_) => {
                let closed = open.pop()?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(Node::Element(closed)),
                    None => root = Some(closed),
                }
            }
            Event::Text(text) => add(open.last_mut(), &decoded(std::str::from_utf8(&text).ok()?, false)?)?,
            Event::GeneralRef(name) => add(open.last_mut(), &referred(std::str::from_utf8(&name).ok()?)?.to_string())?,
            // Only what begins a document may say what it is.
            Event::Decl(_) if count == 0 => {}
            Event::Eof => return root.filter(|_| open.is_empty()),
            _ => return None,
        }
    }
}

/// Adds text to the element that is open. Outside of all there may be blanks.
fn add(open: Option<&mut Element>, text: &str) -> Option<()> {
    let Some(open) = open else { return text.trim().is_empty().then_some(()) };
    match open.children.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => open.children.push(Node::Text(text.to_owned())),
    }
    Some(())
}

fn element(start: &BytesStart<'_>, parent: Option<&Element>) -> Option<Element> {
    let (mut declared, mut written) = (Scope::new(), Vec::new());
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let value = decoded(std::str::from_utf8(&attribute.value).ok()?, true)?;
        match name(attribute.key.as_ref())? {
            ("", "xmlns") => declared.push((String::new(), value)),
            // A prefix can't be taken back, and those of XML itself can't be given away.
            ("xmlns", prefix) => {
                let kept = ["xml", "xmlns"].contains(&prefix) || value.is_empty() || value == XML;
                declared.push((!kept).then(|| (prefix.to_owned(), value))?);
            }
            (prefix, local) => written.push((prefix.to_owned(), local.to_owned(), value)),
        }
    }
    if declared.len() + written.len() > ATTRIBUTES {
        return None;
    }
    let scope = scope(declared, parent);
    if scope.len() > NAMESPACES {
        return None;
    }
    let resolved = |prefix: &str| match prefix {
        "" => Some(""),
        "xml" => Some(XML),
        prefix => lookup(&scope, prefix),
    };
    let mut attributes: Vec<Attribute> = Vec::with_capacity(written.len());
    for (prefix, local, value) in written {
        let namespace = resolved(&prefix)?.to_owned();
        // Two prefixes may stand for one namespace: the same attribute twice all the same.
        if attributes.iter().any(|known| known.local == local && known.namespace == namespace) {
            return None;
        }
        attributes.push(Attribute { prefix, local, namespace, value });
    }
    let tag = start.name();
    let (prefix, local) = name(tag.as_ref())?;
    let namespace = if prefix.is_empty() { lookup(&scope, "").unwrap_or_default() } else { resolved(prefix)? };
    let (prefix, local, namespace) = (prefix.to_owned(), local.to_owned(), namespace.to_owned());
    Some(Element { prefix, local, namespace, attributes, children: Vec::new(), scope })
}

/// What an element's prefixes stand for. One that declares nothing shares it with its parent.
fn scope(declared: Scope, parent: Option<&Element>) -> Arc<Scope> {
    let Some(parent) = parent else { return Arc::new(declared) };
    if declared.is_empty() {
        return Arc::clone(&parent.scope);
    }
    let mut scope = Scope::clone(&parent.scope);
    scope.retain(|(prefix, _)| !declared.iter().any(|(again, _)| again == prefix));
    scope.extend(declared);
    Arc::new(scope)
}

/// Prefix and local name. The messages of SAML are named in ASCII.
fn name(text: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(text).ok()?;
    let (prefix, local) = text.split_once(':').unwrap_or(("", text));
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    (is_name(local) && (is_name(prefix) || text == local)).then_some((prefix, local))
}

/// Text or the value of an attribute, with what is referred to in its place.
fn decoded(raw: &str, is_attribute: bool) -> Option<String> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '<' => return None,
            '&' => {
                let (reference, after) = rest.split_once(';')?;
                out.push(referred(reference)?);
                rest = after;
            }
            '\t' | '\n' if is_attribute => out.push(' '),
            c => out.push(Some(c).filter(|c| is_character(*c))?),
        }
    }
    Some(out)
}

/// What `&…;` stands for: one of the five that every document has, or a character's number.
fn referred(name: &str) -> Option<char> {
    let number = |digits: &str, radix: u32| {
        let plain = digits.len() <= 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten();
        number.and_then(char::from_u32).filter(|c| is_character(*c))
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
            (Some(digits), _) => number(digits, 16),
            (None, Some(digits)) => number(digits, 10),
            _ => None,
        },
    }
}

/// Production `Char` of XML 1.0.
const fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
