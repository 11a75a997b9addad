//! `jagaloket policy test`.

mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::clock;
use crate::engine::expr::nearest;
use crate::engine::policy::PolicySet;
use crate::exit::Exit;
use crate::scenario::coverage::{Coverage, Shown};
use crate::scenario::judged::{self, Judged};
use crate::scenario::mutate::{self, Mutant};
use crate::scenario::update::Edit;
use crate::scenario::{self, Fault, Faults, File, PolicySource};

/// Test policies by the scenarios beside them.
///
/// The scenarios of POLICY.toml stand in POLICY.test.toml: small stories, and the complete list of verdicts that the
/// policy must give; an empty list means silence. They are judged by the engine that runs live. Those in
/// overlays/OFFICE.test.toml, each with `policy = "ID"`, are judged under that office's overlay.
#[derive(clap::Args, Debug)]
#[command(after_long_help = "\
Examples:
  jagaloket policy test                                  run every test of ./policies
  jagaloket policy test --policy phone-out-during-service --update
  jagaloket policy test --coverage-min 100 --mutate      prove that the tests show everything the policies say")]
pub struct Args {
    /// A folder of policy files and their tests
    #[arg(value_name = "DIR", default_value = "policies")]
    folder: PathBuf,
    /// Only the tests of this policy; may be given several times
    #[arg(long = "policy", value_name = "ID")]
    only: Vec<String>,
    /// How to tell the outcome
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show the differences, then write what the policies say into the test files
    #[arg(long)]
    update: bool,
    /// Tell which clauses were seen both true and false, and which limits were met exactly
    #[arg(long)]
    coverage: bool,
    /// Fail below this coverage, in per cent
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    coverage_min: Option<u8>,
    /// Change the policies in small ways, and list the changes that no test notices
    #[arg(long, conflicts_with = "update")]
    mutate: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    Text,
    Junit,
    Json,
}

/// A policy and its tests.
struct Set {
    source: PolicySource,
    /// `None`: there is no test file.
    file: Option<File>,
    /// Under the overlay of an office, for the tests that stand beside that.
    overlaid: bool,
}

/// Everything that came of one policy's tests.
struct Tested {
    source: PolicySource,
    file: Option<File>,
    overlaid: bool,
    judged: Vec<Judged>,
    coverage: Option<Coverage>,
    mutants: Option<Vec<Mutant>>,
}

struct Run {
    tested: Vec<Tested>,
    counter_hours: f64,
    seconds: f64,
    coverage_min: Option<u8>,
    mutate: bool,
}

pub fn run(args: Args) -> anyhow::Result<Exit> {
    let began = clock::instant();
    let set = match read(&args)? {
        Ok(set) => set,
        Err(wrong) => {
            eprintln!("{wrong}");
            return Ok(Exit::Usage);
        }
    };
    let mut tested = Vec::new();
    let mut counter_hours = 0.0;
    let with_coverage = args.coverage || args.coverage_min.is_some();
    for Set { source, file, overlaid } in set {
        let policies = match overlaid {
            true => judged::in_force(&source.policy),
            false => judged::policies(&source.policy),
        };
        let scenarios = file.as_ref().map_or(&[][..], |file| &file.scenarios);
        counter_hours += scenarios.iter().map(scenario::Scenario::counter_hours).sum::<f64>();
        let judged = scenarios.iter().map(|one| judged::judge(one, &policies)).collect();
        tested.push(Tested {
            source,
            file,
            overlaid,
            judged,
            coverage: None,
            mutants: None,
        });
    }
    let mut run = Run {
        tested,
        counter_hours,
        seconds: began.elapsed().as_secs_f64(),
        coverage_min: args.coverage_min,
        mutate: args.mutate,
    };
    // What a policy says is shown by its own tests; those of an office show what the office decided.
    for tested in run.tested.iter_mut().filter(|tested| !tested.overlaid) {
        let scenarios = tested.file.as_ref().map_or(&[][..], |file| &file.scenarios);
        if with_coverage {
            let mut shown = Shown::default();
            let policies = judged::policies(&tested.source.policy);
            for one in scenarios {
                shown.add(&tested.source.policy, one, &judged::traced(one, &policies));
            }
            tested.coverage = Some(shown.coverage(&tested.source));
        }
        // Mutants are only told apart from what passes.
        if args.mutate && tested.judged.iter().all(|judged| judged.passed) {
            tested.mutants = Some(mutate::mutate(&tested.source, scenarios));
        }
    }
    let text = match args.format {
        Format::Text => report::text(&run),
        Format::Junit => report::junit(&run),
        Format::Json => report::json(&run),
    };
    print!("{text}");
    if args.update {
        return update(&run);
    }
    Ok(if run.passed() { Exit::Done } else { Exit::Failed })
}

impl Run {
    fn passed(&self) -> bool {
        self.tested.iter().all(|tested| {
            let fine = tested.judged.iter().all(|judged| judged.passed && !judged.disorder);
            fine && tested.survivors().count() == 0
        }) && self.coverage_reached()
    }

    fn coverage_reached(&self) -> bool {
        let (shown, all) = self.covered();
        self.coverage_min
            .is_none_or(|min| shown * 100 >= all * usize::from(min))
    }

    /// Points shown, and all of them.
    fn covered(&self) -> (usize, usize) {
        let all = self.tested.iter().filter_map(|tested| tested.coverage.as_ref());
        all.fold((0, 0), |(shown, all), coverage| {
            (shown + coverage.shown(), all + coverage.points.len())
        })
    }
}

impl Tested {
    fn survivors(&self) -> impl Iterator<Item = &Mutant> {
        let mutants = self.mutants.iter().flatten();
        mutants.filter(|mutant| mutant.fate == mutate::Fate::Survived)
    }
}

type Sets = Vec<Set>;

/// Reads policies and tests; the inner error is what is wrong with them, for people.
fn read(args: &Args) -> anyhow::Result<Result<Sets, String>> {
    let files = read_folder(&args.folder)?;
    let (tests, policies): (Vec<_>, Vec<_>) = files.into_iter().partition(|(_, name, _)| name.ends_with(".test"));
    let given = || policies.iter().map(|(path, name, text)| (&**path, &**name, &**text));
    let set = match PolicySet::parse(given()) {
        Ok(set) => set,
        Err(wrong) => return Ok(Err(wrong.to_string())),
    };
    let ids = || set.heads().map(|head| head.id.as_str());
    for only in &args.only {
        if !ids().any(|id| id == only) {
            let near = nearest(only, ids()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let folder = args.folder.display();
            return Ok(Err(format!("error: there is no policy \"{only}\" in {folder}{near}")));
        }
    }
    let mut faults = Vec::new();
    let mut sets: Sets = Vec::new();
    for (path, name, text) in &tests {
        let id = name.trim_end_matches(".test");
        if !ids().any(|known| known == id) {
            let near =
                nearest(id, ids()).map_or_else(String::new, |near| format!("; did you mean `{near}.test.toml`?"));
            let message = format!("this file tests the policy \"{id}\", which does not exist{near}");
            faults.push(Fault::new(path, text, 0..0, message));
        }
    }
    for source in scenario::sources(&set.policies, given()) {
        let id = source.policy.head.id.as_str();
        if !args.only.is_empty() && !args.only.iter().any(|only| only == id) {
            continue;
        }
        let test = tests.iter().find(|(_, name, _)| name.trim_end_matches(".test") == id);
        let file = match test.map(|(path, _, text)| scenario::read(path, text, &source.policy, !args.update)) {
            None => None,
            Some(Ok(file)) => Some(file),
            Some(Err(Faults(wrong))) => {
                faults.extend(wrong);
                None
            }
        };
        sets.push(Set {
            source,
            file,
            overlaid: false,
        });
    }
    if let Err(wrong) = overlaid(args, &set, &policies, &mut sets, &mut faults)? {
        return Ok(Err(wrong));
    }
    if !faults.is_empty() {
        return Ok(Err(Faults(faults).to_string()));
    }
    for only in &args.only {
        let has_tests = |set: &Set| set.source.policy.head.id.as_str() == only && set.file.is_some();
        if let Some(set) = sets.iter().find(|set| set.source.policy.head.id.as_str() == only)
            && !sets.iter().any(has_tests)
        {
            let place = set.source.path.trim_end_matches(".toml");
            return Ok(Err(format!(
                "error: \"{only}\" has no tests; write them into {place}.test.toml"
            )));
        }
    }
    if sets.iter().all(|set| set.file.is_none()) {
        let folder = args.folder.display();
        return Ok(Err(format!("error: there is no test (POLICY.test.toml) in {folder}")));
    }
    Ok(Ok(sets))
}

/// Adds what stands in `overlays/OFFICE.test.toml`, judged under that office's overlay.
fn overlaid(
    args: &Args,
    set: &PolicySet,
    policies: &[Text],
    sets: &mut Sets,
    faults: &mut Vec<Fault>,
) -> anyhow::Result<Result<(), String>> {
    let folder = args.folder.join("overlays");
    if !folder.is_dir() {
        return Ok(Ok(()));
    }
    let (tests, overlays): (Vec<_>, Vec<_>) = read_folder(&folder)?
        .into_iter()
        .partition(|(_, name, _)| name.ends_with(".test"));
    for (path, name, text) in &tests {
        let office = name.trim_end_matches(".test");
        let Some((overlay, _, written)) = overlays.iter().find(|(_, name, _)| name == office) else {
            let message = format!("this file tests the overlay of \"{office}\", which does not exist");
            faults.push(Fault::new(path, text, 0..0, message));
            continue;
        };
        let under = match set.clone().overlaid(overlay, written) {
            Ok(under) => under,
            Err(wrong) => return Ok(Err(wrong.to_string())),
        };
        let files = match scenario::read_overlaid(path, text, &under.policies, !args.update) {
            Ok(files) => files,
            Err(Faults(wrong)) => {
                faults.extend(wrong);
                continue;
            }
        };
        let given = policies.iter().map(|(path, name, text)| (&**path, &**name, &**text));
        let sources = scenario::sources(&under.policies, given);
        for file in files {
            let source = sources
                .iter()
                .find(|source| source.policy.head.id.as_str() == file.policy);
            let wanted = args.only.is_empty() || args.only.contains(&file.policy);
            if let Some(source) = source.filter(|_| wanted) {
                sets.push(Set {
                    source: source.clone(),
                    file: Some(file),
                    overlaid: true,
                });
            }
        }
    }
    Ok(Ok(()))
}

/// A file: its path, its name without `.toml`, its text.
type Text = (String, String, String);

/// Every TOML file of a folder.
fn read_folder(folder: &Path) -> anyhow::Result<Vec<Text>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(id) = name.strip_suffix(".toml").filter(|_| !name.starts_with('.')) {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.push((path.display().to_string(), id.to_string(), text));
        }
    }
    files.sort();
    Ok(files)
}

/// Writes what was said into the files, where it is not what they expect.
fn update(run: &Run) -> anyhow::Result<Exit> {
    let mut exit = Exit::Done;
    // The tests of an overlay are of several policies, and stand in one file.
    let mut files: BTreeMap<&str, (&File, Vec<Edit>)> = BTreeMap::new();
    for tested in &run.tested {
        let Some(file) = &tested.file else { continue };
        let differ = tested.judged.iter().enumerate().filter(|(_, judged)| !judged.passed);
        let said: Vec<_> = differ.map(|(ix, judged)| (ix, judged.got.clone())).collect();
        if tested.judged.iter().any(|judged| judged.disorder) {
            exit = Exit::Failed;
        }
        if !said.is_empty() {
            let edits = scenario::update::edits(file, &tested.source.policy, &said);
            files.entry(&file.path).or_insert((file, Vec::new())).1.extend(edits);
        }
    }
    for (path, (file, edits)) in files {
        let tests = match edits.len() {
            1 => "1 test".to_owned(),
            many => format!("{many} tests"),
        };
        let text = scenario::update::rewritten(&file.text, edits);
        std::fs::write(path, text).with_context(|| format!("cannot write {path}"))?;
        eprintln!("{path}: {tests} rewritten; read what the policy says now before you keep it");
    }
    Ok(exit)
}
