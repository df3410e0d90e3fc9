/** Commands about the server (restart, output, debug information, model, interpreter, pause), and the message that offers them. */

import { homedir } from "node:os";

import * as vscode from "vscode";

import { command } from "../editor.ts";
import { Command, SECTION } from "../names.ts";
import type { Requests } from "../server/requests.ts";
import type { Remedy, Supervisor } from "../server/supervisor.ts";
import type { Session } from "../status/session.ts";
import { localPath } from "../userInput.ts";

export interface Parts {
  supervisor: Supervisor;
  requests: Requests;
  session: Session;
  channel: vscode.LogOutputChannel;
  version: string;
}

export function registerServerCommands(parts: Parts): vscode.Disposable[] {
  const { supervisor, session, channel } = parts;
  const pause = async (active: boolean): Promise<void> => {
    session.pause(active);
    await supervisor.settingsChanged();
  };
  return [
    command(Command.restart, () => supervisor.restart()),
    command(Command.showOutput, () => {
      channel.show();
      return Promise.resolve();
    }),
    command(Command.debugInformation, () => showDebugInformation(parts)),
    command(Command.selectModel, () => selectModel(supervisor)),
    command(Command.selectInterpreter, selectInterpreter),
    command(Command.pause, () => pause(true)),
    command(Command.resume, () => pause(false)),
  ];
}

/** What a report of a problem should hold, as a document that can be read before it is sent. */
async function showDebugInformation({ supervisor, requests, session, version }: Parts): Promise<void> {
  const server = supervisor.client === undefined ? null : await requests.debugInformation();
  const found = supervisor.interpreter;
  const content = {
    extension: version,
    editor: `${vscode.env.appName} ${vscode.version}`,
    remote: vscode.env.remoteName ?? null,
    trusted: vscode.workspace.isTrusted,
    status: session.status,
    python: found === undefined ? null : { version: found.version, tag: found.tag, origin: found.origin },
    server,
  };
  const document = await vscode.workspace.openTextDocument({
    language: "json",
    content: JSON.stringify(content, undefined, 2),
  });
  await vscode.window.showTextDocument(document);
}

async function selectModel(supervisor: Supervisor): Promise<void> {
  const [folder] =
    (await vscode.window.showOpenDialog({
      title: "Folder of a model bundle (contains manifest.json)",
      defaultUri: home(),
      openLabel: "Use this bundle",
      canSelectFolders: true,
      canSelectFiles: false,
    })) ?? [];
  if (folder === undefined) return;
  const path = localPath(folder);
  try {
    await vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, "manifest.json"));
  } catch {
    void vscode.window.showWarningMessage(
      `${path} contains no manifest.json, so it is not a model bundle. Select the folder that contains one.`,
    );
    return;
  }
  await store("model", path);
  if (supervisor.state !== "running") await supervisor.restart();
}

async function selectInterpreter(): Promise<void> {
  const [file] =
    (await vscode.window.showOpenDialog({
      title: "Python 3.11 or newer to run the server",
      defaultUri: home(),
      openLabel: "Use this Python",
      canSelectFiles: true,
    })) ?? [];
  if (file !== undefined) await store("interpreter", localPath(file));
}

/** Where a dialog begins: in a virtual workspace it would begin in that, where no program can be started. */
function home(): vscode.Uri {
  return vscode.Uri.file(homedir());
}

async function store(name: string, value: string): Promise<void> {
  await vscode.workspace.getConfiguration(SECTION).update(name, value, vscode.ConfigurationTarget.Global);
}

const ADVISED = "codeodds.advised";

const BUTTONS: Record<NonNullable<Remedy>, { title: string; command: string }> = {
  interpreter: { title: "Select interpreter", command: Command.selectInterpreter },
  model: { title: "Select model bundle", command: Command.selectModel },
};
const OUTPUT = { title: "Show output", command: Command.showOutput };

/** Guidance when the server cannot be started: one message with a button, once for each problem. */
export class Advice {
  readonly #memory: vscode.Memento;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
  }

  /** Shows a message that was not the last one shown, in this window or an earlier one. */
  async give(message: string, remedy: Remedy): Promise<void> {
    if (this.#memory.get(ADVISED) === message) return;
    await this.#memory.update(ADVISED, message);
    const buttons = remedy === undefined ? [OUTPUT] : [BUTTONS[remedy], OUTPUT];
    const chosen = await vscode.window.showWarningMessage(message, ...buttons);
    if (chosen !== undefined) await vscode.commands.executeCommand(chosen.command);
  }

  /** All is well: the next problem is told again. */
  async forget(): Promise<void> {
    if (this.#memory.get(ADVISED) !== undefined) await this.#memory.update(ADVISED, undefined);
  }
}
