// The page on paper: A4, in black, without what can only be clicked.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { unless } from "./findings.mjs";

const SHEETS = [
  { name: "overview", path: "/?lang=en", most: 4, says: ["Overview", "LINES-100", "Last scan"] },
  { name: "alerts", path: "/alerts?q=plain&sort=claim&lang=en", most: 4, says: ["PLAIN-001", "PLAIN-049", "Who is on it"] },
  { name: "claim", path: "/claims/INVOICE-1?lang=en", most: 7, says: ["INVOICE-1", "With a tax invoice", "October 2026"] },
];

export async function print(desk) {
  const page = await desk.browser.newPage({ colorScheme: "dark" });
  for (const sheet of SHEETS) {
    await desk.findings.of(`on paper: ${sheet.name}`, async () => {
      await page.goto(desk.url + sheet.path);
      const file = path.join(desk.work, `${sheet.name}.pdf`);
      await page.pdf({ path: file, format: "A4", margin: { top: "15mm", bottom: "15mm", left: "12mm", right: "12mm" } });
      const text = spawnSync("pdftotext", ["-layout", file, "-"], { encoding: "utf8" }).stdout;
      const sheets = text.split("\f").filter((one) => one.trim()).length;
      const wrong = unless(sheets > 0 && sheets <= sheet.most, `${sheets} sheets`);
      wrong.push(...sheet.says.flatMap((words) => unless(text.includes(words), `it does not say ${words}`)));
      // Navigation, languages, forms.
      wrong.push(...["Français", "Show", "Next page"].flatMap((words) => unless(!text.includes(words), `it says ${words}`)));
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      const colours = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]);
      await page.emulateMedia({ media: null });
      return wrong.concat(unless(colours.join() === "rgb(255, 255, 255),rgb(0, 0, 0)", `colours ${colours}`));
    });
  }
  await page.close();
}
