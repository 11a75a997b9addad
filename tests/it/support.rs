//! What tests share: real peers on free ports that die with the test, the example office, and patience with a deadline.
//! A missing component panics with what to install; nothing is ever skipped.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

const INSTALL: &str = "run `bash tests/run` once: it installs what the tests need";

/// A process that dies with the test. What it writes goes to a file, shown when something it should do does not happen.
pub struct Peer {
    child: Child,
    pub log: PathBuf,
}

impl Peer {
    /// Starts `command`, both its outputs appended to `log`.
    pub fn spawn(mut command: Command, log: &Path) -> Peer {
        let file = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file);
        Peer::started(&mut command, log)
    }

    fn started(command: &mut Command, log: &Path) -> Peer {
        let program = command.get_program().to_owned();
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("cannot start {}: {error}; {INSTALL}", program.display());
        });
        Peer {
            child,
            log: log.to_owned(),
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// SIGKILL, and gone when this returns.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let done = Command::new("sh")
            .args(["-c", &format!("kill {}", self.id())])
            .status()
            .unwrap();
        assert!(done.success(), "kill {} failed", self.id());
    }

    /// Waits for it to end by itself; answers its exit status (`None`: by a signal).
    pub fn ended_within(&mut self, deadline: Duration) -> Option<i32> {
        let child = &mut self.child;
        let log = &self.log;
        let what = || {
            format!(
                "the process to end; it wrote:\n{}",
                fs::read_to_string(log).unwrap_or_default()
            )
        };
        wait_for_told(deadline, what, || child.try_wait().unwrap()).code()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Eclipse mosquitto on a free port of 127.0.0.1.
pub struct Mosquitto {
    peer: Option<Peer>,
    pub port: u16,
    /// Its configuration, log and persistence live here; `{dir}` in configuration lines stands for it.
    pub dir: tempfile::TempDir,
}

impl Mosquitto {
    /// Starts it with `lines` after `listener PORT 127.0.0.1`, so that TLS options given here belong to that listener.
    /// Anonymous clients are let in unless a line says otherwise.
    pub fn start(lines: &[&str]) -> Mosquitto {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut conf = format!("listener {port} 127.0.0.1\n");
        if !lines.iter().any(|line| line.starts_with("allow_anonymous")) {
            conf.push_str("allow_anonymous true\n");
        }
        // As root it would become a user who may not enter the temporary folder.
        conf.push_str("user root\nlog_type all\n");
        for line in lines {
            conf.push_str(&line.replace("{dir}", &dir.path().display().to_string()));
            conf.push('\n');
        }
        fs::write(dir.path().join("mosquitto.conf"), conf).unwrap();
        let mut mosquitto = Mosquitto { peer: None, port, dir };
        mosquitto.start_again();
        mosquitto
    }

    /// Starts it again on the same port with the same files; a no-op while it runs.
    pub fn start_again(&mut self) {
        if self.peer.as_mut().is_some_and(Peer::is_running) {
            return;
        }
        let mut command = Command::new(first_of(&["/usr/sbin/mosquitto", "mosquitto"]));
        command.arg("-c").arg(self.dir.path().join("mosquitto.conf"));
        let mut peer = Peer::spawn(command, &self.dir.path().join("mosquitto.log"));
        let port = self.port;
        wait_until(Duration::from_secs(20), "mosquitto to listen", || {
            assert!(peer.is_running(), "mosquitto ended:\n{}", peer.log());
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        self.peer = Some(peer);
    }

    /// Ends it in order: it saves its persistence.
    pub fn stop(&mut self) {
        if let Some(mut peer) = self.peer.take() {
            peer.terminate();
            peer.ended_within(Duration::from_secs(20));
        }
    }

    pub fn kill(&mut self) {
        self.peer = None;
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.dir.path().join("mosquitto.log")).unwrap_or_default()).into_owned()
    }

    /// Publishes one message at QoS 1.
    pub fn publish(&self, topic: &str, payload: &str) {
        mosquitto_pub(self.port, &["-q", "1", "-t", topic, "-s"], payload);
    }

    /// Publishes each line as one message at QoS 1, one after another in one connection.
    pub fn publish_lines(&self, topic: &str, lines: &str) {
        mosquitto_pub(self.port, &["-q", "1", "-t", topic, "-l"], lines);
    }
}

/// Runs `mosquitto_pub` against 127.0.0.1:`port`, `input` on its standard input (for `-s` or `-l`), and demands success.
pub fn mosquitto_pub(port: u16, args: &[&str], input: &str) -> Output {
    let mut command = Command::new(first_of(&["/usr/bin/mosquitto_pub", "mosquitto_pub"]));
    command.args(["-h", "127.0.0.1", "-p", &port.to_string()]).args(args);
    succeed(&mut command, input.as_bytes())
}

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
        let mut command = python_command(include_str!("support/smtp_sink.py"));
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

/// Runs a Python script (its text, e.g. by `include_str!`) with paho-mqtt and aiosmtpd at hand, and demands success.
pub fn python(script: &str, args: &[&str], input: &[u8]) -> String {
    let output = succeed(python_command(script).args(args), input);
    String::from_utf8(output.stdout).unwrap()
}

/// The same, not started yet: for peers that stay.
pub fn python_command(script: &str) -> Command {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let python = std::env::var_os("JAGALOKET_TEST_PYTHON").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/venv/bin/python"),
            PathBuf::from,
        );
        let found = Command::new(&python)
            .args(["-c", "import paho.mqtt.client, aiosmtpd"])
            .output();
        assert!(
            found.is_ok_and(|output| output.status.success()),
            "{} with paho-mqtt and aiosmtpd is missing; {INSTALL}",
            python.display()
        );
        python
    });
    let mut command = Command::new(python);
    command.args(["-c", script]);
    command
}

/// Takes a picture of a page with Chromium.
pub fn screenshot(url: &str, width: u32, height: u32, png: &Path) {
    let (size, shot) = (
        format!("--window-size={width},{height}"),
        format!("--screenshot={}", png.display()),
    );
    chromium(&["--hide-scrollbars", &size, &shot, url]);
    assert!(png.exists(), "chromium took no picture of {url}");
}

/// The page's document after its scripts ran.
pub fn dom(url: &str) -> String {
    String::from_utf8_lossy(&chromium(&["--dump-dom", url]).stdout).into_owned()
}

fn chromium(args: &[&str]) -> Output {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new(first_of(&["/usr/bin/chromium", "chromium"]));
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
    ]);
    command.args([
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]);
    command
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(args);
    succeed(&mut command, b"")
}

/// The program under test, without the caller's own JAGALOKET_… variables.
pub fn jagaloket() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jagaloket"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("JAGALOKET_") {
            command.env_remove(name);
        }
    }
    command
}

/// A file of the example office: `roster.toml`, `day-4.jsonl.gz`, `day-4.verdicts.jsonl` and so on.
pub fn example(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/tangerang")
        .join(name);
    assert!(path.exists(), "{} is not there", path.display());
    path
}

/// The days of the example office that have events and expected verdicts.
pub const EXAMPLE_DAYS: [&str; 8] = [
    "day-4", "day-7", "day-30", "soup-101", "soup-102", "soup-105", "soup-120", "soup-135",
];

/// Lines of one day's events, in the file's order.
pub fn example_events(day: &str) -> Vec<String> {
    let mut text = String::new();
    let file = fs::File::open(example(&format!("{day}.jsonl.gz"))).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// One day's expected verdicts, without `evidence`, which is not compared.
pub fn example_verdicts(day: &str) -> Vec<serde_json::Value> {
    verdict_lines(&fs::read_to_string(example(&format!("{day}.verdicts.jsonl"))).unwrap())
}

/// Verdicts from JSON lines, without `evidence`.
pub fn verdict_lines(text: &str) -> Vec<serde_json::Value> {
    text.lines()
        .map(|line| {
            let mut verdict: serde_json::Value = serde_json::from_str(line).unwrap();
            verdict.as_object_mut().unwrap().remove("evidence");
            verdict
        })
        .collect()
}

/// The shipped policies.
pub fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")
}

/// A port nobody listens on and no outgoing connection will take: below the system's ephemeral range,
/// and no two answers alike within this process.
pub fn free_port() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = (std::process::id() % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (start + step) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}

/// Waits until `happened` says so; panics, naming `what`, after `deadline`.
pub fn wait_until(deadline: Duration, what: &str, mut happened: impl FnMut() -> bool) {
    wait_for(deadline, what, || happened().then_some(()));
}

/// Waits until `look` finds something.
pub fn wait_for<T>(deadline: Duration, what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_for_told(deadline, || what.to_owned(), look)
}

fn wait_for_told<T>(deadline: Duration, what: impl FnOnce() -> String, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        if began.elapsed() > deadline {
            panic!("waited {deadline:?} in vain for {}", what());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// `GET http://127.0.0.1:PORT/path` with extra header lines; answers status, head and body.
pub fn http_get(port: u16, path: &str, headers: &[&str]) -> (u16, String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let extra: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let request = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n{extra}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (
        status.unwrap_or_else(|| panic!("not HTTP: {head}")),
        head.to_owned(),
        body.to_owned(),
    )
}

/// Runs a command to its end with `input`; panics with its words unless it ends with 0.
pub fn succeed(command: &mut Command, input: &[u8]) -> Output {
    let output = run(command, input);
    assert!(
        output.status.success(),
        "{} ended with {}:\n{}{}",
        command.get_program().display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Runs a command to its end with `input`, whatever it ends with.
pub fn run(command: &mut Command, input: &[u8]) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let program = command.get_program().to_owned();
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {}: {error}; {INSTALL}", program.display()));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // From a thread of its own: the child may fill its output before it has read its input.
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// The first of these programs that exists; the last one is left to PATH.
fn first_of<'a>(programs: &[&'a str]) -> &'a str {
    let (last, known) = programs.split_last().unwrap();
    known.iter().find(|program| Path::new(program).exists()).unwrap_or(last)
}

mod tests {
    use super::*;

    #[test]
    fn mosquitto_keeps_what_was_published_over_a_restart() {
        let mut mosquitto = Mosquitto::start(&["persistence true", "persistence_location {dir}/"]);
        let sub = |port: u16| {
            let mut command = Command::new("mosquitto_sub");
            command.args([
                "-h",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-t",
                "a/#",
                "-C",
                "1",
                "-W",
                "10",
            ]);
            String::from_utf8(succeed(&mut command, b"").stdout).unwrap()
        };
        mosquitto_pub(mosquitto.port, &["-r", "-q", "1", "-t", "a/b", "-s"], "kept");
        mosquitto.publish("a/c", "gone");
        mosquitto.publish_lines("a/c", "gone\nas well\n");
        assert_eq!(sub(mosquitto.port), "kept\n");
        mosquitto.stop();
        assert!(TcpStream::connect(("127.0.0.1", mosquitto.port)).is_err());
        mosquitto.start_again();
        assert_eq!(sub(mosquitto.port), "kept\n");
        assert!(mosquitto.log().contains("a/c"), "{}", mosquitto.log());
        mosquitto.kill();
    }

    #[test]
    fn the_smtp_server_does_what_it_is_told_to() {
        let send = |sink: &SmtpSink| {
            let script = "
import smtplib, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
with smtplib.SMTP('127.0.0.1', port) as smtp:
    if ca:
        smtp.starttls(context=ssl.create_default_context(cafile=ca))
        smtp.login('monitor', 'secret')
    try:
        smtp.sendmail('a@x.example', ['b@x.example'], b'Subject: hello\\r\\n\\r\\nbody\\r\\n')
        print(250)
    except smtplib.SMTPResponseException as refused:
        print(refused.smtp_code)
    except smtplib.SMTPServerDisconnected:
        print('cut')
";
            let ca = sink
                .ca
                .as_ref()
                .map_or(String::new(), |path| path.display().to_string());
            python(script, &[&sink.port.to_string(), &ca], b"").trim().to_owned()
        };
        let once = SmtpOptions {
            refuse_4xx: 1,
            refuse_5xx: 1,
            lose_250: 1,
            ..SmtpOptions::default()
        };
        let sink = SmtpSink::start_with(&once);
        assert_eq!([(); 4].map(|()| send(&sink)), ["451", "554", "cut", "250"]);
        assert_eq!(sink.wait_for(2, Duration::from_secs(5)).len(), 2);

        let sealed = SmtpSink::start_with(&SmtpOptions {
            tls: SmtpTls::StartTls,
            user: Some("monitor".into()),
            password: Some("secret".into()),
            ..SmtpOptions::default()
        });
        assert_eq!(send(&sealed), "250");
        let mail = sealed.received().remove(0);
        assert_eq!(
            (mail.from.as_str(), mail.to.as_slice()),
            ("a@x.example", &["b@x.example".to_owned()][..])
        );
        assert!(mail.tls);
        assert_eq!(mail.user.as_deref(), Some("monitor"));
        assert!(fs::read_to_string(mail.eml).unwrap().contains("Subject: hello"));
        let _ = SmtpSink::start();
    }

    #[test]
    fn chromium_reads_and_pictures_a_page() {
        let dir = tempfile::tempdir().unwrap();
        let page = dir.path().join("page.html");
        fs::write(
            &page,
            "<title>x</title><script>document.title = 'scripted'</script><p>hello",
        )
        .unwrap();
        let url = format!("file://{}", page.display());
        assert!(dom(&url).contains("<title>scripted</title>"));
        screenshot(&url, 400, 300, &dir.path().join("page.png"));
    }

    #[test]
    fn every_example_day_has_events_and_expected_verdicts() {
        for day in EXAMPLE_DAYS {
            assert!(example_events(day).len() > 1_000, "{day}");
            assert!(!example_verdicts(day).is_empty(), "{day}");
        }
        jagaloket::engine::roster::Roster::parse(&fs::read_to_string(example("roster.toml")).unwrap()).unwrap();
    }

    #[test]
    fn a_peer_dies_with_its_test() {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("sleep");
        command.arg("1000");
        let mut peer = Peer::spawn(command, &dir.path().join("log"));
        assert!(peer.is_running());
        peer.terminate();
        assert_eq!(peer.ended_within(Duration::from_secs(5)), None);
    }
}
