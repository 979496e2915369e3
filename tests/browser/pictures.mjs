// The documents' pictures of the page: the sample claims of `claimwatch demo`, at a time that is always the same.
import { spawnSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { at, ago } from "./world.mjs";

/** The largest that a picture may be, in bytes. */
const MOST = 150_000;

const PICTURES = [
  { name: "page-overview", path: "/?lang=en", width: 1280, height: 900, scheme: "light" },
  { name: "page-overview-phone", path: "/?lang=en", width: 360, height: 760, scheme: "dark" },
  { name: "page-alerts", path: "/alerts?lang=en", width: 1280, height: 900, scheme: "light" },
  { name: "page-claim-french", path: "/claims/C-1003?lang=fr", width: 1280, height: 900, scheme: "light" },
  { name: "page-claim-phone", path: "/claims/C-1003?lang=en", width: 360, height: 760, scheme: "dark" },
  { name: "page-calendar", path: "/calendars/paris?year=2026&lang=en", width: 1280, height: 900, scheme: "light" },
  { name: "page-outbox", path: "/outbox?lang=en", width: 1280, height: 700, scheme: "dark" },
];

/** Somebody has answered, so that a picture shows it. */
export function answered(world) {
  at(world, ago(0), "alerts", "ack", "--by", "Ada", "--until", "2026-12-04", "--note", "Waiting for the partner’s invoice", "C-1003", "C-1036");
  at(world, ago(0), "alerts", "snooze", "--by", "Grace", "--until", "2026-12-01", "C-1029");
}

export async function take(desk, folder) {
  mkdirSync(folder, { recursive: true });
  answered(desk.world);
  for (const one of PICTURES) {
    const context = await desk.browser.newContext({ viewport: { width: one.width, height: one.height }, colorScheme: one.scheme });
    const page = await context.newPage();
    const answer = await page.goto(desk.url + one.path);
    if (answer.status() !== 200) throw new Error(`${one.path}: ${answer.status()}`);
    const file = path.join(folder, `${one.name}.png`);
    await page.screenshot({ path: file });
    await context.close();
    const made = spawnSync("pngquant", ["--force", "--skip-if-larger", "--strip", "--output", file, "64", file], { encoding: "utf8" });
    // 98, 99: it would not be smaller, or not good.
    if (![0, 98, 99].includes(made.status)) throw new Error(`pngquant: ${made.stderr}`);
    const { size } = statSync(file);
    if (size > MOST) throw new Error(`${file}: ${size} bytes, expected at most ${MOST}`);
    console.log(`${file}: ${size} bytes`);
  }
}
