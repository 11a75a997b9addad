//! Reads everything that a configuration names, and tells all that is wrong with it at once: `serve` and
//! `serve --check` alike, so that what was checked can start.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use tokio::sync::watch;

use super::edges::{broker_tls, client_settings, mail_settings};
use crate::broker;
use crate::config::{Broker, Config, Embedded, External};
use crate::daemon::desk::{PolicyTexts, Texts};
use crate::engine::event::OfficeId;
use crate::engine::policy::{PolicyErrors, PolicySet};
use crate::engine::roster::{Role, Roster, RosterFileErrors};
use crate::letter::wording::{Wording, Wordings};
use crate::mqtt;
use crate::place::Place;
use crate::replay::{PolicyFile, overlay_of, parse_policies, policy_files, read_roster};

/// What the named files hold.
#[derive(Default, Debug)]
pub struct Gathered {
    pub texts: Vec<Texts>,
    /// What offices say otherwise in their letters.
    pub wordings: Wordings,
    /// Who may connect to the embedded broker.
    pub devices: Vec<broker::Device>,
    /// What was found, a line a file.
    pub found: Vec<String>,
    /// What works, and is probably not meant; without names and addresses.
    pub warnings: Vec<String>,
    /// Policies that can say nothing, or accuse everybody. A start takes them, for they may be in force already; what is
    /// newly put in force may not be such.
    pub vain: Vec<String>,
}

/// Every fault of every named file.
#[derive(Default, Debug, PartialEq, Eq)]
pub struct Faults(Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Faults {}

impl Faults {
    fn add(&mut self, error: &anyhow::Error) {
        // Some faults of files begin with "error:" themselves, and there may be several.
        let told = error.is::<PolicyErrors>() || error.is::<RosterFileErrors>();
        self.0.push(match told {
            true => error.to_string(),
            false => format!("error: {error:#}"),
        });
    }

    fn say(&mut self, text: impl fmt::Display) {
        self.0.push(format!("error: {text}"));
    }
}

pub fn gather(config: &Config) -> Result<Gathered, Faults> {
    let mut faults = Faults::default();
    let mut gathered = Gathered::default();
    let rosters = read_rosters(config, &mut gathered, &mut faults);
    match &config.broker {
        Broker::Embedded(embedded) => read_devices(embedded, &rosters, &mut gathered, &mut faults),
        Broker::External(external) => check_external(external, &mut faults),
    }
    if let Some(folder) = &config.mail.wording {
        read_wordings(folder, &rosters, &mut gathered, &mut faults);
    }
    match mail_settings(&config.mail, watch::channel(HashMap::new()).1) {
        Ok(Some(settings)) => {
            if let Err(error) = settings.way.check() {
                faults.say(format_args!("`mail.ca` cannot be used: {error}"));
            }
        }
        Ok(None) => {}
        Err(error) => faults.add(&error),
    }
    if let Place::File(path) = &config.database {
        let folder = path.parent().unwrap_or(Path::new(""));
        if !folder.as_os_str().is_empty() && !folder.is_dir() {
            faults.say(format_args!("`database.path`: there is no folder {}", folder.display()));
        }
    }
    match faults.0.is_empty() {
        true => Ok(gathered),
        false => Err(faults),
    }
}

/// The rosters and policies alone, which may change while the monitor runs. Policies that can say nothing, or accuse
/// everybody, are faults here.
pub fn read_texts(config: &Config) -> Result<Vec<Texts>, Faults> {
    let mut faults = Faults::default();
    let mut gathered = Gathered::default();
    read_rosters(config, &mut gathered, &mut faults);
    gathered.vain.iter().for_each(|vain| faults.say(vain));
    match faults.0.is_empty() {
        true => Ok(gathered.texts),
        false => Err(faults),
    }
}

/// Reads rosters and policies; answers the rosters that are right.
fn read_rosters(config: &Config, gathered: &mut Gathered, faults: &mut Faults) -> Vec<Roster> {
    // What is checked is what is put in force: the files are read once.
    let read = policy_files(&config.policies).and_then(|files| Ok((parse_policies(&files)?, texts_of(files))));
    let policies = match read {
        Ok((set, texts)) => {
            let (folder, count) = (config.policies.display(), set.heads().count());
            gathered.found.push(format!("{folder}: {count} policies"));
            Some((set, texts))
        }
        Err(error) => {
            faults.add(&error);
            None
        }
    };
    let mut rosters: Vec<(&Path, Roster)> = Vec::new();
    for path in &config.rosters {
        let read = read_roster(path).and_then(|roster| Ok((roster, std::fs::read_to_string(path)?)));
        let (roster, text) = match read {
            Ok(read) => read,
            Err(error) => {
                faults.add(&error);
                continue;
            }
        };
        let (office, shown) = (&roster.office.id, path.display());
        if let Some((first, _)) = rosters.iter().find(|(_, other)| other.office.id == *office) {
            let first = first.display();
            faults.say(format_args!(
                "{shown} and {first} are rosters of one office, \"{office}\""
            ));
        }
        if roster.people_of(Role::Integrity).next().is_none() {
            gathered.warnings.push(format!(
                "{shown} has no [[integrity]]: where no supervisor may be told of an incident, nobody is"
            ));
        }
        gathered.found.push(format!(
            "{shown}: {office}, {} counters, {} lockboxes, {} officers, {} people who are told",
            roster.counters.len(),
            roster.lockboxes.len(),
            roster.officers.len(),
            roster.people.len()
        ));
        // Faults of the policies themselves are told once, not again for every office.
        if let Some((set, texts)) = &policies {
            match of_office(&config.policies, set, texts, office) {
                Ok((line, policies, vain)) => {
                    gathered.found.push(line);
                    gathered.warnings.extend(vain.iter().cloned());
                    gathered.vain.extend(vain);
                    let roster = text;
                    gathered.texts.push(Texts { roster, policies });
                }
                Err(error) => faults.add(&error),
            }
        }
        rosters.push((path, roster));
    }
    let rosters: Vec<Roster> = rosters.into_iter().map(|(_, roster)| roster).collect();
    for overlay in overlays_in(&config.policies) {
        if !rosters.iter().any(|roster| roster.office.id.as_str() == overlay) {
            gathered.warnings.push(format!(
                "overlays/{overlay}.toml is of no office of this monitor: nobody reads it"
            ));
        }
    }
    rosters
}

/// Reads what offices say otherwise in their letters, a file an office.
fn read_wordings(folder: &Path, rosters: &[Roster], gathered: &mut Gathered, faults: &mut Faults) {
    let files = match std::fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) => {
            let shown = folder.display();
            return faults.say(format_args!(
                "`mail.wording`: the folder {shown} cannot be read: {error}"
            ));
        }
    };
    let mut paths: Vec<_> = files.flatten().map(|file| file.path()).collect();
    paths.sort();
    for path in paths {
        let office = path.file_stem().and_then(|stem| stem.to_str());
        let (Some(office), true) = (office, path.extension().is_some_and(|end| end == "toml")) else {
            continue;
        };
        let shown = path.display();
        if !rosters.iter().any(|roster| roster.office.id.as_str() == office) {
            let warning = format!("{shown} is of no office of this monitor: nobody reads it");
            gathered.warnings.push(warning);
            continue;
        }
        let read = std::fs::read_to_string(&path).map_err(|error| vec![error.to_string()]);
        match read.and_then(|text| Wording::parse(&text)) {
            Ok(wording) => {
                gathered
                    .found
                    .push(format!("{shown}: how letters of {office} are worded"));
                gathered.wordings.0.insert(office.to_owned(), wording);
            }
            Err(found) => found
                .iter()
                .for_each(|fault| faults.say(format_args!("{shown}: {fault}"))),
        }
    }
}

/// The offices that overlays of a folder are named after.
fn overlays_in(policies: &Path) -> Vec<String> {
    let files = std::fs::read_dir(policies.join("overlays"))
        .into_iter()
        .flatten()
        .flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    let mut offices: Vec<String> = names
        .filter(|name| !name.ends_with(".test.toml"))
        .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
        .collect();
    offices.sort();
    offices
}

/// The policies under the overlay of an office, if it has one, and what is said of them.
fn of_office(
    folder: &Path,
    set: &PolicySet,
    texts: &PolicyTexts,
    office: &OfficeId,
) -> anyhow::Result<(String, PolicyTexts, Vec<String>)> {
    let (set, texts) = match overlay_of(folder, office, None)? {
        Some((path, text)) => (set.clone().overlaid(&path, &text)?, texts.overlaid(office, text)),
        None => (set.clone(), texts.clone()),
    };
    let in_force = set.heads().filter(|head| head.enabled).count();
    let decided = set.heads().filter(|head| head.overlay.is_some()).count();
    let vain = set.in_vain().into_iter().map(|(head, _, message, help)| {
        let help = help.map_or_else(String::new, |help| format!("; {help}"));
        format!("{office}, policy {}: {message}{help}", head.id)
    });
    Ok((
        format!("{office}: {in_force} policies in force, {decided} decided otherwise by the office"),
        texts,
        vain.collect(),
    ))
}

fn texts_of(files: Vec<PolicyFile>) -> PolicyTexts {
    PolicyTexts(files.into_iter().map(|(_, id, text)| (id, text)).collect())
}

fn read_devices(embedded: &Embedded, rosters: &[Roster], gathered: &mut Gathered, faults: &mut Faults) {
    if let Some(tls) = broker_tls(embedded)
        && let Err(error) = tls.check()
    {
        faults.say(format_args!("[broker.tls] {error}"));
    }
    if embedded.anonymous {
        let text = "`broker.anonymous` is true: everybody on this machine can publish as any device, and nothing that is \
                    judged can be trusted";
        gathered.warnings.push(text.to_owned());
    }
    let Some(path) = &embedded.devices else { return };
    let shown = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return faults.say(format_args!("cannot read the devices' passwords {shown}: {error}")),
    };
    match broker::read_passwords(&text) {
        Ok(devices) => gathered.devices = devices,
        Err(error) => return faults.say(format_args!("in {shown}: {error}")),
    }
    for device in &gathered.devices {
        let known = rosters
            .iter()
            .any(|roster| roster.office.id.as_str() == device.office && roster.device_kind(&device.device).is_some());
        if !known {
            let (office, device) = (&device.office, &device.device);
            gathered.warnings.push(format!(
                "{shown} lets in {office}/{device}, which no roster knows: what it sends goes to quarantine"
            ));
        }
    }
}

fn check_external(external: &External, faults: &mut Faults) {
    if let Err(error) = mqtt::check(&client_settings(external)) {
        faults.say(format_args!("[broker] {:#}", anyhow::Error::new(error)));
    }
}
