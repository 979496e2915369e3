// What was found, a line each.
export class Findings {
  #passed = 0;
  #failed = 0;

  /** `wrong`: what is wrong, a line each; none: it is as it should be. */
  say(what, wrong) {
    if (wrong.length === 0) {
      this.#passed++;
      console.log(`ok: ${what}`);
    } else {
      this.#failed++;
      console.log(`FAILED: ${what}`);
      for (const line of wrong.slice(0, 20)) console.log(`  ${line}`);
      if (wrong.length > 20) console.log(`  and ${wrong.length - 20} more`);
    }
  }

  /** Runs `check`, which gives what is wrong; what it throws is wrong too. */
  async of(what, check) {
    let wrong;
    try {
      wrong = (await check()) ?? [];
    } catch (error) {
      wrong = [String(error.stack ?? error)];
    }
    this.say(what, wrong);
  }

  /** Says how many; the exit code. */
  end() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0 ? 0 : 1;
  }
}

/** `[text]` if it is not so. */
export const unless = (so, text) => (so ? [] : [text]);

/** What differs between two lists. */
export const differs = (what, found, expected) =>
  unless(JSON.stringify(found) === JSON.stringify(expected), `${what}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
