import type { Socket } from "node:net";
import { type Clock, systemClock } from "../clock.ts";
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
  /** Whether the server has caught up with the connections that it serves. The default is that it always has. */
  readonly isOpen?: () => boolean;
  /** The default is the system's. */
  readonly clock?: Pick<Clock, "monotonicMs">;
  /** Called for each connection that is closed because too many wait. */
  readonly onEvicted?: () => void;
  /** Called for each connection whose client left, or sent nothing in time. */
  readonly onLeft?: (reason: "closed" | "reset" | "timeout", group: string) => void;
}

/** A client sends less before the server answers: a ClientHello takes one or two kilobytes. */
const maxFirstBytes = 16 * 1024;
const maxDebtors = 10_000;
/** Clients give up ten seconds or more after they began to connect, and the call itself takes a part of that. */
const freshMs = 6_000;
/** Between them, the calls of earlier connections make progress: otherwise all of a crowd would be served last. */
const perTurn = 8;

interface Waiter {
  readonly socket: Socket;
  readonly group: string;
  readonly sinceMs: number;
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
  /** Those that have sent nothing yet. */
  readonly #silent = new Set<Waiter>();
  /** The addresses whose newest connection has not waited for long, and when that one came. */
  readonly #fresh = new Map<string, number>();
  /** The number of addresses with more than one connection. */
  #crowded = 0;
  #size = 0;
  #isAdmitting = false;
  #nextTurn: NodeJS.Immediate | undefined;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  enter(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    if (socket.remoteAddress === undefined) return void socket.destroy();
    const sinceMs = this.#nowMs();
    const waiter = { socket, group: addressGroup(socket.remoteAddress), sinceMs, isReady: false };
    const waiters = this.#groups.get(waiter.group) ?? new Set();
    this.#groups.set(waiter.group, waiters.add(waiter));
    this.#silent.add(waiter);
    this.#fresh.delete(waiter.group);
    this.#fresh.set(waiter.group, sinceMs);
    if (waiters.size === 2) this.#crowded += 1;
    this.#size += 1;
    this.#awaitFirstBytes(waiter);
    if (this.#size > this.#options.max) this.#evict(waiter);
  }

  /** Counts a connection whose peer did not authenticate against its address. */
  blame(group: string): void {
    this.#debts.add(group);
  }

  /** Admits as many connections as the guard has room for, a few in each turn of the loop. */
  admit(): void {
    // The guard closes connections for new ones, and reports that there is room.
    if (this.#isAdmitting || this.#nextTurn !== undefined) return;
    this.#isAdmitting = true;
    try {
      let next = this.#next();
      for (let left = perTurn; next !== undefined && left > 0; left -= 1) {
        this.#serve(next);
        next = this.#next();
      }
      if (next !== undefined) this.#admitInNextTurn();
    } finally {
      this.#isAdmitting = false;
    }
  }

  #serve(next: Waiter): void {
    this.#leave(next);
    const connection = this.#options.guard.admit(next.socket);
    if (connection !== undefined) this.#options.serve(connection);
  }

  #admitInNextTurn(): void {
    this.#nextTurn = setImmediate(() => {
      this.#nextTurn = undefined;
      this.admit();
    });
  }

  close(): void {
    clearImmediate(this.#nextTurn);
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
      if (waiter.isReady) this.#silent.delete(waiter);
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
    this.#silent.delete(waiter);
    if (waiters.size === 1) this.#crowded -= 1;
    if (waiters.size === 0) {
      this.#groups.delete(waiter.group);
      this.#fresh.delete(waiter.group);
    }
    return true;
  }

  /**
   * A connection that the guard has room for. If more wait than can be served in time, those come first that have not
   * waited for long: otherwise every client would be served just when it gives up.
   */
  #next(): Waiter | undefined {
    const { guard, isOpen } = this.#options;
    if (this.#size === this.#silent.size || guard.isFull || isOpen?.() === false) return undefined;
    const freshSinceMs = this.#nowMs() - freshMs;
    for (const [group, sinceMs] of this.#fresh) {
      if (sinceMs > freshSinceMs) break;
      this.#fresh.delete(group);
    }
    const fresh = this.#nextOf(this.#fresh.keys(), freshSinceMs);
    if (fresh?.used === 0) return fresh.waiter;
    const longest = this.#nextOf(this.#groups.keys(), Number.NEGATIVE_INFINITY);
    if (fresh !== undefined && fresh.used === longest?.used) return fresh.waiter;
    return longest?.waiter;
  }

  /** The connection that has waited longest since then, of the address that has used least. */
  #nextOf(
    groups: Iterable<string>,
    afterMs: number,
  ): { readonly waiter: Waiter; readonly used: number } | undefined {
    const { guard } = this.#options;
    let [next, least]: [Waiter | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    for (const group of groups) {
      const used = this.#debts.of(group) + guard.unauthenticatedOf(group);
      if (used >= least || !guard.hasRoom(group)) continue;
      const ready = firstReady(this.#groups.get(group), afterMs);
      if (ready !== undefined) [next, least] = [ready, used];
      if (least === 0) break;
    }
    return next && { waiter: next, used: least };
  }

  /**
   * Closes a connection of the address that weighs more than the newest one's: one that has sent nothing yet if there is
   * one, and otherwise its newest. If all addresses weigh the same, the client that has been silent for longest leaves,
   * or the newest: those that have waited keep their place.
   */
  #evict(newest: Waiter): void {
    const victim = this.#victim(newest);
    this.#leave(victim);
    victim.socket.destroy();
    this.#options.onEvicted?.();
  }

  #victim(newest: Waiter): Waiter {
    const heaviest = this.#heavierThan(newest.group);
    const [silent = newest] = this.#silent;
    if (heaviest === undefined) return silent;
    let victim = newest;
    for (const waiter of heaviest) {
      victim = waiter;
      if (!waiter.isReady) break;
    }
    return victim;
  }

  /** The connections of the address that weighs most; undefined if all weigh as much as the given one. */
  #heavierThan(group: string): ReadonlySet<Waiter> | undefined {
    if (this.#crowded === 0 && this.#debts.isEmpty) return undefined;
    let heaviest = this.#groups.get(group);
    const own = (heaviest?.size ?? 0) + this.#debts.of(group);
    let most = own;
    for (const [other, waiters] of this.#groups) {
      const weight = waiters.size + this.#debts.of(other);
      if (weight > most) [heaviest, most] = [waiters, weight];
    }
    // An address with several connections makes room for its own new ones.
    return most > own || own > 1 ? heaviest : undefined;
  }

  #nowMs(): number {
    return (this.#options.clock ?? systemClock).monotonicMs();
  }
}

function firstReady(waiters: Iterable<Waiter> | undefined, afterMs: number): Waiter | undefined {
  for (const waiter of waiters ?? []) if (waiter.isReady && waiter.sinceMs > afterMs) return waiter;
  return undefined;
}
