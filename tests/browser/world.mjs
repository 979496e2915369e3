// Makes the worlds that the page is looked at in: by the command line, as an operator would, at times that are always the same.
import { spawnSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";

/** When the page is looked at: a Thursday. */
export const NOW = "2026-11-26T10:00:00Z";
const DAY = 86_400_000;

/** Texts that a page could stumble over, by what they try. */
export const HOSTILE = {
  markup: `<b>CL-1</b><script>document.title='owned'</script>`,
  quotes: `CL "2" & 'two' %3Cb%3E #?/ \\ {{ asked }}`,
  rightToLeft: `CL-\u202E3-gnp.exe\u200F מוצר עברי`,
  longWord: `CL-4-${"Donaudampfschifffahrtselektrizitaeten".repeat(4)}`,
  emoji: "CL-5-👩🏽‍💻🧾🇫🇷",
  cjk: "CL-6-販売促進費の払い戻し請求書類",
  spaces: "CL 7  with   spaces",
  formula: "=CL-8+HYPERLINK(1)",
  arabic: "CL-9-مطالبة الشريك",
};

/** The instant so many days before `NOW`. */
export const ago = (days) => new Date(Date.parse(NOW) - days * DAY).toISOString().replace(".000", "");

/** Runs the program at a time of ours. */
export function at(world, when, ...args) {
  const said = ["--config", "claimwatch.toml", ...args];
  const done = spawnSync(world.binary, said, { cwd: world.dir, env: env(world, when), encoding: "utf8" });
  // 3: done, but something was rejected. A delivery that fails is what some worlds are about.
  if (done.status !== 0 && done.status !== 3 && !(done.status === 1 && args.includes("deliver"))) {
    throw new Error(`claimwatch ${args.join(" ")}: exit code ${done.status}\n${done.stdout}${done.stderr}`);
  }
  return done.stdout;
}

/** FAKETIME_LIBRARY is libfaketime: the wall clock begins at `when`; how long something takes stays true. */
const env = (world, when) => ({
  PATH: process.env.PATH,
  TZ: "UTC",
  HOME: world.dir,
  STATE_DIRECTORY: world.dir,
  LD_PRELOAD: process.env.FAKETIME_LIBRARY,
  FAKETIME: `@${when.replace("T", " ").replace("Z", "")}`,
  FAKETIME_DONT_FAKE_MONOTONIC: "1",
});

/** The daemon on a free port, with its address; `stop` ends it. */
export async function serve(world) {
  const port = await freePort();
  const settings = { ...env(world, NOW), CLAIMWATCH__HTTP__LISTEN: `127.0.0.1:${port}`, CLAIMWATCH__SCHEDULE__SCAN: "0 0 0 1 1 *" };
  const options = { cwd: world.dir, env: settings, stdio: ["ignore", "ignore", "pipe"] };
  const child = spawn(world.binary, ["--config", "claimwatch.toml", "run"], options);
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries++) {
    if (await fetch(`${url}/healthz`).then(() => true, () => false)) break;
    if (tries > 150 || child.exitCode !== null) throw new Error(`claimwatch run does not answer:\n${said}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
  const gone = new Promise((done) => child.once("exit", done));
  return { url, stop: () => (child.kill("SIGTERM"), gone) };
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** The sample claims of `claimwatch demo`. */
export function demo(binary, dir) {
  mkdirSync(dir, { recursive: true });
  const world = { binary, dir: path.join(dir, "demo") };
  const made = spawnSync(binary, ["demo", "--dir", world.dir], { env: env(world, NOW), encoding: "utf8" });
  if (made.status !== 0) throw new Error(`claimwatch demo: ${made.stderr}`);
  return world;
}

const CONFIGURATION = `
[database]
url = "sqlite://claimwatch.db"
[calendars]
default = "paris"
[calendars.paris]
country = "FR"
time_zone = "Europe/Paris"
closures = [{ date = "2026-12-24", name = "Company <closed> & shut" }]
working_days = ["2026-11-28"]
[calendars.dubai]
time_zone = "Asia/Dubai"
weekend = ["fri", "sat"]
holidays = [{ date = "2026-12-02", name = "اليوم الوطني" }]
[calendars.plain]
time_zone = "UTC"
[rules.review]
warn = "1 business day"
[rules.payment]
warn = "5 business days"
[escalation]
claim_url = "https://claims.example.com/claims/{claim_id}"
[[escalation.levels]]
to = ["support@example.com", "gone@example.com"]
remind_every = "1 business day"
[[escalation.levels]]
after = "2 business days"
to = ["lead@example.com", "busy@example.com"]
[[escalation.levels]]
after = "10 business days"
to = ["director@example.com"]
[escalation.brake]
max_new = 60
at_least = 50
[mail]
transport = "sendmail"
from = "Claim monitor <claims-monitor@example.com>"
[mail.sendmail]
program = "./sendmail"
`;

/** Takes mail; refuses an address for good and puts one off. */
const SENDMAIL = `#!/bin/sh
cat >/dev/null
case "$*" in
*gone@*) echo "550 5.1.1 <gone@example.com>: no such <user> & never was" >&2; exit 67 ;;
*busy@*) echo "451 4.3.2 not now" >&2; exit 75 ;;
esac
echo "250 2.0.0 queued as 4711"
`;

const csv = (rows) => rows.map((row) => row.map((cell) => `"${String(cell ?? "").replaceAll('"', '""')}"`).join(",")).join("\n");

/** Programs and claims that carry all that a page could stumble over, late in every way, answered in every way. */
export function hostile(binary, dir) {
  const world = { binary, dir };
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, "claimwatch.toml"), CONFIGURATION);
  writeFileSync(path.join(dir, "sendmail"), SENDMAIL);
  chmodSync(path.join(dir, "sendmail"), 0o755);
  const file = (name, rows) => (writeFileSync(path.join(dir, name), csv(rows)), name);
  const take = (days, set) => {
    const files = Object.entries(set).flatMap(([name, rows]) => [`--${name}`, file(`${name}.csv`, rows)]);
    at(world, ago(days), "import", ...files);
  };
  const scan = (days) => {
    at(world, ago(days), "scan");
    if (days % 5 === 0) at(world, ago(days), "outbox", "deliver");
  };
  take(30, { programs: programs(), claims: claims(), payments: payments(), history: history() });
  scan(30);
  for (let days = 21; days > 0; days--) {
    if (days % 3 === 0) take(days, { claims: [CLAIM, ...trickle(days)] });
    if (days % 4 === 0) take(days, { claims: [CLAIM, ...trickle(days + 5, "approved", ago(days))] });
    scan(days);
  }
  answers(world);
  take(0, { claims: [CLAIM, ...flood()] });
  scan(0);
  return world;
}

const CLAIM = ["claim_id", "program_id", "partner_name", "title", "status", "submitted_at", "reviewed_at", "disputed_at",
  "approved_at", "tax_invoice_approved_at", "amount", "currency"];
const PROGRAMS = ["SURFACE-2026", "<i>italic</i>", `"quoted" & 'single'`, "プログラム-2026", "برنامج الشركاء",
  `P-${"long".repeat(16)}`, "TAX-1", ...Array.from({ length: 24 }, (_, n) => `PROGRAM-${String(n + 1).padStart(2, "0")}`)];

function programs() {
  const calendar = (n) => ["", "paris", "dubai", "plain"][n % 4];
  const rows = PROGRAMS.map((id, n) => [id, `Name of ${id} <&>`, calendar(n), id.startsWith("TAX")]);
  return [["program_id", "name", "calendar", "requires_tax_invoice"], ...rows];
}

/** A claim of each kind for every hostile text; then plain ones, so that lists have pages. */
function claims() {
  const rows = Object.values(HOSTILE).flatMap((text, n) => [
    [text, PROGRAMS[n % 7], `${text} Ltd`, `Title: ${text}`, "submitted", ago(34 + n), "", "", "", "", "1234.50", "EUR"],
    [`${text}-d`, PROGRAMS[(n + 3) % 7], text, text, "disputed", ago(60), ago(57), ago(45 + n), "", "", "98765432.10", "JPY"],
  ]);
  for (let n = 0; n < 70; n++) {
    const entity = ["Contoso", "Fabrikam", "Northwind Traders", "Adventure Works"][n % 4];
    const id = `PLAIN-${String(n).padStart(3, "0")}`;
    rows.push([id, PROGRAMS[7 + (n % 24)], entity, `Campaign ${n}`, "under_review", ago(33 + (n % 40)), "", "", "", "",
      `${100 + n * 37}.00`, ["EUR", "USD", "GBP"][n % 3]]);
  }
  rows.push(["LINES-100", "SURFACE-2026", "Contoso", "A hundred payment lines", "approved", ago(150), ago(148), "", ago(140), "", "100000", "EUR"]);
  rows.push(["INVOICE-1", "TAX-1", "Fabrikam", "With a tax invoice", "approved", ago(90), ago(88), "", ago(85), ago(60), "500", "EUR"]);
  rows.push(["NO-START", "TAX-1", "Fabrikam", "", "disputed", ago(90), ago(88), "", "", "", "500", "EUR"]);
  rows.push(["NO-PROGRAM", "nowhere <&>", "", "", "submitted", ago(40), "", "", "", "", "", ""]);
  rows.push(["RISK-1", "PROGRAM-01", "Contoso", "Due soon", "submitted", ago(1), "", "", "", "", "77", "EUR"]);
  rows.push(["QUIET-1", "PROGRAM-01", "Contoso", "Nothing runs", "editing", "", "", "", "", "", "77", "EUR"]);
  return [CLAIM, ...rows];
}

function payments() {
  const entities = ["Contoso Ireland", "<em>Fabrikam</em> & Söhne GmbH", "有限会社マイクロ", `Entity-${"x".repeat(50)}`];
  const line = (n) => [`L-${String(n).padStart(3, "0")}`, "LINES-100", entities[n % 4], `${n * 1000}.25`, ["EUR", "JPY", "USD"][n % 3],
    n % 5 === 0 ? ago(100) : ""];
  const rows = Array.from({ length: 100 }, (_, n) => line(n + 1));
  return [["payment_id", "claim_id", "paying_entity", "amount", "currency", "paid_at"], ...rows];
}

function history() {
  const note = `Rejected: <img src=x onerror=alert(1)> "proof" is missing; ${HOSTILE.rightToLeft} ${"unbreakable".repeat(14)}`;
  const rows = Object.values(HOSTILE).flatMap((text) => [
    [`${text}-d`, ago(57), "rejected", note],
    [`${text}-d`, ago(56), "disputed", "Line one\nline two\n\tand a tab"],
  ]);
  return [["claim_id", "at", "status", "note"], ...rows];
}

/** What came in over time; with a status, what became of it. */
function trickle(days, status = "submitted", reviewed = "") {
  const of = (n) => [`T-${days}-${n}`, PROGRAMS[7 + ((days + n) % 24)], "Tailwind Toys", `Trickle ${n}`, status, ago(days + 4), reviewed,
    "", reviewed, "", "250.00", "EUR"];
  return Array.from({ length: 2 + (days % 4) }, (_, n) => of(n));
}

/** More late claims at once than can be believed. */
function flood() {
  const of = (n) => [`FLOOD-${n}`, "PROGRAM-24", "Wingtip", "", "submitted", ago(20), "", "", "", "", "10", "EUR"];
  return Array.from({ length: 80 }, (_, n) => of(n));
}

function answers(world) {
  const when = ago(1);
  const note = `Waiting for <their> "invoice" & ${HOSTILE.longWord}`;
  const ack = (until, who, ...ids) => at(world, when, "alerts", "ack", "--by", who, "--until", until, "--note", note, ...ids);
  ack("2026-12-04", "Ada <Lovelace>", HOSTILE.markup, "PLAIN-001");
  ack("2026-12-11", "علي", HOSTILE.cjk, "PLAIN-002");
  at(world, when, "alerts", "snooze", "--by", "Grace", "--until", "2026-12-01", HOSTILE.quotes, "PLAIN-003");
  const silence = (pattern, until, reason) =>
    at(world, when, "silence", "add", ...pattern, "--until", until, "--reason", reason, "--by", "Grace & co", "--yes");
  silence(["--program", "PROGRAM-0?", "--rule", "review"], "2026-12-10", `Agreed with <partner>: "all is well" 🧾`);
  silence(["--partner", "Northwind*"], "2026-11-25T11:00:00Z", "Over already");
}
