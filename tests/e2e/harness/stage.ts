/** One editor with the extension for a whole run. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Editor, ROOT } from "./editor.ts";
import { INSPECT_KEY, INSPECTOR } from "./inspection.ts";
import { Workbench } from "./workbench.ts";

const IMAGES = join(ROOT, "vscode-extension/images");

export class Stage {
  #editor: Editor | undefined;
  #workbench: Workbench | undefined;
  #settings: Record<string, unknown> = {};

  get editor(): Editor {
    if (!this.#editor) throw new Error("the editor was not started");
    return this.#editor;
  }

  get workbench(): Workbench {
    if (!this.#workbench) throw new Error("the editor was not started");
    return this.#workbench;
  }

  /**
   * Start the editor with the first of the files open. `settings`: those of the extension. `neighbours`: folders of
   * other extensions.
   */
  async start(
    files: Record<string, string>,
    settings: Record<string, unknown>,
    neighbours: string[] = [],
  ): Promise<void> {
    const vsix = process.env.VSIX;
    if (!vsix) throw new Error("VSIX must name the packaged extension; scripts/e2e.sh makes one");
    this.#settings = settings;
    const inspection = (folder: string): string => join(folder, "inspection.json");
    this.#editor = await Editor.start({
      vsix,
      neighbours: [INSPECTOR, ...neighbours],
      files,
      machine: settings,
      keys: [INSPECT_KEY],
      env: (folder) => ({ CODEODDS_E2E_OUT: inspection(folder) }),
    });
    this.#workbench = new Workbench(this.#editor.page, inspection(this.#editor.folder));
    await this.#editor.open(Object.keys(files)[0] ?? "");
    // Hides the side bar: long lines stay whole.
    await this.#workbench.press("Control+B");
  }

  async stop(): Promise<void> {
    await this.#editor?.stop();
  }

  /** Settings of the extension besides those of the start; those of an earlier call are forgotten. */
  set(settings: Record<string, unknown>): void {
    this.editor.setMachine({ ...this.#settings, ...settings });
  }

  /** Path of a file of the workspace. */
  path(name: string): string {
    return join(this.editor.workspace, name);
  }

  /** A picture for the extension's page, if pictures were asked for. */
  async picture(name: string): Promise<void> {
    if (process.env.SCREENSHOTS !== "1") return;
    mkdirSync(IMAGES, { recursive: true });
    await this.editor.page.screenshot({ path: join(IMAGES, `${name}.png`) });
  }
}
