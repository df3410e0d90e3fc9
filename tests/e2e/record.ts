/**
 * Records what a real VS Code sends to the language server: `scripts/e2e.sh record` (5 minutes).
 *
 * Writes tests/lsp/clients/vscode.json, the parameters of `initialize`, and bench/typed_session.jsonl, the changes of a
 * document while 40 lines are typed into it. Paths and numbers of this machine are replaced.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Editor, ROOT } from "./harness/editor.ts";
import { until } from "./harness/processes.ts";
import { Typist } from "./typist.ts";

interface Row {
  t_ms: number;
  message: { method?: string; params?: any };
}

const HEADER = `\
# Changes that VS Code sent while tests/e2e/record.ts typed 40 lines of Python into it.
# A script typed, no person: its pauses and typos were drawn. Indentation and closing brackets are the editor's own.
`;
const AFTERTHOUGHT = "# A route never visits an airport twice: prices are positive.";

const { VSIX: vsix, CODEODDS_PYTHON: python } = process.env;
if (!vsix || !python) throw new Error("run scripts/e2e.sh record");
const texts = "import json, typing_session as s; print(json.dumps([s.BEFORE, s.TYPED]))";
const [before, typed] = JSON.parse(
  execFileSync(python, ["-c", texts], { cwd: join(ROOT, "bench"), encoding: "utf-8" }),
) as [string, string];

const scratch = mkdtempSync(join(tmpdir(), "codeodds-e2e-"));
const recording = join(scratch, "recording.jsonl");
const editor = await Editor.start({
  vsix,
  files: { "typed.py": before },
  env: () => ({ PYTHONPATH: join(import.meta.dirname, "recorder"), CODEODDS_RECORDING: recording }),
  machine: {
    "codeodds.interpreter": python,
    "codeodds.importStrategy": "fromEnvironment",
    // The editor is to be as quick as it can.
    "codeodds.enable": false,
  },
  // Suggestions of words would be accepted by the keys that end a line.
  settings: { "editor.wordBasedSuggestions": "off" },
});
try {
  await editor.open("typed.py");
  const rows = () =>
    readFileSync(recording, "utf-8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);
  const of = (method: string) => rows().filter((row) => row.message.method === method);
  await until("the document in the server", () => of("textDocument/didOpen").length > 0);

  const { page } = editor;
  await page.keyboard.press("Control+End");
  const typist = new Typist(page, 1);
  const lines = typed.split("\n");
  const at = lines.findIndex((line) => line.trim() === AFTERTHOUGHT);
  const end = lines.indexOf("    return None");
  await typist.type([...lines.slice(0, at), ...lines.slice(at + 1, end + 1)].join("\n"), 0);
  for (let line = end - 1; line > at; line--) {
    await typist.press("ArrowUp");
  }
  await typist.press("Control+Shift+Enter");
  await typist.type(AFTERTHOUGHT, 0);
  await typist.press("Control+End");
  await typist.press("Enter");
  await typist.type(lines.slice(end + 1).join("\n"), 4);
  await typist.press("Enter");
  await typist.press("Backspace");
  await page.keyboard.press("Control+s");
  const saved = () => readFileSync(join(editor.workspace, "typed.py"), "utf-8");
  try {
    await until("the text that was to be typed", () => saved() === before + typed, 5000);
  } catch {
    throw new Error(`typed another text:\n${saved()}`);
  }

  const [first] = of("initialize");
  const { initializationOptions: _, ...params } = first?.message.params;
  params.processId = 1;
  params.rootPath = "/w";
  params.rootUri = "file:///w";
  params.workspaceFolders = [{ uri: "file:///w", name: "w" }];
  writeFileSync(join(ROOT, "tests/lsp/clients/vscode.json"), JSON.stringify(params, null, 2) + "\n");
  writeFileSync(join(ROOT, "bench/typed_session.jsonl"), session(before, of("textDocument/didChange")));
} finally {
  await editor.stop();
  rmSync(scratch, { recursive: true });
}

/** The changes as lines of the format that bench/typing_session.py reads. */
function session(text: string, rows: Row[]): string {
  const start = rows[0]?.t_ms ?? 0;
  let result = HEADER;
  for (const { t_ms, message } of rows) {
    for (const { range, text: insert } of message.params.contentChanges) {
      const [offset, end] = [offsetOf(text, range.start), offsetOf(text, range.end)];
      const row = { t_ms: Math.round(10 * (t_ms - start)) / 10, offset, delete: end - offset, insert };
      result += JSON.stringify(row) + "\n";
      text = text.slice(0, offset) + insert + text.slice(end);
    }
  }
  return result;
}

function offsetOf(text: string, { line, character }: { line: number; character: number }): number {
  return (
    text
      .split("\n")
      .slice(0, line)
      .reduce((sum, one) => sum + one.length + 1, 0) + character
  );
}
