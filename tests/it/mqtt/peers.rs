//! A broker of our own, and those who publish to it.

use super::*;

pub(super) struct Mosquitto {
    pub(super) process: Option<Process>,
    pub(super) dir: tempfile::TempDir,
    pub(super) port: u16,
}

impl Mosquitto {
    /// `extra` are lines of its configuration; `DIR` in them is its own folder.
    pub(super) fn start(extra: &str) -> Mosquitto {
        let dir = tempfile::tempdir().unwrap();
        Mosquitto::start_in(dir, extra)
    }

    pub(super) fn start_in(dir: tempfile::TempDir, extra: &str) -> Mosquitto {
        let port = free_port();
        let extra = extra.replace("DIR", &dir.path().display().to_string());
        let access = if extra.contains("allow_anonymous") {
            ""
        } else {
            "allow_anonymous true"
        };
        let text = format!("user root\nlistener {port} 127.0.0.1\nmax_queued_messages 0\n{access}\n{extra}\n");
        fs::write(dir.path().join("mosquitto.conf"), text).unwrap();
        let mut mosquitto = Mosquitto {
            process: None,
            dir,
            port,
        };
        mosquitto.run();
        mosquitto
    }

    pub(super) fn run(&mut self) {
        let child = Command::new("/usr/sbin/mosquitto")
            .arg("-c")
            .arg(self.dir.path().join("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto is missing: apt-get install mosquitto");
        self.process = Some(Process(child));
        let deadline = Instant::now() + SOON;
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < deadline, "mosquitto does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn kill(&mut self) {
        self.process = None;
    }

    pub(super) fn settings(&self, version: Version) -> Settings {
        Settings {
            version,
            ..Settings::new("127.0.0.1", self.port)
        }
    }

    pub(super) fn publish(&self, version: Version, payloads: &[&str]) {
        let lines = payloads.join("\n");
        publish_lines(self.port, version, &[], &lines);
    }
}

pub(super) fn publish_lines(port: u16, version: Version, options: &[&str], lines: &str) {
    let version = match version {
        Version::V311 => "mqttv311",
        Version::V5 => "mqttv5",
    };
    let mut child = Command::new("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-V", version])
        .args(["-q", "1", "-t", EVENTS, "-l"])
        .args(options)
        .stdin(Stdio::piped())
        .spawn()
        .expect("mosquitto_pub is missing: apt-get install mosquitto-clients");
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "mosquitto_pub failed");
}

/// Runs a Python script that may use paho; its arguments are in `sys.argv`.
pub fn python(script: &str, arguments: &[&str]) -> Command {
    let python = std::env::var_os("JAGALOKET_TEST_PYTHON")
        .map_or_else(|| PathBuf::from("target/test-tools/venv/bin/python"), PathBuf::from);
    assert!(
        python.exists(),
        "{} is missing: run tests/run once, which makes it with paho-mqtt in it",
        python.display()
    );
    let mut command = Command::new(python);
    command.arg("-c").arg(script).args(arguments);
    command
}
