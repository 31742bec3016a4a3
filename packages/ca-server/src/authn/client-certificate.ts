import {
  type Certificate,
  issuerMarkOf,
  maxBackdateMs,
  PkiError,
  parseCertificate,
  podMarkOf,
  type TrustBundle,
  type TrustDomain,
  tokenProofTime,
  verifyChain,
} from "@kasbah/pki";
import { type Clock, formatDuration } from "@kasbah/runtime";
import { CaError } from "../errors.ts";
import type { CallCredentials, Caller } from "../issuance/ports.ts";
import { quote } from "../issuance/quote.ts";
import { callerDeleted } from "./deleted-pods.ts";
import type { IssuerMarks } from "./issuer-marks.ts";
import type { PodMarks } from "./pod-marks.ts";

export interface ClientCertificateDeps {
  readonly authorities: {
    trustBundle(): TrustBundle;
    /**
     * The chains from the CA's issuers to their roots. A client need not send them, and a resumed TLS session
     * has lost them.
     */
    knownChains(): readonly (readonly Certificate[])[];
    /** Whether a certificate has the key of an authority that an operator declared compromised. */
    isDistrusted(certificate: Certificate): boolean;
  };
  readonly trustDomain: TrustDomain;
  /** How long a workload may renew by certificate without presenting a token. */
  readonly maxRenewalAgeMs: number;
  /** Knows the pods that no longer exist. */
  readonly marks: Pick<PodMarks, "isGone" | "issuerOf">;
  /** Knows the issuers whose tokens the CA accepts. */
  readonly issuerMarks: Pick<IssuerMarks, "issuerOf">;
  readonly clock: Clock;
}

/** Where the token came from that first obtained the name of a certificate, as far as its serial tells. */
type CertificateOrigin = Pick<Caller, "podMark" | "issuerMark"> & { readonly issuer?: string | undefined };

const clientAuth = "1.3.6.1.5.5.7.3.2";
const maxChainLength = 5;

/**
 * Authenticates callers by their workload certificate. TLS has proven possession of the key. Everything else
 * is verified here for each call, because a session may outlive its certificate and the root above it.
 */
export class ClientCertificateAuthenticator {
  readonly kind = "client-certificate";
  readonly #deps: ClientCertificateDeps;
  /** By the array of octets, which is the same for all calls of a connection. */
  readonly #parsed = new WeakMap<CallCredentials["peerCertificates"], readonly Certificate[]>();

  constructor(deps: ClientCertificateDeps) {
    this.#deps = deps;
  }

  /** @throws CaError `CLIENT_CERTIFICATE_REJECTED`, `CALLER_DELETED`. */
  authenticate({ peerCertificates }: CallCredentials): Caller {
    const { trustDomain, clock } = this.#deps;
    const now = clock.now();
    const [leaf, ...presented] = this.#parse(peerCertificates);
    if (leaf === undefined) throw rejected("the call has no client certificate");
    this.#verify(leaf, presented, now);
    const { spiffeId } = leaf;
    if (spiffeId?.workload === undefined || spiffeId.trustDomain.name !== trustDomain.name) {
      throw rejected("the client certificate does not belong to a workload of this trust domain", {
        expected: `one URI name spiffe://${trustDomain.name}/ns/<namespace>/sa/<service account>`,
        seen: quote(leaf.uriNames),
      });
    }
    const facts = this.#factsOf(leaf, now);
    const { issuer, ...marks } = this.#originOf(leaf, facts.tokenProvenAt);
    const named = issuer === undefined ? {} : { issuer };
    return { spiffeId, credential: { kind: this.kind, ...facts, ...named }, ...marks };
  }

  /** What the octets mean does not change during a connection, unlike every verdict on them. */
  #parse(peerCertificates: CallCredentials["peerCertificates"]): readonly Certificate[] {
    const known = this.#parsed.get(peerCertificates);
    if (known !== undefined) return known;
    const chain = parseChain(peerCertificates, this.#deps.authorities.knownChains());
    this.#parsed.set(peerCertificates, chain);
    return chain;
  }

  /** A caller whose tokens are no longer accepted must not keep its name by renewals. */
  #originOf({ serial }: Certificate, tokenProvenAt: Date): CertificateOrigin {
    const { marks, issuerMarks } = this.#deps;
    const podMark = podMarkOf(serial);
    if (marks.isGone(podMark, tokenProvenAt)) {
      throw callerDeleted("the pod that obtained the client certificate was deleted");
    }
    if (podMark !== undefined) return { podMark, issuer: marks.issuerOf(podMark) };
    const issuerMark = issuerMarkOf(serial);
    if (issuerMark === undefined) return {};
    const issuer = issuerMarks.issuerOf(issuerMark);
    if (issuer !== undefined) return { issuerMark, issuer };
    throw rejected("the issuer of the token that obtained the client certificate is no longer configured");
  }

  #verify(leaf: Certificate, presented: readonly Certificate[], now: Date): void {
    if (!leaf.extensions.purposes?.includes(clientAuth)) {
      throw rejected("the client certificate is not valid for TLS clients");
    }
    const { authorities } = this.#deps;
    const bundle = authorities.trustBundle();
    // A distrusted intermediate still chains to its root, which other workloads may need.
    const usable = presented.filter((certificate) => !authorities.isDistrusted(certificate));
    const paths = [usable, ...authorities.knownChains()];
    const isTrusted = paths.some((intermediates) => isVerified({ leaf, intermediates, bundle, now }));
    if (isTrusted) return;
    if (leaf.notAfter < now) throw rejected("the client certificate has expired");
    throw rejected("the client certificate does not chain to a trusted root");
  }

  /** Limits renewals without a token, because a stolen key could otherwise be renewed forever. */
  #factsOf(leaf: Certificate, now: Date) {
    const { maxRenewalAgeMs } = this.#deps;
    const tokenProvenAt = tokenProofTime(leaf.serial);
    const ageMs = now.getTime() - tokenProvenAt.getTime();
    const isAfterIssuance = tokenProvenAt.getTime() > leaf.notBefore.getTime() + maxBackdateMs;
    if (ageMs > maxRenewalAgeMs || isAfterIssuance) {
      throw rejected("no token has proven this identity recently enough", {
        expected: `a token within the last ${formatDuration(maxRenewalAgeMs)}`,
        ...(isAfterIssuance ? {} : { seen: `the last token at ${tokenProvenAt.toISOString()}` }),
      });
    }
    return { serial: leaf.serial, fingerprint: leaf.fingerprint, tokenProvenAt };
  }
}

/** A known certificate is taken from the CA's own chains, whose signatures were verified before. */
function parseChain(
  chain: readonly Uint8Array[],
  known: readonly (readonly Certificate[])[],
): readonly Certificate[] {
  if (chain.length > maxChainLength)
    throw rejected(`the client sent more than ${maxChainLength} certificates`);
  try {
    return chain.map((der) => findCertificate(der, known) ?? parseCertificate(der));
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw rejected(`the client certificate cannot be parsed: ${cause.message}`, {}, cause);
  }
}

function findCertificate(
  der: Uint8Array,
  chains: readonly (readonly Certificate[])[],
): Certificate | undefined {
  for (const chain of chains) {
    const found = chain.find((certificate) => Buffer.compare(certificate.der, der) === 0);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isVerified(chain: Parameters<typeof verifyChain>[0]): boolean {
  try {
    verifyChain(chain);
    return true;
  } catch (error) {
    if (error instanceof PkiError) return false;
    throw error;
  }
}

function rejected(
  problem: string,
  facts: { readonly expected?: string; readonly seen?: string } = {},
  cause?: unknown,
): CaError {
  const fix = "send a service account token, or an unexpired certificate from this CA";
  return new CaError("CLIENT_CERTIFICATE_REJECTED", problem, { ...facts, fix, cause });
}
