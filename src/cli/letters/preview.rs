//! `jagaloket letter preview`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::clock::MonitorClock;
use crate::config::Config;
use crate::engine::roster::Roster;
use crate::exit::Exit;
use crate::letter::samples::{code, page, samples};
use crate::serve;

/// Write one letter of every kind to a folder, in both languages, as text and HTML, in the office's own wording. Everybody
/// in them is invented; nothing is sent. Open index.html in a browser.
#[derive(clap::Args, Debug)]
pub struct PreviewArgs {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Which office; the first one of the configuration where it is left out
    #[arg(long, value_name = "ID")]
    office: Option<String>,
    /// The folder, which is made where it is missing
    #[arg(long, value_name = "FOLDER", default_value = "letters-preview")]
    output: PathBuf,
}

pub fn preview(args: &PreviewArgs) -> anyhow::Result<Exit> {
    let config = Config::load(&args.config)?;
    let gathered = serve::gather(&config)?;
    let mut offices = Vec::new();
    let mut found = None;
    for texts in &gathered.texts {
        let roster = Roster::parse(&texts.roster)?;
        let wanted = args.office.as_ref().is_none_or(|id| roster.office.id.as_str() == id);
        offices.push(roster.office.id.to_string());
        if wanted && found.is_none() {
            found = Some((roster, texts.policies.parse()?));
        }
    }
    let Some((roster, policies)) = found else {
        bail!("no such office; there is {}", offices.join(", "));
    };
    let heads: Vec<_> = policies.heads().cloned().collect();
    let house = serve::house(&config, gathered.wordings);
    let letters = samples(&roster, &heads, &house, MonitorClock::Wall.now());
    let folder = &args.output;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for sample in &letters {
        let name = format!("{}.{}", sample.name, code(sample.language));
        let text = format!("Subject: {}\n\n{}", sample.letter.subject, sample.letter.text);
        write(&folder.join(format!("{name}.txt")), &text)?;
        write(&folder.join(format!("{name}.html")), &sample.letter.html)?;
    }
    let index = folder.join("index.html");
    write(&index, &page(&letters))?;
    println!("{} letters of {}: {}", letters.len(), roster.office.id, index.display());
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
