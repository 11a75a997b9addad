//! Accounts of a running monitor: made on the command line, used in a browser, traced in its ledger.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::House;
use crate::support::{Browser, Mosquitto, jagaloket, python, run, succeed, wait_until};

const PASSWORD: &str = "ombak tenang lewat jendela";

impl House {
    fn user(&self, args: &[&str]) -> String {
        let mut command = jagaloket();
        command
            .arg("user")
            .args(args)
            .arg("--config")
            .arg(self.path("jagaloket.toml"));
        String::from_utf8(succeed(&mut command, b"").stdout).unwrap()
    }

    fn user_refused(&self, args: &[&str]) -> String {
        let mut command = jagaloket();
        command
            .arg("user")
            .args(args)
            .arg("--config")
            .arg(self.path("jagaloket.toml"));
        let output = run(&mut command, b"");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    }

    /// The acts that the ledger tells, in order.
    fn acts(&self) -> Vec<String> {
        let script = "import json, sqlite3, sys\ndb = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n\
                      for body, in db.execute(\"SELECT body FROM ledger WHERE kind = 'trace' ORDER BY n\"):\n    \
                      print(json.loads(body)['act'])";
        let text = python(script, &[self.path("jagaloket.db").to_str().unwrap()], b"");
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn the_first_account_is_made_on_the_command_line_before_the_monitor_runs_and_others_while_it_does() {
    let mosquitto = Mosquitto::start(&["allow_anonymous true"]);
    let house = House::external(mosquitto.port, "5");
    let link = house.user(&["add", "Siti", "--role", "administrator"]);
    assert!(
        link.starts_with(&format!("http://127.0.0.1:{}/link/", house.web)),
        "{link}"
    );
    let key = house.path("jagaloket.db.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let mut serve = house.serve();
    assert!(!serve.log().contains("nobody can sign in yet"), "{}", serve.log());
    let mut siti = Browser::new(house.web);
    assert_eq!(siti.get("/").status, 303, "nobody sees anything without signing in");
    assert_eq!(siti.redeem(&link, PASSWORD).status, 303);
    siti.sign_in("siti", PASSWORD);
    assert_eq!(siti.get("/users").status, 200);
    assert_eq!(siti.get("/incidents").status, 403);
    // While it runs, through its socket; by mail.
    let person = [
        "--office",
        "tangerang",
        "--person",
        "s-01",
        "--email",
        "kasi@tangerang.example",
        "--mail",
    ];
    let said = house.user(&[&["add", "kasi", "--role", "supervisor"], &person[..]].concat());
    assert_eq!(said, "the link goes to kasi@tangerang.example\n");
    wait_until(Duration::from_secs(30), "the invitation", || {
        std::fs::read_dir(house.path("mails")).is_ok_and(|list| {
            list.flatten().any(|entry| {
                let mail = std::fs::read_to_string(entry.path()).unwrap_or_default();
                mail.contains("To: kasi@tangerang.example") && mail.contains("/link/")
            })
        })
    });
    let list = house.user(&["list"]);
    assert!(
        list.contains("siti") && list.contains("active") && list.contains("tangerang/s-01"),
        "{list}"
    );
    let told = house.user_refused(&["add", "siti", "--role", "auditor"]);
    assert!(told.contains("there is an account \"siti\" already"), "{told}");
    let told = house.user_refused(&["add", "x1", "--role", "supervisor"]);
    assert!(told.contains("needs an office"), "{told}");
    let told = house.user_refused(&["disable", "siti", "--reason", "x"]);
    assert!(told.contains("only account that can look after accounts"), "{told}");
    let told = house.user_refused(&["disable", "nobody", "--reason", "x"]);
    assert!(told.contains("there is no account"), "{told}");
    house.user(&["disable", "kasi", "--reason", "pindah"]);
    house.user(&["enable", "kasi", "--reason", "kembali"]);
    let again = house.user(&["reset", "siti", "--reason", "lupa"]);
    assert_eq!(siti.get("/users").status, 303, "a reset ends every session");
    assert_eq!(siti.redeem(&again, "lain sekali dari yang dulu").status, 303);
    siti.sign_in("siti", "lain sekali dari yang dulu");
    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(15)), Some(0), "{}", serve.log());
    // A restart keeps who is signed in; the log tells nobody's name.
    let mut serve = house.serve();
    assert_eq!(siti.get("/users").status, 200);
    for secret in ["siti", "kasi", PASSWORD, "/link/"] {
        assert!(!serve.log().contains(secret), "the log tells {secret}");
    }
    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(15)), Some(0), "{}", serve.log());
    let acts = house.acts();
    for act in [
        "user_added",
        "role_granted",
        "password_chosen",
        "signed_in",
        "refused",
        "user_disabled",
        "user_enabled",
        "user_reset",
    ] {
        assert!(acts.iter().any(|known| known == act), "{act} in {acts:?}");
    }
    let mut verify = jagaloket();
    verify
        .args(["ledger", "verify", "--config"])
        .arg(house.path("jagaloket.toml"));
    succeed(&mut verify, b"");
}

#[test]
fn a_start_without_accounts_says_how_to_make_the_first_one() {
    let mosquitto = Mosquitto::start(&["allow_anonymous true"]);
    let house = House::external(mosquitto.port, "5");
    let serve = house.serve();
    wait_until(Duration::from_secs(20), "the word", || {
        serve.log().contains("jagaloket user add NAME --role administrator")
    });
}
