//! `serve --check` and `serve` read the same files, tell the same faults and end the same way.

use super::*;
use crate::support::Certificates;

/// What both say of a configuration that cannot start.
fn refused(folder: &TempDir) -> String {
    let (_, checked) = ended(
        &call(folder, &["serve", "--config", "jagaloket.toml", "--check"]),
        Exit::Usage,
    );
    let (_, served) = ended(&call(folder, &["serve", "--config", "jagaloket.toml"]), Exit::Usage);
    assert_eq!(checked, served);
    assert!(!served.contains("error: error:"), "{served}");
    assert!(!folder.path().join("jagaloket.db").exists());
    served
}

fn rewrite(folder: &TempDir, name: &str, change: impl Fn(String) -> String) {
    let path = folder.path().join(name);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, change(text)).unwrap();
}

#[test]
fn every_fault_of_every_named_file_is_told_at_once_with_2() {
    let folder =
        office("[broker]\nembedded = true\ndevices = \"nobody\"\n[broker.tls]\ncert = \"c.pem\"\nkey = \"k.pem\"\n");
    rewrite(&folder, "jagaloket.toml", |text| {
        let text = text.replace("[\"roster.toml\"]", "[\"roster.toml\", \"none.toml\"]");
        text.replace(&policies().display().to_string(), "rules")
    });
    rewrite(&folder, "roster.toml", |text| {
        text.replace("Asia/Jakarta", "Asia/Jakata")
    });
    fs::create_dir(folder.path().join("rules")).unwrap();
    fs::write(folder.path().join("rules/a.toml"), "id = \"a\"\n").unwrap();
    let told = refused(&folder);
    for fault in [
        "error: the policy has no `title`\n --> rules/a.toml:1:1",
        "\"Asia/Jakata\" is not an IANA time zone",
        "\n  --> roster.toml:",
        "error: cannot read the roster none.toml: No such file",
        "error: cannot read the devices' passwords nobody: No such file",
        "error: [broker.tls] c.pem cannot be used for TLS: ",
    ] {
        assert!(told.contains(fault), "{fault}\n{told}");
    }
}

#[test]
fn two_rosters_of_one_office_are_refused() {
    let folder = office("[broker]\nhost = \"127.0.0.1\"\n");
    rewrite(&folder, "jagaloket.toml", |text| {
        text.replace("[\"roster.toml\"]", "[\"roster.toml\", \"roster.toml\"]")
    });
    assert_eq!(
        refused(&folder),
        "error: roster.toml and roster.toml are rosters of one office, \"tangerang\"\n"
    );
}

#[test]
fn a_certificate_that_is_missing_or_none_is_told_before_the_start() {
    let folder = office(
        "[broker]\nhost = \"localhost\"\n[broker.tls]\nca = \"ca.pem\"\n[mail]\nhost = \"localhost\"\nfrom = \"a@b.example\"\nca = \"mail.pem\"\n",
    );
    let told = refused(&folder);
    assert!(
        told.contains("error: [broker] cannot read ca.pem: No such file"),
        "{told}"
    );
    assert!(told.contains("error: `mail.ca` cannot be used: No such file"), "{told}");
    fs::write(folder.path().join("ca.pem"), "no certificate").unwrap();
    let told = refused(&folder);
    assert!(told.contains("error: [broker] ca.pem: no certificate in it"), "{told}");
    let certificates = Certificates::make(folder.path());
    fs::copy(&certificates.ca, folder.path().join("mail.pem")).unwrap();
    ended(
        &call(&folder, &["serve", "--config", "jagaloket.toml", "--check"]),
        Exit::Done,
    );
}

#[test]
fn a_password_file_is_read_in_the_check() {
    let folder = office("[broker]\nembedded = true\ndevices = \"devices\"\n");
    for (text, fault) in [
        (
            "tangerang/loket-01",
            "in devices: line 1: no `:` between user and password",
        ),
        (
            "tangerang/loket-01:a\ntangerang/loket-01:b\n",
            "in devices: line 2: the device is listed above already",
        ),
    ] {
        fs::write(folder.path().join("devices"), text).unwrap();
        assert_eq!(refused(&folder), format!("error: {fault}\n"));
    }
    fs::write(
        folder.path().join("devices"),
        "tangerang/loket-01:rahasia\ntangerang/loket-99:rahasia\n",
    )
    .unwrap();
    let (_, err) = ended(
        &call(&folder, &["serve", "--config", "jagaloket.toml", "--check"]),
        Exit::Done,
    );
    assert_eq!(
        err,
        "warning: devices lets in tangerang/loket-99, which no roster knows: what it sends goes to quarantine\n"
    );
}

#[test]
fn a_missing_folder_of_the_database_is_told() {
    let folder = office("[broker]\nhost = \"127.0.0.1\"\n[database]\npath = \"far/away.db\"\n");
    assert_eq!(refused(&folder), "error: `database.path`: there is no folder far\n");
}

#[test]
fn a_broker_that_lets_everybody_in_is_warned_of() {
    let folder = office("[broker]\nembedded = true\nanonymous = true\n");
    let (_, err) = ended(
        &call(&folder, &["serve", "--config", "jagaloket.toml", "--check"]),
        Exit::Done,
    );
    assert!(
        err.starts_with("warning: `broker.anonymous` is true: everybody on this machine"),
        "{err}"
    );
    rewrite(&folder, "jagaloket.toml", |text| text.replace("anonymous = true\n", ""));
    assert!(refused(&folder).starts_with("error: the embedded broker needs `devices`"));
}
