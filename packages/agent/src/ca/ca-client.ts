import type { TrustBundle } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import type { HostPort, Secret } from "@kasbah/runtime";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { caErrorOf } from "./call-error.ts";
import type { HeldCertificate } from "./credentials/credentials.ts";

/** What one call needs; everything in it is read anew for every call. */
export interface CertificateOrder {
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
  createCertificate(order: CertificateOrder, signal: AbortSignal): Promise<readonly string[]>;
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

  async createCertificate(order: CertificateOrder, signal: AbortSignal): Promise<readonly string[]> {
    const request = {
      csr: order.csrPem,
      validityDurationSeconds: Math.floor(order.ttlMs / 1000),
      impersonatedIdentity: "",
      certSigner: this.#options.certSigner ?? "",
    };
    const metadata = {
      ...this.#options.headers,
      ...(order.token === undefined ? {} : { authorization: `Bearer ${order.token.reveal()}` }),
    };
    const { deadlineMs } = order;
    const channel = this.#dial(order);
    try {
      const reply = await channel.unary(createCertificate, request, { deadlineMs, metadata, signal });
      return reply.certChain;
    } catch (error) {
      signal.throwIfAborted();
      throw caErrorOf(error, this.#address);
    } finally {
      channel.close();
    }
  }

  /** The name of the address is looked up anew for each call, as the channel is. */
  #dial({ roots, certificate }: CertificateOrder): Http2Channel {
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
