import type { Socket } from "node:net";
import { addressGroup } from "@kasbah/runtime";

/** The connections that a worker holds, or that are on their way to it. */
export class HandOvers {
  /** Connections that the worker has not confirmed: this process must close them if the worker ends. */
  readonly #sent = new Map<number, Socket>();
  readonly #groups = new Map<number, string>();
  readonly #byGroup = new Map<string, number>();

  get size(): number {
    return this.#groups.size;
  }

  /** The number that the worker has not confirmed yet. */
  get unconfirmed(): number {
    return this.#sent.size;
  }

  /** The number of connections of an address group. */
  of(group: string): number {
    return this.#byGroup.get(group) ?? 0;
  }

  add(connection: number, socket: Socket, group: string): void {
    this.#sent.set(connection, socket);
    this.#groups.set(connection, group);
    this.#byGroup.set(group, this.of(group) + 1);
  }

  confirm(connection: number): void {
    this.#sent.delete(connection);
  }

  remove(connection: number): void {
    const group = this.#groups.get(connection);
    if (group === undefined) return;
    this.#sent.get(connection)?.destroy();
    this.#sent.delete(connection);
    this.#groups.delete(connection);
    const left = this.of(group) - 1;
    if (left === 0) this.#byGroup.delete(group);
    else this.#byGroup.set(group, left);
  }

  /** The worker has ended, and the kernel has closed what it held. */
  clear(): void {
    for (const connection of [...this.#groups.keys()]) this.remove(connection);
  }
}

/** The group that a connection counts against, as in the guard of the worker; undefined if the client has left. */
export function groupOf(socket: Socket): string | undefined {
  return socket.remoteAddress === undefined ? undefined : addressGroup(socket.remoteAddress);
}
