//! `jagaloket policy check`.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::engine::policy::{Change, Level, PolicyFault, PolicySet};
use crate::engine::roster::Language;
use crate::engine::time::Span;
use crate::exit::Exit;
use crate::letter;

/// Check every policy file of a folder: every fault at once.
///
/// Each is told with file, line, column, and the nearest valid name. A condition that can never hold is an error, and one
/// that always holds, without a `for`; warned is of a policy without tests beside it, of a clause that never matters, and
/// of files nobody reads. Without faults the policies are listed.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Exit codes:
  0  no faults; there may be warnings
  1  the folder cannot be read, or has no policy
  2  there are faults; with --strict also warnings

With --format json each fault is one object a line: level (error, warning), code, file, line, column, end_line,
end_column (all from 1, columns in characters, the end is where it is over; all 0 for a file as a whole), message,
help (or null), source (the line).")]
pub struct Args {
    /// A folder of policy files
    #[arg(value_name = "DIR", default_value = "policies")]
    policies: PathBuf,

    /// How faults are told: for people, or one JSON object a line
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Take warnings for errors
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let folder = Folder::read(&args.policies)?;
    let (set, mut faults) = folder.check();
    // A policy that can say nothing is in force in vain, and one that accuses everybody is a mistake. A start still takes
    // them: an old ledger may hold one.
    for fault in faults
        .iter_mut()
        .filter(|fault| args.strict || matches!(fault.code, "never-true" | "always-true"))
    {
        fault.level = Level::Error;
    }
    let errors = faults.iter().filter(|fault| fault.level == Level::Error).count();
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => {
            for fault in &faults {
                writeln!(out, "{}", serde_json::to_string(fault)?)?;
            }
        }
        Format::Text => {
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            for fault in &faults {
                match colours {
                    true => eprintln!("{}\n", coloured(fault)),
                    false => eprintln!("{fault}\n"),
                }
            }
            if errors == 0 {
                let set = set.unwrap_or_default();
                list(&set, &mut out)?;
                for (path, text) in &folder.overlays {
                    decided(path, set.clone().overlaid(path, text)?, &mut out)?;
                }
            }
            if !faults.is_empty() {
                let warnings = faults.len() - errors;
                eprintln!(
                    "{} and {} in {}",
                    counted(errors, "error", "errors"),
                    counted(warnings, "warning", "warnings"),
                    counted(folder.policies.len(), "policy", "policies"),
                );
            }
        }
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::Usage })
}

fn list(set: &PolicySet, out: &mut impl std::io::Write) -> std::io::Result<()> {
    for head in set.heads() {
        writeln!(
            out,
            "{:<28} {:<13} {:<9} {:<8} {:>6}  {}{}",
            head.id.as_str(),
            head.class.as_str(),
            head.severity.as_str(),
            head.per.as_str(),
            Span::ms(head.for_ms).to_string(),
            head.title.en,
            if head.enabled { "" } else { " (off)" }
        )?;
    }
    Ok(())
}

/// What an office decided otherwise, a line a policy.
fn decided(path: &str, set: PolicySet, out: &mut impl std::io::Write) -> std::io::Result<()> {
    writeln!(out, "\n{path}")?;
    for head in set.heads() {
        if let Some(decision) = letter::decision(head, Language::En) {
            writeln!(out, "  {:<26} {decision}", head.id.as_str())?;
        }
    }
    Ok(())
}

/// The level, the marks and the help stand out.
fn coloured(fault: &PolicyFault) -> String {
    const PLAIN: &str = "\u{1b}[0m";
    let colour = match fault.level {
        Level::Error => "\u{1b}[1;31m",
        Level::Warning => "\u{1b}[1;33m",
    };
    let level = fault.level.as_str();
    let lines = fault.to_string();
    let lines = lines.lines().map(|line| {
        let after_bar = line.split_once(" | ").map(|(_, rest)| rest.trim());
        if let Some(rest) = line.strip_prefix(level) {
            format!("{colour}{level}{PLAIN}{rest}")
        } else if after_bar.is_some_and(|marks| !marks.is_empty() && marks.bytes().all(|mark| mark == b'^')) {
            format!("{colour}{line}{PLAIN}")
        } else {
            line.replace(" = help: ", " = \u{1b}[1mhelp\u{1b}[0m: ")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn counted(many: usize, one: &str, more: &str) -> String {
    format!("{many} {}", if many == 1 { one } else { more })
}

/// What lies in a folder of policies.
struct Folder {
    /// (path as shown, name without `.toml`, text), by path.
    policies: Vec<(String, String, String)>,
    /// What offices decided otherwise: (path as shown, text).
    overlays: Vec<(String, String)>,
    /// Stories of that: (path as shown, the ids of policies they are of).
    stories: Vec<(String, Vec<String>)>,
    /// Ids that have tests beside them.
    tested: Vec<String>,
    /// Faults of files as a whole.
    faults: Vec<PolicyFault>,
}

impl Folder {
    fn read(folder: &Path) -> anyhow::Result<Folder> {
        let cannot = || format!("cannot read the policies in {}", folder.display());
        let paths = sorted(folder).with_context(cannot)?;
        let mut read = Folder {
            policies: Vec::new(),
            overlays: Vec::new(),
            stories: Vec::new(),
            tested: Vec::new(),
            faults: Vec::new(),
        };
        let mut tests = Vec::new();
        for path in paths.iter().filter(|path| !path.is_dir()) {
            let shown = path.display().to_string();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Some(id) = name.strip_suffix(".test.toml") {
                let id = id.to_string();
                let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
                tests.push((shown, id, has_story(&text)));
            } else if let Some(id) = name.strip_suffix(".toml").filter(|_| !name.starts_with('.')) {
                let bytes = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
                match String::from_utf8(bytes) {
                    Ok(text) => read.policies.push((shown, id.to_string(), text)),
                    Err(_) => read.fault(
                        Level::Error,
                        "not-utf-8",
                        &shown,
                        "the file is not UTF-8 text",
                        "save it as UTF-8",
                    ),
                }
            } else if !(name.starts_with('.') || name.ends_with(".md") || name.ends_with(".schema.json")) {
                let help = "a policy is ID.toml, its tests are ID.test.toml, notes are *.md, a schema for editors is *.schema.json";
                read.fault(Level::Warning, "unknown-file", &shown, "nobody reads this file", help);
            }
        }
        let overlays = folder.join("overlays");
        if overlays.is_dir() {
            let toml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
            for path in sorted(&overlays).with_context(cannot)?.into_iter().filter(toml) {
                let shown = path.display().to_string();
                let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
                match shown.ends_with(".test.toml") {
                    true => read.stories.push((shown, told_of(&text))),
                    false => read.overlays.push((shown, text)),
                }
            }
            let of_none: Vec<String> = read.stories.iter().map(|(path, _)| path.clone()).collect();
            for path in of_none {
                let overlay = path.replace(".test.toml", ".toml");
                if !read.overlays.iter().any(|(path, _)| *path == overlay) {
                    let message = format!("these tests are of no overlay: there is no {overlay}");
                    read.fault(
                        Level::Warning,
                        "test-of-no-policy",
                        &path,
                        &message,
                        "rename or remove the file",
                    );
                }
            }
        }
        for (shown, id, has_tests) in tests {
            if !read.policies.iter().any(|(_, other, _)| *other == id) {
                let message = format!("these tests are of no policy: there is no {id}.toml");
                read.fault(
                    Level::Warning,
                    "test-of-no-policy",
                    &shown,
                    &message,
                    "rename or remove the file",
                );
            }
            if has_tests {
                read.tested.push(id);
            }
        }
        if read.policies.is_empty() && read.faults.iter().all(|fault| fault.level != Level::Error) {
            bail!("there is no policy (*.toml) in {}", folder.display());
        }
        Ok(read)
    }

    fn fault(&mut self, level: Level, code: &'static str, file: &str, message: &str, help: &str) {
        let help = Some(help.to_string());
        self.faults
            .push(PolicyFault::of_file(level, code, file, message.to_string(), help));
    }

    /// What an overlay changes without a story that shows it. Of a policy that it merely switches off there is none to tell.
    fn without_story(&self, overlay: &str, set: &PolicySet) -> Vec<PolicyFault> {
        let tests = overlay.replace(".toml", ".test.toml");
        let told = self.stories.iter().find(|(path, _)| *path == tests).map(|(_, ids)| ids);
        let mute = set.heads().filter(|head| {
            let changed = head.overlay.as_ref().is_some_and(|overlay| {
                let off = |change: &Change| change.key == "enabled" && change.here == "false";
                !overlay.changes.iter().all(off)
            });
            changed && told.is_none_or(|ids| !ids.iter().any(|id| id == head.id.as_str()))
        });
        mute.map(|head| {
            let id = &head.id;
            let message = format!("no test shows what the office decided about {id}");
            let help = format!("write a [[test]] with policy = \"{id}\" into {tests}");
            PolicyFault::of_file(Level::Warning, "no-tests", overlay, message, Some(help))
        })
        .collect()
    }

    fn check(&self) -> (Option<PolicySet>, Vec<PolicyFault>) {
        let files = self.policies.iter().map(|(path, id, text)| (&**path, &**id, &**text));
        let checked = PolicySet::check(files);
        let mut faults = checked.faults;
        for (path, id, _) in &self.policies {
            if !self.tested.contains(id) {
                let message = "the policy has no tests".to_string();
                let help = Some(format!(
                    "say in {id}.test.toml what it must find and where it must be silent"
                ));
                faults.push(PolicyFault::of_file(Level::Warning, "no-tests", path, message, help));
            }
        }
        faults.extend(self.faults.iter().cloned());
        // An overlay can be looked at only where what it changes is right.
        for (path, text) in self.overlays.iter().filter(|_| checked.set.is_some()) {
            match checked.set.clone().unwrap_or_default().overlaid(path, text) {
                Err(errors) => faults.extend(errors.0),
                Ok(set) => {
                    faults.extend(made_vain(path, &set));
                    faults.extend(self.without_story(path, &set));
                }
            }
        }
        // File by file; what concerns a file as a whole comes after what stands in it.
        faults.sort_by(|a, b| a.file.cmp(&b.file).then((a.line == 0).cmp(&(b.line == 0))));
        (checked.set, faults)
    }
}

/// Policies that an overlay leaves with nothing to say, or with everybody to accuse.
fn made_vain(overlay: &str, set: &PolicySet) -> Vec<PolicyFault> {
    let vain = set.in_vain().into_iter().filter(|(head, ..)| head.overlay.is_some());
    vain.map(|(head, code, message, help)| {
        let message = format!("as the office decided it, of {}: {message}", head.id);
        PolicyFault::of_file(Level::Warning, code, overlay, message, help)
    })
    .collect()
}

/// What lies in a folder, by name.
fn sorted(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// Whether a file of tests holds one.
fn has_story(text: &str) -> bool {
    let file = toml::from_str::<toml::Table>(text).unwrap_or_default();
    file.get("test")
        .and_then(toml::Value::as_array)
        .is_some_and(|tests| !tests.is_empty())
}

/// The policies that the stories of a file are of. What is wrong with it, `policy test` tells.
fn told_of(text: &str) -> Vec<String> {
    let tests = toml::from_str::<toml::Table>(text)
        .ok()
        .and_then(|mut file| file.remove("test"));
    let list = tests.as_ref().and_then(|tests| tests.as_array()).into_iter().flatten();
    let ids = list.filter_map(|test| test.get("policy")?.as_str());
    ids.map(str::to_owned).collect()
}
