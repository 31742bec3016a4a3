import type { CertificateRequest } from "@kasbah/pki";
import {
  anyRootHeader,
  type CreateCertificateRequest,
  createCertificate,
  ShownRoots,
  shownRootsHeader,
} from "@kasbah/protocol";
import { addressGroup, type Clock, type Logger, printableText, traceparentHeader } from "@kasbah/runtime";
import type { AuthenticatedRoute, CallContext, UnaryCall } from "@kasbah/runtime/rpc";
import type { RootClients, SeenClient } from "../authorities/fixed-roots/root-clients.ts";
import { CaError } from "../errors.ts";
import type {
  CertificateIssuance,
  CertificateRequestBody,
  Issuance,
  IssuanceCall,
  KnownFacts,
} from "../issuance/issue-certificate.ts";
import type { Caller } from "../issuance/ports.ts";
import { callerKey } from "../recording/caller-key.ts";
import type { Decisions } from "../recording/decisions.ts";
import type { CaMetrics } from "../telemetry/metrics.ts";
import type { CallTracing, OpenTrace } from "../telemetry/traces/call-tracing.ts";
import type { RefusalLines } from "../unauthenticated/refusal-lines.ts";
import { IssuedReplies } from "./issued-replies.ts";
import { RefusedCall } from "./refused-call.ts";
import { refusalOf } from "./status.ts";

export interface CertificateServiceDeps {
  readonly issuance: CertificateIssuance;
  readonly metrics: CaMetrics;
  /** Records refusals. Issuance itself records certificates. */
  readonly decisions: Pick<Decisions, "refused" | "refusedEarly">;
  /** Notes the clients that may not hold the new root of a rotation. */
  readonly rootClients: Pick<RootClients, "saw">;
  /** Returns a short random name for each call, long enough to be unique. */
  readonly newReferenceId: () => string;
  /** Undefined if calls are not traced. */
  readonly tracing?: CallTracing | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Logs refusals, within a budget. */
  readonly refusals: Pick<RefusalLines, "write">;
}

const maxProgramLength = 100;

/** A request whose CSR a worker process may have parsed already; then `csr` is empty. */
export interface CertificateOrder extends CreateCertificateRequest {
  /** @throws PkiError like the parser of CSRs */
  readonly parsedCsr?: () => CertificateRequest;
}

type Call = UnaryCall<CertificateOrder>;

/** `CreateCertificate`, the method that stock agents call. */
export function createCertificateRoute(
  deps: CertificateServiceDeps,
): AuthenticatedRoute<CertificateOrder, Uint8Array> {
  const service = { ...deps, replies: new IssuedReplies() };
  return {
    path: createCertificate.path,
    decode: createCertificate.request.decode,
    authenticate: (call) => authenticate(call, service),
    // The reply is encoded already.
    encode: (reply) => reply,
  };
}

interface CertificateService extends CertificateServiceDeps {
  readonly replies: IssuedReplies;
}

/** Authenticates the caller from the headers of the call. */
async function authenticate(call: CallContext, deps: CertificateService) {
  const { issuance, metrics, clock } = deps;
  const facts = new CallFacts(call, deps.newReferenceId(), deps.tracing);
  const startedMs = clock.monotonicMs();
  metrics.csrReceived();
  try {
    const caller = await issuance.authenticate(facts);
    const tookMs = clock.monotonicMs() - startedMs;
    facts.trace?.note("caller authenticated");
    return (whole: Call) => serve(facts.withBody(whole), { call: whole, caller, tookMs }, deps);
  } catch (error) {
    metrics.callEnded(clock.monotonicMs() - startedMs);
    throw await refuse(error, facts, deps);
  }
}

/** The caller, and how long it took to authenticate it. */
interface Authenticated {
  readonly call: Call;
  readonly caller: Caller;
  readonly tookMs: number;
}

async function serve(
  facts: CallFacts,
  { call, caller, tookMs }: Authenticated,
  deps: CertificateService,
): Promise<Uint8Array> {
  const { issuance, metrics, clock } = deps;
  // The time in which the body arrives depends on the client, and is not counted.
  const startedMs = clock.monotonicMs() - tookMs;
  facts.trace?.note("body received");
  try {
    const issued = await issuance.createCertificate(facts, caller);
    metrics.certificateIssued(clock.monotonicMs() - startedMs);
    logIssued(issued, facts, deps);
    await deps.rootClients.saw(facts.clientOf(issued));
    const reply = deps.replies.encode(issued, isEarlierAgent(call));
    facts.trace?.issued(tracedCertificate(issued));
    return reply;
  } catch (error) {
    metrics.callEnded(clock.monotonicMs() - startedMs);
    throw await refuse(error, facts, deps);
  }
}

/** One call with the facts that become known while it is processed. */
class CallFacts implements IssuanceCall {
  readonly referenceId: string;
  readonly trace: OpenTrace | undefined;
  readonly #call: CallContext;
  #whole: Call | undefined;
  #known: KnownFacts = {};

  constructor(call: CallContext, referenceId: string, tracing: CallTracing | undefined) {
    this.#call = call;
    this.referenceId = referenceId;
    this.trace = tracing?.start({
      ...{ method: createCertificate.path.slice(1), referenceId, peerAddress: call.peerAddress },
      traceparent: call.metadata(traceparentHeader),
    });
  }

  withBody(whole: Call): this {
    this.#whole = whole;
    return this;
  }

  get credentials() {
    return {
      authorization: this.#call.metadata("authorization"),
      peerCertificates: this.#call.peerCertificates(),
      peerAddress: this.peerAddress,
    };
  }

  get peerAddress(): string {
    return this.#call.peerAddress;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get addressGroup(): string {
    return addressGroup(hostOf(this.peerAddress));
  }

  get facts(): KnownFacts {
    return this.#known;
  }

  known(facts: KnownFacts): void {
    this.#known = { ...this.#known, ...facts };
  }

  readBody(): CertificateRequestBody {
    const { csr, parsedCsr, validityDurationSeconds, impersonatedIdentity } = this.#request();
    return {
      ...{ csrPem: csr, ttlSeconds: validityDurationSeconds, impersonatedIdentity },
      ...(parsedCsr === undefined ? {} : { parsedCsr }),
    };
  }

  clientOf({ order, validity }: Issuance): SeenClient {
    return {
      spiffeId: (this.#known.caller?.spiffeId ?? order.spiffeId).toString(),
      address: hostOf(this.peerAddress),
      program: printableText(this.#call.metadata("user-agent").join(" ").slice(0, maxProgramLength)),
      shown: ShownRoots.parse(this.#call.metadata(shownRootsHeader)),
      until: validity.notAfter,
    };
  }

  #request(): CertificateOrder {
    if (this.#whole === undefined) throw new TypeError("the body has not arrived");
    try {
      return this.#whole.request();
    } catch (cause) {
      throw new CaError("REQUEST_MALFORMED", "the body is not an IstioCertificateRequest (istio.v1.auth)", {
        fix: "send the request message of istio.v1.auth.IstioCertificateService/CreateCertificate",
        cause,
      });
    }
  }
}

/** The port differs for each connection of a client. */
function hostOf(peerAddress: string): string {
  return peerAddress.replace(/:\d+$/, "");
}

/** Agents of earlier releases name themselves, but do not say that they read any root. */
function isEarlierAgent(call: Call): boolean {
  return call.metadata("user-agent").includes("kasbah") && call.metadata(anyRootHeader).length === 0;
}

function tracedCertificate({ certificate, order, issuer }: Issuance) {
  const spiffeId = order.spiffeId.toString();
  return { spiffeId, serial: certificate.serial, rule: order.rule, authorityId: issuer.authorityId };
}

function logIssued(issued: Issuance, facts: CallFacts, deps: CertificateServiceDeps): void {
  const { certificate, order, validity } = issued;
  const { referenceId, peerAddress, trace } = facts;
  const { serial } = certificate;
  const { disregarded = [] } = facts.facts.caller ?? {};
  deps.logger.info("certificate issued", {
    spiffeId: order.spiffeId.toString(),
    serial,
    notAfter: validity.notAfter,
    ttlSeconds: order.ttlMs / 1000,
    keyType: order.publicKey.type,
    rule: order.rule,
    peerAddress,
    referenceId,
    ...(trace?.traceId === undefined ? {} : { traceId: trace.traceId }),
    ...(order.withheldDnsNames.length === 0 ? {} : { withheldDnsNames: order.withheldDnsNames }),
    ...(order.shortenedFromMs === undefined ? {} : { requestedTtlSeconds: order.shortenedFromMs / 1000 }),
    ...(order.ignored.length === 0 ? {} : { ignored: order.ignored }),
    ...(disregarded.length === 0 ? {} : { disregarded }),
  });
}

/**
 * If the refusal cannot be recorded, the caller gets LEDGER_UNAVAILABLE instead, so it retries on another
 * replica.
 */
async function refuse(error: unknown, facts: CallFacts, deps: CertificateServiceDeps): Promise<RefusedCall> {
  const { referenceId, peerAddress, facts: known } = facts;
  const { code } = refusalOf(error, referenceId);
  // The ledger is not for decisions that the CA has put off, and must not delay the calls that it serves.
  if (code === "OVERLOADED") {
    deps.decisions.refusedEarly(code);
    return refuseBy(error, facts, deps);
  }
  try {
    const time = deps.clock.now();
    const traceId = facts.trace?.traceId;
    await deps.decisions.refused({ time, referenceId, traceId, peerAddress, code, known, error });
  } catch (unrecorded) {
    if (code !== "LEDGER_UNAVAILABLE") return refuseBy(unrecorded, facts, deps);
  }
  return refuseBy(error, facts, deps);
}

/** Counts and logs the refusal once, under the code that the caller gets. */
function refuseBy(error: unknown, facts: CallFacts, deps: CertificateServiceDeps): RefusedCall {
  const { referenceId, peerAddress, trace } = facts;
  const traceId = trace?.traceId;
  const { code, row, status } = refusalOf(error, referenceId, traceId);
  const { caller, subject, rule } = facts.facts;
  const spiffeId = (subject ?? caller?.spiffeId)?.toString();
  deps.metrics.callRefused(code, row.citadel);
  deps.refusals.write({
    ...{ code, level: row.level, isOutage: row.discloses === "retry", peerAddress, error },
    caller: caller && callerKey(caller.spiffeId.toString(), caller.pod),
    facts: { referenceId, traceId, spiffeId, rule },
  });
  trace?.refused({ code, status: status.code, spiffeId, rule });
  return new RefusedCall(status, { cause: error });
}
