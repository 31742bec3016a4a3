import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

/** A response of the API server. Depending on the call, its body is an object, a list or a Status. */
export interface ApiReply<Body> {
  readonly status: number;
  readonly body: Body;
}

/** One event of a watch. */
export interface WatchEvent<Item> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Item;
}

export interface AdminClientOptions {
  readonly url: URL;
  readonly caPem: string;
  readonly token: string;
}

/** Calls the Kubernetes API with full rights. */
export class AdminClient {
  readonly #options: AdminClientOptions;
  readonly #connections: Agent;

  constructor(options: AdminClientOptions) {
    this.#options = options;
    this.#connections = new Agent({ keepAlive: true, ca: options.caPem });
  }

  /** Sends an object as JSON; with PATCH, as a merge patch. */
  async request<Body = unknown>(method: string, path: string, body?: unknown): Promise<ApiReply<Body>> {
    const response = await this.#send(method, path, body);
    const answer = await text(response);
    const isJson = response.headers["content-type"]?.startsWith("application/json");
    return { status: response.statusCode ?? 0, body: isJson ? JSON.parse(answer) : answer };
  }

  /** Whether a GET returns a success status. */
  async isOk(path: string): Promise<boolean> {
    try {
      return (await this.request("GET", path)).status === 200;
    } catch {
      return false;
    }
  }

  /**
   * The events of a path such as `/api/v1/pods?watch=true`, until the server closes the watch or the caller
   * leaves the loop.
   */
  async *watch<Item>(path: string): AsyncGenerator<WatchEvent<Item>> {
    const response = await this.#send("GET", path);
    try {
      if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`);
      for await (const line of createInterface({ input: response })) yield JSON.parse(line);
    } finally {
      response.destroy();
    }
  }

  close(): void {
    this.#connections.destroy();
  }

  async #send(method: string, path: string, body?: unknown): Promise<IncomingMessage> {
    const { url, token } = this.#options;
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers = { authorization: `Bearer ${token}`, "content-type": type };
    const call = request(new URL(path, url), { method, headers, agent: this.#connections, timeout: 30_000 });
    call.once("timeout", () => call.destroy(new Error(`${method} ${path} was not answered within 30 s`)));
    call.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = await once(call, "response");
    // A watch may stay silent for a long time.
    call.setTimeout(0);
    return response;
  }
}
