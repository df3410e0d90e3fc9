/** Which interpreters are tried, and in which order. Pure. */

export interface Candidate {
  command: string;
  args: string[];
  /** Where it comes from, in words for the output. */
  origin: string;
}

/**
 * `setting` alone if there is one: who names an interpreter wants that one. Else the Python extension's environment,
 * then what is on the path: first the versions that libraries came for.
 *
 * `tags`: like `cp311`; `platform`: as `process.platform`.
 */
export function candidates(
  setting: string,
  active: string | undefined,
  tags: readonly string[],
  platform: string,
): Candidate[] {
  if (setting !== "") return [{ command: setting, args: [], origin: "the setting codeodds.interpreter" }];
  const found: Candidate[] = [];
  if (active !== undefined) found.push({ command: active, args: [], origin: "the Python extension" });
  const versions = tags.flatMap((tag) => {
    const match = /^cp3(\d+)$/.exec(tag);
    return match ? [`3.${match[1] ?? ""}`] : [];
  });
  const onPath = (command: string, ...args: string[]): Candidate => ({ command, args, origin: "the path" });
  if (platform === "win32") {
    // The launcher knows installations that are not on the path.
    found.push(...versions.map((version) => onPath("py", `-${version}`)), onPath("py", "-3"), onPath("python"));
  } else {
    found.push(...versions.map((version) => onPath(`python${version}`)), onPath("python3"), onPath("python"));
  }
  return found;
}
