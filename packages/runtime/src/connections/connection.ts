import type { Socket } from "node:net";

/** What ended a connection: its peer or the network, the wait for its first request, or this server for its own reasons. */
export type ConnectionEnd = "peer" | "timeout" | "server";

/** A connection that the guard has admitted. */
export interface GuardedConnection {
  readonly socket: Socket;
  /** The address that the connection counts against. */
  readonly group: string;
  /** Whether there was a request. */
  readonly isUsed: boolean;
  /** Whether the peer has authenticated, on an earlier call. */
  readonly isTrusted: boolean;
  readonly isClosed: boolean;
  /** Ends the wait for the first request, and makes the connection the one that was used last. */
  used(): void;
  /** Marks the first call as ended: if the peer has not authenticated by now, it has no claim to its connection. */
  settled(): void;
  /** Keeps the claim for as long as the peer waits for the server, until the returned function is called. */
  judge(): () => void;
  /** Marks the peer as authenticated: the connection no longer counts against its address. */
  trust(): void;
  /** Keeps the connection open for as long as a call is in progress, until the returned function is called. */
  hold(): () => void;
  /** Calls `listener` as soon as the connection is closed, before its streams end one by one. */
  onClosed(listener: () => void): void;
}

/** A peer that sends a byte now and then keeps its claim for this many times the grace. */
const maxWaits = 10;

export interface ConnectionParts {
  readonly socket: Socket;
  readonly group: string;
  readonly peer: string;
  readonly firstRequest: NodeJS.Timeout;
  /** How long the peer may send nothing before another connection may replace this one. */
  readonly graceMs: number;
  readonly touch: () => void;
  readonly onSettled: () => void;
}

/** The state that the guard keeps of a connection. */
export class Connection implements GuardedConnection {
  readonly socket: Socket;
  readonly group: string;
  readonly peer: string;
  readonly #parts: ConnectionParts;
  readonly #onClosed: (() => void)[] = [];
  #grace: NodeJS.Timeout | undefined;
  #received = 0;
  #waits = 0;
  #judgements = 0;
  holds = 0;
  isTrusted = false;
  /** Whether another connection may replace this one even though its peer has not authenticated yet. */
  isSettled: boolean;
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
    this.isSettled = parts.graceMs === 0;
    if (!this.isSettled) this.#awaitProgress();
  }

  stopWaiting(): void {
    clearTimeout(this.#parts.firstRequest);
  }

  onClosed(listener: () => void): void {
    this.#onClosed.push(listener);
  }

  /** Stops all timers. */
  forget(): void {
    this.stopWaiting();
    clearTimeout(this.#grace);
    for (const listener of this.#onClosed) listener();
  }

  used(): void {
    this.isUsed = true;
    this.stopWaiting();
    this.#parts.touch();
  }

  settled(): void {
    if (this.isSettled || this.isClosed) return;
    clearTimeout(this.#grace);
    this.isSettled = true;
    this.#parts.onSettled();
  }

  judge(): () => void {
    this.#judgements += 1;
    let isJudged = false;
    return () => {
      if (!isJudged) this.#judgements -= 1;
      isJudged = true;
    };
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
      this.#parts.touch();
    };
  }

  /**
   * On a busy machine, the bytes of the peer may have arrived before the timer fires, so they are read first: the peer
   * must not pay for the server's delay.
   */
  #awaitProgress(): void {
    this.#received = this.socket.bytesRead;
    this.#grace = setTimeout(() => setImmediate(() => this.#judgeProgress()), this.#parts.graceMs);
  }

  #judgeProgress(): void {
    if (this.isSettled || this.isClosed || this.isTrusted) return;
    this.#waits += 1;
    const isSilent = this.#judgements === 0 && this.socket.bytesRead === this.#received;
    if (isSilent || this.#waits >= maxWaits) this.settled();
    else this.#awaitProgress();
  }
}
