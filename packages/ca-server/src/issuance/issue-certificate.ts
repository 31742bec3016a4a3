import {
  acceptedKeys,
  type CertificateRequest,
  PkiError,
  parseCertificateRequest,
  type SpiffeId,
  type TrustBundle,
} from "@kasbah/pki";
import { CaError, type CaErrorCode } from "../errors.ts";
import type { CallTrace } from "./call-trace.ts";
import { sharesOf } from "./caller-shares.ts";
import { type IssuedCertificate, issue, type NameProof, type SigningDeps } from "./issuer.ts";
import { type ApprovedOrder, admit, approve, type RequestedOrder } from "./policy.ts";
import type {
  Authenticator,
  CallCredentials,
  Caller,
  Impersonation,
  IssuanceFacts,
  IssuanceObserver,
  IssuerScopes,
  KeyHolders,
  Ledger,
  Throttle,
} from "./ports.ts";
import type { IssuancePolicy, Ruling } from "./rules.ts";

export interface IssuanceDeps extends SigningDeps {
  readonly authenticator: Authenticator;
  readonly impersonation: Impersonation;
  readonly issuerScopes: IssuerScopes;
  /** Returns the policy in force. */
  readonly policy: () => IssuancePolicy;
  readonly throttle: Throttle;
  readonly keyHolders: KeyHolders;
  readonly ledger: Ledger;
  readonly observer: IssuanceObserver;
  /** How long a workload may renew by certificate without presenting a token. */
  readonly maxRenewalAgeMs: number;
  /** The CA's own SPIFFE ID, if its serving certificate has one. */
  readonly ownSpiffeId: SpiffeId | undefined;
  /** @throws CaError `CLOCK_SUSPECT` if the CA does not know the time. The default is that it does. */
  readonly requireTime?: () => void;
}

/** The content of a request, as received. */
export interface CertificateRequestBody {
  readonly csrPem: string;
  /** Returns the CSR if another process has parsed it. @throws PkiError like the parser */
  readonly parsedCsr?: () => CertificateRequest;
  readonly ttlSeconds: number;
  /** Another workload's SPIFFE ID, or "" for the caller's own. */
  readonly impersonatedIdentity: string;
}

/** One call for a certificate, as the gRPC service passes it on. */
export interface IssuanceCall {
  readonly credentials: CallCredentials;
  readonly peerAddress: string;
  /** The addresses that the peer's host controls: its own, with IPv6 its /64. */
  readonly addressGroup: string;
  /** Identifies the call in the reply, the log and the ledger. */
  readonly referenceId: string;
  /** Notified of the steps of the call; undefined if calls are not traced. */
  readonly trace?: CallTrace | undefined;
  /** Aborted when the caller no longer waits for the answer. */
  readonly signal?: AbortSignal;
  /**
   * Decodes the body. It is called only after the caller is authenticated. @throws CaError
   * `REQUEST_MALFORMED`
   */
  readBody(): CertificateRequestBody;
  /** Called as soon as a fact is known, so that a later refusal can be explained. */
  known?(facts: KnownFacts): void;
}

/** The facts about a call that are known before the decision. */
export interface KnownFacts {
  readonly caller?: Caller;
  /** The subject of the certificate: the caller, or a pod on its node. */
  readonly subject?: SpiffeId;
  readonly rule?: string;
}

/** The subject of the certificate and the terms that apply to it. */
interface Admission extends Ruling {
  readonly caller: Caller;
  readonly subject: SpiffeId;
  readonly policy: IssuancePolicy;
}

/** The result of a call. */
export interface Issuance extends IssuedCertificate {
  readonly order: ApprovedOrder;
  readonly bundle: TrustBundle;
}

export interface CertificateIssuance {
  /** The first step alone, which needs no body. @throws CaError */
  authenticate(call: IssuanceCall): Promise<Caller>;
  /** Issues and records one certificate. Authenticates the caller unless that was done. @throws CaError */
  createCertificate(call: IssuanceCall, authenticated?: Caller): Promise<Issuance>;
}

/** Issues certificates in six steps. Each step throws its own codes (ARCHITECTURE.md). */
export function createIssuance(deps: IssuanceDeps): CertificateIssuance {
  return {
    authenticate: (call) => authenticate(call, deps),
    async createCertificate(call, authenticated) {
      const caller = authenticated ?? (await authenticate(call, deps));
      const { trace } = call;
      trace?.note("turn begun");
      const body = call.readBody();
      const admission = await admitSubject(caller, body, call, deps);
      trace?.step("parse");
      const requested = parse(body);
      trace?.step("approve");
      const order = approveOrder(requested, admission, deps);
      trace?.step("issue");
      const issued = await issue(order, nameProofOf(caller, deps), deps);
      trace?.step("record");
      await deps.ledger.record(factsFor(issued, order, caller, call, deps.clock.now()));
      trace?.step("reply");
      return { ...issued, order, bundle: deps.issuers.trustBundle() };
    },
  };
}

/** Without the time, no token and no certificate can be judged. */
async function authenticate(
  call: IssuanceCall,
  { authenticator, requireTime }: IssuanceDeps,
): Promise<Caller> {
  call.trace?.step("authenticate");
  requireTime?.();
  const caller = await authenticator.authenticate(call.credentials);
  call.known?.({ caller });
  return caller;
}

/**
 * Determines the subject and checks whether it may have a certificate now. All cheap checks come before the
 * CSR is parsed.
 */
async function admitSubject(
  caller: Caller,
  { impersonatedIdentity }: CertificateRequestBody,
  call: IssuanceCall,
  { impersonation, issuerScopes, policy: currentPolicy, throttle, ownSpiffeId }: IssuanceDeps,
): Promise<Admission> {
  const policy = currentPolicy();
  issuerScopes.check(caller, caller.spiffeId);
  const isOwn = impersonatedIdentity === "";
  const subject = isOwn ? caller.spiffeId : await impersonation.impersonate(caller, impersonatedIdentity);
  call.known?.({ subject });
  if (ownSpiffeId?.equals(subject)) refuseOwnIdentity(caller, isOwn);
  issuerScopes.check(caller, subject);
  const ruling = admit(subject, policy, caller.credential.issuer);
  call.known?.({ rule: ruling.rule });
  const request = { caller, subject, peer: call };
  for (const share of sharesOf(request, ruling, policy)) throttle.takeOwn(share);
  if (policy.globalRate) throttle.takeGlobal(policy.globalRate);
  return { ...ruling, caller, subject, policy };
}

/**
 * The CA's own SPIFFE ID tells agents that they speak to the CA. Only the CA's own cluster may give it to a pod:
 * neither a node proxy nor another issuer of tokens can know which pod is the CA's.
 */
function refuseOwnIdentity({ credential, issuerMark }: Caller, isOwn: boolean): void {
  const problem = "the requested identity is the CA's own";
  if (!isOwn) {
    const fix = "leave the pods of the CA out of the node proxy's mesh";
    throw new CaError("IMPERSONATION_REFUSED", problem, { fix });
  }
  // The mark shows that a key set verified the token behind a certificate, perhaps before this name was the CA's.
  if (credential.kind !== "jwks-token" && issuerMark === undefined) return;
  throw new CaError("IDENTITY_NOT_ALLOWED", problem, {
    expected: "a token that the CA's own cluster has reviewed",
    fix: "use another service account, or change the CA's --own-spiffe-id",
  });
}

function parse(body: CertificateRequestBody): RequestedOrder {
  return { request: parseCsr(body), ttlMs: body.ttlSeconds * 1000 };
}

function parseCsr({ csrPem, parsedCsr }: CertificateRequestBody): CertificateRequest {
  try {
    return parsedCsr === undefined ? parseCertificateRequest(csrPem) : parsedCsr();
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    const code = csrErrorCode(cause);
    throw new CaError(code, cause.message, { fix: csrFixes[code], cause });
  }
}

type CsrErrorCode = Extract<CaErrorCode, "CSR_KEY_REJECTED" | "CSR_SIGNATURE_INVALID" | "CSR_MALFORMED">;

const csrFixes: Readonly<Record<CsrErrorCode, string>> = {
  CSR_MALFORMED: "send one PEM block CERTIFICATE REQUEST of at most 16 KiB that contains canonical DER",
  CSR_KEY_REJECTED: `generate a new key: ${acceptedKeys}`,
  CSR_SIGNATURE_INVALID: "sign the CSR with its own key, using ECDSA or RSA PKCS#1 with SHA-2",
};

function csrErrorCode({ code }: PkiError): CsrErrorCode {
  if (code === "CSR_KEY_REJECTED" || code === "CSR_SIGNATURE_INVALID") return code;
  return code === "KEY_REJECTED" ? "CSR_KEY_REJECTED" : "CSR_MALFORMED";
}

function approveOrder(requested: RequestedOrder, admission: Admission, deps: IssuanceDeps): ApprovedOrder {
  const { caller, subject, policy } = admission;
  const order = approve(subject, requested, admission, policy);
  if (order.ignored.length > 0) deps.observer.onIgnored(order.ignored);
  const holder = { identity: subject.toString(), podUid: caller.pod?.uid };
  const isShared = deps.keyHolders.isSharedBy(order.publicKey.hash, holder);
  if (isShared) deps.observer.onSharedKey();
  if (!isShared || admission.terms.onSharedKey === "count") return order;
  throw new CaError("CSR_KEY_REJECTED", "another pod has presented this public key", {
    rule: admission.rule,
    fix: "generate a key that no other pod uses",
  });
}

/** A certificate takes less than this to be useless on arrival. */
const shortestRenewalMs = 1000;

/**
 * A token proves the name now. A certificate proves that a token did, and a certificate renewed with it expires
 * when the next token is due: otherwise a stolen key would outlive the renewal age by one lifetime.
 */
function nameProofOf({ credential, ...caller }: Caller, { clock, maxRenewalAgeMs }: IssuanceDeps): NameProof {
  const now = clock.now();
  const originMark = caller.podMark ?? caller.issuerMark;
  if (credential.kind !== "client-certificate") {
    return { tokenProvenAt: now, renewableUntil: undefined, originMark };
  }
  const { tokenProvenAt } = credential;
  const renewableUntil = new Date(tokenProvenAt.getTime() + maxRenewalAgeMs);
  if (renewableUntil.getTime() - now.getTime() >= shortestRenewalMs) {
    return { tokenProvenAt, renewableUntil, originMark };
  }
  throw new CaError("CLIENT_CERTIFICATE_REJECTED", "no token has proven this identity recently enough", {
    expected: `a token after ${renewableUntil.toISOString()}`,
    fix: "send a service account token",
  });
}

function factsFor(
  { certificate, validity, issuer }: IssuedCertificate,
  { spiffeId, publicKey, rule, ignored }: ApprovedOrder,
  caller: Caller,
  { referenceId, trace, peerAddress }: IssuanceCall,
  time: Date,
): IssuanceFacts {
  const authority = issuer.certificate.fingerprint;
  const call = { time, referenceId, traceId: trace?.traceId, peerAddress, caller, rule, ignored };
  return { ...call, certificate, spiffeId, publicKey, validity, authority };
}
