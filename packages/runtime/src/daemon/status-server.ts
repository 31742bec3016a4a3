import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIP } from "node:net";
import { formatHostPort, type HostPort } from "../address.ts";
import { withBindReason } from "../connections/bind-failure.ts";
import { ConnectionGuard } from "../connections/connection-guard.ts";
import type { Logger } from "../log/log.ts";
import type { Registry } from "../metrics/registry.ts";
import type { Component } from "./lifecycle.ts";

/** Whether this process can accept work, and the reasons if it cannot. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** Problems that do not stop the work yet but need attention. */
  readonly warnings?: readonly string[];
}

export interface StatusServerDeps {
  readonly address: HostPort;
  /** The flag that sets the address, for messages. */
  readonly flag: string;
  readonly registry: Registry;
  readiness(): Readiness;
  /** Additional pages, by path. */
  readonly pages?: Readonly<Record<string, StatusPage>>;
  readonly logger: Logger;
}

export interface StatusReply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Must not change any state. If it throws, the server answers 500 without details. */
export type StatusPage = () => StatusReply | Promise<StatusReply>;

/**
 * Serves `/healthz/live`, `/healthz/ready` and `/metrics` (also as `/stats/prometheus`, the path in Istio's
 * scrape annotations) over plain HTTP, GET only and without side effects. The daemon's own event loop answers
 * `/healthz/live`: while it is blocked, the prober's timeout applies.
 */
export function createStatusServer(deps: StatusServerDeps): StatusServer {
  return createPageServer("status server", pagesOf(deps), deps);
}

/**
 * Serves `/healthz/live` and `/healthz/ready` alone, on a port that only probes need to reach: a crowd at the port
 * of the metrics cannot make them fail.
 */
export function createProbeServer(
  deps: Pick<StatusServerDeps, "address" | "flag" | "readiness" | "logger">,
): StatusServer {
  return createPageServer("probe server", probePages(deps.readiness), deps);
}

/** After the start, the address has the real port, even if the configured one is 0. */
export type StatusServer = Component & { readonly address: HostPort };

function createPageServer(
  name: string,
  pages: ReadonlyMap<string, StatusPage>,
  deps: Pick<StatusServerDeps, "address" | "flag" | "logger">,
): StatusServer {
  const isLocal = isLoopback(deps.address.host);
  const server = createHttpServer((request, response) => {
    if (isLocal && !isLocalName(request.headers.host)) return send(response, plain(421, "unknown host\n"));
    void answer(pages, request, response, deps.logger);
  });
  let address = deps.address;
  return {
    name,
    get address() {
      return address;
    },
    async start() {
      await withBindReason(deps.address, deps.flag, async () => {
        server.listen(deps.address.port, deps.address.host);
        await once(server, "listening");
      });
      const bound = server.address();
      if (bound !== null && typeof bound === "object")
        address = { host: deps.address.host, port: bound.port };
      deps.logger.info(`${name} listens`, { address: formatHostPort(address) });
    },
    stop: () => close(server),
  };
}

function probePages(readiness: () => Readiness): ReadonlyMap<string, StatusPage> {
  return new Map<string, StatusPage>([
    ["/healthz/live", () => plain(200, "alive\n")],
    ["/healthz/ready", () => readyReply(readiness())],
  ]);
}

function pagesOf({ registry, readiness, pages = {} }: StatusServerDeps): ReadonlyMap<string, StatusPage> {
  const metrics = async () => ({ status: 200, type: registry.contentType, body: await registry.metrics() });
  return new Map<string, StatusPage>([
    ...probePages(readiness),
    ["/metrics", metrics],
    ["/stats/prometheus", metrics],
    ...Object.entries(pages),
  ]);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

/**
 * On loopback, only addresses and `localhost` are valid host names. Any other name belongs to a web page that
 * resolves it to this port (DNS rebinding) to read the status through a visitor's browser.
 */
function isLocalName(host = ""): boolean {
  const name = host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1");
  return name === "" || name === "localhost" || isIP(name) !== 0;
}

/** More than any probers and scrapers need, and few enough to leave files to the service itself. */
const limits = { maxConnections: 128, maxConnectionsPerAddress: 0, firstRequestTimeoutMs: 30_000 };

/** A crowd of clients can only close the connections of each other: the newest is always served. */
function createHttpServer(listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const guard = new ConnectionGuard({ limits });
  const http = createServer(
    {
      // A slow client only occupies a connection, and the newest is always served. Shorter times would close
      // connections whose requests have arrived, but which a busy process has not read yet.
      headersTimeout: 30_000,
      requestTimeout: 60_000,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: 8192,
    },
    (request, response) => {
      guard.find(`${request.socket.remoteAddress}:${request.socket.remotePort}`)?.used();
      listener(request, response);
    },
  );
  // Before Node's own listener, which would read from a socket that the guard has closed.
  http.prependListener("connection", (socket) => void guard.admit(socket));
  return http;
}

async function answer(
  pages: ReadonlyMap<string, StatusPage>,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): Promise<void> {
  const page = pages.get((request.url ?? "").split("?", 1)[0] ?? "");
  if (page === undefined) return send(response, plain(404, "not found\n"));
  if (request.method !== "GET") return send(response, plain(405, "GET only\n"), { allow: "GET" });
  try {
    send(response, await page());
  } catch (error) {
    logger.error("status page failed", { error });
    send(response, plain(500, "failed\n"));
  }
}

function send(response: ServerResponse, reply: StatusReply, headers: Record<string, string> = {}): void {
  response.writeHead(reply.status, {
    "content-type": reply.type,
    "content-length": Buffer.byteLength(reply.body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    // A client that keeps its connection could only lose it to others, in the middle of its next request.
    connection: "close",
    ...headers,
  });
  response.end(reply.body);
}

function readyReply({ ready, reasons, warnings = [] }: Readiness): StatusReply {
  const shown = { ready, reasons, ...(warnings.length === 0 ? {} : { warnings }) };
  return jsonReply(shown, ready ? 200 : 503);
}

/** A page with a JSON body. */
export function jsonReply(value: unknown, status = 200): StatusReply {
  return { status, type: "application/json", body: `${JSON.stringify(value)}\n` };
}

function plain(status: number, body: string): StatusReply {
  return { status, type: "text/plain; charset=utf-8", body };
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const straggling = setTimeout(() => server.closeAllConnections(), 1000);
  await closed;
  clearTimeout(straggling);
}
