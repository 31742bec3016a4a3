import { type CertificateRequest, PkiError, parseCertificateRequest, type TrustBundle } from "@kasbah/pki";
import { CaError, type CaErrorCode } from "../errors.ts";
import { type IssuedCertificate, type IssuingParts, issue } from "./issuer.ts";
import { type ApprovedOrder, approve, type IssuancePolicy, type RequestedOrder } from "./policy.ts";
import type { Authenticator, Caller, Credentials, IssuanceRecord, Ledger } from "./ports.ts";

export interface AuthorityParts extends IssuingParts {
  readonly authenticator: Authenticator;
  readonly policy: IssuancePolicy;
  readonly ledger: Ledger;
}

/** What the body of a call says, as received. */
export interface CertificateOrder {
  readonly csrPem: string;
  readonly ttlSeconds: number;
  readonly impersonatedIdentity: string;
}

/** One call for a certificate, as the edge hands it over. */
export interface IssuanceCall {
  readonly credentials: Credentials;
  readonly peerAddress: string;
  /** Joins the reply, the log and the ledger. */
  readonly referenceId: string;
  /** Decodes the body. Called once the caller is known and not before. @throws CaError `REQUEST_MALFORMED` */
  readOrder(): CertificateOrder;
  /** Told as soon as the caller is known, so that a later refusal can be logged under its name. */
  callerKnown?(caller: Caller): void;
}

/** What the caller gets. */
export interface Issuance extends IssuedCertificate {
  readonly order: ApprovedOrder;
  readonly bundle: TrustBundle;
}

export interface Authority {
  /** Answers one call with one certificate that is on record. @throws CaError */
  createCertificate(call: IssuanceCall): Promise<Issuance>;
}

/** The CA's one use case, in six steps; each throws the code that its step may fail with (architecture, §3). */
export function createAuthority(parts: AuthorityParts): Authority {
  return {
    async createCertificate(call) {
      const caller = await authenticate(call, parts.authenticator);
      const asked = parse(call.readOrder());
      const order = approve(caller, asked, parts.policy);
      const issued = await issue(order, parts);
      await parts.ledger.record(recordOf(issued, order, caller, call, parts.clock.now()));
      return { ...issued, order, bundle: parts.issuers.trustBundle() };
    },
  };
}

async function authenticate(call: IssuanceCall, authenticator: Authenticator): Promise<Caller> {
  const caller = await authenticator.authenticate(call.credentials);
  call.callerKnown?.(caller);
  return caller;
}

function parse({ csrPem, ttlSeconds, impersonatedIdentity }: CertificateOrder): RequestedOrder {
  return { request: parseCsr(csrPem), ttlMs: ttlSeconds * 1000, impersonatedIdentity };
}

function parseCsr(pem: string): CertificateRequest {
  try {
    return parseCertificateRequest(pem);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new CaError(csrErrorCode(cause), cause.message, { cause });
  }
}

function csrErrorCode({ code }: PkiError): CaErrorCode {
  if (code === "CSR_KEY_REJECTED" || code === "CSR_SIGNATURE_INVALID") return code;
  return code === "KEY_REJECTED" ? "CSR_KEY_REJECTED" : "CSR_MALFORMED";
}

function recordOf(
  { certificate, validity, issuer }: IssuedCertificate,
  { spiffeId, publicKey }: ApprovedOrder,
  caller: Caller,
  { referenceId, peerAddress }: IssuanceCall,
  time: Date,
): IssuanceRecord {
  const authority = issuer.certificate.fingerprint;
  return { time, referenceId, peerAddress, caller, certificate, spiffeId, publicKey, validity, authority };
}
