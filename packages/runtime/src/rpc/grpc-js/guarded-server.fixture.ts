import assert from "node:assert/strict";
import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  createServer as createHttp2Server,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer, type Socket, connect as tcpConnect } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ConnectionGuard } from "../../connections/connection-guard.ts";
import { defaultLimits, type ServerLimits } from "../limits.ts";
import { StreamGuard } from "./stream-guard.ts";

export interface Guarded extends AsyncDisposable {
  readonly guard: ConnectionGuard;
  readonly port: number;
  /** Calls to `/slow` that wait for their answer. */
  readonly waiting: (() => void)[];
}

/**
 * Serves HTTP/2 without TLS behind a guard, which cannot see the difference. A call to `/slow` authenticates its
 * caller.
 */
export async function listen(partial: Partial<ServerLimits>): Promise<Guarded> {
  const waiting: (() => void)[] = [];
  const limits = { ...defaultLimits, ...partial };
  const http2 = createHttp2Server();
  const guard = new ConnectionGuard({ limits });
  http2.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => {});
    const { remoteAddress, remotePort } = stream.session?.socket ?? {};
    const isTrusted = headers[":path"] === "/slow";
    const release = isTrusted ? guard.find(`${remoteAddress}:${remotePort}`)?.hold() : undefined;
    stream.once("close", () => release?.());
    const answer = () => {
      if (!stream.destroyed) stream.respond({ ":status": 200 }, { endStream: true });
    };
    if (headers[":path"] === "/lasting") stream.respond({ ":status": 200 });
    else if (headers[":path"] === "/slow") waiting.push(answer);
    else answer();
  });
  http2.on("sessionError", () => {});
  const streams = new StreamGuard({
    connections: guard,
    limits,
    mayLast: (path) => path === "/lasting",
  });
  const listener = createServer((socket) => {
    if (guard.admit(socket) !== undefined) http2.emit("connection", socket);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const dispose = async () => {
    listener.close();
    streams.close();
    guard.close();
  };
  return { guard, port, waiting, [Symbol.asyncDispose]: dispose };
}

export interface Peer extends Disposable {
  readonly session: ClientHttp2Session;
  readonly socket: Socket;
  readonly gone: Promise<unknown>;
}

/** Resolves when the connection is open, whether or not the server keeps it. */
export async function dial(
  { port }: Guarded,
  from: { localAddress?: string; localPort?: number | undefined } = {},
): Promise<Peer> {
  const socket = tcpConnect({ host: "127.0.0.1", port, ...from });
  socket.on("error", () => {});
  await once(socket, "connect");
  const gone = once(socket, "close");
  const session = connect(`http://127.0.0.1:${port}`, { createConnection: () => socket });
  session.on("error", () => {});
  return { session, socket, gone, [Symbol.dispose]: () => session.destroy() };
}

/** Resolves with the status, or undefined if the stream ended without one. */
export function get({ session }: Peer, path: string): Promise<unknown> {
  const stream = session.request({ ":path": path });
  stream.on("error", () => {});
  stream.resume();
  const status = new Promise((resolve) => stream.once("response", (headers) => resolve(headers[":status"])));
  return Promise.race([status, once(stream, "close").then(() => undefined)]);
}

/** Resolves once the condition holds; throws if that takes too long. */
export async function until(holds: () => boolean): Promise<void> {
  const startedAt = performance.now();
  while (!holds()) {
    assert.ok(performance.now() - startedAt < 60_000, `never held: ${holds}`);
    await nextTurn();
  }
}
