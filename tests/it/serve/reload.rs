//! Other policies and rosters: between two runs, while running, refused, and with events under way.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

use super::{House, PASSWORD, distinct};
use crate::support::{
    Peer, example, example_events, example_verdicts, jagaloket, policies, python, run, succeed, wait_until,
};

const DAY: &str = "soup-101";
/// What came before it is judged by the first policies.
const CUT: &str = "2026-11-24T09:40:00";
const REMOVED: &str = "phone-out-during-service";

/// A monitor with policies and a roster of its own, and its day in two parts.
struct Office {
    house: House,
    morning: Vec<String>,
    rest: Vec<String>,
}

impl Office {
    fn new() -> Office {
        let house = House::embedded();
        fs::create_dir(house.path("policies")).unwrap();
        for entry in fs::read_dir(policies()).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                fs::copy(entry.path(), house.path("policies").join(entry.file_name())).unwrap();
            }
        }
        fs::copy(example("roster.toml"), house.path("roster.toml")).unwrap();
        let config = house.path("jagaloket.toml");
        let text = fs::read_to_string(&config).unwrap();
        let text = text.replace(&format!("{:?}", policies()), "\"policies\"");
        let text = text.replace(&format!("{:?}", example("roster.toml")), "\"roster.toml\"");
        assert!(
            text.contains("\"policies\"") && text.contains("\"roster.toml\""),
            "{text}"
        );
        fs::write(config, text).unwrap();
        let time = |line: &String| {
            serde_json::from_str::<Value>(line).unwrap()["time"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let mut lines = example_events(DAY);
        lines.sort_by_key(time);
        let (morning, rest) = lines.into_iter().partition(|line| time(line).as_str() < CUT);
        Office { house, morning, rest }
    }

    fn policy(&self, id: &str) -> PathBuf {
        self.house.path("policies").join(format!("{id}.toml"))
    }

    fn publish(&self, lines: &[String]) {
        let port = self.house.broker.to_string();
        python(
            include_str!("publish.py"),
            &[&port, PASSWORD],
            lines.join("\n").as_bytes(),
        );
    }

    fn publish_morning(&self) {
        self.publish(&self.morning);
        self.house.wait_for_events(distinct(&self.morning));
    }

    fn activate(&self) -> Output {
        let mut command = jagaloket();
        command
            .args(["policy", "activate", "--config"])
            .arg(self.house.path("jagaloket.toml"));
        run(&mut command, b"")
    }

    /// The verdicts of the whole day under the first policies, without what the removed one says after the cut.
    fn expected(&self) -> Vec<Value> {
        let mut verdicts = example_verdicts(DAY);
        verdicts.retain(|line| line["policy"] != REMOVED || line["since"].as_str().unwrap() < CUT);
        verdicts
    }

    fn verify(&self) {
        let mut command = jagaloket();
        command
            .args(["ledger", "verify", "--config"])
            .arg(self.house.path("jagaloket.toml"));
        succeed(&mut command, b"");
    }
}

fn end(serve: &mut Peer) {
    serve.terminate();
    assert_eq!(serve.ended_within(Duration::from_secs(15)), Some(0), "{}", serve.log());
}

fn hang_up(serve: &Peer) {
    let kill = format!("kill -HUP {}", serve.id());
    succeed(Command::new("sh").args(["-c", &kill]), b"");
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn a_policy_removed_between_two_runs_judges_what_was_and_not_what_comes() {
    let office = Office::new();
    let mut serve = office.house.serve();
    office.publish_morning();
    let before = office.house.verdicts();
    end(&mut serve);
    fs::remove_file(office.policy(REMOVED)).unwrap();
    let mut serve = office.house.serve();
    wait_until(Duration::from_secs(10), "what was said to stand", || {
        office.house.verdicts() == before
    });
    office.publish(&office.rest);
    office.house.wait_for_events(distinct(&office.rest));
    wait_until(Duration::from_secs(20), "the verdicts", || {
        office.house.verdicts() == office.expected()
    });
    wait_until(Duration::from_secs(30), "every letter to be sent", || {
        office.house.counts()[3] == 0
    });
    let counts = office.house.counts();
    end(&mut serve);
    let mut serve = office.house.serve();
    wait_until(Duration::from_secs(10), "a further start to say the same", || {
        office.house.verdicts() == office.expected()
    });
    assert_eq!(office.house.counts(), counts);
    end(&mut serve);
    office.verify();
}

#[test]
fn what_the_office_decides_while_running_counts_from_then_on_and_after_a_start() {
    let office = Office::new();
    let mut serve = office.house.serve();
    office.publish_morning();
    fs::create_dir(office.house.path("policies/overlays")).unwrap();
    let overlay = office.house.path("policies/overlays/tangerang.toml");
    let decided = |reason: &str| {
        format!("[{REMOVED}]\nenabled = false\n{reason}decided_by = \"Kepala Kantor\"\ndecided_on = 2026-11-24\n")
    };
    fs::write(&overlay, decided("")).unwrap();
    let output = office.activate();
    assert_ne!(output.status.code(), Some(0));
    assert!(said(&output).contains("`reason` is missing"), "{}", said(&output));
    fs::write(&overlay, decided("reason = \"Loker HP rusak\"\n")).unwrap();
    let output = office.activate();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output), "in force from now on: phone-out-during-service\n");
    office.publish(&office.rest);
    wait_until(Duration::from_secs(60), "the verdicts", || {
        office.house.verdicts() == office.expected()
    });
    let (_, _, page) = office.house.get("/policies?lang=en");
    assert!(
        page.contains("Reason: Loker HP rusak. Decided by Kepala Kantor"),
        "{page}"
    );
    end(&mut serve);
    // The ledger knows what was decided when, also if the file is gone.
    fs::remove_file(&overlay).unwrap();
    let mut serve = office.house.serve();
    wait_until(Duration::from_secs(10), "a further start to say the same", || {
        office.house.verdicts() == office.expected()
    });
    end(&mut serve);
    office.verify();
}

#[test]
fn a_policy_removed_while_running_ends_at_once_and_others_run_on() {
    let office = Office::new();
    let mut serve = office.house.serve();
    office.publish_morning();
    let output = office.activate();
    assert!(
        output.status.success() && said(&output).contains("nothing has changed"),
        "{}",
        said(&output)
    );
    fs::remove_file(office.policy(REMOVED)).unwrap();
    let output = office.activate();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(said(&output), format!("in force from now on: {REMOVED}\n"));
    office.publish(&office.rest);
    office
        .house
        .wait_for_events(distinct(&office.morning) + distinct(&office.rest));
    // Runs that began before the change and are not concerned by it go on to their own ends.
    wait_until(Duration::from_secs(20), "the verdicts", || {
        office.house.verdicts() == office.expected()
    });
    assert_eq!(office.house.metric("jagaloket_activations_total"), 1);
    let (_, _, pinned) = office.house.get("/api/v1/verdicts?with=pin");
    let pinned: Vec<Value> = serde_json::from_str(&pinned).unwrap();
    assert_eq!(pinned.len(), office.expected().len());
    for line in &pinned {
        assert_eq!(line["policy_hash"].as_str().unwrap().len(), 64, "{line}");
        assert_eq!(line["engine"], env!("CARGO_PKG_VERSION"));
    }
    // Judged by the policy of its day, which is in force no more.
    let (_, _, page) = office
        .house
        .get("/incidents?policy=phone-out-during-service&state=ended&lang=en");
    let incident = page
        .split("class=\"row-link\" href=\"/incidents/")
        .nth(1)
        .unwrap()
        .split(['"', '?'])
        .next()
        .unwrap()
        .to_owned();
    let (_, _, page) = office.house.get(&format!("/incidents/{incident}?lang=en"));
    let link = page
        .split("why=")
        .nth(1)
        .unwrap_or_else(|| panic!("no link to reasons:\n{page}"));
    let verdict: String = link.chars().take_while(char::is_ascii_digit).collect();
    let (_, _, page) = office
        .house
        .get(&format!("/incidents/{incident}?lang=en&why={verdict}"));
    assert!(
        page.contains("What would have been compliant") && page.contains("Had the phone been deposited by"),
        "{page}"
    );
    let mut command = jagaloket();
    command
        .args(["explain", &verdict, "--lang", "en", "--config"])
        .arg(office.house.path("jagaloket.toml"));
    let told = said(&succeed(&mut command, b""));
    assert!(
        told.contains(REMOVED) && told.contains("Had the phone been deposited by"),
        "{told}"
    );
    end(&mut serve);
    let mut serve = office.house.serve();
    wait_until(Duration::from_secs(10), "a further start to say the same", || {
        office.house.verdicts() == office.expected()
    });
    end(&mut serve);
    office.verify();
    a_backtest_compares_with_the_policies_of_their_day(&office);
}

fn a_backtest_compares_with_the_policies_of_their_day(office: &Office) {
    let mut command = jagaloket();
    command
        .args(["policy", "backtest", "--format", "json", "--config"])
        .arg(office.house.path("jagaloket.toml"));
    let output = succeed(command.arg("--candidate").arg(policies()), b"");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["total"]["before"], office.expected().len());
    assert_eq!(report["total"]["after"], example_verdicts(DAY).len());
    let changes = report["changes"].as_array().unwrap();
    assert_eq!(changes.len(), example_verdicts(DAY).len() - office.expected().len());
    for change in changes {
        assert_eq!((&change["change"], &change["before"]), (&"opened".into(), &Value::Null));
        assert_eq!(change["after"]["policy"], REMOVED);
        assert!(change["after"]["since"].as_str().unwrap() >= CUT);
    }
}

#[test]
fn a_bad_set_is_refused_with_its_faults_and_the_old_one_stays() {
    let office = Office::new();
    let mut serve = office.house.serve();
    office.publish_morning();
    let before = office.house.verdicts();
    let good = fs::read_to_string(office.policy(REMOVED)).unwrap();
    fs::write(office.policy(REMOVED), good.replace("service.active", "servce.active")).unwrap();
    let output = office.activate();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("did you mean `service.active`?"),
        "{}",
        said(&output)
    );
    hang_up(&serve);
    wait_until(Duration::from_secs(20), "the refusal", || {
        office.house.metric("jagaloket_activations_refused_total") == 1
    });
    wait_until(Duration::from_secs(10), "the System page to say so", || {
        let (_, _, page) = office.house.get("/health?lang=en");
        page.contains("did you mean `service.active`?")
    });
    assert!(serve.log().contains("were refused"), "{}", serve.log());
    fs::write(office.policy(REMOVED), good).unwrap();
    hang_up(&serve);
    wait_until(Duration::from_secs(10), "the System page to forget it", || {
        let (_, _, page) = office.house.get("/health?lang=en");
        !page.contains("did you mean `service.active`?")
    });
    assert_eq!(office.house.verdicts(), before);
    office.publish(&office.rest);
    wait_until(Duration::from_secs(60), "the whole day's verdicts", || {
        office.house.verdicts() == example_verdicts(DAY)
    });
    end(&mut serve);
    office.verify();
}

#[test]
fn a_new_name_in_the_roster_stands_in_the_next_mail() {
    let office = Office::new();
    let mut serve = office.house.serve();
    office.publish_morning();
    let roster = fs::read_to_string(office.house.path("roster.toml")).unwrap();
    let supervisor = roster.split("[[supervisor]]").nth(1).unwrap();
    let name = supervisor
        .lines()
        .find(|line| line.trim_start().starts_with("name"))
        .unwrap();
    let renamed = roster.replacen(name, "name = \"Nama Sungguh Baru\"", 1);
    fs::write(office.house.path("roster.toml"), renamed).unwrap();
    let output = office.activate();
    assert!(said(&output).contains("the roster of tangerang"), "{}", said(&output));
    office.publish(&office.rest);
    wait_until(Duration::from_secs(60), "a mail to the new name", || {
        let mails = fs::read_dir(office.house.path("mails")).unwrap().map(Result::unwrap);
        mails
            .filter_map(|entry| fs::read_to_string(entry.path()).ok())
            .any(|mail| {
                mail.lines()
                    .any(|line| line.starts_with("To:") && line.contains("Nama Sungguh Baru"))
            })
    });
    end(&mut serve);
}

#[test]
fn no_event_under_way_is_lost_while_policies_change() {
    let office = Office::new();
    let mut serve = office.house.serve();
    let mut lines = office.morning.clone();
    lines.extend(office.rest.clone());
    std::thread::scope(|scope| {
        let publishing = scope.spawn(|| office.publish(&lines));
        let good = fs::read_to_string(office.policy(REMOVED)).unwrap();
        let mut seconds = 0;
        while !publishing.is_finished() {
            seconds += 1;
            fs::write(
                office.policy(REMOVED),
                good.replace("\"60s\"", &format!("\"{}s\"", 60 + seconds)),
            )
            .unwrap();
            let output = office.activate();
            assert!(output.status.success(), "{}", said(&output));
        }
    });
    let others = |verdicts: Vec<Value>| -> Vec<Value> {
        verdicts.into_iter().filter(|line| line["policy"] != REMOVED).collect()
    };
    let expected = others(example_verdicts(DAY));
    office.house.wait_for_events(distinct(&lines));
    wait_until(Duration::from_secs(20), "the verdicts of the others", || {
        others(office.house.verdicts()) == expected
    });
    let [events, different, ..] = office.house.counts();
    assert_eq!(
        (events as usize, different as usize),
        (distinct(&lines), distinct(&lines))
    );
    end(&mut serve);
    office.verify();
}

#[test]
fn a_holiday_entered_late_is_judged_told_and_taken_back_when_the_calendar_is_put_right() {
    let office = Office::new();
    let policy = office.policy("service-outside-hours");
    let on = fs::read_to_string(&policy)
        .unwrap()
        .replace("enabled  = false", "enabled  = true");
    fs::write(policy, on).unwrap();
    let roster = office.house.path("roster.toml");
    let plain = fs::read_to_string(&roster).unwrap();
    let hours = |open: &str| {
        let calendar = format!(
            "[office.calendar]\nfrom = 2026-11-24\n[office.calendar.week]\ntuesday = {{ open = \"{open}\" }}\n"
        );
        fs::write(
            &roster,
            plain.replacen("[[counter]]", &format!("{calendar}\n[[counter]]"), 1),
        )
        .unwrap();
    };
    let outside = || {
        let mut said = office.house.verdicts();
        said.retain(|line| line["policy"] == "service-outside-hours");
        said.len()
    };
    let mails = || {
        let files = fs::read_dir(office.house.path("mails")).unwrap().map(Result::unwrap);
        let texts = files.filter_map(|entry| fs::read_to_string(entry.path()).ok());
        texts.filter(|mail| mail.contains("kalender")).count()
    };
    let mut serve = office.house.serve();
    let whole: Vec<String> = office.morning.iter().chain(&office.rest).cloned().collect();
    office.publish(&whole);
    office.house.wait_for_events(distinct(&whole));
    assert_eq!(outside(), 0);
    // The office had been closed since midnight, says a calendar that is entered in the afternoon.
    hours("23:00-23:30");
    assert!(office.activate().status.success());
    assert!(outside() > 0);
    wait_until(
        Duration::from_secs(20),
        "mails that give the calendar as the cause",
        || mails() > 0,
    );
    let (told, before) = (outside(), mails());
    end(&mut serve);
    // A start with the ledger alone says the same.
    let mut serve = office.house.serve();
    assert_eq!(outside(), told);
    end(&mut serve);
    // A start with another calendar takes everything back, and those who were told are told.
    hours("00:00-24:00");
    let mut serve = office.house.serve();
    assert_eq!(outside(), 0);
    wait_until(Duration::from_secs(20), "mails that take it back", || mails() > before);
    end(&mut serve);
    let mut serve = office.house.serve();
    assert_eq!(outside(), 0);
    end(&mut serve);
    office.verify();
}

#[test]
fn what_says_the_same_is_no_change_and_an_overlay_is_named_by_its_policies() {
    let office = Office::new();
    let mut serve = office.house.serve();
    let path = office.policy(REMOVED);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("# A comment more.\n{text}")).unwrap();
    assert!(said(&office.activate()).contains("nothing has changed"));
    let overlays = office.house.path("policies").join("overlays");
    fs::create_dir(&overlays).unwrap();
    let decided = "limits = { unchecked = \"90m\" }\nreason = \"r\"\ndecided_by = \"k\"\ndecided_on = 2026-11-24\n";
    fs::write(
        overlays.join("tangerang.toml"),
        format!("[lockbox-check-overdue]\n{decided}"),
    )
    .unwrap();
    let output = said(&office.activate());
    assert!(
        output.contains("in force from now on: lockbox-check-overdue\n"),
        "{output}"
    );
    // Another reason is what people are shown, though it judges alike.
    let other = decided.replace("\"r\"", "\"s\"");
    fs::write(
        overlays.join("tangerang.toml"),
        format!("[lockbox-check-overdue]\n{other}"),
    )
    .unwrap();
    assert!(said(&office.activate()).contains("in force from now on: lockbox-check-overdue\n"));
    let (_, _, listed) = office.house.get("/api/v1/policies");
    assert!(
        listed.contains("session.unchecked_for > duration(\\\"1h30m\\\")"),
        "{listed}"
    );
    end(&mut serve);
    office.verify();
}
