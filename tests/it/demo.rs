//! The demo, as a newcomer runs it.

use std::fs;

use std::path::Path;

use crate::support::{free_port, jagaloket, policies, run, succeed};

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
