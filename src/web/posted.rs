//! What a form sends: read once, bounded, and only where the form is one of ours.

use axum::body::{Body, to_bytes};
use axum::extract::{Form, FromRequest as _, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::Site;
use super::fault::Fault;

/// A form's body; the longest has a password and a few words.
const BYTES_MAX: usize = 16 * 1024;
/// The field that proves it.
pub const PROOF: &str = "form";

/// A form's fields, in their order.
#[derive(Clone, Debug, Default)]
pub struct Posted(Vec<(String, String)>);

impl Posted {
    /// A field's text; one that is not there is empty.
    pub fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// All texts of fields of one name, in their order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// A field's text without the blanks that a hand leaves; `None` where nothing is left.
    pub fn word(&self, name: &str) -> Option<&str> {
        Some(self.text(name).trim()).filter(|word| !word.is_empty())
    }

    /// Reads a form.
    pub async fn read(request: Request) -> Result<(Request, Posted), Fault> {
        let (parts, body) = request.into_parts();
        let kind = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let plain = "application/x-www-form-urlencoded";
        if !kind.is_some_and(|kind| {
            kind.split(';')
                .next()
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(plain))
        }) {
            return Err(Fault::NoForm);
        }
        let bytes = to_bytes(body, BYTES_MAX).await.map_err(|_| Fault::TooLarge)?;
        let again = Request::builder()
            .method("POST")
            .header(header::CONTENT_TYPE, plain)
            .body(Body::from(bytes))
            .map_err(|_| Fault::NoForm)?;
        let Form(pairs) = Form::<Vec<(String, String)>>::from_request(again, &())
            .await
            .map_err(|_| Fault::NoForm)?;
        Ok((Request::from_parts(parts, Body::empty()), Posted(pairs)))
    }
}

/// Whether a browser says that a page of ours sent it. Old ones say nothing, and then the form's own proof decides alone.
pub fn is_ours(headers: &HeaderMap, base_url: &str) -> bool {
    let said = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let from_us = said("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let host = said("host").unwrap_or_default();
    // A proxy may call this host by another name than browsers do.
    let ours = |origin: &str| {
        let rest = base_url
            .strip_prefix(origin)
            .filter(|_| origin.len() > "https://".len());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            || origin.split_once("://").is_some_and(|(_, name)| name == host)
    };
    let origin = said("origin").is_none_or(ours);
    from_us && origin
}

impl FromRequestParts<Site> for Posted {
    type Rejection = Fault;

    /// The guard has read and checked it.
    async fn from_request_parts(parts: &mut Parts, _: &Site) -> Result<Posted, Fault> {
        parts.extensions.remove::<Posted>().ok_or(Fault::NoForm)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_form_comes_from_a_page_of_ours_or_from_a_browser_that_does_not_say() {
        let base = "https://jagaloket.kanim.example";
        for (host, origin, site, ours) in [
            ("jagaloket.kanim.example", Some(base), Some("same-origin"), true),
            ("127.0.0.1:8080", Some(base), Some("same-origin"), true),
            ("127.0.0.1:8080", Some("http://127.0.0.1:8080"), None, true),
            ("127.0.0.1:8080", None, None, true),
            ("127.0.0.1:8080", Some(base), Some("cross-site"), false),
            ("127.0.0.1:8080", Some("null"), None, false),
            ("127.0.0.1:8080", Some(""), None, false),
            ("127.0.0.1:8080", Some("https://jagaloket.kanim"), None, false),
            (
                "127.0.0.1:8080",
                Some("https://jagaloket.kanim.example.evil"),
                None,
                false,
            ),
            ("127.0.0.1:8080", Some("https:/"), None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static(host));
            origin.map(|origin| headers.insert("origin", HeaderValue::from_static(origin)));
            site.map(|site| headers.insert("sec-fetch-site", HeaderValue::from_static(site)));
            assert_eq!(is_ours(&headers, base), ours, "{host} {origin:?} {site:?}");
        }
    }
}
