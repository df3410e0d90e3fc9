/** One connection to one server process. It never restarts by itself and never pops up a message. */

import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  type LanguageClientOptions,
  type Middleware,
  type StaticFeature,
} from "vscode-languageclient/node";

import { SELECTOR } from "../editor.ts";
import { SECTION, ServerCommand } from "../names.ts";
import type { Launch } from "./launch.ts";
import { SCORES, type ScoresParams } from "./protocol.ts";

/** Title of the progress that the server reports while it opens the bundle. */
const LOADING_TOKEN = "codeodds/loading/";

export interface Listeners {
  /** The process ended and nobody had asked for it. */
  crashed: () => void;
  loading: (active: boolean) => void;
  scores: (params: ScoresParams) => void;
  /** The server was asked to explain a function in a message: the extension has a better place. */
  explain: (uri: vscode.Uri, line: number) => void;
  /** Whether documents are scored by themselves; otherwise `enable` is false for the server. */
  paused: () => boolean;
}

class QuietClient extends LanguageClient {
  /** Problems are told in the output and in the status item; nothing pops up. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  /** Without the messages' contents: they hold code, and the key for the endpoint. */
  override trace(message: string): void {
    super.trace(message);
  }
}

/** Tells the server that this client wants `codeodds/scores`. */
const wantsScores: StaticFeature = {
  fillClientCapabilities(capabilities) {
    capabilities.experimental = { ...(capabilities.experimental as object | undefined), codeoddsScores: true };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" }),
  clear: () => undefined,
};

export function createClient(
  launch: Launch,
  cwd: string,
  channel: vscode.LogOutputChannel,
  listeners: Listeners,
): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: SELECTOR,
    outputChannel: channel,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    progressOnInitialization: false,
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        listeners.crashed();
        return { action: CloseAction.DoNotRestart, handled: true, message: "The server's process ended." };
      },
    },
    middleware: middleware(listeners),
  };
  const client = new QuietClient(
    SECTION,
    "codeodds",
    { command: launch.command, args: launch.args, options: { cwd, env: launch.env } },
    options,
  );
  client.registerFeature(wantsScores);
  client.onNotification(SCORES, listeners.scores);
  return client;
}

function middleware(listeners: Listeners): Middleware {
  return {
    handleWorkDoneProgress: (token, params, next) => {
      if (String(token).startsWith(LOADING_TOKEN)) listeners.loading(params.kind !== "end");
      else next(token, params);
    },
    workspace: {
      configuration: async (params, token, next) => {
        const answers: unknown = await next(params, token);
        if (!listeners.paused() || !Array.isArray(answers)) return answers as unknown[];
        return answers.map((answer: unknown) => ({ ...(answer as object | null), enable: false }));
      },
    },
    executeCommand: (command, args: unknown[], next) => {
      if (command === ServerCommand.openSettings) {
        return vscode.commands.executeCommand("workbench.action.openSettings", SECTION);
      }
      const argument = args[0] as { uri?: string; position?: { line: number }; show?: boolean } | undefined;
      if (command === ServerCommand.explain && argument?.show === true && argument.uri && argument.position) {
        listeners.explain(vscode.Uri.parse(argument.uri), argument.position.line);
        return undefined;
      }
      return next(command, args) as unknown;
    },
  };
}
