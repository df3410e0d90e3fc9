/** The command line and environment of the server. Pure. */

import { delimiter, join } from "node:path";

import type { Found } from "../python/judgement.ts";
import type { Shipped } from "./root.ts";

export type ImportStrategy = "useBundled" | "fromEnvironment";

export interface Launch {
  command: string;
  args: string[];
  env: Record<string, string>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `-P` keeps the working directory off Python's path, so that no file of a workspace is imported by its name.
 * With `useBundled` the user's own `PYTHONPATH` is left aside: it could hide what came with the extension.
 */
export function launch(
  found: Found,
  shipped: Shipped,
  strategy: ImportStrategy,
  logLevel: string,
  environment: Environment,
): Launch {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined) env[name] = value;
  }
  if (strategy === "useBundled") {
    const path = [shipped.server];
    if (shipped.tags.includes(found.tag)) path.push(join(shipped.libs, found.tag));
    env.PYTHONPATH = path.join(delimiter);
  }
  return {
    command: found.executable,
    args: ["-P", "-m", "codeodds", "serve", "--log-level", logLevel],
    env,
  };
}
