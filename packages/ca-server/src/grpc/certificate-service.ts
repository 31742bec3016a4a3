import {
  type CreateCertificateRequest,
  type CreateCertificateResponse,
  createCertificate,
} from "@kasbah/protocol";
import type { Clock, Logger } from "@kasbah/runtime";
import type { UnaryCall, UnaryRoute } from "@kasbah/runtime/grpc";
import { CaError } from "../errors.ts";
import type { CaMetrics } from "../http/metrics.ts";
import type { Authority, CertificateOrder, Issuance, IssuanceCall } from "../issuance/authority.ts";
import { RefusedCall } from "./refused-call.ts";
import { refusalOf } from "./status.ts";

export interface CertificateServiceParts {
  readonly authority: Authority;
  readonly metrics: CaMetrics;
  /** A short random name for each call, unguessable enough not to be met twice. */
  readonly newReferenceId: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Call = UnaryCall<CreateCertificateRequest>;

/** `CreateCertificate` as a route: what stock agents speak. */
export function createCertificateRoute(
  parts: CertificateServiceParts,
): UnaryRoute<CreateCertificateRequest, CreateCertificateResponse> {
  return {
    path: createCertificate.path,
    decode: createCertificate.request.decode,
    handle: (call) => serve(call, parts),
    encode: createCertificate.response.encode,
  };
}

async function serve(call: Call, parts: CertificateServiceParts): Promise<CreateCertificateResponse> {
  const { authority, metrics, clock } = parts;
  const facts = new CallFacts(call, parts.newReferenceId());
  const startedMs = clock.monotonicMs();
  metrics.csrReceived();
  try {
    const issuance = await authority.createCertificate(facts);
    metrics.certificateIssued(clock.monotonicMs() - startedMs);
    logIssued(issuance, facts, parts.logger);
    return { certChain: certChainOf(issuance) };
  } catch (error) {
    throw refuse(error, facts, parts);
  }
}

/** One call as issuance sees it, with what becomes known of it on the way. */
class CallFacts implements IssuanceCall {
  readonly referenceId: string;
  readonly #call: Call;
  #spiffeId: string | undefined;

  constructor(call: Call, referenceId: string) {
    this.#call = call;
    this.referenceId = referenceId;
  }

  get credentials() {
    return { authorization: this.#call.metadata("authorization") };
  }

  get peerAddress(): string {
    return this.#call.peerAddress;
  }

  /** The caller's, once it is known. */
  get spiffeId(): string | undefined {
    return this.#spiffeId;
  }

  callerKnown({ spiffeId }: Parameters<NonNullable<IssuanceCall["callerKnown"]>>[0]): void {
    this.#spiffeId = spiffeId.toString();
  }

  readOrder(): CertificateOrder {
    const { csr, validityDurationSeconds, impersonatedIdentity } = this.#request();
    return { csrPem: csr, ttlSeconds: validityDurationSeconds, impersonatedIdentity };
  }

  #request(): CreateCertificateRequest {
    try {
      return this.#call.request();
    } catch (cause) {
      throw new CaError("REQUEST_MALFORMED", "the body is not an IstioCertificateRequest (istio.v1.auth)", {
        cause,
      });
    }
  }
}

/**
 * The exact rule of stock CAs: one certificate in each element, and the whole root bundle as one last element, since
 * clients take the last for the roots; ztunnel drops all but the first certificate of the elements before it.
 */
function certChainOf({ certificate, issuer, bundle }: Issuance): string[] {
  return [certificate.toPem(), ...issuer.intermediates.map((each) => each.toPem()), bundle.toPem()];
}

function logIssued({ certificate, order, validity }: Issuance, facts: CallFacts, logger: Logger): void {
  logger.info("certificate issued", {
    spiffeId: order.spiffeId.toString(),
    serial: certificate.serial,
    notAfter: validity.notAfter,
    ttlSeconds: order.ttlMs / 1000,
    keyType: order.publicKey.type,
    peerAddress: facts.peerAddress,
    referenceId: facts.referenceId,
    ...(order.ignored.length === 0 ? {} : { ignored: order.ignored }),
  });
}

function refuse(error: unknown, facts: CallFacts, { metrics, logger }: CertificateServiceParts): RefusedCall {
  const { referenceId, peerAddress, spiffeId } = facts;
  const { code, row, status } = refusalOf(error, referenceId);
  metrics.callRefused(code, row.citadel);
  logger[row.level]("request refused", { code, referenceId, peerAddress, spiffeId, error });
  return new RefusedCall(status, { cause: error });
}
