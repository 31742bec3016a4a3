import type { Server, TLSSocket } from "node:tls";
import { errnoOf } from "../errors.ts";
import type { ConnectionEnd, GuardedConnection } from "./connection.ts";
import { type FailedHandshake, failedHandshakeOf } from "./failed-handshake.ts";

export interface HandshakeWatchDeps {
  /** Finds an open connection by `address:port`. */
  readonly find: (peer: string) => GuardedConnection | undefined;
  /** @param group the address that the connection counted against */
  readonly onFailure: (reason: FailedHandshake, group: string) => void;
  /** After it, the server closes a connection without a finished handshake. */
  readonly handshakeTimeoutMs: number;
}

/** The server reports its own timeout only after it has forgotten the address of the peer. */
const earlyMs = 50;

interface Progress {
  /** Set once the handshake is finished. */
  tls?: TLSSocket;
  isLate: boolean;
  isReported: boolean;
  readonly late: NodeJS.Timeout;
}

/** Reports every connection of a TLS server that ends before its first call, once, with the reason. */
export class HandshakeWatch {
  readonly #deps: HandshakeWatchDeps;
  readonly #progress = new WeakMap<GuardedConnection, Progress>();

  constructor(deps: HandshakeWatchDeps) {
    this.#deps = deps;
  }

  /** Must be called before the server accepts connections. */
  follow(server: Server): void {
    server.on("tlsClientError", (error, tls) => this.#failed(tls, error));
    // Before HTTP/2 takes the connection.
    server.prependListener("secureConnection", (tls: TLSSocket) => this.#secured(tls));
  }

  /** Must be called when a connection is accepted. */
  begins(connection: GuardedConnection): void {
    const late = setTimeout(() => {
      progress.isLate = true;
    }, this.#deps.handshakeTimeoutMs - earlyMs);
    const progress: Progress = { isLate: false, isReported: false, late };
    this.#progress.set(connection, progress);
  }

  /** Must be called when a connection has ended. */
  ended(connection: GuardedConnection, end: ConnectionEnd): void {
    clearTimeout(this.#progress.get(connection)?.late);
    if (connection.isUsed || end === "server") return;
    this.#report(connection, end === "timeout" ? "timeout" : this.#silentEnd(connection));
  }

  #secured(tls: TLSSocket): void {
    clearErrorQueue(tls);
    const connection = this.#connectionOf(tls);
    const progress = connection && this.#progress.get(connection);
    if (connection === undefined || progress === undefined) return;
    clearTimeout(progress.late);
    progress.tls = tls;
    // In TLS 1.3 a client can reject the certificate after its own part of the handshake.
    tls.on("error", (error) => this.#failed(tls, error));
    if (tls.alpnProtocol !== "h2") this.#report(connection, "protocol");
  }

  #failed(tls: TLSSocket, error: Error): void {
    const connection = this.#connectionOf(tls);
    const reason = failedHandshakeOf(errnoOf(error));
    // Otherwise the connection has ended, and is classified then.
    if (connection !== undefined && reason !== undefined && !connection.isUsed)
      this.#report(connection, reason);
  }

  #silentEnd(connection: GuardedConnection): FailedHandshake {
    const { tls, isLate = false } = this.#progress.get(connection) ?? {};
    if (tls === undefined && isLate) return "timeout";
    if (tls === undefined) return connection.socket.bytesRead === 0 ? "reset" : "closed";
    if (tls.bytesRead > 0) return "no_call";
    return isForged(tls) ? "client_certificate" : "closed";
  }

  #connectionOf({ remoteAddress, remotePort }: TLSSocket): GuardedConnection | undefined {
    return this.#deps.find(`${remoteAddress}:${remotePort}`);
  }

  #report(connection: GuardedConnection, reason: FailedHandshake): void {
    const progress = this.#progress.get(connection);
    if (progress === undefined || progress.isReported) return;
    progress.isReported = true;
    this.#deps.onFailure(reason, connection.group);
  }
}

/**
 * OpenSSL leaves the failure of a client certificate's signature in its error queue, where the next reader of the
 * connection finds it and closes the connection, even if a valid token comes with the certificate. Reading the
 * certificate empties the queue. Not by getPeerX509Certificate: Node 24 takes the chain out of the connection.
 */
function clearErrorQueue(tls: TLSSocket): void {
  if (!tls.authorized) tls.getPeerCertificate();
}

/** Whether the client certificate names one of our authorities as its issuer, which did not sign it. */
function isForged({ authorizationError }: TLSSocket): boolean {
  return String(authorizationError) === "CERT_SIGNATURE_FAILURE";
}
