//! The policies of one office: those of a folder, under the office's overlay in `overlays/` of that folder.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::read_policies;
use crate::engine::event::OfficeId;
use crate::engine::policy::PolicySet;

/// An overlay's file, if the office has one: the path people know it by, and its text. `named` must be there; otherwise
/// it is looked for at `overlays/OFFICE.toml` in the folder of the policies.
pub fn overlay_of(folder: &Path, office: &OfficeId, named: Option<&Path>) -> Result<Option<(String, String)>> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => {
            let path = folder.join("overlays").join(format!("{office}.toml"));
            if !path.exists() {
                return Ok(None);
            }
            path
        }
    };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read the overlay {shown}"))?;
    Ok(Some((shown, text)))
}

/// The policies of a folder as they are in force in an office.
pub fn read_policies_of(folder: &Path, office: &OfficeId, named: Option<&Path>) -> Result<PolicySet> {
    let policies = read_policies(folder)?;
    Ok(match overlay_of(folder, office, named)? {
        Some((path, text)) => policies.overlaid(&path, &text)?,
        None => policies,
    })
}
