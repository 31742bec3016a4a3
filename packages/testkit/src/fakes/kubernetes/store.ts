import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { createKeyPair } from "@kasbah/pki";
import { type TemporaryDirectory, temporaryDirectory } from "../../disk/temporary-directory.ts";
import { createTestAuthority, type TestAuthority } from "../../minting/test-authority.ts";
import { type FakeEvent, FakeObjects, kindOf } from "./objects.ts";
import {
  answerFakeCall,
  type FakeAddress,
  type FakeReply,
  fakeStatus,
  isAskedFor,
  readFakeAddress,
} from "./rest.ts";

/** A request that the store received. */
export interface FakeStoreCall {
  readonly method: string;
  /** Including its query, as sent. */
  readonly path: string;
}

export interface FakeStoreTrouble {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const rootFile = "ca.pem";

interface Watcher extends FakeAddress {
  readonly response: ServerResponse;
}

/**
 * A Kubernetes API on loopback over real TLS that stores objects, notifies watchers and fails as a test sets
 * it.
 */
export class FakeKubernetesStore {
  readonly url: URL;
  /** PEM of the root that its certificate chains to; removed on close. */
  readonly caFile: string;
  readonly objects = new FakeObjects((event) => this.#tell(event));
  readonly calls: FakeStoreCall[] = [];
  /** The maximum number of concurrent writes. */
  mostWritesAtOnce = 0;
  delayMs = 0;
  /** Returns the fault that replaces an answer, if any. */
  trouble: (call: FakeStoreCall) => FakeStoreTrouble | undefined = () => undefined;
  readonly #server: Server;
  readonly #directory: TemporaryDirectory;
  readonly #watchers = new Set<Watcher>();
  #forgottenTo = 0;
  #writes = 0;

  constructor(server: Server, directory: TemporaryDirectory) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("a TCP server has a port");
    this.url = new URL(`https://127.0.0.1:${address.port}`);
    this.caFile = directory.join(rootFile);
    this.#server = server;
    this.#directory = directory;
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** The calls with a prefix, such as `PUT /api/v1/namespaces/`. */
  callsOf(prefix: string): readonly FakeStoreCall[] {
    return this.calls.filter(({ method, path }) => `${method} ${path}`.startsWith(prefix));
  }

  /** Breaks all watches in the middle of a response. */
  cut(): void {
    for (const { response } of this.#watchers) response.destroy();
  }

  /** Ends all watches as the server does at their timeout. */
  end(): void {
    for (const { response } of this.#watchers) response.end();
  }

  /** Forgets all previous changes, as etcd does, so that older watches must list again. */
  expire(): void {
    this.#forgottenTo = this.objects.version;
    this.send({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } });
    this.end();
  }

  bookmark(): void {
    for (const { response, resource } of this.#watchers) {
      const metadata = { resourceVersion: String(this.objects.version) };
      line(response, { type: "BOOKMARK", object: { kind: kindOf(resource), metadata } });
    }
  }

  /** Sends one line to all watchers: an event of any shape, or other text. */
  send(event: unknown): void {
    for (const { response } of this.#watchers) line(response, event);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
    await this.#directory.remove();
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "" } = request;
    const body = await text(request);
    const call = { method, path };
    this.calls.push(call);
    const isWrite = method !== "GET";
    if (isWrite) this.mostWritesAtOnce = Math.max(this.mostWritesAtOnce, ++this.#writes);
    if (this.delayMs > 0) await sleep(this.delayMs);
    if (isWrite) this.#writes -= 1;
    const address = readFakeAddress(new URL(path, this.url));
    const trouble = this.trouble(call);
    if (trouble !== undefined) response.writeHead(trouble.status, trouble.headers).end(trouble.body ?? "{}");
    else if (address === undefined) reply(response, fakeStatus(404));
    else if (address.query.get("watch") === "true") this.#watch({ ...address, response });
    else reply(response, answerFakeCall(this.objects, method, address, body));
  }

  #watch(watcher: Watcher): void {
    const { query, response } = watcher;
    const since = Number(query.get("resourceVersion"));
    if (since < this.#forgottenTo) {
      reply(response, fakeStatus(410));
      return;
    }
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    this.#watchers.add(watcher);
    response.once("close", () => this.#watchers.delete(watcher));
    for (const event of this.objects.events) if (event.version > since) tell(watcher, event);
  }

  #tell(event: FakeEvent): void {
    for (const watcher of this.#watchers) tell(watcher, event);
  }
}

export async function startFakeKubernetesStore(): Promise<FakeKubernetesStore> {
  const authority = await createTestAuthority();
  const directory = await temporaryDirectory();
  await writeFile(directory.join(rootFile), authority.rootPem);
  const server = createServer(await servingIdentity(authority), (request, response) => {
    void store.serve(request, response).catch((error) => response.destroy(error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const store = new FakeKubernetesStore(server, directory);
  return store;
}

function tell(watcher: Watcher, { type, resource, object }: FakeEvent): void {
  if (resource === watcher.resource && isAskedFor(object, watcher)) line(watcher.response, { type, object });
}

function line(response: ServerResponse, event: unknown): void {
  response.write(`${typeof event === "string" ? event : JSON.stringify(event)}\n`);
}

function reply(response: ServerResponse, [status, body]: FakeReply): void {
  response.writeHead(status).end(JSON.stringify(body));
}

async function servingIdentity(authority: TestAuthority) {
  const keyPair = await createKeyPair("P-256");
  const ip = { kind: "ip", value: "127.0.0.1" } as const;
  const leaf = await authority.issue({ publicKey: keyPair.publicKey, names: [ip] });
  return { cert: leaf.toPem(), key: keyPair.toPkcs8Pem() };
}
