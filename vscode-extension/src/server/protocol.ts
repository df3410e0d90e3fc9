/** What the server adds to the protocol, as docs/protocol.md describes it. */

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

export interface Line {
  /** From 0. */
  line: number;
  probability: number;
  drop: number;
  fraction: number;
}

export interface ScoredFunction {
  name: string;
  /** Of a function within a function, the outermost one around it. */
  within: string | null;
  range: Range;
  probability: number | null;
  reason: string | null;
  lines: Line[];
}

export interface Model {
  name: string;
  version: string;
}

/** The answer to `codeodds/score`. */
export interface ScoreResult {
  uri: string;
  version: number;
  model: Model | null;
  /** False if the time was up before all functions were scored. */
  complete: boolean;
  functions: ScoredFunction[];
}

/** What `$/progress` says of a request: LSP's WorkDoneProgressBegin, Report and End, as far as it is shown. */
export interface WorkDone {
  message?: string;
  percentage?: number;
}

/** The answer to the command `codeodds.explain`. */
export interface Explanation {
  markdown: string | null;
  text: string | null;
}

/** `codeodds/scores`: what is known of a document now. The lines are left out. */
export interface ScoresParams {
  uri: string;
  version: number;
  /** Whether no more scores are under way for this version. */
  complete: boolean;
  /** Why there are none; one sentence. */
  problem: string | null;
  functions: Omit<ScoredFunction, "lines">[];
}

export interface Alternative {
  index: number;
  probability: number | null;
  reason: string | null;
  duplicateOf: number | null;
  isCurrent: boolean;
  source: "given" | "endpoint" | "local";
  body: string;
  diff: string | null;
  edit: unknown;
}

/** The answer to the command `codeodds.rankAlternatives`. */
export interface RankResult {
  uri: string;
  version: number;
  model: Model | null;
  complete: boolean;
  /** Why nothing was generated, though that was asked for. */
  problem: string | null;
  function: string;
  current: { probability: number | null; reason: string | null };
  alternatives: Alternative[];
}

export const SCORE = "codeodds/score";
export const SCORES = "codeodds/scores";

/** The innermost function whose lines hold `line`, from 0. */
export function functionAt<F extends { range: Range }>(functions: readonly F[], line: number): F | undefined {
  let best: F | undefined;
  for (const item of functions) {
    if (item.range.start.line > line || line > item.range.end.line) continue;
    if (best === undefined || item.range.start.line >= best.range.start.line) best = item;
  }
  return best;
}
