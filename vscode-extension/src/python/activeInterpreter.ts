/** The Python extension's active environment, if that extension is there. It is never required. */

import * as vscode from "vscode";

/** The part of its interface that is used here. */
interface PythonApi {
  environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(
      path: string | { path: string },
    ): Promise<{ executable: { uri: vscode.Uri | undefined } } | undefined>;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

/** It may take long to start; nobody waits for it longer than this. */
const LIMIT_MS = 5_000;

async function api(): Promise<PythonApi | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>("ms-python.python");
  if (extension === undefined) return undefined;
  const limit = new Promise<undefined>((resolve) => setTimeout(resolve, LIMIT_MS, undefined));
  try {
    return await Promise.race([Promise.resolve(extension.activate()), limit]);
  } catch {
    return undefined;
  }
}

/**
 * Path of the active interpreter for the first folder. Undefined in a workspace that nobody trusts: its environment
 * may hold a Python that somebody else put there.
 */
export async function activeInterpreter(): Promise<string | undefined> {
  if (!vscode.workspace.isTrusted) return undefined;
  const environments = (await api())?.environments;
  if (environments === undefined) return undefined;
  try {
    const path = environments.getActiveEnvironmentPath(vscode.workspace.workspaceFolders?.[0]?.uri);
    return (await environments.resolveEnvironment(path))?.executable.uri?.fsPath;
  } catch {
    return undefined;
  }
}

/** Calls back when another environment becomes active. */
export async function onActiveInterpreter(changed: () => void): Promise<vscode.Disposable> {
  return (
    (await api())?.environments.onDidChangeActiveEnvironmentPath(changed) ?? new vscode.Disposable(() => undefined)
  );
}
