/** The language servers that a run's editor started, as the system lists them. */

import { readdirSync, readFileSync } from "node:fs";

export interface ServerProcess {
  id: number;
  environment: Record<string, string>;
}

/** The language server's processes that belong to a run's folder. */
export function servers(folder: string): ServerProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((id) => {
      try {
        const command = readFileSync(`/proc/${id}/cmdline`, "utf-8").split("\0");
        const lines = readFileSync(`/proc/${id}/environ`, "utf-8").split("\0");
        const environment = Object.fromEntries(
          lines.map((line) => {
            const at = line.indexOf("=");
            return [line.slice(0, at), line.slice(at + 1)];
          }),
        );
        const ours = command.includes("serve") && environment.HOME === `${folder}/home`;
        return ours ? [{ id: Number(id), environment }] : [];
      } catch {
        // It ended meanwhile, or belongs to somebody else.
        return [];
      }
    });
}
