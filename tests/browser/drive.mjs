// Starts the worlds and the browser, and has every part look: `node drive.mjs BINARY WORK PICTURES PART`; the last two may be empty.
import { createRequire } from "node:module";
import path from "node:path";
import { Findings } from "./findings.mjs";
import * as acts from "./acts.mjs";
import * as documents from "./documents.mjs";
import * as keyboard from "./keyboard.mjs";
import * as paper from "./paper.mjs";
import * as pictures from "./pictures.mjs";
import * as plain from "./plain.mjs";
import * as views from "./views.mjs";
import { demo, hostile, serve } from "./world.mjs";

const [binary, work, folder, only] = process.argv.slice(2);
const { chromium } = createRequire(process.env.MODULES)("playwright-core");
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
const findings = new Findings();
try {
  if (folder) await withWorld(demo(binary, work), (desk) => pictures.take(desk, folder));
  else await withWorld(hostile(binary, path.join(work, "hostile")), lookAtAll);
} finally {
  await browser.close();
}
process.exitCode = folder ? 0 : findings.end();

/** What every part works with: the browser, the daemon's address, the world behind it, a folder, and where to say what was found. */
async function withWorld(world, then) {
  const daemon = await serve(world);
  try {
    await then({ browser, url: daemon.url, world, work, findings });
  } finally {
    await daemon.stop();
  }
}

async function lookAtAll(desk) {
  const parts = (all) => Promise.all(Object.entries(all).map(([name, look]) => (only && only !== name ? null : look(desk))));
  await parts({ views: views.look, plain: plain.use });
  await parts({ keyboard: keyboard.use, paper: paper.print, documents: documents.look });
  // Last, since it changes what there is to see.
  await parts({ acts: acts.perform });
}
