import type { Socket } from "node:net";
import { addressGroup } from "@kasbah/runtime";
import { TurnQueue } from "./turn-queue.ts";

export interface HandOversOptions {
  /** The number of connections that may wait for their hand-over. */
  readonly maxWaiting: number;
  /** Sends a connection to the worker; rejects with an error if that is impossible. */
  readonly send: (connection: number, socket: Socket, onFailed: () => void) => void;
  /** A connection was closed because too many wait. */
  readonly onEvicted: () => void;
}

interface Waiting {
  readonly connection: number;
  readonly socket: Socket;
}

/** Node sends one connection at a time and waits for its receipt. A second one saves that time. */
const window = 2;

/**
 * The connections that a worker holds, or that are on their way to it. While many wait, their addresses take turns, so
 * that one client cannot delay the others.
 */
export class HandOvers {
  readonly #options: HandOversOptions;
  readonly #waiting = new TurnQueue<Waiting>();
  /** Connections that the worker has not confirmed, and that this process therefore keeps. */
  readonly #sent = new Map<number, Socket>();
  readonly #groups = new Map<number, string>();
  readonly #byGroup = new Map<string, number>();

  constructor(options: HandOversOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#groups.size;
  }

  /** The number of connections of an address group. */
  of(group: string): number {
    return this.#byGroup.get(group) ?? 0;
  }

  add(connection: number, socket: Socket, group: string): void {
    this.#groups.set(connection, group);
    this.#byGroup.set(group, this.of(group) + 1);
    this.#waiting.add(group, { connection, socket });
    if (this.#waiting.size > this.#options.maxWaiting) this.#evict();
    this.#sendNext();
  }

  /** The worker has received the connection, so this process closes its own copy of the socket. */
  confirm(connection: number): void {
    this.#sent.get(connection)?.destroy();
    if (this.#sent.delete(connection)) this.#sendNext();
  }

  /** The connection is closed. */
  remove(connection: number): void {
    if (this.#forget(connection)) this.confirm(connection);
  }

  /** The worker has ended, and the kernel has closed what it held. */
  clear(): void {
    for (const socket of this.#sent.values()) socket.destroy();
    for (let next = this.#waiting.take(); next !== undefined; next = this.#waiting.take()) {
      next.socket.destroy();
    }
    for (const lists of [this.#sent, this.#groups, this.#byGroup]) lists.clear();
  }

  #sendNext(): void {
    while (this.#sent.size < window) {
      const next = this.#waiting.take();
      if (next === undefined) return;
      const { connection, socket } = next;
      this.#sent.set(connection, socket);
      this.#options.send(connection, socket, () => this.remove(connection));
    }
  }

  #evict(): void {
    const evicted = this.#waiting.takeNewestOfMost();
    if (evicted === undefined) return;
    evicted.socket.destroy();
    this.#forget(evicted.connection);
    this.#options.onEvicted();
  }

  #forget(connection: number): boolean {
    const group = this.#groups.get(connection);
    if (group === undefined) return false;
    this.#groups.delete(connection);
    const left = this.of(group) - 1;
    if (left === 0) this.#byGroup.delete(group);
    else this.#byGroup.set(group, left);
    return true;
  }
}

/** The group that a connection counts against, as in the guard of the worker; undefined if the client has left. */
export function groupOf(socket: Socket): string | undefined {
  return socket.remoteAddress === undefined ? undefined : addressGroup(socket.remoteAddress);
}
