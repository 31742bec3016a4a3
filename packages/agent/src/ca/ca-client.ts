import type { SpiffeId, TrustBundle } from "@kasbah/pki";
import {
  anyRootHeader,
  createCertificate,
  encodeShownRoots,
  shownRootsHeader,
} from "@kasbah/protocol/workload";
import { type HostPort, type Secret, traceparentHeader } from "@kasbah/runtime";
import { Http2Channel, type ServerRejection, type TlsTarget } from "@kasbah/runtime/grpc-http2";
import { AgentError } from "../errors.ts";
import { toCaError } from "./call-error.ts";
import type { HeldCertificate } from "./credentials/credentials.ts";
import { checkServerIdentity } from "./server-identity.ts";

/** The input of one call. The caller reads all of it again for each call. */
export interface CaCall {
  readonly csrPem: string;
  readonly ttlMs: number;
  /** For the whole call, including the connection. */
  readonly deadlineMs: number;
  readonly token?: Secret;
  /** Presented in the TLS handshake. */
  readonly certificate?: HeldCertificate;
  /** The only roots under which the CA's server certificate may verify. */
  readonly roots: Pick<TrustBundle, "toPem">;
  /** The roots in the root file. The CA learns from them which agents would accept it under another root. */
  readonly inFile?: TrustBundle | undefined;
  /** Names the span of this call to the CA (W3C Trace Context); undefined if calls are not traced. */
  readonly traceparent?: string;
  /** Called with the certificates of the CA's TLS, in DER, once they are verified. */
  readonly onServerChain?: (chain: readonly Uint8Array[]) => void;
}

/** Settings shared by all calls to a CA. */
export interface CaClientOptions {
  /** The name expected in the CA's certificate; the host of the address by default. */
  readonly serverName?: string | undefined;
  /** The SPIFFE ID that the CA's certificate must have as its only URI; none by default, as with Istio's CA. */
  readonly spiffeId?: SpiffeId | undefined;
  /** The signer that istiod is to use if it has several. */
  readonly certSigner?: string | undefined;
  /** Header names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Leads to the CA through a proxy; none by default. */
  readonly tunnel?: TlsTarget["tunnel"];
  /** Says why the certificate of a server does not verify, for an operator. `call` names the trusted roots. */
  readonly explain?: (rejection: ServerRejection, call: Pick<CaCall, "roots">) => Promise<string>;
}

/** The CA as the agent uses it: resolves to the elements of `cert_chain`, which are not verified yet. */
export interface CertificateAuthority {
  createCertificate(call: CaCall, signal: AbortSignal): Promise<readonly string[]>;
}

/**
 * Calls the CA over TLS with a new connection each time. Connections kept between rotations would leave
 * thousands idle at the CA, and would outlive the roots they were verified under. Throws CA_UNREACHABLE,
 * CA_UNAVAILABLE, CA_REFUSED, CA_REPLY_INVALID or CA_IDENTITY_MISMATCH.
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
      [anyRootHeader]: "1",
      ...this.#options.headers,
      ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token.reveal()}` }),
      ...shownRoots(call.inFile),
      ...(call.traceparent === undefined ? {} : { [traceparentHeader]: call.traceparent }),
    };
    const { deadlineMs } = call;
    const server = new ServerVerdict(this.#options.spiffeId, this.#address);
    const channel = this.#dial(call, server);
    try {
      const reply = await channel.unary(createCertificate, request, { deadlineMs, metadata, signal });
      return reply.certChain;
    } catch (error) {
      signal.throwIfAborted();
      if (server.mismatch !== undefined) throw server.mismatch;
      throw toCaError(error, this.#address, await this.#explain(server, call));
    } finally {
      channel.close();
    }
  }

  /** An explanation that fails, for example because its code cannot be loaded, never hides the error. */
  async #explain({ rejection }: ServerVerdict, call: CaCall): Promise<string | undefined> {
    return rejection && this.#options.explain?.(rejection, call).catch(() => undefined);
  }

  /** Resolves the address and opens a new channel for each call. */
  #dial({ roots, certificate, onServerChain }: CaCall, server: ServerVerdict): Http2Channel {
    const { serverName, tunnel } = this.#options;
    return new Http2Channel({
      tunnel,
      address: this.#address,
      rootsPem: roots.toPem(),
      verifyServer: (leaf) => server.check(leaf),
      onRejection: (rejection) => {
        server.rejection = rejection;
      },
      ...(serverName === undefined ? {} : { serverName }),
      ...(onServerChain === undefined ? {} : { onServerChain }),
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

/**
 * The verdict on the server that was verified last: of several addresses, one may belong to another server. The
 * transport reports a rejected one as unreachable, without the reason.
 */
class ServerVerdict {
  readonly #expected: SpiffeId | undefined;
  readonly #address: HostPort;
  mismatch: AgentError | undefined;
  rejection: ServerRejection | undefined;

  constructor(expected: SpiffeId | undefined, address: HostPort) {
    this.#expected = expected;
    this.#address = address;
  }

  check(leaf: Uint8Array): void {
    this.mismatch = undefined;
    this.rejection = undefined;
    if (this.#expected === undefined) return;
    try {
      checkServerIdentity(leaf, this.#expected, this.#address);
    } catch (error) {
      if (error instanceof AgentError) this.mismatch = error;
      throw error;
    }
  }
}

function shownRoots(inFile: TrustBundle | undefined): Readonly<Record<string, string>> {
  if (inFile === undefined) return {};
  return { [shownRootsHeader]: encodeShownRoots(inFile.roots.map(({ fingerprint }) => fingerprint)) };
}
