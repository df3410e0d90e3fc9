/** What is asked before other people's code runs, and what is said after it. Pure. */

import { ServerCommand } from "../names.ts";
import type { RankResult } from "../server/protocol.ts";

/** Why nothing may run here, as a sentence that says what to do; null if somebody may be asked. */
export function refusal(trusted: boolean, allowed: boolean): string | null {
  if (!trusted) return "alternatives run in trusted workspaces only; trust this one, or rank without running them.";
  if (!allowed) return "switch on codeodds.run_code in your user settings first, or rank without running them.";
  return null;
}

export interface Question {
  message: string;
  detail: string;
}

/** `generated`: whether a model is still to write some of them. */
export function question(name: string, bodies: number, generated: boolean): Question {
  const given = bodies === 1 ? "1 alternative" : `${bodies} alternatives`;
  const what = generated ? "what the model writes for it" : given;
  const look = generated ? "You will not have seen the code that runs." : "Look at code from others before you run it.";
  return {
    message: `Run ${name} as it is, and ${what}?`,
    detail:
      "Each runs with the imports of this file, on the docstring's examples and on inputs made from the type hints, " +
      `in a sandbox without network that sees none of your files. ${look}`,
  };
}

/**
 * The arguments of a server's command that a key or another extension gave: its alternatives do not run.
 *
 * Nobody was asked, as the extension's own command asks; that one goes to the server directly.
 */
export function withoutRuns(command: string, args: readonly unknown[]): unknown[] {
  if (command !== ServerCommand.rankAlternatives) return [...args];
  return args.map((argument) =>
    typeof argument === "object" && argument !== null ? { ...argument, runCode: false } : argument,
  );
}

/** What stands in the list's empty field once the alternatives should have run. */
export function runsText({ ran, notRun, inputs }: Pick<RankResult, "ran" | "notRun" | "inputs">): string {
  if (!ran) return `By value alone, not run: ${notRun ?? "this server cannot"}`;
  return `By what they return for ${inputs} inputs, and by value; choose one to put it in place`;
}
