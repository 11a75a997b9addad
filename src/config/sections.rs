//! What stands in each section, its defaults, and what excludes what.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::cases;
use super::read::Section;
use super::retention::retention;
use super::{
    Broker, Canary, Channel, ChannelWay, Clock, Config, Embedded, EmbeddedTls, Encryption, External, GroupRole, Hook,
    Mail, MailWay, Oidc, Protocol, Quarantine, Smtp, Tls, Web, WebTls,
};
use crate::accounts::Role;
use crate::case::Terms;
use crate::engine::event::OfficeId;
use crate::engine::time::Span;
use crate::place::{Place, Server};
use crate::telemetry::LogFormat;

const DAY_MS: i64 = 86_400_000;

pub(super) fn config(root: &mut Section<'_>) -> Config {
    let clock = root.choice("clock", &[("own", Clock::Own), ("events", Clock::Events)]);

    let mut office = root.section("office");
    let rosters = office.paths("roster", "name the roster files, e.g. roster = [\"tangerang.toml\"]");
    let policies = office.path("policies").unwrap_or_else(|| office.beside("policies"));
    let settle_after_ms = office.span("settle_after", Span::ms(3_600_000)..=Span::ms(366 * DAY_MS));
    office.end(root);

    let (database, control, key) = database(root);

    let broker = broker(root);
    let (mail, digests) = mail(root);
    let web = web(root);
    let hook = hook(root);
    let channel = channel(root);
    let canary = canary(root, &mail);

    let mut quarantine = root.section("quarantine");
    let rows_max = quarantine.whole("rows_max", 1..=10_000_000).unwrap_or(10_000);
    let megabytes_max = quarantine.whole("megabytes_max", 1..=1_000_000).unwrap_or(256);
    quarantine.end(root);

    let settle_after_ms = settle_after_ms.unwrap_or(14 * DAY_MS);
    let retention = retention(root, settle_after_ms);
    let terms = Terms {
        at_once_max: digests.at_once_max,
        digest_minutes: digests.minutes,
        ..cases::terms(root)
    };

    let mut log = root.section("log");
    let format = log.choice("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    log.end(root);

    Config {
        rosters,
        policies,
        settle_after_ms,
        clock: clock.unwrap_or_default(),
        database,
        control,
        key,
        broker,
        mail,
        web,
        hook,
        channel,
        canary,
        quarantine: Quarantine {
            rows_max: rows_max as usize,
            bytes_max: megabytes_max as usize * 1024 * 1024,
        },
        retention,
        terms,
        log: format.unwrap_or_default(),
    }
}

/// The database, and the socket and the key beside it.
fn database(root: &mut Section<'_>) -> (Place, PathBuf, PathBuf) {
    const OF_SERVER: [&str; 4] = ["ca", "password", "password_file", "password_env"];
    let mut database = root.section("database");
    let path = database.path("path");
    let control = database.path("control");
    let key = database.path("key");
    let answer = if let Some(url) = database.text("url") {
        database.misplaced(
            &["path"],
            "and `url` exclude each other: a file of SQLite, or a server of PostgreSQL",
        );
        let mut server = Server::parse(&url).unwrap_or_else(|why| {
            database.wrong("url", &why);
            Server::default()
        });
        if server.has_password() {
            let why =
                "holds a password, which does not belong in this file: name `password_file` or `password_env` instead";
            database.wrong("url", why);
        }
        server.password = database.password().map(|password| password.reveal().to_owned());
        server.ca = database.path("ca");
        (
            Place::Server(server),
            control.unwrap_or_else(|| database.beside("jagaloket.control")),
            key.unwrap_or_else(|| database.beside("jagaloket.key")),
        )
    } else {
        database.misplaced(&OF_SERVER, "goes with `url`, and SQLite's file has none");
        let path = path.unwrap_or_else(|| database.beside("jagaloket.db"));
        let beside = |end: &str| {
            let mut name = path.clone().into_os_string();
            name.push(end);
            PathBuf::from(name)
        };
        let control = control.unwrap_or_else(|| beside(".control"));
        let key = key.unwrap_or_else(|| beside(".key"));
        (Place::File(path), control, key)
    };
    database.end(root);
    answer
}

fn broker(root: &mut Section<'_>) -> Broker {
    const OF_EXTERNAL: [&str; 9] = [
        "host",
        "port",
        "protocol",
        "client_id",
        "user",
        "password",
        "password_file",
        "password_env",
        "window",
    ];
    let mut broker = root.section("broker");
    let answer = if broker.switch("embedded").unwrap_or(false) {
        broker.misplaced(
            &OF_EXTERNAL,
            "goes with an external broker, and embedded = true starts one in this process",
        );
        let usual = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1883);
        let listen = broker.address("listen").unwrap_or(usual);
        let devices = broker.path("devices");
        let anonymous = broker.switch("anonymous").unwrap_or(false);
        match (&devices, anonymous) {
            (Some(_), true) => broker.wrong("anonymous", "= true and `devices` exclude each other"),
            (None, false) if !broker.has("devices") => broker.fault(
                "embedded",
                "the embedded broker needs `devices`, a file with a password for each device; without one everybody on \
                 this machine could publish as any device, which only anonymous = true allows",
            ),
            _ => {}
        }
        let why = "with anonymous = true anybody on the network could publish; name a `devices` file, or listen on \
                   127.0.0.1";
        let is_open =
            |address: &SocketAddr| anonymous && devices.is_none() && !address.ip().to_canonical().is_loopback();
        if is_open(&listen) {
            broker.fault("listen", why);
        }
        let tls = broker.inner("tls").and_then(|mut section| {
            let tls = embedded_tls(&mut section, listen);
            if tls.as_ref().is_some_and(|tls| is_open(&tls.listen)) {
                section.fault("listen", why);
            }
            section.end(&mut broker);
            tls
        });
        Broker::Embedded(Embedded {
            listen,
            tls,
            devices,
            anonymous,
        })
    } else {
        broker.misplaced(&["listen", "devices", "anonymous"], "goes with embedded = true");
        let why = "name the broker's host, or set embedded = true to start one in this process";
        let host = broker.required("host", why);
        let tls = broker.inner("tls").map(|mut section| {
            let tls = tls(&mut section);
            section.end(&mut broker);
            tls
        });
        let usual = if tls.is_some() { 8883 } else { 1883 };
        let protocol = broker.choice("protocol", &[("5", Protocol::V5), ("3.1.1", Protocol::V4)]);
        let window = broker.whole("window", 1..=65_535).unwrap_or(1_000) as u16;
        Broker::External(External {
            port: broker.whole("port", 1..=65_535).map_or(usual, |port| port as u16),
            protocol: protocol.unwrap_or_default(),
            client_id: broker
                .text("client_id")
                .unwrap_or_else(|| "jagaloket-monitor".to_owned()),
            login: broker.login(tls.is_some() || is_loopback(&host)),
            host,
            tls,
            window,
        })
    };
    broker.end(root);
    answer
}

fn tls(section: &mut Section<'_>) -> Tls {
    let ca = section.path("ca");
    let client = match (section.path("cert"), section.path("key")) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        (Some(_), None) => {
            section.fault("cert", "a client certificate needs its `key`");
            None
        }
        (None, Some(_)) => {
            section.fault("key", "a key needs its certificate, `cert`");
            None
        }
    };
    Tls { ca, client }
}

fn embedded_tls(section: &mut Section<'_>, beside: SocketAddr) -> Option<EmbeddedTls> {
    let why = "TLS needs the broker's certificate and its key";
    let usual = SocketAddr::new(beside.ip(), 8883);
    let listen = section.address("listen").unwrap_or(usual);
    let client_ca = section.path("client_ca");
    let files = (section.required_path("cert", why), section.required_path("key", why));
    let (Some(cert), Some(key)) = files else { return None };
    Some(EmbeddedTls {
        listen,
        cert,
        key,
        client_ca,
    })
}

/// How letters that can wait are gathered.
struct Digests {
    at_once_max: Option<u32>,
    minutes: Vec<u32>,
}

fn mail(root: &mut Section<'_>) -> (Mail, Digests) {
    const OF_SMTP: [&str; 7] = ["port", "tls", "ca", "user", "password", "password_file", "password_env"];
    let mut mail = root.section("mail");
    let directory = mail.path("directory");
    let way = if let Some(directory) = directory {
        mail.misplaced(
            &["host"],
            "and `directory` exclude each other: letters are sent or written as files",
        );
        mail.misplaced(&OF_SMTP, "goes with `host`, and `directory` writes letters as files");
        Some(MailWay::Directory(directory))
    } else if let Some(host) = mail.text("host") {
        let words = [
            ("starttls", Encryption::StartTls),
            ("tls", Encryption::Tls),
            ("none", Encryption::None),
        ];
        let encryption = mail.choice("tls", &words).unwrap_or(Encryption::StartTls);
        let usual = match encryption {
            Encryption::None => 25,
            Encryption::StartTls => 587,
            Encryption::Tls => 465,
        };
        let ca = mail.path("ca");
        if ca.is_some() && encryption == Encryption::None {
            mail.fault("ca", "`ca` goes with encryption, and tls = \"none\" has none");
        }
        Some(MailWay::Smtp(Smtp {
            port: mail.whole("port", 1..=65_535).map_or(usual, |port| port as u16),
            encryption,
            ca,
            login: mail.login(encryption != Encryption::None || is_loopback(&host)),
            host,
        }))
    } else {
        let why = "says where letters go: `host` for an SMTP server, or `directory` to write them as files";
        mail.misplaced(&OF_SMTP, "goes with `host`");
        if root.has("mail") {
            mail.fault_here(&format!("[mail] {why}"));
        }
        None
    };
    let from = match &way {
        Some(MailWay::Smtp(_)) => mail.required(
            "from",
            "say whom mails come from, e.g. from = \"jagaloket@office.example\"",
        ),
        _ => mail.text("from").unwrap_or_else(|| "jagaloket@localhost".to_owned()),
    };
    if !from.is_empty() && !is_address(&from) {
        mail.fault(
            "from",
            "`from` is not an e-mail address; write it like \"jagaloket@office.example\"",
        );
    }
    let give_up = mail.span("give_up_after", Span::ms(60_000)..=Span::ms(60 * DAY_MS));
    let deadline = mail.span("deadline", Span::ms(1_000)..=Span::ms(600_000));
    let digests = mail.switch("digests").unwrap_or(true);
    let at_once = mail.whole("at_once", 0..=1_000);
    let wording = mail.path("wording");
    let times = mail.texts("digests_at");
    let minutes: Option<Vec<u32>> = times.iter().flatten().map(|text| cases::minutes(text)).collect();
    let rises = |minutes: &Vec<u32>| minutes.windows(2).all(|pair| pair[0] < pair[1]);
    let minutes = minutes.filter(rises);
    if minutes.is_none() || times.as_ref().is_some_and(Vec::is_empty) {
        mail.wrong(
            "digests_at",
            "must be times of day in order, like [\"12:00\", \"16:00\"]",
        );
    }
    if !digests {
        mail.misplaced(&["at_once", "digests_at"], "goes with digests, and `digests` is false");
    }
    mail.end(root);
    let digests = Digests {
        at_once_max: digests.then_some(at_once.map_or(2, |count| count as u32)),
        minutes: minutes
            .filter(|minutes| !minutes.is_empty())
            .unwrap_or_else(|| Terms::default().digest_minutes),
    };
    let mail = Mail {
        way,
        from,
        give_up_after_ms: give_up.unwrap_or(5 * DAY_MS),
        deadline_ms: deadline.unwrap_or(60_000),
        wording,
    };
    (mail, digests)
}

fn hook(root: &mut Section<'_>) -> Option<Hook> {
    let mut hook = root.inner("hook")?;
    let url = hook.required(
        "url",
        "say where notices go, e.g. url = \"https://alarm.office.example/jagaloket\"",
    );
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if !url.is_empty() && host.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace)) {
        hook.fault("url", "`url` must begin with https:// or http:// and name a host");
    }
    let ca = hook.path("ca");
    if ca.is_some() && url.starts_with("http://") {
        hook.fault("ca", "`ca` goes with https://");
    }
    let named = ["password_file", "password_env", "password"]
        .iter()
        .any(|key| hook.has(key));
    let secret = hook.password();
    if !named {
        hook.fault_here("[hook] needs the secret its notices are signed with: name `password_file` or `password_env`");
    }
    hook.end(root);
    Some(Hook {
        url,
        secret: secret?,
        ca,
    })
}

fn channel(root: &mut Section<'_>) -> Option<Channel> {
    let mut channel = root.inner("channel")?;
    let directory = channel.path("directory");
    let (url, id) = (channel.text("url"), channel.text("phone_number_id"));
    let ca = channel.path("ca");
    let token = channel.password();
    let webhook = channel.inner("webhook").and_then(|mut webhook| {
        let verify = webhook.required("verify", "say what the channel's first call must say, e.g. verify = \"jagaloket-kota\"");
        let secret = webhook.password();
        if secret.is_none() {
            webhook.fault_here("[channel.webhook] needs the secret that its calls are signed with: name `password_file` or `password_env`");
        }
        webhook.end(&mut channel);
        Some((secret?, verify))
    });
    let way = match (directory, url, id, token) {
        (Some(directory), None, None, None) => Some(ChannelWay::Directory(directory)),
        (None, Some(url), Some(phone_number_id), Some(token)) => Some(ChannelWay::Cloud {
            url,
            phone_number_id,
            token,
            ca,
        }),
        _ => {
            channel.fault_here("[channel] is either `directory`, or `url`, `phone_number_id` and a `password_file` or `password_env` with the token");
            None
        }
    };
    channel.end(root);
    Some(Channel { way: way?, webhook })
}

fn canary(root: &mut Section<'_>, mail: &Mail) -> Option<Canary> {
    let mut canary = root.inner("canary")?;
    let address = canary.required(
        "address",
        "say whose mailbox it flies to, e.g. address = \"uji@office.example\"",
    );
    if !address.is_empty() && !is_address(&address) {
        canary.fault("address", "`address` is not an e-mail address");
    }
    if mail.way.is_none() {
        canary.fault_here("[canary] tries the way of mails, and there is no [mail]");
    }
    let every = canary.span("every", Span::ms(1_000)..=Span::ms(7 * DAY_MS));
    let within = canary.span("within", Span::ms(1_000)..=Span::ms(3_600_000));
    canary.end(root);
    Some(Canary {
        address,
        every_ms: every.unwrap_or(6 * 3_600_000),
        within_ms: within.unwrap_or(5 * 60_000),
    })
}

fn web(root: &mut Section<'_>) -> Web {
    let mut web = root.section("web");
    let usual = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
    let listen = web.address("listen").unwrap_or(usual);
    let network_trusted = web.switch("network_trusted").unwrap_or(false);
    let speaks_tls = web.has("tls");
    if !listen.ip().to_canonical().is_loopback() && !network_trusted && !speaks_tls {
        let why = "without TLS the dashboard may listen on loopback only, for passwords cross the network: add [web.tls], \
                   use 127.0.0.1 behind a proxy with TLS, or set network_trusted = true";
        web.fault("listen", why);
    }
    let tls = web.inner("tls").and_then(|mut section| {
        let why = "TLS needs the dashboard's certificate chain and its key";
        let files = (section.required_path("cert", why), section.required_path("key", why));
        section.end(&mut web);
        let (Some(cert), Some(key)) = files else { return None };
        Some(WebTls { cert, key })
    });
    let oidc = web.inner("oidc").map(|mut section| {
        let oidc = oidc(&mut section);
        section.end(&mut web);
        oidc
    });
    let trusted_proxies = web.networks("trusted_proxies").unwrap_or_default();
    let machines = web.address("machines");
    if machines.is_some_and(|address| !address.ip().to_canonical().is_loopback() || address == listen) {
        web.fault(
            "machines",
            "it is for programs on this machine: name a loopback address with another port than `listen`, like \"127.0.0.1:8081\"",
        );
    }
    let codes_needed = web.choice("one_time_codes", &[("required", true), ("optional", false)]);
    let codes_within_ms = web.span("one_time_codes_within", Span::ms(0)..=Span::ms(90 * 86_400_000));
    let scheme = if speaks_tls { "https" } else { "http" };
    let base_url = web.text("base_url").unwrap_or_else(|| format!("{scheme}://{listen}"));
    if speaks_tls && base_url.starts_with("http://") {
        web.fault("base_url", "with [web.tls] it must begin with https://");
    }
    let host = base_url
        .strip_prefix("https://")
        .or_else(|| base_url.strip_prefix("http://"));
    let host = host.filter(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
    if host.is_none() {
        web.fault(
            "base_url",
            "`base_url` must begin with http:// or https:// and name a host",
        );
    }
    let mut hosts = web.texts("hosts").unwrap_or_default();
    if let Some(rest) = host {
        let name = rest.split(['/', '?', '#']).next().unwrap_or("");
        let name = name
            .rsplit_once(':')
            .map_or(name, |(name, port)| match port.parse::<u16>() {
                Ok(_) => name,
                Err(_) => rest,
            });
        if !is_loopback(name) && !hosts.iter().any(|host| host == name) {
            hosts.push(name.to_owned());
        }
    }
    web.end(root);
    Web {
        listen,
        base_url: base_url.trim_end_matches('/').to_owned(),
        tls,
        oidc,
        trusted_proxies,
        network_trusted,
        hosts,
        machines,
        codes_within_ms: codes_needed.unwrap_or(true).then_some(codes_within_ms.unwrap_or(0)),
    }
}

fn oidc(section: &mut Section<'_>) -> Oidc {
    let issuer = section.required(
        "issuer",
        "say which provider, e.g. issuer = \"https://sso.kantor.example\"",
    );
    let plain = issuer
        .strip_prefix("http://")
        .map(|rest| rest.split([':', '/']).next().unwrap_or(""));
    if !issuer.is_empty() && !issuer.starts_with("https://") && !plain.is_some_and(is_loopback) {
        section.wrong(
            "issuer",
            "must begin with https://: everybody on the way could say who somebody is",
        );
    }
    let client_id = section.required("client_id", "say what the provider calls this dashboard");
    let secret = section.password();
    let name = section.text("name").unwrap_or_else(|| "SSO".to_owned());
    let groups = section.text("groups").unwrap_or_else(|| "groups".to_owned());
    let mut roles = Vec::new();
    for text in section.texts("roles").unwrap_or_default() {
        match group_role(&text) {
            Some(role) => roles.push(role),
            None => section.wrong(
                "roles",
                "are written \"GROUP = ROLE@OFFICE\", e.g. \"kepatuhan = integrity@tangerang\" or \"audit = auditor\"",
            ),
        }
    }
    Oidc {
        issuer: issuer.trim_end_matches('/').to_owned(),
        client_id,
        secret,
        name,
        groups,
        roles,
    }
}

/// Roles of a person need one of a roster, whom no group names.
fn group_role(text: &str) -> Option<GroupRole> {
    let (group, what) = text.rsplit_once('=')?;
    let (role, office) = match what.split_once('@') {
        Some((role, office)) => (role, Some(office.trim())),
        None => (what, None),
    };
    let role = Role::parse(role.trim())?;
    let group = group.trim();
    let fits = !role.needs_person() && (office.is_some() || !role.needs_office()) && office != Some("");
    (fits && !group.is_empty()).then(|| GroupRole {
        group: group.to_owned(),
        role,
        office: office.map(OfficeId::new),
    })
}

/// Whether what is sent there stays on this machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// The address alone or within `Name <address>`; the mailer's own reader says the last word.
fn is_address(text: &str) -> bool {
    let address = match text.trim_end().strip_suffix('>') {
        Some(inner) => inner.rsplit('<').next().unwrap_or(""),
        None => text,
    };
    matches!(address.split_once('@'), Some((user, host)) if !user.is_empty() && !host.is_empty() && !host.contains('@'))
        && !address.contains(char::is_whitespace)
}
