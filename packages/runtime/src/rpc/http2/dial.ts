import { once } from "node:events";
import { createConnection, isIP, type Socket } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect, type TLSSocket } from "node:tls";
import { formatHostPort, type HostPort } from "../../address.ts";
import { attemptOf, type ResolveAll, serverNameOf, sniOf, TlsDial } from "../../dial/index.ts";
import type { HttpTunnel } from "../../dial/proxy/index.ts";
import { http2CipherSuites } from "../tls-suites.ts";
import {
  presentedCertificate,
  type ServerRejection,
  serverChainOf,
  watchRejection,
} from "./server-rejection.ts";

/** TLS 1.2 or later to a server that is verified only under `rootsPem`. */
export interface TlsTarget {
  readonly address: HostPort;
  readonly rootsPem: string;
  /** The name that the server's certificate must contain, if it is not the dialed host. */
  readonly serverName?: string;
  /** The client certificate for a server that requests one; PEM, leaf first. */
  readonly clientIdentity?: { readonly certificateChainPem: string; readonly privateKeyPem: string };
  /** Called with the verified server's own certificate in DER; throws to close the connection without a request. */
  readonly verifyServer?: (certificate: Uint8Array) => void;
  /** Called with the verified server's certificates in DER: its own, then each one's issuer as far as known. */
  readonly onServerChain?: (chain: readonly Uint8Array[]) => void;
  /** Called if the certificate of a server does not verify, for each of its addresses. */
  readonly onRejection?: (rejection: ServerRejection) => void;
  /** Reaches the server through a proxy. */
  readonly tunnel?: HttpTunnel | undefined;
  /** The system's resolver by default. */
  readonly resolve?: ResolveAll;
}

/** The target of a channel. */
export type Http2Target = TlsTarget | { readonly unixPath: string };

/**
 * As in other gRPC clients: a server that accepts the connection but stays silent must not block later calls.
 */
const dialTimeoutMs = 20_000;

/** A connection for HTTP/2 that is being opened. */
export interface Dial {
  /** Over TLS, the peer is verified before any byte of a request is sent. */
  run(signal: AbortSignal): Promise<Socket>;
  /** How far it has come. */
  describe(): string;
}

/** @param withinMs the time within which the first caller needs the connection */
export function createDial(target: Http2Target, withinMs = Number.POSITIVE_INFINITY): Dial {
  if ("unixPath" in target) return new UnixDial(target.unixPath);
  const { tunnel } = target;
  const accept = (socket: TLSSocket) => checkTls(socket, target);
  const dial = new TlsDial({
    host: tunnel?.address.host ?? target.address.host,
    open: (address) =>
      tunnel?.attempt(address, target.address, (socket) => openTls(target, { socket }), accept) ??
      attemptOf(openTls(target, { host: address, port: target.address.port }), accept),
    ...{ giveUpMs: dialTimeoutMs, withinMs },
    ...(target.resolve === undefined ? {} : { resolve: target.resolve }),
  });
  return {
    async run(signal) {
      const socket = await dial.run(signal).catch((error: unknown) => throwNaming(tunnel, error));
      target.onServerChain?.(serverChainOf(socket));
      return socket;
    },
    describe: () => (tunnel === undefined ? dial.describe() : `proxy ${tunnel.name}: ${dial.describe()}`),
  };
}

/** Through a proxy, most failures are the proxy's, and the addresses in them are. */
function throwNaming(tunnel: HttpTunnel | undefined, cause: unknown): never {
  if (tunnel === undefined) throw cause;
  const reasons = cause instanceof AggregateError ? cause.errors : [cause];
  const words = reasons.map((each) => (each instanceof Error ? each.message : String(each))).join("; ");
  throw new Error(`no connection through the proxy ${tunnel.name}: ${words}`, { cause });
}

class UnixDial implements Dial {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async run(signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted();
    const socket = createConnection(this.#path);
    // After this function returns, the session handles errors; before, they reject the wait.
    socket.on("error", () => {});
    const late = AbortSignal.timeout(dialTimeoutMs);
    try {
      await once(socket, "connect", { signal: AbortSignal.any([signal, late]) });
      return socket;
    } catch (error) {
      socket.destroy();
      throw late.aborted ? new Error(`no connection within ${dialTimeoutMs} ms`, { cause: error }) : error;
    }
  }

  describe(): string {
    return `${this.#path}: has not accepted the connection`;
  }
}

/** `:authority` and `:scheme` of the requests to a target. */
export function originOf(target: Http2Target): { readonly authority: string; readonly scheme: string } {
  if ("unixPath" in target) return { authority: "localhost", scheme: "http" };
  const { port } = target.address;
  return { authority: formatHostPort({ host: nameOf(target), port }), scheme: "https" };
}

/** The name that the server's certificate must contain. */
function nameOf({ address, serverName = address.host }: TlsTarget): string {
  return serverNameOf(serverName);
}

function openTls(target: TlsTarget, place: ConnectionOptions): TLSSocket {
  const checkName: ConnectionOptions["checkServerIdentity"] = () => nameProblem(socket, nameOf(target));
  const socket = connect({ ...tlsOptions(target), checkServerIdentity: checkName, ...place });
  if (target.onRejection !== undefined) watchRejection(socket, target.onRejection);
  return socket;
}

/** Node 24.18 does not recognize IPv6 addresses in a certificate itself, but OpenSSL does. */
function nameProblem(socket: TLSSocket, name: string): Error | undefined {
  const certificate = presentedCertificate(socket);
  if (certificate === undefined) return new Error("the server sent no certificate");
  if (isIP(name) !== 0 && certificate.checkIP(name) !== undefined) return undefined;
  return checkServerIdentity(name, certificate.toLegacyObject());
}

function tlsOptions(target: TlsTarget): ConnectionOptions {
  const { rootsPem, clientIdentity } = target;
  const serverName = nameOf(target);
  return {
    // An array, because Node treats an empty string as absent and then trusts its own roots.
    ca: [rootsPem],
    minVersion: "TLSv1.2",
    ciphers: http2CipherSuites,
    ALPNProtocols: ["h2"],
    servername: sniOf(serverName),
    ...(clientIdentity === undefined
      ? {}
      : { cert: clientIdentity.certificateChainPem, key: clientIdentity.privateKeyPem }),
  };
}

function checkTls(socket: TLSSocket, { verifyServer }: TlsTarget): void {
  if (!socket.authorized) throw new Error("the server's certificate was not verified");
  if (socket.alpnProtocol !== "h2") throw new Error("the server does not offer HTTP/2 (ALPN h2)");
  if (verifyServer === undefined) return;
  const certificate = presentedCertificate(socket);
  if (certificate === undefined) throw new Error("the server sent no certificate");
  verifyServer(certificate.raw);
}
