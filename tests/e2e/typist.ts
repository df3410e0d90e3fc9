/** Types a text into the focused editor as a person would: uneven pauses, typos, an afterthought. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";

/** Medians in milliseconds: between keys, and what is added at the end of a word, of a line, and for a thought. */
const PAUSES = { key: 130, word: 120, line: 500, thought: 2500 };
/** Standard deviation of their logarithms. */
const SPREAD = 0.35;
const THOUGHT_SHARE = 0.25;
/** Share of letters that are wrong at first; up to three more are typed before that is seen. */
const TYPO_SHARE = 0.03;

export class Typist {
  readonly #page: Page;
  #state: number;

  constructor(page: Page, seed: number) {
    this.#page = page;
    this.#state = seed;
  }

  /**
   * Type the lines of a text, the first at the cursor. The editor indents by itself: what it gives too much is deleted.
   * The cursor must stand in an empty line that is indented by `indent` spaces.
   */
  async type(text: string, indent: number): Promise<void> {
    const lines = text.replace(/\n$/, "").split("\n");
    for (const [number, line] of lines.entries()) {
      const wanted = line.length - line.trimStart().length;
      for (; line !== "" && indent > wanted; indent -= 4) {
        await this.press("Backspace");
      }
      for (; indent < wanted; indent += 4) {
        await this.press("Tab");
      }
      await this.#words(line.trimStart());
      if (number < lines.length - 1) {
        await this.press("Enter");
        await this.#pause(PAUSES.line);
        if (this.#random() < THOUGHT_SHARE) {
          await this.#pause(PAUSES.thought);
        }
      }
      indent += line.endsWith(":") ? 4 : 0;
    }
  }

  async press(key: string): Promise<void> {
    await this.#page.keyboard.press(key);
    await this.#pause(PAUSES.key);
  }

  async #words(line: string): Promise<void> {
    for (let at = 0; at < line.length; at++) {
      const rest = /^[a-z]*/.exec(line.slice(at))?.[0].length ?? 0;
      if (rest > 1 && this.#random() < TYPO_SHARE) {
        const more = Math.floor(this.#random() * Math.min(4, rest));
        await this.press("abcdefghijklmnopqrstuvwxyz"[Math.floor(this.#random() * 26)] ?? "e");
        for (const letter of line.slice(at + 1, at + 1 + more)) {
          await this.press(letter);
        }
        await this.#pause(PAUSES.line);
        for (let back = 0; back <= more; back++) {
          await this.press("Backspace");
        }
      }
      await this.press(line[at] === " " ? "Space" : (line[at] ?? ""));
      if (line[at] === " ") {
        await this.#pause(PAUSES.word);
      }
    }
  }

  async #pause(median: number): Promise<void> {
    const normal = Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
    await sleep(median * Math.exp(SPREAD * normal));
  }

  /** Uniform from 0 to 1 (mulberry32). */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
}
