import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { errnoOf } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import type { ConsoleReply } from "./reply.ts";
import { jsonAnswer, sendReply } from "./reply.ts";

/** @param keep is called if the request has a session */
export type Handle = (request: IncomingMessage, keep: () => void) => Promise<ConsoleReply>;

export interface ListeningConsole {
  readonly port: number;
  close(): Promise<void>;
}

/** Never another address: the answers name every workload of the mesh. */
const loopback = "127.0.0.1";
const maxConnections = 64;

/**
 * Listens on the loopback. `createHandler` gets the port, which the system chooses for port 0. @throws CliError
 * `PORT_TAKEN`
 */
export async function serveConsole(
  wantedPort: number,
  createHandler: (port: number) => Handle,
  report: (text: string) => void,
): Promise<ListeningConsole> {
  let handle: Handle | undefined;
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 20_000,
      connectionsCheckingInterval: 2000,
    },
    (request, response) => void answer(request, response, handleKept, report),
  );
  const limit = new ConnectionLimit(server, maxConnections);
  const handleKept = (request: IncomingMessage) => {
    if (handle === undefined) throw new Error("a request arrived before the console was ready");
    return handle(request, () => limit.keep(request.socket));
  };
  server.maxHeadersCount = 100;
  const port = await listen(server, wantedPort);
  handle = createHandler(port);
  return { port, close: () => closeAll(server) };
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    server.listen({ port, host: loopback, exclusive: true });
    await once(server, "listening");
  } catch (error) {
    const reason = errnoOf(error);
    if (reason !== "EADDRINUSE" && reason !== "EACCES") throw error;
    const why = reason === "EACCES" ? "needs more rights" : "is in use";
    throw new CliError("PORT_TAKEN", `--port: port ${port} ${why}: choose another, or none`, {
      cause: error,
    });
  }
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : port;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (request: IncomingMessage) => Promise<ConsoleReply>,
  report: (text: string) => void,
): Promise<void> {
  const acceptsGzip = /\bgzip\b/.test(`${request.headers["accept-encoding"] ?? ""}`);
  try {
    sendReply(response, await handle(request), acceptsGzip);
  } catch (error) {
    if (response.destroyed) return;
    report(`kasbah: the console failed to answer ${request.method}: ${String(error)}\n`);
    if (!response.headersSent) sendReply(response, internal(), false);
  }
}

/** The error may contain anything, so the browser gets none of it. */
function internal(): ConsoleReply {
  const message = "the console failed to answer; its terminal shows the reason";
  return jsonAnswer({ code: "INTERNAL", message }, 500);
}

async function closeAll(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
