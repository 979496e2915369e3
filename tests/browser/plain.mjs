// The page as it is used without a script: filters, searches, orders, pages, files, languages; and what an address means.
import { differs, unless } from "./findings.mjs";
import { HOSTILE } from "./world.mjs";
import { VIEWS, listen } from "./views.mjs";

export async function use(desk) {
  const context = await desk.browser.newContext({ javaScriptEnabled: false, locale: "en-GB", acceptDownloads: true });
  const page = await context.newPage();
  const heard = listen(page, desk.url);
  const tools = { ...desk, context, page, open: (path) => page.goto(desk.url + path) };
  await desk.findings.of("a filter lives in the address: reloaded, and opened by somebody else, it shows the same", () => filter(tools));
  await desk.findings.of("each choice narrows the list, and its address says it", () => choices(tools));
  await desk.findings.of("the next pages show each alert once, as many as were found", () => leaf(tools));
  await desk.findings.of("every order can be had, and holds", () => orders(tools));
  await desk.findings.of("every hostile text is found, and shown as it is", () => hostileTexts(tools));
  await desk.findings.of("a list's file holds the same alerts", () => files(tools));
  await desk.findings.of("the other language keeps what was asked for", () => languages(tools));
  await desk.findings.of("each figure of the overview leads to a list of so many", () => tiles(tools));
  await desk.findings.of("every link of every view leads somewhere", () => links(tools));
  desk.findings.say("nothing fails while the page is used without a script", heard);
  await context.close();
}

/** The rows of a list: the claim and all that stands beside it. */
const rows = (page) => page.locator("main table.cards tbody tr").allInnerTexts();
const claims = (page) => page.locator("main table.cards tbody th a").allInnerTexts();
const found = async (page) => Number((await page.locator(".found").innerText()).match(/\d+/)?.[0] ?? 0);
const submit = (page) => Promise.all([page.waitForNavigation(), page.locator(".filter button").click()]);

async function filter({ page, open, url, browser }) {
  await open("/alerts");
  await page.fill("input[name=q]", "plain");
  await page.selectOption("select[name=state]", "breached");
  await page.selectOption("select[name=sort]", "claim");
  await submit(page);
  const [address, shown] = [page.url(), await rows(page)];
  const query = new URL(address).searchParams;
  const wrong = differs("the address", [query.get("q"), query.get("state"), query.get("sort")], ["plain", "breached", "claim"]);
  wrong.push(...unless(shown.length === 50 && shown.every((row) => /plain/i.test(row)), `rows: ${shown.slice(0, 3)} … ${shown.length}`));
  wrong.push(...differs("the form", [await page.inputValue("[name=q]"), await page.inputValue("[name=sort]")], ["plain", "claim"]));
  await page.reload();
  wrong.push(...differs("reloaded", await rows(page), shown));
  const other = await browser.newContext({ locale: "en-GB" });
  const theirs = await other.newPage();
  await theirs.goto(address);
  wrong.push(...differs("somebody else's", await rows(theirs), shown));
  await other.close();
  await Promise.all([page.waitForNavigation(), page.locator(".filter a.button").click()]);
  return wrong.concat(differs("reset", page.url(), `${url}/alerts`));
}

async function choices({ page, open }) {
  const wrong = [];
  await open("/alerts");
  const all = await found(page);
  const narrowed = { state: "held", rule: "dispute", program: "PROGRAM-24", level: "3", answer: "acknowledged" };
  for (const [name, value] of Object.entries(narrowed)) {
    await open("/alerts");
    await page.selectOption(`select[name=${name}]`, value);
    await submit(page);
    const count = await found(page);
    wrong.push(...unless(count > 0 && count < all, `${name}: ${count} of ${all}`));
    wrong.push(...differs(`${name} in the address`, new URL(page.url()).searchParams.get(name), value));
    wrong.push(...differs(`${name} in the form`, await page.inputValue(`select[name=${name}]`), value));
  }
  return wrong;
}

/** The claims of a list, page by page. */
async function leafed(page) {
  const seen = await claims(page);
  for (let pages = 0; pages < 20 && (await page.locator("a[rel=next]").count()) > 0; pages++) {
    await Promise.all([page.waitForNavigation(), page.locator("a[rel=next]").click()]);
    seen.push(...(await claims(page)));
  }
  return seen;
}

async function leaf({ page, open }) {
  await open("/alerts?state=held");
  const count = await found(page);
  const seen = await leafed(page);
  const wrong = differs("as many", seen.length, count).concat(differs("each once", new Set(seen).size, count));
  await Promise.all([page.waitForNavigation(), page.locator(".pages a").first().click()]);
  return wrong.concat(differs("the first page again", await claims(page), seen.slice(0, 50)));
}

async function orders({ page, open }) {
  const wrong = [];
  await open("/alerts?q=plain");
  const names = await page.locator("select[name=sort] option").evaluateAll((all) => all.map((one) => one.value));
  for (const sort of names) {
    await open("/alerts?q=plain");
    await page.selectOption("select[name=sort]", sort);
    await submit(page);
    const shown = await claims(page);
    wrong.push(...unless(shown.length === 50, `${sort}: ${shown.length} rows`));
    if (sort === "claim") wrong.push(...differs(sort, shown, [...shown].sort()));
    const due = await page.locator("main table.cards tbody time").evaluateAll((all) => all.map((one) => one.dateTime));
    if (sort === "due") wrong.push(...differs(sort, due, [...due].sort()));
    if (sort === "due_last") wrong.push(...differs(sort, due, [...due].sort().reverse()));
  }
  return wrong;
}

async function hostileTexts({ page, open }) {
  const wrong = [];
  // Marks that turn text around, or join what is beside them, are no part of what is shown.
  const shown = (text) => text.replaceAll(/[\u200B-\u200F\u202A-\u202E\u2066-\u2069]/g, "").replaceAll(/\s+/g, " ").slice(0, 40);
  for (const [name, text] of Object.entries(HOSTILE)) {
    await open("/alerts");
    await page.fill("input[name=q]", text);
    await submit(page);
    const links = page.locator("main table.cards tbody th a");
    wrong.push(...unless((await links.count()) === 2, `${name}: found ${await links.count()} of 2`));
    if ((await links.count()) === 0) continue;
    await Promise.all([page.waitForNavigation(), links.first().click()]);
    const title = await page.locator("h1").innerText();
    wrong.push(...unless(shown(title).startsWith(shown(text)), `${name}: the claim's title is ${title}`));
    const tab = await page.title();
    wrong.push(...unless(shown(tab).startsWith(shown(text)), `${name}: the tab's title is ${tab}`));
  }
  return wrong;
}

async function files({ page, open, url }) {
  const wrong = [];
  await open("/alerts?q=plain&sort=claim");
  const seen = await leafed(page);
  await open("/alerts?q=plain&sort=claim");
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator(".found a").click()]);
  const stream = await download.createReadStream();
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const alerts = parse(Buffer.concat(chunks).toString("utf8"));
  wrong.push(...differs("the file's claims", alerts.map((alert) => alert.claim_id), seen));
  wrong.push(...unless(alerts.every((alert) => alert.state === "breached" && alert.due_at && alert.id), "a cell is empty"));
  for (const [path, column] of [["/outbox", "recipient"], ["/silences", "author"], ["/problems", "claim_id"]]) {
    await open(path);
    const href = await page.locator(".found a").getAttribute("href");
    const list = parse(await (await page.request.get(url + href)).text());
    wrong.push(...unless(list.length > 1 && list.every((one) => one[column]), `${href}: ${JSON.stringify(list[0])}`));
  }
  return wrong;
}

/** The rows of a CSV file by their column. Source: RFC 4180. */
function parse(text) {
  const lines = [[""]];
  let quoted = false;
  const body = text.replace(/^\uFEFF/, "");
  for (let place = 0; place < body.length; place++) {
    const line = lines.at(-1);
    const char = body[place];
    if (quoted && char === '"' && body[place + 1] === '"') line[line.length - 1] += body[++place];
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === ",") line.push("");
    else if (!quoted && char === "\r" && body[place + 1] === "\n") continue;
    else if (!quoted && char === "\n") lines.push([""]);
    else line[line.length - 1] += char;
  }
  if (lines.at(-1).join("") === "") lines.pop();
  const [head, ...rest] = lines;
  const odd = rest.find((line) => line.length !== head.length);
  if (odd || quoted) throw new Error(`not CSV: ${JSON.stringify(odd)}`);
  return rest.map((line) => Object.fromEntries(line.map((cell, place) => [head[place], cell])));
}

async function languages({ page, open }) {
  await open("/alerts?q=plain&sort=claim&lang=en");
  const shown = await claims(page);
  await Promise.all([page.waitForNavigation(), page.locator(".languages a[lang=fr]").click()]);
  const query = new URL(page.url()).searchParams;
  const wrong = differs("the address", [query.get("q"), query.get("sort"), query.get("lang")], ["plain", "claim", "fr"]);
  wrong.push(...differs("the claims", await claims(page), shown));
  wrong.push(...differs("the heading", await page.locator("h1").innerText(), "Alertes"));
  await page.fill("input[name=q]", "plain-00");
  await submit(page);
  wrong.push(...differs("the next search", new URL(page.url()).searchParams.get("lang"), "fr"));
  await Promise.all([page.waitForNavigation(), page.locator("main table.cards tbody th a").first().click()]);
  return wrong.concat(differs("a claim from there", await page.getAttribute("html", "lang"), "fr"));
}

async function tiles({ page, open, url }) {
  await open("/");
  const read = (all) => all.map((one) => [one.getAttribute("href"), Number(one.querySelector("strong").textContent.replaceAll(/\D/g, ""))]);
  const wrong = [];
  for (const [href, count] of await page.locator(".tiles a").evaluateAll(read)) {
    await page.goto(url + href);
    const shown = href.startsWith("/alerts") ? await found(page) : (await rows(page)).length;
    wrong.push(...unless(shown === count, `${href}: ${shown} instead of ${count}`));
  }
  return wrong;
}

async function links({ page, url }) {
  const [seen, wrong] = [new Set(), []];
  for (const view of VIEWS) {
    await page.goto(url + view.path);
    const hrefs = await page.locator("a[href]").evaluateAll((all) => all.map((one) => one.href));
    for (const href of hrefs.filter((one) => one.startsWith(url))) {
      if (seen.has(href.split("#")[0])) continue;
      seen.add(href.split("#")[0]);
      // A view that is wrong has itself in the other language.
      const expected = new URL(href).pathname === new URL(page.url()).pathname ? (view.status ?? 200) : 200;
      const status = (await page.request.get(href)).status();
      wrong.push(...unless(status === expected, `${view.name}: ${href}: ${status}`));
    }
  }
  return wrong.concat(unless(seen.size > 100, `only ${seen.size} links`));
}
