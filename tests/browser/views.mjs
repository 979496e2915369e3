// Every view at three widths, in both schemes and languages: axe, its layout, its requests, its words.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { HOSTILE } from "./world.mjs";
import { layout } from "./layout.mjs";

const claim = (id) => `/claims/${encodeURIComponent(id)}`;

/** Every view by a name, with its status if that is not 200; `folded`: as it comes, since unfolded it is endless. */
export const VIEWS = [
  { name: "overview", path: "/" },
  { name: "alerts", path: "/alerts" },
  { name: "alerts, searched", path: "/alerts?q=CL&sort=claim&state=open&level=3" },
  { name: "alerts, held", path: "/alerts?state=held" },
  { name: "alerts, resolved", path: "/alerts?state=resolved" },
  { name: "alerts, none", path: "/alerts?q=nowhere+to+be+found" },
  { name: "claim with markup", path: claim(HOSTILE.markup) },
  { name: "claim in dispute", path: claim(`${HOSTILE.rightToLeft}-d`) },
  { name: "claim of one long word", path: claim(`${HOSTILE.longWord}-d`) },
  { name: "claim of a hundred lines", path: claim("LINES-100"), folded: true },
  { name: "claim with a tax invoice", path: claim("INVOICE-1") },
  { name: "claim that is resolved", path: claim("T-9-0") },
  { name: "claim without a start", path: claim("NO-START") },
  { name: "claim where nothing runs", path: claim("QUIET-1") },
  { name: "outbox", path: "/outbox" },
  { name: "outbox, given up", path: "/outbox?state=dead" },
  { name: "silences", path: "/silences" },
  { name: "calendars", path: "/calendars" },
  { name: "calendar of a year", path: "/calendars/paris?year=2026" },
  { name: "problems", path: "/problems" },
  { name: "not there", path: "/nowhere", status: 404 },
  { name: "sign in", path: "/sign-in" },
  { name: "not there, a claim", path: claim("none"), status: 404 },
  { name: "wrong filter", path: "/alerts?state=%3Cb%3E", status: 400 },
];

export const WIDTHS = [360, 768, 1280];
export const SCHEMES = ["light", "dark"];
export const LANGUAGES = ["en", "fr"];
/** Pages looked at side by side. */
const HANDS = 3;

const AXE = readFileSync(createRequire(process.env.MODULES).resolve("axe-core/axe.min.js"), "utf8");
export const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** What is about colours: all that another scheme can change. */
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

/** What axe finds in a page, a line a place. Nothing is loaded for it: the page's policy stays in force. */
export async function axe(page, colours = false, tags = TAGS) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  const runOnly = colours ? { type: "rule", values: OF_COLOURS } : { type: "tag", values: tags };
  const violations = await page.evaluate(async (asked) => {
    const found = await globalThis.axe.run(document, { runOnly: asked, preload: false, resultTypes: ["violations"] });
    return found.violations.flatMap((one) => one.nodes.slice(0, 3).map((node) => `${one.id}: ${node.target} ${node.failureSummary}`));
  }, runOnly);
  return violations.map((line) => `axe: ${line.replaceAll(/\s+/g, " ")}`);
}

/** Listens to what must not happen while a page is looked at. */
export function listen(page, url) {
  const heard = [];
  page.on("console", (said) => {
    // The answer that is asked for may be 404 or 400; Chromium says so in these words.
    const expected = said.text().startsWith("Failed to load resource") && said.location().url === page.url();
    if (["error", "warning"].includes(said.type()) && !expected) heard.push(`console: ${said.text()}`);
  });
  page.on("pageerror", (error) => heard.push(`script: ${error}`));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== url) heard.push(`request to another host: ${request.url()}`);
  });
  page.on("requestfailed", (request) => {
    // Chromium breaks off what becomes a file, and an icon when one moves on.
    if (request.failure()?.errorText === "net::ERR_ABORTED") return;
    heard.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && !response.request().isNavigationRequest()) heard.push(`${response.status()}: ${response.url()}`);
  });
  return heard;
}

/** Every view in every way. */
export async function look(desk) {
  const jobs = VIEWS.flatMap((view) => LANGUAGES.map((lang) => ({ view, lang })));
  const titles = { en: new Map(), fr: new Map() };
  const hand = async () => {
    const context = await desk.browser.newContext({ reducedMotion: "reduce" });
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      const { view, lang } = job;
      await desk.findings.of(`${view.name}, ${lang}: three widths, light and dark`, () => lookAt(desk, context, view, lang, titles));
    }
    await context.close();
  };
  await Promise.all(Array.from({ length: HANDS }, hand));
  for (const lang of LANGUAGES) {
    const twice = [...titles[lang]].filter(([, names]) => names.length > 1).map(([title, names]) => `${title}: ${names.join(", ")}`);
    desk.findings.say(`titles tell views apart, ${lang}`, twice);
  }
}

async function lookAt(desk, context, view, lang, titles) {
  const page = await context.newPage();
  const heard = listen(page, desk.url);
  const wrong = [];
  const address = new URL(view.path, desk.url);
  address.searchParams.set("lang", lang);
  const answer = await page.goto(address.href);
  if (answer.status() !== (view.status ?? 200)) wrong.push(`status ${answer.status()}`);
  // Everything that can be opened is looked at too.
  if (!view.folded) await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  const title = await page.title();
  // One view of several lists has one title; every claim has its own.
  const kind = view.name.split(",")[0];
  titles[lang].set(title, [...new Set([...(titles[lang].get(title) ?? []), kind])]);
  const places = new Map();
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      const dark = colorScheme !== SCHEMES[0];
      const found = await axe(page, dark);
      if (!dark) found.push(...(await page.evaluate(layout, lang)));
      for (const line of found) places.set(line, [...(places.get(line) ?? []), `${width} ${colorScheme}`]);
    }
  }
  await page.close();
  return [...wrong, ...heard, ...[...places].map(([line, where]) => `${where.join(", ")}: ${line}`)];
}
