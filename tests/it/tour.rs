//! docs/policies.md, done as it says: its files written, its commands run, and what they print compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{example, policies};

const EXIT_STATUS: &str = "# exit status ";

#[test]
fn the_page_on_policies_can_be_followed_command_by_command() {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&policies(), &folder.path().join("policies"));
    fs::copy(example("roster.toml"), folder.path().join("roster.toml")).unwrap();
    let _serve = Serve(folder.path().join("serve.pid"));
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policies.md")).unwrap();
    let (mut files, mut commands) = (0, 0);
    for block in page.split("\n```").skip(1).step_by(2) {
        let (kind, text) = block.split_once('\n').unwrap();
        let text = format!("{text}\n");
        match kind.split(' ').collect::<Vec<_>>()[..] {
            ["toml", path] => {
                fs::write(folder.path().join(path), &text).unwrap();
                files += 1;
            }
            ["toml", path, "+"] => {
                let before = fs::read_to_string(folder.path().join(path)).unwrap();
                fs::write(folder.path().join(path), format!("{before}\n{text}")).unwrap();
                files += 1;
            }
            ["sh"] => {
                for step in text.split("$ ").skip(1) {
                    run(step, folder.path());
                    commands += 1;
                }
            }
            _ => panic!("the page has a block of an unknown kind: {kind}"),
        }
    }
    assert!(files >= 4 && commands >= 18, "{files} files and {commands} commands");
    let page = fs::read_to_string(folder.path().join("backtest.html")).unwrap();
    assert!(page.contains("phone-out-between-services"), "{page}");
}

/// The monitor that the page starts; a failure half way leaves none behind.
struct Serve(PathBuf);

impl Drop for Serve {
    fn drop(&mut self) {
        // Where the page has ended it, there is nobody to end.
        if let Ok(id) = fs::read_to_string(&self.0) {
            let _ = Command::new("kill").arg(id.trim()).output();
        }
    }
}

/// Runs one command; every line below it must be a line of what it prints, in this order, up to an ellipsis.
fn run(step: &str, folder: &Path) {
    let (command, expected) = step.split_once('\n').unwrap();
    let status: i32 = match command.split_once(EXIT_STATUS) {
        Some((_, status)) => status.trim().parse().unwrap(),
        None => 0,
    };
    let binaries = Path::new(env!("CARGO_BIN_EXE_jagaloket")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", path)
        .output()
        .unwrap();
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(status), "{command}\n{printed}");
    let mut lines = printed.lines();
    for line in expected.lines().filter(|line| !line.is_empty()) {
        let (wanted, cut) = match line.split_once('…') {
            Some((wanted, _)) => (wanted.trim_end(), true),
            None => (line, false),
        };
        let is_it = |line: &str| {
            if cut {
                line.starts_with(wanted)
            } else {
                line.trim_end() == wanted
            }
        };
        assert!(lines.any(is_it), "{command}: no line {wanted:?} next in\n{printed}");
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
