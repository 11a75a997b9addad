//! What a configuration file means, and what is said of a wrong one.

use super::*;

mod cases;

const MINIMAL: &str = "
[office]
roster = [\"tangerang.toml\"]

[broker]
host = \"127.0.0.1\"

[mail]
host = \"mail.office.example\"
from = \"Jagaloket <jagaloket@office.example>\"
";

fn parse(text: &str) -> Result<Config, ConfigErrors> {
    let environment = |name: &str| match name {
        "BROKER_PASSWORD" => Some("geheim".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    Config::parse("jagaloket.toml", text, Path::new("/etc/jagaloket"), &environment)
}

/// Line, column and message of each fault.
fn faults(text: &str) -> Vec<String> {
    let errors = parse(text).expect_err(text);
    errors
        .faults
        .iter()
        .map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.message))
        .collect()
}

#[test]
fn ten_lines_are_enough() {
    assert_eq!(
        parse(MINIMAL),
        Ok(Config {
            rosters: vec!["/etc/jagaloket/tangerang.toml".into()],
            policies: "/etc/jagaloket/policies".into(),
            settle_after_ms: 1_209_600_000,
            clock: Clock::Own,
            database: "/etc/jagaloket/jagaloket.db".into(),
            control: "/etc/jagaloket/jagaloket.db.control".into(),
            key: "/etc/jagaloket/jagaloket.db.key".into(),
            broker: Broker::External(External {
                host: "127.0.0.1".into(),
                port: 1883,
                protocol: Protocol::V5,
                client_id: "jagaloket-monitor".into(),
                login: None,
                tls: None,
                window: 1_000,
            }),
            mail: Mail {
                way: Some(MailWay::Smtp(Smtp {
                    host: "mail.office.example".into(),
                    port: 587,
                    encryption: Encryption::StartTls,
                    ca: None,
                    login: None,
                })),
                from: "Jagaloket <jagaloket@office.example>".into(),
                give_up_after_ms: 432_000_000,
                deadline_ms: 60_000,
                wording: None,
            },
            web: Web {
                listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
                base_url: "http://127.0.0.1:8080".into(),
                tls: None,
                oidc: None,
                trusted_proxies: Vec::new(),
                network_trusted: false,
                hosts: vec![],
                machines: None,
                codes_within_ms: Some(0),
            },
            hook: None,
            channel: None,
            canary: None,
            quarantine: Quarantine {
                rows_max: 10_000,
                bytes_max: 268_435_456,
            },
            retention: Retention {
                heartbeats_ms: 2_592_000_000,
                events_ms: 31_536_000_000,
                indications_ms: 7_776_000_000,
                letters_ms: 7_776_000_000,
                quarantine_ms: 7_776_000_000,
                at: chrono::NaiveTime::from_hms_opt(2, 30, 0),
            },
            terms: Terms::default(),
            log: LogFormat::Text,
        })
    );
}

#[test]
fn every_key_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("smtp-password");
    std::fs::write(&password, "rahasia\n").unwrap();
    let text = format!(
        "
clock = \"events\"

[office]
roster = [\"a.toml\", \"/srv/b.toml\"]
policies = \"rules\"
settle_after = \"7d\"

[database]
path = \"/var/lib/jagaloket/jagaloket.db\"

[broker]
host = \"mqtt.office.example\"
protocol = \"3.1.1\"
client_id = \"monitor-2\"
user = \"monitor\"
password_env = \"BROKER_PASSWORD\"

[broker.tls]
ca = \"ca.pem\"
cert = \"me.pem\"
key = \"me.key\"

[mail]
host = \"smtp.office.example\"
tls = \"tls\"
ca = \"mail-ca.pem\"
user = \"jagaloket\"
password_file = \"{}\"
from = \"jagaloket@office.example\"
give_up_after = \"2d\"
deadline = \"30s\"

[web]
listen = \"0.0.0.0:80\"
network_trusted = true
base_url = \"https://jagaloket.office.example:8443/\"
hosts = [\"monitor.local\"]

[quarantine]
rows_max = 500
megabytes_max = 8

[log]
format = \"json\"
",
        password.display()
    );
    let config = parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.clock, Clock::Events);
    assert_eq!(
        config.rosters,
        [Path::new("/etc/jagaloket/a.toml"), Path::new("/srv/b.toml")]
    );
    assert_eq!(config.settle_after_ms, 604_800_000);
    let Broker::External(broker) = config.broker else {
        panic!("an external broker")
    };
    assert_eq!((broker.port, broker.protocol), (8883, Protocol::V4));
    assert_eq!(
        broker.login.as_ref().map(|login| login.password.reveal()),
        Some("geheim")
    );
    let client = Some(("/etc/jagaloket/me.pem".into(), "/etc/jagaloket/me.key".into()));
    assert_eq!(
        broker.tls,
        Some(Tls {
            ca: Some("/etc/jagaloket/ca.pem".into()),
            client
        })
    );
    let Some(MailWay::Smtp(smtp)) = config.mail.way else {
        panic!("SMTP")
    };
    assert_eq!((smtp.port, smtp.encryption), (465, Encryption::Tls));
    assert_eq!(
        smtp.login.map(|login| login.password.reveal().to_owned()),
        Some("rahasia".to_owned())
    );
    assert_eq!(
        (config.mail.give_up_after_ms, config.mail.deadline_ms),
        (172_800_000, 30_000)
    );
    assert_eq!(config.web.base_url, "https://jagaloket.office.example:8443");
    assert_eq!(config.web.hosts, ["monitor.local", "jagaloket.office.example"]);
    assert_eq!(config.quarantine.bytes_max, 8_388_608);
    assert_eq!(config.log, LogFormat::Json);
}

#[test]
fn an_embedded_broker_listens_on_loopback_and_lets_everybody_in_only_where_that_is_said_aloud() {
    let text = "[office]\nroster = [\"a.toml\"]\n[broker]\nembedded = true\n";
    let told = faults(text);
    assert!(
        told.len() == 1 && told[0].starts_with("4:1 the embedded broker needs `devices`"),
        "{told:?}"
    );
    let config = parse(&format!("{text}anonymous = true\n")).unwrap();
    let listen = SocketAddr::from(([127, 0, 0, 1], 1883));
    assert_eq!(
        config.broker,
        Broker::Embedded(Embedded {
            listen,
            tls: None,
            devices: None,
            anonymous: true,
        })
    );
    assert_eq!(config.mail.way, None);
}

#[test]
fn an_embedded_broker_can_speak_tls_beside() {
    let open = "[office]\nroster = [\"a.toml\"]\n[broker]\nembedded = true\ndevices = \"devices.txt\"\n[broker.tls]\n";
    let text = format!("{open}listen = \"0.0.0.0:8883\"\ncert = \"a.pem\"\nkey = \"a.key\"\n");
    let Broker::Embedded(broker) = parse(&text).unwrap().broker else {
        panic!("embedded")
    };
    let tls = broker.tls.unwrap();
    assert_eq!(tls.listen, SocketAddr::from(([0, 0, 0, 0], 8883)));
    assert_eq!(tls.cert, Path::new("/etc/jagaloket/a.pem"));
    let told = faults(&format!("{open}key = \"a.key\"\n"));
    assert_eq!(
        told,
        ["6:9 [broker.tls] has no `cert`: TLS needs the broker's certificate and its key"]
    );
    let told = faults(&text.replace("devices = \"devices.txt\"\n", "anonymous = true\n"));
    assert!(
        told.len() == 1 && told[0].starts_with("7:1 with anonymous = true anybody on the network"),
        "{told:?}"
    );
    let told = faults(&text.replace("devices =", "anonymous = true\ndevices ="));
    assert_eq!(told, ["5:1 `anonymous` = true and `devices` exclude each other"]);
}

#[test]
fn nothing_goes_that_may_still_be_judged_and_what_an_incident_rests_on_stays_as_long_as_it() {
    let with = |office: &str, retention: &str| {
        MINIMAL.replacen("[office]\n", &format!("[office]\n{office}\n"), 1) + "\n[retention]\n" + retention
    };
    let kept = |office: &str, retention: &str| parse(&with(office, retention)).unwrap().retention;
    let days = |retention: Retention| {
        let all = [
            retention.heartbeats_ms,
            retention.events_ms,
            retention.indications_ms,
            retention.letters_ms,
            retention.quarantine_ms,
        ];
        all.map(|ms| ms / 86_400_000)
    };
    assert_eq!(days(kept("", "")), [30, 365, 90, 90, 90]);
    assert_eq!(days(kept("", "indications = \"400d\"")), [30, 400, 400, 400, 90]);
    assert_eq!(days(kept("settle_after = \"60d\"", "")), [63, 365, 90, 90, 90]);
    let all = "heartbeats = \"20d\"\nevents = \"100d\"\nindications = \"50d\"\nletters = \"17d\"\nquarantine = \"1d\"\nat = \"never\"";
    assert_eq!(days(kept("", all)), [20, 100, 50, 17, 1]);
    assert_eq!(kept("", all).at, None);
    let at = kept("", "at = \"23:05\"").at;
    assert_eq!(at, chrono::NaiveTime::from_hms_opt(23, 5, 0));
    for (retention, fault) in [
        ("heartbeats = \"16d\"", "`heartbeats` must be at least \"17d\""),
        ("letters = \"3d\"", "`letters` must be at least \"17d\""),
        (
            "events = \"89d\"",
            "`events` must be no shorter than `heartbeats` and `indications`",
        ),
        (
            "at = \"25:00\"",
            "`at` must be a time of day like \"02:30\", or \"never\"",
        ),
    ] {
        let told = faults(&with("", retention));
        assert!(told.len() == 1 && told[0].contains(fault), "{told:?}");
    }
}

#[test]
fn message_ids_end_in_the_senders_host() {
    assert_eq!(parse(MINIMAL).unwrap().mail.domain(), "office.example");
}

#[test]
fn every_fault_is_told_at_once_with_its_place_and_the_nearest_key() {
    let text = "
clok = \"own\"

[office]
rooster = [\"a.toml\"]
settle_after = \"soon\"

[broker]
hots = \"x\"
port = 70000
protocol = \"3.1\"
tls = true

[mial]

[web]
listen = \"0.0.0.0:80\"
base_url = \"office\"
network_trusted = \"yes\"
";
    assert_eq!(
        faults(text),
        [
            "2:1 the file has no key `clok`; did you mean `clock`?",
            "5:1 [office] has no key `rooster`; did you mean `roster`?",
            "6:1 \"soon\" is not a duration; write it like \"90s\", \"2m\" or \"1h30m\"",
            "9:1 [broker] has no key `hots`; did you mean `host`?",
            "10:1 `port` must be a whole number from 1 to 65535",
            "11:1 `protocol` is \"5\" or \"3.1.1\", not \"3.1\"; did you mean \"3.1.1\"?",
            "12:1 `tls` must be a section, [broker.tls], not true or false",
            "14:2 the file has no key `mial`; did you mean `mail`?",
            "17:1 without TLS the dashboard may listen on loopback only, for passwords cross the network: add [web.tls], \
             use 127.0.0.1 behind a proxy with TLS, or set network_trusted = true",
            "18:1 `base_url` must begin with http:// or https:// and name a host",
            "19:1 `network_trusted` must be true or false, not a string",
        ]
    );
}

#[test]
fn every_fault_in_the_writing_is_told_and_nothing_that_only_follows_from_it() {
    let told = faults("[office\nroster = [\"a.toml\"]\n\n[web]\nlisten = 127.0.0.1\n");
    assert!(told.len() >= 2, "{told:?}");
    assert!(told[0].starts_with("1:"), "{told:?}");
    assert!(told[1].starts_with("5:"), "{told:?}");
    assert!(told.iter().all(|fault| !fault.contains("has no")), "{told:?}");
}

#[test]
fn keys_of_the_other_kind_are_refused() {
    let text = "
[office]
roster = [\"a.toml\"]
[broker]
embedded = true
host = \"x\"
listen = \"0.0.0.0:1883\"
anonymous = true
[mail]
directory = \"out\"
host = \"y\"
";
    assert_eq!(
        faults(text),
        [
            "6:1 `host` goes with an external broker, and embedded = true starts one in this process",
            "7:1 with anonymous = true anybody on the network could publish; name a `devices` file, or listen on 127.0.0.1",
            "11:1 `host` and `directory` exclude each other: letters are sent or written as files",
        ]
    );
}

#[test]
fn a_server_is_named_by_its_address_and_its_password_stands_elsewhere() {
    let with = |lines: &str| format!("{MINIMAL}[database]\n{lines}\n");
    let right = with("url = \"postgres://jaga@db.example/jaga\"\nca = \"db.pem\"\npassword_env = \"BROKER_PASSWORD\"");
    let config = parse(&right).unwrap();
    let Place::Server(server) = &config.database else {
        panic!("{config:?}")
    };
    assert_eq!(server.to_string(), "postgres://jaga@db.example/jaga");
    assert_eq!(server.password.as_deref(), Some("geheim"));
    assert_eq!(server.ca.as_deref(), Some(Path::new("/etc/jagaloket/db.pem")));
    assert_eq!(config.control, Path::new("/etc/jagaloket/jagaloket.control"));
    assert!(!format!("{config:?}").contains("geheim"));

    for (lines, told) in [
        (
            "path = \"j.db\"\nurl = \"postgres://db/j\"",
            "12:1 `path` and `url` exclude each other: a file of SQLite, or a server of PostgreSQL",
        ),
        (
            "ca = \"c.pem\"",
            "12:1 `ca` goes with `url`, and SQLite's file has none",
        ),
        (
            "url = \"mysql://db\"",
            "12:1 `url` is an address like postgres://user@host/database",
        ),
        (
            "url = \"postgres://j:geheim@db/j\"",
            "12:1 `url` holds a password, which does not belong in this file: name `password_file` or `password_env` instead",
        ),
    ] {
        assert_eq!(faults(&with(lines)), [told]);
        let shown = parse(&with(lines)).unwrap_err().to_string();
        assert!(!shown.contains("geheim"), "{shown}");
    }
}

#[test]
fn a_password_in_the_file_is_refused_and_not_repeated() {
    let text = MINIMAL.replace("host = \"127", "user = \"u\"\npassword = \"hunter2\"\nhost = \"127");
    let errors = parse(&text).expect_err("a password in the file");
    assert_eq!(errors.faults.len(), 1, "{errors}");
    let told = errors.to_string();
    assert!(told.contains("password_file"), "{told}");
    assert!(told.contains("\n7 | password = …\n"), "{told}");
    assert!(!format!("{told}{errors:?}").contains("hunter2"), "{told}");
    let garbled = parse("[mail]\npassword = hunter2\n").expect_err("not TOML");
    assert!(!format!("{garbled}{garbled:?}").contains("hunter2"), "{garbled}");
}

#[test]
fn a_secret_is_never_shown() {
    let text = MINIMAL.replace(
        "host = \"127",
        "user = \"u\"\npassword_env = \"BROKER_PASSWORD\"\nhost = \"127",
    );
    let config = parse(&text).unwrap();
    assert!(format!("{config:?}").contains("Secret(…)"));
    assert!(!format!("{config:?}").contains("geheim"));
}

#[test]
fn a_password_that_cannot_be_had_is_a_fault() {
    let with = |lines: &str| faults(&MINIMAL.replace("host = \"127", &format!("{lines}\nhost = \"127")));
    for (lines, told) in [
        (
            "user = \"u\"",
            "6:1 `user` needs a password: name `password_file` or `password_env`",
        ),
        (
            "password_env = \"BROKER_PASSWORD\"",
            "6:1 `password_env` needs a `user`",
        ),
        (
            "user = \"u\"\npassword_env = \"NOWHERE\"",
            "7:1 `password_env` names the environment variable NOWHERE, which is not set",
        ),
        (
            "user = \"u\"\npassword_env = \"EMPTY\"",
            "7:1 `password_env` gives no password: the variable is empty",
        ),
        (
            "user = \"u\"\npassword_file = \"nowhere\"",
            "7:1 `password_file` cannot be read: No such file or directory (os error 2) (/etc/jagaloket/nowhere)",
        ),
    ] {
        assert_eq!(with(lines), [told], "{lines}");
    }
}

#[test]
fn a_password_never_crosses_the_network_in_the_clear() {
    let login = "user = \"u\"\npassword_env = \"BROKER_PASSWORD\"\n";
    let text = MINIMAL.replace(
        "host = \"127.0.0.1\"",
        &format!("{login}host = \"mqtt.office.example\""),
    );
    let told = "6:1 user and password would cross the network readable by everybody: turn on TLS";
    assert_eq!(faults(&text), [told]);
    assert!(parse(&format!("{text}[broker.tls]\n")).is_ok());
}

#[test]
fn a_fault_is_shown_like_a_compiler_shows_it() {
    let errors = parse(&MINIMAL.replace("from", "form").replace("host = \"127.0.0.1\"", "")).expect_err("form");
    assert_eq!(
        errors.to_string(),
        "error: [broker] has no `host`: name the broker's host, or set embedded = true to start one in this process\n  \
         --> jagaloket.toml:5:2\n  |\n5 | [broker]\n  |  ^\n\
         error: [mail] has no key `form`; did you mean `from`?\n  \
         --> jagaloket.toml:10:1\n   |\n10 | form = \"Jagaloket <jagaloket@office.example>\"\n   | ^"
    );
}

#[test]
fn the_dashboards_certificate_and_proxies_are_read_with_their_faults() {
    let begin = "[office]\nroster = [\"a.toml\"]\n[broker]\nembedded = true\nanonymous = true\n[web]\n";
    let text =
        format!("{begin}trusted_proxies = [\"10.1.2.3/8\", \"::1\"]\n[web.tls]\ncert = \"c.pem\"\nkey = \"k.pem\"\n");
    let web = parse(&text).unwrap().web;
    assert_eq!(
        web.trusted_proxies,
        ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]
    );
    assert_eq!(web.base_url, "https://127.0.0.1:8080");
    assert!(web.tls.unwrap().key.ends_with("k.pem"));
    let wrong =
        format!("{begin}trusted_proxies = [\"10.0.0.0/33\"]\nbase_url = \"http://x\"\n[web.tls]\ncert = \"c\"\n");
    assert_eq!(
        faults(&wrong),
        [
            "7:1 \"10.0.0.0/33\" is neither an IP address nor a network; write it like \"10.0.0.7\" or \"10.0.0.0/8\"",
            "8:1 with [web.tls] it must begin with https://",
            "9:6 [web.tls] has no `key`: TLS needs the dashboard's certificate chain and its key",
        ]
    );
}

#[test]
fn a_provider_is_asked_over_tls_and_its_groups_are_roles_that_a_group_can_have() {
    let read = |section: &str| {
        let text = format!("{MINIMAL}[web.oidc]\n{section}");
        Config::parse("jagaloket.toml", &text, Path::new("/etc/jagaloket"), &|_| None)
    };
    let good = "issuer = \"https://sso.example/\"\nclient_id = \"j\"\nroles = [\"a = b = integrity@tangerang\", \"audit=auditor\"]\n";
    let oidc = read(good).unwrap().web.oidc.unwrap();
    assert_eq!(
        (oidc.issuer.as_str(), oidc.groups.as_str()),
        ("https://sso.example", "groups")
    );
    let roles: Vec<_> = oidc
        .roles
        .iter()
        .map(|role| (role.group.as_str(), role.role.as_str()))
        .collect();
    assert_eq!(roles, [("a = b", "integrity"), ("audit", "auditor")]);
    for (wrong, says) in [
        (
            "issuer = \"http://sso.example\"\nclient_id = \"j\"\n",
            "must begin with https://",
        ),
        ("client_id = \"j\"\n", "say which provider"),
        ("issuer = \"https://x\"\n", "say what the provider calls this dashboard"),
        (
            "issuer = \"https://x\"\nclient_id = \"j\"\nroles = [\"a = king\"]\n",
            "GROUP = ROLE@OFFICE",
        ),
        (
            "issuer = \"https://x\"\nclient_id = \"j\"\nroles = [\"a = supervisor@tangerang\"]\n",
            "GROUP = ROLE@OFFICE",
        ),
        (
            "issuer = \"https://x\"\nclient_id = \"j\"\nroles = [\"a = integrity\"]\n",
            "GROUP = ROLE@OFFICE",
        ),
    ] {
        let told = read(wrong).unwrap_err().to_string();
        assert!(told.contains(says), "{told}");
    }
}
