//! The demo, as a newcomer runs it.

use std::fs;

use crate::support::{free_port, jagaloket, run};

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
}
