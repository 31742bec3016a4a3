import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import { formatHostPort, type HostPort } from "./address.ts";
import type { Component } from "./lifecycle.ts";
import type { Logger } from "./log.ts";

/** Whether work can be given to this process, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** What does not stop the work yet and should be looked at. */
  readonly warnings?: readonly string[];
}

export interface StatusServerOptions {
  readonly address: HostPort;
  readonly registry: Registry;
  readiness(): Readiness;
  readonly logger: Logger;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

type Page = () => Reply | Promise<Reply>;

/**
 * Serves `/healthz/live`, `/healthz/ready` and `/metrics` over plain HTTP, GET only and without side effects. After
 * `start`, `address` is the real one, also for port 0.
 */
export function createStatusServer(o: StatusServerOptions): Component & { readonly address: HostPort } {
  const pages = new Map<string, Page>([
    ["/healthz/live", () => ({ status: 200, type: "text/plain; charset=utf-8", body: "alive\n" })],
    ["/healthz/ready", () => readyReply(o.readiness())],
    [
      "/metrics",
      async () => ({ status: 200, type: o.registry.contentType, body: await o.registry.metrics() }),
    ],
  ]);
  const server = createHttpServer((request, response) => void answer(pages, request, response, o.logger));
  let address = o.address;
  return {
    name: "status server",
    get address() {
      return address;
    },
    async start() {
      server.listen(o.address.port, o.address.host);
      await once(server, "listening");
      const bound = server.address();
      if (bound !== null && typeof bound === "object") address = { host: o.address.host, port: bound.port };
      o.logger.info("status server listens", { address: formatHostPort(address) });
    },
    stop: () => close(server),
  };
}

function createHttpServer(listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(
    {
      // A prober sends a few hundred bytes at once; anything slower holds a connection for nothing.
      headersTimeout: 5000,
      requestTimeout: 10_000,
      keepAliveTimeout: 15_000,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: 8192,
    },
    listener,
  );
  server.maxConnections = 256;
  return server;
}

async function answer(
  pages: ReadonlyMap<string, Page>,
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

function send(response: ServerResponse, reply: Reply, headers: Record<string, string> = {}): void {
  response.writeHead(reply.status, {
    "content-type": reply.type,
    "content-length": Buffer.byteLength(reply.body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...headers,
  });
  response.end(reply.body);
}

function readyReply({ ready, reasons, warnings = [] }: Readiness): Reply {
  const shown = { ready, reasons, ...(warnings.length === 0 ? {} : { warnings }) };
  const body = `${JSON.stringify(shown)}\n`;
  return { status: ready ? 200 : 503, type: "application/json", body };
}

function plain(status: number, body: string): Reply {
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
