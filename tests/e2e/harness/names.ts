/** The names at a cursor as `codeodds serve` lists them for a client that is no editor. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { pathToFileURL } from "node:url";
import { MODEL, PYTHON } from "./command_line.ts";
import { ended, until } from "./processes.ts";

export interface Names {
  incomplete: boolean;
  /** In the order of their `sortText`. */
  items: { label: string; probability: number }[];
}

/** The document is scored by itself as well, as in an editor: names are scored sooner then. */
const SETTINGS = { complete_names: true };

interface List {
  isIncomplete: boolean;
  items: { label: string; sortText: string; data: { probability: number | null } }[];
}

interface Answer {
  id?: number;
  result?: unknown;
}

/** The names at the end of each of these texts of one file. */
export async function namesAtEnd(path: string, texts: string[]): Promise<Names[]> {
  const server = spawn(PYTHON, ["-m", "codeodds", "serve", "--model", MODEL], { stdio: "pipe" });
  const end = ended(server);
  const answers = received(server);
  const uri = pathToFileURL(path).href;
  let last = 0;

  function send(message: Record<string, unknown>): void {
    const content = JSON.stringify({ jsonrpc: "2.0", ...message });
    server.stdin.write(`Content-Length: ${Buffer.byteLength(content)}\r\n\r\n${content}`);
  }
  async function request(method: string, params?: unknown): Promise<unknown> {
    const id = ++last;
    send({ id, method, params });
    for await (const answer of answers) {
      if (answer.id === id) return answer.result;
    }
    throw new Error(`codeodds serve ended before it answered ${method}`);
  }

  try {
    await request("initialize", { processId: null, rootUri: null, capabilities: {}, initializationOptions: SETTINGS });
    send({ method: "initialized", params: {} });
    const found: Names[] = [];
    for (const [version, text] of texts.entries()) {
      const document = { uri, languageId: "python", version, text };
      send({ method: "textDocument/didOpen", params: { textDocument: document } });
      const lines = text.split("\n");
      const position = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
      // The time for one answer may be up before all names are scored; the next goes on from there.
      const list = await until("the names, all scored", async () => {
        const answer = (await request("textDocument/completion", { textDocument: { uri }, position })) as List;
        const scored = answer.items.length > 0 && answer.items.every(({ data }) => data.probability !== null);
        return scored ? answer : undefined;
      });
      const items = list.items
        .sort((a, b) => (a.sortText < b.sortText ? -1 : 1))
        .map(({ label, data }) => ({ label, probability: data.probability ?? 0 }));
      found.push({ incomplete: list.isIncomplete, items });
      send({ method: "textDocument/didClose", params: { textDocument: { uri } } });
    }
    await request("shutdown");
    send({ method: "exit" });
    await end;
    return found;
  } finally {
    server.kill();
  }
}

/** What a server writes, message by message. It can be read on after a `break`. */
function received(server: ChildProcessWithoutNullStreams): AsyncIterable<Answer> {
  const messages = (async function* () {
    let buffer = Buffer.alloc(0);
    for await (const data of server.stdout) {
      buffer = Buffer.concat([buffer, data as Buffer]);
      for (;;) {
        const body = buffer.indexOf("\r\n\r\n") + 4;
        const length = Number(/Content-Length: (\d+)/i.exec(buffer.toString("latin1", 0, Math.max(body, 0)))?.[1]);
        if (body < 4 || buffer.length < body + length) break;
        yield JSON.parse(buffer.toString("utf-8", body, body + length)) as Answer;
        buffer = buffer.subarray(body + length);
      }
    }
  })();
  return { [Symbol.asyncIterator]: () => ({ next: () => messages.next() }) };
}
