/** What the extension asks of the server. Each fails with a RequestProblem, whose message is for the user. */

import type * as vscode from "vscode";
import {
  ExecuteCommandRequest,
  ResponseError,
  WorkDoneProgress,
  type LanguageClient,
} from "vscode-languageclient/node";

import { ServerCommand } from "../names.ts";
import { SCORE, type Explanation, type RankResult, type ScoreResult, type WorkDone } from "./protocol.ts";

export class RequestProblem extends Error {}

export class Requests {
  readonly #client: () => LanguageClient | undefined;
  #tokens = 0;

  constructor(client: () => LanguageClient | undefined) {
    this.#client = client;
  }

  /** Scores the function around a line, or all functions. `reported` hears how far that is. */
  async score(
    document: vscode.TextDocument,
    line?: number,
    token?: vscode.CancellationToken,
    reported?: (value: WorkDone) => void,
  ): Promise<ScoreResult> {
    const position = line === undefined ? {} : { position: { line, character: 0 } };
    const parameters = { textDocument: this.#named(document), ...position };
    if (reported === undefined) return this.#send<ScoreResult>(SCORE, parameters, token);
    const workDoneToken = `codeodds-${++this.#tokens}`;
    const listening = this.#client()?.onProgress(WorkDoneProgress.type, workDoneToken, reported);
    try {
      return await this.#send<ScoreResult>(SCORE, { ...parameters, workDoneToken }, token);
    } finally {
      listening?.dispose();
    }
  }

  /** The score of the function around a line and its explanation as plain text. */
  async explained(
    document: vscode.TextDocument,
    line: number,
  ): Promise<{ score: ScoreResult; explanation: string | null }> {
    const score = await this.score(document, line);
    if (score.functions.length === 0) return { score, explanation: null };
    const argument = { ...this.#named(document), position: { line, character: 0 } };
    const { text } = await this.#command<Explanation>(ServerCommand.explain, argument);
    return { score, explanation: text };
  }

  /** Ranks bodies, and with `generate` others that the completions endpoint writes. */
  async rank(
    document: vscode.TextDocument,
    line: number,
    bodies: string[],
    generate: boolean,
    token: vscode.CancellationToken,
  ): Promise<RankResult> {
    const argument = { ...this.#named(document), position: { line, character: 0 }, bodies, generate };
    return this.#command<RankResult>(ServerCommand.rankAlternatives, argument, token);
  }

  /** `key` is for that address alone; null forgets it. */
  async setCompletionsKey(url: string, key: string | null): Promise<void> {
    await this.#command(ServerCommand.setCompletionsKey, { url, key });
  }

  async debugInformation(): Promise<unknown> {
    return this.#command(ServerCommand.debugInformation);
  }

  #named(document: vscode.TextDocument): { uri: string } {
    const client = this.#client();
    return { uri: client ? client.code2ProtocolConverter.asUri(document.uri) : document.uri.toString() };
  }

  async #command<R>(command: string, argument?: object, token?: vscode.CancellationToken): Promise<R> {
    const parameters = { command, arguments: argument === undefined ? [] : [argument] };
    return this.#send<R>(ExecuteCommandRequest.method, parameters, token);
  }

  async #send<R>(method: string, parameters: object, token?: vscode.CancellationToken): Promise<R> {
    const client = this.#client();
    if (client === undefined)
      throw new RequestProblem("The codeodds server is not running; see its status or the output.");
    try {
      // A token that is undefined would be sent as a second parameter.
      return await (token === undefined
        ? client.sendRequest<R>(method, parameters)
        : client.sendRequest<R>(method, parameters, token));
    } catch (error) {
      if (error instanceof ResponseError) throw new RequestProblem(error.message);
      throw error;
    }
  }
}
