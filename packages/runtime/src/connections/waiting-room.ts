import type { Socket } from "node:net";
import { AddressDebts } from "./address-debts.ts";
import { addressGroup } from "./address-group.ts";
import type { GuardedConnection } from "./connection.ts";
import type { ConnectionGuard } from "./connection-guard.ts";

export interface WaitingRoomOptions {
  readonly guard: ConnectionGuard;
  /** Beyond it, a connection of the address leaves that has most of them, the newest last. */
  readonly max: number;
  /** From the connection to its first byte. */
  readonly firstByteTimeoutMs: number;
  /** Begins to serve a connection that the guard has admitted. */
  readonly serve: (connection: GuardedConnection) => void;
  /** Called for each connection that is closed because too many wait. */
  readonly onEvicted?: () => void;
  /** Called for each connection whose client left, or sent nothing in time. */
  readonly onLeft?: (reason: "closed" | "reset" | "timeout", group: string) => void;
}

/** A client sends less before the server answers: a ClientHello takes one or two kilobytes. */
const maxFirstBytes = 16 * 1024;
const maxDebtors = 10_000;

interface Waiter {
  readonly socket: Socket;
  readonly group: string;
  /** Whether the client has sent its first bytes. */
  isReady: boolean;
}

/**
 * Where new connections wait until the guard has room for them, at the cost of a bare socket: a TLS connection takes
 * ten times as much memory, and its handshake most of the time of a call. A silent client that waits costs no other client anything.
 * Addresses take turns, and those come first whose recent connections have authenticated.
 */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  readonly #groups = new Map<string, Set<Waiter>>();
  readonly #debts = new AddressDebts(maxDebtors);
  #size = 0;
  #isAdmitting = false;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  enter(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    if (socket.remoteAddress === undefined) return void socket.destroy();
    const waiter = { socket, group: addressGroup(socket.remoteAddress), isReady: false };
    const waiters = this.#groups.get(waiter.group) ?? new Set();
    this.#groups.set(waiter.group, waiters.add(waiter));
    this.#size += 1;
    this.#awaitFirstBytes(waiter);
    if (this.#size > this.#options.max) this.#evict();
  }

  /** Counts a connection whose peer did not authenticate against its address. */
  blame(group: string): void {
    this.#debts.add(group);
  }

  /** Admits as many connections as the guard has room for. */
  admit(): void {
    // The guard closes connections for new ones, and reports that there is room.
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        this.#leave(next);
        const connection = this.#options.guard.admit(next.socket);
        if (connection !== undefined) this.#options.serve(connection);
      }
    } finally {
      this.#isAdmitting = false;
    }
  }

  close(): void {
    for (const waiters of this.#groups.values()) for (const { socket } of waiters) socket.destroy();
  }

  #awaitFirstBytes(waiter: Waiter): void {
    const { socket } = waiter;
    const { firstByteTimeoutMs, onLeft } = this.#options;
    const silent = setTimeout(() => {
      if (this.#leave(waiter)) onLeft?.("timeout", waiter.group);
      socket.destroy();
    }, firstByteTimeoutMs);
    const onReadable = () => {
      clearTimeout(silent);
      if (socket.readableLength > maxFirstBytes) return void socket.destroy();
      waiter.isReady = socket.readableLength > 0;
      this.admit();
    };
    socket.once("readable", onReadable);
    socket.once("close", () => {
      clearTimeout(silent);
      if (this.#leave(waiter)) onLeft?.(waiter.isReady ? "closed" : "reset", waiter.group);
    });
  }

  /** Returns whether it still waited. */
  #leave(waiter: Waiter): boolean {
    const waiters = this.#groups.get(waiter.group);
    if (waiters?.delete(waiter) !== true) return false;
    this.#size -= 1;
    if (waiters.size === 0) this.#groups.delete(waiter.group);
    return true;
  }

  /** The connection that has waited longest of the address that has used least, if the guard has room for it. */
  #next(): Waiter | undefined {
    const { guard } = this.#options;
    let [next, least]: [Waiter | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    for (const [group, waiters] of this.#groups) {
      const used = this.#debts.of(group) + guard.unauthenticatedOf(group);
      if (used >= least || !guard.hasRoom(group)) continue;
      const ready = firstReady(waiters);
      if (ready !== undefined) [next, least] = [ready, used];
    }
    return next;
  }

  /** Closes a connection that has sent nothing yet if there is one, and otherwise the newest. */
  #evict(): void {
    const waiters = this.#heaviest();
    let victim: Waiter | undefined;
    for (const waiter of waiters) {
      victim = waiter;
      if (!waiter.isReady) break;
    }
    if (victim === undefined) return;
    this.#leave(victim);
    victim.socket.destroy();
    this.#options.onEvicted?.();
  }

  #heaviest(): ReadonlySet<Waiter> {
    let [heaviest, most]: [ReadonlySet<Waiter>, number] = [new Set(), 0];
    for (const [group, waiters] of this.#groups) {
      const weight = waiters.size + this.#debts.of(group);
      if (weight > most) [heaviest, most] = [waiters, weight];
    }
    return heaviest;
  }
}

function firstReady(waiters: Iterable<Waiter>): Waiter | undefined {
  for (const waiter of waiters) if (waiter.isReady) return waiter;
  return undefined;
}
