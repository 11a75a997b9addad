//! What a browser keeps for us: that it is signed in, that it was let in before, and a secret for forms before that.

use axum::http::{HeaderMap, HeaderValue, header};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cookie {
    Session,
    /// Proves that this browser was let in before.
    Device,
    /// Binds forms to a browser that is not signed in.
    Visit,
    /// Somebody is away at a provider.
    Provider,
}

impl Cookie {
    /// Behind TLS the prefix keeps other hosts and plain pages from setting it.
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Cookie::Session, true) => "__Host-jagaloket_session",
            (Cookie::Session, false) => "jagaloket_session",
            (Cookie::Device, true) => "__Host-jagaloket_device",
            (Cookie::Device, false) => "jagaloket_device",
            (Cookie::Visit, true) => "__Host-jagaloket_visit",
            (Cookie::Visit, false) => "jagaloket_visit",
            (Cookie::Provider, true) => "__Host-jagaloket_provider",
            (Cookie::Provider, false) => "jagaloket_provider",
        }
    }

    /// What stands in it. One that comes twice is none: somebody else has set one of them.
    pub fn read(self, headers: &HeaderMap, secure: bool) -> Option<String> {
        let name = self.name(secure);
        let lines = headers
            .get_all(header::COOKIE)
            .into_iter()
            .filter_map(|line| line.to_str().ok());
        let pairs = lines
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let mut found = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
        let value = found.next().filter(|_| found.next().is_none())?;
        let plain = !value.is_empty()
            && value.len() <= if self == Cookie::Provider { 3_000 } else { 200 }
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
        plain.then(|| value.to_owned())
    }

    /// `value` is ours: letters, digits and dots.
    pub fn set(self, value: &str, secure: bool) -> HeaderValue {
        let name = self.name(secure);
        // Links in mails and ways back must find them, which the strictest setting would keep from them; a GET changes nothing.
        let site = match self {
            Cookie::Session | Cookie::Provider => "Lax",
            Cookie::Device | Cookie::Visit => "Strict",
        };
        let lasts = match self {
            Cookie::Device => "; Max-Age=31536000",
            Cookie::Provider => "; Max-Age=600",
            Cookie::Session | Cookie::Visit => "",
        };
        let safe = if secure { "; Secure" } else { "" };
        header_value(format!(
            "{name}={value}; Path=/; HttpOnly; SameSite={site}{lasts}{safe}"
        ))
    }

    pub fn clear(self, secure: bool) -> HeaderValue {
        let safe = if secure { "; Secure" } else { "" };
        header_value(format!(
            "{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{safe}",
            self.name(secure)
        ))
    }
}

fn header_value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("a cookie of letters, digits and dots is a header")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_comes_twice_or_is_odd_is_none() {
        for (line, expected) in [
            ("jagaloket_session=ab12", Some("ab12")),
            ("a=b; jagaloket_session=ab12; c=d", Some("ab12")),
            ("jagaloket_session=ab12; jagaloket_session=cd34", None),
            ("jagaloket_session=ab12; jagaloket_session=ab12", None),
            ("jagaloket_session=", None),
            ("jagaloket_session=a b", None),
            ("jagaloket_session=\"ab12\"", None),
            ("xjagaloket_session=ab12", None),
            ("__Host-jagaloket_session=ab12", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(line).unwrap());
            assert_eq!(Cookie::Session.read(&headers, false).as_deref(), expected, "{line}");
        }
        let set = Cookie::Session.set("ab12", true);
        assert_eq!(
            set,
            "__Host-jagaloket_session=ab12; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
    }
}
