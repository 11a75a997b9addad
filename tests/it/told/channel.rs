//! The second channel and the canary: what mail cannot deliver reaches the technician by another way, signed.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use jagaloket::hook;

use super::*;
use crate::support::{Peer, SmtpOptions, free_port, http_get, jagaloket, python_command, wait_for, wait_until};

/// Listens, checks the signature, refuses the first notice once, and prints what it takes.
const LISTEN: &str = r#"
import hashlib, hmac, http.server, sys
refused = False
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        global refused
        body = self.rfile.read(int(self.headers["content-length"]))
        parts = dict(part.split("=", 1) for part in self.headers["jagaloket-signature"].split(","))
        mac = hmac.new(b"rahasia bersama", parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
        good = hmac.compare_digest(mac, parts["v1"])
        if not refused:
            refused = True
            self.send_response(503)
        else:
            self.send_response(204 if good else 401)
            print(body.decode() if good else "forged", flush=True)
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Hook).serve_forever()
"#;

struct Listener(std::process::Child);

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_mail_server_that_is_away_is_told_of_by_the_second_channel_and_so_is_its_return() {
    let folder = tempfile::tempdir().unwrap();
    let (web, broker, smtp, hook) = (free_port(), free_port(), free_port(), free_port());
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("roster.toml"), ROSTER).unwrap();
    std::fs::write(path("hook-secret"), "rahasia bersama\n").unwrap();
    let config = format!(
        "[office]\nroster = [\"roster.toml\"]\npolicies = {:?}\n[database]\npath = \"j.db\"\n\
         [broker]\nembedded = true\nlisten = \"127.0.0.1:{broker}\"\nanonymous = true\n\
         [mail]\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"none\"\nfrom = \"jagaloket@kota.example\"\ndeadline = \"2s\"\n\
         [web]\nlisten = \"127.0.0.1:{web}\"\n\
         [hook]\nurl = \"http://127.0.0.1:{hook}/alarm?kota\"\npassword_file = \"hook-secret\"\n\
         [canary]\naddress = \"uji@kota.example\"\nevery = \"1s\"\nwithin = \"2s\"\n",
        support::policies()
    );
    std::fs::write(path("jagaloket.toml"), config).unwrap();
    let mut listener = python_command(LISTEN);
    listener
        .arg(hook.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut listener = Listener(listener.spawn().unwrap());
    let (heard, notices) = std::sync::mpsc::channel();
    let lines = BufReader::new(listener.0.stdout.take().unwrap()).lines();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let _ = heard.send(serde_json::from_str::<serde_json::Value>(&line).unwrap());
        }
    });
    let mut command = jagaloket();
    command.args(["serve", "--config"]).arg(path("jagaloket.toml"));
    let serve = Peer::spawn(command, &path("log"));
    let of_canary = |state: &str| {
        wait_for(
            Duration::from_secs(120),
            &format!("the canary's notice {state}"),
            || {
                notices
                    .try_iter()
                    .find(|notice| notice["trouble"] == "canary" && notice["state"] == state)
            },
        )
    };
    let begun = of_canary("begun");
    assert_eq!(begun["monitor"], format!("http://127.0.0.1:{web}"));
    let (status, head, ready) = http_get(web, "/readyz", &[]);
    assert!(ready.contains("canary"), "{status} {head} {ready}");
    let sink = SmtpSink::start_with(&SmtpOptions {
        port: smtp,
        ..SmtpOptions::default()
    });
    let ended = of_canary("ended");
    assert_ne!(begun["id"], ended["id"]);
    assert!(sink.received().iter().all(|mail| mail.to == ["uji@kota.example"]));
    wait_until(Duration::from_secs(20), "the way to be well", || {
        let (_, _, ready) = http_get(web, "/readyz", &[]);
        !ready.contains("canary")
    });
    drop(serve);
}

/// Answers each post with 204, over TLS.
const LISTEN_OVER_TLS: &str = r#"
import http.server, ssl, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Hook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"#;

#[tokio::test]
async fn a_notice_goes_over_tls_to_whoever_the_office_trusts_alone() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    crate::mqtt::entry::certificates(folder.path());
    let at = |name: &str| folder.path().join(name);
    let port = free_port();
    let mut server = python_command(LISTEN_OVER_TLS);
    server.arg(port.to_string()).arg(at("server.pem")).arg(at("server.key"));
    let _listener = Listener(server.spawn().unwrap());
    wait_until(Duration::from_secs(20), "the listener", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let notice = hook::Notice {
        id: "1".into(),
        monitor: "uji".into(),
        trouble: "mail".into(),
        state: "begun",
        at: Moment(0),
        words: "kata".into(),
    };
    let settings = |ca_file| hook::Settings {
        url: format!("https://localhost:{port}/alarm"),
        secret: "rahasia".into(),
        ca_file,
    };
    hook::send(&settings(Some(at("ca.pem"))), &notice, Moment(0))
        .await
        .unwrap();
    hook::send(&settings(None), &notice, Moment(0)).await.unwrap_err();
    let fault = hook::send(&settings(Some(at("nowhere.pem"))), &notice, Moment(0))
        .await
        .unwrap_err();
    assert!(fault.contains("nowhere.pem"), "{fault}");
}
