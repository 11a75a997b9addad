//! The demo, as a newcomer runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use crate::support::{Peer, free_port, jagaloket, policies, run, succeed, wait_until};

#[test]
fn the_demo_ends_well_and_leaves_mails_that_say_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = jagaloket();
    command.args([
        "demo",
        "--exit-after",
        "30s",
        "--speed",
        "60",
        "--port",
        &free_port().to_string(),
        "--keep",
    ]);
    let output = run(command.arg(folder.path()), b"");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mails: Vec<String> = fs::read_dir(folder.path().join("mails"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap().replace("=\r\n", ""))
        .collect();
    assert!(
        mails
            .iter()
            .any(|mail| mail.contains("kasi.pelayanan@contoh.example") && mail.contains("phone-out-during-service"))
    );
    assert!(mails.iter().all(|mail| {
        !mail
            .lines()
            .take_while(|line| !line.is_empty())
            .any(|line| line.contains("Candra"))
    }));
    an_unchanged_policy_set_shows_no_difference(&folder.path().join("jagaloket.db"));
}

fn an_unchanged_policy_set_shows_no_difference(database: &Path) {
    let backtest = |candidate: &Path| -> serde_json::Value {
        let mut command = jagaloket();
        command.args(["policy", "backtest", "--format", "json", "--candidate"]);
        command.arg(candidate).arg("--database").arg(database);
        serde_json::from_slice(&succeed(&mut command, b"").stdout).unwrap()
    };
    let report = backtest(&policies());
    assert!(report["total"]["before"].as_u64().unwrap() >= 3, "{report:#}");
    assert_eq!(report["total"]["before"], report["total"]["after"]);
    assert_eq!(report["changes"].as_array().unwrap().len(), 0, "{report:#}");
    // Without one of them, its verdicts and nothing else vanish.
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(policies()).unwrap().map(Result::unwrap) {
        if entry.path().is_file()
            && !entry
                .file_name()
                .to_string_lossy()
                .starts_with("messaging-on-workstation")
        {
            fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
    }
    let report = backtest(folder.path());
    assert!(report["total"]["vanished"].as_u64().unwrap() >= 1, "{report:#}");
    for change in report["changes"].as_array().unwrap() {
        assert_eq!(change["before"]["policy"], "messaging-on-workstation");
        assert!(change["after"].is_null());
    }
}

#[test]
fn a_demo_that_is_told_to_end_takes_its_temporary_folder_along() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("tmp");
    fs::create_dir(&place).unwrap();
    let port = free_port();
    let mut command = jagaloket();
    command
        .env("TMPDIR", &place)
        .args(["demo", "--port", &port.to_string()]);
    let mut demo = Peer::spawn(command, &folder.path().join("log"));
    wait_until(Duration::from_secs(30), "the dashboard", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
    let passwords = fs::read_dir(&place)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path()
        .join("devices.passwords");
    assert_eq!(fs::metadata(passwords).unwrap().permissions().mode() & 0o777, 0o600);
    demo.terminate();
    assert_eq!(demo.ended_within(Duration::from_secs(20)), Some(0), "{}", demo.log());
    assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
}

#[test]
fn a_demo_that_cannot_start_leaves_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let keep = folder.path().to_str().unwrap();
    for option in ["--port", "--mqtt-port"] {
        let mut command = jagaloket();
        let output = run(
            command.args(["demo", "--exit-after", "1s", option, &port, "--keep", keep]),
            b"",
        );
        assert_eq!(
            output.status.code(),
            Some(1),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!folder.path().join("jagaloket.db").exists(), "{option}");
    }
}
