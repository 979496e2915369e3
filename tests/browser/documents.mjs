// Pages that leave the daemon: the report as one file, and mails as a reader shows them.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { NOW, ago, at } from "./world.mjs";
import { SCHEMES, TAGS, WIDTHS, axe } from "./views.mjs";

export async function look(desk) {
  const folder = path.join(desk.work, "documents");
  mkdirSync(folder, { recursive: true });
  const day = (days) => ago(days).slice(0, 10);
  writeFileSync(path.join(folder, "report.html"), at(desk.world, NOW, "report", "--from", day(90), "--to", day(0), "--html"));
  at(desk.world, NOW, "mail", "preview", "--dir", folder, "--at", ago(-5));
  const mails = readdirSync(folder).filter((name) => name.endsWith(".html") && !["report.html", "index.html"].includes(name));
  desk.findings.say("mails are shown as pages", mails.length > 0 ? [] : ["none"]);
  const context = await desk.browser.newContext();
  for (const name of ["report.html", ...mails.slice(0, 2)]) {
    await desk.findings.of(`${name}: three widths, light and dark`, () => document(context, path.join(folder, name)));
  }
  await context.close();
}

async function document(context, file) {
  const page = await context.newPage();
  const wrong = [];
  // A mail is shown within a page of the reader's, whose landmarks are not its own.
  const tags = file.endsWith("report.html") ? TAGS : TAGS.filter((tag) => tag !== "best-practice");
  // It stands for itself: whatever it asks for is too much.
  page.on("request", (request) => request.url() !== `file://${file}` && !request.url().startsWith("data:") && wrong.push(`asks for ${request.url()}`));
  await page.goto(`file://${file}`);
  if (readFileSync(file, "utf8").includes("<script")) wrong.push("holds a script");
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      const found = await axe(page, false, tags);
      const sideways = await page.evaluate(() => globalThis.document.scrollingElement.scrollWidth > innerWidth);
      if (sideways) found.push("it scrolls sideways");
      wrong.push(...found.map((line) => `${width} ${colorScheme}: ${line}`));
    }
  }
  await page.close();
  return wrong;
}
