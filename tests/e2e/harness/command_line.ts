/** `codeodds score` and `codeodds rank`: the numbers that the editor must show as well. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./editor.ts";
import { finished } from "./processes.ts";

export const PYTHON = process.env.CODEODDS_PYTHON ?? join(ROOT, ".venv-e2e/bin/python");
export const MODEL = join(ROOT, "models/default");

export interface ScoredFunction {
  name: string;
  /** From 1, as `end_line`. */
  line: number;
  end_line: number;
  probability: number;
  drop: { line: number; before: number; after: number } | null;
}

const scored = new Map<string, Promise<ScoredFunction[]>>();

/** The functions of a file in order. Equal texts are scored once. */
export function score(path: string): Promise<ScoredFunction[]> {
  const text = readFileSync(path, "utf-8");
  const known = scored.get(text) ?? computed(path);
  scored.set(text, known);
  return known;
}

async function computed(path: string): Promise<ScoredFunction[]> {
  const output = await finished(PYTHON, ["-m", "codeodds", "score", path, "--model", MODEL, "--json"]);
  const answer = JSON.parse(output) as { files: { functions: ScoredFunction[] }[] };
  return answer.files[0]?.functions ?? [];
}

export interface RankedBody {
  /** In the order given. */
  index: number;
  probability: number;
}

/** Bodies for a function of a file, the most probable first. */
export async function rank(path: string, name: string, bodies: string[]): Promise<RankedBody[]> {
  const folder = mkdtempSync(join(tmpdir(), "codeodds-e2e-"));
  const candidates = join(folder, "bodies.jsonl");
  writeFileSync(candidates, bodies.map((body) => JSON.stringify(body) + "\n").join(""));
  const options = ["--candidates", candidates, "--function", name, "--model", MODEL, "--json"];
  try {
    const output = await finished(PYTHON, ["-m", "codeodds", "rank", path, ...options]);
    return (JSON.parse(output) as { ranking: RankedBody[] }).ranking;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `62 %`, as everything in the editor says it; never certain. */
export function percent(probability: number): string {
  return probability < 0.01 ? "under 1 %" : probability > 0.99 ? "over 99 %" : `${Math.round(100 * probability)} %`;
}
