//! `claimwatch completions` and `claimwatch man`: what a package puts beside the program, made from the command tree itself.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::Failure;
use super::output::remark;
use super::settings;

/// What every page ends with. Source: docs/contract.md, "Exit codes".
const CLOSING: &str = r#".SH "EXIT STATUS"
.TP
0
done
.TP
1
failed
.TP
2
wrong usage or configuration
.TP
3
done, but some input was rejected
.SH FILES
.TP
.I /etc/claimwatch/claimwatch.toml
the configuration
.TP
.I /var/lib/claimwatch
the state directory of the service
"#;

#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell that they are for
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args, Debug)]
pub struct ManArgs {
    /// The directory that gets one file a command; it is made if it is not there, and files of the same names are replaced
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// Writes the completions of `command` to standard output.
pub fn completions(args: &CompletionsArgs, mut command: Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut command, "claimwatch", &mut script);
    match io::stdout().lock().write_all(&script) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Failure::failed(format!("standard output: {error}"))),
    }
}

/// Writes a page for `command`, for each of its subcommands, and for the configuration.
pub fn man(args: &ManArgs, command: Command) -> Result<(), Failure> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let written = fs::create_dir_all(&args.to).and_then(|()| page(&command, None, args));
    let written = written.and_then(|()| fs::write(args.to.join(settings::page::NAME), settings::page::page()));
    written.map_err(|error| Failure::failed(format!("{}: {error}", args.to.display())))?;
    remark(&format!("the pages are in {}", args.to.display()));
    Ok(())
}

fn page(command: &Command, parent: Option<&str>, args: &ManArgs) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let source = format!("claimwatch {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).title(&name).source(source).manual("claimwatch");
    let mut page = Vec::new();
    man.render(&mut page)?;
    page.extend_from_slice(CLOSING.as_bytes());
    let others = parent.into_iter().map(|parent| (parent, 1)).chain([("claimwatch.toml", 5)]);
    let others: Vec<String> = others.map(|(name, section)| format!("\\fB{}\\fR({section})", roff(name))).collect();
    writeln!(page, ".SH \"SEE ALSO\"\n{}", others.join(", "))?;
    fs::write(args.to.join(man.get_filename()), page)?;
    command.get_subcommands().try_for_each(|sub| self::page(sub, Some(&name), args))
}

/// A name whose hyphens stay hyphens.
fn roff(name: &str) -> String {
    name.replace('-', "\\-")
}
