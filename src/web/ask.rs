//! What a reader asks: in which language, of which office, with which filters.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use chrono::NaiveDate;
use chrono_tz::Tz;

use super::Site;
use super::fault::Fault;
use super::words::Words;
use crate::accounts::codes::percent;
use crate::accounts::{Role, Scope};
use crate::door::{Caller, Who};
use crate::engine::roster::Language;
use crate::live::{Live, OfficeLive};

/// The cookie that keeps the language a reader chose.
pub const LANGUAGE_COOKIE: &str = "jagaloket_lang";

#[derive(Clone, Debug)]
pub struct Ask {
    pub words: &'static Words,
    /// The daemon as it was when the question came; one look for the whole page.
    pub live: Arc<Live>,
    /// The daemon has given nothing new for too long.
    pub stale: bool,
    pub path: String,
    /// Whoever is signed in.
    pub who: Option<Arc<Who>>,
    /// What the reader's forms carry to show that they are ours.
    pub form: String,
    /// The secret that those of a browser rest on that is new here.
    pub new_visit: Option<String>,
    pub(super) pairs: Vec<(String, String)>,
}

impl Ask {
    pub fn read(site: &Site, uri: &Uri, headers: &HeaderMap) -> Ask {
        let pairs = pairs(uri);
        let live = site.live.borrow().clone();
        // Until it is known who asks, nothing of any office is shown.
        let live = Arc::new(Live {
            offices: Vec::new(),
            ..Live::clone(&live)
        });
        Ask {
            words: Words::of(chosen(&pairs).unwrap_or_else(|| remembered(headers))),
            stale: site.is_stale(&live),
            live,
            path: uri.path().to_string(),
            who: None,
            form: String::new(),
            new_visit: None,
            pairs,
        }
    }

    pub fn language(&self) -> Language {
        self.words.language
    }

    /// The language asked for in the address itself, to be remembered.
    pub fn chosen(&self) -> Option<Language> {
        chosen(&self.pairs)
    }

    /// All parameters of the address, as they came.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// A parameter of the address; one that is empty, as forms send them, is not there.
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter that is a date, `YYYY-MM-DD` and nothing else.
    pub fn date(&self, name: &str) -> Result<Option<NaiveDate>, Fault> {
        let read = |text: &str| date(text).ok_or(Fault::BadQuestion);
        self.param(name).map(read).transpose()
    }

    /// This page's address with one parameter set otherwise; the others stay.
    pub fn with(&self, name: &str, value: &str) -> String {
        let others = self.pairs.iter().filter(|(key, _)| key != name && key != "lang");
        let pairs = others.map(|(key, value)| (key.as_str(), value.as_str()));
        address(&self.path, pairs.chain([(name, value)]))
    }

    /// What was asked for, as it is written into a trace.
    pub fn path_and_filters(&self) -> String {
        let pairs = self.pairs.iter().filter(|(key, _)| key != "lang");
        let pairs = pairs.map(|(key, value)| (key.as_str(), value.as_str()));
        address(&self.path, pairs).chars().take(300).collect()
    }

    /// The office asked for, else the first one.
    pub fn office(&self) -> Option<&OfficeLive> {
        let asked = self.param("office");
        let offices = &self.live.offices;
        let found = offices
            .iter()
            .find(|office| Some(office.roster.office.id.as_str()) == asked);
        found.or_else(|| offices.first())
    }

    /// What whoever asks may see.
    pub fn scope(&self) -> Scope {
        self.who.as_ref().map(|who| who.scope.clone()).unwrap_or_default()
    }

    pub fn has_role(&self, role: Role) -> bool {
        self.who.as_ref().is_some_and(|who| who.is(role))
    }

    /// The zone of times that belong to no office in particular.
    pub fn zone(&self) -> Tz {
        self.office()
            .map_or(Tz::Asia__Jakarta, |office| office.roster.office.zone)
    }
}

impl FromRequestParts<Site> for Ask {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Ask, Infallible> {
        let known = parts.extensions.get::<Ask>().cloned();
        Ok(known.unwrap_or_else(|| Ask::read(site, &parts.uri, &parts.headers)))
    }
}

/// Whoever is signed in, on pages that nobody else comes to.
#[derive(Clone)]
pub struct Reader {
    pub who: Arc<Who>,
    pub caller: Caller,
}

impl FromRequestParts<Site> for Reader {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &Site) -> Result<Reader, Fault> {
        let who = parts.extensions.get::<Ask>().and_then(|ask| ask.who.clone());
        let caller = parts.extensions.get::<Caller>().cloned();
        let (who, caller) = who.zip(caller).ok_or(Fault::SignInFirst)?;
        Ok(Reader { who, caller })
    }
}

/// Where somebody goes on to: a place here, or the first page. Nothing else can be named.
pub fn next_place(said: Option<&str>) -> String {
    let here = |text: &&str| {
        let plain = text.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\');
        let uri = text.parse::<Uri>();
        plain && text.starts_with('/') && !text.starts_with("//") && uri.is_ok_and(|uri| uri.authority().is_none())
    };
    said.filter(|text| text.len() <= 500)
        .filter(here)
        .unwrap_or("/")
        .to_owned()
}

/// `YYYY-MM-DD`, in full.
pub fn date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|_| text.len() == 10)
}

/// An address with its parameters encoded; those without a value are left out.
pub fn address<'a>(path: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut address = path.to_string();
    let mut mark = '?';
    for (key, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
        address.push(mark);
        address.push_str(&percent(key));
        address.push('=');
        address.push_str(&percent(value));
        mark = '&';
    }
    address
}

fn pairs(uri: &Uri) -> Vec<(String, String)> {
    let read = Query::<Vec<(String, String)>>::try_from_uri(uri);
    // No id has a NUL, and PostgreSQL's texts cannot hold one.
    let plain = |(key, value): (String, String)| (key, value.replace('\0', "\u{fffd}"));
    read.map(|Query(pairs)| pairs.into_iter().map(plain).collect())
        .unwrap_or_default()
}

fn language(text: &str) -> Option<Language> {
    match text {
        "id" => Some(Language::Id),
        "en" => Some(Language::En),
        _ => None,
    }
}

fn chosen(pairs: &[(String, String)]) -> Option<Language> {
    pairs
        .iter()
        .rev()
        .find(|(key, _)| key == "lang")
        .and_then(|(_, value)| language(value))
}

/// The cookie's language, else the browser's, else Indonesian.
fn remembered(headers: &HeaderMap) -> Language {
    let texts = |name| {
        headers
            .get_all(name)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
    };
    let cookie = texts(header::COOKIE)
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == LANGUAGE_COOKIE)
        .and_then(|(_, value)| language(value));
    cookie
        .or_else(|| preferred(&texts(header::ACCEPT_LANGUAGE).collect::<Vec<_>>().join(",")))
        .unwrap_or_default()
}

/// The first of our languages in an Accept-Language header, by its weights.
fn preferred(header: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for range in header.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
        // `in` is what old browsers call Indonesian.
        let known = match tag.split('-').next() {
            Some("id" | "in") => Language::Id,
            Some("en") => Language::En,
            _ => continue,
        };
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1.0, |text| text.parse().unwrap_or(0.0));
        if weight > best.map_or(0.0, |(weight, _)| weight) {
            best = Some((weight, known));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_wishes_are_weighed() {
        for (header, expected) in [
            ("", None),
            ("fr, de;q=0.5", None),
            ("en", Some(Language::En)),
            ("en-GB,en;q=0.9,id;q=0.8", Some(Language::En)),
            ("id-ID,id;q=0.9,en-US;q=0.8,en;q=0.7", Some(Language::Id)),
            ("en;q=0.2, in;q=0.3", Some(Language::Id)),
            ("en;q=0", None),
            ("en;q=x, id;q=0.1", Some(Language::Id)),
        ] {
            assert_eq!(preferred(header), expected, "{header}");
        }
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (said, goes) in [
            (None, "/"),
            (Some("/incidents/7?why=2"), "/incidents/7?why=2"),
            (Some("//evil.example/"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("/\t/evil.example"), "/"),
            (Some("https://evil.example/"), "/"),
            (Some("evil.example"), "/"),
            (Some("javascript:alert(1)"), "/"),
            (Some("/a\r\nSet-Cookie: x=y"), "/"),
            (Some(""), "/"),
        ] {
            assert_eq!(next_place(said), goes, "{said:?}");
        }
        assert_eq!(next_place(Some(&format!("/{}", "a".repeat(600)))), "/");
    }

    #[test]
    fn an_address_cannot_be_broken_out_of() {
        assert_eq!(
            address(
                "/incidents",
                [("policy", "a&b=\"<c>"), ("none", ""), ("date", "2026-11-24")]
            ),
            "/incidents?policy=a%26b%3D%22%3Cc%3E&date=2026-11-24"
        );
    }
}
