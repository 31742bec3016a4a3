import type { TrustBundle } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import type { HostPort, Secret } from "@kasbah/runtime";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { toCaError } from "./call-error.ts";
import type { HeldCertificate } from "./credentials/credentials.ts";

/** What one call needs; everything in it is read anew for every call. */
export interface CaCall {
  readonly csrPem: string;
  readonly ttlMs: number;
  /** For the whole call, the connection included. */
  readonly deadlineMs: number;
  readonly token?: Secret;
  /** Shown in the TLS handshake. */
  readonly certificate?: HeldCertificate;
  /** The only roots under which the CA's server certificate may verify. */
  readonly roots: Pick<TrustBundle, "toPem">;
}

/** What is the same for every call to a CA. */
export interface CaClientOptions {
  /** The name that the CA's certificate must have; the address's host unless given. */
  readonly serverName?: string | undefined;
  /** Which of its signers an istiod in front of others is to use. */
  readonly certSigner?: string | undefined;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The CA as the agent uses it: resolves to the elements of `cert_chain`, not yet trusted. */
export interface CertificateAuthority {
  createCertificate(call: CaCall, signal: AbortSignal): Promise<readonly string[]>;
}

/**
 * Calls the CA over TLS, each time over a new connection: a fleet that kept its connections between rotations would hold
 * thousands of idle ones at the CA, and a connection that stood would outlive the roots it was made under. Throws
 * CA_UNREACHABLE, CA_UNAVAILABLE, CA_REFUSED or CA_REPLY_INVALID.
 */
export class CaClient implements CertificateAuthority {
  readonly #address: HostPort;
  readonly #options: CaClientOptions;

  constructor(address: HostPort, options: CaClientOptions = {}) {
    this.#address = address;
    this.#options = options;
  }

  async createCertificate(call: CaCall, signal: AbortSignal): Promise<readonly string[]> {
    const request = {
      csr: call.csrPem,
      validityDurationSeconds: Math.floor(call.ttlMs / 1000),
      impersonatedIdentity: "",
      certSigner: this.#options.certSigner ?? "",
    };
    const metadata = {
      ...this.#options.headers,
      ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token.reveal()}` }),
    };
    const { deadlineMs } = call;
    const channel = this.#dial(call);
    try {
      const reply = await channel.unary(createCertificate, request, { deadlineMs, metadata, signal });
      return reply.certChain;
    } catch (error) {
      signal.throwIfAborted();
      throw toCaError(error, this.#address);
    } finally {
      channel.close();
    }
  }

  /** The name of the address is looked up anew for each call, as the channel is. */
  #dial({ roots, certificate }: CaCall): Http2Channel {
    const { serverName } = this.#options;
    return new Http2Channel({
      address: this.#address,
      rootsPem: roots.toPem(),
      ...(serverName === undefined ? {} : { serverName }),
      ...(certificate === undefined
        ? {}
        : {
            clientIdentity: {
              certificateChainPem: certificate.chainPem,
              privateKeyPem: certificate.key.reveal(),
            },
          }),
    });
  }
}
