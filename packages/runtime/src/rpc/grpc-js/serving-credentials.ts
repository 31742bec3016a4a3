import { constants } from "node:crypto";
import type { SecureServerOptions } from "node:http2";
import type { Server as TlsServer } from "node:tls";
import { type Server as GrpcJsServer, ServerCredentials } from "@grpc/grpc-js";
import type { ServerLimits } from "../limits.ts";
import { http2CipherSuites } from "../tls-suites.ts";

/**
 * The certificate that a server presents, and the roots that it announces for client certificates; all PEM.
 */
export interface ServingIdentity {
  /** Leaf first. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  /** The roots of accepted client certificates. If undefined, the server requests no client certificate. */
  readonly clientRootsPem?: string;
}

/** TLS credentials of a gRPC server whose certificate can change while it runs. */
export class ServingCredentials extends ServerCredentials {
  constructor(identity: ServingIdentity, limits: ServerLimits) {
    super(tlsOptionsOf(identity, limits), secureContextOf(identity));
  }

  /** Uses `identity` for new handshakes; open connections are not affected. */
  update(identity: ServingIdentity): void {
    this.updateSecureContextOptions(secureContextOf(identity));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/**
 * The TLS servers of a gRPC server, which alone report failed handshakes. grpc-js keeps them to itself; its version is
 * pinned, and a test fails if a later one renames the field.
 */
export function tlsServersOf(server: GrpcJsServer): Iterable<TlsServer> {
  const { http2Servers } = server as unknown as { readonly http2Servers: ReadonlyMap<TlsServer, unknown> };
  return http2Servers.keys();
}

function tlsOptionsOf({ clientRootsPem }: ServingIdentity, limits: ServerLimits): SecureServerOptions {
  return {
    handshakeTimeout: limits.handshakeTimeoutMs,
    streamResetBurst: limits.resetBurst,
    streamResetRate: Math.max(1, Math.ceil(limits.resetBurst / 10)),
    // These replace grpc-js's own settings, including its limit of concurrent streams.
    settings: { maxHeaderListSize: limits.maxHeaderBytes, maxConcurrentStreams: limits.maxConcurrentStreams },
    // Handlers verify client certificates on each call, under the roots of that moment. Rejecting them here
    // would also lock out a client that sends a valid token next to an expired certificate.
    ...(clientRootsPem === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
  };
}

function secureContextOf({ certificateChainPem, privateKeyPem, clientRootsPem }: ServingIdentity) {
  return {
    // A new context keeps nothing of the previous one.
    minVersion: "TLSv1.2" as const,
    ciphers: http2CipherSuites,
    // All of these suites are strong. Most clients prefer AES-128, whose SHA-256 costs less than SHA-384.
    honorCipherOrder: false,
    // Encrypted tickets cost a tenth of a handshake, and clients return long after tickets expire.
    secureOptions: constants.SSL_OP_NO_TICKET,
    cert: Buffer.from(certificateChainPem),
    key: Buffer.from(privateKeyPem),
    ...(clientRootsPem === undefined ? {} : { ca: Buffer.from(clientRootsPem) }),
  };
}
