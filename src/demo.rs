//! The demo: serve with other values, and a simulated office whose devices publish to it over MQTT.

pub mod agents;
mod people;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chrono::{Datelike as _, Days, NaiveDate};

use crate::case::Terms;
use crate::clock::MonitorClock;
use crate::config::{Broker, Clock, Config, Embedded, Mail, MailWay, Quarantine, Retention, Web};
use crate::daemon::desk::{PolicyTexts, Texts};
use crate::engine::event::{DeviceId, OfficerId};
use crate::engine::roster::Roster;
use crate::engine::time::Moment;
use crate::engine::verdict::Verdict;
use crate::letter::wording::Wordings;
use crate::place::Place;
use crate::serve::{self, Plan};
use crate::simulate::demo;
use crate::telemetry::LogFormat;

/// How the demo is to be run.
pub struct Request {
    pub speed: u32,
    /// Keep database and mails there; else they go with the demo.
    pub keep: Option<PathBuf>,
    pub exit_after: Option<Duration>,
    /// `None`: 8080, or a free one where that is taken.
    pub port: Option<u16>,
    pub mqtt_port: Option<u16>,
    pub seed: u64,
}

/// What an ended demo came to.
pub struct Outcome {
    pub verdicts: usize,
    pub letters: i64,
    /// Expected indications that did not come.
    pub missing: Vec<&'static str>,
}

macro_rules! shipped {
    ($($id:literal),* $(,)?) => {
        /// The policies that ship, by id.
        pub const POLICIES: &[(&str, &str)] = &[$(($id, include_str!(concat!("../policies/", $id, ".toml")))),*];
    };
}

shipped!(
    "badge-at-two-places",
    "counter-silent",
    "custody-unverifiable",
    "declared-none-contradicted",
    "device-clock-off",
    "handset-not-registered",
    "lockbox-check-overdue",
    "lockbox-clock-off",
    "lockbox-forced",
    "lockbox-silent",
    "messaging-on-workstation",
    "no-deposit-after-sign-in",
    "phone-on-usb",
    "phone-out-during-service",
    "phone-out-while-signed-in",
    "service-outside-hours",
    "service-without-sign-in",
    "serving-at-two-counters",
    "sign-in-outside-shift",
    "withdrawn-by-another",
);

/// Runs until `exit_after`, or until somebody stops it.
pub async fn run(request: Request) -> Result<Outcome> {
    // Heard from the very start, so that the temporary folder never outlives the demo.
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
    let folder = match &request.keep {
        Some(folder) => {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            if folder.join("jagaloket.db").exists() {
                bail!(
                    "{} holds a database already: name another folder for --keep",
                    folder.display()
                );
            }
            folder.clone()
        }
        None => temporary.path().to_path_buf(),
    };
    let roster = demo::roster()?;
    let date = working_day(MonitorClock::Wall.now().date(roster.office.zone));
    let begins = demo::begins(&roster, date);
    let passwords = passwords(&roster);
    let password_file = folder.join("devices.passwords");
    let lines: Vec<String> = passwords
        .iter()
        .map(|(device, password)| format!("{}/{device}:{password}\n", roster.office.id))
        .collect();
    let lines = lines.concat();
    let devices = crate::broker::read_passwords(&lines)?;
    write_private(&password_file, &lines).context("cannot write the devices' passwords")?;
    let web = web_address(request.port);
    let mails = folder.join("mails");
    let config = Config {
        rosters: Vec::new(),
        policies: PathBuf::new(),
        settle_after_ms: 14 * 86_400_000,
        clock: Clock::Own,
        database: Place::File(folder.join("jagaloket.db")),
        control: folder.join("jagaloket.db.control"),
        key: folder.join("jagaloket.db.key"),
        broker: Broker::Embedded(Embedded {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, request.mqtt_port.unwrap_or(0))),
            tls: None,
            devices: Some(password_file),
            anonymous: false,
        }),
        mail: Mail {
            way: Some(MailWay::Directory(mails.clone())),
            from: "Jagaloket <jagaloket@contoh.example>".into(),
            give_up_after_ms: 5 * 86_400_000,
            deadline_ms: 10_000,
            wording: None,
        },
        web: Web {
            listen: web,
            base_url: format!("http://{web}"),
            tls: None,
            oidc: None,
            trusted_proxies: Vec::new(),
            network_trusted: false,
            hosts: Vec::new(),
            machines: None,
            // Everybody is to look around with the passwords on the sign-in page; an office's monitor asks for codes.
            codes_within_ms: None,
        },
        hook: None,
        channel: None,
        canary: None,
        // A demo shows every mail at once, and is no week long.
        terms: Terms {
            at_once_max: None,
            ..Terms::default()
        },
        quarantine: Quarantine {
            rows_max: 10_000,
            bytes_max: 64 * 1024 * 1024,
        },
        // It does not last so long.
        retention: Retention {
            at: None,
            ..Retention::usual(14 * 86_400_000)
        },
        log: LogFormat::Text,
    };
    let policies = PolicyTexts(
        POLICIES
            .iter()
            .map(|(id, text)| ((*id).to_owned(), (*text).to_owned()))
            .collect(),
    );
    let clock = MonitorClock::fast(begins, f64::from(request.speed));
    let plan = Plan {
        wordings: Wordings::default(),
        config,
        texts: vec![Texts {
            roster: demo::ROSTER.to_owned(),
            policies,
        }],
        devices,
        clock: clock.clone(),
        people: MonitorClock::Wall,
        shown: people::shown(),
        clock_is_right: true,
    };
    let mut running = serve::start(plan).await?;
    people::move_in(&running.door).await?;
    let broker = running.addresses.broker.context("the embedded broker has no address")?;
    welcome(&request, running.addresses.web, broker, &mails);
    let messages = demo::script(&roster, date, request.seed);
    let agents = agents::start(&roster, messages, &passwords, broker, clock);
    let ended = tokio::select! {
        () = until(request.exit_after) => None,
        _ = tokio::signal::ctrl_c() => None,
        _ = terminate.recv() => None,
        ended = running.ended() => Some(ended),
    };
    if let Some(ended) = ended {
        ended?;
        bail!("the daemon ended by itself");
    }
    drop(agents);
    let standing = running.store.standing_verdicts(Moment::MIN).await?;
    let letters = running.store.outbox_counts().await?;
    let missing = demo::EXPECTED
        .iter()
        .filter(|expected| !standing.iter().any(|row| came(expected, &row.verdict)))
        .map(|expected| expected.policy)
        .collect();
    running.stop().await?;
    let written = std::fs::read_dir(&mails).map_or(0, |list| list.filter_map(Result::ok).count() as i64);
    if letters.waiting > 0 {
        println!("{} letters were not written yet", letters.waiting);
    }
    Ok(Outcome {
        verdicts: standing.len(),
        letters: written,
        missing,
    })
}

fn came(expected: &demo::Expected, verdict: &Verdict) -> bool {
    verdict.policy.as_str() == expected.policy
        && verdict.counter.as_ref().map(DeviceId::as_str) == expected.counter
        && verdict.lockbox.as_ref().map(DeviceId::as_str) == expected.lockbox
        && verdict.officer.as_ref().map(OfficerId::as_str) == expected.officer
}

async fn until(after: Option<Duration>) {
    match after {
        Some(after) => tokio::time::sleep(after).await,
        None => std::future::pending().await,
    }
}

/// The date itself, or the Friday before a weekend.
fn working_day(date: NaiveDate) -> NaiveDate {
    let past_friday = u64::from(date.weekday().number_from_monday().saturating_sub(5));
    date.checked_sub_days(Days::new(past_friday)).unwrap_or(date)
}

/// 8080 unless it is taken; an address that was asked for is not replaced by another.
fn web_address(port: Option<u16>) -> SocketAddr {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(8080)));
    if port.is_some() {
        return wanted;
    }
    // Taken a moment and given back, so that links in mails can name it.
    let taken = std::net::TcpListener::bind(wanted)
        .or_else(|_| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .and_then(|listener| listener.local_addr());
    taken.unwrap_or(wanted)
}

/// Writes a file that nobody else may read.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path)?;
    // It may have been there before.
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())
}

fn passwords(roster: &Roster) -> BTreeMap<String, String> {
    let devices = roster
        .device_ids()
        .map(|id| id.to_string())
        .chain(["system".to_owned(), demo::STRANGER.to_owned()]);
    devices
        .map(|device| (device, uuid::Uuid::now_v7().simple().to_string()))
        .collect()
}

fn welcome(request: &Request, web: SocketAddr, broker: SocketAddr, mails: &Path) {
    println!(
        "Jagaloket demo: an invented office of 12 counters and 2 lockboxes, {} times as fast as real",
        request.speed
    );
    println!();
    println!("  dashboard   http://{web}/            (English: http://{web}/?lang=en)");
    println!("  mails       {}", mails.display());
    println!("  broker      mqtt://{broker}          each device has its own password");
    println!("  API         http://{web}/api/v1/verdicts");
    println!();
    println!("Sign in as one of these; each sees what his role is for:");
    for shown in people::shown() {
        println!("  {:<14} {:<28} {}", shown.name, shown.password, shown.is[1]);
    }
    println!();
    println!(
        "What to look at: within half a minute an officer keeps his phone after signing in at loket-07, one takes it"
    );
    println!(
        "out of the locker while serving at loket-03, and one reads messages on the workstation of loket-05. Each is"
    );
    println!("an indication, never a decision: open it on the dashboard, read its mail, look at its evidence.");
    println!(
        "A little later the workstation of loket-08 was cut off and sends what it had kept: one verdict is taken back,"
    );
    println!(
        "one opens late. The quarantine holds what nobody could accept: half a message, and a device nobody knows."
    );
    println!();
    println!("Stop with Ctrl-C.");
}
