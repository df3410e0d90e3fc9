import assert from "node:assert/strict";
import { test } from "node:test";
import { candidates } from "../src/python/search.ts";
import {
  type Answer,
  type Found,
  guidance,
  isFound,
  judge,
  nearest,
  type Problem,
  readAnswer,
} from "../src/python/judgement.ts";
import { probe, type Run, SILENT } from "../src/python/search.ts";

const ANSWER: Answer = {
  version: [3, 11, 7],
  tag: "cp311",
  bits: 64,
  machine: "x86_64",
  executable: "/usr/bin/python3.11",
  failed: [],
};

test("an interpreter that the user names is tried alone", () => {
  assert.deepEqual(candidates("/opt/python", "/venv/bin/python", ["cp311"], "linux"), [
    { command: "/opt/python", args: [], origin: "the setting codeodds.interpreter" },
  ]);
});

test("the Python extension's environment comes first, then the versions that libraries came for", () => {
  const commands = (platform: string): string[] =>
    candidates("", "/venv/bin/python", ["cp311", "cp312"], platform).map((item) =>
      [item.command, ...item.args].join(" "),
    );
  assert.deepEqual(commands("linux"), ["/venv/bin/python", "python3.11", "python3.12", "python3", "python"]);
  assert.deepEqual(commands("win32"), ["/venv/bin/python", "py -3.11", "py -3.12", "py -3", "python"]);
});

test("an answer is found behind noise, and nothing else is taken for one", () => {
  assert.deepEqual(readAnswer(`a greeting\n${JSON.stringify(ANSWER)}\n`), ANSWER);
  for (const output of ["", "hello", "{not json", '{"version": 3}']) assert.equal(readAnswer(output), undefined);
});

test("a fitting interpreter is taken with what it said of itself", () => {
  const found = judge(ANSWER, "python3.11", "the path");
  assert.ok(isFound(found));
  assert.deepEqual(found, {
    executable: "/usr/bin/python3.11",
    version: "3.11.7",
    tag: "cp311",
    origin: "the path",
  });
});

test("one that is too old or lacks libraries is a problem with words", () => {
  const old = judge({ ...ANSWER, version: [3, 10, 2] }, "python3", "the path");
  assert.deepEqual(old, { kind: "old", what: "python3", version: "3.10.2" });
  const lacking = judge(
    {
      ...ANSWER,
      failed: [
        ["numpy", "ModuleNotFoundError", ""],
        ["onnxruntime", "ImportError", "wrong ELF class"],
      ],
    },
    "python3",
    "the path",
  );
  assert.deepEqual(lacking, {
    ...{ kind: "libraries", what: "python3", version: "3.11.7" },
    ...{ missing: ["numpy"], broken: ["onnxruntime"], bits: 64 },
  });
  assert.equal(
    guidance(lacking as Problem, ["cp311"], false),
    "Python 3.11.7 at python3 cannot load onnxruntime: built for another Python or processor. " +
      "Select another interpreter; the output has the details.",
  );
  assert.equal(
    guidance(old as Problem, [], false),
    "python3 is Python 3.10.2; codeodds needs Python 3.11 or newer. Select another interpreter.",
  );
  assert.equal(
    guidance(undefined, ["cp311", "cp312"], false),
    "codeodds found no Python on this machine. Install Python 3.11 or 3.12, or select an interpreter.",
  );
});

test("of several problems the one nearest to working is told", () => {
  const absent: Problem = { kind: "absent", what: "python" };
  const old: Problem = { kind: "old", what: "python3", version: "3.9.1" };
  const silent: Problem = { kind: "silent", what: "py", seconds: 30 };
  assert.equal(nearest([absent, old, silent]), silent);
  assert.equal(nearest([absent, old]), old);
  assert.equal(nearest([]), undefined);
});

/** Asks an interpreter that answers as listed, and tells how it was asked. */
async function asked(answers: Awaited<ReturnType<Run>>[]): Promise<{ verdict: Found | Problem; limits: number[] }> {
  const limits: number[] = [];
  const start: Run = (command, args, options) => {
    assert.deepEqual([command, args.slice(0, 2), options.cwd], ["py", ["-3", "-c"], "/x"]);
    assert.equal(options.env.ORT_DISABLE_TELEMETRY, "1");
    limits.push(options.limitS);
    return Promise.resolve(answers[limits.length - 1]);
  };
  const candidate = { command: "py", args: ["-3"], origin: "the path" };
  const { verdict } = await probe(candidate, { libs: "", server: "" }, "/x", start);
  return { verdict, limits };
}

test("an interpreter that ran out of time is asked once more, and no other", async () => {
  const text = JSON.stringify(ANSWER);
  const fits = judge(ANSWER, "py -3", "the path");
  const absent: Problem = { kind: "absent", what: "py -3" };
  assert.deepEqual(await asked([text]), { verdict: fits, limits: [30] });
  assert.deepEqual(await asked([SILENT, text]), { verdict: fits, limits: [30, 30] });
  assert.deepEqual(await asked([SILENT, "no answer", text]), { verdict: absent, limits: [30, 30] });
  assert.deepEqual(await asked([undefined, text]), { verdict: absent, limits: [30] });
  assert.deepEqual(await asked(["no answer", text]), { verdict: absent, limits: [30] });
  const silent: Problem = { kind: "silent", what: "py -3", seconds: 30 };
  assert.deepEqual(await asked([SILENT, SILENT, text]), { verdict: silent, limits: [30, 30] });
  assert.equal(
    guidance(silent, [], false),
    "py -3 did not answer within 30 seconds, twice in a row. Select another interpreter, or restart the server.",
  );
});
