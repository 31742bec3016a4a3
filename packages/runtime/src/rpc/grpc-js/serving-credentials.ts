import type { SecureServerOptions } from "node:http2";
import { ServerCredentials } from "@grpc/grpc-js";
import type { ServerLimits } from "../limits.ts";

/** What a server shows to its clients, and what it tells them about certificates of their own; all PEM. */
export interface ServingIdentity {
  /** Leaf first. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  /** Roots whose certificates clients are asked for; undefined: they are not asked. */
  readonly clientRootsPem?: string;
}

/** TLS for a gRPC server, with a certificate that changes while the server runs. */
export class ServingCredentials extends ServerCredentials {
  constructor(identity: ServingIdentity, limits: ServerLimits) {
    super(tlsOptionsOf(identity, limits), secureContextOf(identity));
  }

  /** Handshakes from now on use `identity`; connections that stand are left alone. */
  update(identity: ServingIdentity): void {
    this.updateSecureContextOptions(secureContextOf(identity));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function tlsOptionsOf({ clientRootsPem }: ServingIdentity, limits: ServerLimits): SecureServerOptions {
  return {
    minVersion: "TLSv1.2",
    handshakeTimeout: limits.handshakeTimeoutMs,
    streamResetBurst: limits.resetBurst,
    streamResetRate: Math.max(1, Math.ceil(limits.resetBurst / 10)),
    // These replace the settings that grpc-js would send, its limit of streams among them.
    settings: { maxHeaderListSize: limits.maxHeaderBytes, maxConcurrentStreams: limits.maxConcurrentStreams },
    // Handlers verify what clients show, for each call and by the roots of that moment; to refuse here would also lock
    // out a client that sends a good token beside a certificate that has ended.
    ...(clientRootsPem === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
  };
}

function secureContextOf({ certificateChainPem, privateKeyPem, clientRootsPem }: ServingIdentity) {
  return {
    cert: Buffer.from(certificateChainPem),
    key: Buffer.from(privateKeyPem),
    ...(clientRootsPem === undefined ? {} : { ca: Buffer.from(clientRootsPem) }),
  };
}
