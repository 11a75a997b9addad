//! What tests share: real peers on free ports that die with the test, the example office, and patience with a deadline.
//! A missing component panics with what to install; nothing is ever skipped.

mod broker;
mod browse;
mod mail;
mod office;
mod postgres;
mod tests;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

pub use broker::{Mosquitto, mosquitto_pub};
pub use browse::{Answer, Browser};
pub use mail::{Certificates, Received, SmtpOptions, SmtpSink, SmtpTls};
pub use office::{EXAMPLE_DAYS, example, example_events, example_verdicts, policies, verdict_lines};
pub use postgres::Postgres;

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
            .args(["-c", "import paho.mqtt.client, aiosmtpd, jsonschema"])
            .output();
        assert!(
            found.is_ok_and(|output| output.status.success()),
            "{} with the packages of tests/requirements.txt is missing; {INSTALL}",
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
