import type { Logger } from "@kasbah/runtime";
import { AgentError, type CaRefusal } from "../errors.ts";
import type { RotationFailure, RotationObserver } from "../rotation/rotator.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";
import { loudCodes } from "./loud-codes.ts";
import type { AgentMetrics } from "./metrics.ts";

/** Rotation events, with the last failure for the status. */
export interface RotationEvents extends RotationObserver {
  /** Text of the last failure; undefined after a success. */
  readonly lastFailure: string | undefined;
  /** The last failure with all details. */
  readonly failure: RotationFailure | undefined;
}

/** Limits the metric's series if a CA sends arbitrary codes. */
const maxRefusalCodes = 50;

/** Reports rotations and their failures to the log and the metrics. */
export function observeRotations(metrics: AgentMetrics, logger: Logger): RotationEvents {
  const refusalCodes = new Set<string>();
  const labelFor = (code: string): string => {
    if (refusalCodes.size < maxRefusalCodes) refusalCodes.add(code);
    return refusalCodes.has(code) ? code : "OTHER";
  };
  let last: RotationFailure | undefined;
  return {
    get lastFailure() {
      return last === undefined ? undefined : textOf(last);
    },
    get failure() {
      return last;
    },
    onRotated(secret) {
      last = undefined;
      metrics.rotations.inc();
      logger.info("secret published", factsOf(secret));
    },
    onFailed(failure: RotationFailure) {
      const { error, code, failures, retryInMs } = failure;
      last = failure;
      const refusal = error instanceof AgentError ? error.refusal : undefined;
      metrics.rotationFailures.inc({ code });
      if (refusal !== undefined) metrics.refusals.inc({ code: labelFor(refusal.code) });
      const facts = { code, failures, retryInMs: Math.round(retryInMs), ...refusalFacts(refusal), error };
      logger[loudCodes.has(code) ? "error" : "warn"]("rotation failed; keeping the current secret", facts);
    },
  };
}

function textOf({ error, code }: RotationFailure): string {
  return error instanceof AgentError ? `${code}: ${error.message}` : code;
}

function refusalFacts(refusal: CaRefusal | undefined) {
  if (refusal === undefined) return {};
  return {
    caCode: refusal.code,
    referenceId: refusal.referenceId,
    traceId: refusal.traceId,
    fix: refusal.fix,
  };
}

function factsOf({ spiffeId, leaf, bundle, notAfter, rotateAt }: WorkloadSecret) {
  return {
    spiffeId: spiffeId.toString(),
    serial: leaf.serial,
    fingerprint: leaf.fingerprint,
    roots: bundle.roots.map((root) => root.fingerprint),
    notAfter: notAfter.toISOString(),
    rotateAt: rotateAt.toISOString(),
  };
}
