import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority, type TestAuthority } from "@kasbah/testkit";

export type IssuerAnswer = string | ((request: IncomingMessage, response: ServerResponse) => void);

/** An HTTPS server on loopback, also named `issuer.test`, with the answers that a test sets for each path. */
export class IssuerServer implements AsyncDisposable {
  /** The text of a 200, or a handler; 404 for other paths. */
  readonly answers = new Map<string, IssuerAnswer>();
  readonly calls: { readonly path: string; readonly authorization: string | undefined }[] = [];
  readonly rootPem: string;
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, { rootPem }: TestAuthority) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("a TCP server has a port");
    this.port = address.port;
    this.rootPem = rootPem;
    this.#server = server.on("request", (request, response) => this.#answer(request, response));
  }

  /** @param authority signs its certificate; servers of one test may share it */
  static async start(authority?: TestAuthority): Promise<IssuerServer> {
    const root = authority ?? (await createTestAuthority());
    const keyPair = await createKeyPair("P-256");
    const names = [
      { kind: "ip", value: "127.0.0.1" },
      { kind: "dns", value: "issuer.test" },
    ] as const;
    const leaf = await root.issue({ publicKey: keyPair.publicKey, names });
    const server = createServer({ key: keyPair.toPkcs8Pem(), cert: leaf.toPem() });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new IssuerServer(server, root);
  }

  get origin(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url: path = "", headers } = request;
    this.calls.push({ path, authorization: headers.authorization });
    const answer = this.answers.get(path);
    if (typeof answer === "function") answer(request, response);
    else response.writeHead(answer === undefined ? 404 : 200).end(answer ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}
