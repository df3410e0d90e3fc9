/** What came with the extension: the server, libraries by Python version, the default model bundle. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface Shipped {
  /** Folder that holds `server`, and perhaps `libs` and `models`. */
  root: string;
  /** Folder to put on Python's path. */
  server: string;
  /** Folder with one folder of compiled libraries for each Python version, named like `cp311`. */
  libs: string;
  /** Versions that libraries came for: `["cp311"]`; empty in the slim package. */
  tags: string[];
  /** Whether there is a default bundle, which the server finds by itself. */
  hasModel: boolean;
}

/** Looks below `bundled`; in a checkout that was not packaged, above the extension's folder. */
export function shipped(extensionPath: string): Shipped {
  const bundled = join(extensionPath, "bundled");
  const root = existsSync(join(bundled, "server")) ? bundled : join(extensionPath, "..");
  const libs = join(root, "libs");
  return {
    root,
    server: join(root, "server"),
    libs,
    tags: existsSync(libs) ? readdirSync(libs).filter((name) => name.startsWith("cp")) : [],
    hasModel: existsSync(join(root, "models", "default", "manifest.json")),
  };
}
