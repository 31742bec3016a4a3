import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Limits the open connections of a server. Any user of this machine can connect, so a new connection closes the oldest
 * one that no session uses: connections that send nothing, or read nothing, cannot keep the operator out.
 */
export class ConnectionLimit {
  /** Connections without a session, oldest first. */
  readonly #unknown = new Set<Socket>();
  readonly #max: number;
  #open = 0;

  constructor(server: Server, max: number) {
    this.#max = max;
    server.on("connection", (socket) => this.#add(socket));
  }

  /** Keeps a connection whose request had a session. */
  keep(socket: Socket): void {
    this.#unknown.delete(socket);
  }

  #add(socket: Socket): void {
    this.#open += 1;
    this.#unknown.add(socket);
    socket.once("close", () => {
      this.#open -= 1;
      this.#unknown.delete(socket);
    });
    if (this.#open <= this.#max) return;
    const [oldest] = this.#unknown;
    if (oldest === undefined) return;
    this.#unknown.delete(oldest);
    oldest.destroy();
  }
}
