// What is done from the page, with forms alone: each says afterwards what it did, and takes it back.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import path from "node:path";
import { differs, unless } from "./findings.mjs";
import { HOSTILE, NOW, at } from "./world.mjs";
import { SCHEMES, WIDTHS, axe, listen } from "./views.mjs";
import { layout } from "./layout.mjs";

const claim = (id) => `/claims/${encodeURIComponent(id)}`;

export async function perform(desk) {
  const secret = admit(desk.world, "Ada <Lovelace>");
  const context = await desk.browser.newContext({ locale: "en-GB" });
  context.setDefaultTimeout(15_000);
  const heard = [];
  const tools = async () => {
    const page = await context.newPage();
    heard.push(listen(page, desk.url));
    return { secret, page, open: (where) => page.goto(desk.url + where), seen: (name) => look(page, name) };
  };
  const flows = {
    "whoever has no token is asked for one, and a wrong one is refused": signIn,
    "one alert is acknowledged with a promise, and the answer is taken back": acknowledge,
    "several alerts are snoozed at once, and awakened": snooze,
    "a promise without a day is refused, and what was typed stays": mistake,
    "a silence is shown before it is kept, and ends": silence,
    "a message that was given up is sent again": retry,
    "an address that is refused is tried again": enable,
    "held alerts are released after a question, and held again": release,
    "whoever signs out may look, and no more": signOut,
  };
  for (const [what, flow] of Object.entries(flows)) await desk.findings.of(what, async () => flow(await tools()));
  desk.findings.say("nothing fails while things are done", heard.flat());
  await context.close();
}

/** A token that may write: by `token add`, else, where that is not there, in the table that it fills. */
function admit(world, name) {
  try {
    return at(world, NOW, "token", "add", "--name", name, "--scope", "write", "--expires", "30d").trim();
  } catch (error) {
    if (!String(error).includes("unrecognized subcommand")) throw error;
  }
  const secret = "token-of-the-browser-tests";
  const digest = createHash("sha256").update(secret).digest("hex");
  const statement = "INSERT INTO tokens (id, name, digest, scope) VALUES ('00000000-0000-7000-8000-000000000001', ?, ?, 'write')";
  const program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=30); c.execute(sys.argv[2], sys.argv[3:]); c.commit()";
  const made = spawnSync("python3", ["-c", program, path.join(world.dir, "claimwatch.db"), statement, name, digest], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
  return secret;
}

/** What axe and the layout say of the page as it stands, in every width and scheme. */
async function look(page, name) {
  const wrong = [];
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      const dark = colorScheme !== SCHEMES[0];
      const found = await axe(page, dark);
      if (!dark) found.push(...(await page.evaluate(layout, await page.getAttribute("html", "lang"))));
      wrong.push(...found.map((line) => `${name}, ${width} ${colorScheme}: ${line}`));
    }
  }
  return wrong;
}

const heading = (page) => page.locator("h1").innerText();
const press = (page, button) => Promise.all([page.waitForNavigation(), button.click()]);
const says = async (page, words) => unless((await page.locator("main").innerText()).includes(words), `not said: ${words}, but ${await heading(page)}`);
const undo = (page) => press(page, page.locator("form[action^='/undo'] button"));

async function signIn({ page, open, seen, secret }) {
  await open("/silences?lang=en");
  const wrong = differs("forms", await page.locator("main form[method=post]").count(), 0);
  await press(page, page.locator("main a[href*='sign-in']").first());
  wrong.push(...(await seen("sign in")));
  await page.fill("input[name=token]", "wrong");
  await press(page, page.locator("main button"));
  wrong.push(...(await seen("refused")), ...unless((await page.locator("[role=alert]").count()) === 1, "no word of it"));
  await page.fill("input[name=token]", secret);
  await press(page, page.locator("main button"));
  wrong.push(...differs("back", new URL(page.url()).pathname, "/silences"));
  wrong.push(...unless((await page.locator(".who").innerText()).includes("Ada <Lovelace>"), "it does not say who"));
  for (const where of ["/", "/alerts?lang=fr", "/alerts?state=held&lang=en", `${claim("PLAIN-010")}?lang=en`, "/silences?lang=fr", "/outbox?lang=en"]) {
    await open(where);
    wrong.push(...(await seen(where)));
  }
  return wrong;
}

async function acknowledge({ page, open, seen }) {
  await open(`${claim("PLAIN-011")}?lang=en`);
  const form = page.locator(".answering").first();
  await form.locator("summary").click();
  await form.locator("input[name=promise]").fill("2026-12-03");
  await form.locator("input[name=note]").fill(`Called <them> & others 🧾 ${HOSTILE.cjk}`);
  await press(page, form.locator("button[value=acknowledge]"));
  const wrong = (await says(page, "acknowledged")).concat(await seen("acknowledged"));
  const shown = page.url();
  await page.reload();
  wrong.push(...differs("reloaded", page.url(), shown));
  await open(`${claim("PLAIN-011")}?lang=en`);
  wrong.push(...(await says(page, "Called <them>")));
  await page.goto(shown);
  await undo(page);
  wrong.push(...(await says(page, "taken back")), ...(await seen("taken back")));
  await open(`${claim("PLAIN-011")}?lang=en`);
  return wrong.concat(unless((await page.locator(".alert .mark.acknowledged").count()) === 0, "still acknowledged"));
}

async function snooze({ page, open, seen }) {
  await open("/alerts?q=plain-02&lang=fr");
  for (const box of await page.locator(".pick input").all()) await box.check();
  const count = await page.locator(".pick input").count();
  await page.fill("#answers input[name=quiet]", "2026-12-01");
  await press(page, page.locator("#answers button[value=snooze]"));
  const wrong = unless(count > 5, `only ${count}`).concat(await seen("snoozed"));
  // What reaches many is asked about again.
  if ((await page.locator("form.question button").count()) > 0) await press(page, page.locator("form.question button"));
  wrong.push(...(await says(page, String(count))));
  await undo(page);
  await open("/alerts?q=plain-02&answer=snoozed&lang=fr");
  return wrong.concat(differs("still snoozed", await page.locator(".pick input").count(), 0));
}

async function mistake({ page, open, seen }) {
  await open(`${claim("PLAIN-012")}?lang=en`);
  const form = page.locator(".answering").first();
  await form.locator("summary").click();
  await form.locator("input[name=promise]").fill("2001-01-01");
  await form.locator("input[name=note]").first().fill("kept <note>");
  await press(page, form.locator("button[value=acknowledge]"));
  const wrong = await seen("refused");
  wrong.push(...unless((await page.locator("[role=alert]").count()) === 1, "no word of it"));
  return wrong.concat(differs("kept", await page.locator("main input[name=note]").first().inputValue(), "kept <note>"));
}

async function silence({ page, open, seen }) {
  await open("/silences?lang=en");
  await page.fill("input[name=partner]", "Fabri*");
  await page.fill("input[name=until]", "2026-12-05");
  await page.fill("input[name=reason]", "Agreed with <them> & others");
  await press(page, page.locator("form[action^='/silences/add'] button"));
  const wrong = await seen("silence, before");
  await press(page, page.locator("form.question button"));
  wrong.push(...(await seen("silence, after")));
  await open("/silences?lang=en");
  wrong.push(...(await says(page, "Agreed with <them> & others")));
  await press(page, page.locator("tr", { hasText: "Fabri*" }).locator("button"));
  wrong.push(...(await seen("the end of a silence, before")));
  await press(page, page.locator("form.question button"));
  wrong.push(...unless((await page.locator("[role=status] h1").count()) === 1, `no receipt: ${await heading(page)}`));
  await open("/silences?lang=en");
  return wrong.concat(unless((await page.locator("tr.over", { hasText: "Fabri*" }).count()) === 1, "it is still in force"));
}

async function retry({ page, open, seen }) {
  await open("/outbox?state=dead&lang=en");
  const before = await page.locator("main tbody tr").count();
  await press(page, page.locator("form[action^='/outbox/retry'] button").first());
  const wrong = await seen("sent again");
  wrong.push(...unless((await page.locator("[role=status] h1").count()) === 1, `no receipt: ${await heading(page)}`));
  return wrong.concat(unless(before > 3, `only ${before} were given up`));
}

async function enable({ page, open, seen }) {
  await open("/outbox?lang=fr");
  await press(page, page.locator("form[action^='/outbox/enable'] button").first());
  const wrong = await seen("enabled");
  await open("/outbox?lang=fr");
  return wrong.concat(unless((await page.locator("form[action^='/outbox/enable']").count()) === 0, "it is still disabled"));
}

async function release({ page, open, seen }) {
  await open("/alerts?state=held&lang=en");
  await press(page, page.locator("button[value=release]"));
  const wrong = await seen("released, before");
  await press(page, page.locator("form.question button"));
  wrong.push(...(await says(page, "80")), ...(await seen("released, after")));
  const receipt = page.url();
  await open("/alerts?state=held&lang=en");
  wrong.push(...differs("still held", await page.locator("main tbody tr").count(), 0));
  await page.goto(receipt);
  if ((await page.locator("form[action^='/undo'] button").count()) === 0) return wrong;
  await undo(page);
  await open("/alerts?state=held&lang=en");
  return wrong.concat(unless((await page.locator("main tbody tr").count()) > 0, "undone, but none is held"));
}

async function signOut({ page, open }) {
  await open("/alerts?lang=en");
  await press(page, page.locator(".who button"));
  await open("/alerts?lang=en");
  return differs("forms", await page.locator("main form[method=post]").count(), 0).concat(differs("who", await page.locator(".who form").count(), 0));
}
