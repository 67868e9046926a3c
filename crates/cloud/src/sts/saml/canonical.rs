//! Exclusive XML canonicalization 1.0 without comments: the one way to write an element of which a digest is made.

use super::xml::{Element, Node, XML};

/// Prefixes and namespaces as the output has them so far, the innermost last.
type Rendered<'a> = Vec<(&'a str, &'a str)>;

/// An element's bytes, without `omitted`. The namespaces of the prefixes `inclusive` are written where they are in scope, all others
/// only where they are used.
pub fn canonical(element: &Element, inclusive: &[&str], omitted: Option<&Element>) -> String {
    let mut out = String::new();
    write(&mut out, element, inclusive, omitted, &mut Vec::new());
    out
}

fn write<'a>(
    out: &mut String,
    element: &'a Element,
    inclusive: &[&'a str],
    omitted: Option<&Element>,
    rendered: &mut Rendered<'a>,
) {
    let known = rendered.len();
    let tag = qualified(&element.prefix, &element.local);
    out.push('<');
    out.push_str(&tag);
    for (prefix, namespace) in declarations(element, inclusive, rendered) {
        let name = if prefix.is_empty() { "xmlns".to_owned() } else { qualified("xmlns", prefix) };
        attribute(out, &name, namespace);
        rendered.push((prefix, namespace));
    }
    let mut attributes: Vec<_> = element.attributes.iter().collect();
    attributes.sort_by_key(|attribute| (&attribute.namespace, &attribute.local));
    for one in attributes {
        attribute(out, &qualified(&one.prefix, &one.local), &one.value);
    }
    out.push('>');
    for child in &element.children {
        match child {
            Node::Text(text) => escape(out, text, false),
            Node::Element(child) if omitted.is_some_and(|omitted| std::ptr::eq(omitted, child)) => {}
            Node::Element(child) => write(out, child, inclusive, omitted, rendered),
        }
    }
    out.push_str("</");
    out.push_str(&tag);
    out.push('>');
    rendered.truncate(known);
}

/// The namespaces to be declared here, in the order of their prefixes.
fn declarations<'a>(element: &'a Element, inclusive: &[&'a str], rendered: &Rendered<'a>) -> Vec<(&'a str, &'a str)> {
    let used = element.attributes.iter().filter(|attribute| !attribute.prefix.is_empty());
    let mut needed: Vec<(&str, &str)> =
        used.map(|attribute| (attribute.prefix.as_str(), attribute.namespace.as_str())).collect();
    needed.push((&element.prefix, &element.namespace));
    let listed = |prefix: &&'a str| Some((*prefix, element.namespace_of(prefix).or(prefix.is_empty().then_some(""))?));
    needed.extend(inclusive.iter().filter_map(listed));
    needed.sort_unstable();
    needed.dedup();
    needed.retain(|(prefix, namespace)| {
        let before = rendered.iter().rev().find(|(known, _)| known == prefix).map(|(_, namespace)| *namespace);
        // There is no default namespace until one is declared.
        *namespace != XML && before.unwrap_or_default() != *namespace
    });
    needed
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}

fn attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape(out, value, true);
    out.push('"');
}

fn escape(out: &mut String, text: &str, is_attribute: bool) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' if !is_attribute => out.push_str("&gt;"),
            '"' if is_attribute => out.push_str("&quot;"),
            '\t' if is_attribute => out.push_str("&#x9;"),
            '\n' if is_attribute => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(c),
        }
    }
}
