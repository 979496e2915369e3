// The page by keyboard alone.
import { differs, unless } from "./findings.mjs";
import { HOSTILE } from "./world.mjs";

export async function use(desk) {
  const context = await desk.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB" });
  const page = await context.newPage();
  const tools = { page, open: (path) => page.goto(desk.url + path) };
  await desk.findings.of("the first thing that Tab reaches leads past the navigation", () => skips(tools));
  for (const path of ["/", "/alerts?q=plain", `/claims/${encodeURIComponent(HOSTILE.markup)}`, "/calendars/paris", "/outbox"]) {
    await desk.findings.of(`Tab reaches all of ${path} in its order, and is seen there`, () => everything(tools, path));
  }
  await desk.findings.of("a search is typed and sent with Enter", () => search(tools));
  await desk.findings.of("what is folded opens with Enter", () => unfolds(tools));
  await context.close();
}

async function skips({ page, open }) {
  await open("/alerts");
  await page.keyboard.press("Tab");
  const place = await page.evaluate(() => {
    const box = document.activeElement.getBoundingClientRect();
    return [document.activeElement.className, box.left >= 0 && box.top >= 0 && box.width > 20];
  });
  await page.keyboard.press("Enter");
  const main = await page.evaluate(() => document.activeElement.id);
  await page.keyboard.press("Tab");
  const next = await page.evaluate(() => document.activeElement.name);
  return differs("reached and seen", place, ["skip", true]).concat(differs("then", [main, next], ["main", "q"]));
}

/** All that can be reached, marked by its place; and how each is seen when it is not focused. */
function expected() {
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")];
  const open = all.filter((one) => one.checkVisibility() && !(one.closest("details:not([open])") && !one.matches("details:not([open]) > summary")));
  open.forEach((one, place) => (one.dataset.place = place));
  return open.length;
}

async function everything({ page, open }, path) {
  await open(path);
  const count = await page.evaluate(expected);
  const [reached, wrong] = [[], unless(count > 8, `only ${count} to reach`)];
  for (let presses = 0; presses < count; presses++) {
    await page.keyboard.press("Tab");
    const [place, seen, name] = await page.evaluate(() => {
      const one = document.activeElement;
      const style = getComputedStyle(one);
      const box = one.getBoundingClientRect();
      const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      return [Number(one.dataset.place ?? -1), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && inside, one.outerHTML.slice(0, 90)];
    });
    reached.push(place);
    wrong.push(...unless(seen, `not seen: ${name}`));
  }
  return wrong.concat(differs("in order", reached, Array.from({ length: count }, (_, place) => place)));
}

async function search({ page, open }) {
  await open("/alerts");
  await page.focus("input[name=q]");
  await page.keyboard.type("plain-00");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  const claims = await page.locator("main table.cards tbody th").allInnerTexts();
  return unless(claims.length > 1 && claims.every((one) => one.startsWith("PLAIN-00")), `found ${claims}`);
}

async function unfolds({ page, open }) {
  await open(`/claims/${encodeURIComponent(HOSTILE.markup)}`);
  const folded = page.locator("details", { has: page.locator("table") }).first();
  const before = await folded.locator("table").isVisible();
  await folded.locator("summary").focus();
  await page.keyboard.press("Enter");
  return differs("seen before and after", [before, await folded.locator("table").isVisible()], [false, true]);
}
