/** What the editor shows of a file's scores, and what one can do about them. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { percent, score, type ScoredFunction } from "./harness/command_line.ts";
import { settled, until } from "./harness/processes.ts";
import type { Stage } from "./harness/stage.ts";

const FILE = "scores.py";
const RIGHT = "return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)";

export function scores(stage: Stage): void {
  describe("scores", () => {
    let functions: ScoredFunction[];
    /** The improbable one; its value falls at its only line. */
    const first = (): ScoredFunction => functions[0] as ScoredFunction;

    test("hints show what the command line prints", async () => {
      functions = await score(stage.path(FILE));
      const labels = functions.map((item) => percent(item.probability));
      const { hints } = await stage.workbench.inspected(
        "a hint for each function",
        (found) => found.hints.length === 2,
      );
      assert.deepEqual(
        hints.map((hint) => [hint.line + 1, hint.label]),
        functions.map((item, index) => [item.line, labels[index]]),
      );
      const text = readFileSync(stage.path(FILE), "utf-8").split("\n");
      const signatures = functions.map(({ line }, index) => `${text[line - 1]}${labels[index]}`);
      assert.equal(signatures[0], `def has_leap_day(year: int) -> bool:${labels[0]}`);
      await settled(
        "the hints on the page",
        async () => {
          const shown = await stage.workbench.lines();
          return functions.map(({ line }) => shown[line - 1]);
        },
        signatures,
      );
    });

    test("the improbable function is pointed at where its value falls", async () => {
      const { diagnostics } = await stage.workbench.inspected("a diagnostic", (found) => found.diagnostics.length > 0);
      const drop = first().drop;
      assert.ok(drop);
      assert.deepEqual(
        diagnostics.map(({ startLine, code, severity, source, message }) => ({
          ...{ line: startLine + 1, code, severity, source, message },
        })),
        [
          {
            line: drop.line,
            code: "CO002",
            severity: 3,
            source: "codeodds",
            message:
              `${percent(first().probability)} likely to be right as written; the estimate falls most here ` +
              `(${drop.before.toFixed(2)} → ${drop.after.toFixed(2)})`,
          },
        ],
      );
      await stage.editor.page.locator(".view-overlays .cdr.squiggly-hint").first().waitFor();
    });

    test("the status tells the function at the cursor", async () => {
      await stage.workbench.goTo(first().end_line);
      const text = percent(first().probability);
      const { status } = await stage.workbench.inspected(
        "the status",
        (found) => found.status.state === "ready" && found.status.text.endsWith(text),
      );
      assert.deepEqual(status, {
        state: "ready",
        text: `codeodds: ${text}`,
        detail: `has_leap_day is ${text} likely to be right as written`,
      });
      await until("the status on the page", async () => {
        const shown = await stage.workbench.status();
        return [status.text, status.detail, "Explain"].every((part) => shown.includes(part));
      });
      await stage.picture("status");
      await stage.editor.page.keyboard.press("Escape");
    });

    test("a hover on the signature explains the estimate", async () => {
      const second = functions[1] as ScoredFunction;
      await stage.workbench.goTo(second.line, 8);
      const text = await stage.workbench.hover("likely to be right as written: second_largest");
      assert.ok(text.includes(`${percent(second.probability)} likely`), text);
      assert.ok(text.includes("It is no verdict."), text);
      await stage.picture("hints");
      await stage.editor.page.keyboard.press("Escape");
    });

    test("the palette scores the function at the cursor", async () => {
      await stage.workbench.goTo(first().end_line);
      await stage.workbench.command("codeodds: Score this function");
      const said = `has_leap_day: ${percent(first().probability)} likely to be right as written`;
      await settled("the message", () => stage.workbench.toasts(), [said]);
      await stage.workbench.clearToasts();
    });

    test("an action puts the comment that ignores the line, and undo brings the diagnostic back", async () => {
      const { workbench } = stage;
      await workbench.goTo(first().end_line, 12);
      await workbench.action("codeodds: ignore this line");
      await workbench.inspected("no diagnostic", (found) => found.diagnostics.length === 0);
      await until("the comment", async () => {
        const line = (await workbench.lines())[first().end_line - 1];
        return line?.endsWith("year % 400 == 0  # codeodds: ignore");
      });
      await workbench.press("Control+Z");
      await workbench.inspected("the diagnostic again", (found) => found.diagnostics.length === 1);
    });

    test("typing changes the score to that of the new text", async () => {
      const { workbench } = stage;
      await workbench.goTo(first().end_line, 5);
      await workbench.press("Shift+End");
      await stage.editor.page.keyboard.type(RIGHT, { delay: 20 });
      await workbench.save();
      await until("the saved file", () => readFileSync(stage.path(FILE), "utf-8").includes(`    ${RIGHT}\n`));
      const [changed, other] = await score(stage.path(FILE));
      assert.ok(changed && other);
      const label = percent(changed.probability);
      assert.notEqual(label, percent(first().probability));
      const { hints } = await workbench.inspected(
        "the new hint",
        (found) => found.hints.length === 2 && found.hints[0]?.label === label,
      );
      assert.deepEqual(
        hints.map((hint) => hint.label),
        [label, percent(other.probability)],
      );
    });

    test("pausing and resuming shows in the status", async () => {
      const { workbench } = stage;
      await workbench.command("codeodds: Pause");
      const paused = await workbench.inspected("the pause", (found) => found.status.state === "paused");
      assert.equal(paused.status.text, "codeodds: paused");
      await workbench.command("codeodds: Resume");
      await workbench.inspected(
        "the hints again",
        (found) => found.status.state === "ready" && found.hints.length === 2,
      );
    });

    test("a file that is not Python is left alone", async () => {
      const { workbench } = stage;
      await workbench.open("notes.txt");
      const found = await workbench.inspected("the text file", ({ uri }) => uri?.endsWith("/notes.txt") ?? false);
      assert.deepEqual([found.hints, found.lenses, found.diagnostics], [[], [], []]);
      const signature = "def has_leap_day(year: int) -> bool:";
      await settled("the line without a hint", async () => (await workbench.lines())[0], signature);
      assert.deepEqual(await workbench.offered("codeodds: Score"), []);
    });
  });
}
