/** What a person sees of the workbench, and does in it. */

import type { Frame, Locator, Page } from "playwright-core";
import { inspect, type Inspection } from "./inspection.ts";
import { LIMIT_MS, until } from "./processes.ts";

export class Workbench {
  readonly page: Page;
  readonly #inspection: string;

  /** `inspection`: the file that the inspector writes. */
  constructor(page: Page, inspection: string) {
    this.page = page;
    this.#inspection = inspection;
  }

  /** The first inspection that fits. */
  async inspected(what: string, fits: (found: Inspection) => boolean): Promise<Inspection> {
    let last: Inspection | undefined;
    try {
      return await until(what, async () => {
        last = await inspect(this.page, this.#inspection);
        return fits(last) ? last : undefined;
      });
    } catch {
      throw new Error(`never saw ${what}; last: ${JSON.stringify(last)}`);
    }
  }

  /** The visible lines of the editor from the top, with hints and ghost text in them. */
  lines(): Promise<string[]> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>(".editor-instance .view-lines .view-line")]
        .sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top))
        .map((line) => (line.textContent ?? "").replaceAll("\u00a0", " ")),
    );
  }

  async press(keys: string): Promise<void> {
    await this.page.keyboard.press(keys);
  }

  /** Open a file of the workspace by its name, the only one then. */
  async open(name: string): Promise<void> {
    const editors = this.page.locator(".editor-instance");
    const question = this.page.locator(".monaco-dialog-box");
    // A chord gets lost while the focus moves, and a question takes all keys.
    await until("the editors to close", async () => {
      if (await question.isVisible()) {
        const text = await question.innerText();
        await this.press("Escape");
        throw new Error(`VS Code asked: ${text}`);
      }
      await this.press("Control+K");
      await this.press("Control+W");
      await editors.first().waitFor({ state: "detached", timeout: 3_000 });
      return true;
    });
    await this.openHere(name);
  }

  /** Open a file of the workspace by its name in the group of editors that has the focus. */
  async openHere(name: string): Promise<void> {
    await this.press("Control+P");
    await this.#quickInput(name);
    await this.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: name }).first().waitFor();
    await this.press("Enter");
    await this.page.locator(".editor-group-container.active .tab.active", { hasText: name }).waitFor();
  }

  /** Save the file of the active editor, until VS Code knows that it is saved: it asks when such a file is closed sooner. */
  async save(): Promise<void> {
    await this.press("Control+S");
    await this.page.locator(".tabs-container .tab.dirty").waitFor({ state: "detached" });
  }

  /** Run a command of the palette by its whole title. `asks`: something else takes the place of the palette. */
  async command(title: string, asks = false): Promise<void> {
    await this.press("F1");
    const input = await this.#quickInput(`>${title}`);
    // Another title may begin with this one, and stand before it: what was run last comes first.
    const label = this.page.locator(".label-name", { hasText: whole(title) });
    await this.page.locator(".quick-input-list .monaco-list-row").filter({ has: label }).first().click();
    if (!asks) await input.waitFor({ state: "hidden" });
  }

  /** Titles of the palette that fit a text. */
  async offered(text: string): Promise<string[]> {
    await this.press("F1");
    const input = await this.#quickInput(`>${text}`);
    await this.page.locator(".quick-input-list .monaco-list-row").first().waitFor();
    const titles = await this.page.locator(".quick-input-list .monaco-list-row .label-name").allInnerTexts();
    await this.press("Escape");
    await input.waitFor({ state: "hidden" });
    return titles.map(plain).filter((title) => title.includes(text));
  }

  /** Put the cursor at a line and column, both from 1. */
  async goTo(line: number, column = 1): Promise<void> {
    await this.press("Control+G");
    const input = await this.#quickInput(`:${line}:${column}`);
    await this.press("Enter");
    await input.waitFor({ state: "hidden" });
  }

  /** Select the text of the editor, which takes the focus a little later than it opens. */
  async selectAll(): Promise<void> {
    await until("the selection", async () => {
      await this.press("Control+A");
      return (await this.page.locator("#status\\.editor\\.selection").innerText({ timeout: 1000 })).includes(
        "selected",
      );
    });
  }

  /** The hover at the cursor, once it holds a text. */
  async hover(text: string): Promise<string> {
    await this.press("Control+K");
    await this.press("Control+I");
    const hover = this.page.locator(".monaco-hover:not(.hidden) .hover-contents", { hasText: text }).first();
    await hover.waitFor({ timeout: LIMIT_MS });
    return plain(await hover.innerText());
  }

  /** The text of the language's status, which opens over the braces of the status bar. */
  async status(): Promise<string> {
    await this.page.locator("#status\\.languageStatus").hover();
    const status = this.page.locator(".hover-language-status").first();
    await status.waitFor();
    return plain(await status.innerText());
  }

  /** Apply a code action at the cursor by its title. */
  async action(title: string): Promise<void> {
    await this.press("Control+.");
    const row = this.page.locator(".action-widget .monaco-list-row.action", { hasText: title }).first();
    await row.waitFor({ timeout: LIMIT_MS });
    await row.click();
  }

  /** The lines that are proposed behind the cursor. */
  async ghostText(): Promise<string[]> {
    const first = await this.page.locator(".ghost-text-decoration").allInnerTexts();
    const rest = await this.page.locator(".suggest-preview-text .view-line").allInnerTexts();
    return first.length === 0 ? [] : [first.join(""), ...rest].map((line) => line.replaceAll("\u00a0", " "));
  }

  /** The frame of a webview that holds an element. */
  async webview(selector: string): Promise<Frame | undefined> {
    for (const frame of this.page.frames()) {
      if ((await frame.locator(selector).count()) > 0) return frame;
    }
    return undefined;
  }

  /** Messages that popped up, the newest first. */
  async toasts(): Promise<string[]> {
    const found = await this.page.locator(".notifications-toasts .notification-list-item-message").allInnerTexts();
    return found.map(plain);
  }

  async clearToasts(): Promise<void> {
    await this.command("Notifications: Clear All Notifications");
    await this.page
      .locator(".notifications-toasts .notification-list-item-message")
      .first()
      .waitFor({ state: "detached" });
  }

  /** Fill in the field that stands under a title, and send it. Returns the field's type. */
  async enter(title: string, text: string): Promise<string | null> {
    await this.page.locator(".quick-input-title", { hasText: whole(title) }).waitFor();
    const input = await this.#quickInput(text);
    const type = await input.getAttribute("type");
    await this.press("Enter");
    await input.waitFor({ state: "hidden" });
    return type;
  }

  quickPick(): Locator {
    return this.page.locator(".quick-input-list .monaco-list-row");
  }

  /** Lines of the right side of a difference, without those of the left that are drawn between them. */
  async modified(): Promise<string[]> {
    const side = this.page.locator(".monaco-diff-editor .editor.modified");
    await side.waitFor();
    return side.evaluate((element) =>
      [...element.querySelectorAll<HTMLElement>(".lines-content > .view-lines > .view-line")]
        .sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top))
        .map((line) => (line.textContent ?? "").replaceAll("\u00a0", " ")),
    );
  }

  async #quickInput(text: string): Promise<Locator> {
    const input = this.page.locator(".quick-input-widget input").first();
    await input.waitFor();
    await input.fill(text);
    return input;
  }
}

/** Fits an element with this text and no other. */
function whole(text: string): RegExp {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^\\s*${escaped.replaceAll(" ", "\\s")}\\s*$`);
}

/** Monaco writes no-break spaces. */
function plain(text: string): string {
  return text.replaceAll("\u00a0", " ").trim();
}
