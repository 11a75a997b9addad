//! A real SMTP server, and certificates for whoever needs them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Peer, python_command, succeed, wait_for};

/// What the SMTP server does; counts are used up from the top down, one mail each.
#[derive(Clone, Default, serde::Serialize)]
pub struct SmtpOptions {
    /// Refuse so many mails with 451.
    pub refuse_4xx: u32,
    /// Refuse so many with 554.
    pub refuse_5xx: u32,
    /// Leave so many without an answer for an hour.
    pub stall: u32,
    /// Accept and write so many, then cut the connection instead of saying 250.
    pub lose_250: u32,
    /// Refuse so many senders at MAIL FROM with 550, and to relay for so many recipients with 554.
    pub refuse_from: u32,
    pub refuse_relay: u32,
    /// Recipients refused with 550.
    pub refuse_to: Vec<String>,
    /// Demand this user and password.
    pub user: Option<String>,
    pub password: Option<String>,
    pub tls: SmtpTls,
    /// 0: any free port.
    pub port: u16,
}

#[derive(Clone, Copy, Default, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    #[default]
    None,
    StartTls,
    Tls,
}

/// A real SMTP server (aiosmtpd) that keeps what it received.
pub struct SmtpSink {
    pub peer: Peer,
    pub port: u16,
    pub dir: tempfile::TempDir,
    /// The certificate its own is signed by, where it speaks TLS: `ca.pem` in `dir`.
    pub ca: Option<PathBuf>,
}

/// A mail as it came in.
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    /// Whether the connection was encrypted when it came.
    pub tls: bool,
    pub user: Option<String>,
    pub eml: PathBuf,
}

impl SmtpSink {
    pub fn start() -> SmtpSink {
        SmtpSink::start_with(&SmtpOptions::default())
    }

    pub fn start_with(options: &SmtpOptions) -> SmtpSink {
        let dir = tempfile::tempdir().unwrap();
        let mut given = serde_json::to_value(options).unwrap();
        given["directory"] = dir.path().display().to_string().into();
        let mut ca = None;
        if options.tls != SmtpTls::None {
            let certificates = Certificates::make(dir.path());
            given["cert"] = certificates.server.display().to_string().into();
            given["key"] = certificates.server_key.display().to_string().into();
            ca = Some(certificates.ca);
        }
        let log = dir.path().join("sink.log");
        let mut command = python_command(include_str!("smtp_sink.py"));
        command.arg(given.to_string());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log).unwrap());
        let mut peer = Peer::started(&mut command, &log);
        let mut line = String::new();
        BufReader::new(peer.child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("the SMTP server did not start:\n{}", peer.log()));
        SmtpSink { peer, port, dir, ca }
    }

    /// What it accepted so far, first first.
    pub fn received(&self) -> Vec<Received> {
        let mut notes: Vec<PathBuf> = fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        notes.sort();
        notes
            .into_iter()
            .map(|note| {
                let envelope: serde_json::Value = serde_json::from_slice(&fs::read(&note).unwrap()).unwrap();
                Received {
                    from: envelope["from"].as_str().unwrap_or("").to_owned(),
                    to: serde_json::from_value(envelope["to"].clone()).unwrap(),
                    tls: envelope["tls"] == true,
                    user: envelope["user"].as_str().map(str::to_owned),
                    eml: note.with_extension("eml"),
                }
            })
            .collect()
    }

    /// Waits until it has accepted at least `count` mails.
    pub fn wait_for(&self, count: usize, deadline: Duration) -> Vec<Received> {
        wait_for(deadline, &format!("{count} mails"), || {
            let received = self.received();
            (received.len() >= count).then_some(received)
        })
    }
}

/// A certificate authority of one test, and what it signed: PEM files in one folder.
pub struct Certificates {
    pub ca: PathBuf,
    /// For `localhost` and 127.0.0.1.
    pub server: PathBuf,
    pub server_key: PathBuf,
    /// Common name `jagaloket`.
    pub client: PathBuf,
    pub client_key: PathBuf,
}

impl Certificates {
    pub fn make(dir: &Path) -> Certificates {
        let file = |name: &str| dir.join(name);
        let made = Certificates {
            ca: file("ca.pem"),
            server: file("server.pem"),
            server_key: file("server.key"),
            client: file("client.pem"),
            client_key: file("client.key"),
        };
        let ca_key = file("ca.key");
        let certificate = |subject: &str, out: &Path, key: &Path, extensions: &[&str], signed: bool| {
            let mut command = Command::new("openssl");
            command.args(["req", "-x509", "-nodes", "-days", "30", "-newkey", "ec"]);
            command.args(["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", subject]);
            command.arg("-out").arg(out).arg("-keyout").arg(key);
            if signed {
                command.arg("-CA").arg(&made.ca).arg("-CAkey").arg(&ca_key);
            }
            for extension in extensions {
                command.args(["-addext", extension]);
            }
            succeed(&mut command, b"");
        };
        certificate(
            "/CN=Jagaloket test authority",
            &made.ca,
            &ca_key,
            &["keyUsage=keyCertSign,cRLSign"],
            false,
        );
        let end = "basicConstraints=critical,CA:FALSE";
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
        certificate("/CN=localhost", &made.server, &made.server_key, &[end, names], true);
        certificate(
            "/CN=jagaloket",
            &made.client,
            &made.client_key,
            &[end, "extendedKeyUsage=clientAuth"],
            true,
        );
        made
    }
}
