/** A stand-in for a completions server: it gives the same samples to everybody, and remembers what it was asked. */

import { createServer, type Server } from "node:http";

export interface CompletionRequest {
  prompt: string;
  n?: number;
  max_tokens: number;
  temperature: number;
  stop: string[];
  stream: boolean;
}

export class Endpoint {
  readonly requests: CompletionRequest[] = [];
  /** The header `Authorization` of each request, undefined without one. */
  readonly authorizations: (string | undefined)[] = [];
  samples: string[] = [];
  url = "";
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = "";
      request.on("data", (data: Buffer) => (body += data.toString()));
      request.on("end", () => {
        this.requests.push(JSON.parse(body) as CompletionRequest);
        this.authorizations.push(request.headers.authorization);
        const choices = this.samples.map((text, index) => ({ index, text, finish_reason: "stop" }));
        response.writeHead(200, { "Content-Type": "application/json" });
        response.end(JSON.stringify({ choices }));
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    this.url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/v1`;
  }

  /** Requests for whole bodies from a number on. VS Code asks for shorter ways to go on by itself, at any time. */
  bodiesSince(number: number): CompletionRequest[] {
    return this.requests.slice(number).filter(({ max_tokens: most }) => most > 128);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
