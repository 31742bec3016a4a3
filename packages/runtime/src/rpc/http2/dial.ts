import { once } from "node:events";
import { createConnection, isIP, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls, type TLSSocket } from "node:tls";
import { formatHostPort, type HostPort } from "../../address.ts";
import { http2CipherSuites } from "../tls-suites.ts";
import { type ServerRejection, serverChainOf, watchRejection } from "./server-rejection.ts";

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
  /** Called if the server's certificate does not verify. */
  readonly onRejection?: (rejection: ServerRejection) => void;
}

/** The target of a channel. */
export type Http2Target = TlsTarget | { readonly unixPath: string };

/**
 * As in other gRPC clients: a server that accepts the connection but stays silent must not block later calls.
 */
const dialTimeoutMs = 20_000;

/** Opens a connection for HTTP/2. Over TLS, the peer is verified before any byte of a request is sent. */
export async function dial(target: Http2Target, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const isTls = "address" in target;
  const socket = isTls ? openTls(target) : createConnection(target.unixPath);
  if (isTls && target.onRejection !== undefined) watchRejection(socket as TLSSocket, target.onRejection);
  // After this function returns, the session handles errors; before, they reject the wait.
  socket.on("error", () => {});
  const late = AbortSignal.timeout(dialTimeoutMs);
  try {
    await once(socket, isTls ? "secureConnect" : "connect", { signal: AbortSignal.any([signal, late]) });
    if (isTls) checkTls(socket as TLSSocket, target);
    if (isTls) target.onServerChain?.(serverChainOf(socket as TLSSocket));
    return socket;
  } catch (error) {
    socket.destroy();
    throw late.aborted ? new Error(`no connection within ${dialTimeoutMs} ms`, { cause: error }) : error;
  }
}

/** `:authority` and `:scheme` of the requests to a target. */
export function originOf(target: Http2Target): { readonly authority: string; readonly scheme: string } {
  if ("unixPath" in target) return { authority: "localhost", scheme: "http" };
  const { address, serverName = address.host } = target;
  return { authority: formatHostPort({ host: serverName, port: address.port }), scheme: "https" };
}

function openTls({ address, rootsPem, serverName = address.host, clientIdentity }: TlsTarget): TLSSocket {
  return connectTls({
    host: address.host,
    port: address.port,
    // An array, because Node treats an empty string as absent and then trusts its own roots.
    ca: [rootsPem],
    minVersion: "TLSv1.2",
    ciphers: http2CipherSuites,
    ALPNProtocols: ["h2"],
    // RFC 6066 §3: an IP address is not a valid SNI name.
    servername: isIP(serverName) === 0 ? serverName : "",
    checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
    ...(clientIdentity === undefined
      ? {}
      : { cert: clientIdentity.certificateChainPem, key: clientIdentity.privateKeyPem }),
  });
}

function checkTls(socket: TLSSocket, { verifyServer }: TlsTarget): void {
  if (!socket.authorized) throw new Error("the server's certificate was not verified");
  if (socket.alpnProtocol !== "h2") throw new Error("the server does not offer HTTP/2 (ALPN h2)");
  if (verifyServer === undefined) return;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) throw new Error("the server sent no certificate");
  verifyServer(certificate.raw);
}
