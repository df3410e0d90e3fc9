/** Which documents the server judges in this window. */

import * as vscode from "vscode";

import { selector } from "./names.ts";

export const SELECTOR = selector((vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.scheme));
