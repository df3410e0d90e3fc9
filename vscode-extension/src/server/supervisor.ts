/** Keeps one server running: finds an interpreter, starts it, starts it again after a crash, gives up in the end. */

import * as vscode from "vscode";
import { DidChangeConfigurationNotification, type LanguageClient } from "vscode-languageclient/node";

import { ownSettings, serverSetting } from "../editor.ts";
import { activeInterpreter } from "../python/activeInterpreter.ts";
import { guidance, isFound, type Found } from "../python/judgement.ts";
import { candidates, findInterpreter } from "../python/search.ts";
import { createClient, type Listeners } from "./client.ts";
import { Backoff, launch, type Shipped } from "./launch.ts";

export type ServerState = "stopped" | "starting" | "running" | "failed";

/** What the user can do about a problem; `undefined` means only a restart. */
export type Remedy = "interpreter" | "model" | undefined;

export interface Observer {
  changed: (state: ServerState, problem: string | undefined) => void;
  /** Guidance for the user, to be shown once. */
  advise: (message: string, remedy: Remedy) => void;
}

export interface Surroundings {
  /** A folder that no workspace owns: the server runs there. */
  extensionPath: string;
  shipped: Shipped;
  channel: vscode.LogOutputChannel;
  listeners: Omit<Listeners, "crashed">;
  observer: Observer;
}

export const NO_MODEL =
  "This package of codeodds contains no model. Select the folder of a model bundle to get scores.";

export class Supervisor implements vscode.Disposable {
  readonly #context: Surroundings;
  readonly #backoff = new Backoff();
  #client: LanguageClient | undefined;
  #state: ServerState = "stopped";
  #timer: NodeJS.Timeout | undefined;
  /** Counts starts, so that an older one that is still under way knows that it is no longer wanted. */
  #generation = 0;
  #found: Found | undefined;

  constructor(surroundings: Surroundings) {
    this.#context = surroundings;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** The interpreter that runs the server, if it was found. */
  get interpreter(): Found | undefined {
    return this.#found;
  }

  /** The client of the running server. */
  get client(): LanguageClient | undefined {
    return this.#state === "running" ? this.#client : undefined;
  }

  /** Starts the server, or starts it anew. Never throws: problems are told to the observer. */
  async restart(): Promise<void> {
    this.#backoff.reset();
    await this.#start();
  }

  async stop(): Promise<void> {
    this.#generation += 1;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    this.#set("stopped");
    await stopped(client);
  }

  /** Tells the server to ask for its settings again. */
  async settingsChanged(): Promise<void> {
    await this.client?.sendNotification(DidChangeConfigurationNotification.type, { settings: null });
  }

  dispose(): void {
    void this.stop();
  }

  async #start(): Promise<void> {
    await this.stop();
    const generation = this.#generation;
    this.#set("starting");
    try {
      const found = await this.#find();
      if (generation !== this.#generation) return;
      if (typeof found === "string") {
        this.#set("failed", found);
        this.#context.observer.advise(found, "interpreter");
        return;
      }
      this.#found = found;
      if (!this.#hasModel()) {
        this.#set("failed", NO_MODEL);
        this.#context.observer.advise(NO_MODEL, "model");
        return;
      }
      await this.#run(found, generation);
    } catch (error) {
      this.#context.channel.error(`the server could not be started: ${String(error)}`);
      if (generation === this.#generation) this.#set("failed", "The server could not start; see the output.");
    }
  }

  async #run(found: Found, generation: number): Promise<void> {
    const { extensionPath, shipped, channel, listeners } = this.#context;
    const { importStrategy, logLevel } = ownSettings();
    const command = launch(found, shipped, importStrategy, logLevel, process.env);
    channel.info(`starting ${command.command} ${command.args.join(" ")}`);
    const client = createClient(command, extensionPath, channel, {
      ...listeners,
      crashed: () => {
        this.#crashed(generation);
      },
    });
    this.#client = client;
    this.#backoff.started(Date.now() / 1000);
    await client.start();
    if (generation !== this.#generation) {
      await stopped(client);
      return;
    }
    this.#set("running");
  }

  async #find(): Promise<Found | string> {
    const { extensionPath, shipped, channel } = this.#context;
    const { interpreter, importStrategy } = ownSettings();
    const tags = importStrategy === "useBundled" ? shipped.tags : [];
    const active = interpreter === "" ? await activeInterpreter() : undefined;
    const verdict = await findInterpreter({
      candidates: candidates(interpreter, active, tags, process.platform),
      shipped,
      strategy: importStrategy,
      cwd: extensionPath,
      log: (line) => {
        channel.info(line);
      },
    });
    if (verdict !== undefined && isFound(verdict)) return verdict;
    return guidance(verdict, tags, interpreter !== "");
  }

  #hasModel(): boolean {
    if (ownSettings().importStrategy === "fromEnvironment" || this.#context.shipped.hasModel) return true;
    return serverSetting<string>("model", "") !== "" || (process.env.CODEODDS_MODEL ?? "") !== "";
  }

  #crashed(generation: number): void {
    if (generation !== this.#generation) return;
    this.#client = undefined;
    this.#context.listeners.loading(false);
    const delay = this.#backoff.crashed(Date.now() / 1000);
    if (delay === undefined) {
      this.#set("failed", "The server crashed too often and will not be restarted; see the output.");
      return;
    }
    this.#context.channel.warn(`the server crashed; restarting it in ${delay} s`);
    this.#set("starting");
    this.#timer = setTimeout(() => void this.#start(), delay * 1000);
  }

  #set(state: ServerState, problem?: string): void {
    this.#state = state;
    this.#context.observer.changed(state, problem);
  }
}

/** A client that did not start cannot be stopped; nothing is lost then. */
async function stopped(client: LanguageClient | undefined): Promise<void> {
  try {
    await client?.dispose();
  } catch {
    // The process is gone already.
  }
}
