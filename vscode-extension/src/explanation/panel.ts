/** A panel beside the editor that follows the cursor and explains the score of the function around it. */

import { randomBytes } from "node:crypto";

import * as vscode from "vscode";

import { pythonEditor } from "../editor.ts";
import type { Requests } from "../server/requests.ts";
import type { Session } from "../status/session.ts";
import { body, page, pageModel, type PageModel } from "./page.ts";

/** The cursor rests for so long before another function is asked for. */
const REST_MS = 150;

export class ExplanationPanel implements vscode.Disposable {
  readonly #requests: Requests;
  readonly #subscriptions: vscode.Disposable[];
  #panel: vscode.WebviewPanel | undefined;
  #model: PageModel | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asked = 0;

  constructor(session: Session, requests: Requests) {
    this.#requests = requests;
    this.#subscriptions = [
      session.onChanged(() => {
        this.#soon();
      }),
    ];
  }

  /** Opens the panel beside the editor, for the function around a line. The editor keeps the focus. */
  async show(document: vscode.TextDocument, line: number): Promise<void> {
    if (this.#panel === undefined) {
      this.#panel = vscode.window.createWebviewPanel(
        "codeodds.explanation",
        "codeodds: explanation",
        { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
        { enableScripts: true, localResourceRoots: [], enableFindWidget: true },
      );
      this.#panel.webview.html = page(body(undefined), randomBytes(16).toString("base64url"));
      this.#panel.webview.onDidReceiveMessage((message: { line?: unknown }) => void this.#go(message.line));
      this.#panel.onDidDispose(() => {
        this.#panel = undefined;
        this.#model = undefined;
      });
      this.#panel.onDidChangeViewState(() => {
        this.#render();
      });
    } else {
      this.#panel.reveal(undefined, true);
    }
    await this.#load(document, line);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#panel?.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /** Follows the cursor: at once within the function that is shown, else when it rests. */
  #soon(): void {
    const editor = pythonEditor();
    if (this.#panel === undefined || editor === undefined) return;
    const line = editor.selection.active.line;
    const shown = this.#model;
    const same = shown?.uri === editor.document.uri.toString() && shown.version === editor.document.version;
    if (shown && same && shown.cursor === line) return;
    if (shown && same && shown.lines.some((item) => item.line === line)) {
      this.#model = { ...shown, cursor: line };
      this.#render();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(editor.document, line).catch(() => undefined), REST_MS);
  }

  async #load(document: vscode.TextDocument, line: number): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const { score, explanation } = await this.#requests.explained(document, line);
    if (asked !== this.#asked || this.#panel === undefined) return;
    const found = score.functions[0];
    const textOf = (at: number): string => (at < document.lineCount ? document.lineAt(at).text : "");
    const named = { uri: document.uri.toString(), version: score.version };
    this.#model = found && pageModel(named, found, explanation, textOf, line);
    this.#render();
  }

  #render(): void {
    void this.#panel?.webview.postMessage({ body: body(this.#model) });
  }

  async #go(line: unknown): Promise<void> {
    if (typeof line !== "number" || this.#model === undefined) return;
    const uri = vscode.Uri.parse(this.#model.uri);
    const shown = vscode.window.visibleTextEditors.find((editor) => editor.document.uri.toString() === uri.toString());
    const column = shown?.viewColumn ?? vscode.ViewColumn.One;
    const editor = await vscode.window.showTextDocument(uri, { viewColumn: column });
    const at = new vscode.Position(Math.min(line, editor.document.lineCount - 1), 0);
    const start = at.with(undefined, editor.document.lineAt(at.line).firstNonWhitespaceCharacterIndex);
    editor.selection = new vscode.Selection(start, start);
    editor.revealRange(new vscode.Range(start, start), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }
}
