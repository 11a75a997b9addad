//! What the monitor stands on fails while it works: the disk, the database's lock, the broker, the mail server.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command};

use jagaloket::clock::MonitorClock;
use jagaloket::config::Config;
use jagaloket::serve;

use super::*;
use crate::support::{SmtpOptions, SmtpSink, succeed};

const DAY: &str = "soup-101";
pub const WAITS: &str = "nothing is acknowledged until it is written";
pub const GOES_ON: &str = "the database takes what is written again";

fn times(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

/// Devices that publish a day to the embedded broker, and note what it acknowledges.
struct Devices<'h> {
    house: &'h House,
    process: Child,
    lines: Vec<String>,
}

impl Devices<'_> {
    /// Starts them, and waits until they are well under way.
    fn start(house: &House) -> Devices<'_> {
        // Nobody can sign in while nothing can be written.
        house.session();
        let lines = example_events(DAY);
        let mut command = python_command(include_str!("publish.py"));
        command
            .args([&house.broker.to_string(), PASSWORD])
            .arg(house.path("acknowledged"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut input = process.stdin.take().unwrap();
        input.write_all(lines.join("\n").as_bytes()).unwrap();
        drop(input);
        house.wait_for_events(300);
        Devices { house, process, lines }
    }

    fn acknowledged(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(self.house.path("acknowledged")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// The monitor says that and why nothing is written, and nothing else is acknowledged.
    fn are_held_up(&mut self, why: &str) {
        let reason = self.house.wait_until_refused("nothing can be written since");
        assert!(reason.contains(why), "{reason}");
        // It is tried again and again meanwhile.
        std::thread::sleep(Duration::from_secs(4));
        self.keep_the_rest();
        let (_, _, page) = self.house.get("/health?lang=en");
        assert!(page.contains(why), "{page}");
    }

    /// What was acknowledged is written, and the devices keep the rest.
    fn keep_the_rest(&mut self) {
        assert!(
            self.process.try_wait().unwrap().is_none(),
            "not everything was acknowledged"
        );
        let acknowledged = self.acknowledged();
        let script = "import sqlite3, sys\ndb = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n\
                      for row in db.execute('SELECT source, id FROM ledger'):\n    print(*row)";
        let text = python(script, &[self.house.path("jagaloket.db").to_str().unwrap()], b"");
        let stored: BTreeSet<String> = text.lines().map(str::to_owned).collect();
        let lost: Vec<_> = acknowledged.difference(&stored).collect();
        assert!(lost.is_empty() && !acknowledged.is_empty(), "{lost:?}");
        assert!(acknowledged.len() < distinct(&self.lines));
    }

    /// All of it was taken in the end, once, and judged rightly; the log said once what was the matter.
    fn end_well(mut self, serve: &mut Peer) {
        let (house, lines) = (self.house, &self.lines);
        let ended = wait_for(Duration::from_secs(120), "everything to be acknowledged", || {
            self.process.try_wait().unwrap()
        });
        assert!(ended.success());
        house.wait_until_ready();
        assert_eq!(self.acknowledged().len(), distinct(lines));
        wait_until(Duration::from_secs(60), "every letter to be sent", || {
            house.counts()[3] == 0
        });
        let [events, different, letters, _] = house.counts();
        assert_eq!([events, different], [distinct(lines) as u64; 2]);
        wait_until(Duration::from_secs(20), "the verdicts", || {
            house.verdicts() == example_verdicts(DAY)
        });
        assert_eq!(fs::read_dir(house.path("mails")).unwrap().count() as u64, letters);
        assert!(serve.is_running());
        let log = serve.log();
        assert_eq!([times(&log, WAITS), times(&log, GOES_ON)], [1, 1], "{log}");
        assert!(times(&log, "the outbox cannot be worked on") <= 1, "{log}");
        let mut verify = jagaloket();
        verify
            .args(["ledger", "verify", "--config"])
            .arg(house.path("jagaloket.toml"));
        succeed(&mut verify, b"");
    }
}

impl Drop for Devices<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A limit on the size of files is a full disk that needs no rights: the kernel refuses what goes beyond it.
#[test]
fn a_disk_that_takes_no_more_is_waited_for_told_once_and_loses_nothing() {
    let house = House::embedded();
    let program = jagaloket();
    let mut command = Command::new("sh");
    // Else the first write beyond the limit would end the process.
    command
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(program.get_program());
    for (name, _) in program.get_envs() {
        command.env_remove(name);
    }
    command.arg("serve").arg("--config").arg(house.path("jagaloket.toml"));
    let mut serve = Peer::spawn(command, &house.path("log"));
    house.wait_for_dashboard();
    let limit = |bytes: &str| {
        let mut command = Command::new("prlimit");
        command
            .arg("--pid")
            .arg(serve.id().to_string())
            .arg(format!("--fsize={bytes}:"));
        succeed(&mut command, b"");
    };
    let mut devices = Devices::start(&house);
    // The log has some room left, the database none.
    limit(&(serve.log().len() + 16 * 1024).to_string());
    devices.are_held_up("limits of file sizes");
    limit("unlimited");
    devices.end_well(&mut serve);
}

#[test]
#[ignore = "needs a file system that may be filled; docs/reliability.md has the command"]
fn a_full_file_system_is_waited_for_told_once_and_loses_nothing() {
    let disk = std::env::var("JAGALOKET_TEST_SMALL_DISK").expect("JAGALOKET_TEST_SMALL_DISK names a small file system");
    let disk = tempfile::tempdir_in(disk).unwrap();
    let house = House::embedded();
    let (database, config) = (disk.path().join("jagaloket.db"), house.path("jagaloket.toml"));
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("\"jagaloket.db\"", &format!("{database:?}"))).unwrap();
    std::os::unix::fs::symlink(&database, house.path("jagaloket.db")).unwrap();
    let mut serve = house.serve();
    let mut devices = Devices::start(&house);
    let filler = disk.path().join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    let full = std::iter::repeat_with(|| file.write_all(&[1; 4096]))
        .find_map(Result::err)
        .unwrap();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    devices.are_held_up("the disk is full");
    drop(file);
    fs::remove_file(&filler).unwrap();
    devices.end_well(&mut serve);
}

/// `JAGALOKET_TEST_LOCKED_S=60` makes it a whole minute.
#[test]
fn a_database_locked_for_longer_than_is_waited_is_told_once_and_loses_nothing() {
    let house = House::embedded();
    let mut serve = house.serve();
    let mut devices = Devices::start(&house);
    let seconds = std::env::var("JAGALOKET_TEST_LOCKED_S").map_or(12, |seconds| seconds.parse().unwrap());
    let mut lock = Lock::take(&house);
    std::thread::sleep(Duration::from_secs(seconds));
    devices.are_held_up("locked by another program");
    lock.release();
    devices.end_well(&mut serve);
}

/// Another program that holds the database's lock.
struct Lock(Child);

impl Lock {
    fn take(house: &House) -> Lock {
        let mut command = python_command(
            "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)\n\
             db.execute('BEGIN IMMEDIATE')\nprint('locked', flush=True)\nsys.stdin.read()",
        );
        command.arg(house.path("jagaloket.db"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "locked\n");
        Lock(process)
    }

    fn release(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.release();
    }
}

#[test]
fn a_broker_that_is_killed_is_told_found_again_and_asked_for_what_it_kept() {
    let kept = [
        "persistence true",
        "persistence_location {dir}/",
        "autosave_interval 1",
        "autosave_on_changes true",
    ];
    std::thread::scope(|scope| {
        scope.spawn(|| broker_killed(&kept, 0));
        scope.spawn(|| broker_killed(&[], 1));
    });
}

fn broker_killed(settings: &[&str], lost: u64) {
    let all = ["max_queued_messages 0", "max_inflight_messages 0"];
    let mut mosquitto = Mosquitto::start(&[&all, settings].concat());
    let house = House::external(mosquitto.port, "5");
    let mut serve = house.serve();
    house.wait_until_ready();
    let lines = example_events(DAY);
    let mut parts = lines.chunks(lines.len().div_ceil(2));
    let first = parts.next().unwrap();
    publish(&mosquitto, first);
    house.wait_for_events(distinct(first));
    mosquitto.kill();
    let reason = house.wait_until_refused("the broker is not connected");
    assert!(reason.contains("lost"), "{reason}");
    // Tried several times.
    std::thread::sleep(Duration::from_secs(3));
    mosquitto.start_again();
    house.wait_until_ready();
    parts.for_each(|part| publish(&mosquitto, part));
    house.wait_for_events(distinct(&lines));
    wait_until(Duration::from_secs(20), "the verdicts", || {
        house.verdicts() == example_verdicts(DAY)
    });
    let (_, ready) = house.ready();
    assert_eq!(house.metric("jagaloket_broker_sessions_lost_total"), lost);
    assert_eq!(
        ready["notices"].to_string().contains("lost our session 1 times"),
        lost == 1,
        "{ready}"
    );
    assert!(serve.is_running());
    let log = serve.log();
    assert_eq!(times(&log, "the broker has lost our session") as u64, lost, "{log}");
    // That it went away, and that it is not there.
    assert!((1..=2).contains(&times(&log, "no connection to the broker")), "{log}");
}

/// The monitor's own clock runs so fast here that an hour takes six seconds; the mail server's time is ours.
const SPEED: f64 = 600.0;

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_down_for_an_hour_delays_letters_and_loses_none() {
    let house = House::embedded();
    let port = free_port();
    let config = fs::read_to_string(house.path("jagaloket.toml")).unwrap();
    let smtp = format!("host = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\ndeadline = \"5s\"");
    fs::write(
        house.path("jagaloket.toml"),
        config.replace("directory = \"mails\"", &smtp),
    )
    .unwrap();
    let config = Config::load(&house.path("jagaloket.toml")).unwrap();
    let mut plan = serve::Plan::read(config).unwrap();
    plan.clock = MonitorClock::fast(MonitorClock::Wall.now(), SPEED);
    let running = serve::start(plan).await.unwrap();
    tokio::task::block_in_place(|| {
        let lines = example_events(DAY);
        python(
            include_str!("publish.py"),
            &[&house.broker.to_string(), PASSWORD],
            lines.join("\n").as_bytes(),
        );
        wait_until(Duration::from_secs(120), "an hour", || {
            house.ready().1["oldest_unsent_seconds"].as_f64().unwrap() > 3_600.0
        });
        let (status, ready) = house.ready();
        assert_eq!((status, &ready["oldest_unsent_letter"]), (503, &1.into()), "{ready}");
        assert!(
            ready["reasons"][0]
                .as_str()
                .unwrap()
                .starts_with("letter 1 has waited "),
            "{ready}"
        );
        assert_eq!(ready["letters_dead"], 0);
        let sink = SmtpSink::start_with(&SmtpOptions {
            port,
            ..SmtpOptions::default()
        });
        wait_until(Duration::from_secs(60), "every letter to be sent", || {
            house.counts()[3] == 0
        });
        house.wait_until_ready();
        wait_until(Duration::from_secs(20), "the verdicts", || {
            house.verdicts() == example_verdicts(DAY)
        });
        in_the_order_of_their_threads(&house, &sink);
    });
    running.stop().await.unwrap();
}

/// Every letter arrived once under its Message-ID, each thread in its order, and each was tried before.
fn in_the_order_of_their_threads(house: &House, sink: &SmtpSink) {
    let script = "import sqlite3, sys\ndb = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n\
                  for row in db.execute('SELECT incident, person, message_id, attempts FROM outbox ORDER BY n'):\n    print(*row)";
    let text = python(script, &[house.path("jagaloket.db").to_str().unwrap()], b"");
    let mut letters: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut tried_again = 0;
    for line in text.lines() {
        let [incident, person, id, attempts] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        tried_again += u32::from(attempts != "1");
        letters
            .entry((incident.to_owned(), person.to_owned()))
            .or_default()
            .push(id.to_owned());
    }
    assert!(tried_again > 0);
    assert!(
        letters.values().any(|thread| thread.len() > 1),
        "some threads have several"
    );
    let received: Vec<String> = sink.received().iter().map(|mail| message_id(&mail.eml)).collect();
    assert_eq!(received.len(), letters.values().map(Vec::len).sum::<usize>());
    for thread in letters.values() {
        let came: Vec<&String> = received.iter().filter(|id| thread.contains(id)).collect();
        assert_eq!(came, thread.iter().collect::<Vec<_>>());
    }
}

fn message_id(mail: &Path) -> String {
    let text = fs::read_to_string(mail).unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Message-ID: <"))
        .unwrap();
    line.trim_end().trim_end_matches('>').to_owned()
}
