//! Eclipse mosquitto as an external broker.

use std::fs;
use std::net::TcpStream;
use std::process::{Command, Output};
use std::time::Duration;

use super::{Peer, first_of, free_port, succeed, wait_until};

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
