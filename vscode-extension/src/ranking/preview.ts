/** A document as it would be with an alternative in place, beside the document as it is. */

import * as vscode from "vscode";
import type { LanguageClient, WorkspaceEdit } from "vscode-languageclient/node";

const SCHEME = "codeodds-alternative";

export class Preview implements vscode.Disposable {
  readonly #client: () => LanguageClient | undefined;
  readonly #provider: vscode.Disposable;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  #text = "";

  constructor(client: () => LanguageClient | undefined) {
    this.#client = client;
    this.#provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: this.#changed.event,
      provideTextDocumentContent: () => this.#text,
    });
  }

  /** What the server's edit is for VS Code. Throws if the server is gone. */
  async converted(edit: unknown): Promise<vscode.WorkspaceEdit> {
    const client = this.#client();
    if (client === undefined) throw new Error("the server does not run any more.");
    return client.protocol2CodeConverter.asWorkspaceEdit(edit as WorkspaceEdit);
  }

  async show(document: vscode.TextDocument, edit: unknown, title: string): Promise<void> {
    const edits = (await this.converted(edit)).get(document.uri);
    this.#text = applied(document, edits);
    const uri = vscode.Uri.from({ scheme: SCHEME, path: document.uri.path });
    this.#changed.fire(uri);
    await vscode.commands.executeCommand("vscode.diff", document.uri, uri, title, {
      preview: true,
      // The list stays under the keys.
      preserveFocus: true,
    });
  }

  dispose(): void {
    this.#provider.dispose();
    this.#changed.dispose();
  }
}

/** The document's text with the edits made. */
function applied(document: vscode.TextDocument, edits: readonly vscode.TextEdit[]): string {
  const backwards = [...edits].sort((a, b) => b.range.start.compareTo(a.range.start));
  return backwards.reduce((text, edit) => {
    const [start, end] = [document.offsetAt(edit.range.start), document.offsetAt(edit.range.end)];
    return text.slice(0, start) + edit.newText + text.slice(end);
  }, document.getText());
}
