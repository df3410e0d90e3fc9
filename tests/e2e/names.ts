/** Names at the cursor beside those of another extension, whose list stays what it is. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { percent } from "./harness/command_line.ts";
import type { Endpoint } from "./harness/endpoint.ts";
import { type Names, namesAtEnd } from "./harness/names.ts";
import { settled, until } from "./harness/processes.ts";
import { type Suggestion, SuggestList, type Suggestions } from "./harness/suggest_list.ts";
import type { Stage } from "./harness/stage.ts";

/** The extension that stands for any other. */
export const NEIGHBOUR = join(import.meta.dirname, "neighbour");

const FILE = "completion_names.py";
const ON = { "codeodds.complete_names": true };
/** Begins names of both. */
const LETTER = "c";

const ITEMS = JSON.parse(readFileSync(join(NEIGHBOUR, "items.json"), "utf-8")) as { label: string; detail: string }[];

export function names(stage: Stage, endpoint: Endpoint): void {
  describe("names", () => {
    const list = new SuggestList(stage);
    let text: string;
    /** Behind the dot, and behind the letter after it: the list of the other extension alone, and ours. */
    let aloneAtDot: Suggestions;
    let aloneAtLetter: Suggestions;
    let oursAtDot: Suggestion[];
    let oursAtLetter: Suggestion[];

    /** Theirs first: ours are sorted behind what fits as well. */
    const both = (alone: Suggestions, ours: Suggestion[]): Suggestions => ({
      ...alone,
      rows: [...alone.rows, ...ours],
    });

    /** See the list that opened by itself. Where time was up before all names were scored, the next has the rest. */
    async function opened(what: string, expected: Suggestions): Promise<void> {
      let looks = 0;
      await settled(what, () => (looks++ === 0 ? list.read() : list.ask()), expected);
    }

    before(async () => {
      const { workbench } = stage;
      // Of all lists VS Code focuses the name that a ghost text begins with.
      endpoint.samples = [];
      text = readFileSync(stage.path(FILE), "utf-8");
      const [dot, letter] = (await namesAtEnd(stage.path(FILE), [`${text}.`, `${text}.${LETTER}`])) as [Names, Names];
      // The editor will ask us again after the next key, and the other extension not.
      assert.deepEqual([dot.incomplete, letter.incomplete], [true, false]);
      oursAtDot = marked(dot);
      oursAtLetter = marked(letter);
      await workbench.open(FILE);
      await workbench.inspected("the server", ({ uri, status }) => {
        return uri?.endsWith(`/${FILE}`) === true && status.state === "ready";
      });
      await workbench.press("Control+End");
    });

    test("off, as it is by default, the list is that of the other extension alone", async () => {
      const { keyboard } = stage.editor.page;
      await keyboard.type(".");
      aloneAtDot = await list.ask();
      const byLabel = ([a]: Suggestion, [b]: Suggestion): number => (a < b ? -1 : 1);
      assert.deepEqual(
        [...aloneAtDot.rows].sort(byLabel),
        ITEMS.map(({ label, detail }): Suggestion => [label, detail]).sort(byLabel),
      );
      await keyboard.type(LETTER);
      aloneAtLetter = await list.ask();
      assert.deepEqual(
        aloneAtLetter.rows,
        aloneAtDot.rows.filter(([label]) => label.startsWith(LETTER)),
      );
      await list.close();
    });

    test("on, ours stand behind it by their value and marked, and it is unchanged", async () => {
      stage.set(ON);
      await stage.workbench.press("Backspace");
      await settled("both lists", () => list.ask(), both(aloneAtDot, oursAtDot));
      const labels = new Set(aloneAtDot.rows.map(([label]) => label));
      const twice = oursAtDot.map(([label]) => label).filter((label) => labels.has(label));
      assert.deepEqual(twice.sort(), ["append", "copy", "count"]);
    });

    test("so it is while one types", async () => {
      const { workbench, editor } = stage;
      await list.close();
      await workbench.press("Backspace");
      await editor.page.keyboard.type(".");
      await opened("both lists", both(aloneAtDot, oursAtDot));
      await editor.page.keyboard.type(LETTER);
      await opened("both lists behind a letter", both(aloneAtLetter, oursAtLetter));
    });

    test("one of ours is put in place", async () => {
      const { workbench } = stage;
      const [label, mark] = oursAtLetter[0] as Suggestion;
      await list.rows().filter({ hasText: label }).filter({ hasText: mark }).click();
      await until("the name in the document", async () =>
        (await workbench.lines()).at(-1)?.endsWith(`merged.${label}`),
      );
      await workbench.save();
      assert.equal(readFileSync(stage.path(FILE), "utf-8"), `${text}.${label}`);
    });

    test("off again, nothing of ours is left", async () => {
      const { workbench, editor } = stage;
      stage.set({});
      const [label] = oursAtLetter[0] as Suggestion;
      for (const _ of label) await workbench.press("Backspace");
      await settled("the list of the other extension", () => list.ask(), aloneAtDot);
      await editor.page.keyboard.type(LETTER);
      await settled("the same behind a letter", () => list.ask(), aloneAtLetter);
      await list.close();
      await workbench.save();
    });
  });
}

/** As the editor shows them. */
function marked({ items }: Names): Suggestion[] {
  return items.map(({ label, probability }) => [label, `codeodds ${percent(probability)}`]);
}
