//! The configuration file: every fault at once, secrets from environment or file.
//!
//! The shape is documented key by key in docs/configuration.md. Relative paths are relative to the file's own folder.

mod cases;
mod read;
mod retention;
mod secret;
mod sections;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;

use crate::accounts::Role;
use crate::case::Terms;
use crate::engine::event::OfficeId;
use crate::engine::roster::place;
use crate::place::Place;
use crate::telemetry::LogFormat;
use read::Reader;
pub use read::{Setting, Shape};
pub use retention::Retention;
pub use secret::Secret;

/// A configuration that was read and checked. Files it names may still be missing or wrong.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// One file an office.
    pub rosters: Vec<PathBuf>,
    /// A folder of policy files, for every office.
    pub policies: PathBuf,
    /// So long after its end a business date is judged again when late events come (`settle_after`, default 14 days).
    pub settle_after_ms: i64,
    pub clock: Clock,
    pub database: Place,
    /// Through which a running monitor is told to activate its files.
    pub control: PathBuf,
    /// The key that seals what must not be read from a stolen database.
    pub key: PathBuf,
    pub broker: Broker,
    pub mail: Mail,
    pub web: Web,
    /// The second channel, for what mail cannot deliver.
    pub hook: Option<Hook>,
    /// How applicants are written; `None`: they are not.
    pub channel: Option<Channel>,
    /// A trial of the whole way, again and again.
    pub canary: Option<Canary>,
    pub quarantine: Quarantine,
    pub retention: Retention,
    /// What rules cases, and what is mailed when.
    pub terms: Terms,
    pub log: LogFormat,
}

/// Where the office clock comes from (contract §5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Clock {
    /// The monitor ticks from its own clock.
    #[default]
    Own,
    /// Events alone move time: for simulations and tests.
    Events,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Broker {
    /// One inside this process.
    Embedded(Embedded),
    External(External),
}

#[derive(Clone, PartialEq, Debug)]
pub struct Embedded {
    pub listen: SocketAddr,
    /// A second listener, with TLS.
    pub tls: Option<EmbeddedTls>,
    /// Who may connect, `office/device:password` a line. `None`: everybody, which `anonymous` says aloud.
    pub devices: Option<PathBuf>,
    /// Everybody on this machine may publish as any device; on loopback only.
    pub anonymous: bool,
}

/// PEM files.
#[derive(Clone, PartialEq, Debug)]
pub struct EmbeddedTls {
    pub listen: SocketAddr,
    pub cert: PathBuf,
    pub key: PathBuf,
    /// Devices must show a certificate signed by it, beside their password.
    pub client_ca: Option<PathBuf>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct External {
    pub host: String,
    pub port: u16,
    pub protocol: Protocol,
    /// The broker keeps the session, and what is not acknowledged, under this name.
    pub client_id: String,
    pub login: Option<Login>,
    pub tls: Option<Tls>,
    /// How many messages the broker may send before the first is acknowledged.
    pub window: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    /// MQTT 3.1.1.
    V4,
    #[default]
    V5,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Login {
    pub user: String,
    pub password: Secret,
}

/// TLS towards a server; PEM files.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tls {
    /// Who may have signed the server's certificate; `None`: whom the system trusts.
    pub ca: Option<PathBuf>,
    /// Certificate and key to show.
    pub client: Option<(PathBuf, PathBuf)>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Mail {
    /// `None`: nobody is told by mail.
    pub way: Option<MailWay>,
    pub from: String,
    /// From when on a letter that cannot be sent is given up (default 5 days).
    pub give_up_after_ms: i64,
    /// For one attempt, from connecting to the server's last word (default 60 s).
    pub deadline_ms: i64,
    /// A folder of what offices say otherwise in their letters.
    pub wording: Option<PathBuf>,
}

impl Mail {
    /// What Message-IDs end in: the host of the sender's address.
    pub fn domain(&self) -> &str {
        let address = self.from.trim_end().trim_end_matches('>');
        address.rsplit('@').next().unwrap_or("localhost")
    }
}

#[derive(Clone, PartialEq, Debug)]
pub enum MailWay {
    /// Letters are written there as `.eml` files.
    Directory(PathBuf),
    Smtp(Smtp),
}

#[derive(Clone, PartialEq, Debug)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    /// Who may have signed the server's certificate; `None`: the public authorities.
    pub ca: Option<PathBuf>,
    pub login: Option<Login>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encryption {
    None,
    /// Demanded, never merely tried.
    StartTls,
    /// From the first byte.
    Tls,
}

/// An OpenID provider.
#[derive(Clone, PartialEq, Debug)]
pub struct Oidc {
    pub issuer: String,
    pub client_id: String,
    pub secret: Option<Secret>,
    /// What the button says.
    pub name: String,
    /// The claim that holds the groups.
    pub groups: String,
    pub roles: Vec<GroupRole>,
}

/// What members of a group are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupRole {
    pub group: String,
    pub role: Role,
    pub office: Option<OfficeId>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Web {
    pub listen: SocketAddr,
    /// What links in mails begin with, without a slash at the end.
    pub base_url: String,
    /// Without it, plain HTTP is spoken.
    pub tls: Option<WebTls>,
    /// An OpenID provider that vouches for people.
    pub oidc: Option<Oidc>,
    /// What these tell of who asks is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Passwords may cross the network between browsers and a dashboard that speaks plain HTTP.
    pub network_trusted: bool,
    /// Host names people use for it beside the loopback ones.
    pub hosts: Vec<String>,
    /// Where programs of this machine ask for `/readyz` and `/metrics`; `None`: at `listen`, unless a proxy is before it.
    pub machines: Option<SocketAddr>,
    /// How long after a role that needs one-time codes was given its holder may do without; `None`: for ever.
    pub codes_within_ms: Option<i64>,
}

impl Web {
    /// Whether what comes from this machine may be a proxy's, for somebody elsewhere.
    pub fn is_behind_proxy(&self) -> bool {
        !self.trusted_proxies.is_empty() || (self.tls.is_none() && self.base_url.starts_with("https://"))
    }
}

/// The dashboard's certificate chain and its key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebTls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Hook {
    pub url: String,
    /// Shared with whoever listens there.
    pub secret: Secret,
    /// Who may have signed the server's certificate; `None`: the public authorities.
    pub ca: Option<PathBuf>,
}

/// How applicants are written.
#[derive(Clone, PartialEq, Debug)]
pub struct Channel {
    pub way: ChannelWay,
    /// What the channel signs its calls with, and what it says in the first one; `None`: it tells nothing.
    pub webhook: Option<(Secret, String)>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum ChannelWay {
    /// A file a message.
    Directory(PathBuf),
    Cloud {
        url: String,
        phone_number_id: String,
        token: Secret,
        ca: Option<PathBuf>,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Canary {
    /// Whose mailbox its mails go to.
    pub address: String,
    pub every_ms: i64,
    /// The mail server must have taken its mail by then.
    pub within_ms: i64,
}

/// What is kept of what could not be accepted; the oldest goes first, its count stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quarantine {
    pub rows_max: usize,
    pub bytes_max: usize,
}

/// What is wrong with a configuration file: every fault found, in the order of its lines.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    /// As people call it.
    pub file: String,
    pub faults: Vec<Fault>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub message: String,
    /// The line it is in, without what may be a secret.
    pub source: String,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, fault) in self.faults.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            writeln!(f, "error: {}", fault.message)?;
            write!(f, "  --> {}:{}:{}", self.file, fault.line, fault.column)?;
            if !fault.source.is_empty() {
                let number = fault.line.to_string();
                let (bar, before) = (" ".repeat(number.len()), " ".repeat(fault.column - 1));
                write!(f, "\n{bar} |\n{number} | {}\n{bar} | {before}^", fault.source)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read the configuration file {file}")]
    Unreadable {
        file: String,
        #[source]
        error: std::io::Error,
    },
    #[error(transparent)]
    Wrong(#[from] ConfigErrors),
}

impl Config {
    pub fn load(path: &Path) -> Result<Config, LoadError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| LoadError::Unreadable {
            file: file.clone(),
            error,
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let environment = |name: &str| std::env::var(name).ok();
        Ok(Config::parse(&file, &text, folder, &environment)?)
    }

    /// Reads a configuration's text. `folder` is where relative paths begin, `environment` answers variables.
    pub fn parse(
        file: &str,
        text: &str,
        folder: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Config, ConfigErrors> {
        let asked = RefCell::default();
        let reader = Reader::new(text, folder, environment, &asked);
        let (config, faults) = reader.read(sections::config);
        if faults.is_empty() {
            return Ok(config);
        }
        let faults = faults.into_iter().map(|(offset, message)| {
            let (line, column) = place(text, offset);
            Fault {
                line,
                column,
                message,
                source: without_secret(text.lines().nth(line - 1).unwrap_or("")),
            }
        });
        Err(ConfigErrors {
            file: file.to_owned(),
            faults: faults.collect(),
        })
    }
}

/// Every setting there is, as the reader asks for it; a key that means different things in different files comes more
/// than once.
pub fn settings() -> Vec<Setting> {
    let asked = RefCell::default();
    // What is asked for depends on what is there: each way to reach the broker and to send mail once.
    for text in [
        "[broker.tls]\n[mail]\nhost = \"h\"\n[web.tls]\n[web.oidc]\n[hook]\n[canary]\n[channel]\n[channel.webhook]\n",
        "[database]\nurl = \"postgres://h/d\"\n[broker]\nembedded = true\n[broker.tls]\n[mail]\ndirectory = \"d\"\n",
    ] {
        Reader::new(text, Path::new(""), &|_| None, &asked).read(sections::config);
    }
    let mut settings: Vec<Setting> = Vec::new();
    for setting in asked.into_inner() {
        if !settings.contains(&setting) {
            settings.push(setting);
        }
    }
    settings
}

/// A line as it may be shown: a password's value and an address with one are cut off, also in a line that is not even
/// TOML.
fn without_secret(line: &str) -> String {
    let small = line.to_ascii_lowercase();
    let password = small.find("passw").map(|at| match line[at..].find('=') {
        Some(sign) => format!("{} …", &line[..=at + sign]),
        None => format!("{}…", &line[..at]),
    });
    let address = ["postgres:", "postgresql:"]
        .iter()
        .find_map(|scheme| small.find(scheme));
    match (password, address) {
        (_, Some(at)) => format!("{}…", &line[..at]),
        (Some(shown), None) => shown,
        (None, None) => line.to_owned(),
    }
}
