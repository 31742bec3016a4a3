import type { Socket } from "node:net";
import { addressGroup } from "./address-group.ts";

/** The limits of one listener. */
export interface ConnectionLimits {
  /** In total; a new connection closes the one that has been idle longest. */
  readonly maxConnections: number;
  /**
   * For the connections of one address (one /64 in IPv6) whose peers have not authenticated; a new connection closes
   * the one of its address that has been idle longest. With 0, this applies only to an address with more than a
   * quarter of all connections, and only if no connection is free.
   */
  readonly maxConnectionsPerAddress: number;
  /** From the connection to its first request. */
  readonly firstRequestTimeoutMs: number;
}

export interface ConnectionGuardOptions {
  readonly limits: ConnectionLimits;
  /** Whether the listener is a Unix socket, whose peers have no address and therefore no share. */
  readonly isLocal?: boolean;
  /** Called for each connection that is closed in favor of a new one. */
  readonly onEvicted?: () => void;
  /** Called for each connection that has ended. */
  readonly onEnded?: (connection: GuardedConnection, end: ConnectionEnd) => void;
}

/** What ended a connection: its peer or the network, the wait for its first request, or this server for its own reasons. */
export type ConnectionEnd = "peer" | "timeout" | "server";

/** The part of all connections above which an address makes room for its own new connections. */
const largestShare = 0.25;
/** The part of all connections that authenticated peers keep while other peers connect. */
const largestPart = 0.75;

/** A connection that the guard has admitted. */
export interface GuardedConnection {
  readonly socket: Socket;
  /** The address that the connection counts against. */
  readonly group: string;
  /** Whether there was a request. */
  readonly isUsed: boolean;
  /** Ends the wait for the first request, and makes the connection the one that was used last. */
  used(): void;
  /** Marks the peer as authenticated: the connection no longer counts against its address. */
  trust(): void;
  /** Keeps the connection open for as long as a call is in progress, until the returned function is called. */
  hold(): () => void;
}

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
    const firstRequest = setTimeout(() => {
      connection.end = "timeout";
      socket.destroy();
    }, this.#options.limits.firstRequestTimeoutMs);
    const touch = (connection: Connection) => this.#touch(connection);
    const connection: Connection = new Connection({ socket, group, peer, firstRequest, touch });
    this.#open.set(peer, connection);
    this.#touch(connection);
    socket.once("close", () => this.#forget(connection));
    return connection;
  }

  #forget(connection: Connection): void {
    if (connection.isClosed) return;
    connection.isClosed = true;
    connection.stopWaiting();
    if (this.#open.get(connection.peer) === connection) this.#open.delete(connection.peer);
    this.#unlist(connection);
    if (connection.isCounted) this.#authenticated -= 1;
    this.#options.onEnded?.(connection, connection.end);
    if (this.size > 0) return;
    for (const resolve of this.#emptied) resolve();
    this.#emptied.clear();
  }

  /** Moves a connection to the end of the lists that it belongs to now. */
  #touch(connection: Connection): void {
    if (connection.isClosed) return;
    this.#unlist(connection);
    if (connection.isTrusted) {
      if (!connection.isCounted) this.#authenticated += 1;
      connection.isCounted = true;
      if (connection.holds === 0) this.#idleAuthenticated.add(connection);
      return;
    }
    this.#unauthenticated.add(connection);
    const group = this.#byAddress.get(connection.group) ?? new Set();
    this.#byAddress.set(connection.group, group.add(connection));
  }

  #unlist(connection: Connection): void {
    this.#idleAuthenticated.delete(connection);
    if (!this.#unauthenticated.delete(connection)) return;
    const group = this.#byAddress.get(connection.group);
    group?.delete(connection);
    if (group?.size === 0) this.#byAddress.delete(connection.group);
  }

  #makeRoom(group: string): boolean {
    const { maxConnections, maxConnectionsPerAddress } = this.#options.limits;
    const ofAddress = this.#byAddress.get(group);
    const held = this.#options.isLocal === true ? 0 : (ofAddress?.size ?? 0);
    if (maxConnectionsPerAddress > 0 && held >= maxConnectionsPerAddress)
      return this.#evict(first(ofAddress));
    if (this.#open.size < maxConnections) return true;
    if (held > maxConnections * largestShare) return this.#evict(first(ofAddress));
    const [unauthenticated, authenticated] = [first(this.#unauthenticated), first(this.#idleAuthenticated)];
    // Otherwise the idle connections of one workload could leave no room for new callers.
    const areMost = this.#authenticated > maxConnections * largestPart;
    return this.#evict(areMost ? (authenticated ?? unauthenticated) : (unauthenticated ?? authenticated));
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

interface ConnectionParts {
  readonly socket: Socket;
  readonly group: string;
  readonly peer: string;
  readonly firstRequest: NodeJS.Timeout;
  readonly touch: (connection: Connection) => void;
}

class Connection implements GuardedConnection {
  readonly socket: Socket;
  readonly group: string;
  readonly peer: string;
  readonly #parts: ConnectionParts;
  holds = 0;
  isTrusted = false;
  /** Whether the guard counts it among the authenticated ones. */
  isCounted = false;
  isClosed = false;
  isUsed = false;
  end: ConnectionEnd = "peer";

  constructor(parts: ConnectionParts) {
    this.socket = parts.socket;
    this.group = parts.group;
    this.peer = parts.peer;
    this.#parts = parts;
  }

  stopWaiting(): void {
    clearTimeout(this.#parts.firstRequest);
  }

  used(): void {
    this.isUsed = true;
    this.stopWaiting();
    this.#parts.touch(this);
  }

  trust(): void {
    this.isTrusted = true;
    this.used();
  }

  hold(): () => void {
    this.holds += 1;
    this.trust();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.holds -= 1;
      this.#parts.touch(this);
    };
  }
}

function first<T>(values: Iterable<T> = []): T | undefined {
  for (const value of values) return value;
  return undefined;
}
