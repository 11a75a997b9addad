//! That the peers do what tests expect of them.

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
    let mail: Received = sealed.received().remove(0);
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("a@x.example", &["b@x.example".to_owned()][..])
    );
    assert!(mail.tls);
    assert_eq!(mail.user.as_deref(), Some("monitor"));
    assert!(fs::read_to_string(mail.eml).unwrap().contains("Subject: hello"));
    let mut whole = SmtpSink::start_with(&SmtpOptions {
        tls: SmtpTls::Tls,
        ..SmtpOptions::default()
    });
    let ca = whole.ca.clone().unwrap().display().to_string();
    let script = "
import smtplib, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
with smtplib.SMTP_SSL('127.0.0.1', int(sys.argv[1]), context=context) as smtp:
    smtp.sendmail('a@x.example', ['b@x.example'], b'Subject: sealed\\r\\n\\r\\n')
";
    python(script, &[&whole.port.to_string(), &ca], b"");
    assert!(whole.received()[0].tls && whole.peer.is_running());
    drop(SmtpSink::start());
}

#[test]
fn mosquitto_lets_in_who_shows_a_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let Certificates {
        ca,
        server,
        server_key,
        client,
        client_key,
    } = Certificates::make(dir.path());
    let file = |key: &str, path: &Path| format!("{key} {}", path.display());
    let lines = [
        file("cafile", &ca),
        file("certfile", &server),
        file("keyfile", &server_key),
    ];
    let lines: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .chain(["require_certificate true"])
        .collect();
    let mosquitto = Mosquitto::start(&lines);
    let [ca, client, client_key] = [ca, client, client_key].map(|path| path.display().to_string());
    let shown = [
        "--cafile",
        &ca,
        "--cert",
        &client,
        "--key",
        &client_key,
        "-t",
        "a",
        "-s",
    ];
    mosquitto_pub(mosquitto.port, &shown, "hello");
    assert!(mosquitto.log().contains("New client connected"), "{}", mosquitto.log());
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
        assert!(
            verdict_lines("{\"evidence\":[],\"policy\":\"x\"}\n")[0]
                .get("evidence")
                .is_none()
        );
    }
    assert!(policies().join("phone-out-during-service.toml").exists());
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

#[test]
fn the_program_and_a_web_server_answer() {
    let version = succeed(jagaloket().arg("--version"), b"");
    assert!(version.stdout.starts_with(b"jagaloket "));
    let port = free_port();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("page"), "hello").unwrap();
    let mut command =
        python_command("import runpy; runpy.run_module('http.server', run_name='__main__', alter_sys=True)");
    command
        .args([&port.to_string(), "--bind", "127.0.0.1"])
        .current_dir(dir.path());
    let mut server = Peer::spawn(command, &dir.path().join("log"));
    wait_until(Duration::from_secs(20), "the web server", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let (status, head, body) = http_get(port, "/page", &["Accept: text/plain"]);
    assert_eq!((status, body.as_str()), (200, "hello"), "{head}");
    server.kill();
}
