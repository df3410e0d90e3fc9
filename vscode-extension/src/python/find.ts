/** Tries candidates one after the other until one fits. */

import type { ImportStrategy } from "../server/launch.ts";
import type { Shipped } from "../server/root.ts";
import type { Candidate } from "./candidates.ts";
import { isFound, nearest, type Found, type Problem } from "./judgement.ts";
import { probe } from "./probe.ts";

export interface Search {
  candidates: readonly Candidate[];
  shipped: Shipped;
  strategy: ImportStrategy;
  /** A folder that no workspace owns. */
  cwd: string;
  log: (line: string) => void;
}

/** The first that fits, or the problem that is nearest to working; undefined if there was no candidate. */
export async function findInterpreter(search: Search): Promise<Found | Problem | undefined> {
  const own = search.strategy === "fromEnvironment";
  const folders = own ? { libs: "", server: "" } : { libs: search.shipped.libs, server: search.shipped.server };
  const problems: Problem[] = [];
  for (const candidate of search.candidates) {
    const { verdict, details } = await probe(candidate, folders, search.cwd);
    const what = [candidate.command, ...candidate.args].join(" ");
    if (isFound(verdict)) {
      search.log(`${what} (from ${candidate.origin}) is Python ${verdict.version} and fits`);
      return verdict;
    }
    search.log(`${what} (from ${candidate.origin}) does not fit: ${verdict.kind}`);
    for (const line of details) search.log(`  ${line}`);
    problems.push(verdict);
  }
  return nearest(problems);
}
