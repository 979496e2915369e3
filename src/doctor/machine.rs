//! What the program runs on: versions, sizes, the service manager, the clock. What cannot be found out is left out.

use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use tokio::process::Command;
use tokio::time::timeout;

use super::mask::plain;
use super::sheet::Sheet;
use crate::calendar::{HOLIDAY_DATA, zone_data_version};

/// The longest that another program may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What this program is.
pub fn program(sheet: &mut Sheet) {
    sheet.section("Program");
    sheet.public("claimwatch", env!("CARGO_PKG_VERSION"));
    sheet.public("zone data", zone_data_version());
    sheet.public("holiday data", HOLIDAY_DATA);
    sheet.public("build", if cfg!(debug_assertions) { "debug" } else { "release" });
}

/// The machine, or the box that this runs in, and the service there.
pub async fn machine(sheet: &mut Sheet) {
    sheet.section("Machine");
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let of_release = |key| plain(&value_of(&release, key, '=')?.replace('"', ""));
    let system = [of_release("ID"), of_release("VERSION_ID")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    sheet.public("system", if system.is_empty() { std::env::consts::OS } else { &system });
    let kernel = read("/proc/sys/kernel/osrelease");
    // What follows the numbers is a name that somebody gave.
    let numbers = |c: char| c.is_ascii_digit() || c == '.';
    let kernel = kernel.map(|release| release.chars().take_while(|c| numbers(*c)).collect::<String>());
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let of_memory = |key| value_of(&memory, key, ':').and_then(|value| plain(value.trim().strip_suffix(" kB")?));
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
    let found = [
        ("kernel", kernel),
        ("architecture", Some(std::env::consts::ARCH.to_owned())),
        ("processors", std::thread::available_parallelism().ok().map(|count| count.to_string())),
        ("memory, kB", of_memory("MemTotal")),
        ("memory available, kB", of_memory("MemAvailable")),
        ("memory limit, bytes", read("/sys/fs/cgroup/memory.max").and_then(|limit| plain(&limit))),
        ("most open files", files.and_then(plain)),
        ("container", container()),
        ("systemd", Some(yes_or_no(Path::new("/run/systemd/system").exists()))),
        ("under systemd's service", Some(yes_or_no(std::env::var_os("INVOCATION_ID").is_some()))),
    ];
    for (name, value) in found {
        if let Some(value) = value {
            sheet.public(name, value);
        }
    }
    const UNIT: &str = "LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus";
    for (name, value) in asked("systemctl", &["show", "claimwatch.service", "--property", UNIT]).await {
        sheet.public("claimwatch.service", format!("{name} {value}"));
    }
}

/// The clock of this machine.
pub async fn clock(sheet: &mut Sheet, now: DateTime<Utc>) {
    sheet.section("Clock");
    sheet.public("now", now.to_rfc3339_opts(SecondsFormat::Millis, true));
    if let Some(up) = read("/proc/uptime").and_then(|uptime| plain(uptime.split(' ').next()?)) {
        sheet.public("up for, seconds", up);
    }
    for (name, value) in asked("timedatectl", &["show", "--property", "Timezone,NTP,NTPSynchronized"]).await {
        sheet.public("timedatectl", format!("{name} {value}"));
    }
}

/// In what box this runs, if it can be told.
fn container() -> Option<String> {
    // systemd's own way to say so, then Docker's, Podman's and Kubernetes'.
    let named =
        std::env::var("container").ok().or_else(|| read("/run/systemd/container")).and_then(|name| plain(&name));
    let marks = [("/.dockerenv", "docker"), ("/run/.containerenv", "podman")];
    let marked = marks.into_iter().find(|(mark, _)| Path::new(mark).exists()).map(|(_, name)| name.to_owned());
    let kubernetes = std::env::var_os("KUBERNETES_SERVICE_HOST").map(|_| "kubernetes".to_owned());
    kubernetes.or(named).or(marked)
}

/// What `program` says in lines of `name=value`; nothing, where it is not there or does not answer.
async fn asked(program: &str, args: &[&str]) -> Vec<(String, String)> {
    let output = Command::new(program).args(args).stdin(std::process::Stdio::null()).kill_on_drop(true).output();
    let Ok(Ok(output)) = timeout(PATIENCE, output).await else { return Vec::new() };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let pair = |line: &str| line.split_once('=').and_then(|(name, value)| Some((plain(name)?, plain(value)?)));
    said.lines().filter_map(pair).collect()
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// The value of `key` in lines of `key` and value.
fn value_of<'a>(lines: &'a str, key: &str, between: char) -> Option<&'a str> {
    lines.lines().find_map(|line| line.split_once(between).filter(|(name, _)| *name == key).map(|(_, value)| value))
}

fn yes_or_no(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}
