//! Reads tables key by key. Each wrong key or value becomes a fault, and reading goes on.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::engine::expr::nearest;
use crate::engine::time::Span;

/// A byte offset and what is wrong there.
pub(super) type FaultAt = (usize, String);

/// A key that was asked for, and what its value may be.
#[derive(Clone, PartialEq, Debug)]
pub struct Setting {
    /// As in the brackets; empty for the file itself.
    pub section: String,
    pub key: &'static str,
    pub shape: Shape,
}

/// What a value may be.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    Text,
    Texts,
    Switch,
    Whole(RangeInclusive<u64>),
    Span(RangeInclusive<Span>),
    Choice(Vec<&'static str>),
    Address,
    Path,
    Paths,
    Section,
}

pub(super) struct Reader<'t> {
    root: Section<'t>,
}

impl<'t> Reader<'t> {
    pub fn new(
        text: &'t str,
        folder: &'t Path,
        environment: &'t dyn Fn(&str) -> Option<String>,
        asked: &'t RefCell<Vec<Setting>>,
    ) -> Reader<'t> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let faults = errors.iter().map(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (at, error.message().to_owned())
        });
        let root = Section {
            name: String::new(),
            at: 0,
            table: Some(table.into_inner()),
            asked: Vec::new(),
            missing: Vec::new(),
            faults: faults.collect(),
            around: Around {
                folder,
                environment,
                asked,
            },
        };
        Reader { root }
    }

    pub fn read<T>(mut self, read: impl FnOnce(&mut Section<'_>) -> T) -> (T, Vec<FaultAt>) {
        // After a fault in the writing of the file, keys may be missing only because of it.
        let garbled = !self.root.faults.is_empty();
        let written = self.root.faults.len();
        let value = read(&mut self.root);
        self.root.refuse_unknown();
        let mut faults = self.root.faults;
        if garbled {
            faults.truncate(written);
        }
        faults.sort();
        faults.dedup();
        (value, faults)
    }
}

#[derive(Clone, Copy)]
struct Around<'t> {
    folder: &'t Path,
    environment: &'t dyn Fn(&str) -> Option<String>,
    asked: &'t RefCell<Vec<Setting>>,
}

/// One table of the file; it may be absent, then every key is.
pub(super) struct Section<'t> {
    /// As in the brackets; empty for the file itself.
    name: String,
    at: usize,
    table: Option<DeTable<'t>>,
    asked: Vec<&'static str>,
    /// Keys that must be there and are not, and what to say of it unless one was merely misspelt.
    missing: Vec<(&'static str, String)>,
    faults: Vec<FaultAt>,
    around: Around<'t>,
}

impl<'t> Section<'t> {
    pub fn section(&mut self, key: &'static str) -> Section<'t> {
        let at = self.at;
        self.inner(key).unwrap_or(Section {
            name: self.called(key),
            at,
            table: None,
            asked: Vec::new(),
            missing: Vec::new(),
            faults: Vec::new(),
            around: self.around,
        })
    }

    /// A table that means something by being there.
    pub fn inner(&mut self, key: &'static str) -> Option<Section<'t>> {
        self.note(key, Shape::Section);
        let value = self.value(key)?;
        let at = self.place(key);
        let table = match value.into_inner() {
            DeValue::Table(table) => table,
            other => {
                let name = self.called(key);
                self.wrong(key, &format!("must be a section, [{name}], not {}", kind(&other)));
                DeTable::new()
            }
        };
        Some(Section {
            name: self.called(key),
            at,
            table: Some(table),
            asked: Vec::new(),
            missing: Vec::new(),
            faults: Vec::new(),
            around: self.around,
        })
    }

    /// Hands its faults over, with those about keys nobody asked for.
    pub fn end(mut self, outer: &mut Section<'_>) {
        self.refuse_unknown();
        outer.faults.append(&mut self.faults);
    }

    fn called(&self, key: &str) -> String {
        match self.name.as_str() {
            "" => key.to_owned(),
            name => format!("{name}.{key}"),
        }
    }

    fn refuse_unknown(&mut self) {
        let place = match self.name.as_str() {
            "" => "the file".to_owned(),
            name => format!("[{name}]"),
        };
        for (key, _) in self.table.iter().flatten() {
            let word = key.get_ref().as_ref();
            if self.asked.contains(&word) {
                continue;
            }
            let near = nearest(word, self.asked.iter().copied());
            self.missing.retain(|(key, _)| Some(*key) != near);
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", listed(&self.asked)),
            };
            let message = format!("{place} has no key `{word}`; {hint}");
            self.faults.push((key.span().start, message));
        }
        for (key, why) in self.missing.drain(..) {
            self.faults.push((self.at, format!("{place} has no `{key}`: {why}")));
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.as_ref().is_some_and(|table| table.contains_key(key))
    }

    pub fn value(&mut self, key: &'static str) -> Option<Spanned<DeValue<'t>>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table.as_ref()?.get(key).cloned()
    }

    /// Where a key stands, or its section where it does not.
    fn place(&self, key: &str) -> usize {
        let table = self.table.iter().flatten();
        table
            .map(|(known, _)| known)
            .find(|known| known.get_ref() == key)
            .map_or(self.at, |known| known.span().start)
    }

    pub fn fault(&mut self, key: &str, message: &str) {
        self.faults.push((self.place(key), message.to_owned()));
    }

    pub fn fault_here(&mut self, message: &str) {
        self.faults.push((self.at, message.to_owned()));
    }

    pub fn wrong(&mut self, key: &str, must: &str) {
        self.fault(key, &format!("`{key}` {must}"));
    }

    /// Keys that exist, but not beside what else stands here.
    pub fn misplaced(&mut self, keys: &[&'static str], why: &str) {
        for key in keys {
            if self.value(key).is_some() {
                self.wrong(key, why);
            }
        }
    }

    /// Keeps what is asked for, so that the schema says what the reader does.
    fn note(&self, key: &'static str, shape: Shape) {
        let section = self.name.clone();
        self.around.asked.borrow_mut().push(Setting { section, key, shape });
    }

    pub fn text(&mut self, key: &'static str) -> Option<String> {
        self.note(key, Shape::Text);
        self.words(key)
    }

    fn words(&mut self, key: &'static str) -> Option<String> {
        match self.value(key)?.into_inner() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.into_owned()),
            DeValue::String(_) => {
                self.wrong(key, "is empty; leave the key out or say something");
                None
            }
            other => {
                self.wrong(key, &format!("must be a string, not {}", kind(&other)));
                None
            }
        }
    }

    /// A text that must be there; empty where it is not, with a fault.
    pub fn required(&mut self, key: &'static str, why: &str) -> String {
        if !self.has(key) {
            self.missing.push((key, why.to_owned()));
        }
        self.text(key).unwrap_or_default()
    }

    pub fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.note(key, Shape::Texts);
        self.list(key)
    }

    fn list(&mut self, key: &'static str) -> Option<Vec<String>> {
        let DeValue::Array(items) = self.value(key)?.into_inner() else {
            self.wrong(key, "must be a list of strings, like [\"one\", \"two\"]");
            return None;
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) if !text.trim().is_empty() => texts.push(text.clone().into_owned()),
                other => {
                    let message = format!("`{key}` is a list of strings; this is {}", kind(other));
                    self.faults.push((item.span().start, message));
                }
            }
        }
        Some(texts)
    }

    /// Addresses, or networks of them.
    pub fn networks(&mut self, key: &'static str) -> Option<Vec<IpNet>> {
        let mut networks = Vec::new();
        for text in self.texts(key)? {
            match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                Ok(network) => networks.push(network.trunc()),
                Err(_) => self.fault(
                    key,
                    &format!("\"{text}\" is neither an IP address nor a network; write it like \"10.0.0.7\" or \"10.0.0.0/8\""),
                ),
            }
        }
        Some(networks)
    }

    pub fn switch(&mut self, key: &'static str) -> Option<bool> {
        self.note(key, Shape::Switch);
        match self.value(key)?.into_inner() {
            DeValue::Boolean(on) => Some(on),
            other => {
                self.wrong(key, &format!("must be true or false, not {}", kind(&other)));
                None
            }
        }
    }

    pub fn whole(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        self.note(key, Shape::Whole(range.clone()));
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(digits) => u64::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.wrong(
                key,
                &format!("must be a whole number from {} to {}", range.start(), range.end()),
            );
        }
        number
    }

    /// Milliseconds.
    pub fn span(&mut self, key: &'static str, range: RangeInclusive<Span>) -> Option<i64> {
        self.note(key, Shape::Span(range.clone()));
        let text = self.words(key)?;
        match Span::parse(&text) {
            Ok(span) if range.contains(&span) => Some(span.ms),
            Ok(_) => {
                self.wrong(
                    key,
                    &format!("must lie between \"{}\" and \"{}\"", range.start(), range.end()),
                );
                None
            }
            Err(message) => {
                self.fault(key, &message);
                None
            }
        }
    }

    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        self.note(key, Shape::Choice(choices.iter().map(|(word, _)| *word).collect()));
        let text = self.words(key)?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            let (last, first) = words.split_last()?;
            let near = nearest(&text, choices.iter().map(|(word, _)| *word));
            let near = near.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
            self.wrong(key, &format!("is {} or {last}, not \"{text}\"{near}", first.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    pub fn address(&mut self, key: &'static str) -> Option<SocketAddr> {
        self.note(key, Shape::Address);
        let text = self.words(key)?;
        let address = text.parse();
        if address.is_err() {
            self.wrong(
                key,
                "must be an IP address and a port, like \"127.0.0.1:8080\" or \"[::1]:8080\"",
            );
        }
        address.ok()
    }

    pub fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.note(key, Shape::Path);
        let text = self.words(key)?;
        Some(self.beside(&text))
    }

    pub fn required_path(&mut self, key: &'static str, why: &str) -> Option<PathBuf> {
        self.note(key, Shape::Path);
        if !self.has(key) {
            self.missing.push((key, why.to_owned()));
        }
        let text = self.words(key).unwrap_or_default();
        (!text.is_empty()).then(|| self.beside(&text))
    }

    /// An environment variable.
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.around.environment)(name)
    }

    /// A path as the file means it.
    pub fn beside(&self, path: &str) -> PathBuf {
        self.around.folder.join(path)
    }

    /// At least one path.
    pub fn paths(&mut self, key: &'static str, why: &str) -> Vec<PathBuf> {
        self.note(key, Shape::Paths);
        match self.list(key) {
            Some(texts) if texts.is_empty() => {
                self.wrong(key, &format!("is empty: {why}"));
                Vec::new()
            }
            Some(texts) => texts.iter().map(|text| self.beside(text)).collect(),
            None => {
                if !self.has(key) {
                    self.missing.push((key, why.to_owned()));
                }
                Vec::new()
            }
        }
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => "none".to_owned(),
    }
}
