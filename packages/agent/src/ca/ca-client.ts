import type { TrustBundle } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import type { HostPort, Secret } from "@kasbah/runtime";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { caErrorOf } from "./ca-error.ts";

/** What one call needs; everything in it is read anew for every call. */
export interface CertificateOrder {
  readonly csrPem: string;
  readonly ttlMs: number;
  readonly token: Secret;
  /** The only roots under which the CA's server certificate may verify. */
  readonly roots: TrustBundle;
}

/** The CA as the agent uses it: resolves to the elements of `cert_chain`, not yet trusted. */
export interface CertificateAuthority {
  createCertificate(order: CertificateOrder, signal: AbortSignal): Promise<readonly string[]>;
}

const deadlineMs = 10_000;

/**
 * Calls the CA over TLS, each time over a new connection: a fleet that kept its connections between rotations would hold
 * thousands of idle ones at the CA, and a connection that stood would outlive the roots it was made under. Throws
 * CA_UNREACHABLE, CA_UNAVAILABLE, CA_REFUSED or CA_REPLY_INVALID.
 */
export class CaClient implements CertificateAuthority {
  readonly #address: HostPort;

  constructor(address: HostPort) {
    this.#address = address;
  }

  async createCertificate(order: CertificateOrder, signal: AbortSignal): Promise<readonly string[]> {
    const request = {
      csr: order.csrPem,
      validityDurationSeconds: Math.floor(order.ttlMs / 1000),
      impersonatedIdentity: "",
      certSigner: "",
    };
    const metadata = { authorization: `Bearer ${order.token.reveal()}` };
    const channel = new Http2Channel({ address: this.#address, rootsPem: order.roots.toPem() });
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
}
