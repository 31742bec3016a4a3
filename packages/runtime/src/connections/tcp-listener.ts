import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { HostPort } from "../address.ts";

export interface TcpListenerOptions {
  readonly onSocket: (socket: Socket) => void;
  /** Called if connections cannot be accepted; the listener stays open. */
  readonly onAcceptError: (error: Error) => void;
  /** Reads nothing from new connections, so that another process can. */
  readonly pauseOnConnect?: boolean;
}

/** An open port. */
export interface TcpListener {
  readonly server: Server;
  /** With the port that the kernel chose if the configured one is 0. */
  readonly address: HostPort;
}

/** In bytes; a socket that waits reads no more, until its TLS connection reads for itself. */
export const firstBytesBuffered = 4 * 1024;
/** The kernel lowers it to `net.core.somaxconn`. With Node's 511, a burst makes clients wait for a retransmission. */
const backlog = 4_096;

export async function listenTcp(address: HostPort, options: TcpListenerOptions): Promise<TcpListener> {
  const { onSocket, onAcceptError, pauseOnConnect = false } = options;
  const server = createServer({ noDelay: true, highWaterMark: firstBytesBuffered, pauseOnConnect }, onSocket);
  server.listen({ ...address, backlog });
  await once(server, "listening");
  server.on("error", onAcceptError);
  const bound = server.address();
  const port = bound !== null && typeof bound === "object" ? bound.port : address.port;
  return { server, address: { host: address.host, port } };
}
