//! `claimwatch mail templates`: what templates of one's own can begin with, and how those in force look.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::app::frame;
use crate::cli::Failure;
use crate::cli::output::{counted, remark};
use crate::config::{Affects, Settings};
use crate::mail::{BUILT_IN, samples};
use crate::wording::Language;

#[derive(Args, Debug)]
pub struct TemplatesArgs {
    /// The folder that gets the built-in templates; none that is there already is replaced
    #[arg(long, value_name = "FOLDER", required_unless_present = "samples")]
    to: Option<PathBuf>,
    /// The folder that gets a sample of every kind of message in every language, by the templates in force, as .eml files and
    /// as pages to open in a browser
    #[arg(long, value_name = "FOLDER")]
    samples: Option<PathBuf>,
}

pub fn run(args: &TemplatesArgs, settings: &Settings) -> Result<(), Failure> {
    if let Some(folder) = &args.to {
        write_built_in(folder)?;
    }
    if let Some(folder) = &args.samples {
        write_samples(folder, settings)?;
    }
    Ok(())
}

fn write_built_in(folder: &Path) -> Result<(), Failure> {
    if let Some(there) = BUILT_IN.iter().map(|(name, _)| folder.join(name)).find(|path| path.exists()) {
        return Err(Failure::failed(format!("{}: it is there already; nothing was written", there.display())));
    }
    for (name, source) in BUILT_IN {
        write(&folder.join(name), source.as_bytes())?;
    }
    remark(&format!("{} in {}", counted(BUILT_IN.len(), "template", "templates"), folder.display()));
    Ok(())
}

fn write_samples(folder: &Path, settings: &Settings) -> Result<(), Failure> {
    if let Some(lines) = settings.refusal(&[Affects::Looks]) {
        return Err(Failure::failed(lines));
    }
    let frame = frame(settings);
    let mut count = 0_usize;
    for language in Language::ALL {
        for sample in samples(language) {
            let mail = sample.mail(&frame).map_err(|error| Failure::failed(error.to_string()))?;
            let name = format!("{}-{}", sample.name.replace(", ", "-").replace(' ', "-"), language.tag());
            write(&folder.join(format!("{name}.eml")), &mail.bytes)?;
            write(&folder.join(format!("{name}.html")), mail.html.as_bytes())?;
            count += 1;
        }
    }
    remark(&format!("{} in {}", counted(count, "sample", "samples"), folder.display()));
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, bytes));
    written.map_err(|error: io::Error| Failure::failed(format!("{}: {error}", path.display())))
}
