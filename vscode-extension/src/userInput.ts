/** Checks what a user types in or chooses. Pure. */

/** The server that a URL names: scheme, host and port; undefined if it names none. */
export function addressOf(url: string): string | undefined {
  try {
    const { protocol, origin } = new URL(url.trim());
    return protocol === "http:" || protocol === "https:" ? origin : undefined;
  } catch {
    return undefined;
  }
}

const MOST_CHARACTERS = 4096;

/** What is wrong with a key that is typed in, as the server would say it; undefined if nothing is. Empty is none. */
export function keyProblem(text: string): string | undefined {
  const key = text.trim();
  if (key.length <= MOST_CHARACTERS && /^[ -~]*$/.test(key)) return undefined;
  return "A key is at most 4,096 printable ASCII characters; copy it again, without line ends.";
}

/**
 * Path of a file or folder that somebody chose; in a virtual workspace the dialog offers its file system too.
 *
 * Throws: Error for one that is on no disk.
 */
export function localPath(chosen: { scheme: string; fsPath: string; path: string }): string {
  if (chosen.scheme === "file") return chosen.fsPath;
  throw new Error(
    `${chosen.path} is in the virtual file system ${chosen.scheme}, which the server cannot read; ` +
      "select one on the disk of the machine that runs the server.",
  );
}
