//! Signing in as a browser does: forms, their proofs, and cookies that are kept.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// A header's value, the first of its name.
    pub fn header<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.headers(name).next()
    }

    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// What the page's forms prove themselves with.
    pub fn proof(&self) -> &str {
        let at = self.body.split("name=\"form\" value=\"").nth(1);
        at.and_then(|rest| rest.split('"').next())
            .unwrap_or_else(|| panic!("no form in {}", self.body))
    }
}

/// A browser without scripts: it keeps cookies and follows nothing by itself.
#[derive(Clone, Debug)]
pub struct Browser {
    pub port: u16,
    pub cookies: BTreeMap<String, String>,
    /// Sent with every request.
    pub headers: Vec<String>,
}

impl Browser {
    pub fn new(port: u16) -> Browser {
        Browser {
            port,
            cookies: BTreeMap::new(),
            headers: Vec::new(),
        }
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// Fetches `page` for its proof and sends its form to `path`.
    pub fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let proof = self.get(page).proof().to_owned();
        self.post(path, &[&[("form", proof.as_str())], fields].concat())
    }

    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(key, value)| format!("{key}={}", encoded(value)))
            .collect();
        self.ask("POST", path, &pairs.join("&"))
    }

    pub fn ask(&mut self, method: &str, path: &str, body: &str) -> Answer {
        let port = self.port;
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut lines = vec![format!("{method} {path} HTTP/1.0"), format!("Host: 127.0.0.1:{port}")];
        if !cookies.is_empty() {
            lines.push(format!("Cookie: {}", cookies.join("; ")));
        }
        if method == "POST" {
            lines.push("Content-Type: application/x-www-form-urlencoded".into());
            lines.push(format!("Origin: http://127.0.0.1:{port}"));
            lines.push(format!("Content-Length: {}", body.len()));
        }
        for header in &self.headers {
            let name = header.split(':').next().unwrap_or_default();
            lines.retain(|line| !line.starts_with(&format!("{name}:")));
            lines.push(header.clone());
        }
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
            .write_all(format!("{}\r\n\r\n{body}", lines.join("\r\n")).as_bytes())
            .unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let answer = Answer {
            status: status.unwrap_or_else(|| panic!("not HTTP: {head}")),
            head: head.to_owned(),
            body: body.to_owned(),
        };
        for line in answer.headers("set-cookie") {
            let pair = line.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap();
            match line.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// Signs in; panics unless that is answered by a page to go on to.
    pub fn sign_in(&mut self, name: &str, password: &str) {
        let answer = self.try_sign_in(name, password, "");
        assert_eq!(answer.status, 303, "{}\n{}", answer.head, answer.body);
    }

    /// The same, whatever comes of it; who has to wait, waits.
    pub fn try_sign_in(&mut self, name: &str, password: &str, code: &str) -> Answer {
        loop {
            let fields = [("name", name), ("password", password), ("code", code)];
            let answer = self.submit("/sign-in", "/sign-in", &fields);
            if answer.status != 429 {
                return answer;
            }
            let seconds = answer.header("retry-after").unwrap().parse().unwrap();
            std::thread::sleep(Duration::from_secs(seconds));
        }
    }

    /// Chooses a password by a link.
    pub fn redeem(&mut self, link: &str, password: &str) -> Answer {
        let path = link
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .unwrap()
            .1;
        let path = format!("/{}", path.trim());
        self.submit(&path, &path, &[("password", password)])
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
