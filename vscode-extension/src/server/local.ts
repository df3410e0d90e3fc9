/** What is on the disk of the machine that the server runs on. Pure. */

/**
 * Path of a file or folder that somebody chose; in a virtual workspace the dialog offers its file system too.
 *
 * Throws: Error for one that is on no disk.
 */
export function localPath(chosen: { scheme: string; fsPath: string; path: string }): string {
  if (chosen.scheme === "file") return chosen.fsPath;
  throw new Error(
    `${chosen.path} is in the virtual file system ${chosen.scheme}, which the server cannot read; ` +
      "select one on the disk of the machine that runs it.",
  );
}
