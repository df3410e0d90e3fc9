/** Names that several files use: the section of settings, commands, context keys, and which documents are Python. */

export const SECTION = "codeodds";

/** Ids of the palette's commands. The server's own ids belong to the language client, which registers them itself. */
export const Command = {
  scoreFunction: "codeodds.scoreThisFunction",
  scoreFile: "codeodds.scoreThisFile",
  explain: "codeodds.explainScore",
  rank: "codeodds.rankForThisFunction",
  restart: "codeodds.restartServer",
  showOutput: "codeodds.showOutput",
  debugInformation: "codeodds.showDebugInformation",
  selectModel: "codeodds.selectModel",
  selectInterpreter: "codeodds.selectInterpreter",
  setCompletionsKey: "codeodds.setKeyForCompletions",
  pause: "codeodds.pause",
  resume: "codeodds.resume",
} as const;

/** Ids of `workspace/executeCommand` that the server knows. */
export const ServerCommand = {
  explain: "codeodds.explain",
  rankAlternatives: "codeodds.rankAlternatives",
  setCompletionsKey: "codeodds.setCompletionsKey",
  debugInformation: "codeodds.debugInformation",
  openSettings: "codeodds.openSettings",
} as const;

export const Context = { paused: "codeodds.paused", running: "codeodds.running" } as const;

const SCHEMES = ["file", "untitled", "vscode-notebook-cell", "vscode-vfs"];

/**
 * What the server judges: Python in files, unsaved documents, notebook cells and virtual file systems.
 *
 * `folders`: schemes of the workspace's folders. Others, such as that of a file's older versions, are left alone.
 */
export function selector(folders: readonly string[]): { language: string; scheme: string }[] {
  return [...new Set([...SCHEMES, ...folders])].map((scheme) => ({ language: "python", scheme }));
}
