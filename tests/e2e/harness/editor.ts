/** A real VS Code: code-server with a fresh profile, and Chromium in front of it. */

import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { ended, finished, freePort, LIMIT_MS, until } from "./processes.ts";

const E2E = dirname(import.meta.dirname);
export const ROOT = dirname(dirname(E2E));
const CODE_SERVER = join(E2E, "node_modules/code-server/out/node/entry.js");

const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
];

const USER_SETTINGS = {
  "files.autoSave": "off",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "telemetry.telemetryLevel": "off",
  "editor.minimap.enabled": false,
  "chat.disableAIFeatures": true,
  "git.enabled": false,
  "workbench.enableExperiments": false,
  // Folders are trusted until a test asks for trust to count.
  "security.workspace.trust.enabled": false,
};

/** What a window shows: one folder, or the folders that a file names. */
export type Place = { folder: string } | { workspace: string };

export interface Options {
  /** The packaged extension. */
  vsix: string;
  /** Folders of other extensions, as they are written. */
  neighbours?: string[];
  /** Files of the workspace by name, with their text. */
  files: Record<string, string>;
  /** Settings of the user. Those of scope `machine` belong into `machine`. */
  settings?: Record<string, unknown>;
  machine?: Record<string, unknown>;
  keys?: { key: string; command: string; args?: unknown; when?: string }[];
  /** More of the environment of VS Code's processes, given the run's folder. */
  env?: (folder: string) => NodeJS.ProcessEnv;
}

export class Editor {
  readonly folder: string;
  readonly workspace: string;
  page!: Page;
  #port = 0;
  #server: ChildProcess | undefined;
  #browser: BrowserContext | undefined;
  #options: Options;

  private constructor(options: Options) {
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), "codeodds-e2e-"));
    this.workspace = join(this.folder, "workspace");
  }

  /** A running editor with an empty page. */
  static async start(options: Options): Promise<Editor> {
    const editor = new Editor(options);
    try {
      await editor.#start();
    } catch (error) {
      await editor.stop();
      throw error;
    }
    return editor;
  }

  async #start(): Promise<void> {
    const { vsix, neighbours = [], files, settings = {}, machine = {}, keys = [] } = this.#options;
    for (const folder of ["home", "data/User", "data/Machine", "extensions", "workspace"]) {
      mkdirSync(join(this.folder, folder), { recursive: true });
    }
    for (const [name, text] of Object.entries(files)) {
      this.write(join("workspace", name), text);
    }
    this.setUser(settings);
    writeFileSync(join(this.folder, "data/User/keybindings.json"), JSON.stringify(keys));
    this.setMachine(machine);
    // VS Code makes its list of extensions of the folders that it finds before the first is installed.
    for (const neighbour of neighbours) {
      cpSync(neighbour, join(this.folder, "extensions", basename(neighbour)), { recursive: true });
    }
    await finished(process.execPath, [CODE_SERVER, ...this.#arguments(), "--install-extension", vsix], this.#env());
    this.#port = await freePort();
    const log = createWriteStream(join(this.folder, "code-server.log"));
    this.#server = spawn(
      process.execPath,
      [
        CODE_SERVER,
        ...this.#arguments(),
        ...[
          "--auth",
          "none",
          "--bind-addr",
          `127.0.0.1:${this.#port}`,
          "--disable-telemetry",
          "--disable-update-check",
        ],
        "--disable-getting-started-override",
      ],
      { env: this.#env(), stdio: ["ignore", "pipe", "pipe"] },
    );
    this.#server.stdout?.pipe(log);
    this.#server.stderr?.pipe(log);
    this.#browser = await chromium.launchPersistentContext(join(this.folder, "chromium"), {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: CHROMIUM_ARGS,
      viewport: { width: 1280, height: 800 },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    this.page = this.#browser.pages()[0] ?? (await this.#browser.newPage());
    this.page.setDefaultTimeout(LIMIT_MS);
    await until("code-server", async () => (await fetch(`http://127.0.0.1:${this.#port}/healthz`)).ok);
  }

  /** Write a file; its path is relative to the run's folder. Returns the whole path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /** Write the settings of the user anew, for pages that are loaded later. */
  setUser(settings: Record<string, unknown>): void {
    this.write("data/User/settings.json", JSON.stringify({ ...USER_SETTINGS, ...settings }));
  }

  /** Write the settings of the machine anew; VS Code sees the change. */
  setMachine(settings: Record<string, unknown>): void {
    this.write("data/Machine/settings.json", JSON.stringify(settings));
  }

  /** Load the workbench with one file of the workspace open, its editor focused. */
  async open(name: string): Promise<void> {
    await this.load({ folder: this.workspace }, join(this.workspace, name));
  }

  /** Load the workbench with one file open, its editor focused. All paths are absolute. */
  async load(place: Place, file: string): Promise<void> {
    const payload = JSON.stringify([["openFile", `vscode-remote://127.0.0.1:${this.#port}${file}`]]);
    const query = new URLSearchParams({ ...place, payload });
    await this.page.goto(`http://127.0.0.1:${this.#port}/?${query.toString()}`, { waitUntil: "commit" });
    await this.page.locator(".monaco-editor .view-lines .view-line").first().waitFor({ timeout: LIMIT_MS });
    await this.page.locator(".monaco-editor .view-lines").first().click();
  }

  /** End the browser and the server, and delete their files. */
  async stop(): Promise<void> {
    await this.#browser?.close();
    if (this.#server && this.#server.exitCode === null) {
      const end = ended(this.#server);
      this.#server.kill("SIGTERM");
      await end;
    }
    if (!process.env.CODEODDS_E2E_KEEP) {
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }

  #arguments(): string[] {
    return ["--user-data-dir", join(this.folder, "data"), "--extensions-dir", join(this.folder, "extensions")];
  }

  #env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      HOME: join(this.folder, "home"),
      XDG_CONFIG_HOME: join(this.folder, "home/.config"),
      XDG_DATA_HOME: join(this.folder, "home/.local/share"),
      EXTENSIONS_GALLERY: '{"serviceUrl":""}',
      ...this.#options.env?.(this.folder),
    };
  }
}
