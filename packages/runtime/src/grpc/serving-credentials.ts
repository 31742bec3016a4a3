import { ServerCredentials } from "@grpc/grpc-js";

/** A certificate chain, leaf first, and its key, both PEM. */
export interface ServingIdentity {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}

/** A peer that opens a TCP connection and then dawdles gives it back after this. */
const handshakeTimeoutMs = 5_000;
/** A client that opens streams and resets them at once (rapid reset) is sent GOAWAY beyond this many … */
const streamResetBurst = 100;
/** … and more than this many a second. */
const streamResetRate = 10;
/**
 * In bytes, of all request headers together: room for a token of 16 KiB. It binds a client once that has acknowledged our
 * settings; one that never does meets Node's own 64 KiB.
 */
const maxHeaderListSize = 20 * 1024;

/** TLS for a gRPC server, with a certificate that changes while the server runs. */
export class ServingCredentials extends ServerCredentials {
  constructor(identity: ServingIdentity, maxConcurrentStreams: number) {
    super(
      {
        minVersion: "TLSv1.2",
        handshakeTimeout: handshakeTimeoutMs,
        streamResetBurst,
        streamResetRate,
        // These replace the settings that grpc-js would send, its limit of streams among them.
        settings: { maxHeaderListSize, maxConcurrentStreams },
      },
      secureContextOf(identity),
    );
  }

  /** Handshakes from now on use `identity`; connections that stand are left alone. */
  update(identity: ServingIdentity): void {
    this.updateSecureContextOptions(secureContextOf(identity));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function secureContextOf({ certificateChainPem, privateKeyPem }: ServingIdentity) {
  return { cert: Buffer.from(certificateChainPem), key: Buffer.from(privateKeyPem) };
}
