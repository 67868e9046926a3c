//! A browser's requests without a browser.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;

use crate::site::Site;

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Self { status, headers: lines.filter_map(header).collect(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The cookie that it sets: `name=value`.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").expect("it sets a cookie").split(';').next().unwrap().to_owned()
    }

    /// The token in its forms.
    pub(crate) fn csrf(&self) -> String {
        let after = self.body.split("name=\"csrf\" value=\"").nth(1).expect("it has a form");
        after.split('"').next().unwrap().to_owned()
    }
}

/// A browser that has signed in, or not yet.
pub(crate) struct Browser<'a> {
    site: &'a Site,
    pub(crate) cookie: String,
}

/// The text of a request.
pub(crate) fn request(host: &str, cookie: &str, line: &str, headers: &[(&str, &str)], body: &str) -> String {
    let more: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncookie: {cookie}\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n{}\r\n{body}",
        body.len(),
        more.concat()
    )
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl<'a> Browser<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        Self { site, cookie: String::new() }
    }

    /// One of the account's root, by a link.
    pub(crate) fn of_root(site: &'a Site) -> Self {
        let mut browser = Self::new(site);
        let answer = browser.get(&path_of(&site.does(&["console"])));
        assert_eq!(answer.status, 200, "{}", answer.body);
        browser.cookie = answer.cookie();
        browser
    }

    /// One of whoever has that access key, by the form.
    pub(crate) fn of_key(site: &'a Site, (id, secret): (&str, &str)) -> Self {
        let mut browser = Self::new(site);
        let answer = browser.sign_in(id, secret);
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser.cookie = answer.cookie();
        browser
    }

    /// Fills in the form.
    pub(crate) fn sign_in(&self, id: &str, secret: &str) -> Answer {
        let form = self.get("/console/login");
        let fields = [("csrf", form.csrf()), ("access_key_id", id.to_owned()), ("secret", secret.to_owned())];
        let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let text = request(self.site.address(), &form.cookie(), "POST /console/login", &[], &pairs.join("&"));
        self.send(&text)
    }

    fn send(&self, text: &str) -> Answer {
        send(self.site.address(), text)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(&request(self.site.address(), &self.cookie, &format!("GET {path}"), headers, ""))
    }

    /// A page that must be there.
    pub(crate) fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Sends a form as it is.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
        let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        self.send(&request(self.site.address(), &self.cookie, &format!("POST {path}"), headers, &pairs.join("&")))
    }

    /// Fills in the form of a page that does an action, and sends it.
    pub(crate) fn submit(&self, path: &str, action: &str, filled_in: &[(&str, &str)]) -> Answer {
        let form = Form::of(&self.page(path), action);
        let mut fields = form.fields.clone();
        for (name, value) in filled_in {
            assert!(
                form.field(name).is_some() || form.others.iter().any(|other| other == name),
                "{action} has no {name}"
            );
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post("/console/act", &[], &fields)
    }

    /// The same, which must be done; where the browser goes then.
    pub(crate) fn done(&self, path: &str, action: &str, filled_in: &[(&str, &str)]) -> String {
        let answer = self.submit(path, action, filled_in);
        let said = answer.body.split("class=\"refusal\"").nth(1).and_then(|rest| rest.split("</div>").next());
        assert_eq!(answer.status, 303, "{action}: {said:?}");
        answer.header("location").unwrap().to_owned()
    }

    /// Presses a button: the action's form, with the token that pages have.
    pub(crate) fn act(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.get("/console").csrf();
        let own = [("csrf", csrf.as_str()), ("do", action), ("back", "/console/keys?region=cn-hangzhou")];
        self.post("/console/act", &[], &[&own, fields].concat())
    }
}

/// A form of a page: the fields it would send as it stands, and those that it has besides.
pub(crate) struct Form {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) others: Vec<String>,
}

impl Form {
    /// The one of a page that does an action.
    pub(crate) fn of(page: &str, action: &str) -> Self {
        let is_of = |form: &&str| form.contains(&format!("name=\"do\" value=\"{action}\""));
        let form = page.split("<form ").find(is_of).unwrap_or_else(|| panic!("no form for {action}: {page}"));
        let form = form.split("</form>").next().unwrap();
        let (mut fields, mut others) = (Vec::new(), Vec::new());
        for control in form.split('<').filter(|tag| tag.starts_with("input ") || tag.starts_with("select ")) {
            let tag = control.split('>').next().unwrap();
            let name = attribute(tag, "name").expect("a control has a name");
            let is_box = tag.contains("type=\"checkbox\"");
            match if tag.starts_with("select ") { chosen(form, &name) } else { attribute(tag, "value") } {
                Some(value) if !is_box || tag.ends_with(" checked") => fields.push((name, value)),
                None if !is_box => fields.push((name, String::new())),
                _ => others.push(name),
            }
        }
        Self { fields, others }
    }

    /// What a field of it holds; nothing for a box that is not ticked.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?;
    Some(value.replace("&#38;", "&"))
}

/// What is chosen of a list: the option that says so, else the first.
fn chosen(form: &str, name: &str) -> Option<String> {
    let list = form.split("<select ").find(|list| list.contains(&format!(" name=\"{name}\"")))?;
    let options: Vec<_> = list.split("</select>").next()?.split("<option").skip(1).collect();
    let option = options.iter().find(|option| option.contains(" selected>")).or(options.first())?;
    let (tag, text) = option.split_once('>')?;
    Some(attribute(tag, "value").unwrap_or_else(|| text.split("</option>").next().unwrap_or_default().to_owned()))
}

/// Sends a request to where a server listens.
pub(crate) fn send(address: &str, text: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    Answer::parse(&bytes)
}

/// The path and query of a URL.
pub(crate) fn path_of(url: &str) -> String {
    let rest = url.trim().split("://").nth(1).unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

/// A request over TLS, whose certificate must be good.
pub(crate) fn over_tls(site: &Site, line: &str) -> Answer {
    let ca = site.data().join("ca.pem");
    let mut client = site.command("openssl");
    client.args(["s_client", "-quiet", "-verify_return_error", "-connect", site.address(), "-CAfile"]).arg(ca);
    let mut child = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let text = request(site.address(), "", line, &[], "");
    child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Answer::parse(&output.stdout)
}
