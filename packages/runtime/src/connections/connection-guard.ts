import type { Socket } from "node:net";
import { addressGroup } from "./address-group.ts";
import { Connection, type ConnectionEnd, type GuardedConnection } from "./connection.ts";

/** The limits of one listener. */
export interface ConnectionLimits {
  /** In total; a new connection closes the one that has been idle longest. */
  readonly maxConnections: number;
  /** For the connections whose peers have not authenticated. If undefined, only the total counts. */
  readonly maxUnauthenticated?: number;
  /**
   * For the connections of one address (one /64 in IPv6) whose peers have not authenticated; a new connection closes
   * the one of its address that has been idle longest. With 0, this applies only to an address with more than a
   * quarter of all connections, and only if no connection is free.
   */
  readonly maxConnectionsPerAddress: number;
  /** From the connection to its first request. */
  readonly firstRequestTimeoutMs: number;
  /**
   * How long a new peer may send nothing before its connection may be closed for another one, unless its first call
   * ends sooner. 0, the default, gives new peers no such claim.
   */
  readonly graceMs?: number;
}

export interface ConnectionGuardOptions {
  readonly limits: ConnectionLimits;
  /** Whether the listener is a Unix socket, whose peers have no address and therefore no share. */
  readonly isLocal?: boolean;
  /** Called for each connection that is closed in favor of a new one. */
  readonly onEvicted?: () => void;
  /** Called for each connection that has ended. */
  readonly onEnded?: (connection: GuardedConnection, end: ConnectionEnd) => void;
  /** Called for each connection that closed before its peer authenticated. */
  readonly onUnauthenticated?: (group: string) => void;
  /** Called whenever a connection that was refused before might be admitted now. */
  readonly onRoom?: () => void;
}

/** The part of all connections above which an address makes room for its own new connections. */
const largestShare = 0.25;
/** The part of all connections that authenticated peers keep while other peers connect. */
const largestPart = 0.75;

/**
 * Limits the connections of one listener, below its protocol. To make room, it closes the connection that has been
 * idle longest, never the newest, and one of an authenticated peer only if these hold most of the connections.
 */
export class ConnectionGuard {
  readonly #options: ConnectionGuardOptions;
  readonly #open = new Map<string, Connection>();
  /** In order of their last use, as are the next two. */
  readonly #unauthenticated = new Set<Connection>();
  readonly #byAddress = new Map<string, Set<Connection>>();
  /** The unauthenticated ones that another connection may replace, in the order in which they settled or were used. */
  readonly #settled = new Set<Connection>();
  readonly #idleAuthenticated = new Set<Connection>();
  readonly #emptied = new Set<() => void>();
  #authenticated = 0;
  #unnamed = 0;

  constructor(options: ConnectionGuardOptions) {
    this.#options = options;
  }

  /** The number of open connections. */
  get size(): number {
    return this.#open.size;
  }

  /** Returns undefined if the connection was closed, because every other one has a call in progress. */
  admit(socket: Socket): GuardedConnection | undefined {
    socket.on("error", () => socket.destroy());
    const peer = this.#peerOf(socket);
    // The kernel reuses a port as soon as its last connection is closed, possibly before that is noticed here.
    this.#open.get(peer ?? "")?.socket.destroy();
    const group = socket.remoteAddress === undefined ? "" : addressGroup(socket.remoteAddress);
    if (peer === undefined || !this.#makeRoom(group)) {
      socket.destroy();
      return undefined;
    }
    return this.#add(peer, group, socket);
  }

  /** Whether no connection from any address would be admitted now. */
  get isFull(): boolean {
    if (this.#settled.size > 0) return false;
    const { maxConnections } = this.#options.limits;
    if (this.#isCrowded) return true;
    return this.#open.size >= maxConnections && this.#idleAuthenticated.size === 0;
  }

  /** Whether a connection of this address would be admitted now. */
  hasRoom(group: string): boolean {
    return this.#placeFor(group) !== undefined;
  }

  /** The number of connections of an address whose peers have not authenticated. */
  unauthenticatedOf(group: string): number {
    return this.#byAddress.get(group)?.size ?? 0;
  }

  /** The connection from `address:port`. */
  find(peer: string): GuardedConnection | undefined {
    return this.#open.get(peer);
  }

  /**
   * Closes the connection that weighs most. One of an authenticated peer counts half, because it may carry the calls
   * of many workloads.
   */
  closeHeaviest(weigh: (connection: GuardedConnection) => number): void {
    let [heaviest, most]: [Connection | undefined, number] = [undefined, 0];
    for (const connection of this.#open.values()) {
      const weight = weigh(connection) / (connection.isTrusted ? 2 : 1);
      if (weight > most) [heaviest, most] = [connection, weight];
    }
    this.#evict(heaviest);
  }

  /** Resolves when no connection is open. */
  async emptied(): Promise<void> {
    if (this.size > 0) await new Promise<void>((resolve) => this.#emptied.add(resolve));
  }

  /** Closes all connections. */
  close(): void {
    for (const connection of this.#open.values()) {
      connection.end = "server";
      connection.socket.destroy();
    }
  }

  /** The key of a connection; undefined if the socket was closed before it was accepted. */
  #peerOf({ remoteAddress, remotePort, destroyed }: Socket): string | undefined {
    if (remoteAddress !== undefined) return `${remoteAddress}:${remotePort}`;
    if (destroyed || this.#options.isLocal !== true) return undefined;
    this.#unnamed += 1;
    return `#${this.#unnamed}`;
  }

  #add(peer: string, group: string, socket: Socket): Connection {
    const { firstRequestTimeoutMs, graceMs = 0 } = this.#options.limits;
    const firstRequest = setTimeout(() => {
      connection.end = "timeout";
      socket.destroy();
    }, firstRequestTimeoutMs);
    const connection: Connection = new Connection({
      ...{ socket, group, peer, firstRequest, graceMs },
      touch: () => this.#touch(connection),
      onSettled: () => {
        if (this.#unauthenticated.has(connection)) this.#settled.add(connection);
        this.#options.onRoom?.();
      },
    });
    this.#open.set(peer, connection);
    this.#touch(connection);
    socket.once("close", () => this.#forget(connection));
    return connection;
  }

  #forget(connection: Connection): void {
    if (connection.isClosed) return;
    connection.isClosed = true;
    connection.forget();
    if (this.#open.get(connection.peer) === connection) this.#open.delete(connection.peer);
    this.#unlist(connection);
    if (connection.isCounted) this.#authenticated -= 1;
    else this.#options.onUnauthenticated?.(connection.group);
    this.#options.onEnded?.(connection, connection.end);
    this.#options.onRoom?.();
    if (this.size > 0) return;
    for (const resolve of this.#emptied) resolve();
    this.#emptied.clear();
  }

  /** Moves a connection to the end of the lists that it belongs to now. */
  #touch(connection: Connection): void {
    if (connection.isClosed) return;
    this.#unlist(connection);
    if (connection.isTrusted) {
      const isNew = !connection.isCounted;
      connection.isCounted = true;
      if (connection.holds === 0) this.#idleAuthenticated.add(connection);
      if (isNew) this.#authenticated += 1;
      if (isNew || connection.holds === 0) this.#options.onRoom?.();
      return;
    }
    this.#unauthenticated.add(connection);
    if (connection.isSettled) this.#settled.add(connection);
    const group = this.#byAddress.get(connection.group) ?? new Set();
    this.#byAddress.set(connection.group, group.add(connection));
  }

  #unlist(connection: Connection): void {
    this.#idleAuthenticated.delete(connection);
    this.#settled.delete(connection);
    if (!this.#unauthenticated.delete(connection)) return;
    const group = this.#byAddress.get(connection.group);
    group?.delete(connection);
    if (group?.size === 0) this.#byAddress.delete(connection.group);
  }

  get #maxUnauthenticated(): number {
    const { maxConnections, maxUnauthenticated = maxConnections } = this.#options.limits;
    return Math.min(maxUnauthenticated, maxConnections);
  }

  get #isCrowded(): boolean {
    return this.#unauthenticated.size >= this.#maxUnauthenticated;
  }

  #makeRoom(group: string): boolean {
    const place = this.#placeFor(group);
    return place === "free" || this.#evict(place);
  }

  /** The connection to close for a new one of this address; undefined if all others must stay. */
  #placeFor(group: string): Connection | "free" | undefined {
    const { maxConnections, maxConnectionsPerAddress } = this.#options.limits;
    const most = this.#maxUnauthenticated;
    const ofAddress = this.#byAddress.get(group);
    const held = this.#options.isLocal === true ? 0 : (ofAddress?.size ?? 0);
    if (maxConnectionsPerAddress > 0 && held >= maxConnectionsPerAddress) return settledIn(ofAddress);
    const isCrowded = this.#isCrowded;
    if (this.#open.size < maxConnections && !isCrowded) return "free";
    if (held > most * largestShare) return settledIn(ofAddress);
    const unauthenticated = first(this.#settled);
    if (isCrowded) return unauthenticated;
    const authenticated = first(this.#idleAuthenticated);
    // Otherwise the idle connections of one workload could leave no room for new callers.
    const areMost = this.#authenticated > maxConnections * largestPart;
    return areMost ? (authenticated ?? unauthenticated) : (unauthenticated ?? authenticated);
  }

  #evict(connection: Connection | undefined): boolean {
    if (connection === undefined) return false;
    // The event "close" comes later, possibly after the next connection.
    connection.end = "server";
    this.#forget(connection);
    connection.socket.destroy();
    this.#options.onEvicted?.();
    return true;
  }
}

/** The first connection that has had the time to authenticate. */
function settledIn(connections: Iterable<Connection> = []): Connection | undefined {
  for (const connection of connections) if (connection.isSettled) return connection;
  return undefined;
}

function first<T>(values: Iterable<T> = []): T | undefined {
  for (const value of values) return value;
  return undefined;
}
