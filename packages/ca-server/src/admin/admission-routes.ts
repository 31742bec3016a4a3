import type { DecisionEntry } from "@kasbah/ledger";
import { MeshError, parseSpiffeId, type SpiffeId } from "@kasbah/pki";
import { explainCall, explainIdentity } from "@kasbah/protocol";
import { type Route, unaryRoute } from "@kasbah/runtime/rpc";
import { identityExplanation } from "../admission/identity-explanation.ts";
import type { PolicySource } from "../admission/policy/source.ts";
import { OperationError } from "../errors.ts";
import { decisionMessage } from "../recording/decision-message.ts";

export interface AdmissionRoutesDeps {
  readonly decisions: { find(referenceId: string): DecisionEntry | undefined };
  /** Finds calls that are no longer in memory, in the ledger on disk. */
  readonly onRecord?: { find(referenceId: string): Promise<DecisionEntry | undefined> };
  readonly policy: Pick<PolicySource, "current" | "path">;
}

/** `kasbah.v1.AdmissionAdmin`: explains why a call was refused, and which rule applies to an identity. */
export function createAdmissionRoutes({ decisions, onRecord, policy }: AdmissionRoutesDeps): Route[] {
  return [
    unaryRoute({
      path: explainCall.path,
      decode: explainCall.request.decode,
      encode: explainCall.response.encode,
      handle: async (call) => {
        const { referenceId } = call.request();
        const decision = decisions.find(referenceId) ?? (await onRecord?.find(referenceId));
        if (decision !== undefined) return decisionMessage(decision);
        throw new OperationError(
          "no call with this reference is recorded here: another replica handled it, or its entry has been deleted; search the logs of all replicas for the reference",
        );
      },
    }),
    unaryRoute({
      path: explainIdentity.path,
      decode: explainIdentity.request.decode,
      encode: explainIdentity.response.encode,
      handle: async (call) =>
        identityExplanation(readId(call.request().spiffeId), policy.current(), policy.path),
    }),
  ];
}

function readId(text: string): SpiffeId {
  try {
    const spiffeId = parseSpiffeId(text);
    if (spiffeId.workload !== undefined) return spiffeId;
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
  }
  throw new OperationError("expected spiffe://<trust domain>/ns/<namespace>/sa/<service account>");
}
