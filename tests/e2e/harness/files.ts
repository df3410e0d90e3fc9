/** Searching the files that a run has written. */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** Files below a folder that hold a text, in UTF-8 or UTF-16; their paths are relative to it. */
export function filesThatHold(folder: string, text: string): string[] {
  const wanted = [Buffer.from(text, "utf-8"), Buffer.from(text, "utf-16le")];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      try {
        const content = readFileSync(path);
        return wanted.some((bytes) => content.includes(bytes));
      } catch (error) {
        // It was deleted meanwhile.
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
        throw error;
      }
    })
    .map((path) => relative(folder, path));
}
